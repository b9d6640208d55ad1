"""Keeps what a run says: metrics.json, provenance.json and spec.json in its folder, each whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ml_core.command.arguments import Request
from ml_core.events import Artifact, Cases, Checkpoint, Event, Metric, Provenance
from ml_core.spec import BadInput

METRICS = "metrics.json"
_RESULTS = (Artifact, Cases, Checkpoint, Metric)  # from the first of these on, the folder belongs to this run


class Keeper:
    """Collects metrics and facts of one run; the newest value of a name wins. A refused run leaves its folder alone."""

    def __init__(self, request: Request):
        self.out = request.out
        self.metrics: dict[str, float | int] = {}
        self.facts: dict[str, Any] = {}
        self._spec = {"method": request.card.key, "spec": request.spec.model_dump(mode="json")}
        self._resumed = request.resume is not None
        self._made: Path | None = None  # the uppermost folder that was made for this run
        self._begun = False

    def open(self) -> None:
        """Makes the folder; BadInput where it cannot be made or holds the results of an earlier run."""
        if (self.out / METRICS).exists() and not self._resumed:
            raise BadInput(
                f"{self.out} holds the results of an earlier run: choose another folder, or remove this one first",
                field="out",
            )
        missing = [folder for folder in (self.out, *self.out.parents) if not folder.exists()]
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot write into {self.out}: {error.strerror}", field="out") from error
        self._made = missing[-1] if missing else None

    def take(self, event: Event) -> None:
        """Remembers the event if it carries a metric or facts."""
        if isinstance(event, _RESULTS):
            self._begin()
        if isinstance(event, Metric):
            self.metrics[event.name] = event.value
            for suffix in ("low", "high", "n"):
                if (value := getattr(event, suffix)) is not None:
                    self.metrics[f"{event.name}.{suffix}"] = value
        elif isinstance(event, Provenance):
            self.facts |= event.facts

    def write(self, *, whole: bool = True) -> None:
        """Puts all files down as they are now; a run that was stopped (not `whole`) before its first number leaves no
        metrics.json, so that the same command may be given again."""
        self._begin()
        write_json(self.out / "provenance.json", self.facts)
        if whole or self.metrics:
            write_json(self.out / METRICS, self.metrics)

    def clear(self) -> None:
        """Takes the folder away again where it was made for this run and nothing came of it."""
        if self._made is not None and not self._begun:
            shutil.rmtree(self._made, ignore_errors=True)

    def _begin(self) -> None:
        """From the first result on, spec.json says whose they are."""
        if not self._begun:
            write_json(self.out / "spec.json", self._spec)
            (self.out / "error.log").unlink(missing_ok=True)  # of an attempt before this one
            self._begun = True


def write_json(path: Path, content: Any) -> None:
    """JSON with one entry a line, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")
    part.replace(path)
