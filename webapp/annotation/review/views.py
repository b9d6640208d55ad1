"""Pages of reviewers: the queue of disagreements, one sample to decide, every sample, and feedback by pattern."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.annotation.campaigns.found import campaign_or_404, closed_to
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.campaigns.queries import letters_of
from webapp.annotation.labelling.pictures import MEDIA_TYPE, SIZES, picture_bytes
from webapp.annotation.models import Annotator, Campaign, Task
from webapp.annotation.review import actions, own, queries, queueing, shown
from webapp.annotation.review.calculations import ask_for_agreement, consensus_on, newest_report_at
from webapp.annotation.review.forms import DecisionForm, GoldForm
from webapp.annotation.taxonomies.queries import document_of, names_of


@project_page("label.adjudicate")
def queue(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """What waits for a decision."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed := closed_to(request, campaign):
        return closed
    sought = shown.read_sought(request.GET)
    ask_for_agreement(campaign=campaign, now=timezone.now())
    everything = queueing.queue(campaign, replace(sought, why=""))
    rows = [row for row in everything if not sought.why or sought.why in row.whys]
    names = shown.category_names(document_of(campaign.taxonomy_version), get_language() or "en")
    page = {
        "project": request.project,
        "campaign": campaign,
        "rows": [(row, shown.said(row.said, names)) for row in rows[:200]],
        "count": len(rows),
        "sought": sought,
        "query": _query(sought),
        "whys": [
            (name, words, sum(name in row.whys for row in everything), _query(replace(sought, why=name)))
            for name, words in shown.WHY_NAMES.items()
        ],
        "everything": _query(replace(sought, why="")),
        "total": len(everything),
        "groups": shown.groups(letters_of(campaign)),
        "categories": names,
        "orders": shown.ORDER_NAMES,
        "sure_enough": 100 * queueing.SURE_ENOUGH,
        "reported": newest_report_at(campaign),
        "api": request.build_absolute_uri(_url(campaign, "api_queue")) + _query(sought),
    }
    if not rows:
        page |= {"elsewhere": len(queueing.queue(campaign)), "answered": queueing.answered(campaign),
                 "decided": queries.count_of(campaign, queries.Filters(mark="decided"))}  # fmt: skip
    return render(request, "annotation/review/queue.html", page)


@project_page("label.adjudicate", post="label.adjudicate")
def decide(request: ProjectRequest, campaign_id: int, task_id: int) -> HttpResponse:
    """One sample with its answers side by side, without names until it is decided."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed := closed_to(request, campaign):
        return closed
    task = _task(campaign, task_id)
    form = DecisionForm(request.POST or None, initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            actions.decide(campaign=campaign, task=task, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return _onward(request, campaign, task)
    waiting = queueing.queue(campaign, shown.read_sought(request.GET), keep=task.pk)
    before, after = queueing.beside(waiting, task.pk)
    language = get_language() or "en"
    document = document_of(campaign.taxonomy_version)
    page = {
        "project": request.project,
        "campaign": campaign,
        "standing": (standing := queries.standing_of(task)),
        "answers": shown.answers(standing, document, language),
        "consensus": shown.consensus(consensus_on(campaign, task.idx), document, language),
        "decision": shown.past(standing.decision, document, language),
        "history": [shown.past(entry, document, language) for entry in standing.history],
        "gold": shown.name(standing.gold, document, language) if standing.gold else "",
        "gold_form": GoldForm(),
        "may_teach": role_may(request.role, "taxonomy.manage"),
        "choices": shown.choices(document, language),
        "form": form,
        "left": sum(bool(row.whys) for row in waiting if row.id != task.pk or not standing.decision),
        "previous": _decide_url(request, campaign, before),
        "next": _decide_url(request, campaign, after),
        "back": _url(campaign, "review") + _query(shown.read_sought(request.GET)),
        "given": shown.for_script(task, document, language, _pictures_url(campaign)),
    }
    return render(request, "annotation/review/decide.html", page, status=422 if form.errors else 200)


@project_page(post="label.adjudicate")
def reopen(request: ProjectRequest, campaign_id: int, task_id: int) -> HttpResponse:
    """A decided sample waits again."""
    campaign = campaign_or_404(request.project, campaign_id)
    task = _task(campaign, task_id)
    if closed_to(request, campaign) is None:
        try:
            actions.reopen(
                campaign=campaign, task=task, reason=request.POST.get("reason", ""), key=uuid.uuid4(),
                actor=request.user, now=timezone.now(),
            )  # fmt: skip
            messages.success(request, _("The sample waits for a decision again."))
        except BadInput as problem:
            messages.error(request, str(problem))
    return redirect(_url(campaign, "decide", task_id=task.pk))


@project_page(post="label.adjudicate")
def gold(request: ProjectRequest, campaign_id: int, task_id: int) -> HttpResponse:
    """Plants the truth of a sample, or takes it back."""
    campaign = campaign_or_404(request.project, campaign_id)
    task = _task(campaign, task_id)
    form = GoldForm(request.POST)
    if form.is_valid():
        try:
            values = form.cleaned_data
            if values["category"]:
                actions.plant(campaign=campaign, task=task, actor=request.user, now=timezone.now(), **values)
                messages.success(request, _("Planted: annotators are measured against it."))
            else:
                actions.take_back(campaign=campaign, task=task, actor=request.user, now=timezone.now())
                messages.success(request, _("Taken back: this sample is no gold any more."))
        except BadInput as problem:
            messages.error(request, str(problem))
    return redirect(_url(campaign, "decide", task_id=task.pk))


@project_page("campaign.view")
def tasks(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """Every sample of a campaign, narrowed by what stands in the address."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed := closed_to(request, campaign):
        return closed
    filters = shown.read_filters(request.GET)
    standings, after = queries.page_of(campaign, filters)
    language = get_language() or "en"
    document = document_of(campaign.taxonomy_version)
    letters = letters_of(campaign)
    page = {
        "project": request.project,
        "campaign": campaign,
        "cards": [shown.card(row, document, language, _pictures_url(campaign)) for row in standings],
        "count": queries.count_of(campaign, filters),
        "filters": filters,
        "groups": shown.groups(letters),
        "letters": [(letter, letter) for letter in letters],
        "categories": shown.category_names(document, language),
        "marks": shown.MARKS,
        "next": f"?{urlencode(filters.address(after=after))}" if after is not None else "",
        "first": f"?{urlencode(filters.address(after=None))}" if filters.after >= 0 else "",
        "may_decide": role_may(request.role, "label.adjudicate"),
        "api": request.build_absolute_uri(_url(campaign, "api_tasks")),
    }
    return render(request, "annotation/review/tasks.html", page)


