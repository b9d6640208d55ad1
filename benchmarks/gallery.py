"""The gallery on 590,000 cases: every filter × sort at its rarest and commonest, deep pages, whole pages over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse

from benchmarks._cases import CATEGORIES, WORDS, run_with
from benchmarks._database import DATABASE, database
from benchmarks.harness import Row, interleaved
from tests.parts.site import Site
from tests.webapp.people import browser
from webapp.experiments.cases import page_sql
from webapp.experiments.cases.filters import MISSED, RANKS, SORTS, WON, Filters
from webapp.experiments.cases.queries import PAGE, page_of
from webapp.experiments.models import Run
from webapp.local import embedded

CASES = 590_000
DATABASE_LIMIT = 0.005  # "a few milliseconds of database time"
PAGE_LIMIT = 0.025  # p95 of a whole page over HTTP


def measure(quick: bool) -> list[Row]:
    with database():
        run = run_with(59_000 if quick else CASES)
        return [*_filters(run, 5 if quick else 11), *_depth(run), *_over_http(run, 60 if quick else 300)]


def _views() -> dict[str, Filters]:
    plain = Filters()
    return {
        "failures": plain,
        "hits": replace(plain, outcome="hits"),
        "everything": replace(plain, outcome="all"),
        **{f"rank {words}": replace(plain, rank=name) for name, words in RANKS.items()},
        **{f"missed by {words}": replace(plain, margin=name) for name, words in MISSED.items()},
        **{f"won by {words}": replace(plain, outcome="hits", margin=name) for name, words in WON.items()},
        "commonest category": replace(plain, category=0),
        "middling category": replace(plain, category=12),
        "rarest category": replace(plain, category=CATEGORIES - 1),
        **{f"{kind} word": replace(plain, words=word) for kind, word in WORDS.items()},
        "no such word": replace(plain, words="nowhere"),
    }


def _filters(run: Run, rounds: int) -> list[Row]:
    """The first page of every filter × sort: planning and execution as PostgreSQL reports them."""
    rows = []
    for name, view in _views().items():
        for sort in SORTS:
            took = [_database_seconds(run, replace(view, sort=sort)) for _ in range(rounds)]
            limit = None if name.startswith("middling") else 1.0
            rows.append(Row(f"{name}, by {sort}", "limit", "5 ms", statistics.median(took), DATABASE_LIMIT, limit))
    return rows


def _database_seconds(run: Run, view: Filters) -> float:
    query = page_sql.page(run.pk, view, after=None, before=None, limit=PAGE + 1)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.text}", query.values)
        told = cursor.fetchone()[0][0]
    return (told["Planning Time"] + told["Execution Time"]) / 1000


def _depth(run: Run) -> list[Row]:
    """A page from the middle against the first."""
    rows = []
    for sort, key in (("rank", (9.0, 300_000)), ("-margin", (-0.03, 300_000))):
        view = Filters(sort=sort)
        works: dict[str, Callable[[], Any]] = {
            "first": lambda view=view: page_of(run, view),
            "deep": lambda view=view, key=key: page_of(run, view, after=key),
        }
        took = interleaved(works, 25)
        rows.append(Row(f"deep page, by {sort}", "limit", "the first page", took["deep"], took["first"], 1.5))
    return rows


def _over_http(run: Run, requests: int) -> list[Row]:
    """Pages as a signed-in person turns them, from the first on, through granian and Django, pictures aside."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
        "DATABASE_URL": settings.PLACES.database_url(embedded.APP, DATABASE),
        "DATABASE_POOL": "6",
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "REDIS_CACHE_DB": settings.CACHES["default"]["LOCATION"].rpartition("=")[2],
        "PYTHONUNBUFFERED": "1",
    }
    session = browser(run.created_by).cookies[settings.SESSION_COOKIE_NAME].value
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), environment)
        site.start("web")
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        try:
            _turned(site.port, cookie, run, 10)
            before = _processor_seconds(site.pid("web"))
            times = _turned(site.port, cookie, run, requests)
            worked = (_processor_seconds(site.pid("web")) - before) / requests
            asked = _rotated(site.port, cookie, run)  # no filter but the walk's was counted before
            again = [seconds for _ in range(1 if requests < 100 else 4) for seconds in _rotated(site.port, cookie, run)]
        except AssertionError as error:
            raise AssertionError(site.text("web")[-3000:]) from error
        finally:
            site.stop()
    return [
        Row("whole page over HTTP, p95", "limit", "25 ms", _p95(times), PAGE_LIMIT, 1.0),
        Row("whole page over HTTP, median", "limit", "25 ms", statistics.median(times), PAGE_LIMIT),
        Row("whole page, processor time of the web process", "limit", "25 ms", worked, PAGE_LIMIT, 1.0),
        Row("filters, sorts and cases by turns, p95", "limit", "25 ms", _p95(again), PAGE_LIMIT, 1.0),
        Row("the same, each filter counted for the first time, p95", "limit", "25 ms", _p95(asked), PAGE_LIMIT),
    ]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _turned(port: int, cookie: str, run: Run, requests: int) -> list[float]:
    """Seconds of each page; every page leads to the next."""
    here = _gallery(run)
    address, times = here, []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        for _ in range(requests):
            seconds, page = _fetched(line, cookie, address)
            times.append(seconds)
            link = re.search(r'rel="next" href="([^"]+)"', page)
            address = here + unescape(link.group(1)) if link else here
    return times


def _rotated(port: int, cookie: str, run: Run) -> list[float]:
    """Seconds of each page of somebody who looks around: every filter in another order, its next page, a case of it."""
    here, times, sorts = _gallery(run), [], list(SORTS)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        for turn, view in enumerate(_views().values()):
            seconds, page = _fetched(line, cookie, f"{here}?{replace(view, sort=sorts[turn % len(sorts)]).address()}")
            times.append(seconds)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            case = re.search(r'class="case-pair" href="([^"]+)"', page)
            wanted = [here + following.group(1)] if following else []
            wanted += [case.group(1)] if case else []
            times += [_fetched(line, cookie, unescape(address))[0] for address in wanted]
    return times


def _fetched(line: http.client.HTTPConnection, cookie: str, address: str) -> tuple[float, str]:
    """Seconds until the whole of a page is there, and the page."""
    start = time.perf_counter()
    line.request("GET", address, headers={"Cookie": cookie, "Host": "localhost"})
    answer = line.getresponse()
    page = answer.read().decode()
    seconds = time.perf_counter() - start
    assert answer.status == 200, page[:500]
    return seconds, page


def _gallery(run: Run) -> str:
    return reverse("experiments:cases", kwargs={"slug": run.project.slug, "run_id": run.pk})


def _processor_seconds(group: int) -> float:
    """What the processes of a group have used of the processors, waiting for others left out."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, told[11:13])) if int(told[2]) == group else 0
    return ticks / os.sysconf("SC_CLK_TCK")
