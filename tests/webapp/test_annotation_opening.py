"""Opening a campaign: what is drawn, who gets what, what is refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import annotation_parts, people
from webapp.annotation.campaigns.actions import replace_unusable
from webapp.annotation.models import Annotator, Campaign, Slot, Task
from webapp.experiments.cases.filters import Filters

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(tmp_path):
    return annotation_parts.labelled_project(tmp_path)


def test_everybody_gets_the_overlap_and_a_share_of_their_own(run):
    campaign = annotation_parts.campaign(run)
    groups = {group: Task.objects.filter(campaign=campaign, group=group).count() for group in ("overlap", *"ABC")}
    assert groups == {"overlap": 6, "A": 8, "B": 8, "C": 8}
    for row in Annotator.objects.filter(campaign=campaign):
        held = Slot.objects.filter(annotator=row, state="open").values_list("task__group", flat=True)
        assert sorted(held) == sorted(["overlap"] * 6 + [row.letter] * 8)
        assert row.held == 14


def test_the_backup_waits_without_slots(run):
    campaign = annotation_parts.campaign(run)
    backup = Task.objects.filter(campaign=campaign, group="backup")
    assert {task.state for task in backup} == {"reserve"}
    assert backup.count() == 4
    assert not Slot.objects.filter(task__in=backup).exists()


def test_the_same_seed_draws_the_same_cases_and_another_seed_others(run):
    first = annotation_parts.campaign(run, name="one")
    again = annotation_parts.campaign(run, name="two")
    other = annotation_parts.campaign(run, name="three", seed=2)
    drawn = [
        list(Task.objects.filter(campaign=c).order_by("position").values_list("idx", "group"))
        for c in (first, again, other)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_overlap_and_shares_are_mixed_along_the_way(run):
    campaign = annotation_parts.campaign(run)
    order = list(
        Task.objects.filter(campaign=campaign, state="active").order_by("position").values_list("group", flat=True)
    )
    assert set(order[:6]) != {"overlap"}
    assert "overlap" in order[len(order) // 2 :]


def test_a_pool_has_free_slots_and_an_overlap_slot_for_each_annotator(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=20)
    slots = Slot.objects.filter(campaign=campaign)
    assert set(slots.values_list("state", "annotator")) == {("free", None)}
    assert slots.filter(task__group="overlap").count() == 18
    assert slots.exclude(task__group="overlap").count() == 24


def test_strata_are_drawn_in_proportion_and_remembered(run):
    campaign = annotation_parts.campaign(run, stratify="rank", filters=Filters())
    assert set(campaign.strata) == {"2-5", "6-10", "11-100"}
    assert sum(row["population"] for row in campaign.strata.values()) == campaign.population
    for name, row in campaign.strata.items():
        assert row["sampled"] == Task.objects.filter(campaign=campaign, state="active", stratum=name).count()


def test_a_task_freezes_what_is_shown(run):
    task = Task.objects.filter(campaign=annotation_parts.campaign(run)).first()
    assert task.prompt["kind"] == "text" and task.prompt["text"]
    assert task.right["kind"] == task.given["kind"] == "picture"
    assert task.right["number"] != task.given["number"]
    assert task.right["width"] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"overlap": 31}, "exceed"),
        ({"size": 0, "overlap": 0, "backup": 0}, "1 to"),
        ({"names": ()}, "at least one"),
        ({"names": ("ann", "ann")}, "twice"),
        ({"name": " "}, "needs a name"),
        ({"filters": Filters(words="zeppelin")}, "No case matches"),
        ({"stratify": "moon"}, "by rank, by margin"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_left(run, settings, message):
    with pytest.raises(BadInput, match=message):
        annotation_parts.campaign(run, **settings)
    assert not Campaign.objects.exists()


def test_only_people_who_may_label_here_are_taken(run):
    people.person("stranger")
    viewer = people.person("viewer")
    people.member(run.project, viewer, "viewer")
    for name in ("stranger", "viewer"):
        with pytest.raises(BadInput, match=f"{name} may not label"):
            annotation_parts.campaign(run, names=(name,))


def test_an_unusable_sample_is_replaced_from_the_backup_for_whoever_was_to_label_it(run):
    campaign = annotation_parts.campaign(run)
    own = Task.objects.filter(campaign=campaign, group="B").first()
    backup = Task.objects.filter(campaign=campaign, state="reserve").order_by("position").first()
    fresh = replace_unusable(task=own, reason="broken", actor=None, now=timezone.now())
    assert (fresh.pk, fresh.group, fresh.state, fresh.replaces_id) == (backup.pk, "B", "active", own.pk)
    assert list(Slot.objects.filter(task=own).values_list("state", flat=True)) == ["withdrawn"]
    assert list(Slot.objects.filter(task=fresh).values_list("annotator__letter", "state")) == [("B", "open")]
    assert Annotator.objects.get(campaign=campaign, letter="B").held == 14
    assert replace_unusable(task=own, reason="broken", actor=None, now=timezone.now()) == fresh


def test_an_unusable_overlap_sample_is_replaced_for_everybody(run):
    campaign = annotation_parts.campaign(run)
    shared = Task.objects.filter(campaign=campaign, group="overlap").first()
    fresh = replace_unusable(task=shared, reason="offensive", actor=None, now=timezone.now())
    assert sorted(Slot.objects.filter(task=fresh).values_list("annotator__letter", flat=True)) == ["A", "B", "C"]
    assert set(Annotator.objects.filter(campaign=campaign).values_list("held", flat=True)) == {14}


def test_when_the_backup_is_used_up_a_sample_goes_without_another(run):
    campaign = annotation_parts.campaign(run, backup=0, size=30)
    task = Task.objects.filter(campaign=campaign, group="A").first()
    assert replace_unusable(task=task, reason="broken", actor=None, now=timezone.now()) is None
    assert Annotator.objects.get(campaign=campaign, letter="A").held == 13


def test_a_sample_that_was_answered_already_is_replaced_too_and_the_answer_stays(run):
    campaign = annotation_parts.campaign(run)
    own = Task.objects.filter(campaign=campaign, group="B").first()
    Slot.objects.filter(task=own).update(state="answered")
    fresh = replace_unusable(task=own, reason="broken", actor=None, now=timezone.now())
    assert list(Slot.objects.filter(task=own).values_list("state", flat=True)) == ["answered"]
    assert list(Slot.objects.filter(task=fresh).values_list("annotator__letter", "state")) == [("B", "open")]
    assert Annotator.objects.get(campaign=campaign, letter="B").held == 15


def test_the_replacement_for_somebody_who_left_goes_to_who_holds_least(run):
    campaign = annotation_parts.campaign(run)
    own = Task.objects.filter(campaign=campaign, group="B").first()
    Slot.objects.filter(task=own).update(state="answered")
    Annotator.objects.filter(campaign=campaign, letter="B").update(left_at=timezone.now())
    Annotator.objects.filter(campaign=campaign, letter="C").update(held=3)
    fresh = replace_unusable(task=own, reason="broken", actor=None, now=timezone.now())
    assert list(Slot.objects.filter(task=fresh).values_list("annotator__letter", "state")) == [("C", "open")]


def test_the_planner_knows_a_campaign_as_soon_as_it_is_open(run):
    campaign = annotation_parts.campaign(run)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'annotation_slot'::regclass")
        assert cursor.fetchone() == (Slot.objects.filter(campaign=campaign).count(),)