@project_page("campaign.view")
def feedback(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """Who says what where the truth is another thing."""
    campaign = campaign_or_404(request.project, campaign_id)
    if closed := closed_to(request, campaign):
        return closed
    return render(request, "annotation/review/feedback.html", _feedback(request, campaign))


@project_page("label.give")
def own_feedback(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """A person's own patterns and samples, once their share is done."""
    campaign, annotator = _own(request, campaign_id)
    page = _feedback(request, campaign, letter=annotator.letter)
    page["owed"] = own_open(campaign, request.user)
    if not page["owed"]:
        wished = shown.read_wished(request.GET)
        rows, after = own.compared(annotator, wished)
        document, language = document_of(campaign.taxonomy_version), get_language() or "en"
        page |= {
            "wished": wished,
            "samples": [shown.own_card(row, annotator, document, language, _label_url(campaign)) for row in rows],
            "next": f"?{urlencode(wished.address(after=after))}" if after is not None else "",
            "first": f"?{urlencode(wished.address(after=None))}" if wished.after >= 0 else "",
            "consensus_told": campaign.state == Campaign.State.FINISHED,
        }
    return render(request, "annotation/review/feedback.html", page)


@project_page("label.give")
def own_sample(request: ProjectRequest, campaign_id: int, task_id: int) -> HttpResponse:
    """One sample that a person answered, large, with their answer and what is known to be true."""
    campaign, annotator = _own(request, campaign_id)
    found = own.compared_with(annotator, task_id)
    if found is None:
        raise Http404(_("No such sample."))
    if own_open(campaign, request.user):
        return redirect(_url(campaign, "own_feedback"))
    document, language = document_of(campaign.taxonomy_version), get_language() or "en"
    card = shown.own_card(found, annotator, document, language, _label_url(campaign), size="zoom")
    page = {"project": request.project, "campaign": campaign, "card": card}
    return render(request, "annotation/review/own_sample.html", page)


def _own(request: ProjectRequest, campaign_id: int) -> tuple[Campaign, Annotator]:
    campaign = campaign_or_404(request.project, campaign_id)
    annotator = campaign.annotators.filter(user=request.user, left_at=None).first()
    if annotator is None:
        raise Http404(_("No such campaign."))
    annotator.campaign = campaign
    return campaign, annotator


def _feedback(request: ProjectRequest, campaign: Campaign, *, letter: str = "") -> dict[str, Any]:
    document = document_of(campaign.taxonomy_version)
    return {
        "project": request.project,
        "campaign": campaign,
        "people": queries.feedback_of(campaign, names_of(document, get_language() or "en"), letter),
        "own": bool(letter),
        "owed": 0,
    }


@project_page("campaign.view")
def picture(request: ProjectRequest, campaign_id: int, task_id: int, side: str, size: str) -> HttpResponse:
    """A sample's picture for those who may see which is which."""
    campaign = campaign_or_404(request.project, campaign_id)
    task = _task(campaign, task_id)
    content = {"prompt": task.prompt, "right": task.right, "given": task.given}.get(side)
    if content is None or content["kind"] == "text" or size not in SIZES:
        raise Http404(_("No such picture."))
    try:
        data = picture_bytes(campaign.corpus_id, content, SIZES[size])
    except (BadInput, FileNotFoundError, KeyError):
        raise Http404(_("This picture cannot be shown.")) from None
    response = HttpResponse(data, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _onward(request: ProjectRequest, campaign: Campaign, task: Task) -> HttpResponse:
    """To the next one that waits, or to the queue that says that nothing does."""
    waiting = queueing.queue(campaign, shown.read_sought(request.GET), keep=task.pk)
    _before, after = queueing.beside(waiting, task.pk)
    following = after or next((row.id for row in waiting if row.id != task.pk), None)
    if following is None:
        messages.success(request, _("Decided. Nothing waits any more."))
        return redirect(_url(campaign, "review") + _query(shown.read_sought(request.GET)))
    return redirect(_decide_url(request, campaign, following))


def _query(sought: queueing.Sought) -> str:
    return f"?{urlencode(sought.address())}" if sought.address() else ""


def _decide_url(request: ProjectRequest, campaign: Campaign, task_id: int | None) -> str:
    if task_id is None:
        return ""
    return _url(campaign, "decide", task_id=task_id) + _query(shown.read_sought(request.GET))


def _label_url(campaign: Campaign) -> str:
    return _url(campaign, "label")


def _pictures_url(campaign: Campaign) -> str:
    return _url(campaign, "tasks") + "pictures/"


def _task(campaign: Campaign, task_id: int) -> Task:
    found = queries.task_of(campaign, task_id)
    if found is None:
        raise Http404(_("No such sample."))
    found.campaign = campaign
    return found


def _url(campaign: Campaign, name: str, **more: int) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk, **more})
