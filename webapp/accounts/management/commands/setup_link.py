"""Prints the one-time link by which the first administrator comes in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse
from django.utils import timezone

from webapp.accounts.actions.invitations import make_setup_link


class Command(BaseCommand):
    """`manage.py setup_link`: a fresh link ends the earlier ones; none is made once there is an administrator."""

    help = "Prints a one-time link to a page that makes the first administrator, while there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to say when nothing is to be done."""
        parser.add_argument("--if-needed", action="store_true", help="Say nothing where there is an administrator.")

    def handle(self, *args: Any, if_needed: bool, **options: Any) -> None:
        """One line."""
        hours = settings.NEARMISS_SETUP_LINK_HOURS
        secret = make_setup_link(now=timezone.now(), hours=hours)
        if secret is not None:
            link = settings.SITE_URL + reverse("accounts:setup", args=[secret])
            self.stdout.write(f"Set it up (this link works once, for {hours} hours): {link}")
        elif not if_needed:
            self.stdout.write("Already set up: there is an administrator.")
