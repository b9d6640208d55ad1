"""Labelling as people do it, all at once on one campaign: saving and the next item, processor time, memory, the page.

The peer's figures are those measured on this kind of machine with Label Studio 1.23 on gunicorn and PostgreSQL
(11 labels a second, 80 ms of processor time a label, next p95 440 ms with 8 people, 480 MiB; its page 8.9 MB,
42 requests, usable after 2 s). It is not installed here; they stand as numbers.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import statistics
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from benchmarks._database import DATABASE, database
from benchmarks.gallery import _processor_seconds
from benchmarks.harness import Row
from tests.parts.site import Site
from tests.webapp import annotation_parts, people
from webapp.accounts.models import User
from webapp.annotation.campaigns.actions import LOOKED_AT
from webapp.annotation.models import Annotator, Campaign, Label, LabelEvent, Slot, Task
from webapp.annotation.taxonomies.actions import default_version
from webapp.local import embedded

PEOPLE = (1, 8, 50)
PEER_RATE, PEER_CPU, PEER_NEXT, PEER_MIB = 11.0, 0.080, 0.440, 480.0
PEER_BYTES, PEER_REQUESTS, PEER_USABLE = 8.9e6, 42.0, 2.0
CATEGORIES = ("ambiguous", "attribute", "action", "count", "context", "spatial", "object")
FELT_S, PAINTED_S = 0.050, 0.100
LIMIT_MIB, LIMIT_BYTES, LIMIT_REQUESTS, LIMIT_USABLE, LIMIT_P95 = 150.0, 200e3, 12.0, 0.5, 0.050

# From a key's own time stamp to the frame after the one in which its effect stands, pictures of the item included.
PAINTS = """() => {
  window.paints = [];
  addEventListener("keydown", (event) => {
    const begun = event.timeStamp, pictures = () => [...document.querySelectorAll("#stage img")];
    const shown = () => pictures().every((one) => one.complete);
    const look = () => requestAnimationFrame(() => (shown() ? setTimeout(done) : look()));
    const done = () => window.paints.push([event.code, (performance.now() - begun) / 1000]);
    look();
  }, true);
}"""


@dataclass
class Person:
    """Somebody at work: a line to the server, a token, what they hold."""

    port: int
    cookie: str
    address: str
    submits: list[float] = field(default_factory=list)
    nexts: list[float] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        page = self.ask("GET", "")
        token = re.search(rb'"csrf": "(\w+)"', page)
        assert token, page[:300]
        self.token = token.group(1).decode()
        given = re.search(rb'<script id="given"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert given
        self.tasks = [task["id"] for task in json.loads(given.group(1))["tasks"]]

    def ask(self, method: str, place: str, body: Any = None) -> bytes:
        headers = {"Cookie": self.cookie, "Host": "localhost"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self.token}
        sent = json.dumps(body) if body is not None else None
        for again in (True, True, False):  # as the page does: what was not answered is sent again, stored once
            try:
                self.line.request(method, self.address + place, sent, headers)
                answer = self.line.getresponse()
                data = answer.read()
                break
            except (OSError, http.client.HTTPException):
                self.line.close()
                if not again:
                    raise
        for name, text in answer.getheaders():
            if name.lower() == "set-cookie" and text.startswith("csrftoken="):
                self.cookie = f"{self.cookie.partition('; csrftoken')[0]}; {text.partition(';')[0]}"
        assert answer.status == 200, (answer.status, data[:500])
        return data

    def work(self, until: float) -> None:
        while time.perf_counter() < until and self.tasks:
            event = {
                "key": str(uuid.uuid4()), "task": self.tasks.pop(0), "kind": "answer", "first_choice_ms": 900,
                "category": CATEGORIES[len(self.submits) % 7], "spent_ms": 1500,
            }  # fmt: skip
            start = time.perf_counter()
            told = json.loads(self.ask("POST", "answers/", {"events": [event], "want": 1, "have": self.tasks}))
            self.submits.append(time.perf_counter() - start)
            self.outcomes += [one["outcome"] for one in told["saved"]]
            self.tasks += [task["id"] for task in told["tasks"]]
            if len(self.submits) % 10 == 0:
                start = time.perf_counter()
                have = ",".join(map(str, self.tasks))
                told = json.loads(self.ask("GET", f"next/?want=1&have={have}"))
                self.nexts.append(time.perf_counter() - start)
                self.tasks += [task["id"] for task in told["tasks"]]


def measure(quick: bool) -> list[Row]:
    with database(), tempfile.TemporaryDirectory() as folder:
        settings.NEARMISS_STORE, settings.NEARMISS_CACHE = f"{folder}/store", Path(folder) / "cache"
        settings.NEARMISS_CACHE.mkdir()
        run = annotation_parts.labelled_project(Path(folder), names=("ann",))
        shown = annotation_parts.campaign(run, names=("ann",))
        users = [people.person(f"p{number}") for number in range(max(PEOPLE))]
        for user in users:
            people.member(run.project, user, "annotator")
        sessions = {user.pk: _session(user) for user in [*users, User.objects.get(username="ann")]}
        site = Site(Path(folder), _environment())
        site.start("web")
        try:
            rows = []
            for mode, count in [*(("pool", count) for count in PEOPLE), ("shares", 8)]:
                campaign = _campaign(run.project, f"{mode} {count}", mode, users[:count], 1500 if quick else 6000)
                rows += _load(site, campaign, users[:count], sessions, mode, 3.0 if quick else 8.0)
            rows += _page(site, shown, sessions[User.objects.get(username="ann").pk])
        except AssertionError as error:
            raise AssertionError(f"{error}\n{site.text('web')[-3000:]}") from error
        finally:
            site.stop()
    return rows


def _environment() -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
        "DATABASE_URL": settings.PLACES.database_url(embedded.APP, DATABASE),
        "DATABASE_POOL": "6",
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "REDIS_CACHE_DB": settings.CACHES["default"]["LOCATION"].rpartition("=")[2],
        "NEARMISS_STORE": settings.NEARMISS_STORE,
        "NEARMISS_CACHE": str(settings.NEARMISS_CACHE),
        "PYTHONUNBUFFERED": "1",
    }


def _session(user: User) -> str:
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={people.browser(user).cookies[name].value}"


def _campaign(project: Any, name: str, mode: str, users: list[User], size: int) -> Campaign:
    """A campaign of `size` samples with one answer wanted of each: free in a pool, else by turns."""
    now = timezone.now()
    version = default_version(project=project, now=now)
    campaign = Campaign.objects.create(
        project=project, name=name, mode=mode, taxonomy_version=version, population=size, created_at=now
    )
    rows = Annotator.objects.bulk_create(
        Annotator(campaign=campaign, user=user, letter=f"P{number}", joined_at=now) for number, user in enumerate(users)
    )
    picture = {"kind": "picture", "number": 1, "width": 640, "height": 480, "name": "000000123456"}
    words = {"kind": "text", "text": "A person in a red jacket skis down a snowy slope beside a row of pine trees."}
    tasks = Task.objects.bulk_create(
        Task(campaign=campaign, position=n, idx=str(n), group="pool", prompt=words, right=picture, given=picture,
             facts={"rank": 3, "margin": -0.02}) for n in range(size)
    )  # fmt: skip
    pool = mode == "pool"
    Slot.objects.bulk_create(
        Slot(campaign=campaign, task=task, number=1, position=task.position, state="free" if pool else "open",
             annotator=None if pool else rows[task.position % len(rows)]) for task in tasks
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT)
    return campaign


def _load(
    site: Site, campaign: Campaign, users: list[User], sessions: dict[int, str], mode: str, seconds: float
) -> list[Row]:
    address = f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"
    workers = [Person(site.port, sessions[user.pk], address) for user in users]
    for worker in workers:
        worker.open()
    used, begun = _processor_seconds(site.pid("web")), time.perf_counter()
    threads = [threading.Thread(target=worker.work, args=(begun + seconds,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = time.perf_counter() - begun, _processor_seconds(site.pid("web")) - used
    submits = [each for worker in workers for each in worker.submits]
    nexts = [each for worker in workers for each in worker.nexts]
    _nothing_twice(campaign, workers)
    where, memory = f"{mode}, {len(users)} at once", _memory(site.pid("web"))
    rate, cpu, p95 = len(submits) / took, used / len(submits), _p95(submits)
    strict = len(users) <= 8
    at_eight = 1.0 if len(users) == 8 else None
    note = f"p50 {1000 * statistics.median(submits):.1f} ms, {len(submits)} labels"
    return [
        # A rate is the other way round: the peer's seconds a label beside ours.
        Row(f"{where}: a label", "peer", "Label Studio, 11/s", 1 / rate, 1 / PEER_RATE, 10.0 if strict else None,
            note=f"{rate:.0f} labels/s"),
        Row(f"{where}: processor time a label", "peer", "Label Studio, 80 ms", cpu, PEER_CPU, 10.0 if strict else None),
        Row(f"{where}: submit and next, p95", "limit", "50 ms", p95, LIMIT_P95, at_eight, note=note),
        Row(f"{where}: next alone, p95", "limit", "50 ms", _p95(nexts), LIMIT_P95, at_eight,
            note=f"p50 {1000 * statistics.median(nexts):.1f} ms" if nexts else ""),
        Row(f"{where}: memory of the largest web process", "limit", "150 MiB", memory[0], LIMIT_MIB, 1.0, "MiB",
            note=f"all: {', '.join(f'{each:.0f}' for each in memory)} MiB"),
    ]  # fmt: skip


def _nothing_twice(campaign: Campaign, workers: list[Person]) -> None:
    """What the database holds: every answer once, no slot filled twice, nothing outside the plan."""
    said = sum(len(worker.submits) for worker in workers)
    labels = Label.objects.filter(campaign=campaign)
    assert LabelEvent.objects.filter(campaign_id=campaign.pk).count() == labels.count() == said
    assert labels.filter(slot__state="answered").values("slot").distinct().count() == said
    assert labels.values("task").distinct().count() == said, "a task was given twice"
    assert {outcome for worker in workers for outcome in worker.outcomes} <= {"saved", "again"}


def _page(site: Site, campaign: Campaign, cookie: str) -> list[Row]:
    """The page in Chromium with nothing cached: what comes before the first picture, and until it can be used."""
    from playwright.sync_api import sync_playwright

    name, _, value = cookie.partition("=")
    url = f"http://127.0.0.1:{site.port}"
    usable, weights, counts = [], [], []
    paints: list[tuple[str, float]] = []
    with sync_playwright() as playwright:
        program = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(5):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": name, "value": value, "url": url}])
            page = context.new_page()
            line = context.new_cdp_session(page)
            line.send("Network.enable")
            requests: dict[str, str] = {}
            bytes_of: dict[str, float] = {}
            line.on(
                "Network.requestWillBeSent",
                lambda told, r=requests: r.setdefault(told["requestId"], told["request"]["url"]),
            )
            line.on(
                "Network.loadingFinished",
                lambda told, b=bytes_of: b.update({told["requestId"]: told["encodedDataLength"]}),
            )
            page.goto(f"{url}/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/")
            page.wait_for_selector("body:not([data-busy])")
            page.wait_for_timeout(300)
            usable.append(page.evaluate("performance.getEntriesByName('usable')[0].startTime") / 1000)
            before = [
                number for number, asked in requests.items() if "/pictures/" not in asked and asked.startswith("http")
            ]
            counts.append(float(len(before)))
            weights.append(sum(bytes_of.get(number, 0.0) for number in before))
            if not paints:
                paints = _keys(page)
            context.close()
        browser.close()
    middle = statistics.median
    felt = [took for code, took in paints if code != "Enter"]
    painted = [took for code, took in paints if code == "Enter"]
    return [
        Row("the page: bytes before its pictures", "limit", "200 kB", middle(weights), LIMIT_BYTES, 1.0, "B"),
        Row("the page: requests before its pictures", "limit", "12", middle(counts), LIMIT_REQUESTS, 1.0, "requests"),
        Row("the page: usable", "limit", "500 ms", middle(usable), LIMIT_USABLE, 1.0,
            note=f"slowest of 5: {1000 * max(usable):.0f} ms"),
        Row("the page: a choice is felt, p95", "limit", "50 ms", _p95(felt), FELT_S, 1.0, note=f"{len(felt)} keys"),
        Row("the page: the next item is painted, p95", "limit", "100 ms", _p95(painted), PAINTED_S, 1.0,
            note=f"{len(painted)} items"),
        Row("the page: bytes", "peer", "Label Studio, 8.9 MB", middle(weights), PEER_BYTES, None, "B"),
        Row("the page: usable", "peer", "Label Studio, 2 s", middle(usable), PEER_USABLE),
    ]  # fmt: skip


def _keys(page: Any) -> list[tuple[str, float]]:
    """A person's keys on twenty items: code and seconds until their effect was painted."""
    page.wait_for_function("[...document.querySelectorAll('#stage img')].every((one) => one.complete)")
    page.evaluate(PAINTS)
    for number in range(20):
        for code in (f"Digit{2 + number % 6}", "Enter"):
            before = page.evaluate("window.paints.length")
            page.keyboard.press(code)
            page.wait_for_function("before => window.paints.length > before", arg=before)
        page.wait_for_timeout(150)
    return [(code, took) for code, took in page.evaluate("window.paints")]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else float("nan")


def _memory(group: int) -> list[float]:
    """MiB that each process of a group holds, the largest first; what they share is counted in each."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((path / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                held = re.search(r"^Rss:\s+(\d+)", (path / "smaps_rollup").read_text(), re.MULTILINE)
                found.append(int(held.group(1)) / 1024 if held else 0.0)
    return sorted(found, reverse=True)
