"""Runs for comparisons: the same drawn scenes answered several times, with ranks that a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from django.utils import timezone

from ml_core.datasets.cases import SCHEMA, write_cases
from tests.webapp.case_parts import picture_case, text_case
from webapp.accounts.models import Project
from webapp.corpora.models import Caption, Corpus
from webapp.experiments.case_loading import load_cases
from webapp.experiments.models import Run, RunInput


def answered(
    of: Project, folder: Path, corpus: Corpus, ranks: Mapping[int, int] | None = None, *,
    title: str = "Evaluation", captions: Sequence[int] | None = None, both: bool = True, spec: dict | None = None,
) -> Run:  # fmt: skip
    """A finished evaluation of a data set; `ranks` says where some captions' pictures were found (1 elsewhere).

    `captions`: only these are asked; each picture is asked too if `both`.
    """
    run = Run.objects.create(
        project=of, method="retrieval.evaluate", title=title, spec=spec or {}, fingerprint="0" * 64, queue="cpu",
        state=Run.State.RUNNING, attempt=1, created_at=timezone.now(), started_at=timezone.now(),
        heartbeat_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=run, field="dataset", corpus=corpus)
    known = list(Caption.objects.filter(corpus=corpus).order_by("number").values_list("number", "item_number"))
    asked = [(number, item) for number, item in known if captions is None or number in captions]
    rows = [_at(text_case(number, item, corpus.item_count), (ranks or {}).get(number, 1)) for number, item in asked]
    if both:
        rows += [picture_case(len(known) + item, item, known) for item in range(corpus.item_count)]
    path = folder / f"cases-{run.pk}.parquet"
    write_cases(path, [pa.Table.from_pylist(rows, schema=SCHEMA)])
    count = load_cases(run.pk, 1, path)
    Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, case_count=count, finished_at=timezone.now())
    run.refresh_from_db()
    return run


def _at(case: dict, rank: int) -> dict:
    """The case with its right answer at another rank."""
    others = [number for number in case["given"] if number != case["right"]]
    given = [*others[: rank - 1], case["right"], *others[rank - 1 :]][: len(case["given"])]
    return case | {"rank": rank, "given": given, "margin": 0.1 if rank == 1 else -0.1}
