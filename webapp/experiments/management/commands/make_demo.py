"""Makes the demo project on the first start."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from webapp.experiments.demo import make_demo


class Command(BaseCommand):
    """`manage.py make_demo`: safe to repeat; an existing demo is left as it is."""

    help = "Makes the demo project: drawn scenes, a training, its evaluation and its failures."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line, and none where there is a demo already."""
        if project := make_demo(now=timezone.now()):
            self.stdout.write(f"Made the demo project “{project.name}”; its training waits in the queue.")
