"""Labelling as people do it, all at once on one campaign: saving and the next item, processor time, memory, the page.

Label Studio does the same work in the same run, in turns with ours, where it is installed (`make bench-peer`): on
gunicorn and PostgreSQL, with as many processes and threads. Elsewhere the figures stand in that it reached on the
machine this was built on, with 8 people; they say little about another machine. The limits in milliseconds were set
beside those figures, so each stands here twice: as it is, and as how far below Label Studio's in the same run it lies.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from PIL import Image

from benchmarks import _label_studio
from benchmarks._browser import Openings, chromium, opened
from benchmarks._crowd import Crowd, Person, in_turns, memory, p95
from benchmarks._database import DATABASE, database
from benchmarks.harness import Row
from tests.parts.site import Site
from tests.webapp import annotation_parts, people
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.actions import LOOKED_AT
from webapp.annotation.models import Annotator, Campaign, FirstChoice, Gold, Label, LabelEvent, Slot, Task
from webapp.annotation.taxonomies.actions import default_version
from webapp.local import embedded

PEOPLE = (1, 8, 50)
THREADS = 4  # of each web process, as tests/parts/site.py starts ours
CATEGORIES = ("ambiguous", "attribute", "action", "count", "context", "spatial", "object")
CAPTION = "A person in a red jacket skis down a snowy slope beside a row of pine trees."
EVERY = 10  # everything on: one task in so many is for three people, one is gold, one answer has a note and a flag
OPENED = 5
TIMES = 10.0
FELT_S, PAINTED_S = 0.050, 0.100
# How far below Label Studio's the limits lie where they were set: its next took 440 ms there, its page 2 s.
FASTER, SOONER = 0.440 / 0.050, 2.0 / 0.5
LIMIT_MIB, LIMIT_BYTES, LIMIT_REQUESTS, LIMIT_USABLE, LIMIT_P95 = 150.0, 200e3, 12.0, 0.5, 0.050
OURS, THEIRS = "body:not([data-busy])", ".lsf-choices input"  # what stands there once a choice can be made

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


@dataclass(frozen=True)
class Kind:
    """What a campaign has on. `full`: overlap, blind, gold with feedback, confidence, notes, flags, a quota."""

    mode: str
    full: bool = False

    def __str__(self) -> str:
        return f"{self.mode}{', everything on' if self.full else ''}"


KINDS = (Kind("pool"), Kind("shares"), Kind("pool", full=True), Kind("shares", full=True))


@dataclass(frozen=True)
class Peer:
    """What Label Studio reached: labels a second, processor seconds a label, p95s, MiB of its largest process."""

    name: str
    rate: float
    cost: float
    following: float
    mib: float
    submit: float | None = None
    note: str = ""


PUBLISHED = Peer(
    "Label Studio, as once measured", 11.0, 0.080, 0.440, 480.0, note="not installed here: make bench-peer"
)
PUBLISHED_PAGE = (8.9e6, 42.0, 2.0)


class Ours(Person):
    """Somebody on our labelling page: one request a label, and in a blind campaign one more for the first choice."""

    def __init__(self, port: int, cookies: dict[str, str], campaign: Campaign):
        super().__init__(port, cookies)
        self.address = f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"
        self.full = campaign.blind
        self.given: list[int] = []
        self.outcomes: list[str] = []
        self.golds = 0
        self.reveals: list[float] = []

    def open(self) -> None:
        page = self.ask("GET", self.address)[1]
        token = re.search(rb'"csrf": "(\w+)"', page)
        given = re.search(rb'<script id="given"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert token and given, page[:300]
        self.headers["X-CSRFToken"] = token.group(1).decode()
        self.tasks = self._taken(json.loads(given.group(1)))

    def label(self) -> bool:
        if not self.tasks:
            return False
        number = len(self.submits)
        event = {
            "key": str(uuid.uuid4()), "task": self.tasks.pop(0), "kind": "answer", "first_choice_ms": 900,
            "category": CATEGORIES[number % 7], "spent_ms": 1500,
        }  # fmt: skip
        if self.full:
            self._reveal(event)
            event["confidence"] = 1 + number % 3
            if number % EVERY == 0:
                event |= {"note": "Two of the three people wear red.", "flagged": True}
        start = time.perf_counter()
        told = self.post(f"{self.address}answers/", {"events": [event], "want": 1, "have": self.tasks})
        self.submits.append(time.perf_counter() - start)
        self.outcomes += [one["outcome"] for one in told["saved"]]
        self.golds += len(told.get("gold", []))
        self.tasks += self._taken(told)
        if len(self.submits) % 10 == 0:
            start = time.perf_counter()
            told = json.loads(self.ask("GET", f"{self.address}next/?want=1&have={','.join(map(str, self.tasks))}")[1])
            self.nexts.append(time.perf_counter() - start)
            self.tasks += self._taken(told)
        return True

    def _reveal(self, event: dict[str, Any]) -> None:
        start = time.perf_counter()
        told = self.post(f"{self.address}reveal/", {"task": event["task"], "category": event["category"]})
        self.reveals.append(time.perf_counter() - start)
        assert told["roles"]

    def _taken(self, told: dict[str, Any]) -> list[int]:
        numbers = [task["id"] for task in told["tasks"]]
        self.given += numbers
        return numbers


@dataclass
class Bench:
    """What every part needs: our site, its people and their sessions, Label Studio or None, sizes."""

    site: Site
    project: Project
    users: list[User]
    cookies: dict[int, dict[str, str]]
    studio: _label_studio.LabelStudio | None
    folder: Path
    size: int
    seconds: float


def measure(quick: bool) -> list[Row]:
    with database(), tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as ends:
        folder = Path(place)
        settings.NEARMISS_STORE, settings.NEARMISS_CACHE = f"{folder}/store", folder / "cache"
        settings.NEARMISS_CACHE.mkdir()
        run = annotation_parts.labelled_project(folder, names=("ann",))
        shown = annotation_parts.campaign(run, names=("ann",))
        users = [people.person(f"p{number}") for number in range(max(PEOPLE))]
        for user in users:
            people.member(run.project, user, "annotator")
        ann = User.objects.get(username="ann")
        cookies = {user.pk: _session(user) for user in [*users, ann]}
        studio = ends.enter_context(_studio(folder))
        site = Site(folder, _environment())
        ends.callback(site.stop)
        site.start("web")
        bench = Bench(site, run.project, users, cookies, studio, folder, 1500 if quick else 6000, 3.0 if quick else 8.0)
        try:
            page = _page(bench, shown, cookies[ann.pk])  # before the others: their rows are tidied up for long
            return [*(row for count in PEOPLE for row in _load(bench, count)), *page]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{site.text('web')[-3000:]}") from error


@contextlib.contextmanager
def _studio(folder: Path) -> Iterator[_label_studio.LabelStudio | None]:
    """Label Studio, running; None where it is not installed."""
    home = _label_studio.home()
    if home is None:
        yield None
        return
    files = folder / "label-studio"
    files.mkdir()
    with _label_studio.running(home, settings.PLACES, files, THREADS) as studio:
        yield studio


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


def _session(user: User) -> dict[str, str]:
    name = settings.SESSION_COOKIE_NAME
    return {name: people.browser(user).cookies[name].value}


def _campaign(project: Project, kind: Kind, users: Sequence[User], size: int) -> Campaign:
    """A campaign of `size` samples, one answer wanted of each: free in a pool, else by turns. `full`: see Kind."""
    now = timezone.now()
    campaign = Campaign.objects.create(
        project=project, name=f"{kind}, {len(users)}", mode=kind.mode, population=size, created_at=now,
        taxonomy_version=default_version(project=project, now=now),
        blind=kind.full, ask_confidence=kind.full, show_gold_feedback=kind.full,
    )  # fmt: skip
    rows = Annotator.objects.bulk_create(
        Annotator(campaign=campaign, user=user, letter=f"P{number}", joined_at=now,
                  quota=size if kind.full and kind.mode == "pool" else None) for number, user in enumerate(users)
    )  # fmt: skip
    picture = {"kind": "picture", "number": 1, "width": 640, "height": 480, "name": "000000123456"}
    words = {"kind": "text", "text": CAPTION}
    tasks = Task.objects.bulk_create(
        Task(campaign=campaign, position=n, idx=str(n), prompt=words, right=picture, given=picture,
             group="overlap" if _times(kind, n) > 1 else "pool", facts={"rank": 3, "margin": -0.02})
        for n in range(size)
    )  # fmt: skip
    Slot.objects.bulk_create(slot for task in tasks for slot in _slots(campaign, kind, task, rows))
    if kind.full:
        Gold.objects.bulk_create(
            Gold(task=task, category="count", explanation="There are two of them.", at=now)
            for task in tasks if _gold(task.position)
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT)
    return campaign


def _times(kind: Kind, position: int) -> int:
    """How many answers are wanted of a task."""
    return 3 if kind.full and position % EVERY == 0 else 1


def _gold(position: int) -> bool:
    return position % EVERY == EVERY // 2


def _slots(campaign: Campaign, kind: Kind, task: Task, rows: Sequence[Annotator]) -> Iterator[Slot]:
    pool = kind.mode == "pool"
    for number in range(_times(kind, task.position) if pool else min(len(rows), _times(kind, task.position))):
        whose = None if pool else rows[(task.position + number) % len(rows)]
        yield Slot(
            campaign=campaign, task=task, number=number + 1, position=task.position, annotator=whose,
            state="free" if pool else "open",
        )  # fmt: skip


def _load(bench: Bench, count: int) -> list[Row]:
    """So many people at once on each kind of campaign and on Label Studio, in turns."""
    kinds = KINDS if count <= 8 else KINDS[:1]
    campaigns = [_campaign(bench.project, kind, bench.users[:count], bench.size) for kind in kinds]
    crowds = [
        Crowd([Ours(bench.site.port, bench.cookies[user.pk], campaign) for user in bench.users[:count]],
              bench.site.pid("web")) for campaign in campaigns
    ]  # fmt: skip
    work, theirs = _their_crowd(bench, count, bench.size)
    everybody: list[Crowd[Any]] = [*theirs, *crowds]
    for one in (one for crowd in everybody for one in crowd.people):
        one.open()
    in_turns(everybody, bench.seconds)
    peer = _measured(bench.studio, work, theirs[0]) if bench.studio and work else PUBLISHED
    rows = []
    for kind, campaign, crowd in zip(kinds, campaigns, crowds, strict=True):
        _nothing_twice(campaign, kind, crowd.people)
        rows += _rows(f"{kind}, {count} at once", crowd, peer)
    for crowd in crowds:
        crowd.close()
    return [*rows, *_sizes(f"{count} at once", bench.site.pid("web"), peer)]


def _their_crowd(
    bench: Bench, count: int, size: int
) -> tuple[_label_studio.Work | None, list[Crowd[_label_studio.Annotator]]]:
    """A project of Label Studio with so many tasks, and its people; none where it is not installed."""
    if bench.studio is None:
        return None, []
    title = f"{count} at once, {size} tasks"
    work = bench.studio.project(title, _pictures(bench.folder), CAPTION, CATEGORIES, size)
    annotators = bench.studio.annotators(count)
    for one in annotators:
        one.work_on = work
    return work, [Crowd(annotators, bench.studio.group)]


def _pictures(folder: Path) -> list[Path]:
    paths = [folder / "right.jpg", folder / "given.jpg"]
    for shade, path in enumerate(paths):
        Image.linear_gradient("L").resize((640, 480)).rotate(180 * shade).convert("RGB").save(path)
    return paths


def _measured(
    studio: _label_studio.LabelStudio, work: _label_studio.Work, crowd: Crowd[_label_studio.Annotator]
) -> Peer:
    answers, tasks = studio.answered(work)
    assert answers >= len(crowd.submits) > 0, "Label Studio did not keep what was said"
    seen = [number for one in crowd.people for number in one.seen]
    twice = len(seen) - len(set(seen))
    note = f"{crowd.rate:.1f}/s there; {tasks} of its tasks labelled, {twice} given out twice"
    return Peer(
        f"Label Studio {studio.version}, in this run", crowd.rate, crowd.cost, p95(crowd.nexts),
        memory(studio.group)[0], p95(crowd.submits), note,
    )  # fmt: skip


def _rows(where: str, crowd: Crowd[Ours], peer: Peer) -> list[Row]:
    """One crowd's figures: against Label Studio, which has `TIMES` to be beaten by, and against the limits."""
    few, at_eight = len(crowd.people) <= 8, len(crowd.people) == 8
    times, limit = TIMES if few else None, 1.0 if at_eight else None
    submits, nexts = crowd.submits, crowd.nexts
    reveals = [each for one in crowd.people for each in one.reveals]
    note = f"p50 {1000 * statistics.median(submits):.1f} ms, {len(submits)} labels"
    note += f"; which side is which, p95 {1000 * p95(reveals):.1f} ms" if reveals else ""
    middle = f"p50 {1000 * statistics.median(nexts):.1f} ms" if nexts else ""
    rows = [
        # A rate is the other way round: the peer's seconds a label beside ours.
        Row(f"{where}: a label", "peer", peer.name, 1 / crowd.rate, 1 / peer.rate, times,
            note=f"{crowd.rate:.0f} labels/s; {peer.note}"),
        Row(f"{where}: processor time a label", "peer", peer.name, crowd.cost, peer.cost, times),
        Row(f"{where}: submit and next, p95", "limit", "50 ms", p95(submits), LIMIT_P95, limit, note=note),
        Row(f"{where}: next alone, p95", "limit", "50 ms", p95(nexts), LIMIT_P95, limit, note=middle),
        Row(f"{where}: next alone, p95", "peer", peer.name, p95(nexts), peer.following, FASTER if at_eight else None),
    ]  # fmt: skip
    if peer.submit is not None:
        rows.append(Row(f"{where}: submit and next, p95", "peer", peer.name, p95(submits), peer.submit))
    return rows


