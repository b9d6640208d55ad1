"""Reads the runs that are compared: in a fixed number of queries, however many runs; and why some cannot be."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from ml_core.claims.alike import Basis, Unlike, unlike
from webapp.accounts.models import Project
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.annotation.taxonomies.queries import document_of, names_of
from webapp.corpora.models import Corpus
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.experiments.models import Run, RunInput
from webapp.experiments.queries.runs import held_out_of, title_of
from webapp.verdicts.comparing.asked import ALL, MOST, NO_CONTROL, Asked

OFFERED = 100  # runs that the picker offers
IMPROVE = "retrieval.improve"
SWEEP = "synce.sweep"
_TRAINED = re.compile(r"run:([0-9]{1,18})(.*)$")
# Numbers, not parameters: the partition is known when the statement is planned, and no other is looked at.
_WAY = "SELECT {run}, {way} WHERE EXISTS (SELECT FROM experiments_case WHERE run_id = {run} AND direction = {way})"
_COLUMNS = ("title", "method", "state", "spec", "attempt", "case_count", "group", "provenance", "project")


@dataclass(frozen=True)
class Chosen:
    """A run that is compared."""

    id: int
    title: str
    method: str
    state: str
    state_text: str
    attempt: int
    case_count: int
    group_id: int | None
    group: str
    data: str  # the content hash of what it was measured on
    data_name: str
    corpus_id: int | None
    spec: dict[str, Any]
    environment: dict[str, str]
    kind: str = ""  # method and settings but for seeds: runs of one kind differ in those alone
    seed: str = ""
    queries: dict[str, str] = field(default_factory=dict)  # direction → a hash of what was asked, where the run says it
    held_out: str = ""  # "no": its model was trained on the data

    @property
    def is_control(self) -> bool:
        """Whether it was launched to change as much as an improvement does, at random."""
        return self.method == IMPROVE and self.spec.get("control") is True


@dataclass(frozen=True)
class Comparison:
    """What is compared; `refusals`: why it is not, a sentence each."""

    asked: Asked
    runs: list[Chosen]
    refusals: list[str] = field(default_factory=list)
    directions: tuple[str, ...] = ()  # those that every run has
    left_out: list[str] = field(default_factory=list)  # what is not compared, because not every run has it
    registered: tuple[int, ...] = ()  # the registration that covers it and the run that it is about

    @property
    def baseline(self) -> Chosen | None:
        """The run that the others are held against."""
        return next((run for run in self.runs if run.id == self.asked.baseline), None)

    @property
    def control(self) -> Chosen | None:
        """The run that selected queries are held against: the one that is named, else the first that is a control."""
        if self.asked.control == NO_CONTROL:
            return None
        named = self.asked.control
        fits = [run for run in self.others if (run.id == named if named else run.is_control)]
        return fits[0] if fits else None

    @property
    def not_held_out(self) -> list[Chosen]:
        """Runs whose model was trained on what it was evaluated on."""
        return [run for run in self.runs if run.held_out == "no"]

    @property
    def others(self) -> list[Chosen]:
        """The runs beside the baseline."""
        return [run for run in self.runs if run.id != self.asked.baseline]

    @property
    def groups(self) -> dict[str, list[Chosen]]:
        """Runs that differ in their seed alone, two or more of them, by a name of their own; a seed counts once."""
        found: dict[str, dict[str, Chosen]] = defaultdict(dict)
        for run in self.runs:
            found[run.kind].setdefault(run.seed, run)
        groups = [list(runs.values()) for runs in found.values() if len(runs) > 1]
        return {f"{runs[0].group or runs[0].title} ({runs[0].id})": runs for runs in groups}


@dataclass(frozen=True)
class Setting:
    """One setting over all runs; `value` of each in their order, `differs` where they are not all the same."""

    name: str
    values: list[str]
    differs: bool


def comparison_of(project: Project, asked: Asked) -> Comparison | None:
    """What an address asks for; None where one of its runs is not this project's."""
    found = Run.objects.filter(project=project, pk__in=asked.runs[: MOST + 1]).select_related("group")
    rows = {run.pk: run for run in found.only(*_COLUMNS, "group__name")}
    if len(rows) < len(asked.runs[: MOST + 1]):
        return None
    corpora, trained = _corpora(list(rows)), _trained(project, list(rows.values()))
    runs = [_chosen(rows[number], corpora.get(number), trained) for number in asked.runs[:MOST]]
    ways = _directions([run for run in runs if run.case_count])
    refusals = _refusals(runs, asked, ways)
    if refusals or len(runs) < 2:
        return Comparison(asked, runs, refusals)
    shared = tuple(way for way in ways[asked.baseline] if all(way in ways[run.id] for run in runs))
    return Comparison(asked, runs, refusals, shared, _left_out(runs, ways, shared))


