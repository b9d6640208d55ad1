"""Reads the caption files that people brought, beside the data set that they belong to if any, and says what is in
them.

The row stays locked while its file is read, so a worker that dies lets go of it by dying.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from ml_core.generators.recorded import read_image_captions, refuse_leak
from ml_core.spec import BadInput
from ml_core.zeroshot.caption_database import read_database
from ml_core.zeroshot.data import Labelled, class_captions_of, open_classification
from ml_core.zeroshot.template_files import read_template_sets
from webapp.away import AWAY
from webapp.broker import RUN_TASK, wake
from webapp.corpora.models import Corpus
from webapp.experiments.files import url_of
from webapp.experiments.models import CaptionFile
from workers.keeping import fetch_file

logger = logging.getLogger(__name__)
MOST_TRIES = 3
CHECKING, READY, REFUSED = CaptionFile.State.CHECKING, CaptionFile.State.READY, CaptionFile.State.REFUSED


def work(*, stopping: Callable[[], bool] = lambda: False) -> None:
    """Every file that waits and whose data set is in, one after the other; runs that wait for them are told."""
    passed: set[int] = set()
    while not stopping() and (number := _next(passed)) is not None:
        passed.add(number)
        try:
            carry_out(number)
        except AWAY:
            logger.exception("caption file %s: PostgreSQL was away; it is taken up again", number)
            connection.close()
            return
    if passed:
        for queue in ("cpu", "gpu"):
            wake(RUN_TASK, queue, queue=queue)


def carry_out(number: int) -> None:
    """Reads one file, unless somebody else is at it or it is gone."""
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        if row.tries >= MOST_TRIES:
            return _end(row, REFUSED, failure=f"The worker died over it {row.tries} times; its log says more.")
        CaptionFile.objects.filter(pk=number).update(tries=F("tries") + 1)
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        try:
            found, warnings = read(row)
        except AWAY:
            raise
        except BadInput as problem:
            named = f"captions{PurePosixPath(row.key).suffix}: "  # here; people know it by another name
            _end(row, REFUSED, failure=str(problem).removeprefix(named))
        except Exception as error:
            logger.exception("caption file %s failed", number)
            _end(row, REFUSED, failure=f"It stopped at an unexpected fault ({error}).")
        else:
            _end(row, READY, found=found, warnings=warnings)


def read(row: CaptionFile) -> tuple[dict[str, Any], list[str]]:
    """What is in the file, and what is odd about it. BadInput says all that is wrong."""
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        path = str(fetch_file(row.key, Path(folder) / f"captions{PurePosixPath(row.key).suffix}"))
        if row.side == CaptionFile.Side.DATABASE:
            return _database(path)
        if row.corpus is None:
            return _templates(path)
        labelled = open_classification(f"frozen:{url_of(row.corpus.prefix)}")
        return _classes(path, labelled) if row.side == CaptionFile.Side.CLASSES else _pictures(path, labelled)


def _database(path: str) -> tuple[dict[str, Any], list[str]]:
    told = read_database(path)
    verb = "caption repeats another" if told.repeated == 1 else "captions repeat others"
    again = f"{told.repeated:,} {verb}; each is searched once."
    return _found([told.captions]), [again] if told.repeated else []


def _templates(path: str) -> tuple[dict[str, Any], list[str]]:
    sets = read_template_sets(path)
    names = [name for name in sets if name]
    return _found(list(sets.values())) | {"meta": {"lists": ", ".join(names)} if names else {}}, []


def _classes(path: str, labelled: Labelled) -> tuple[dict[str, Any], list[str]]:
    told = class_captions_of(path, labelled)
    return _found(told.captions) | {"meta": told.meta}, told.warnings


def _pictures(path: str, labelled: Labelled) -> tuple[dict[str, Any], list[str]]:
    told = read_image_captions(path, labelled.dataset)
    refuse_leak(told.predicted, labelled.label_names)
    said = [(guess, label) for guess, label in zip(told.predicted, labelled.label_names, strict=True) if guess]
    right = sum(guess.casefold() == label.casefold() for guess, label in said)
    return _found(told.captions) | {"predicted": len(said), "right": right, "meta": told.meta}, told.warnings


def _found(captions: Sequence[Sequence[str]]) -> dict[str, Any]:
    counts = [len(row) for row in captions]
    return {"entries": len(counts), "captions": sum(counts), "fewest": min(counts), "most": max(counts)}


def _scratch() -> Path:
    folder = Path(settings.NEARMISS_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _next(passed: set[int]) -> int | None:
    there = Q(corpus__isnull=True) | Q(corpus__state__in=[Corpus.State.READY, Corpus.State.ARCHIVED])
    waiting = CaptionFile.objects.filter(there, state=CHECKING)
    number = waiting.exclude(pk__in=passed).order_by("pk").values_list("pk", flat=True).first()
    return int(number) if number is not None else None


def _locked(number: int) -> CaptionFile | None:
    """The row, ours until the transaction ends; None where somebody else has it or it is done or gone."""
    waiting = CaptionFile.objects.select_for_update(skip_locked=True, of=("self",)).select_related("corpus")
    return waiting.filter(pk=number, state=CHECKING).first()


def _end(row: CaptionFile, state: str, **values: Any) -> None:
    CaptionFile.objects.filter(pk=row.pk).update(state=state, checked_at=timezone.now(), **values)
