"""The agreement page of a campaign and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.cells import safe_cell
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.annotation.campaigns.found import campaign_or_404, closed_to
from webapp.annotation.campaigns.queries import letters_of
from webapp.annotation.models import Campaign
from webapp.annotation.review import calculations, saying
from webapp.annotation.review.calculations import Shown, agreement_of
from webapp.annotation.taxonomies.queries import document_of, names_of
from webapp.dashboards import agreement as shown

FILES: dict[str, Callable[[shown.Report], Iterator[list[Any]]]] = {
    "numbers": shown.tables,
    "confusions": shown.confusions,
    "consensus": shown.consensus,
    "errors": shown.error_rates,
    "time": shown.windows,
}


@project_page("agreement.view")
def agreement(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """How far the annotators agree, and what stands behind each number."""
    campaign = campaign_or_404(request.project, campaign_id)
    page: dict[str, Any] = {"project": request.project, "campaign": campaign}
    if closed := closed_to(request, campaign):
        return closed
    found = agreement_of(campaign=campaign, now=timezone.now())
    page |= {"found": found, "report": found.result, "api": _api(request, campaign)}
    if found.result and found.result.get("items"):
        page |= _read(campaign, found)
    part = "_agreement.html" if request.headers.get("HX-Request") else "agreement.html"
    return render(request, f"dashboards/{part}", page)


def _read(campaign: Campaign, found: Shown) -> dict[str, Any]:
    report = found.result or {}
    names = names_of(document_of(campaign.taxonomy_version), get_language() or "en")
    letters = letters_of(campaign)
    people = {letter: f"{letter} · {name}" for letter, name in letters.items()}
    return {
        "coefficients": shown.coefficients(report),
        "pairs": shown.pairs(report),
        "paradox": shown.paradox(report, names),
        "warnings": shown.warnings(report, names),
        "matrices": shown.matrices(report, names),
        "measured": [
            row
            | {
                "agrees_with_others": saying.explained(row["agrees_with_others"]),
                "who": people.get(row["annotator"], row["annotator"]),
                "gold": report["accuracy"].get("annotators", {}).get(row["annotator"]),
                "table": shown.errors(row["errors"], [names.get(key, key) for key in report["categories"]]),
            }
            for row in report["annotators_measured"]
        ],
        "timing": [row | {"who": people.get(row["annotator"], row["annotator"])} for row in shown.timing(report)],
        "accuracy": report["accuracy"],
        "doubts": shown.doubts(report, names),
        "plots": shown.plots(report, names, people),
        "categories": [names.get(key, key) for key in report["categories"]],
        "people": people,
    }


@project_page(post="agreement.view")
def agreement_again(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """A report that failed is tried again."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed_to(request, campaign) is None:
        calculations.agreement_again(campaign=campaign, now=timezone.now())
    return redirect("dashboards:agreement", request.project.slug, campaign.pk)


@project_page("agreement.view")
def agreement_file(request: ProjectRequest, campaign_id: int, part: str) -> HttpResponse:
    """What the page shows as CSV: `numbers`, `confusions` or `consensus`."""
    campaign = campaign_or_404(request.project, campaign_id)
    if part not in FILES:
        raise Http404(_("No such file."))
    if closed := closed_to(request, campaign):
        return closed
    found = agreement_of(campaign=campaign, now=timezone.now())
    if not found.result or not found.result.get("items"):
        raise Http404(_("Nothing is computed yet."))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in FILES[part](found.result):
        writer.writerow([safe_cell(cell) for cell in row])
    response = HttpResponse(buffer.getvalue(), content_type="text/csv")
    name = f"{slugify(campaign.name) or f'campaign-{campaign.pk}'}-{part}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _api(request: ProjectRequest, campaign: Campaign) -> str:
    kwargs = {"slug": request.project.slug, "campaign_id": campaign.pk}
    return request.build_absolute_uri(reverse("dashboards:api_agreement", kwargs=kwargs))
