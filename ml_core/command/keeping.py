"""Keeps what a run says: metrics.json, provenance.json and spec.json in its folder, each whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ml_core.events import Event, Metric, Provenance


class Keeper:
    """Collects metrics and facts of one run; the newest value of a name wins."""

    def __init__(self, out: Path):
        self.out = out
        self.metrics: dict[str, float | int] = {}
        self.facts: dict[str, Any] = {}

    def take(self, event: Event) -> None:
        """Remembers the event if it carries a metric or facts."""
        if isinstance(event, Metric):
            self.metrics[event.name] = event.value
            for suffix in ("low", "high", "n"):
                if (value := getattr(event, suffix)) is not None:
                    self.metrics[f"{event.name}.{suffix}"] = value
        elif isinstance(event, Provenance):
            self.facts |= event.facts

    def write(self) -> None:
        """Puts both files down as they are now."""
        write_json(self.out / "metrics.json", self.metrics)
        write_json(self.out / "provenance.json", self.facts)


def write_json(path: Path, content: Any) -> None:
    """JSON with one entry a line, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")
    part.replace(path)
