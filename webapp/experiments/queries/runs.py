"""One run or many: rows of the list, the run itself with all that its page shows, found within its project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext

from ml_core.methods import cards
from ml_core.spec import Card
from webapp.accounts.models import Project
from webapp.experiments.lifecycle import FINAL
from webapp.experiments.metric_names import in_words
from webapp.experiments.models import Metric, Run, RunGroup

PAGE = 40
STATES = dict(Run.State.choices)
WAYS = ("t2i", "i2t", "classify")  # directions of which a run may have one alone


@dataclass(frozen=True)
class Measured:
    """A metric as a table shows it."""

    name: str
    slice: str
    value: float
    low: float | None
    high: float | None
    n: int | None

    @property
    def label(self) -> str:
        """Its name in words."""
        return in_words(self.name, self.slice)


@dataclass(frozen=True)
class Row:
    """A run in a list."""

    id: int
    title: str
    method: str
    method_title: str
    state: str
    shown_state: str
    dataset: str
    person: str
    created_at: datetime
    seconds: float | None
    headline: Measured | None
    position: int | None
    share: int | None
    group_id: int | None
    held_out: str = ""


@dataclass(frozen=True)
class Filters:
    """What a list of runs is narrowed to; it stands in the address."""

    state: str = ""
    method: str = ""
    dataset: int | None = None
    text: str = ""
    before: int | None = None
    after: int | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.state or self.method or self.dataset or self.text)


@dataclass(frozen=True)
class Page:
    """One page of a list, with the ids that the next and the previous page start from."""

    rows: list[Row]
    older: int | None
    newer: int | None


@dataclass(frozen=True)
class Choices:
    """What a list can be narrowed by."""

    methods: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[tuple[int, str]] = field(default_factory=list)


def card_of(method: str) -> Card | None:
    """The card of a method; None where its package is no longer installed."""
    return cards().get(method)


def title_of(run: Run) -> str:
    """What a run is called: its title, or its method and number."""
    card = card_of(run.method)
    return run.title or f"{gettext(card.title) if card else run.method} {run.pk}"


def held_out_of(run: Run) -> str:
    """What a run says of its data: “no” where its model was trained on them, “unknown” where a model of ours does not
    say, “yes”, or nothing."""
    return str(run.provenance.get("held_out") or "")


def shown_state(run: Run) -> str:
    """The state as people see it: a running run may be starting or stopping."""
    if run.state != Run.State.RUNNING:
        return str(run.state)
    if run.cancel_requested_at:
        return "stopping"
    return "starting" if run.progress.get("stage", "starting") == "starting" else "running"


def run_of(project: Project, run_id: int) -> Run | None:
    """A run of this project with what its page names; None where the project has none of that number."""
    related = ("project", "group", "cloned_from", "created_by")
    return Run.objects.select_related(*related).filter(project=project, pk=run_id).first()


def runs_of(project: Project) -> QuerySet[Run]:
    """Every run of a project, newest first."""
    return Run.objects.filter(project=project).order_by("-id")


def narrowed(runs: QuerySet[Run], filters: Filters) -> QuerySet[Run]:
    """Only the runs that fit."""
    if filters.state:
        runs = runs.filter(state=filters.state)
    if filters.method:
        runs = runs.filter(method=filters.method)
    if filters.dataset:
        runs = runs.filter(inputs__corpus_id=filters.dataset).distinct()
    if filters.text:
        runs = runs.filter(Q(title__icontains=filters.text) | Q(method__icontains=filters.text))
    return runs


def page_of_runs(project: Project, filters: Filters, *, now: datetime) -> Page:
    """The runs that fit, newest first, page by page along their ids. Five queries whatever the number of rows."""
    runs = narrowed(runs_of(project), filters)
    if filters.after:
        found = list(
            runs.filter(pk__gt=filters.after)
            .order_by("id")
            .select_related("created_by")
            .prefetch_related("inputs__corpus")[: PAGE + 1]
        )
        more_newer, more_older = len(found) > PAGE, True
        found = found[:PAGE][::-1]
    else:
        runs = runs.filter(pk__lt=filters.before) if filters.before else runs
        found = list(runs.select_related("created_by").prefetch_related("inputs__corpus")[: PAGE + 1])
        more_older, more_newer = len(found) > PAGE, bool(filters.before)
        found = found[:PAGE]
    older = found[-1].pk if found and more_older else None
    newer = found[0].pk if found and more_newer else None
    return Page(rows_of(found, now=now), older, newer)


def rows_of(runs: list[Run], *, now: datetime) -> list[Row]:
    """Runs as rows of a list, each with its headline."""
    headlines = headlines_of(runs)
    positions = positions_of(runs)
    return [_row(run, headlines.get(run.pk), positions.get(run.pk), now) for run in runs]


def headlines_of(runs: Iterable[Run]) -> dict[int, Measured]:
    """The one number that each run's method is judged by, where the run has measured it."""
    wanted = {run.pk: headline_names(card) for run in runs if (card := card_of(run.method)) and card.headline}
    names = {name for some in wanted.values() for name in some}
    found: dict[int, dict[str, Metric]] = {}
    for metric in Metric.objects.filter(run__in=wanted, name__in=names, slice="", step=FINAL):
        found.setdefault(metric.run_id, {})[metric.name] = metric
    first = {pk: next((there[name] for name in wanted[pk] if name in there), None) for pk, there in found.items()}
    return {pk: measured(metric) for pk, metric in first.items() if metric}


