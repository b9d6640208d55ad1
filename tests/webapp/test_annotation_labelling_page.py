"""What the labelling page is told and what it may ask: few statements, nothing of what is known, nobody else's work."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.webapp import annotation_parts as parts
from tests.webapp import people
from webapp.accounts.models import Membership, User
from webapp.annotation.campaigns import staff
from webapp.annotation.models import Annotator, Campaign, Gold, Label, LabelEvent, Reminder, Slot, Task
from webapp.experiments.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return parts.labelled_project(tmp_path)


class Desk:
    """Somebody's page, as a browser uses it."""

    def __init__(self, campaign: Campaign, name: str = "ann"):
        self.here = f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"
        self.client = people.browser(User.objects.get(username=name), csrf=True)
        self.html = self.client.get(self.here).content.decode()
        found = re.search(r'<script id="given"[^>]*>(.*?)</script>', self.html, re.DOTALL)
        assert found
        self.given = json.loads(found.group(1))

    def post(self, place: str, body: Any, client: Client | None = None) -> Any:
        return (client or self.client).post(
            f"{self.here}{place}/", json.dumps(body), "application/json", headers={"X-CSRFToken": self.given["csrf"]}
        )

    def answer(self, task: int, category: str = "action", **more: Any) -> Any:
        event = {"key": str(uuid4()), "task": task, "kind": "answer", "category": category}
        return self.post("answers", {"events": [event], "annotator": self.given["annotator"], **more}).json()


def test_one_request_saves_and_brings_the_next_in_few_statements(run: Run) -> None:
    for mode, most in (("shares", 8), ("pool", 8)):
        desk = Desk(parts.campaign(run, mode=mode, name=mode))
        have = [task["id"] for task in desk.given["tasks"]]
        with CaptureQueriesContext(connection) as counted:
            told = desk.answer(have[0], want=1, have=have[1:])
        assert [one["outcome"] for one in told["saved"]] == ["saved"]
        assert len(told["tasks"]) == 1 and told["tasks"][0]["id"] not in have
        assert told["progress"]["done"] == 1
        # Session with person and membership, annotator; then sent at once (here: savepoint, each alone, release): lock,
        # everything that is said, next, progress.
        assert len(counted) <= most, [query["sql"][:80] for query in counted.captured_queries]


def test_who_they_are_in_a_campaign_comes_along_with_the_session_and_opens_no_other_project(run: Run) -> None:
    desk = Desk(parts.campaign(run))
    with CaptureQueriesContext(connection) as counted:
        assert desk.client.get(f"{desk.here}next/?want=0").status_code == 200
    asked = [query["sql"] for query in counted.captured_queries]
    assert "django_session" in asked[0] and "annotation_annotator" in asked[1]
    assert sum("FROM annotation_annotator a" in text for text in asked) == 1
    ann, fish = User.objects.get(username="ann"), people.project("Fish", people.person("fred"))
    people.member(fish, ann, "annotator")
    assert desk.client.get(desk.here.replace(run.project.slug, fish.slug)).status_code == 404
    staff.remove_annotator(annotator=Annotator.objects.get(user=ann), actor=None, now=timezone.now())
    assert desk.client.get(desk.here).status_code == 404


def test_annotators_are_told_nothing_of_ranks_scores_and_names(run: Run) -> None:
    desk = Desk(parts.campaign(run))
    for task in desk.given["tasks"]:
        assert set(task) == {"id", "prompt", "sides", "roles"}
        for side in task["sides"]:
            assert set(side) == {"kind", "picture", "width", "height"}
    assert not re.search(
        r'"(facts|rank|margin|right_score|idx|case_number|name)":\s*[\d"]', json.dumps(desk.given["tasks"])
    )


