"""What of a person's runs waits for their eye: those at work, and those that failed since."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from webapp.accounts.capabilities import role_may
from webapp.accounts.home import Card
from webapp.accounts.models import Membership, User
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import shown_state, title_of

RECENT = timedelta(days=3)
MOST = 12
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)


def waiting_for_person(user: User, memberships: list[Membership]) -> list[Card]:
    """A card for each run this person started that is at work, or failed in the last days and was not resumed."""
    projects = [membership.project_id for membership in memberships if role_may(membership.role, "run.view")]
    recent = Q(state__in=ACTIVE) | Q(state=Run.State.FAILED, finished_at__gt=Now() - RECENT)
    runs = Run.objects.filter(recent, project__in=projects, created_by=user).select_related("project").order_by("-id")
    return [_card(run) for run in runs[:MOST]]


def _card(run: Run) -> Card:
    failed = run.state == Run.State.FAILED
    url = reverse("experiments:run", kwargs={"slug": run.project.slug, "run_id": run.pk})
    text = str(run.failure.get("reason", "")) if failed else _progress(run)
    return Card(title_of(run), text, url, run.project.name, tone="broken" if failed else "", order=20 if failed else 60)


def _progress(run: Run) -> str:
    words = {"queued": "Waiting", "starting": "Starting", "stopping": "Stopping"}.get(shown_state(run), "Running")
    done, total = run.progress.get("done"), run.progress.get("total")
    return f"{words}, {100 * done // total} %" if total and done is not None else words
