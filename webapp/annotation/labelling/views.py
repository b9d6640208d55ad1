"""The labelling page and what it asks for. In the normal flow one request an answer: it saves and brings the next."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control

from ml_core.datasets.decoding import BrokenPicture
from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.annotation.labelling import actions, presenting, queries, reading
from webapp.annotation.labelling.answers import Answer, Handed
from webapp.annotation.labelling.beginning import bootstrap, choices_of, guide_of
from webapp.annotation.labelling.pictures import MEDIA_TYPE, SIZES, picture_bytes
from webapp.annotation.models import Annotator

AHEAD = 12  # tasks that a page starts with
_YEAR = 31_536_000


@project_page("label.give")
def page(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """The page, with the first tasks in it."""
    annotator = _annotator(request, campaign_id)
    now = timezone.now()
    tasks = actions.hand_out(annotator=annotator, wanted=AHEAD, have=set(), now=now)
    given = bootstrap(annotator, request.role)
    given |= {"csrf": get_token(request), **_next(annotator, tasks)}
    shown = {"campaign": annotator.campaign, "given": given, **guide_of(annotator)}
    shown["first_pictures"] = presenting.addresses(given["urls"]["pictures"], given["tasks"][:1])
    response = render(request, "annotation/labelling/page.html", shown)
    patch_cache_control(response, no_store=True)
    return response


@project_page("label.give", post="label.give")
def answers(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """Save what the page's outbox holds, and bring the next tasks; GET: a fresh token for what is sent.

    Who was taken out of the campaign is heard too, here alone: what they had said before stays said.
    """
    annotator = _annotator(request, campaign_id, left_too=True)
    if request.method != "POST":
        return _fresh(request, annotator, {})
    try:
        body = reading.body_of(request.body)
        events = reading.events_of(body)
    except BadInput as problem:
        return JsonResponse({"problem": str(problem)}, status=400)
    if body.get("annotator", annotator.pk) != annotator.pk:  # somebody else has signed in in another tab
        return JsonResponse({"problem": "person"}, status=409)
    now = timezone.now()
    wanted, have = reading.wanted_of(body.get("want")), reading.have_of(body.get("have"))
    went = actions.answer_and_go_on(
        annotator=annotator, events=events, wanted=wanted, have=have, source="page", now=now
    )
    told = {"saved": [{"key": one.key, "outcome": one.outcome, "why": one.why} for one in went.saved]}
    if annotator.campaign.show_gold_feedback:
        told["gold"] = _gold(events, went)
    return JsonResponse(told | _next(annotator, went.tasks, asked=bool(wanted), counted=went.counted))


@project_page("label.give")
def next_tasks(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """The next tasks, and a fresh token for what is sent; the taxonomy where the page has another `version` of it."""
    annotator = _annotator(request, campaign_id)
    have = {int(part) for part in request.GET.get("have", "").split(",") if part.isdecimal() and len(part) < 19}
    want = request.GET.get("want", "0")
    wanted = reading.wanted_of(int(want) if want.isdecimal() and len(want) < 4 else 0)
    tasks = actions.hand_out(annotator=annotator, wanted=wanted, have=have, now=timezone.now())
    told = _next(annotator, tasks, asked=bool(wanted))
    if request.GET.get("version", str(told["version"])) != str(told["version"]):
        told |= choices_of(annotator) | guide_of(annotator)
    return _fresh(request, annotator, told)


@project_page(post="label.give")
def reveal(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """Which side is which, once something was chosen: what it was is kept first."""
    annotator = _annotator(request, campaign_id)
    try:
        body = reading.body_of(request.body)
        task_id = reading.whole(body.get("task"))
    except (BadInput, ValueError):
        return JsonResponse({"problem": "task"}, status=400)
    try:
        category = reading.text(body.get("category"))
        task = actions.choose(annotator=annotator, task_id=task_id, category=category, now=timezone.now())
    except BadInput as problem:
        return JsonResponse({"problem": str(problem)}, status=400)
    if task is None:
        raise Http404
    return JsonResponse({"task": task.task_id, "roles": presenting.roles_of(annotator, task)})


@project_page("label.give")
def done(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """What this person has said, newest first, a page at a time: for going back."""
    annotator = _annotator(request, campaign_id)
    at, _, task = request.GET.get("before", "").partition("~")
    when = reading.moment(at)
    before = (when, int(task)) if when and task.isdecimal() and len(task) < 19 else None
    rows = [
        presenting.as_sent(annotator, said.task, chosen=said.answer["kind"] == "answer")
        | {"answer": said.answer, "cursor": said.cursor}
        for said in queries.done_before(annotator, before)
    ]
    response = JsonResponse({"tasks": rows})
    patch_cache_control(response, no_store=True)
    return response


@project_page(post="label.give")
def lease(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """The page is still open: what it holds stays with it. It also says here which reminder it has shown (`seen`)."""
    annotator = _annotator(request, campaign_id)
    try:
        body = reading.body_of(request.body)
    except BadInput as problem:
        return JsonResponse({"problem": str(problem)}, status=400)
    now = timezone.now()
    have, seen = reading.have_of(body.get("have")), reading.seen_of(body.get("seen"))
    if have and annotator.campaign.mode == actions.POOL:
        actions.keep_leases(annotator=annotator, have=have, now=now)
    if seen:
        actions.reminder_seen(annotator=annotator, reminder=seen, now=now)
    return JsonResponse(_standing(annotator))


@project_page(post="label.give")
def keys(request: ProjectRequest, campaign_id: int) -> JsonResponse:
    """Keep somebody's own keyboard."""
    annotator = _annotator(request, campaign_id)
    try:
        chosen = reading.keys_of(reading.body_of(request.body).get("keys"))
    except BadInput as problem:
        return JsonResponse({"problem": str(problem)}, status=400)
    actions.keep_keys(annotator=annotator, keys=chosen)
    return JsonResponse({"keys": chosen})


