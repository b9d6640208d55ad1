"""What a method says while it works. A method is a generator of these; who runs it decides where they go."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units of a stage; rate and remaining time are the reader's to work out, or given when known."""

    kind: ClassVar[str] = "progress"
    stage: str
    done: int
    total: int
    unit: str = ""
    rate: float | None = None  # units a second
    eta: float | None = None  # seconds


@dataclass(frozen=True)
class Metric:
    """A measured value, named `[direction/]name[@k][/slice]`; `step` orders a curve (None: the final value)."""

    kind: ClassVar[str] = "metric"
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Cases:
    """Per-query outcomes as a Parquet file (schema: ml_core.datasets.cases), path relative to the run's folder."""

    kind: ClassVar[str] = "cases"
    path: str
    count: int


@dataclass(frozen=True)
class Artifact:
    """A file that the run leaves, path relative to the run's folder."""

    kind: ClassVar[str] = "artifact"
    path: str
    name: str
    role: Literal["model", "table", "plot", "data", "other"] = "other"
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Checkpoint:
    """A folder from which the run can go on; metrics of later steps belong to no one once it is resumed from."""

    kind: ClassVar[str] = "checkpoint"
    path: str
    step: int


@dataclass(frozen=True)
class Log:
    """A line for people."""

    kind: ClassVar[str] = "log"
    message: str
    level: Literal["info", "warning", "error"] = "info"


@dataclass(frozen=True)
class Provenance:
    """What the numbers depend on: code version, packages, device, seeds, data hash, model revision."""

    kind: ClassVar[str] = "provenance"
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why the run ended without its result and what to do about it; the command line's last word on exit 1 or 2."""

    kind: ClassVar[str] = "failure"
    reason: str
    advice: str = ""
    field: str = ""


Event = Progress | Metric | Cases | Artifact | Checkpoint | Log | Provenance | Failure
_KINDS: dict[str, Any] = {
    cls.kind: cls for cls in (Progress, Metric, Cases, Artifact, Checkpoint, Log, Provenance, Failure)
}


def to_json(event: Event) -> str:
    """One line of JSON, without its newline."""
    return json.dumps({"event": event.kind, **asdict(event)}, ensure_ascii=False, separators=(",", ":"))


def from_json(line: str) -> Event:
    """The event on a line; ValueError where the line is none."""
    try:
        values = json.loads(line)
        return _KINDS[values.pop("event")](**values)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"not an event: {line[:200]!r}") from error
