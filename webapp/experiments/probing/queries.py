"""Which captions were tried on a case, by whom, and whether a case can be probed at all."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from webapp.accounts.models import Project, User
from webapp.experiments.cases.queries import Row
from webapp.experiments.models import Probe, Run

METHOD = "retrieval.evaluate"
RECORDED = ("data_hash", "model", "model_revision", "preprocessing_hash")
KEPT = timedelta(days=30)  # an answered caption that nobody has pinned
MOST_SHOWN = 60


def is_about(run: Run, case: Row) -> bool:
    """Whether trying captions is a matter here at all: text → image, of an evaluation of an encoder."""
    return run.method == METHOD and run.state == Run.State.SUCCEEDED and case.direction == "t2i"


def hindrance(run: Run, case: Row) -> str:
    """Why no other caption can be tried on a case, in words; empty where one can."""
    if not is_about(run, case):
        return _("captions can be tried on text → image cases of a finished retrieval evaluation")
    facts = run.provenance
    if facts.get("model") == "embeddings":
        return _("this run's encoder is a file of vectors: a changed caption cannot be encoded")
    if not all(facts.get(name) for name in RECORDED):
        return _("this run does not say which embeddings it used: run it again to try captions")
    return ""


def of_case(run: Run, number: int, person: User) -> list[Probe]:
    """What a person sees on a case, in the order of asking: their own, and everybody's that is pinned."""
    found = _seen(run, person).filter(case_number=number).order_by("-id")[:MOST_SHOWN]
    return list(found)[::-1]


def one_of(run: Run, probe_id: int, person: User) -> Probe | None:
    """A probe that this person may see."""
    return _seen(run, person).filter(pk=probe_id).first() if probe_id < 2**63 else None


def pinned_of(run: Run) -> list[Probe]:
    """The evidence of a run, case by case."""
    return list(_of(run).filter(pinned_at__isnull=False).order_by("case_number", "id"))


def seen_by(run: Run, person: User) -> QuerySet[Probe]:
    """Everything that a person may see of a run."""
    return _seen(run, person)


def run_in(project: Project, run_id: int) -> Run | None:
    """A run of this project, whole."""
    return Run.objects.filter(project=project, pk=run_id).select_related("project").first() if run_id < 2**63 else None


def forget_unpinned(*, now: datetime) -> int:
    """Removes probes that nobody has pinned for long; how many."""
    return Probe.objects.filter(pinned_at__isnull=True, created_at__lt=now - KEPT).delete()[0]


def _of(run: Run) -> QuerySet[Probe]:
    return Probe.objects.filter(run_id=run.pk, attempt=run.attempt).select_related("created_by")


def _seen(run: Run, person: User) -> QuerySet[Probe]:
    return _of(run).filter(Q(created_by=person) | Q(pinned_at__isnull=False))