def test_a_picture_opens_for_the_person_it_was_named_for_alone(run: Run) -> None:
    campaign = parts.campaign(run)
    desk, other = Desk(campaign), Desk(campaign, "bob")
    name = desk.given["tasks"][0]["sides"][0]["picture"]
    address = f"{desk.here}pictures/{name}/view/"
    shown = desk.client.get(address)
    assert shown.status_code == 200 and shown.headers["Content-Type"] == "image/webp"
    assert "immutable" in shown.headers["Cache-Control"] and "private" in shown.headers["Cache-Control"]
    assert other.client.get(address).status_code == 404
    for wrong in (name[:-1] + ("0" if name[-1] != "0" else "1"), name.replace("-a-", "-b-"), "1", "-", "x-a-y"):
        assert desk.client.get(f"{desk.here}pictures/{wrong}/view/").status_code == 404
    assert desk.client.get(f"{desk.here}pictures/{name}/original/").status_code == 404


def test_what_cannot_be_read_is_refused_and_changes_nothing(run: Run) -> None:
    desk = Desk(parts.campaign(run))
    for body in ([], {"events": 3}, {"events": [3]}, {"events": [{"key": "x"}]}, {"events": [{}] * 501}):
        assert desk.post("answers", body).status_code == 400
    assert desk.client.post(f"{desk.here}answers/", b"{", "application/json",
                            headers={"X-CSRFToken": desk.given["csrf"]}).status_code == 400  # fmt: skip
    assert not Label.objects.exists()


