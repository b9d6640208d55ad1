"""Saves database and store into one file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.local import backup, running


class Command(BaseCommand):
    """`manage.py backup [FILE]`: works beside a running site and on a stopped one."""

    help = "Saves the database and the store into one tar file (default: backups/nearmiss-TIME.tar under NEARMISS_VAR)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("file", nargs="?", type=Path)

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        """Says what was saved where."""
        name = datetime.now(UTC).strftime("nearmiss-%Y%m%d-%H%M%S.tar")
        path = file or running.places().var / "backups" / name
        with running.database() as programs:
            try:
                about = backup.save(path, settings.DATABASE_OWNER_URL, settings.NEARMISS_STORE, programs)
            except backup.BackupError as problem:
                raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Saved the database and {about['files']} files to {path} ({path.stat().st_size / 2**20:.1f} MiB)."
        )
