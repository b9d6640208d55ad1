"""Puts a backup in place of what is there."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from webapp.local import backup, running


class Command(BaseCommand):
    """`manage.py restore FILE --yes`: replaces the database, adds the files, migrates and grants."""

    help = "Replaces the database by a backup's and puts its files into the store. Stop the site first."

    def add_arguments(self, parser: CommandParser) -> None:
        """From where, and that it is meant."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="the database may be replaced")

    def handle(self, *args: Any, file: Path, yes: bool, **options: Any) -> None:
        """Refuses while the local site runs, and without --yes."""
        if not yes:
            raise CommandError("This replaces everything in the database. Say --yes (make restore FROM=file YES=1).")
        if running.site_runs():
            raise CommandError("The site is running. Stop it first (Ctrl-C there).")
        with running.database() as programs:
            connections.close_all()
            try:
                about = backup.restore(file, settings.DATABASE_OWNER_URL, settings.NEARMISS_STORE, programs)
            except backup.BackupError as problem:
                raise CommandError(str(problem)) from problem
            call_command("prepare_database", stdout=self.stdout, verbosity=0)
            connections.close_all()
        self.stdout.write(f"Restored the database and {about['files']} files of {about['made_at']}.")
