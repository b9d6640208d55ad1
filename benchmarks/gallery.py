"""The failure gallery on 590,000 cases: every filter × sort with its rarest and commonest value, deep pages, whole pages."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks._database import database
from benchmarks.harness import Row, interleaved

CASES, PICTURES = 590_000, 118_000
CATEGORIES = 80
PAGE_MS = 5.0  # "a few milliseconds" of database time
PAGE_P95 = 0.025


def measure(quick: bool) -> list[Row]:
    cases = 59_000 if quick else CASES
    with database():
        run, words = _filled(cases)
        return [*_filters(run, words, 5 if quick else 11), *_depth(run), *_over_http(run, 40 if quick else 200)]


def _filled(cases: int) -> tuple[Any, dict[str, str]]:
    """A project with a run of `cases` cases, and a rare, a middling and a common word of its captions."""
    from django.db import connection, transaction
    from django.utils import timezone

    from tests.webapp.people import person, project
    from webapp.corpora.models import Category, Corpus
    from webapp.corpora.partitions import attach_partition, create_partition
    from webapp.experiments.case_loading import COLUMNS
    from webapp.experiments.models import Run, RunInput

    owner = person("owner")
    here = project("Bench", owner)
    corpus = Corpus.objects.create(
        project=here, name="Made up", task="retrieval", state="ready", item_count=PICTURES, created_at=timezone.now()
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
        _pictures(corpus.pk, cases // 5)
        table = create_partition(connection, "experiments_case", run.pk)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
            for row in _rows(run.pk, cases):
                copy.write_row(row)
        attach_partition(connection, "experiments_case", run.pk)
    return run, {"rarest": "w1999", "middling": "w30", "commonest": "a"}


def _pictures(corpus_id: int, count: int) -> None:
    from django.db import connection

    from webapp.corpora.partitions import attach_partition, create_partition

    columns = "corpus_id, number, external_id, file_name, file_hash, byte_count, width, height, category_numbers, boxes"
    table = create_partition(connection, "corpora_item", corpus_id)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for n in range(count):
            copy.write_row((corpus_id, n, f"{n:012d}", f"{n:012d}.jpg", f"{n:064x}", 1, 640, 480, [], "[]"))
    attach_partition(connection, "corpora_item", corpus_id)


def _rows(run_id: int, cases: int) -> Iterator[tuple[Any, ...]]:
    """Ranks with a long tail, margins that follow them, categories and words as uneven as real ones."""
    chance = np.random.default_rng(7)
    rank = np.where(chance.random(cases) < 0.3, 1, 2 + np.exp(chance.normal(2.0, 1.9, cases)).astype(int)).clip(
        1, 118_000
    )
    size = np.abs(chance.normal(0, 0.02, cases)) * (1 + 0.3 * np.log(rank))
    margin = np.where(rank == 1, size, -size - 0.004 * np.log(rank)).astype(np.float32).astype(float)
    share = 0.45 / np.arange(1, CATEGORIES + 1) ** 1.35
    words = [["w%d" % w for w in row] for row in (chance.zipf(1.25, (cases, 8)) % 2000).tolist()]
    has = [np.flatnonzero(chance.random(cases // 5 + 1) < part) for part in share]
    categories: list[list[int]] = [[] for _ in range(cases // 5 + 1)]
    for number, pictures in enumerate(has):
        for picture in pictures.tolist():
            categories[picture].append(number)
    for n in range(cases):
        right, given = n // 5, [(n * 7 + step * 13) % (cases // 5) for step in range(10)]
        scores = [round(0.33 - step * 0.003, 4) for step in range(10)]
        yield (
            run_id, n, "t2i", right, "text", n, "a " + " ".join(words[n]), "picture", right, 0.3, int(rank[n]),
            float(margin[n]), given, scores, categories[right],
        )  # fmt: skip


def _filters(run: Any, words: dict[str, str], rounds: int) -> list[Row]:
    """Every filter × sort, first page, database time and reading of the rows."""
    from webapp.experiments.cases.filters import MISSED, RANKS, SORTS, WON, Filters
    from webapp.experiments.cases.queries import page_of

    plain = Filters()
    views = {
        "failures": plain,
        "hits": replace(plain, outcome="hits"),
        "everything": replace(plain, outcome="all"),
        **{f"rank {words_}": replace(plain, rank=name) for name, words_ in RANKS.items()},
        **{f"missed by {words_}": replace(plain, margin=name) for name, words_ in MISSED.items()},
        **{f"won by {words_}": replace(plain, outcome="hits", margin=name) for name, words_ in WON.items()},
        "category, commonest": replace(plain, category=0),
        "category, middling": replace(plain, category=12),
        "category, rarest": replace(plain, category=CATEGORIES - 1),
        **{f"search, {kind} word": replace(plain, words=word) for kind, word in words.items()},
        "search, no such word": replace(plain, words="nowhere"),
    }
    rows = []
    for sort in SORTS:
        works: dict[str, Callable[[], Any]] = {
            name: (lambda view=replace(view, sort=sort): page_of(run, view)) for name, view in views.items()
        }
        for name, seconds in interleaved(works, rounds).items():
            limit = None if "middling" in name else 1.0
            rows.append(Row(f"page: {name}, by {sort}", "limit", f"{PAGE_MS:.0f} ms", seconds, PAGE_MS / 1000, limit))
    return rows


def _depth(run: Any) -> list[Row]:
    """A page far down against the first, for both sorted values."""
    from webapp.experiments.cases.filters import Filters
    from webapp.experiments.cases.queries import page_of

    rows = []
    for sort, key in (("rank", (40.0, 300_000)), ("-margin", (-0.03, 300_000))):
        view = Filters(sort=sort)
        took = interleaved(
            {"first": lambda v=view: page_of(run, v), "deep": lambda v=view, k=key: page_of(run, v, after=k)}, 15
        )
        rows.append(Row(f"deep page, by {sort}", "limit", "the first page", took["deep"], took["first"], 1.5))
    return rows


def _over_http(run: Any, requests: int) -> list[Row]:
    """Whole pages as a signed-in person gets them, one page after another, through granian's WSGI threads."""
    from tests.parts.serving import paging

    times = paging(run, requests)
    p95 = statistics.quantiles(times, n=20)[-1]
    return [
        Row("gallery page over HTTP, p95", "limit", "25 ms", p95, PAGE_P95, 1.0),
        Row("gallery page over HTTP, median", "limit", "25 ms", statistics.median(times), PAGE_P95),
    ]


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
