"""One attempt of one run: its child process, its heart, its events on their way to rows, and how it ends."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DataError, Error, connection
from django.db.models.functions import Now

from ml_core import events
from ml_core.spec import BadInput
from webapp.away import AWAY
from webapp.experiments import models
from webapp.experiments.case_loading import load_cases
from webapp.experiments.files import store
from webapp.experiments.lifecycle import Ghost, beat, held, put_back
from webapp.experiments.machine import device
from webapp.experiments.models import Run
from webapp.settings import env
from workers.child import Child, child_environment
from workers.endings import failure_of
from workers.inputs import resolved_spec
from workers.keeping import fetch, keep_artifact, keep_checkpoint
from workers.outcomes import keep as keep_outcomes
from workers.recording import GaveUp, Recorder, hang_up, persist

logger = logging.getLogger(__name__)
TICK = 0.2  # seconds between two looks at the child, the heart and the clock
MOST_DECODERS = 8
DATABASE_TROUBLE = (Error, psycopg.Error)
UNFIT = (DataError, psycopg.DataError)  # a value that no column takes: not the database's fault
DRAIN = 10.0  # seconds that a dead child's last lines may take


class Heart:
    """Beats in a thread of its own, whatever the method does; hears of cancelling and of an attempt that took over."""

    def __init__(self, run: Run):
        self._run = run
        self._rest = threading.Event()
        self.cancelled = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heart of run {run.pk}", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._rest.set()
        self._thread.join(5)

    def _beat(self) -> None:
        quick = min(1.0, settings.NEARMISS_HEARTBEAT)
        try:
            while not self._rest.wait(quick) and not self.lost.is_set():
                self._once()
        finally:
            connection.close()

    def _once(self) -> None:
        try:
            pulse = beat(self._run.pk, self._run.attempt)
        except AWAY:
            hang_up()
            return
        if not pulse.alive:
            self.lost.set()
        elif pulse.cancel_requested:
            self.cancelled.set()


class Execution:
    """Runs a claimed run to its end, its stop or its failure."""

    def __init__(self, run: Run, *, stopping: Callable[[], bool]):
        self.run = run
        self.stopping = stopping
        self.recorder = Recorder(run.pk, run.attempt, known_checkpoint=run.checkpoint.get("key", ""))
        self.home = Path(settings.NEARMISS_CACHE) / "runs" / str(run.pk)
        self.folder = self.home / f"attempt-{run.attempt}"
        self.out = self.folder / "out"
        self.checkpoints = [run.checkpoint["key"]] if run.checkpoint else []  # in the store
        self.artifacts: list[events.Artifact] = []
        self.cases: events.Cases | None = None
        self.failure: events.Failure | None = None

    def go(self) -> None:
        """Everything from the first folder to the last row. Raises nothing: what happens is told in the run."""
        try:
            with Heart(self.run) as heart:
                self._attempt(heart)
        except Ghost:
            logger.warning("run %s: attempt %s is over; nothing more is written", self.run.pk, self.run.attempt)
        except GaveUp:
            logger.warning("run %s: PostgreSQL stayed away; another worker will take it up", self.run.pk)
        except Exception as problem:  # noqa: BLE001 (whatever it is: the run says so, or another worker takes it up)
            self._break_off(problem)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _attempt(self, heart: Heart) -> None:
        try:
            child = self._start()
        except BadInput as problem:
            return self._fail(str(problem), "Clone this run and correct that setting.", field=problem.field)
        except AWAY as problem:
            return self._put_back(f"PostgreSQL was away while the run was prepared ({problem})")
        except Exception as problem:
            logger.exception("run %s could not be started", self.run.pk)
            return self._fail(f"The run could not be started ({type(problem).__name__}: {problem}).", "Resume it.")
        try:
            asked = self._watch(child, heart)
        finally:
            child.close()
        self._end(child, asked, heart)

    def _start(self) -> Child:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.out.mkdir(parents=True)
        values = resolved_spec(self.run, self.home / "inputs")  # the same path in every attempt: it is part of the spec
        spec = self.folder / "spec.json"
        spec.write_text(json.dumps(values))
        command = [sys.executable, "-m", "ml_core", self.run.method, f"spec={spec}", f"out={self.out}"]
        command += [
            f"device={device(self.run.queue)}",
            f"cache={settings.NEARMISS_STORE}",
            f"workers={decoders()}",
            "--events",
        ]
        if self.run.checkpoint:
            resume, step = fetch(self.run.checkpoint["key"], self.folder / "resume"), self.run.checkpoint["step"]
            if resume.is_dir():
                command.append(f"resume={resume}")
                self.recorder.say(f"Attempt {self.run.attempt} goes on from step {step}.")
            else:  # a backup was put back that was made while the run went on
                self.recorder.say(f"The checkpoint of step {step} is gone: the run begins again.", "warning")
        return Child(command, cwd=env.ROOT, environment=child_environment(self.run))

    def _watch(self, child: Child, heart: Heart) -> str:
        """Follows the child until it has ended and all it said is taken; returns why it was asked to stop, if so."""
        asked, deadline = "", 0.0
        while True:
            for line in child.lines(TICK):
                self._take(line)
            if self.recorder.flush_when_due():
                self._forget_old_checkpoints()
            if heart.lost.is_set():
                raise Ghost(f"run {self.run.pk} was taken over or deleted")
            if not asked and (asked := self._wanted_to_stop(heart)):
                child.ask_to_stop()
                deadline = time.monotonic() + settings.NEARMISS_STOP_GRACE
                self.recorder.say("Asked to stop: writing a checkpoint.", "warning")
            if asked and time.monotonic() > deadline:
                child.kill()
            if child.ended():
                deadline = deadline or time.monotonic() + DRAIN
                if child.drained() or time.monotonic() > deadline:
                    return asked

    def _wanted_to_stop(self, heart: Heart) -> str:
        if heart.cancelled.is_set():
            return "cancel"
        return "shutdown" if self.stopping() else ""

    def _take(self, line: str) -> None:
        try:
            event = events.from_json(line)
        except ValueError:
            self.recorder.say(line)
            return
        match event:
            case events.Checkpoint():
                self._checkpoint(event)
            case events.Artifact():
                self.artifacts.append(event)
            case events.Cases():
                self.cases = event
            case events.Failure():
                self.failure = event
            case _:
                self.recorder.take(event)

    def _checkpoint(self, event: events.Checkpoint) -> None:
        try:
            key = keep_checkpoint(self.run, self.out, event)
            self.recorder.checkpoint(event, key)
            self.checkpoints.append(key)
        except (OSError, BadInput) as problem:
            self.recorder.say(f"The checkpoint at step {event.step} could not be kept: {problem}", "warning")

    def _forget_old_checkpoints(self) -> None:
        """Gives back the space of every checkpoint but the one that PostgreSQL knows."""
        known = self.recorder.known_checkpoint
        for key in [key for key in self.checkpoints if key != known]:
            with contextlib.suppress(OSError):
                store().delete_prefix(key)
                self.checkpoints.remove(key)

    def _end(self, child: Child, asked: str, heart: Heart) -> None:
        self.recorder.provenance["memory_bytes"] = child.peak_bytes
        if child.status == 0:
            return self._succeed()
        if asked == "cancel" or (heart.cancelled.is_set() and child.status == 143):
            return self._finish(Run.State.CANCELLED)
        if asked == "shutdown":
            return self._put_back("The worker was stopped; the run waits for the next one.")
        reason, advice, field = failure_of(child.status or 0, self.failure, self.run.queue)
        self._fail(reason, advice, field=field, tail=list(child.tail))

    def _succeed(self) -> None:
        self.recorder.say("Keeping what the run left.")
        try:
            rows = [row for event in self.artifacts for row in keep_artifact(self.run, self.out, event)]
            if self.cases is not None:
                case_file = events.Artifact(self.cases.path, "Cases", "data", "application/vnd.apache.parquet")
                rows += keep_artifact(self.run, self.out, case_file)
                path = str(self.out / self.cases.path)
                persist(lambda: load_cases(self.run.pk, self.run.attempt, path), give_up=self.stopping)
                self.recorder.values["case_count"] = self.cases.count
        except (OSError, BadInput) as problem:
            return self._fail(
                f"What the run left could not be kept: {problem}", "Check the store, then resume the run."
            )
        unique = {row.path: row for row in rows}
        self._finish(Run.State.SUCCEEDED, artifacts=tuple(unique.values()), checkpoint={})
        if self.cases is not None:
            keep_outcomes(self.run.pk, self.run.attempt)

    def _fail(self, reason: str, advice: str, *, field: str = "", tail: list[str] | None = None) -> None:
        told = {"reason": reason, "advice": advice, "field": field, "tail": tail or []}
        self._finish(Run.State.FAILED, artifacts=self._traceback(), failure=told)

    def _break_off(self, problem: Exception) -> None:
        """What nobody foresaw would happen again in every attempt: the run fails and says so. A database in trouble is
        not its fault: another worker takes it up."""
        logger.exception("run %s: what it said could not be kept", self.run.pk)
        if isinstance(problem, DATABASE_TROUBLE) and not isinstance(problem, UNFIT):
            return
        self.recorder.forget()
        reason = f"What the run said could not be kept ({type(problem).__name__}: {problem})."
        with contextlib.suppress(Ghost, GaveUp):
            self._fail(reason, "The log of the worker says more. Resume the run once the cause is gone.")

    def _traceback(self) -> tuple[models.Artifact, ...]:
        """The method's own log of what went wrong, kept with the run; nobody has to read it."""
        if not (self.out / "error.log").is_file():
            return ()
        try:
            about = events.Artifact("error.log", "The whole traceback", "other", "text/plain")
            return tuple(keep_artifact(self.run, self.out, about))
        except (OSError, BadInput):
            return ()

    def _finish(self, state: str, *, artifacts: tuple[models.Artifact, ...] = (), **values: Any) -> None:
        ending = values | {"state": state, "finished_at": Now(), "cancel_requested_at": None}
        persist(lambda: self.recorder.flush(artifacts=artifacts, **ending), give_up=self.stopping)
        self._forget_old_checkpoints()
        shutil.rmtree(self.home, ignore_errors=True)

    def _put_back(self, why: str) -> None:
        self.recorder.say(why, "warning")

        def write() -> None:
            with held(self.run.pk, self.run.attempt):
                self.recorder.flush()
                put_back(self.run.pk, self.run.attempt, lost=False)

        persist(write, give_up=self.stopping)
        self._forget_old_checkpoints()


def decoders() -> int:
    """How many processes may decode pictures beside the one that computes."""
    return max(1, min(MOST_DECODERS, (os.cpu_count() or 1) - 1))