def _directions(runs: list[Chosen]) -> dict[int, tuple[str, ...]]:
    """The directions that each run has cases of, in the usual order: as it says itself; else a look into its cases."""
    found = {run.id: {way for way in run.queries if way in DIRECTIONS} for run in runs}
    if silent := [number for number, ways in found.items() if not ways]:
        pairs = [(sql.Literal(number), sql.Literal(way)) for number in silent for way in DIRECTIONS]
        looks = [sql.SQL(_WAY).format(run=run, way=way) for run, way in pairs]
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(" UNION ALL ").join(looks))
            for number, way in cursor.fetchall():
                found[number].add(way)
    return {number: tuple(way for way in DIRECTIONS if way in ways) for number, ways in found.items()}


def _left_out(runs: list[Chosen], ways: dict[int, tuple[str, ...]], shared: tuple[str, ...]) -> list[str]:
    """A sentence for each direction that only some of the runs have."""
    said = []
    for way in dict.fromkeys(way for run in runs for way in ways[run.id] if way not in shared):
        missing = [run.title for run in runs if way not in ways[run.id]]
        words = {"direction": DIRECTIONS[way], "run": missing[0], "n": len(missing)}
        several = _("%(direction)s is left out: %(n)d of the runs, %(run)s among them, have no answers there.")
        one = _("%(direction)s is left out: %(run)s has no answers there.")
        said.append((one if len(missing) == 1 else several) % words)
    return said


def _corpora(numbers: list[int]) -> dict[int, Corpus]:
    """The data set that each run was measured on: the first that its spec names."""
    inputs = RunInput.objects.filter(run__in=numbers, corpus__isnull=False).select_related("corpus").order_by("-id")
    return {needed.run_id: needed.corpus for needed in inputs if needed.corpus is not None}


def _trained(project: Project, runs: list[Run]) -> dict[str, Run]:
    """The runs that others' settings name (`run:12`, whose model they use)."""
    named = {value for run in runs for value in run.spec.values() if isinstance(value, str) and _TRAINED.match(value)}
    numbers = {int(value.split(":")[1].split("/")[0]) for value in named}
    rows = Run.objects.filter(project=project, pk__in=numbers).only("method", "spec")
    return {str(run.pk): run for run in rows}


def _kind(run: Run, trained: dict[str, Run]) -> tuple[str, str]:
    """Method and settings without seeds, those of the run whose model it uses among them; and the seeds."""
    settings, seeds = dict(run.spec), [str(run.spec.get("seed", ""))]
    for name, value in run.spec.items():
        match = _TRAINED.match(value) if isinstance(value, str) else None
        if match and (other := trained.get(match[1])):
            settings[name] = [other.method, {key: said for key, said in other.spec.items() if key != "seed"}, match[2]]
            seeds.append(str(other.spec.get("seed", "")))
    settings.pop("seed", None)
    return json.dumps([run.method, settings], sort_keys=True), json.dumps(seeds)


def _chosen(run: Run, corpus: Corpus | None, trained: dict[str, Run]) -> Chosen:
    facts = run.provenance
    kind, seed = _kind(run, trained)
    code, device = facts.get("code_version"), facts.get("device")
    return Chosen(
        id=run.pk, title=title_of(run), method=run.method, state=run.state, state_text=str(Run.State(run.state).label),
        attempt=run.attempt, case_count=run.case_count, group_id=run.group_id,
        group=run.group.name if run.group else "",
        data=str(facts.get("data_hash") or (corpus.content_hash if corpus else "")),
        data_name=corpus.name if corpus else _("no data set"), corpus_id=corpus.pk if corpus else None, spec=run.spec,
        environment={name: str(value) for name, value in (("code_version", code), ("device", device)) if value},
        kind=kind, seed=seed, queries=dict(facts.get("queries") or {}), held_out=held_out_of(run),
    )  # fmt: skip


def _refusals(runs: list[Chosen], asked: Asked, ways: dict[int, tuple[str, ...]]) -> list[str]:
    """Why the runs cannot be compared. Whether they asked the very same queries, the worker looks at one by one."""
    why = []
    if len(asked.runs) > MOST:
        why.append(_("At most %(most)d runs are compared at once.") % {"most": MOST})
    first = next((run for run in runs if run.id == asked.baseline), None)
    for run in runs:
        words = {"run": run.title, "id": run.id, "state": run.state_text}
        if run.state != Run.State.SUCCEEDED:
            why.append(_("%(run)s (run %(id)d) has not finished: %(state)s.") % words)
        elif not run.case_count:
            why.append(_("%(run)s (run %(id)d) left no cases, so there is nothing to compare by query.") % words)
        elif first is None or not first.case_count:
            continue
        elif found := unlike(_basis(run, ways), _basis(first, ways)):
            why.append(_unlike_words(found, run, first))
        elif ways.get(first.id) == ways[run.id] and run.case_count != first.case_count:
            words |= {"n": run.case_count, "first": first.title, "m": first.case_count}
            why.append(
                _("%(run)s (run %(id)d) asked another set of queries: %(n)d, and %(first)s asked %(m)d.") % words
            )
    return list(dict.fromkeys(why))


