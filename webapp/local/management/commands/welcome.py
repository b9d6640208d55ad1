"""Says where the site is, and how to get in the first time."""

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """`manage.py welcome`: the address, and a one-time set-up link while there is no administrator."""

    help = "Prints the address of the site and, while nobody is an administrator, a one-time set-up link."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long the start took, for the line that says so."""
        parser.add_argument("--seconds", default="")

    def handle(self, *args: Any, seconds: str, **options: Any) -> None:
        """Three lines at most."""
        took = f" after {seconds} s" if seconds else ""
        self.stdout.write(f"Nearmiss is ready{took}: {settings.SITE_URL}")
        if "setup_link" in get_commands():
            call_command("setup_link", if_needed=True, stdout=self.stdout)
        self.stdout.write("Ctrl-C stops it.")
