"""What waits for a person among data sets: looks at sources that are done, imports that ended badly."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.capabilities import role_may
from webapp.accounts.home import Card
from webapp.accounts.models import Membership, User
from webapp.corpora.models import Import

_RECENT = timedelta(days=3)


def waiting_for_person(user: User, memberships: list[Membership]) -> list[Card]:
    """The person's own imports that wait for their word, or ended badly in the last days; one query."""
    projects = {held.project_id: held.project for held in memberships if role_may(held.role, "corpus.import")}
    if not projects:
        return []
    states = [Import.State.CHECKED, Import.State.REFUSED, Import.State.FAILED]
    rows = Import.objects.filter(project__in=list(projects), created_by=user, state__in=states).defer("preview")
    since = timezone.now() - _RECENT
    return [
        _card(row, projects[row.project_id].name, projects[row.project_id].slug)
        for row in rows.order_by("-id")[:20]
        if row.state == Import.State.CHECKED or (row.finished_at and row.finished_at > since)
    ]


def _card(row: Import, project: str, slug: str) -> Card:
    waits = row.state == Import.State.CHECKED
    return Card(
        title=(_("“%(name)s” waits for your word") if waits else _("“%(name)s” did not come in")) % {"name": row.name},
        text=_("The source was looked at. See what would come in, and confirm.") if waits else row.failure[:160],
        url=reverse("corpora:import_one", args=[slug, row.pk]),
        project=project,
        state="" if waits else "failed",
        order=30,
    )
