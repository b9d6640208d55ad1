"""Reads reports: their list, one with the versions of its words, and what can be chosen for a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisSet, Campaign
from webapp.experiments.models import Run
from webapp.verdicts.comparing.asked import Asked
from webapp.verdicts.comparing.queries import offered
from webapp.verdicts.models import Report, ReportText

_LARGEST = 2**63


@dataclass(frozen=True)
class Row:
    """A report in the list."""

    id: int
    title: str
    simulated: bool
    verdict: dict[str, object] | None  # of every query
    net: dict[str, float | None] | None
    at: datetime
    by: str


@dataclass(frozen=True)
class Text:
    """A version of a report's words."""

    number: int
    title: str
    words: str
    at: datetime
    by: str


def reports_of(project: Project) -> QuerySet[Report]:
    """The reports of a project with their newest title."""
    newest = ReportText.objects.filter(report=OuterRef("pk")).order_by("-number").values("title")[:1]
    return Report.objects.filter(project=project).annotate(title=Subquery(newest)).order_by("-pk")


def rows_of(project: Project, limit: int = 200) -> list[Row]:
    """The newest first."""
    found = list(reports_of(project).select_related("campaign")[:limit])
    names = _people({report.created_by_id for report in found})
    made = []
    for report in found:
        verdict = report.snapshot["verdict"]
        card = verdict["slices"].get("all") if verdict else None
        by = names.get(report.created_by_id or 0, "")
        net = card["net"] if card else None
        title = str(report.title)  # type: ignore[attr-defined]
        made.append(Row(report.pk, title, report.snapshot["simulated"], card, net, report.created_at, by))
    return made


def report_of(project: Project, report_id: int) -> Report | None:
    """A report of this project."""
    if report_id >= _LARGEST:
        return None
    return Report.objects.select_related("campaign", "project").filter(project=project, pk=report_id).first()


def texts_of(report: Report) -> list[Text]:
    """Every version of its words, the newest first."""
    rows = list(ReportText.objects.filter(report=report).order_by("-number"))
    names = _people({row.written_by_id for row in rows})
    return [
        Text(row.number, row.title, row.words, row.written_at, names.get(row.written_by_id or 0, "")) for row in rows
    ]


def author_of(report: Report) -> str:
    """Who kept it."""
    return _people({report.created_by_id}).get(report.created_by_id or 0, "")


def runs_still_here(project: Project, numbers: list[int]) -> set[int]:
    """Those of these runs that the project has."""
    return set(Run.objects.filter(project=project, pk__in=numbers).values_list("pk", flat=True))


def runs_to_choose(project: Project) -> list[tuple[int, str]]:
    """Finished runs with cases, the newest first."""
    return offered(project, Asked())


def sets_to_choose(project: Project, person: User) -> list[tuple[int, str]]:
    """Sets whose labels this person may see, the newest first."""
    rows = AnalysisSet.objects.filter(project=project).select_related("campaign").order_by("-pk")[:100]
    owed: dict[int, bool] = {}
    for row in rows:
        if row.campaign_id not in owed:
            owed[row.campaign_id] = bool(own_open(row.campaign, person))
    return [(row.pk, row.name) for row in rows if not owed[row.campaign_id]]


def campaigns_without_sets(project: Project, person: User) -> list[tuple[int, str]]:
    """Campaigns of which no set was frozen, the newest first."""
    rows = Campaign.objects.filter(project=project, analysis_sets__isnull=True).order_by("-pk")[:100]
    return [(row.pk, row.name) for row in rows if not own_open(row, person)]


def _people(numbers: set[int | None]) -> dict[int, str]:
    known = [number for number in numbers if number is not None]
    return dict(User.objects.filter(pk__in=known).values_list("pk", "username"))
