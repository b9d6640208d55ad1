"""Removes files that no row names."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from webapp.experiments.sweeping import sweep, unnamed


class Command(BaseCommand):
    """`manage.py sweep_store [--dry-run]`: what the clock does once a day."""

    help = "Removes files older than a day that no row names: of dead attempts, abandoned uploads and deleted runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to remove, or only to say."""
        parser.add_argument("--dry-run", action="store_true", help="Say what would be removed; remove nothing.")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        """A line for each file and folder, and the sum."""
        found = (unnamed if dry_run else sweep)(now=timezone.now())
        for file in found.files:
            self.stdout.write(f"{file.byte_count:>15,}  {file.key}")
        for folder in found.folders:
            self.stdout.write(f"{'':>15}  {folder}")
        verb = "Would remove" if dry_run else "Removed"
        told = f"{len(found.files):,} files ({found.byte_count / 2**20:,.1f} MiB) and {len(found.folders):,} folders"
        self.stdout.write(f"{verb} {told}.")
