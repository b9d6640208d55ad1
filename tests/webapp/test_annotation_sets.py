"""Analysis sets: one settled label a case, frozen, with shares that say what they rest on."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from ml_core.retrieval.improving.category import read_labels
from ml_core.retrieval.subset import read_subset
from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from tests.webapp import annotation_parts, people
from tests.webapp.test_annotation_labelling_versions import colour, use, version_with
from webapp.accounts.models import User
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import AnalysisItem, AnalysisSet, Calculation, Campaign, Decision, Gold, Slot, Task
from webapp.annotation.review.gathering import gathered
from webapp.annotation.sets.actions import ask_to_freeze
from webapp.annotation.sets.freezing import content_hash, labels_for_shares, shares_of
from webapp.annotation.sets.queries import shares_in
from webapp.annotation.sets.references import check, choices, resolve
from webapp.corpora.files import store
from webapp.corpora.models import Caption
from webapp.experiments.models import RegisteredModel, Run
from webapp.experiments.references import Named
from webapp.experiments.sweeping import sweep
from workers import calculating
from workers.inputs import resolved_spec

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
KEYS = DEFAULT.keys


@pytest.fixture
def campaign(tmp_path) -> Campaign:
    return annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))


@pytest.fixture
def web() -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def label_all(campaign: Campaign, *, but: int = 0, differ: bool = True) -> None:
    """Everybody answers everything (all but the last `but` of each); C differs on every second overlap sample."""
    for name in ("ann", "bob", "cy"):
        who = annotation_parts.annotator(campaign, name)
        slots = list(Slot.objects.filter(annotator=who, state="open").select_related("task").order_by("position"))
        events = []
        for slot in slots[: len(slots) - but]:
            category = KEYS[slot.task.position % 7]
            if differ and name == "cy" and slot.task.group == "overlap" and slot.task.position % 2:
                category = KEYS[(slot.task.position + 1) % 7]
            subtype = "underspecified" if category == "ambiguous" else ""
            events.append(Answer(uuid.uuid4(), slot.task_id, "answer", category=category, subtype=subtype))
        record_answers(annotator=who, events=events, source="page", now=timezone.now())


def frozen(campaign: Campaign, **more) -> Calculation:
    options = {"name": "", "rule": "majority", "incomplete": False} | more  # which settles sooner than "consensus"
    owner = User.objects.get(username="owner")
    row = ask_to_freeze(campaign=campaign, actor=owner, now=timezone.now(), **options)
    calculating.work()
    row.refresh_from_db()
    return row


def made(campaign: Campaign, **more) -> AnalysisSet:
    row = frozen(campaign, **more)
    assert row.state == "ready", row.failure
    return AnalysisSet.objects.get(pk=row.result["set"])


def named(target: str) -> Named:
    return Named("subset", "set", target, {})


def test_every_sample_counts_once_and_says_what_settled_it(campaign):
    label_all(campaign)
    found = made(campaign, rule="consensus")
    items = AnalysisItem.objects.filter(analysis_set=found)
    assert found.item_count == items.count() == 30
    assert items.filter(group="overlap").count() == 6
    assert set(items.filter(group="overlap").values_list("origin", flat=True)) == {"consensus"}
    assert set(items.exclude(group="overlap").values_list("origin", flat=True)) == {"single"}


def test_a_decision_counts_before_a_planted_truth_before_the_annotators(campaign):
    label_all(campaign, differ=False)
    decided, planted = Task.objects.filter(campaign=campaign, group="overlap").order_by("position")[:2]
    wrong = KEYS[(decided.position + 3) % 7]
    for task in (decided, planted):
        Gold.objects.create(task=task, category=KEYS[(task.position + 2) % 7], at=timezone.now())
    Decision.objects.create(campaign=campaign, task=decided, category=wrong, key=uuid.uuid4(), at=timezone.now())
    found = made(campaign, rule="consensus")
    rows = dict(AnalysisItem.objects.filter(analysis_set=found).values_list("task_id", "origin"))
    assert rows[decided.pk] == "adjudicated"
    assert rows[planted.pk] == "gold"
    assert AnalysisItem.objects.get(analysis_set=found, task=decided).category == wrong
    told = {row.key: row.sample["value"] * found.item_count for row in shares_in(found)}
    assert told == pytest.approx({row.key: row.count for row in shares_in(found)})


def test_how_often_annotators_err_is_told_from_what_they_said_before_they_were_told_gold(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(show_gold_feedback=True)
    label_all(campaign, differ=False)
    shared = list(Task.objects.filter(campaign=campaign, group="overlap").order_by("position"))
    for task in shared:
        truth = KEYS[(task.position + 1) % 7]
        Gold.objects.create(task=task, category=truth, at=timezone.now())
        for name in ("ann", "bob"):
            said = Answer(uuid.uuid4(), task.pk, "answer", category=truth)
            who = annotation_parts.annotator(campaign, name)
            record_answers(annotator=who, events=[said], source="page", now=timezone.now())
    shares = {}
    for tells in (True, False):
        campaign.show_gold_feedback = tells
        found = gathered(campaign)
        labels = labels_for_shares(campaign, found)
        assert [labels[shared[0].idx, who] == found.gold[shared[0].idx][0] for who in "AB"] == [not tells, not tells]
        shares[tells] = shares_of(campaign, DEFAULT, found, "majority")
    assert shares[True]["settled"] == shares[False]["settled"]


def test_a_decision_taken_back_counts_no_more(campaign):
    label_all(campaign, differ=False)
    task = Task.objects.filter(campaign=campaign, group="overlap").first()
    for category in (KEYS[(task.position + 3) % 7], ""):
        Decision.objects.create(campaign=campaign, task=task, category=category, key=uuid.uuid4(), at=timezone.now())
    item = AnalysisItem.objects.get(analysis_set=made(campaign, rule="consensus"), task=task)
    assert (item.origin, item.category) == ("consensus", KEYS[task.position % 7])


def test_a_total_that_is_not_the_plans_is_refused_with_the_samples_that_lack_a_label(campaign):
    label_all(campaign, but=1)
    row = frozen(campaign)
    assert row.state == "failed"
    assert "The plan has 30 samples; 27 of them have a label" in row.failure
    missing = [s.task.idx for s in Slot.objects.filter(campaign=campaign, state="open").exclude(task__group="overlap")]
    assert any(idx in row.failure for idx in missing)
    assert not AnalysisSet.objects.exists()
    assert made(campaign, incomplete=True).item_count < 30


def test_the_same_labels_frozen_again_are_the_same_set_and_another_label_is_another(campaign):
    label_all(campaign)
    first = made(campaign, name="one", rule="consensus")
    assert made(campaign, name="two", rule="consensus").pk == first.pk
    who = annotation_parts.annotator(campaign, "ann")
    task = Task.objects.filter(campaign=campaign, group="A").first()
    other = KEYS[(task.position + 1) % 7]
    event = Answer(uuid.uuid4(), task.pk, "answer", category=other)
    record_answers(annotator=who, events=[event], source="page", now=timezone.now())
    second = made(campaign, rule="consensus")
    assert second.number == first.number + 1
    assert second.content_hash != first.content_hash


def test_files_of_a_set_stay_and_those_of_a_freezing_that_was_killed_are_swept(campaign, settings, tmp_path):
    settings.NEARMISS_STORE = str(tmp_path / "own")
    label_all(campaign)
    found = made(campaign)
    kept = store().list("sets")
    assert kept
    store().write_bytes(f"sets/{found.pk + 1}/object.json", b"{}")
    gone = sweep(now=timezone.now() + timedelta(days=2))
    assert [file.key for file in gone.files if file.key.startswith("sets/")] == [f"sets/{found.pk + 1}/object.json"]
    assert store().list("sets") == kept


def test_the_shares_say_that_thirty_overlap_samples_are_not_enough_to_correct(campaign):
    label_all(campaign)
    shares = made(campaign, rule="consensus").summary["shares"]
    assert shares["corrected"] is False
    assert "Not enough" in shares["why"] and "94 more" in shares["why"]
    assert shares["population"] == campaign.population
    assert sum(est["value"] for est in shares["all"].values()) == pytest.approx(1)
    for est in shares["all"].values():
        assert est["low"] <= est["value"] <= est["high"]
    assert shares["groups"]["ambiguous"]["all"]["value"] + shares["groups"]["clear"]["all"]["value"] == pytest.approx(1)


def test_a_set_cannot_be_changed_by_the_web(campaign):
    label_all(campaign)
    found = made(campaign)
    with pytest.raises(Exception, match="permission denied"):
        AnalysisSet.objects.filter(pk=found.pk).update(name="other")


def test_a_run_may_name_a_category_of_a_set_of_its_project(campaign):
    label_all(campaign)
    found = made(campaign)
    key = resolve(campaign.project, named(f"{found.pk}/attribute"))
    content = json.loads(store().read_bytes(key))
    numbers = AnalysisItem.objects.filter(analysis_set=found, category="attribute").values_list(
        "case_number", flat=True
    )
    captions = Caption.objects.filter(corpus=campaign.corpus, number__in=list(numbers)).values_list(
        "external_id", flat=True
    )
    assert content["name"] == "attribute"
    assert content["t2i"] == sorted(captions)
    whole = json.loads(store().read_bytes(resolve(campaign.project, named(str(found.pk)))))
    assert len(whole["t2i"]) == 30


@pytest.mark.parametrize("target", ["{}/moon", "999999/attribute", "x/attribute", "{}/attribute/more"])
def test_what_a_set_does_not_have_is_refused(campaign, target):
    label_all(campaign)
    found = made(campaign)
    with pytest.raises(BadInput):
        check(campaign.project, named(target.format(found.pk)))


def test_another_projects_set_is_unknown_here(campaign):
    label_all(campaign)
    found = made(campaign)
    other = people.project("Other", people.person("stranger"))
    with pytest.raises(BadInput, match="no analysis set"):
        check(other, named(f"{found.pk}/attribute"))


def test_a_calculation_whose_worker_died_five_times_is_given_up(campaign):
    label_all(campaign)
    row = ask_to_freeze(
        campaign=campaign,
        name="",
        rule="majority",
        incomplete=False,
        actor=User.objects.get(username="owner"),
        now=timezone.now(),
    )
    Calculation.objects.filter(pk=row.pk).update(attempt=5, state="working")
    calculating.work()
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "It lost its worker 5 times.")


def test_the_pages_of_a_set_show_its_numbers_and_give_them_away(campaign, web):
    label_all(campaign)
    found = made(campaign, rule="consensus")
    slug = campaign.project.slug
    page = web.get(reverse("annotation:set", args=[slug, found.pk])).content.decode()
    assert "Not enough to correct" in page and f"set:{found.pk}/attribute" in page
    assert found.name in web.get(reverse("annotation:sets", args=[slug])).content.decode()
    text = web.get(reverse("annotation:set_distribution", args=[slug, found.pk])).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["name"] for row in rows if row["part"] == "category"} == set(KEYS)
    items = list(
        csv.DictReader(
            io.StringIO(web.get(reverse("annotation:set_items_csv", args=[slug, found.pk])).content.decode())
        )
    )
    assert len(items) == 30


def test_a_set_is_told_in_the_version_of_its_labels_whatever_its_campaign_takes_later(campaign, web):
    label_all(campaign)
    found = made(campaign)
    page = reverse("annotation:set", args=[campaign.project.slug, found.pk])
    before = [row.key for row in shares_in(found)]
    use(campaign, version_with(campaign, colour()))
    found = AnalysisSet.objects.get(pk=found.pk)
    assert [row.key for row in shares_in(found)] == before == list(KEYS)
    shown = web.get(page)
    assert shown.status_code == 200 and "Colour" not in shown.content.decode()
    assert f"set:{found.pk}/attribute" in dict(choices(campaign.project))
    newer = shares_in(made(Campaign.objects.get(pk=campaign.pk)))
    assert [row.key for row in newer] == [*KEYS, "colour"] and newer[-1].count == 0


def test_freezing_from_the_page_waits_for_the_worker_and_ends_at_the_set(campaign, web):
    label_all(campaign)
    slug = campaign.project.slug
    answer = web.post(reverse("annotation:freeze", args=[slug, campaign.pk]), {"name": "Spring", "rule": "consensus"})
    assert answer.status_code == 302
    assert "Counting" in web.get(answer["Location"]).content.decode()
    calculating.work()
    ended = web.get(answer["Location"])
    assert ended["Location"] == reverse("annotation:set", args=[slug, AnalysisSet.objects.get().pk])


def test_a_runs_form_offers_the_categories_of_sets_and_its_worker_reads_their_queries(campaign, web, tmp_path):
    label_all(campaign)
    found = made(campaign)
    page = web.get(reverse("experiments:new", args=[campaign.project.slug, "retrieval.evaluate"])).content.decode()
    assert f'value="set:{found.pk}/attribute"' in page
    assert f'value="set:{found.pk}"' in page
    run = Run.objects.create(
        project=campaign.project, method="retrieval.evaluate", fingerprint="", queue="cpu", created_at=timezone.now(),
        spec={"dataset": f"corpus:{campaign.corpus_id}", "subset": f"set:{found.pk}/attribute"},
    )  # fmt: skip
    values = resolved_spec(run, tmp_path)
    subset = read_subset(values["subset"], ("t2i", "i2t"))
    captions = list(
        Caption.objects.filter(corpus=campaign.corpus).order_by("number").values_list("external_id", flat=True)
    )
    count = AnalysisItem.objects.filter(analysis_set=found, category="attribute").count()
    assert subset.slice == "attribute"
    assert subset.mask("t2i", captions).sum() == count


def test_a_set_teaches_improving_its_categories(campaign, web, tmp_path):
    label_all(campaign)
    found = made(campaign)
    page = web.get(reverse("experiments:new", args=[campaign.project.slug, "retrieval.improve"])).content.decode()
    assert page.count(f'value="set:{found.pk}"') == 2  # as the subset, and as the labels
    values = {"data": f"corpus:{campaign.corpus_id}", "encoder": "model:x", "templates": "category"}
    run = Run.objects.create(
        project=campaign.project, method="retrieval.improve", fingerprint="", queue="cpu", created_at=timezone.now(),
        spec=values | {"subset": f"set:{found.pk}/attribute", "labels": f"set:{found.pk}"},
    )  # fmt: skip
    RegisteredModel.objects.create(slug="x", name="X", reference="hf:x", created_at=timezone.now())
    resolved = resolved_spec(run, tmp_path)
    captions = list(
        Caption.objects.filter(corpus=campaign.corpus).order_by("number").values_list("external_id", flat=True)
    )
    labels = read_labels(resolved["labels"], captions)
    items = Counter(AnalysisItem.objects.filter(analysis_set=found).values_list("category", flat=True))
    assert Counter(labels.names[number] for number in labels.label_M if number >= 0) == items
    attribute = labels.label_M == labels.names.index("attribute")
    assert (read_subset(resolved["subset"], ("t2i",)).mask("t2i", captions) == attribute).all()


@pytest.mark.parametrize("name", ["set", "set_distribution", "set_items_csv", "api_set", "api_set_items"])
def test_a_set_frozen_early_is_closed_to_who_still_owes_answers(campaign, web, name):
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner"))
    who = annotation_parts.annotator(both, "ann")
    task = Slot.objects.filter(annotator=who).first().task
    event = Answer(uuid.uuid4(), task.pk, "answer", category="object")
    record_answers(annotator=who, events=[event], source="page", now=timezone.now())
    found = made(both, incomplete=True)
    assert web.get(reverse(f"annotation:{name}", args=[both.project.slug, found.pk])).status_code == 403
    rae = people.person("rae")
    people.member(both.project, rae, "reviewer")
    other = Client()
    other.force_login(rae)
    assert other.get(reverse(f"annotation:{name}", args=[both.project.slug, found.pk])).status_code == 200


def test_before_freezing_who_still_owes_answers_sees_counts_and_no_sample(campaign, web):
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner", "cy"))
    slots = Slot.objects.filter(annotator=annotation_parts.annotator(both, "ann"), state="open")[:3]
    events = [Answer(uuid.uuid4(), slot.task_id, "answer", category="object") for slot in slots]
    record_answers(annotator=annotation_parts.annotator(both, "ann"), events=events, source="page", now=timezone.now())
    page = web.get(reverse("annotation:freeze", args=[both.project.slug, both.pk])).content.decode()
    unlabelled = Task.objects.filter(campaign=both, state="active", labels=None)
    assert f"<dd>{unlabelled.count()}</dd>" in page
    assert not any(
        idx in page.partition("<main")[2] for idx in unlabelled.values_list("idx", flat=True) if len(idx) > 2
    )
    assert "Without a label:" not in page


def test_a_chinese_page_of_a_set_says_nothing_of_its_report_in_english(campaign, web):
    label_all(campaign, but=1)
    row = frozen(campaign, incomplete=True, rule="consensus")
    User.objects.update(language="zh-hans")
    page = web.get(reverse("annotation:set", args=[campaign.project.slug, row.result["set"]])).content.decode()
    shown = page.partition("<main")[2].partition('id="cases"')[0]  # the cases are prompts, which are whatever they are
    words = re.sub(r"<script.*?</script>|<code.*?</code>|<[^>]+>", "|", shown, flags=re.DOTALL)
    assert "不足以校正标注错误" in words and "个样本没有标签" in words
    assert re.findall(r"[A-Za-z]{2,}(?: [a-z]{2,}){3,}", html.unescape(words)) == []


def test_why_a_set_is_not_made_is_told_in_the_language_of_who_asked(campaign):
    label_all(campaign, but=1)
    with override("zh-hans"):
        owner = User.objects.get(username="owner")
        row = ask_to_freeze(
            campaign=campaign, actor=owner, now=timezone.now(), name="", rule="majority", incomplete=False
        )
    calculating.work()
    row.refresh_from_db()
    assert row.state == "failed" and "没有标签的" in row.failure


def test_equal_labels_of_two_uploads_have_different_hashes(campaign):
    campaign.corpus, campaign.run = None, None
    hashes = []
    for digest in ("a" * 64, "b" * 64, "a" * 64):
        campaign.source = {"upload": digest, "name": "samples.zip"}
        hashes.append(content_hash(campaign, []))
    assert hashes[0] == hashes[2] != hashes[1]
