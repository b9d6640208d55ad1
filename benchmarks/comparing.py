"""200 runs beside each other, 5,000 queries in each of two directions: from asking to reading the numbers, over HTTP.

Beside it: the page once its numbers are there, the numbers alone, and what reading outcomes from PostgreSQL takes where
no file holds them.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import statistics
import tempfile
import time
from html import unescape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from benchmarks._database import DATABASE, database
from benchmarks.harness import Row
from ml_core.claims.statistics import compute
from tests.parts.site import Site
from tests.webapp import people
from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.corpora.partitions import attach_partition, create_partition
from webapp.experiments.case_loading import COLUMNS
from webapp.experiments.models import Run, RunInput
from webapp.local import embedded
from workers.comparing import gathered
from workers.outcomes import _read, cases_of

RUNS, QUERIES, PICTURES = 200, 5_000, 1_000
LIMIT = 1.5  # seconds: "about a second"
# Each run answers as the first did, but for every tenth query, whose right answer stands somewhere else.
_ANSWERS = """
INSERT INTO {table} ({columns})
SELECT {run}, number, direction, unit, 'text', prompt, '', 'picture', unit, 0.3, rank, 0.01,
    array[CASE WHEN rank = 1 THEN unit ELSE (unit * 7 + 1) % {pictures} END, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    array[0.3, 0.29, 0.28, 0.27, 0.26, 0.25, 0.24, 0.23, 0.22, 0.21], '{{}}', NULL
FROM (
    SELECT n AS number, CASE WHEN n < {queries} THEN 't2i' ELSE 'i2t' END AS direction, n % {queries} AS prompt,
        CASE WHEN n < {queries} THEN (n / {share}) % {pictures} ELSE n - {queries} END AS unit,
        CASE WHEN mod(abs(hashint4(n + seed)), 10) < 3 THEN 1
            ELSE 2 + mod(abs(hashint4(n * 3 + seed)), 200) END AS rank
    FROM (
        SELECT n, CASE WHEN mod(abs(hashint4(n * 5 + {run} * 7919)), 10) = 0 THEN {run} * 100003 ELSE 0 END AS seed
        FROM generate_series(0, 2 * {queries} - 1) n
    ) drawn
) made
"""


def measure(quick: bool) -> list[Row]:
    runs, queries = (20, 1_000) if quick else (RUNS, QUERIES)
    with database(), tempfile.TemporaryDirectory() as folder:
        settings.NEARMISS_STORE, settings.NEARMISS_CACHE = f"{folder}/store", Path(folder) / "cache"
        Path(settings.NEARMISS_STORE).mkdir()
        project, made = _project(runs, queries)
        connection.close()
        over_http = _over_http(project, made, Path(folder), 5 if quick else 11)
        alone = [*_alone(made, 1 if quick else 5)]
    return [*over_http, *alone]


def _project(count: int, queries: int) -> tuple[Project, list[Run]]:
    project = people.project("Bench", people.person("bench"))
    corpus = Corpus.objects.create(
        project=project, name="Made up", task="retrieval", state="ready", item_count=PICTURES,
        created_at=timezone.now(), content_hash="a" * 64,
    )  # fmt: skip
    made = []
    for number in range(count):
        run = Run.objects.create(
            project=project, method="retrieval.evaluate", title=f"Run {number}", fingerprint="", queue="cpu",
            spec={"data": f"corpus:{corpus.pk}", "k": number % 7, "tau": number / 100}, state="succeeded", attempt=1,
            case_count=2 * queries, created_at=timezone.now(), finished_at=timezone.now(),
            provenance={"data_hash": "a" * 64, "queries": {"t2i": "b" * 64, "i2t": "c" * 64}},
        )  # fmt: skip
        RunInput.objects.create(run=run, field="dataset", corpus=corpus)
        with transaction.atomic(), connection.cursor() as cursor:
            table = create_partition(connection, "experiments_case", run.pk)
            cursor.execute(
                _ANSWERS.format(
                    table=table, columns=COLUMNS, run=run.pk, queries=queries, pictures=PICTURES,
                    share=max(1, queries // PICTURES),
                )
            )  # fmt: skip
            attach_partition(connection, "experiments_case", run.pk)
        made.append(run)
    return project, made


def _over_http(project: Project, runs: list[Run], folder: Path, requests: int) -> list[Row]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
        "DATABASE_URL": settings.PLACES.database_url(embedded.APP, DATABASE),
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "REDIS_CACHE_DB": settings.CACHES["default"]["LOCATION"].rpartition("=")[2],
        "NEARMISS_STORE": str(settings.NEARMISS_STORE),
        "NEARMISS_CACHE": str(settings.NEARMISS_CACHE),
        "PYTHONUNBUFFERED": "1",
    }
    (folder / "logs").mkdir()
    site = Site(folder / "logs", environment)
    site.start("web", "jobs")
    session = people.browser(project.memberships.get().user).cookies[settings.SESSION_COOKIE_NAME].value
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}", "Host": "localhost"}
    named = ",".join(str(run.pk) for run in runs)
    here = f"{reverse('verdicts:compare', args=[project.slug])}?runs={named}"
    few = f"{reverse('verdicts:compare', args=[project.slug])}?runs={runs[0].pk},{runs[1].pk}"
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)) as line:
            _until_there(line, headers, few)  # the first loads everything
            first = _until_there(line, headers, here)
            again = [_until_there(line, headers, f"{here}&baseline={run.pk}") for run in runs[1:6]]
            page = [_asked(line, headers, here)[1] for _ in range(requests)]
            size = len(_asked(line, headers, here)[0].encode())
    except AssertionError as error:
        raise AssertionError(site.text("web")[-2000:] + site.text("jobs")[-3000:]) from error
    finally:
        site.stop()
    what = f"{len(runs)} runs"
    return [
        Row(
            f"{what}, asked until read, another baseline", "limit", "1.5 s", statistics.median(again), LIMIT, 1.0,
            note="what each run reaches is known from before; the verdicts are made anew",
        ),
        Row(
            f"{what}, asked until read, from PostgreSQL", "limit", "1.5 s", first, LIMIT,
            note="where no run has left its outcomes as a file, as each does when it ends",
        ),
        Row(
            "the page, its numbers there", "limit", "1.5 s", statistics.median(page), LIMIT, 1.0,
            note=f"{size / 1e6:.2f} MB",
        ),
    ]  # fmt: skip


def _alone(runs: list[Run], rounds: int) -> list[Row]:
    """The numbers without web and worker; and reading the outcomes."""
    request: dict[str, Any] = {
        "runs": [[run.pk, run.attempt] for run in runs], "baseline": runs[0].pk, "groups": {}, "set": 0, "control": 0,
        "data": "a" * 64, "registration": [], "resamples": 2000, "seed": 0,
    }  # fmt: skip
    taken: dict[str, list[float]] = {"reading": [], "numbers": [], "postgres": []}
    for turn in range(rounds):
        start = time.perf_counter()
        given = gathered(request)
        read = time.perf_counter()
        outcomes, labels, plan = given
        compute(outcomes, labels, plan.__class__(**{**vars(plan), "seed": turn + 1}))  # nothing drawn before
        counted = time.perf_counter()
        for run in runs:
            _read(run.pk)
        taken["reading"].append(read - start)
        taken["numbers"].append(counted - read)
        taken["postgres"].append(time.perf_counter() - counted)
    assert runs[0].finished_at is not None and cases_of(runs[0].pk, 1, runs[0].finished_at)
    took = {name: statistics.median(times) for name, times in taken.items()}
    return [
        Row("the numbers alone", "limit", "1.5 s", took["numbers"], LIMIT),
        Row("reading the outcomes", "naive", "from PostgreSQL each time", took["reading"], took["postgres"], 5.0),
    ]


def _until_there(line: http.client.HTTPConnection, headers: dict[str, str], address: str) -> float:
    """Seconds until the numbers stand on the page, which asks as often as it does."""
    start = time.perf_counter()
    page, _ = _asked(line, headers, address)
    while look := re.search(r'hx-get="([^"]+)" hx-trigger="load delay:(\d+)ms"', page):
        time.sleep(int(look[2]) / 1000)
        page, _ = _asked(line, headers | {"HX-Request": "true"}, unescape(look[1]))
        assert time.perf_counter() - start < 120, page[:500]
    assert "verdict" in page, page[:2000]
    return time.perf_counter() - start


def _asked(line: http.client.HTTPConnection, headers: dict[str, str], address: str) -> tuple[str, float]:
    start = time.perf_counter()
    line.request("GET", address, headers=headers)
    answer = line.getresponse()
    page = answer.read().decode()
    assert answer.status == 200, page[:500]
    return page, time.perf_counter() - start