def _sizes(where: str, group: int, peer: Peer) -> list[Row]:
    held = memory(group)
    note = f"all: {', '.join(f'{each:.0f}' for each in held)} MiB"
    work = f"{where}: memory of the largest web process"
    return [
        Row(work, "limit", "150 MiB", held[0], LIMIT_MIB, 1.0, "MiB", note=note),
        Row(work, "peer", peer.name, held[0], peer.mib, None, "MiB"),
    ]


def _nothing_twice(campaign: Campaign, kind: Kind, workers: Sequence[Ours]) -> None:
    """What the database holds: every answer once, no slot filled twice, nothing outside the plan, every gold told."""
    said = sum(len(worker.submits) for worker in workers)
    labels = Label.objects.filter(campaign=campaign)
    assert LabelEvent.objects.filter(campaign_id=campaign.pk).count() == labels.count() == said
    assert labels.filter(slot__state="answered").values("slot").distinct().count() == said
    assert all(len(set(worker.given)) == len(worker.given) for worker in workers), "somebody was given a task twice"
    assert {outcome for worker in workers for outcome in worker.outcomes} <= {"saved", "again"}
    given = [number for worker in workers for number in worker.given]
    if not kind.full:
        assert len(set(given)) == len(given), "a task was given twice"
        return
    positions = dict(Task.objects.filter(campaign=campaign).values_list("id", "position"))
    assert all(given.count(number) <= _times(kind, positions[number]) for number in set(given)), "given too often"
    assert FirstChoice.objects.filter(campaign_id=campaign.pk).count() == said
    gold = sum(_gold(positions[number]) for number in labels.values_list("task", flat=True))
    assert sum(worker.golds for worker in workers) == gold > 0