def _basis(run: Chosen, ways: dict[int, tuple[str, ...]]) -> Basis:
    """What the guard looks at; queries by what the run says of them, where it says anything."""
    return Basis(str(run.id), run.data, {way: run.queries.get(way, "") for way in ways.get(run.id, ())})


def _unlike_words(found: Unlike, run: Chosen, first: Chosen) -> str:
    """Why a run may not stand beside the baseline, and what to do."""
    words = {"run": run.title, "id": run.id, "data": run.data_name, "first": first.title, "other": first.data_name}
    if found.kind == "no data":
        lacking = run if not run.data else first
        words |= {"run": lacking.title, "id": lacking.id}
        return _("%(run)s (run %(id)d) does not say what data it was measured on; run it again.") % words
    if found.kind == "data":
        said = _("%(run)s (run %(id)d) was measured on other data (%(data)s) than %(first)s (%(other)s).") % words
        return f"{said} {_('Evaluate one of them again on the data of the other.')}"
    if found.kind == "directions":
        said = _("%(run)s (run %(id)d) and %(first)s have no direction in common.") % words
        return f"{said} {_('Evaluate one of them in both directions.')}"
    said = _("%(run)s (run %(id)d) asked other queries than %(first)s (%(direction)s).")
    said %= words | {"direction": DIRECTIONS[found.direction]}
    if SWEEP in (run.method, first.method):
        advice = _("Launch the sweep with split = folds: it then tells of all pictures, as the others do.")
        return f"{said} {advice}"
    return f"{said} {_('Compare runs of the same sample of the data.')}"


def settings_of(runs: list[Chosen]) -> list[Setting]:
    """Method, every setting and where it ran, in the order of names; those that differ know it."""
    tables = [{"method": run.method} | run.spec | run.environment for run in runs]
    names = sorted({name for table in tables for name in table}, key=lambda name: (name != "method", name))
    found = []
    for name in names:
        values = [_written(table.get(name)) for table in tables]
        found.append(Setting(name, values, len(set(values)) > 1))
    return found


def _written(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def offered(project: Project, asked: Asked) -> list[tuple[int, str]]:
    """The newest finished runs with cases that are not in the comparison yet."""
    found = Run.objects.filter(project=project, state=Run.State.SUCCEEDED, case_count__gt=0).exclude(pk__in=asked.runs)
    rows = found.only("title", "method").order_by("-pk")[:OFFERED]
    return [(run.pk, f"{title_of(run)} · {run.pk}") for run in rows]


def control_for(project: Project, found: Comparison) -> tuple[int, str] | None:
    """A finished control on the same data that is not compared yet: one with a run's own settings first. One query."""
    rows = Run.objects.filter(
        project=project, method=IMPROVE, state=Run.State.SUCCEEDED, case_count__gt=0, spec__control=True
    ).exclude(pk__in=found.asked.runs)
    specs = [_but_control(run.spec) for run in found.runs if run.method == IMPROVE]
    data = found.baseline.spec.get("data") if found.baseline else None
    fits = [run for run in rows.only("title", "method", "spec").order_by("-pk")[:50] if run.spec.get("data") == data]
    fits.sort(key=lambda run: _but_control(run.spec) not in specs)
    return (fits[0].pk, title_of(fits[0])) if fits else None


def _but_control(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name != "control"}


def sets_for(project: Project, baseline: int, direction: str) -> list[AnalysisSet]:
    """Frozen sets whose labels belong to the baseline's cases of this direction, the newest first."""
    found = AnalysisSet.objects.filter(project=project, campaign__run=baseline)
    rows = found.select_related("campaign__taxonomy_version").order_by("-pk")[:50]
    return [row for row in rows if row.campaign.source.get("direction") == direction]


def slices_in(chosen: AnalysisSet, language: str) -> list[tuple[str, str, int]]:
    """(key, name, cases) of each category that the set has."""
    names = names_of(document_of(chosen.campaign.taxonomy_version), language)
    counts: dict[str, int] = defaultdict(int)
    rows = AnalysisItem.objects.filter(analysis_set=chosen, case_number__isnull=False)
    for category in rows.values_list("category", flat=True):
        counts[category] += 1
    return [(key, names.get(key, key), counts[key]) for key in names if key in counts]


def cases_in(chosen: AnalysisSet | None, part: str) -> list[int] | None:
    """The numbers of a category's cases; None stands for every case."""
    if chosen is None or part == ALL:
        return None
    rows = AnalysisItem.objects.filter(analysis_set=chosen, category=part, case_number__isnull=False)
    found = rows.order_by("case_number").values_list("case_number", flat=True)
    return [number for number in found if number is not None]