@project_page("label.give")
def picture(request: ProjectRequest, campaign_id: int, name: str, size: str) -> HttpResponse:
    """A picture of a task, re-encoded. Its name says whose page asks and at which place it stands, no more."""
    annotator = _annotator(request, campaign_id)
    place = presenting.place_named(annotator, name)
    if place is None or size not in SIZES:
        raise Http404
    found = queries.picture_of(annotator, place.task_id)
    content = presenting.content_at(annotator, found[0], place.place) if found else None
    if content is None or content["kind"] == "text":
        raise Http404
    try:
        data = picture_bytes(annotator.campaign.corpus_id, content, SIZES[size])
    except (FileNotFoundError, BrokenPicture):
        raise Http404 from None
    response = HttpResponse(data, content_type=MEDIA_TYPE)
    patch_cache_control(response, private=True, max_age=_YEAR, immutable=True)
    return response


def _annotator(request: ProjectRequest, campaign_id: int, *, left_too: bool = False) -> Annotator:
    """Whoever is in the campaign; to everybody else there is no such address."""
    found = None
    if campaign_id < 2**63:
        found = queries.annotator_of(request.project, campaign_id, request.user, left_too=left_too)
    if found is None:
        raise Http404("No such campaign.")
    return found


def _fresh(request: ProjectRequest, annotator: Annotator, told: dict[str, Any]) -> JsonResponse:
    """With a token: a login changes it under a page that stays open, which asks before it sends again."""
    response = JsonResponse(told | {"csrf": get_token(request), "annotator": annotator.pk})
    patch_cache_control(response, no_store=True)
    return response


def _next(
    annotator: Annotator, tasks: list[Handed], *, asked: bool = True, counted: actions.Counted | None = None
) -> dict[str, Any]:
    told = {"tasks": [presenting.as_sent(annotator, task) for task in tasks]} | _standing(annotator, counted)
    if annotator.left_at is not None:
        told["left"] = True
    if (asked or "left" in told) and not tasks:
        told["empty"] = queries.why_empty(annotator)
    return told


def _standing(annotator: Annotator, counted: actions.Counted | None = None) -> dict[str, Any]:
    """How things stand, for every reply: how far they are, the campaign's state and version, an open reminder."""
    return {
        "progress": queries.progress_of(annotator, counted),
        "state": annotator.campaign.state,
        "version": annotator.campaign.taxonomy_version_id,
        "reminder": annotator.open_reminder,
    }


def _gold(events: list[Answer], went: actions.Went) -> list[dict[str, Any]]:
    """What is known to be true of the tasks that were just answered; of their own, not of others'."""
    truths = {truth.task_id: truth for truth in went.truths}
    last = {event.task_id: (event, one.outcome) for event, one in zip(events, went.saved, strict=True)}
    return [
        {
            "task": event.task_id,
            "category": truth.category,
            "subtype": truth.subtype,
            "explanation": truth.explanation,
            "met": event.category == truth.category and (not truth.subtype or event.subtype == truth.subtype),
        }
        for event, outcome in last.values()
        if event.kind == "answer" and outcome == "saved" and (truth := truths.get(event.task_id))
    ]
