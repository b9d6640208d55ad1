"""What only Django can check: models and migrations agree, production is locked, every template compiles."""

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError, engines

from webapp.settings import env

# Values that production would be given, so that its own check can run here; none of them is used anywhere.
_PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "webapp.settings.production",
    "SECRET_KEY": "check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "nearmiss.example.org",
    "DATABASE_URL": "postgresql://web:x@database/nearmiss",
    "DATABASE_OWNER_URL": "postgresql://owner:x@database/nearmiss",
    "REDIS_URL": "redis://queue:6379/0",
    "NEARMISS_STORE": "/tmp/nearmiss-store",  # noqa: S108 – never opened
}


class Command(BaseCommand):
    """`manage.py check_everything`: the Django half of `make check`."""

    help = "Checks migrations, templates and the production settings; fails at the first thing that is wrong."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Each check says what it found; the process ends with 1 if any of them found anything."""
        call_command("check", fail_level="WARNING")
        self._without_a_database("makemigrations", "--check", "--dry-run")
        self._without_a_database("check", "--deploy", "--fail-level", "WARNING")
        self._templates()
        self.stdout.write("Migrations, production settings and templates are in order.")

    def _without_a_database(self, *arguments: str) -> None:
        command = [sys.executable, str(env.ROOT / "manage.py"), *arguments]
        environment = env.passed_on(["PATH", "HOME"]) | _PRODUCTION
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise CommandError(f"{' '.join(arguments)}:\n{done.stdout}{done.stderr}")

    def _templates(self) -> None:
        engine = engines["django"]
        broken = []
        for path in sorted((settings.ROOT / "templates").rglob("*.*")):
            try:
                engine.from_string(path.read_text(encoding="utf-8"))
            except TemplateSyntaxError as problem:
                broken.append(f"{path}: {problem}")
        if broken:
            raise CommandError("Templates that do not compile:\n" + "\n".join(broken))
