"""Answers the captions that people try on cases: oldest first, through a process that keeps the encoder in memory.

Its row stays locked while a probe is answered, so a worker that dies lets go of it by dying.
"""

from __future__ import annotations

import copy
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from ml_core.spec import BadInput
from webapp.away import AWAY
from webapp.experiments.cases.queries import Row, case_of
from webapp.experiments.models import Probe, Run
from workers.child import child_environment
from workers.inputs import planned
from workers.keeping import fetch_file
from workers.warm_child import Gone, WarmChild

logger = logging.getLogger(__name__)
MOST_TRIES = 3
PATIENCE = 300.0  # seconds: a model may have to be fetched before it is loaded
WAITING = (Probe.State.WANTED, Probe.State.WORKING)
AGREE = 1e-5  # what two ways of multiplying the same vectors differ by at most
RECORDED = ("data_hash", "model", "model_revision", "preprocessing_hash")

Ask = Callable[[dict[str, Any]], dict[str, Any]]
_warm: list[WarmChild] = []


def work(*, stopping: Callable[[], bool] = lambda: False) -> None:
    """Everything that waits, one after the other; then lets go of an encoder that nobody has needed for long."""
    passed: set[int] = set()
    while not stopping() and (number := _next(passed)) is not None:
        passed.add(number)
        try:
            carry_out(number, ask=_ask)
        except AWAY:
            logger.exception("probe %s: PostgreSQL was away; it is taken up again", number)
            connection.close()
            return
    if _warm and _warm[0].let_go_when_idle(settings.NEARMISS_PROBE_IDLE):
        forget()
        logger.info("nobody tried a caption for %s s: the encoder is let go", settings.NEARMISS_PROBE_IDLE)


def forget() -> None:
    """Ends the warm process, if there is one, and removes the weights that were fetched for it."""
    while _warm:
        _warm.pop().let_go()
    shutil.rmtree(_folder(), ignore_errors=True)


def warm_pid() -> int | None:
    """The process id of the warm process; None where none is needed."""
    return _warm[0].pid if _warm else None


def carry_out(number: int, *, ask: Ask) -> None:
    """Answers one probe, unless somebody else is at it or it is gone."""
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        if row.tries >= MOST_TRIES:
            return _fail(row, f"The worker died over it {row.tries} times; its log says more.")
        Probe.objects.filter(pk=number).update(tries=F("tries") + 1, state=Probe.State.WORKING)
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        try:
            _answer(row, ask)
        except AWAY:
            raise
        except BadInput as problem:
            _fail(row, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
        except Gone as problem:
            _fail(row, f"The process with the encoder gave no answer: {problem}. Try again.")
        except Exception as error:
            logger.exception("probe %s failed", number)
            _fail(row, f"It stopped at an unexpected fault ({error}); the log of the probe worker says more.")


def _answer(row: Probe, ask: Ask) -> None:
    run = Run.objects.get(pk=row.run_id)
    case = case_of(run, row.case_number)
    if case is None or row.attempt != run.attempt:
        raise BadInput("the case is no longer there")
    unchanged = row.text == case.prompt_text
    found = ask(_question(run, case, row.text, unchanged=unchanged))
    if "rank" not in found:
        if "refused" in found:
            raise BadInput(found["refused"])
        raise RuntimeError(found.get("failed", "no answer"))
    if unchanged:
        found |= _as_stored(case, found)
    about = {"model": run.provenance["model"], "revision": run.provenance["model_revision"]}
    about |= {name: found[name] for name in ("source", "same_preparation", "precision", "pictures") if name in found}
    Probe.objects.filter(pk=row.pk).update(
        state=Probe.State.READY, rank=found["rank"], right_score=found["score"], given=found["given"],
        scores=found["scores"], model=about | {"seconds": found["seconds"]}, finished_at=timezone.now(),
    )  # fmt: skip


def _question(run: Run, case: Row, text: str, *, unchanged: bool) -> dict[str, Any]:
    """What the warm process is asked (`ml_core.retrieval.warm.Asked`). BadInput says what is gone."""
    if not all(run.provenance.get(name) for name in RECORDED):
        raise BadInput("the run does not say which embeddings it used; run it again")
    needed = copy.copy(run)
    needed.spec = {name: run.spec[name] for name in (("data",) if unchanged else ("data", "encoder"))}
    plan = planned(needed, root=str(_folder()), carry_data=False)
    for path, key in plan.files.items():
        if not (_folder() / path).exists():  # what a run left never changes
            fetch_file(key, _folder() / path)
    return {
        "data": plan.values["data"],
        "store": str(settings.NEARMISS_STORE),
        "encoder": plan.values.get("encoder", ""),
        "recorded": {name: run.provenance[name] for name in RECORDED},
        "text": text,
        "right": case.right,
        "caption": case.prompt if unchanged else None,
        "exact": bool(run.spec.get("exact_decoding", False)),
        "precision": run.spec.get("precision", "auto"),
    }


def _as_stored(case: Row, found: dict[str, Any]) -> dict[str, Any]:
    """The run's own numbers for the caption it asked itself, once the embeddings have given the same again."""
    kept = min(len(case.given), len(found["given"]))
    pairs = zip([case.right_score, *case.scores[:kept]], [found["score"], *found["scores"][:kept]], strict=True)
    same = found["rank"] == case.rank and found["given"][:kept] == case.given[:kept]
    if not same or any(abs(before - now) > AGREE for before, now in pairs):
        raise BadInput(
            f"the embeddings that are kept give rank {found['rank']}, the run said {case.rank}; run it again"
        )
    return {"score": case.right_score, "scores": [*case.scores[:kept], *found["scores"][kept:]]}


def _ask(question: dict[str, Any]) -> dict[str, Any]:
    if not _warm:
        _warm.append(WarmChild(child_environment()))
    return _warm[0].ask(question, patience=PATIENCE)


def _folder() -> Path:
    """Where weights lie that were fetched for probes."""
    return Path(settings.NEARMISS_CACHE) / "probes"


def _next(passed: set[int]) -> int | None:
    waiting = Probe.objects.filter(state__in=WAITING).exclude(pk__in=passed).order_by("pk")
    number = waiting.values_list("pk", flat=True).first()
    return int(number) if number is not None else None


def _locked(number: int) -> Probe | None:
    """The row, ours until the transaction ends; None where somebody else has it or it is done or gone."""
    return Probe.objects.select_for_update(skip_locked=True).filter(pk=number, state__in=WAITING).first()


def _fail(row: Probe, why: str) -> None:
    Probe.objects.filter(pk=row.pk).update(state=Probe.State.FAILED, failure=why, finished_at=timezone.now())
