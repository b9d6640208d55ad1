"""Brings the database up to date as its owner and gives the web and worker role its rights."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from webapp.local.doors import grant, owner_connection, unapplied


class Command(BaseCommand):
    """`manage.py prepare_database`: migrations as DATABASE_OWNER_URL, then rights for the user of DATABASE_URL."""

    help = "Runs migrations as the owner role, then grants the web and worker role exactly what it needs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Safe to repeat; does nothing slow where nothing is to be done."""
        owner = owner_connection()
        if unapplied(owner):
            call_command("migrate", database=owner.alias, interactive=False, verbosity=options["verbosity"])
        user = settings.DATABASES["default"]["USER"]
        grant(owner, user, settings.APPEND_ONLY_TABLES, settings.UNCHANGING_TABLES)
        self.stdout.write("The database is up to date.")
