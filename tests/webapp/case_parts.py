"""Runs with cases for tests: scenes really imported, outcomes really written as Parquet and loaded by COPY."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from django.db import connection, transaction
from django.utils import timezone

from ml_core.datasets.cases import SCHEMA, write_cases
from ml_core.datasets.frozen import write_frozen
from tests.parts.scenes import scenes
from webapp.accounts.models import Project
from webapp.corpora.files import store
from webapp.corpora.models import Caption, Category, Corpus
from webapp.corpora.rows import copy_rows
from webapp.experiments.case_loading import load_cases
from webapp.experiments.models import Run, RunInput


def drawn(of: Project, reference: str, name: str = "Scenes") -> Corpus:
    """A data set, in its tables and in the store, without a worker."""
    dataset = scenes(reference)
    corpus = Corpus.objects.create(
        project=of, name=name, task=dataset.task, state=Corpus.State.READY, item_count=len(dataset.item_ids),
        caption_count=len(dataset.caption_ids), content_hash=dataset.content_hash, created_at=timezone.now(),
    )  # fmt: skip
    write_frozen(dataset, store(), corpus.prefix)
    with transaction.atomic():
        counts = copy_rows(connection, corpus.pk, store(), corpus.prefix, lambda stage, done, total: None)
    Category.objects.bulk_create(
        Category(corpus=corpus, number=number, external_id=identity, name=words, item_count=counts[number])
        for number, (identity, words) in enumerate(zip(dataset.category_ids, dataset.category_names, strict=True))
    )
    return corpus


def evaluated(of: Project, folder: Path, pictures: int = 12, corpus: Corpus | None = None, both: bool = True) -> Run:
    """A finished evaluation of `pictures` drawn scenes: every caption asked once, and every picture if `both`.

    Caption n is found at rank 1, 2, 3 … by turns of 13, each with its own margin.
    """
    corpus = corpus or drawn(of, f"scenes:{pictures}?seed=3&size=96")
    run = Run.objects.create(
        project=of, method="retrieval.evaluate", title="Evaluation", spec={}, fingerprint="0" * 64, queue="cpu",
        state=Run.State.RUNNING, attempt=1, created_at=timezone.now(), started_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=run, field="dataset", corpus=corpus)
    captions = list(Caption.objects.filter(corpus=corpus).order_by("number").values_list("number", "item_number"))
    rows = [text_case(number, item, corpus.item_count) for number, item in captions]
    if both:
        rows += [picture_case(len(rows) + item, item, captions) for item in range(corpus.item_count)]
    path = folder / f"cases-{run.pk}.parquet"
    write_cases(path, [pa.Table.from_pylist(rows, schema=SCHEMA)])
    count = load_cases(run.pk, 1, path)
    Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, case_count=count, finished_at=timezone.now())
    run.refresh_from_db()
    return run


def text_case(number: int, item: int, pictures: int) -> dict:
    """A caption that asks for its picture."""
    rank = number % 13 + 1
    others = [(item + step) % pictures for step in range(1, 12)]
    given = [*others[: rank - 1], item, *others[rank - 1 :]][: min(10, pictures)]
    margin = 0.001 * (number + 1) if rank == 1 else -0.002 * rank - 0.00001 * number
    scores = [0.4 - 0.01 * place for place in range(len(given))]
    return {
        "number": number, "direction": "t2i", "unit": item, "prompt_kind": "text", "prompt": number,
        "answer_kind": "picture", "right": item, "right_score": 0.4 - 0.01 * (rank - 1), "rank": rank,
        "margin": margin, "given": given, "scores": scores,
    }  # fmt: skip


def picture_case(number: int, item: int, captions: list[tuple[int, int]]) -> dict:
    """A picture that asks for its captions: every second one is found first."""
    own = [caption for caption, of in captions if of == item]
    wrong = [caption for caption, of in captions if of != item][:10]
    rank = 1 + item % 2
    given = [*wrong[: rank - 1], *own, *wrong[rank - 1 :]][:10]
    return {
        "number": number, "direction": "i2t", "unit": item, "prompt_kind": "picture", "prompt": item,
        "answer_kind": "text", "right": own[0], "right_score": 0.3, "rank": rank,
        "margin": 0.01 if rank == 1 else -0.01, "given": given, "scores": [0.3 - 0.01 * place for place in range(10)],
    }  # fmt: skip
