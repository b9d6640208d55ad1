"""Registrations: said before looking, never changed; which comparison they cover and which they do not."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import annotation_parts, people
from tests.webapp.case_parts import drawn
from tests.webapp.test_annotation_sets import label_all, made
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import AuditEvent, Project, User
from webapp.annotation.models import Calculation
from webapp.corpora.models import Caption, Corpus
from webapp.experiments.models import Run
from webapp.verdicts.models import Registration, Withdrawal
from webapp.verdicts.registering.actions import register, withdraw
from webapp.verdicts.registering.covering import Asked, standings
from webapp.verdicts.registering.fitting import basis_of
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
WRONG = dict.fromkeys(range(0, 60, 5), 3)  # a caption of each of twelve pictures
PLAN = {
    "title": "Eight templates repair two points",
    "direction": "t2i",
    "slice": "all",
    "metric": "recall@1",
    "smallest_effect": 0.02,
    "broken_share": 0.01,
    "n": None,
    "stopping_rule": "One run on every caption.",
    "method": "retrieval.evaluate",
    "settings": {"seed": 1},
}


@pytest.fixture
def owner(db) -> User:
    return people.person("owner", password=people.PASSWORD)


@pytest.fixture
def project(owner) -> Project:
    return people.project("Birds", owner)


@pytest.fixture
def corpus(project) -> Corpus:
    return drawn(project, "scenes:12?seed=3&size=96")


@pytest.fixture
def baseline(project, corpus, tmp_path) -> Run:
    return answered(project, tmp_path, corpus, WRONG, title="Plain", spec={"seed": 0})


@pytest.fixture
def web(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def said(project, baseline, owner) -> Registration:
    return register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)


def better(project, corpus, tmp_path, title="Better", left=4) -> Run:
    """Repairs all but some of what the baseline gets wrong."""
    ranks = dict.fromkeys(list(WRONG)[:left], 3)
    return answered(project, tmp_path, corpus, ranks, title=title, spec={"seed": 1})


def compared(web: Client, project: Project, *runs: Run, more: str = "") -> dict:
    """The comparison over the API, computed."""
    where = reverse("verdicts:api_comparison", args=[project.slug])
    where += f"?runs={','.join(str(run.pk) for run in runs)}{more}"
    web.get(where)
    calculating.work()
    return web.get(where).json()


def page_of(web: Client, project: Project, *runs: Run) -> str:
    where = reverse("verdicts:compare", args=[project.slug])
    return web.get(f"{where}?runs={','.join(str(run.pk) for run in runs)}").content.decode()


def test_a_run_launched_after_it_was_registered_is_confirmatory_with_its_outcome(
    project, corpus, baseline, said, tmp_path, web
):
    after = better(project, corpus, tmp_path, left=0)
    found = compared(web, project, baseline, after)
    kept = found["report"]["registration"]
    assert (found["mode"], found["registration"], found["uncounted"]) == ("confirmatory", said.pk, [])
    assert (kept["run"], kept["n_reached"], kept["departures"]) == (str(after.pk), said.n, [])
    assert kept["verdict"]["repaired"] == 12 and kept["conclusion"] == "confirmed"
    page = page_of(web, project, baseline, after)
    assert "<strong>Confirmatory</strong>" in page and "Confirmed: shown" in page
    assert "One run on every caption." in page and "tag-confirmatory" in page


def test_a_run_launched_before_it_was_registered_is_exploratory_and_the_page_says_why(
    project, corpus, baseline, owner, tmp_path, web
):
    after = better(project, corpus, tmp_path)
    row = register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)
    assert row.seen == [after.pk]
    found = compared(web, project, baseline, after)
    assert (found["mode"], found["registration"]) == ("exploratory", None)
    assert "made after looking" in found["uncounted"][0]["why"]
    assert "It was made after looking" in page_of(web, project, baseline, after)
    own = web.get(reverse("verdicts:registration", args=[project.slug, row.pk])).content.decode()
    assert "Made after looking" in own and "It does not count." in own


def test_the_same_run_once_more_does_not_turn_what_was_seen_into_a_test(
    project, corpus, baseline, owner, tmp_path, web
):
    better(project, corpus, tmp_path)
    register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)
    again = better(project, corpus, tmp_path, title="Again")
    assert compared(web, project, baseline, again)["mode"] == "exploratory"


def test_a_run_under_way_when_it_was_registered_does_not_count(project, corpus, baseline, said, tmp_path, web):
    after = better(project, corpus, tmp_path)
    Run.objects.filter(pk=after.pk).update(created_at=said.registered_at - timedelta(seconds=1))
    found = compared(web, project, baseline, after)
    assert found["mode"] == "exploratory" and "launched before it was registered" in found["uncounted"][0]["why"]


def test_only_the_first_run_that_fits_counts(project, corpus, baseline, said, tmp_path, web):
    first = better(project, corpus, tmp_path, left=11)
    second = better(project, corpus, tmp_path, title="Luckier", left=0)
    found = compared(web, project, baseline, second)
    assert found["mode"] == "exploratory" and f"about run {first.pk}" in found["uncounted"][0]["why"]
    assert compared(web, project, baseline, first)["mode"] == "confirmatory"
    together = compared(web, project, baseline, first, second)
    assert together["report"]["registration"]["run"] == str(first.pk)


def test_one_verdict_of_many_is_confirmatory(project, corpus, baseline, said, tmp_path, web):
    first, other = better(project, corpus, tmp_path), answered(project, tmp_path, corpus, spec={"seed": 7})
    compared(web, project, baseline, first, other)
    where = reverse("verdicts:compare_file", args=[project.slug, "numbers"])
    text = web.get(f"{where}?runs={baseline.pk},{first.pk},{other.pk}").content.decode()
    modes = {(row[1], row[2]): row[4] for row in csv.reader(io.StringIO(text)) if row[2].endswith("/mode")}
    assert modes[str(first.pk), "t2i/mode"] == "confirmatory"
    assert {mode for key, mode in modes.items() if key != (str(first.pk), "t2i/mode")} == {"exploratory"}
    assert "registration" in text and "conclusion" in text


def test_another_baseline_other_settings_or_another_method_are_not_covered(
    project, corpus, baseline, said, tmp_path, web
):
    other = answered(project, tmp_path, corpus, spec={"seed": 2})
    found = compared(web, project, baseline, other)
    assert (found["mode"], found["uncounted"]) == ("exploratory", [])
    after = better(project, corpus, tmp_path)
    assert compared(web, project, other, after)["uncounted"] == []
    Run.objects.filter(pk=after.pk).update(method="retrieval.improve")
    assert compared(web, project, baseline, after)["uncounted"] == []


def test_an_effect_below_the_smallest_of_interest_is_said_so(project, corpus, baseline, owner, tmp_path, web):
    plan = PLAN | {"smallest_effect": 0.5, "broken_share": 0.0}
    register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **plan)
    found = compared(web, project, baseline, better(project, corpus, tmp_path))
    assert found["report"]["registration"]["conclusion"] == "ruled_out"


def test_a_withdrawn_registration_stays_and_no_longer_counts(project, corpus, baseline, said, owner, tmp_path, web):
    after = better(project, corpus, tmp_path)
    where = reverse("verdicts:registration_withdraw", args=[project.slug, said.pk])
    assert web.post(where, {"reason": " "}).status_code == 422
    assert web.post(where, {"reason": "The captions were wrong."}).status_code == 302
    found = compared(web, project, baseline, after)
    assert found["mode"] == "exploratory" and found["uncounted"][0]["why"] == "It was withdrawn."
    page = web.get(reverse("verdicts:registration", args=[project.slug, said.pk])).content.decode()
    assert "The captions were wrong." in page and f"Run {after.pk} had answered by then." in page
    with pytest.raises(BadInput, match="already"):
        withdraw(registration=said, reason="Again", actor=owner, now=timezone.now())
    assert Registration.objects.count() == Withdrawal.objects.count() == 1
    assert set(AuditEvent.objects.values_list("verb", flat=True)) >= {"registration.made", "registration.withdrawn"}


def test_the_application_cannot_change_or_delete_what_was_said(said):
    for change in (
        lambda: Registration.objects.filter(pk=said.pk).update(n=1),
        lambda: Registration.objects.filter(pk=said.pk).delete(),
        lambda: Withdrawal.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            change()


def test_the_content_hash_covers_who_when_and_every_word(project, baseline, owner):
    now = timezone.now()
    rows = [register(project=project, baseline=baseline, actor=owner, now=now, **PLAN) for _ in range(2)]
    other = register(project=project, baseline=baseline, actor=owner, now=now, **PLAN | {"smallest_effect": 0.03})
    later = register(project=project, baseline=baseline, actor=owner, now=now + timedelta(seconds=1), **PLAN)
    assert rows[0].content_hash == rows[1].content_hash
    assert len({row.content_hash for row in (rows[0], other, later)}) == 3


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"n": 17}, "n", "all of them are compared"),
        ({"smallest_effect": 0.0}, "smallest_effect", "not 0"),
        ({"smallest_effect": 0.9, "broken_share": 0.2}, "broken_share", "More would be"),
        ({"metric": "mrr"}, "metric", "recall@k"),
        ({"slice": "set:1/attribute"}, "slice", "no such set"),
        ({"slice": "attribute"}, "slice", "Say which queries"),
        ({"slice": "later:attribute"}, "n", "how many queries"),
        ({"method": "claims.verify"}, "method", "nothing to compare"),
        ({"settings": {"sed": 1}}, "settings", "no setting"),
        ({"settings": {"seed": "soon"}}, "settings", "whole number"),
        ({"direction": "classify"}, "direction", "not asked"),
        ({"title": "  "}, "title", "in words"),
        ({"stopping_rule": "x" * 2001}, "stopping_rule", "At most"),
    ],
)
def test_what_cannot_be_registered_is_told_at_its_field(project, baseline, owner, change, field, words):
    with pytest.raises(BadInput, match=words) as caught:
        register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN | change)
    assert caught.value.field == field and not Registration.objects.exists()


def test_an_unfinished_or_foreign_baseline_is_refused(project, baseline, owner, tmp_path):
    foreign = people.project("Elsewhere", owner)
    with pytest.raises(BadInput, match="of this project"):
        register(project=foreign, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)
    Run.objects.filter(pk=baseline.pk).update(state="running")
    baseline.refresh_from_db()
    with pytest.raises(BadInput, match="must have finished"):
        register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)


def test_the_form_keeps_what_was_typed_and_registers_in_points(project, baseline, web):
    where = reverse("verdicts:registration_new", args=[project.slug])
    typed = {
        "title": "Seed one is better", "baseline": baseline.pk, "method": "retrieval.evaluate", "settings": "seed = 1",
        "direction": "t2i", "slice": "all", "metric": "recall@5", "smallest_effect": "1.5", "broken_share": "",
        "n": "", "stopping_rule": "One run.",
    }  # fmt: skip
    wrong = web.post(where, typed | {"settings": "seed 1"})
    assert wrong.status_code == 422 and "Seed one is better" in wrong.content.decode()
    assert web.post(where, typed | {"n": "3"}).status_code == 422
    answer = web.post(where, typed)
    row = Registration.objects.get()
    assert answer.headers["Location"] == reverse("verdicts:registration", args=[project.slug, row.pk])
    assert (row.smallest_effect, row.settings, row.metric) == (0.015, {"seed": 1}, "recall@5")
    assert row.n == Caption.objects.count() and row.registered_by.username == "owner"
    assert "Seed one is better" in web.get(reverse("verdicts:registrations", args=[project.slug])).content.decode()


def test_the_power_is_worked_out_by_a_worker_and_shown(project, said, web):
    where = reverse("verdicts:registration", args=[project.slug, said.pk])
    assert "Being computed" in web.get(where).content.decode()
    calculating.work()
    page = web.get(where).content.decode()
    assert "Queries for 80 %" in page and "Being computed" not in page
    result = Calculation.objects.get(kind="power").result
    assert 0 < result["power"] < 0.5 and result["needed"] > said.n
    part = reverse("verdicts:registration_power_of", args=[project.slug])
    shown = web.get(f"{part}?smallest_effect=2&broken_share=1&n={said.n}").content.decode()
    assert "Queries for 80 %" in shown and Calculation.objects.filter(kind="power").count() == 1
    assert "once the effect" in web.get(f"{part}?smallest_effect=abc").content.decode()


def test_the_api_registers_lists_and_withdraws(project, baseline, web):
    where = reverse("verdicts:api_registrations", args=[project.slug])
    body = PLAN | {"baseline": baseline.pk}
    answer = web.post(where, body, content_type="application/json")
    assert answer.status_code == 201, answer.json()
    number = answer.json()["id"]
    assert web.post(where, body | {"settings": {"nope": 1}}, content_type="application/json").status_code == 400
    assert [row["id"] for row in web.get(where).json()["results"]] == [number]
    one = reverse("verdicts:api_registration", args=[project.slug, number])
    assert (web.get(one).json()["withdrawal"], web.get(one).json()["run"]) == (None, None)
    assert web.put(one, body, content_type="application/json").status_code == 405
    taken = web.post(f"{one}withdraw/", {"reason": "Too early"}, content_type="application/json").json()
    assert taken["withdrawal"]["reason"] == "Too early"
    assert web.post(f"{one}withdraw/", {"reason": "Again"}, content_type="application/json").status_code == 400


def test_a_category_of_labelled_failures_departs_without_a_control(tmp_path, db):
    run = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(run)
    label_all(campaign)
    chosen = made(campaign)
    owner = User.objects.get(username="owner")
    client = Client()
    client.force_login(owner)
    category = chosen.items.first().category
    plan = PLAN | {"slice": f"set:{chosen.pk}/{category}", "settings": {}, "method": "retrieval.improve"}
    row = register(project=run.project, baseline=run, actor=owner, now=timezone.now(), **plan)
    assert row.n == chosen.items.filter(category=category).count()
    after = answered(run.project, tmp_path, Corpus.objects.get(), both=True)
    Run.objects.filter(pk=after.pk).update(method="retrieval.improve")
    found = compared(client, run.project, run, after, more=f"&set={chosen.pk}")
    assert found["registration"] == row.pk and found["mode"] == "exploratory"
    assert found["report"]["registration"]["conclusion"] == "void"
    assert "control" in found["report"]["registration"]["departures"][0]


def test_labels_that_were_yet_to_come_count_once_they_are_frozen_later(tmp_path, db):
    run = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(run)
    label_all(campaign)
    early = made(campaign, name="Early", rule="consensus")
    owner = User.objects.get(username="owner")
    client = Client()
    client.force_login(owner)
    category = early.items.first().category
    plan = PLAN | {"slice": f"later:{category}", "n": 5, "settings": {}, "method": "retrieval.improve"}
    register(project=run.project, baseline=run, actor=owner, now=timezone.now(), **plan)
    after = answered(run.project, tmp_path, Corpus.objects.get(), both=True)
    Run.objects.filter(pk=after.pk).update(method="retrieval.improve")
    found = compared(client, run.project, run, after, more=f"&set={early.pk}")
    assert "frozen before it was registered" in found["uncounted"][0]["why"]
    assert "choose a set" in covering_without_labels(run, after)
    later = made(campaign, name="Later", rule="majority")
    found = compared(client, run.project, run, after, more=f"&set={later.pk}")
    assert found["uncounted"] == [] and found["report"]["registration"]["slice"] == category


def covering_without_labels(run: Run, after: Run) -> str:
    asked = Asked(run.pk, basis_of(run).hash, 0, ("t2i", "i2t"), (run.pk, after.pk))
    return standings(run.project, asked)[0].why


def test_of_several_registrations_one_is_chosen(project, corpus, baseline, said, owner, tmp_path, web):
    other = register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN | {"direction": "i2t"})
    late = register(
        project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN | {"metric": "recall@5"}
    )
    withdraw(registration=late, reason="Enough", actor=owner, now=timezone.now())
    after = better(project, corpus, tmp_path)
    assert compared(web, project, baseline, after)["registration"] == said.pk
    found = compared(web, project, baseline, after, more=f"&registration={other.pk}")
    assert (found["registration"], found["report"]["registration"]["direction"]) == (other.pk, "i2t")
    assert compared(web, project, baseline, after, more=f"&registration={late.pk}")["registration"] == said.pk
    page = page_of(web, project, baseline, after)
    assert "Hold the comparison to it" in page and f"registration={other.pk}" in page
    own = web.get(reverse("verdicts:registration", args=[project.slug, other.pk])).content.decode()
    assert f"direction=i2t&amp;registration={other.pk}" in own


def test_labelled_failures_count_with_the_registered_runs_own_control(tmp_path, db):
    run = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(run)
    label_all(campaign)
    chosen = made(campaign)
    owner = User.objects.get(username="owner")
    client = Client()
    client.force_login(owner)
    category = chosen.items.first().category
    settings = {"templates": "mixed", "control": False}
    plan = PLAN | {"slice": f"set:{chosen.pk}/{category}", "settings": settings, "method": "retrieval.improve"}
    row = register(project=run.project, baseline=run, actor=owner, now=timezone.now(), **plan)
    corpus = Corpus.objects.get()
    fix, control, other = (
        answered(run.project, tmp_path, corpus, both=True, spec=settings | more)
        for more in ({}, {"control": True}, {"control": True, "templates": "photo"})
    )
    Run.objects.exclude(pk=run.pk).update(method="retrieval.improve")
    found = compared(client, run.project, run, fix, control, more=f"&set={chosen.pk}")
    assert found["registration"] == row.pk and found["mode"] == "confirmatory"
    assert found["report"]["registration"]["against"] == str(control.pk)
    found = compared(client, run.project, run, fix, other, more=f"&set={chosen.pk}&control={other.pk}")
    assert "is not the control" in found["uncounted"][0]["why"] and found["mode"] == "exploratory"


def test_the_reads_of_a_comparison_do_not_grow_with_its_runs(project, corpus, baseline, said, tmp_path, web):
    runs = [baseline, *(answered(project, tmp_path, corpus, spec={"seed": seed}) for seed in range(1, 6))]
    counts = []
    for some in (runs[:2], runs):
        with CaptureQueriesContext(connection) as queries:
            asked = Asked(baseline.pk, basis_of(baseline).hash, 0, ("t2i",), tuple(run.pk for run in some))
            standings(project, asked)
        counts.append(len(queries) - 2)
    assert counts[0] == counts[1] <= 2
