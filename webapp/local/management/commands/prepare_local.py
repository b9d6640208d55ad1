"""What `make run` does before it starts the site: tables, rights, static files, the demo project."""

import sys
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

from webapp.local import static
from webapp.settings import env


class Command(BaseCommand):
    """`manage.py prepare_local`: safe to repeat, quick when nothing is to be done."""

    help = "Brings database, rights and static files up to date and makes the demo project on the first start."

    def handle(self, *args: Any, **options: Any) -> None:
        """One process for all, because starting Django costs more than any of it."""
        call_command("prepare_database", verbosity=options["verbosity"], stdout=self.stdout)
        static.collect()
        if env.read("NEARMISS_DEMO") and "make_demo" in get_commands():
            call_command("make_demo", stdout=self.stdout)
        sys.stdout.flush()
