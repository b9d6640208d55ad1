"""The exact command that repeats a run elsewhere, given its bundle of inputs."""

from __future__ import annotations

import shlex
from typing import Any

from ml_core.spec import Card
from webapp.experiments.models import Run


def command_of(run: Run) -> str:
    """What to type in the unpacked bundle of a run."""
    return f"python -m ml_core {shlex.quote(run.method)} spec=spec.json out=results"


def short_command(card: Card, values: dict[str, Any]) -> str:
    """A command line with every setting that is not the default, as the form stands now."""
    words = ["python -m ml_core", shlex.quote(card.key)]
    for name, info in card.spec.model_fields.items():
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        value = values.get(name, default)
        if value not in (None, "") and _text(value) != _text(default):
            words.append(shlex.quote(f"{name}={_text(value)}"))
    return " ".join([*words, "out=results"])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
