"""Pages of reports: the list, a new one, one as it was kept, its pictures and its file; the table of improvements."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.forms import told
from webapp.accounts.views.links import api_call
from webapp.annotation.campaigns.found import closed_to
from webapp.corpora.displaying import MEDIA_TYPE
from webapp.dashboards.reports import alone, summary
from webapp.dashboards.reports.forms import WordsForm
from webapp.dashboards.reports.shown import Address, page_of
from webapp.verdicts.models import Report
from webapp.verdicts.reporting import actions, files, queries
from webapp.verdicts.reporting.drafting import Draft, draft_of
from webapp.verdicts.reporting.gathering import snapshot_of


@project_page("report.view")
def reports(request: ProjectRequest) -> HttpResponse:
    """Every report of the project, and the table of improvements."""
    project = request.project
    improved = summary.runs_for(project)
    page = {
        "project": project,
        "rows": queries.rows_of(project),
        "improved": len(improved),
        "subsets": summary.subsets_in(improved),
        "may_make": role_may(request.role, "report.make"),
        "api": api_call(request, "dashboards:api_reports", slug=project.slug),
    }
    return render(request, "dashboards/reports/list.html", page)


@never_cache
@project_page("report.make", post="report.make")
def new(request: ProjectRequest) -> HttpResponse:
    """What a report would hold, made of what the address names; POST keeps it."""
    draft = draft_of(request.project, request.user, request.GET, now=timezone.now())
    if draft.owed is not None and (closed := closed_to(request, draft.owed)):
        return closed
    if request.headers.get("HX-Request"):
        return render(request, "dashboards/reports/_draft.html", _drafted(request, draft))
    sent = request.method == "POST"
    form = WordsForm(request.POST if sent else None, initial={"title": _title(draft)})
    if sent and form.is_valid():
        try:
            report = actions.keep_report(draft=draft, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except BadInput as problem:
            told(form, problem)
        else:
            return redirect("dashboards:report", request.project.slug, report.pk)
    page = _drafted(request, draft) | {"form": form} | _choices(request, draft)
    return render(request, "dashboards/reports/new.html", page, status=422 if sent else 200)


def _drafted(request: ProjectRequest, draft: Draft) -> dict[str, Any]:
    page = {"project": request.project, "draft": draft, "waiting": draft.something and not draft.ready}
    if draft.something and draft.ready and not draft.failure:
        snapshot = snapshot_of(draft)
        page["page"] = page_of(snapshot, _shown_now(request, draft, snapshot))
    if draft.looked is not None and draft.looked.comparison.asked.runs:
        there = reverse("verdicts:compare", args=[request.project.slug])
        page["comparison"] = f"{there}?{draft.looked.asked.address()}"
    return page


def _shown_now(request: ProjectRequest, draft: Draft, snapshot: dict[str, Any]) -> Address:
    """Until a report is kept it shows the data set's own pictures."""
    corpus = draft.baseline.corpus_id if draft.baseline else None
    numbers = files.numbers_in(snapshot)
    slug = request.project.slug
    return lambda picture: reverse("corpora:picture", args=[slug, corpus, numbers[picture], "medium"])


def _choices(request: ProjectRequest, draft: Draft) -> dict[str, Any]:
    """What can be chosen: the run before, the run after, labels."""
    project, asked = request.project, draft.asked
    runs = queries.runs_to_choose(project)
    baseline = asked.baseline or (draft.campaign.run_id if draft.campaign else 0) or 0
    return {
        "runs": runs,
        "sets": queries.sets_to_choose(project, request.user),
        "campaigns": queries.campaigns_without_sets(project, request.user),
        "baseline": baseline,
        "against": asked.against or next((run for run in asked.runs if run != baseline), 0),
        "many": len(asked.runs) > 2,
    }


def _title(draft: Draft) -> str:
    if draft.fix and draft.baseline:
        return f"{draft.baseline.title} → {draft.fix.title}"[:160]
    return str(draft.chosen.name if draft.chosen else draft.campaign or "")[:160]