def headline_names(card: Card) -> list[str]:
    """The number that a method is judged by, then the same of the other directions: a run may have only one of them."""
    direction, slash, name = card.headline.rpartition("/")
    others = [f"{way}/{name}" for way in WAYS if way != direction] if slash and direction in WAYS else []
    return [card.headline, *others]


def measured(metric: Metric) -> Measured:
    """A metric as a table shows it."""
    return Measured(metric.name, metric.slice, metric.value, metric.low, metric.high, metric.n)


def positions_of(runs: Iterable[Run]) -> dict[int, int]:
    """Places in the queue, from 1, of those of the runs that wait."""
    waiting = {run.pk for run in runs if run.state == Run.State.QUEUED}
    if not waiting:
        return {}
    places: dict[int, int] = {}
    counts: dict[str, int] = {}
    queued = Run.objects.filter(state=Run.State.QUEUED).order_by("created_at", "id").values_list("pk", "queue")
    for pk, queue in queued[:2000]:
        counts[queue] = counts.get(queue, 0) + 1
        if pk in waiting:
            places[pk] = counts[queue]
    return places


def older_elsewhere(run: Run) -> int:
    """How many runs of other queues wait that are older than this one: a worker of several queues takes them first."""
    queued = Run.objects.filter(state=Run.State.QUEUED).exclude(queue=run.queue)
    return queued.filter(Q(created_at__lt=run.created_at) | Q(created_at=run.created_at, pk__lt=run.pk)).count()


def seconds_of(run: Run, *, now: datetime) -> float | None:
    """How long a run took or has been running; None where it has not started."""
    if run.started_at is None:
        return None
    return max(0.0, ((run.finished_at or now) - run.started_at).total_seconds())


def choices_of(project: Project) -> Choices:
    """The methods and data sets that this project's runs have."""
    used = Run.objects.filter(project=project).values_list("method").annotate(Count("id")).order_by("method")
    datasets = (
        Run.objects.filter(project=project, inputs__corpus__isnull=False)
        .values_list("inputs__corpus_id", "inputs__corpus__name")
        .distinct()
        .order_by("inputs__corpus__name")
    )
    methods = [(key, gettext(card.title) if (card := card_of(key)) else key) for key, _ in used]
    return Choices(methods, [(pk, name) for pk, name in datasets])


def groups_of(project: Project) -> QuerySet[RunGroup]:
    """The groups of a project."""
    return RunGroup.objects.filter(project=project).order_by("-id")


def _row(run: Run, headline: Measured | None, position: int | None, now: datetime) -> Row:
    card = card_of(run.method)
    names = [needed.corpus.name for needed in run.inputs.all() if needed.corpus]
    return Row(
        id=run.pk,
        title=title_of(run),
        method=run.method,
        method_title=gettext(card.title) if card else run.method,
        state=run.state,
        shown_state=shown_state(run),
        dataset=names[0] if names else "",
        person=run.created_by.get_username() if run.created_by else "",
        created_at=run.created_at,
        seconds=seconds_of(run, now=now),
        headline=headline,
        position=position,
        share=_share(run.progress),
        group_id=run.group_id,
        held_out=held_out_of(run),
    )


def _share(progress: dict[str, Any]) -> int | None:
    done, total = progress.get("done"), progress.get("total")
    return int(100 * done / total) if total and done is not None else None
