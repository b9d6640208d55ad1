"""Counts: one step after the other, a metric a step, a checkpoint every few."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator

from ml_core.events import Artifact, Checkpoint, Event, Log, Metric, Progress, Provenance
from ml_core.spec import BadInput, Context, Stopped
from nearmiss_example.cards import CountSpec


def run(spec: CountSpec, context: Context) -> Iterator[Event]:
    """Counts from the seed, or from where a checkpoint stopped."""
    done, total = 0, spec.seed
    if context.resume:
        state = json.loads((context.resume / "state.json").read_text())
        done, total = state["done"], state["total"]
    yield Log(f"counting from {done}")
    yield Provenance({"environment": sorted(os.environ), "dataset": spec.dataset, "source": spec.source})
    for word in spec.words:
        yield Log(word)
    while done < spec.steps:
        _pause(spec, context)
        done, total = done + 1, total + done
        yield Metric("train/total", total, step=done)
        yield Progress("counting", done, spec.steps, "steps")
        stop = context.stop() and spec.ending != "deaf"
        if done % spec.every == 0 or stop:
            yield _checkpoint(context, done, total)
        if stop:
            raise Stopped
        if done == spec.steps // 2 + 1:
            _end(spec)
    if spec.ending == "odd":
        print(json.dumps({"event": "log", "message": "zero \0, half \ud800"}), flush=True)
        print(json.dumps({"event": "provenance", "facts": {"odd": ["zero \0", "half \ud800"]}}), flush=True)
    if spec.ending == "huge":
        yield Metric("huge", 1.0, n=2**40)
    (context.out / "count.json").write_text(json.dumps({"total": total}))
    yield Artifact("count.json", "The count", "table", "application/json")
    yield Metric("total", total, low=total - 1, high=total + 1, n=spec.steps)


def _pause(spec: CountSpec, context: Context) -> None:
    until = time.monotonic() + spec.pause
    while time.monotonic() < until and not (context.stop() and spec.ending != "deaf"):
        time.sleep(min(0.02, spec.pause))


def _checkpoint(context: Context, done: int, total: int) -> Checkpoint:
    folder = context.out / f"checkpoint-{done}"
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_text(json.dumps({"done": done, "total": total}))
    return Checkpoint(folder.name, done)


def _end(spec: CountSpec) -> None:
    if spec.ending == "badly":
        print("something was odd before", file=sys.stderr, flush=True)
        raise RuntimeError("lost count")
    if spec.ending == "refused":
        raise BadInput("there is nothing to count", field="steps")
    if spec.ending == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if spec.ending == "silent":
        os._exit(7)
