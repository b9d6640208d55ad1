"""Makes up a run with many cases, as uneven as real ones, straight into its partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

import benchmarks._database  # noqa: F401  # sets Django up before the models below are imported
from tests.webapp.people import person, project
from webapp.corpora.models import Category, Corpus
from webapp.corpora.partitions import attach_partition, create_partition
from webapp.experiments.case_loading import COLUMNS
from webapp.experiments.models import Run, RunInput

CATEGORIES = 80
WORDS = {"rarest": "w1999", "middling": "w30", "commonest": "a"}  # of the captions made below
_ITEMS = "corpus_id, number, external_id, file_name, file_hash, byte_count, width, height, category_numbers, boxes"


def run_with(cases: int) -> Run:
    """A finished run with one case for each of five captions of `cases` / 5 pictures."""
    owner = person("owner")
    here = project("Bench", owner)
    corpus = Corpus.objects.create(
        project=here, name="Made up", task="retrieval", state="ready", item_count=cases // 5, created_at=timezone.now()
    )
    Category.objects.bulk_create(
        Category(corpus=corpus, number=n, external_id=n, name=f"category {n}", item_count=1) for n in range(CATEGORIES)
    )
    run = Run.objects.create(
        project=here, method="retrieval.evaluate", spec={}, fingerprint="", queue="cpu", state="succeeded", attempt=1,
        case_count=cases, created_at=timezone.now(), created_by=owner,
    )  # fmt: skip
    RunInput.objects.create(run=run, field="dataset", corpus=corpus)
    with transaction.atomic():
        _fill("corpora_item", corpus.pk, _ITEMS, _pictures(corpus.pk, cases // 5))
        _fill("experiments_case", run.pk, COLUMNS, _cases(run.pk, cases))
    return run


def _fill(parent: str, key: int, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    table = create_partition(connection, parent, key)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    attach_partition(connection, parent, key)


def _pictures(corpus_id: int, count: int) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        yield corpus_id, n, f"{n:012d}", f"{n:012d}.jpg", f"{n:064x}", 1, 640, 480, [], "[]"


def _cases(run_id: int, cases: int) -> Iterator[tuple[Any, ...]]:
    """Ranks with a long tail, margins that follow them, categories and words with common and rare ones."""
    chance, pictures = np.random.default_rng(7), cases // 5
    rank = np.where(chance.random(cases) < 0.3, 1, 2 + np.exp(chance.normal(2.0, 1.9, cases)).astype(int))
    rank = rank.clip(1, pictures)
    size = np.abs(chance.normal(0, 0.02, cases)) * (1 + 0.3 * np.log(rank))
    margin = np.where(rank == 1, size, -size - 0.004 * np.log(rank)).astype(np.float32).astype(float)
    words = chance.zipf(1.25, (cases, 8)) % 2000
    shares = 0.45 / np.arange(1, CATEGORIES + 1) ** 1.35
    categories: list[list[int]] = [[] for _ in range(pictures + 1)]
    for number, share in enumerate(shares):
        for picture in np.flatnonzero(chance.random(pictures + 1) < share).tolist():
            categories[picture].append(number)
    scores = [round(0.33 - step * 0.003, 4) for step in range(10)]
    for n in range(cases):
        right, given = n // 5, [(n * 7 + step * 13) % pictures for step in range(10)]
        text = "a " + " ".join(f"w{word}" for word in words[n].tolist())
        yield (
            run_id, n, "t2i", right, "text", n, text, "picture", right, 0.3, int(rank[n]), float(margin[n]), given,
            scores, categories[right],
        )  # fmt: skip
