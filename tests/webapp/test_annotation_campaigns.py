"""Campaigns: pages and API, who joins and leaves, what pauses and finishes, and that nothing is asked once an item."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import formats, timezone

from ml_core.spec import BadInput
from tests.webapp import annotation_parts, people
from webapp.accounts.models import AuditEvent, User
from webapp.annotation.campaigns import queries, staff, states
from webapp.annotation.campaigns.forecast import Pace, day_of_end, forecast, together
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.labelling.actions import hand_out, record_answers, reminder_seen
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, Label, Reminder, Slot, Task

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(tmp_path):
    return annotation_parts.labelled_project(tmp_path)


@pytest.fixture
def owner(run):
    return people.browser(User.objects.get(username="owner"))


def say(campaign: Campaign, name: str, count: int, category: str = "object") -> list[int]:
    """The next open samples of somebody, answered."""
    person = annotation_parts.annotator(campaign, name)
    open_slots = Slot.objects.filter(annotator=person, state="open").order_by("position")
    tasks = list(open_slots.values_list("task_id", flat=True)[:count])
    events = [
        Answer(
            key=uuid.uuid4(), task_id=task, kind="answer", category=category, subtype="", skip_reason="",
            confidence=None, note="", flagged=False, first_choice_ms=4000, spent_ms=6000, said_at=None,
        )
        for task in tasks
    ]  # fmt: skip
    record_answers(annotator=person, events=events, source="page", now=timezone.now())
    return tasks


def url(campaign: Campaign, name: str = "campaign", **more: object) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk} | more)


def consistent(campaign: Campaign) -> None:
    """What must hold whatever happened: counts, one slot a person and task, every sample still wanted."""
    for row in Annotator.objects.filter(campaign=campaign):
        held = Slot.objects.filter(annotator=row).exclude(state="withdrawn").count()
        assert row.held == held, row.letter
        assert row.quota is None or row.held <= row.quota
    for task in Task.objects.filter(campaign=campaign, state="active").exclude(group="overlap"):
        assert Slot.objects.filter(task=task).exclude(state="withdrawn").count() == 1


# People --------------------------------------------------------------------------------------------------------------


def newcomer(run, name: str = "dan") -> User:
    user = people.person(name)
    people.member(run.project, user, "annotator")
    return user


def test_who_joins_midway_gets_the_overlap_and_a_fair_part_of_what_nobody_answered(run):
    campaign = annotation_parts.campaign(run)
    answered = say(campaign, "ann", 5)
    row = staff.add_annotator(campaign=campaign, user=newcomer(run), actor=None, now=timezone.now())
    assert row.letter == "D"
    slots = Slot.objects.filter(annotator=row, state="open")
    assert slots.filter(task__group="overlap").count() == 6
    own_open = Slot.objects.filter(campaign=campaign, state="open").exclude(task__group="overlap").count()
    assert slots.exclude(task__group="overlap").count() == own_open // 4
    assert set(slots.exclude(task__group="overlap").values_list("task__group", flat=True)) == {"D"}
    assert not slots.filter(task__in=answered).exclude(task__group="overlap").exists()
    assert Label.objects.filter(annotator__user__username="ann").count() == 5
    consistent(campaign)


def test_who_leaves_keeps_their_answers_and_leaves_the_rest_to_the_others(run):
    campaign = annotation_parts.campaign(run)
    answered = say(campaign, "bob", 4)
    bob = annotation_parts.annotator(campaign, "bob")
    staff.remove_annotator(annotator=bob, actor=None, now=timezone.now())
    assert set(Slot.objects.filter(annotator=bob, state="answered").values_list("task", flat=True)) == set(answered)
    assert not Slot.objects.filter(annotator=bob, state="open").exists()
    consistent(campaign)
    others = [annotation_parts.annotator(campaign, name).held for name in ("ann", "cy")]
    assert abs(others[0] - others[1]) <= 1


def test_who_comes_back_has_their_letter_and_their_answers(run):
    campaign = annotation_parts.campaign(run)
    say(campaign, "bob", 4)
    bob = annotation_parts.annotator(campaign, "bob")
    staff.remove_annotator(annotator=bob, actor=None, now=timezone.now())
    back = staff.add_annotator(campaign=campaign, user=bob.user, actor=None, now=timezone.now())
    assert (back.pk, back.letter, back.left_at) == (bob.pk, "B", None)
    assert Slot.objects.filter(annotator=back, task__group="overlap").exclude(state="withdrawn").count() == 6
    consistent(campaign)


def test_the_last_annotator_stays(run):
    campaign = annotation_parts.campaign(run, names=("ann",))
    with pytest.raises(BadInput, match="at least one annotator"):
        staff.remove_annotator(annotator=annotation_parts.annotator(campaign, "ann"), actor=None, now=timezone.now())


def test_a_pool_grows_and_shrinks_with_its_people(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=20)
    free = Slot.objects.filter(campaign=campaign, state="free")
    assert free.count() == 42
    row = staff.add_annotator(campaign=campaign, user=newcomer(run), quota=9, actor=None, now=timezone.now())
    assert (free.count(), row.quota) == (48, 9)
    staff.remove_annotator(annotator=row, actor=None, now=timezone.now())
    assert free.count() == 42
    consistent(campaign)


def test_what_somebody_owes_a_pool_is_what_they_hold_and_could_still_take(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=20)
    ann = annotation_parts.annotator(campaign, "ann")
    assert own_open(campaign, ann.user) == 20  # 30 samples are free, and the quota bounds what is theirs to take
    staff.set_quota(annotator=ann, quota=None, actor=None, now=timezone.now())
    assert own_open(campaign, ann.user) == 30  # a sample that everybody labels is one, however many slots it has
    handed = hand_out(annotator=ann, wanted=5, have=set(), now=timezone.now())
    assert own_open(campaign, ann.user) == 30
    Slot.objects.filter(annotator=ann, task__in=[task.task_id for task in handed]).update(
        state="answered", lease_until=None
    )
    assert own_open(campaign, ann.user) == 25
    assert own_open(campaign, User.objects.get(username="owner")) == 0


def test_a_pool_of_which_somebody_has_had_everything_owes_them_an_open_door(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=None)
    ann = annotation_parts.annotator(campaign, "ann")
    for task in Task.objects.filter(campaign=campaign, state="active"):
        first = task.slots.order_by("number").first()
        Slot.objects.filter(pk=first.pk).update(state="answered", annotator=ann)
    assert Slot.objects.filter(campaign=campaign, state="free").exists()
    assert own_open(campaign, ann.user) == 0


def test_a_quota_is_never_below_what_somebody_holds(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=20)
    ann = annotation_parts.annotator(campaign, "ann")
    Annotator.objects.filter(pk=ann.pk).update(held=5)
    with pytest.raises(BadInput, match="holds 5"):
        staff.set_quota(annotator=ann, quota=4, actor=None, now=timezone.now())
    assert staff.set_quota(annotator=ann, quota=None, actor=None, now=timezone.now()).quota is None


def test_only_members_who_may_label_join(run):
    campaign = annotation_parts.campaign(run)
    with pytest.raises(BadInput, match="may not label"):
        staff.add_annotator(campaign=campaign, user=people.person("stranger"), actor=None, now=timezone.now())
    with pytest.raises(BadInput, match="already"):
        ann = User.objects.get(username="ann")
        staff.add_annotator(campaign=campaign, user=ann, actor=None, now=timezone.now())


# States --------------------------------------------------------------------------------------------------------------


def test_a_campaign_pauses_finishes_and_reopens_and_the_trail_says_what_was_undone(run):
    campaign = annotation_parts.campaign(run)
    now = timezone.now()
    assert states.pause_campaign(campaign=campaign, actor=None, now=now).state == "paused"
    finished = states.finish_campaign(campaign=campaign, actor=None, now=now)
    assert (finished.state, finished.finished_at) == ("finished", now)
    assert AuditEvent.objects.get(verb="campaign.finished").details["undone"] == 42
    with pytest.raises(BadInput, match="finished"):
        states.pause_campaign(campaign=campaign, actor=None, now=now)
    assert states.reopen_campaign(campaign=campaign, actor=None, now=now).finished_at is None


def test_reminders_show_at_home_until_the_labelling_page_has_shown_them(run):
    campaign = annotation_parts.campaign(run)
    ann = annotation_parts.annotator(campaign, "ann")
    owner = User.objects.get(username="owner")
    staff.remind(annotator=ann, text="By Friday, please", actor=owner, now=timezone.now())
    home = people.browser(ann.user).get("/")
    assert "By Friday, please" in home.content.decode()
    say(campaign, "ann", 1)
    assert "By Friday, please" in people.browser(ann.user).get("/").content.decode()
    reminder_seen(annotator=ann, reminder=Reminder.objects.get().pk, now=timezone.now())
    assert "By Friday, please" not in people.browser(ann.user).get("/").content.decode()


# Forecast ------------------------------------------------------------------------------------------------------------


def test_a_forecast_says_when_it_is_too_early():
    assert not forecast(10, Pace(9, 6.0, 1.0)).known
    told = forecast(100, Pace(50, 6.0, 2.0))
    assert told.low < 600 < told.high
    assert forecast(0, Pace()).high == 0


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_day_of_the_end_goes_by_how_much_is_answered_in_a_day_breaks_included():
    assert day_of_end(100, 60, NOON - timedelta(days=3), NOON) == NOON + timedelta(days=5)


def test_an_hours_labelling_counts_as_a_days():
    assert day_of_end(50, 100, NOON - timedelta(hours=1), NOON) == NOON + timedelta(hours=12)


@pytest.mark.parametrize("left, answered, since", [
    (0, 60, NOON - timedelta(days=3)), (10, 9, NOON - timedelta(days=3)), (10, 0, None),
    (10_000, 10, NOON - timedelta(days=3)),
])  # fmt: skip
def test_no_day_is_told_where_it_would_be_a_guess_or_nothing_is_left(left, answered, since):
    assert day_of_end(left, answered, since, NOON) is None


def test_the_page_of_an_open_campaign_tells_the_day_in_the_readers_language(run):
    campaign, user = annotation_parts.campaign(run), User.objects.get(username="owner")
    page, owner = url(campaign), people.browser(user)
    assert "if days go on" not in owner.get(page).content.decode()
    say(campaign, "ann", 6)
    say(campaign, "bob", 6)
    day = queries.standing_of(campaign).done_on
    assert timezone.now() < day < timezone.now() + timedelta(days=9)
    told = f"Done about {formats.date_format(timezone.localtime(day), 'l j F')}, if days go on like the latest."
    assert told in owner.get(page).content.decode()
    User.objects.filter(pk=user.pk).update(language="zh-hans")
    there = timezone.localtime(day)
    assert f"{there.month}月{there.day}日" in owner.get(page).content.decode()
    Campaign.objects.filter(pk=campaign.pk).update(state="paused")
    campaign.refresh_from_db()
    assert queries.standing_of(campaign).done_on is None


def test_paces_together_weigh_by_their_answers():
    both = together([Pace(10, 4.0, 0.0), Pace(30, 8.0, 0.0), Pace()])
    assert (both.count, both.mean) == (40, 7.0)
    assert both.deviation == pytest.approx(3**0.5)


# Pages ---------------------------------------------------------------------------------------------------------------


def test_the_plan_is_shown_before_it_is_made_and_changes_with_its_numbers(run, owner):
    address = reverse("annotation:campaign_new", kwargs={"slug": run.project.slug})
    page = owner.get(address, {"run": run.pk, "size": 20, "overlap": 4, "backup": 2, "mode": "shares", "seed": 0,
                               "stratify": "rank", "annotators": [User.objects.get(username="ann").pk]})  # fmt: skip
    text = page.content.decode()
    assert page.status_code == 200 and not Campaign.objects.exists()
    assert page.context["drawn"].active == 18
    assert "Rank 2 to 5" in text
    wrong = owner.get(address, {"run": run.pk, "size": 20, "overlap": 30, "backup": 2, "mode": "shares", "seed": 0})
    assert "exceed" in wrong.content.decode()


def test_a_campaign_is_opened_from_the_form_with_the_filters_it_came_with(run, owner):
    address = reverse("annotation:campaign_new", kwargs={"slug": run.project.slug})
    data = {
        "name": "By hand", "run": run.pk, "direction": "t2i", "outcome": "failed", "rank": "2-5", "size": 12,
        "overlap": 2, "backup": 1, "seed": 0, "stratify": "", "mode": "shares", "taxonomy": "default",
        "annotators": [User.objects.get(username=name).pk for name in ("ann", "bob")],
    }  # fmt: skip
    answer = owner.post(address, data)
    campaign = Campaign.objects.get(name="By hand")
    assert answer.status_code == 302 and answer["Location"] == url(campaign)
    assert "rank=2-5" in campaign.source["query"]
    refused = owner.post(address, data)
    assert refused.status_code == 422 and "already" in refused.content.decode()
    assert 'value="By hand"' in refused.content.decode()


def test_the_campaigns_page_tells_how_far_everybody_is(run, owner):
    campaign = annotation_parts.campaign(run)
    say(campaign, "ann", 3)
    page = owner.get(url(campaign))
    standing = page.context["standing"]
    assert (standing.done, standing.total) == (3, 42)
    ann = standing.people[0]
    assert (ann.answered, ann.waiting, ann.first_choice) == (3, 11, 4.0)
    assert "Too early to tell" in page.content.decode()
    listed = owner.get(reverse("annotation:campaigns", kwargs={"slug": run.project.slug}))
    assert "First look" in listed.content.decode()


def test_pages_ask_as_much_of_the_database_for_many_as_for_few(run, owner):
    small = annotation_parts.campaign(run, name="small", names=("ann",), size=6, overlap=2, backup=1)
    big = annotation_parts.campaign(run, name="big")
    say(big, "ann", 5)
    counts = []
    for campaign in (small, big):
        owner.get(url(campaign))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            owner.get(url(campaign))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 26


def test_buttons_of_the_page_do_what_they_say(run, owner):
    campaign = annotation_parts.campaign(run)
    ann = annotation_parts.annotator(campaign, "ann")
    dan = newcomer(run)
    steps = [
        (url(campaign, "campaign_join"), {"user": dan.pk}, "annotator D"),
        (url(campaign, "campaign_remind", annotator_id=ann.pk), {"text": "please"}, "sees the reminder"),
        (url(campaign, "campaign_quota", annotator_id=ann.pk), {"quota": 3}, "Quotas belong to a shared pool"),
        (url(campaign, "campaign_leave", annotator_id=ann.pk), {}, "has left"),
        (url(campaign, "campaign_change"), {"do": "rename", "name": "Second look"}, "new name"),
        (url(campaign, "campaign_change"), {"do": "replace", "idx": "nothing"}, "No sample"),
        (url(campaign, "campaign_change"), {"do": "pause"}, "is paused"),
        (url(campaign, "campaign_change"), {"do": "finish"}, "is finished"),
        (url(campaign, "campaign_change"), {"do": "reopen"}, "open again"),
    ]
    for address, data, said in steps:
        assert said in owner.post(address, data, follow=True).content.decode(), address


def test_annotators_see_a_desk_and_no_campaigns(run):
    campaign = annotation_parts.campaign(run)
    ann = people.browser(User.objects.get(username="ann"))
    answer = ann.get(reverse("annotation:desk", kwargs={"slug": run.project.slug}))
    assert answer["Location"] == url(campaign, "label")
    assert ann.get(url(campaign)).status_code == 403
    home = ann.get("/").content.decode()
    assert "14 items wait for you" in home


# API -----------------------------------------------------------------------------------------------------------------


def test_the_api_opens_changes_and_tells_of_campaigns(run, owner):
    where = reverse("annotation:api_campaigns", kwargs={"slug": run.project.slug})
    body = {"name": "By API", "run": run.pk, "annotators": ["ann", "bob"], "size": 12, "overlap": 2, "backup": 1}
    plan = {name: value for name, value in body.items() if name != "name"}
    drawn = owner.post(f"{where}plan/", plan, content_type="application/json")
    assert drawn.status_code == 200 and drawn.json()["answers"] == 12
    made = owner.post(where, body, content_type="application/json")
    assert made.status_code == 201, made.content
    one = f"{where}{made.json()['id']}/"
    assert owner.get(one).json()["total"] == 12
    assert owner.patch(one, {"state": "paused"}, content_type="application/json").json()["state"] == "paused"
    cy = owner.post(f"{one}annotators/", {"username": "cy"}, content_type="application/json")
    assert cy.status_code == 201 and cy.json()["letter"] == "C"
    gone = owner.delete(f"{one}annotators/{cy.json()['id']}/")
    assert gone.json()["here"] is False
    assert owner.get(where).json()[0]["name"] == "By API"
    wrong = owner.post(where, body | {"name": "x", "filters": {"moon": "1"}}, content_type="application/json")
    assert wrong.status_code == 400 and "filters.moon" in wrong.content.decode()


def test_the_gallery_leads_to_a_campaign_of_what_it_shows(run, owner):
    gallery = reverse("experiments:cases", kwargs={"slug": run.project.slug, "run_id": run.pk})
    page = owner.get(gallery, {"direction": "t2i", "rank": "2-5"}).content.decode()
    new = reverse("annotation:campaign_new", kwargs={"slug": run.project.slug})
    assert f"{new}?run={run.pk}&amp;direction=t2i&amp;rank=2-5" in page
    assert owner.get(new, {"run": run.pk, "rank": "2-5"}).context["source"].filters.rank == "2-5"