def _page(bench: Bench, campaign: Campaign, cookies: dict[str, str]) -> list[Row]:
    """Both pages in Chromium, in turns: what comes before the first picture, and until a choice can be made."""
    ours, theirs = Openings(), Openings()
    paints: list[tuple[str, float]] = []
    path = f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"
    origin = f"http://127.0.0.1:{bench.site.port}"
    marks = []
    work, crowd = _their_crowd(bench, 1, 34)  # as many as ours
    with chromium() as browser:
        for _ in range(OPENED):
            with opened(browser, origin, path, cookies, ready=OURS, pictures="/pictures/", into=ours) as page:
                marks.append(page.evaluate("performance.getEntriesByName('usable')[0].startTime") / 1000)
                paints = paints or _keys(page)
            if bench.studio and work:
                there, known = f"http://127.0.0.1:{bench.studio.port}", crowd[0].people[0].cookies
                with opened(browser, there, work.page, known, ready=THEIRS, pictures="/data/upload/", into=theirs):
                    pass
    peer = f"Label Studio {bench.studio.version}, in this run" if bench.studio else PUBLISHED.name
    return [*_limits(ours, marks, paints), *_page_beside(ours, theirs.middle if bench.studio else PUBLISHED_PAGE, peer)]


def _limits(ours: Openings, marks: list[float], paints: list[tuple[str, float]]) -> list[Row]:
    weight, count, _ = ours.middle
    felt = [took for code, took in paints if code != "Enter"]
    painted = [took for code, took in paints if code == "Enter"]
    return [
        Row("the page: bytes before its pictures", "limit", "200 kB", weight, LIMIT_BYTES, 1.0, "B"),
        Row("the page: requests before its pictures", "limit", "12", count, LIMIT_REQUESTS, 1.0, "requests"),
        Row("the page: usable", "limit", "500 ms", statistics.median(marks), LIMIT_USABLE, 1.0,
            note=f"slowest of {len(marks)}: {1000 * max(marks):.0f} ms"),
        Row("the page: a choice is felt, p95", "limit", "50 ms", p95(felt), FELT_S, 1.0, note=f"{len(felt)} keys"),
        Row("the page: the next item is painted, p95", "limit", "100 ms", p95(painted), PAINTED_S, 1.0,
            note=f"{len(painted)} items"),
    ]  # fmt: skip


def _page_beside(ours: Openings, theirs: tuple[float, float, float], peer: str) -> list[Row]:
    note = "" if peer != PUBLISHED.name else PUBLISHED.note
    names = ("bytes before its pictures", "requests before its pictures", "usable, seen from outside")
    units = ("B", "requests", "s")
    return [
        Row(f"the page: {name}", "peer", peer, mine, other, SOONER if unit == "s" else None, unit, note=note)
        for name, unit, mine, other in zip(names, units, ours.middle, theirs, strict=True)
    ]


def _keys(page: Any) -> list[tuple[str, float]]:
    """A person's keys on twenty items: code and seconds until their effect was painted."""
    page.wait_for_function("() => [...document.querySelectorAll('#stage img')].every((one) => one.complete)")
    page.evaluate(PAINTS)
    for number in range(20):
        for code in (f"Digit{2 + number % 6}", "Enter"):
            before = page.evaluate("window.paints.length")
            page.keyboard.press(code)
            page.wait_for_function("before => window.paints.length > before", arg=before)
        page.wait_for_timeout(150)
    return [(code, took) for code, took in page.evaluate("window.paints")]
