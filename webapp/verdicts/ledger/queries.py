"""Reads what a ledger is of: data sets with evaluations, their runs in the order of finishing, who may stand in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from webapp.accounts.models import Project, User
from webapp.annotation.models import Campaign
from webapp.corpora.models import Corpus
from webapp.experiments.cases.queries import directions_of
from webapp.experiments.models import Run, RunInput
from webapp.experiments.queries.runs import title_of
from webapp.verdicts.ledger.asked import Asked, read
from webapp.verdicts.ledger.sources import BROKEN, Sources, sources_for

USUAL, MOST = 12, 40  # runs beside the baseline where nobody ticked any, and at most
_KNOWN = 500  # finished evaluations of a data set that are looked at, the newest


@dataclass(frozen=True)
class Method:
    """A finished evaluation: what it is called, and whether it stands in this ledger."""

    id: int
    title: str
    note: str  # the settings that tell it from the baseline
    attempt: int
    finished_at: datetime | None
    inside: bool
    why_not: str = ""


@dataclass(frozen=True)
class Ledger:
    """A data set's runs in one order, the baseline first, with where their labels come from."""

    project: Project
    asked: Asked
    corpora: list[tuple[int, str]]
    corpus: Corpus | None = None
    directions: tuple[str, ...] = ()
    known: list[Method] = field(default_factory=list)  # every evaluation that could stand in it
    runs: list[Run] = field(default_factory=list)  # those that do
    sources: Sources = field(default_factory=Sources)

    @property
    def ready(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.runs)

    @property
    def baseline(self) -> Run:
        """The run that the others are held against."""
        return self.runs[0]

    @property
    def methods(self) -> list[Method]:
        """The runs beside the baseline, as they are told."""
        by_id = {method.id: method for method in self.known}
        return [by_id[run.pk] for run in self.runs[1:]]


def ledger_of(project: Project, person: User, query: QueryDict, *, about: int = 0) -> Ledger:
    """What an address asks for; 404 where it names what is not there. A fixed number of queries.

    `about`: a run that stands in it whatever the address says; its data set is the usual one.
    """
    asked, evaluations = read(query), _evaluations(project)
    corpora = _corpora(evaluations)
    if about and not asked.corpus:
        asked = replace(asked, corpus=next((corpus for corpus, run in evaluations if run == about), 0))
    if asked.corpus and asked.corpus not in {number for number, _name in corpora}:
        raise Http404(_("No evaluations of such a data set."))
    if not corpora:
        return Ledger(project, asked, [])
    corpus = Corpus.objects.get(pk=asked.corpus or corpora[0][0])
    runs = _runs(project, corpus)
    named = {run.pk for run in runs}
    if missing := [
        number for number in (asked.baseline, asked.method, about, *asked.runs) if number and number not in named
    ]:
        raise Http404(_("Run %(run)d is no finished evaluation of this data set.") % {"run": missing[0]})
    asked = replace(asked, corpus=corpus.pk)
    lead = next((run for run in runs if run.pk == asked.baseline), None) or _usual_baseline(project, runs)
    directions = directions_of(lead)
    direction = asked.direction if asked.direction in directions else directions[0]
    inside = _inside(asked, lead, runs, about)
    if asked.method and asked.method not in {run.pk for run in inside}:
        asked = replace(asked, method=0, change="")
    pairs = [(run.pk, run.attempt) for run in inside]
    sources = sources_for(project, person, direction, asked.labels, pairs[0], pairs[1:])
    asked = replace(asked, direction=direction, baseline=lead.pk, labels=sources.chosen.key if sources.chosen else "")
    return Ledger(project, asked, corpora, corpus, directions, _known(runs, inside, lead), inside, sources)


def _evaluations(project: Project) -> list[tuple[int, int]]:
    found = RunInput.objects.filter(
        run__project=project, run__state=Run.State.SUCCEEDED, run__case_count__gt=0, corpus__isnull=False
    )
    return [(corpus, run) for corpus, run in found.values_list("corpus_id", "run_id") if corpus is not None]


def _corpora(evaluations: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """Data sets with finished evaluations, the newest evaluation's first."""
    newest: dict[int, int] = {}
    for corpus, run in evaluations:
        newest[corpus] = max(run, newest.get(corpus, 0))
    names = dict(Corpus.objects.filter(pk__in=newest).values_list("pk", "name"))
    return [(number, names[number]) for number in sorted(newest, key=lambda one: -newest[one]) if number in names]


def _runs(project: Project, corpus: Corpus) -> list[Run]:
    """The finished evaluations of a data set in the order of finishing."""
    inputs = RunInput.objects.filter(corpus=corpus).values("run")
    found = Run.objects.filter(project=project, pk__in=inputs, state=Run.State.SUCCEEDED, case_count__gt=0)
    columns = ("title", "method", "state", "spec", "attempt", "case_count", "finished_at", "project")
    return sorted(found.only(*columns).order_by("-pk")[:_KNOWN], key=lambda run: (run.finished_at is None,
                  run.finished_at or run.pk, run.pk))  # fmt: skip


def _usual_baseline(project: Project, runs: list[Run]) -> Run:
    """The first that people labelled, else the first that finished."""
    found = Campaign.objects.filter(project=project, run__in=runs).exclude(source__has_key=BROKEN)
    labelled = set(found.values_list("run_id", flat=True))
    return next((run for run in runs if run.pk in labelled), runs[0])


def _inside(asked: Asked, lead: Run, runs: list[Run], about: int) -> list[Run]:
    """The baseline, then those that were ticked, or the newest ones that answered as many queries."""
    alike = [run for run in runs if run.pk != lead.pk and run.case_count == lead.case_count]
    if asked.runs:
        return [lead, *(run for run in alike if run.pk in asked.runs or run.pk == about)][: MOST + 1]
    usual = {run.pk for run in alike[-USUAL:]} | {about}
    return [lead, *(run for run in alike if run.pk in usual)]


def _known(runs: list[Run], inside: list[Run], lead: Run) -> list[Method]:
    """Every evaluation with what tells it from the baseline, in as many words as fit."""
    there = {run.pk for run in inside}
    found = []
    for run in runs:
        why = ""
        if run.case_count != lead.case_count:
            words = {"n": f"{run.case_count:,}", "m": f"{lead.case_count:,}"}
            why = _("It asked %(n)s queries, the baseline %(m)s.") % words
        note = _differing(run, lead)
        found.append(Method(run.pk, title_of(run), note, run.attempt, run.finished_at, run.pk in there, why))
    return found


def _differing(run: Run, lead: Run) -> str:
    """The settings in which a run differs from the baseline: three of them, and how many more."""
    mine, theirs = ({"method": one.method} | one.spec for one in (run, lead))
    differ = [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
    told = [f"{name} {_short(mine.get(name))}" for name in differ[:3]]
    return ", ".join(told) + (f", +{len(differ) - 3}" if len(differ) > 3 else "")


def _short(value: object) -> str:
    text = "–" if value in (None, "", [], {}) else str(value)
    return text if len(text) <= 28 else f"{text[:27]}…"
