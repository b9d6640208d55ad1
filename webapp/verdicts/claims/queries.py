"""Reads claims."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import Calculation
from webapp.verdicts.claims.actions import CLAIM
from webapp.verdicts.models import Claim


@dataclass(frozen=True)
class Line:
    """A claim in the list."""

    id: int
    digest: str
    titles: list[tuple[int, str]]
    baseline: int
    mode: str
    byte_count: int
    at: datetime
    by: str


def rows_of(project: Project) -> QuerySet[Claim]:
    """Every claim of a project, the newest first."""
    return Claim.objects.filter(project=project).select_related("made_by", "analysis_set__campaign").order_by("-pk")


def claim_of(project: Project, number: int) -> Claim | None:
    """One of them."""
    return rows_of(project).filter(pk=number).first() if number < 2**63 else None


def lines(project: Project) -> list[Line]:
    """The list."""
    return [line(row) for row in rows_of(project)]


def line(row: Claim) -> Line:
    """A claim with words for its runs."""
    titles = [(number, title) for number, _attempt, title in row.runs]
    by = row.made_by.username if row.made_by else ""
    return Line(row.pk, row.digest, titles, row.baseline, row.mode, row.byte_count, row.made_at, by)


def wish_of(project: Project, number: int) -> Calculation | None:
    """A claim on its way."""
    return Calculation.objects.filter(project=project, kind=CLAIM, pk=number).first() if number < 2**63 else None


def owed(claim: Claim, person: User) -> int:
    """How many answers this person still owes the campaign whose labels are in the claim: it is closed until then."""
    return own_open(claim.analysis_set.campaign, person) if claim.analysis_set else 0
