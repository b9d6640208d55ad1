"""Events into rows: buffers what a run says, writes it in batches, each only while the run is still this attempt's."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import close_old_connections, connection

from ml_core.events import Checkpoint, Event, Failure, Log, Metric, Progress, Provenance
from webapp.away import AWAY
from webapp.experiments import models
from webapp.experiments.lifecycle import FINAL, held
from webapp.experiments.metric_names import split_name

logger = logging.getLogger(__name__)
EVERY = 0.5  # seconds between two batches
PATIENCE = 1.0  # seconds before PostgreSQL is asked again after it was away
LONGEST = 4_000  # characters of a log line
MOST_LINES = 20_000  # log lines of one attempt that are kept


class GaveUp(Exception):
    """PostgreSQL stayed away until the worker had to stop."""


def persist(write: Callable[[], Any], *, give_up: Callable[[], bool]) -> Any:
    """Does a write that must not be lost: again and again while PostgreSQL is away; GaveUp when `give_up()` says so."""
    while True:
        try:
            return write()
        except AWAY as problem:
            hang_up()
            if give_up():
                raise GaveUp(str(problem)) from problem
            logger.warning("PostgreSQL is away (%s); trying again", str(problem).strip().partition("\n")[0])
            time.sleep(PATIENCE)


def hang_up() -> None:
    """Drops this thread's connection so that the next query makes a new one."""
    with contextlib.suppress(*AWAY):
        connection.close()
    close_old_connections()


def storable(value: Any) -> Any:
    """The same as PostgreSQL can keep it in text and JSON: no zero bytes, no half characters, no NaN or infinity."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass
class Recorder:
    """What one attempt has said and PostgreSQL does not know yet."""

    run_id: int
    attempt: int
    metrics: dict[tuple[str, str, int], models.Metric] = field(default_factory=dict)
    lines: list[models.LogLine] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)  # columns of the run
    provenance: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    line_count: int = 0
    known_checkpoint: str = ""  # the key that PostgreSQL has
    due: float = 0.0

    def take(self, event: Event) -> None:
        """Keeps one event until the next batch. Artifacts, cases and checkpoints come through their own doors."""
        match event:
            case Metric():
                self._metric(event)
            case Log():
                self.say(event.message, event.level)
            case Progress():
                progress = {key: getattr(event, key) for key in ("stage", "done", "total", "unit", "rate", "eta")}
                self.values["progress"] = progress
            case Provenance():
                self.provenance |= event.facts
            case Failure():
                self.failure = event

    def say(self, message: str, level: str = "info") -> None:
        """Adds a line to the run's log."""
        self.line_count += 1
        if self.line_count <= MOST_LINES:
            line = models.LogLine(run_id=self.run_id, attempt=self.attempt, number=self.line_count, level=level)
            line.at, line.message = datetime.now(UTC), storable(message[:LONGEST])
            self.lines.append(line)

    def checkpoint(self, event: Checkpoint, key: str) -> None:
        """A checkpoint that lies in the store under `key`: everything said before it is written with it."""
        self.values["checkpoint"] = {"key": key, "step": event.step, "attempt": self.attempt}
        self.values["lost_count"] = 0

    def flush_when_due(self) -> bool:
        """Writes a batch if it is time; keeps everything when PostgreSQL is away. Ghost where the run is not ours."""
        if time.monotonic() < self.due or not (self.metrics or self.lines or self.values or self.provenance):
            return False
        try:
            self.flush()
            self.due = time.monotonic() + EVERY
            return True
        except AWAY as problem:
            logger.warning("run %s: PostgreSQL is away (%s); keeping what it says", self.run_id, problem)
            hang_up()
            self.due = time.monotonic() + PATIENCE
            return False

    def flush(self, *, artifacts: tuple[models.Artifact, ...] = (), **ending: Any) -> None:
        """Writes everything in one transaction, with the run's `ending` columns where it ends. Safe to repeat."""
        with held(self.run_id, self.attempt) as mine:
            self._write_metrics()
            models.LogLine.objects.bulk_create(self.lines, ignore_conflicts=True)
            self._write_artifacts(artifacts)
            values = self.values | ending
            if self.provenance:
                values["provenance"] = mine.values_list("provenance", flat=True).get() | self.provenance
            if values:
                mine.update(**{name: storable(value) for name, value in values.items()})
        self.known_checkpoint = values.get("checkpoint", {"key": self.known_checkpoint}).get("key", "")
        self.forget()

    def forget(self) -> None:
        """Drops what PostgreSQL does not know yet."""
        self.metrics, self.lines, self.values, self.provenance = {}, [], {}, {}

    def _metric(self, event: Metric) -> None:
        name, part = split_name(storable(event.name))
        step = FINAL if event.step is None else event.step
        if not math.isfinite(event.value):
            self.say(f"{event.name} is {event.value}: not kept", "warning")
            return
        longest = models.Metric.LONGEST_NAME, models.Metric.LONGEST_SLICE
        if any(len(text.encode()) > most for text, most in zip((name, part), longest, strict=True)):
            told = f"a name has at most {longest[0]} characters, a slice {longest[1]:,}, percent-encoded"
            self.say(f"The metric {event.name[:80]}… has too long a name: not kept ({told})", "warning")
            return
        self.metrics[name, part, step] = models.Metric(
            run_id=self.run_id, name=name, slice=part, step=step,
            value=event.value, low=event.low, high=event.high, n=event.n,
        )  # fmt: skip

    def _write_metrics(self) -> None:
        models.Metric.objects.bulk_create(
            self.metrics.values(),
            batch_size=500,
            update_conflicts=True,
            unique_fields=["run", "name", "step", "slice"],
            update_fields=["value", "low", "high", "n"],
        )

    def _write_artifacts(self, artifacts: tuple[models.Artifact, ...]) -> None:
        models.Artifact.objects.bulk_create(
            artifacts,
            update_conflicts=True,
            unique_fields=["run", "path"],
            update_fields=["attempt", "name", "role", "media_type", "key", "byte_count", "sha256"],
        )
