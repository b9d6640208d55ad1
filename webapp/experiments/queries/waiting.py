"""What of a person's runs waits for their eye: those at work, and those that ended in the last days."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from webapp.accounts.capabilities import role_may
from webapp.accounts.home import Card
from webapp.accounts.models import Membership, User
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import shown_state, title_of

RECENT = timedelta(days=3)
MOST = 12
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)
ENDED = (Run.State.FAILED, Run.State.SUCCEEDED)


def waiting_for_person(user: User, memberships: list[Membership]) -> list[Card]:
    """A card for each run of this person's, or of nobody's (the demo's), that is at work or ended in the last days."""
    projects = [membership.project_id for membership in memberships if role_may(membership.role, "run.view")]
    recent = Q(state__in=ACTIVE) | Q(state__in=ENDED, finished_at__gt=Now() - RECENT)
    theirs = Q(created_by=user) | Q(created_by=None)
    runs = Run.objects.filter(recent, theirs, project__in=projects).select_related("project").order_by("-id")
    return [_card(run) for run in runs[:MOST]]


def _card(run: Run) -> Card:
    url = reverse("experiments:run", kwargs={"slug": run.project.slug, "run_id": run.pk})
    if run.state == Run.State.FAILED:
        reason = str(run.failure.get("reason", ""))
        return Card(title_of(run), reason, url, run.project.name, state="failed", order=20)
    if run.state == Run.State.SUCCEEDED:
        return Card(
            title_of(run), _("Finished: its numbers are there"), url, run.project.name, state="succeeded", order=70
        )
    return Card(title_of(run), _progress(run), url, run.project.name, state=shown_state(run), order=60)


def _progress(run: Run) -> str:
    words = {"queued": _("Waiting"), "starting": _("Starting"), "stopping": _("Stopping")}.get(
        shown_state(run), _("Running")
    )
    done, total = run.progress.get("done"), run.progress.get("total")
    return f"{words}, {100 * done // total} %" if total and done is not None else words