def test_a_note_with_signs_that_cannot_be_kept_is_kept_without_them(run: Run) -> None:
    desk = Desk(parts.campaign(run))
    task = desk.given["tasks"][0]["id"]
    event = {"key": str(uuid4()), "task": task, "kind": "answer", "category": "count", "note": "a\0b\ud83d"}
    assert desk.post("answers", {"events": [event]}).json()["saved"][0]["outcome"] == "saved"
    assert Label.objects.get().note == "ab"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0001-01-01T00:00:00+14:00", None),  # before the year 1 elsewhere: stored, it could never be read again
        ("9999-12-31T23:59:59-14:00", None),
        ("1969-12-31T23:59:59Z", None),
        ("2026-11-21T09:00:00", None),
        ("1970-01-01T14:00:00+14:00", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_clock_that_is_far_off_loses_its_time_and_not_the_answer(run: Run, said: str, kept: datetime | None) -> None:
    desk = Desk(parts.campaign(run))
    event = {"key": str(uuid4()), "task": desk.given["tasks"][0]["id"], "kind": "answer", "category": "count"}
    reply = desk.post("answers", {"events": [event | {"said_at": said}]}).json()
    assert reply["saved"][0]["outcome"] == "saved"
    assert LabelEvent.objects.get().said_at == kept


def test_answers_of_one_person_are_not_taken_for_anothers(run: Run) -> None:
    campaign = parts.campaign(run)
    ann, bob = Desk(campaign), Desk(campaign, "bob")
    body = {"annotator": ann.given["annotator"], "events": []}
    assert bob.post("answers", body).status_code == 409


def test_a_stranger_is_sent_to_the_login_and_whoever_left_finds_no_page(run: Run) -> None:
    campaign = parts.campaign(run)
    desk = Desk(campaign)
    assert Client().get(desk.here).status_code == 302
    leave(campaign, "ann")
    for place in ("", "next/", "done/", f"pictures/{desk.given['tasks'][0]['sides'][0]['picture']}/view/"):
        assert desk.client.get(desk.here + place).status_code == 404
    for place in ("lease", "keys", "reveal"):
        assert desk.post(place, {}).status_code == 404


def leave(campaign: Campaign, name: str) -> None:
    staff.remove_annotator(annotator=parts.annotator(campaign, name), actor=None, now=timezone.now())


@pytest.mark.parametrize("mode", ["shares", "pool"])
def test_what_somebody_had_said_before_they_were_taken_out_is_kept_and_they_get_no_more(run: Run, mode: str) -> None:
    campaign = parts.campaign(run, mode=mode)
    desk = Desk(campaign)
    first, second = [task["id"] for task in desk.given["tasks"]][:2]
    desk.answer(first)
    leave(campaign, "ann")
    told = desk.answer(second, want=5, have=[])
    assert ([one["outcome"] for one in told["saved"]], told["tasks"], told["left"]) == (["surplus"], [], True)
    assert (told["empty"]["title"], told["empty"]["again"]) == ("You are no longer in this campaign.", False)
    assert set(Label.objects.exclude(category="").values_list("task", flat=True)) == {first, second}
    assert desk.answer(first, "count")["saved"][0]["outcome"] == "saved"  # what they had answered stays theirs
    fresh = desk.client.get(f"{desk.here}answers/").json()
    assert fresh["annotator"] == desk.given["annotator"] and fresh["csrf"]


@pytest.mark.parametrize("mode", ["shares", "pool"])
def test_what_somebody_takes_back_after_they_left_is_wanted_from_the_others(run: Run, mode: str) -> None:
    campaign = parts.campaign(run, mode=mode)
    desk = Desk(campaign)
    groups = dict(Task.objects.filter(campaign=campaign).values_list("pk", "group"))
    tasks = [task["id"] for task in desk.client.get(f"{desk.here}next/?want=40").json()["tasks"]]
    shared = next(task for task in tasks if groups[task] == "overlap")
    own = next(task for task in tasks if groups[task] != "overlap")
    for task in (shared, own):
        desk.answer(task)
    leave(campaign, "ann")
    waiting = Slot.objects.filter(campaign=campaign, state__in=["open", "free"])
    before = waiting.exclude(task=own).count()
    back = [{"key": str(uuid4()), "task": task, "kind": "withdraw"} for task in (shared, own)]
    assert {one["outcome"] for one in desk.post("answers", {"events": back}).json()["saved"]} == {"saved"}
    assert waiting.exclude(task=own).count() == before
    assert waiting.filter(task=own).exclude(annotator__user__username="ann").count() == 1
    assert not Slot.objects.filter(annotator__user__username="ann", state__in=["open", "leased"]).exists()
    assert parts.annotator(campaign, "ann").held == 0


def test_answers_of_somebody_who_may_no_longer_label_are_refused_as_a_matter_of_rights(run: Run) -> None:
    desk = Desk(parts.campaign(run))
    Membership.objects.filter(user__username="ann").update(role="viewer")
    assert desk.post("answers", {"events": []}).status_code == 403
    assert desk.client.get(f"{desk.here}answers/").status_code == 403
    Membership.objects.filter(user__username="ann").delete()
    assert desk.client.get(f"{desk.here}answers/").status_code == 404


def test_going_back_shows_ones_own_answers_newest_first_page_by_page(run: Run) -> None:
    campaign = parts.campaign(run)
    desk = Desk(campaign)
    tasks = [task["id"] for task in desk.given["tasks"]][:5]
    for task in tasks:
        desk.answer(task)
    Desk(campaign, "bob").answer(tasks[0])
    told = desk.client.get(f"{desk.here}done/").json()["tasks"]
    assert [row["id"] for row in told] == tasks[::-1]
    assert told[0]["answer"]["category"] == "action"
    before = told[1]["cursor"]
    assert [row["id"] for row in desk.client.get(f"{desk.here}done/", {"before": before}).json()["tasks"]] == tasks[
        2::-1
    ]


def test_gold_is_told_of_only_where_the_campaign_says_so(run: Run) -> None:
    for telling in (False, True):
        campaign = parts.campaign(run, show_gold_feedback=telling, name=f"gold {telling}")
        desk = Desk(campaign)
        task = desk.given["tasks"][0]["id"]
        Gold.objects.create(task_id=task, category="count", explanation="Two, not three.", at=timezone.now())
        assert "Two, not three" not in Desk(campaign).html
        told = desk.answer(task)
        if not telling:
            assert "gold" not in told
        else:
            [gold] = told["gold"]
            assert (gold["category"], gold["met"], gold["explanation"]) == ("count", False, "Two, not three.")


def test_gold_of_what_is_not_theirs_is_told_to_nobody(run: Run) -> None:
    campaign = parts.campaign(run, show_gold_feedback=True)
    desk, others = Desk(campaign), list(Task.objects.filter(campaign=campaign, group="B").values_list("pk", flat=True))
    Gold.objects.create(task_id=others[0], category="count", at=timezone.now())
    said = {"task": others[0], "kind": "answer"}
    twice = [said | {"key": str(uuid4()), "category": category} for category in ("object", "action")]
    assert desk.post("answers", {"events": twice, "want": 1, "have": [1]}).json()["gold"] == []


def test_a_reminder_is_in_every_reply_until_the_page_says_that_it_has_shown_it(run: Run) -> None:
    campaign = parts.campaign(run)
    desk, other = Desk(campaign), Desk(campaign, "bob")
    assert desk.given["reminder"] is None
    ann, owner = parts.annotator(campaign, "ann"), User.objects.get(username="owner")
    for text in ("By Friday, please", "By Monday will do"):
        staff.remind(annotator=ann, text=text, actor=owner, now=timezone.now())
    tasks = [task["id"] for task in desk.given["tasks"]]
    told = desk.answer(tasks[0])["reminder"]
    assert (told["text"], told["by"]) == ("By Monday will do", "owner")
    assert desk.client.get(f"{desk.here}next/?want=0").json()["reminder"] == told  # an answer does not end it
    assert desk.post("lease", {"have": tasks}).json()["reminder"] == told == Desk(campaign).given["reminder"]
    assert other.answer(tasks[0])["reminder"] is None
    for wrong in (True, "1", -1, 2**70):
        assert desk.post("lease", {"seen": wrong}).json()["reminder"] == told
    assert other.post("lease", {"seen": told["id"]}).status_code == 200
    assert desk.post("lease", {}).json()["reminder"] == told  # it is over for nobody else
    assert desk.post("lease", {"seen": told["id"]}).json()["reminder"] is None
    assert desk.answer(tasks[1])["reminder"] is None
    assert not Reminder.objects.filter(shown_at=None).exists()


def test_an_empty_page_says_why_and_what_next(run: Run) -> None:
    shares = parts.campaign(run)
    Slot.objects.filter(campaign=shares, annotator__user__username="ann").update(state="answered")
    assert Desk(shares).given["empty"]["title"] == "You have labelled your whole share."
    pool = parts.campaign(run, mode="pool", name="pool")
    desk = Desk(pool)
    while tasks := desk.client.get(f"{desk.here}next/?want=40").json()["tasks"]:
        for task in tasks:
            desk.answer(task["id"])
    told = desk.client.get(f"{desk.here}next/?want=5").json()["empty"]
    assert (told["title"], told["text"]) == ("No items left for you.", "12 wait for a second annotator.")
    Campaign.objects.filter(pk=pool.pk).update(state="paused")
    assert Desk(pool).given["empty"]["title"] == "This campaign is paused."


def test_keys_are_kept_where_they_do_not_collide(run: Run) -> None:
    campaign = parts.campaign(run)
    desk = Desk(campaign)
    assert desk.post("keys", {"keys": {"skip": "KeyX", "choose:count": "KeyY"}}).status_code == 200
    assert Annotator.objects.get(campaign=campaign, user__username="ann").keys["skip"] == "KeyX"
    assert Desk(campaign).given["keys"]["skip"] == "KeyX"
    for keys in ({"skip": "KeyX", "note": "KeyX"}, {"skip": "<b>"}, {"": "KeyX"}, ["KeyX"]):
        assert desk.post("keys", {"keys": keys}).status_code == 400
