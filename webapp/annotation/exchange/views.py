"""Labels as files: what can be taken away, what came in, and what a file would change before it does."""

from __future__ import annotations

from collections import Counter

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.annotation.campaigns.found import campaign_or_404, closed_to
from webapp.annotation.exchange import actions, downloads, queries, records
from webapp.annotation.exchange.forms import AccountsForm, FileForm
from webapp.annotation.exchange.judging import BLANK, ERROR, KEPT, NEW, REPLACES, SAME
from webapp.annotation.models import Campaign, LabelFile
from webapp.corpora.actions.uploads import refuse_larger

SHOWN = 300  # rows of a report on its page; the rest stands in its CSV
VERDICTS = {NEW: "new", REPLACES: "replaces", KEPT: "kept", SAME: "same", BLANK: "blank", ERROR: "error"}


@csrf_exempt  # the token is checked below, after the size: the check reads the whole body
@project_page("label.exchange", post="label.exchange")
def files(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """What can be downloaded, the form for what comes back, and the files that came."""
    refuse_larger(request, records.MOST_BYTES)
    return _files(request, campaign_id)


@csrf_protect
def _files(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    campaign = campaign_or_404(request.project, campaign_id)
    people = queries.people_of(campaign)
    form = FileForm(request.POST or None, request.FILES or None, people=people)
    if request.method == "POST" and form.is_valid():
        try:
            file = _kept(request, campaign, form)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return redirect("annotation:label_file", request.project.slug, campaign.pk, file.pk)
    page = {
        "project": request.project,
        "campaign": campaign,
        "people": people,
        "form": form,
        "emails": AccountsForm(auto_id="out_%s"),
        "files": queries.files_in(campaign),
        "api": request.build_absolute_uri(_url("api_labels", campaign)),
    }
    return render(request, "annotation/exchange/files.html", page, status=422 if form.errors else 200)


def _kept(request: ProjectRequest, campaign: Campaign, form: FileForm) -> LabelFile:
    values = form.cleaned_data
    annotator = queries.annotator_lettered(campaign, values["annotator"]) if values["annotator"] else None
    upload = values["file"]
    return actions.keep_file(
        campaign=campaign,
        annotator=annotator,
        name=str(upload.name or "labels.csv"),
        data=upload.read(),
        replace=values["replace"],
        accounts=values["accounts"],
        actor=request.user,
        now=timezone.now(),
    )


@project_page("label.exchange", post="label.exchange")
def label_file(request: ProjectRequest, campaign_id: int, file_id: int) -> HttpResponse:
    """What would come of a file row by row; POST takes it."""
    campaign, file = _file(request, campaign_id, file_id)
    if request.method == "POST":
        try:
            found = actions.take_file(file=file, actor=request.user, now=timezone.now())
        except BadInput as problem:
            messages.error(request, str(problem))
        else:
            count = len(found.taken)
            told = ngettext("%(count)d answer was taken.", "%(count)d answers were taken.", count) % {"count": count}
            messages.success(request, told)
        return redirect("annotation:label_file", request.project.slug, campaign.pk, file.pk)
    taken = file.state == LabelFile.State.TAKEN
    lines, findings = actions.looked_at(file)
    order = list(VERDICTS)
    rows = sorted(lines, key=lambda row: -order.index(row.verdict))
    page = {
        "project": request.project,
        "campaign": campaign,
        "file": file,
        "taken": taken,
        "counts": Counter(line.verdict for line in lines),
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
        **findings,
        "writes": sum(line.verdict in (NEW, REPLACES) for line in lines),
    }
    return render(request, "annotation/exchange/label_file.html", page)


@project_page("label.exchange")
def report(request: ProjectRequest, campaign_id: int, file_id: int) -> HttpResponse:
    """The report on a file as CSV, every row of it."""
    campaign, file = _file(request, campaign_id, file_id)
    return downloads.report(campaign, file.pk, actions.lines_in(file))


@project_page("label.exchange")
def bundle(request: ProjectRequest, campaign_id: int, letter: str = "") -> HttpResponse | StreamingHttpResponse:
    """Sheets, pictures and guide as a zip: one annotator's, or everybody's in a folder each."""
    campaign = campaign_or_404(request.project, campaign_id)
    people = queries.sheets_for(campaign, letter)
    if not people:
        raise Http404("No such annotator.")
    others = [person for person in people if person.user_id != request.user.pk]
    if others and (closed := closed_to(request, campaign)):
        return closed
    return downloads.sheets(campaign, people, letter or "everybody")


@project_page("label.exchange")
def labels(request: ProjectRequest, campaign_id: int, form: str) -> HttpResponse | StreamingHttpResponse:
    """Every answer in one file; `form` as in `downloads.labels`."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed := closed_to(request, campaign):
        return closed
    try:
        return downloads.labels(campaign, form, request.GET.dict())
    except BadInput as problem:
        messages.error(request, str(problem))
        return redirect("annotation:files", request.project.slug, campaign.pk)


def _file(request: ProjectRequest, campaign_id: int, file_id: int) -> tuple[Campaign, LabelFile]:
    campaign = campaign_or_404(request.project, campaign_id)
    file = queries.file_of(campaign, file_id)
    if file is None:
        raise Http404(_("No such file."))
    file.campaign = campaign
    return campaign, file


def _url(name: str, campaign: Campaign) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk})
