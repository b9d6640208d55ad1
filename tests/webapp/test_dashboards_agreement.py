"""The agreement page: the same numbers as the report, where each leads, and who may not look yet."""

from __future__ import annotations

import csv
import html
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from ml_core.agreement.report import agreement_report
from ml_core.metrics.agreement.sentences import SENTENCES
from ml_core.taxonomy import DEFAULT
from tests.webapp import annotation_parts
from tests.webapp.test_annotation_sets import label_all
from webapp.accounts.models import User
from webapp.annotation.labelling.actions import choose, record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Calculation, Campaign, Label, Task
from webapp.annotation.review.actions import decide, plant
from webapp.annotation.review.calculations import KEPT, agreement_of
from webapp.annotation.review.saying import TEXTS, in_words
from workers import calculating
from workers.tidying import tidy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]


@pytest.fixture
def campaign(tmp_path) -> Campaign:
    return annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))


@pytest.fixture
def web(campaign) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def address(campaign: Campaign, name: str = "agreement", **more: object) -> str:
    return reverse(f"dashboards:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk} | more)


def read(web: Client, where: str) -> str:
    page = web.get(where)
    assert page.status_code == 200
    return page.content.decode()


def test_the_page_waits_for_a_worker_and_then_shows_every_coefficient(campaign, web):
    label_all(campaign)
    waiting = read(web, address(campaign))
    assert 'hx-trigger="every 2s"' in waiting and "Counting" in waiting
    calculating.work()
    page = read(web, address(campaign))
    assert "hx-trigger" not in page.partition('id="agreement"')[2].partition(">")[0]
    for name in ("Percent agreement", "Krippendorff", "Fleiss", "AC1", "Cohen"):
        assert name in page


def test_its_numbers_are_the_reports(campaign, web):
    label_all(campaign)
    read(web, address(campaign))
    calculating.work()
    rows = Label.objects.filter(campaign=campaign).values_list("task__idx", "annotator__letter", "category")
    report = agreement_report(list(rows), taxonomy_keys=DEFAULT.keys)
    text = read(web, address(campaign, "agreement_file", part="numbers"))
    numbers = {(row["part"], row["name"], row["of"]): row for row in csv.DictReader(io.StringIO(text))}
    for key, estimate in report["coefficients"].items():
        found = numbers["coefficient", key, ""]
        assert float(found["value"]) == pytest.approx(estimate["value"])
        assert float(found["low"]) == pytest.approx(estimate["low"])
    pair = report["pairs"][0]
    assert float(numbers["pair", "cohen_kappa", f"{pair['a']}-{pair['b']}"]["value"]) == pytest.approx(
        pair["cohen_kappa"]["value"]
    )
    api = web.get(address(campaign, "api_agreement")).json()
    assert api["current"] is True
    assert api["report"]["coefficients"]["gwet_ac1"]["value"] == pytest.approx(
        report["coefficients"]["gwet_ac1"]["value"]
    )


def test_a_cell_of_a_confusion_matrix_leads_to_its_samples(campaign, web):
    label_all(campaign)
    read(web, address(campaign))
    calculating.work()
    page = read(web, address(campaign))
    task = Task.objects.filter(campaign=campaign, group="overlap", position__in=range(1, 99, 2)).first()
    said = dict(Label.objects.filter(task=task).values_list("annotator__letter", "category"))
    link = f"?a=A&amp;x={said['A']}&amp;b=C&amp;y={said['C']}"
    assert link in page
    where = reverse("annotation:tasks", args=[campaign.project.slug, campaign.pk]) + link.replace("&amp;", "&")
    assert task.idx in read(web, where)


def test_an_older_report_stands_until_the_new_one_is_there(campaign, web):
    label_all(campaign)
    read(web, address(campaign))
    calculating.work()
    owner, task = User.objects.get(username="owner"), Task.objects.filter(campaign=campaign, group="overlap").first()
    plant(campaign=campaign, task=task, category="object", subtype="", explanation="", actor=owner, now=timezone.now())
    page = read(web, address(campaign))
    assert "Labels have come since" in page and 'hx-trigger="every 2s"' in page
    calculating.work()
    assert "Majority and consensus against gold" in read(web, address(campaign))


def test_without_labels_the_page_says_what_is_needed(campaign, web):
    read(web, address(campaign))
    calculating.work()
    assert "Nothing to compare yet" in read(web, address(campaign))


def test_a_report_that_fails_says_why(campaign, web):
    label_all(campaign)
    read(web, address(campaign))
    Calculation.objects.update(state="failed", failure="the moon")
    assert "the moon" in read(web, address(campaign))


@pytest.mark.parametrize("name", ["agreement_again", "api_agreement"])
def test_a_report_that_failed_is_tried_again(campaign, web, name):
    label_all(campaign)
    read(web, address(campaign))
    Calculation.objects.update(state="failed", failure="the moon", attempt=5)
    assert "Try again" in read(web, address(campaign))
    assert web.post(address(campaign, name)).status_code in (200, 302)
    page = read(web, address(campaign))
    assert "the moon" not in page and "Counting" in page
    calculating.work()
    assert "Cohen" in read(web, address(campaign))


def test_a_report_that_did_not_fail_is_not_made_twice(campaign, web):
    label_all(campaign)
    read(web, address(campaign))
    calculating.work()
    done = Calculation.objects.get()
    web.post(address(campaign, "agreement_again"))
    now = Calculation.objects.get()
    assert (now.state, now.requested_at) == ("ready", done.requested_at)


def test_reports_that_newer_ones_have_replaced_go_after_a_week_and_the_newest_and_what_is_wanted_stay(campaign, web):
    label_all(campaign)
    owner, now = User.objects.get(username="owner"), timezone.now()
    other = annotation_parts.campaign(campaign.run, name="Another")
    agreement_of(campaign=other, now=now)
    calculating.work()
    for task in Task.objects.filter(campaign=campaign, group="overlap")[:3]:
        agreement_of(campaign=campaign, now=now)
        calculating.work()
        plant(campaign=campaign, task=task, category="object", subtype="", explanation="", actor=owner, now=now)
    agreement_of(campaign=campaign, now=now)
    rows = list(Calculation.objects.order_by("pk"))
    assert [row.state for row in rows] == ["ready", "ready", "ready", "ready", "wanted"]
    Calculation.objects.filter(pk=rows[1].pk).update(state="failed")
    tidy(now=now + KEPT - timedelta(hours=1))
    assert Calculation.objects.count() == 5
    tidy(now=now + KEPT + timedelta(hours=1))
    assert list(Calculation.objects.order_by("pk")) == [rows[0], rows[3], rows[4]]


def test_each_annotator_is_measured_against_gold_alone_with_an_interval_and_how_many(campaign, web):
    label_all(campaign, differ=False)
    owner, now = User.objects.get(username="owner"), timezone.now()
    own = list(Task.objects.filter(campaign=campaign, group="A").order_by("position")[:4])
    for number, task in enumerate(own):
        said = task.labels.get().category
        truth = next(key for key in DEFAULT.keys if key != said) if number == 0 else said
        plant(campaign=campaign, task=task, category=truth, subtype="", explanation="", actor=owner, now=now)
    shared = Task.objects.filter(campaign=campaign, group="overlap").first()
    decide(campaign=campaign, task=shared, category="object", subtype="", reason="so", key=uuid.uuid4(), actor=owner,
           now=now)  # fmt: skip
    read(web, address(campaign))
    calculating.work()
    page = read(web, address(campaign))
    assert "Right on gold" in page and page.count("answered no gold") == 2
    text = read(web, address(campaign, "agreement_file", part="numbers"))
    rows = {row["of"]: row for row in csv.DictReader(io.StringIO(text)) if row["name"] == "gold_accuracy"}
    assert (float(rows["A"]["value"]), int(rows["A"]["n"])) == (0.75, 4)
    assert 0 < float(rows["A"]["low"]) < 0.75 < float(rows["A"]["high"]) < 1
    api = web.get(address(campaign, "api_agreement")).json()["report"]["accuracy"]["annotators"]
    assert (api["A"]["value"], api["A"]["n"], api["B"]["n"]) == (0.75, 4, 0)


def test_who_owes_answers_is_told_to_give_them_first(campaign):
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner"))
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    page = client.get(address(both))
    assert page.status_code == 403
    assert "You still owe this campaign" in page.content.decode()
    assert client.get(address(both, "api_agreement")).status_code == 403
    assert client.get(address(both, "agreement_file", part="numbers")).status_code == 403


@pytest.mark.parametrize(("part", "rows"), [("confusions", 3 * 49), ("consensus", 30), ("errors", 3 * 49), ("time", 6)])
def test_what_is_shown_can_be_taken_away(campaign, web, part, rows):
    label_all(campaign)
    read(web, address(campaign))
    calculating.work()
    found = list(csv.DictReader(io.StringIO(read(web, address(campaign, "agreement_file", part=part)))))
    assert len(found) == rows
    assert web.get(address(campaign, "agreement_file", part="moon")).status_code == 404


def english_in(page: str) -> list[str]:
    """Every run of four English words that a page shows to readers."""
    shown = re.sub(r"<script.*?</script>|<code.*?</code>|<[^>]+>", "|", page.partition("<main")[2], flags=re.DOTALL)
    return re.findall(r"[A-Za-z]{2,}(?: [a-z]{2,}){3,}", html.unescape(shown))


def test_a_chinese_page_says_nothing_of_the_report_in_english(campaign, web):
    label_all(campaign)
    User.objects.update(language="zh-hans")
    web.get(address(campaign))
    calculating.work()
    page = read(web, address(campaign))
    assert "只有 6 个样本有两个以上的标签" in page
    assert english_in(page) == []


def test_a_paradox_and_what_cannot_be_told_are_said_in_chinese(campaign, web):
    for task in Task.objects.filter(campaign=campaign, group="overlap"):
        for who in campaign.annotators.all():
            answer = Answer(uuid.uuid4(), task.pk, "answer", category="object")
            record_answers(annotator=who, events=[answer], source="page", now=timezone.now())
    User.objects.update(language="zh-hans")
    web.get(address(campaign))
    calculating.work()
    page = read(web, address(campaign))
    assert "κ 和 α 没有定义" in page and "只出现了一个类别" in page
    assert english_in(page) == []


def test_every_sentence_of_a_report_has_words_of_the_interface():
    assert set(TEXTS) == set(SENTENCES)
    numbers = {"n": 1234, "percent": 0.9, "share": 0.8, "kappa": 0.1, "agreement": 0.5, "gold": 3, "category": "object",
               "strata": ["near", "far"]}  # fmt: skip
    with override("zh-hans"):
        for code, forms in SENTENCES.items():
            used = {name: value for name, value in numbers.items() if any(f"{{{name}" in form for form in forms)}
            words = in_words({"code": code, "numbers": used})
            assert not re.search("[a-z]{3}", words.replace("object", "").replace("near", "").replace("far", "")
                                 .replace("Skene", "").replace("Dawid", "")), words  # fmt: skip


def test_how_everybodys_leaning_changed_is_drawn_and_stands_in_the_file(campaign, web):
    label_all(campaign)
    web.get(address(campaign))
    calculating.work()
    assert "Leaning over time" in read(web, address(campaign))
    rows = list(csv.DictReader(io.StringIO(read(web, address(campaign, "agreement_file", part="time")))))
    report = Calculation.objects.get().result
    windows = [window for entry in report["drift"] for window in entry["windows"]]
    assert len(rows) == len(windows) > 3
    for row, window in zip(rows, windows, strict=True):
        assert {key: float(row[f"share_{key}"]) for key in DEFAULT.keys} == window["shares"]
        assert sum(window["shares"].values()) == pytest.approx(1)


def test_times_to_the_first_choice_and_first_choices_changed_stand_on_page_file_and_api(campaign, web):
    blind = annotation_parts.campaign(campaign.run, name="Blind", blind=True)
    who, now = annotation_parts.annotator(blind, "ann"), timezone.now()
    tasks = [slot.task_id for slot in who.slots.filter(state="open").order_by("position")][:8]
    for place, task in enumerate(tasks):
        choose(annotator=who, task_id=task, category="count" if place < 2 else "object", now=now)
        times = {"first_choice_ms": 1000 + place, "spent_ms": 3000 + place}
        said = Answer(uuid.uuid4(), task, "answer", category="object", **times)
        record_answers(annotator=who, events=[said], source="page", now=now)
    read(web, address(blind))
    calculating.work()
    page = read(web, address(blind)).partition("How long they take")[2]
    assert ">1.0 s<" in page and ">3.0 s<" in page and ">25.0<" in page and "n 8" in re.sub("<[^>]*>", "", page)
    text = read(web, address(blind, "agreement_file", part="numbers"))
    numbers = {row["name"]: row for row in csv.DictReader(io.StringIO(text)) if row["of"] == "A"}
    assert float(numbers["first_choice"]["value"]) == pytest.approx(1.0035) and numbers["answering"]["n"] == "8"
    assert float(numbers["changed"]["value"]) == 0.25
    measured = web.get(address(blind, "api_agreement")).json()["report"]["annotators_measured"][0]
    assert measured["first_choice"]["low"] == 1.0 and measured["changed"]["n"] == 8
