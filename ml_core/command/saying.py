"""Says a run's events: JSON lines on stdout for a program, or lines on stderr for a person."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from ml_core.events import Artifact, Cases, Checkpoint, Event, Failure, Log, Metric, Progress, to_json

Say = Callable[[Event], None]


def as_json(event: Event) -> None:
    """One line of JSON, at once."""
    sys.stdout.write(to_json(event) + "\n")
    sys.stdout.flush()


def for_people() -> Say:
    """A function that prints events in words, progress at most once a second and at the end of each stage."""
    last = 0.0

    def say(event: Event) -> None:
        nonlocal last
        if isinstance(event, Progress):
            now = time.monotonic()
            if event.done < event.total and now - last < 1:
                return
            last = now
        if line := words(event):
            print(line, file=sys.stderr, flush=True)

    return say


def words(event: Event) -> str:
    """The event as a line for people; empty where there is nothing to say."""
    match event:
        case Progress():
            rate = f", {event.rate:,.0f} {event.unit or 'items'}/s" if event.rate else ""
            left = f", {event.eta:,.0f} s left" if event.eta else ""
            return f"{event.stage}: {event.done:,} of {event.total:,}{rate}{left}"
        case Metric(step=None):
            interval = "" if event.low is None or event.high is None else f"  [{event.low:.4f}, {event.high:.4f}]"
            return f"{event.name} = {event.value:.4f}{interval}" + (f"  n = {event.n:,}" if event.n is not None else "")
        case Log(level="info"):
            return event.message
        case Log():
            return f"{event.level}: {event.message}"
        case Cases():
            return f"wrote {event.path} ({event.count:,} cases)"
        case Artifact():
            return f"wrote {event.path} ({event.name})"
        case Checkpoint():
            return f"checkpoint at step {event.step}: {event.path}"
        case Failure():
            return f"error: {event.reason}" + (f" {event.advice}" if event.advice else "")
    return ""