@project_page("report.view")
def report(request: ProjectRequest, report_id: int) -> HttpResponse:
    """A report as it was kept, under its newest words; `?text=N` shows earlier ones."""
    found = _found(request, report_id)
    if found.campaign and (closed := closed_to(request, found.campaign)):
        return closed
    page = _around(request, found)
    slug = request.project.slug
    page["page"] = page_of(
        found.snapshot,
        lambda picture: reverse("dashboards:report_picture", args=[slug, found.pk, picture]),
        page["addresses"],
    )
    page |= {
        "may_make": role_may(request.role, "report.make"),
        "may_remove": role_may(request.role, "report.remove"),
        "api": api_call(request, "dashboards:api_report", slug=slug, report_id=found.pk),
    }
    return render(request, "dashboards/reports/report.html", page)


def _around(request: ProjectRequest, found: Report) -> dict[str, Any]:
    """Title, words, who and when, and the full addresses of what the report names, as far as it is still there."""
    texts = queries.texts_of(found)
    number = request.GET.get("text", "")
    text = next((one for one in texts if str(one.number) == number), texts[0])
    slug = request.project.slug
    here = queries.runs_still_here(request.project, [run["id"] for run in found.snapshot["runs"]])
    addresses = {
        number: request.build_absolute_uri(reverse("experiments:run", args=[slug, number])) for number in sorted(here)
    }
    mix, agreement = found.snapshot["mix"], found.snapshot["agreement"]
    return {
        "project": request.project,
        "report": found,
        "text": text,
        "texts": texts,
        "by": queries.author_of(found),
        "address": request.build_absolute_uri(reverse("dashboards:report", args=[slug, found.pk])),
        "addresses": addresses,
        "set_address": request.build_absolute_uri(reverse("annotation:set", args=[slug, mix["set"]])) if mix else "",
        "agreement_address": request.build_absolute_uri(
            reverse("dashboards:agreement", args=[slug, agreement["campaign"]])
        )
        if agreement
        else "",
    }


@project_page("report.make", post="report.make")
def words(request: ProjectRequest, report_id: int) -> HttpResponse:
    """Title and words anew: the next version, those before stay."""
    found = _found(request, report_id)
    if found.campaign and (closed := closed_to(request, found.campaign)):
        return closed
    texts = queries.texts_of(found)
    sent = request.method == "POST"
    form = WordsForm(request.POST if sent else None, initial={"title": texts[0].title, "words": texts[0].words})
    if sent and form.is_valid():
        actions.write_words(report=found, actor=request.user, now=timezone.now(), **form.cleaned_data)
        return redirect("dashboards:report", request.project.slug, found.pk)
    page = {"project": request.project, "report": found, "texts": texts, "form": form}
    return render(request, "dashboards/reports/words.html", page, status=422 if sent else 200)


@project_page(post="report.remove")
def remove(request: ProjectRequest, report_id: int) -> HttpResponse:
    """Removes a report for good."""
    found = _found(request, report_id)
    actions.remove_report(report=found, actor=request.user, now=timezone.now())
    messages.success(request, _("The report was removed."))
    return redirect("dashboards:reports", request.project.slug)


@project_page("report.view")
def file(request: ProjectRequest, report_id: int) -> HttpResponse:
    """The report as one HTML file for people without an account."""
    found = _found(request, report_id)
    if found.campaign and (closed := closed_to(request, found.campaign)):
        return closed
    around = _around(request, found)
    response = HttpResponse(alone.file_of(found, around), content_type="text/html; charset=utf-8")
    name = alone.name_of(found, around["text"].title)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@project_page("report.view")
def picture(request: ProjectRequest, report_id: int, picture: str) -> HttpResponse:
    """A picture that the report keeps; under its name it never changes."""
    found = _found(request, report_id)
    if found.campaign and (closed := closed_to(request, found.campaign)):
        return closed
    data = files.picture_bytes(found, picture)
    if data is None:
        raise Http404(_("No such picture."))
    return _picture(data)


def _picture(data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@project_page("run.view")
def improvements(request: ProjectRequest) -> HttpResponse:
    """summary_subset_results.csv of the runs that the address names, or of every improvement of the project."""
    response = HttpResponse(summary.table(request.project, request.GET), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{summary.FILE}"'
    return response


def _found(request: ProjectRequest, report_id: int) -> Report:
    found = queries.report_of(request.project, report_id)
    if found is None:
        raise Http404(_("No such report."))
    return found
