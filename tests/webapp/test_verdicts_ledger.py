"""The failure ledger: what became of failures over runs, repairs by category, what is broken and has no label yet."""

from __future__ import annotations

import csv
import io
import uuid
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml_core.failures.ledger import states_after
from ml_core.failures.states import STATES
from tests.webapp import annotation_parts, people
from tests.webapp.case_parts import drawn
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import Project, User
from webapp.annotation.labelling.actions import Answer, record_answers
from webapp.annotation.models import Annotator, Calculation, Campaign, Slot, Task
from webapp.corpora.models import Corpus
from webapp.experiments.cases.filters import Filters
from webapp.experiments.files import store
from webapp.experiments.models import Run
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
WRONG = dict.fromkeys(range(0, 40, 2), 3)  # twenty failures of the baseline
KINDS = ("attribute", "spatial", "ambiguous")


@pytest.fixture
def project(db) -> Project:
    found = people.project("Birds", people.person("owner", password=people.PASSWORD))
    for name in ("ann", "bob", "cy"):
        people.member(found, people.person(name, password=people.PASSWORD), "annotator")
    return found


@pytest.fixture
def corpus(project) -> Corpus:
    return drawn(project, "scenes:12?seed=3&size=96")


@pytest.fixture
def baseline(project, corpus, tmp_path) -> Run:
    return answered(project, tmp_path, corpus, WRONG, title="Plain", spec={"templates": 1})


@pytest.fixture
def fix(project, corpus, baseline, tmp_path) -> Run:
    """Repairs the first eight failures and breaks the queries 1, 3 and 5."""
    left = dict.fromkeys(list(WRONG)[8:], 3) | dict.fromkeys((1, 3, 5), 2)
    return answered(project, tmp_path, corpus, left, title="Fix", spec={"templates": 8})


@pytest.fixture
def web(project) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def address(project: Project, *, name: str = "ledger", more: str = "", **kwargs: object) -> str:
    return reverse(f"verdicts:{name}", kwargs={"slug": project.slug} | kwargs) + (f"?{more}" if more else "")


def read(web: Client, where: str) -> str:
    page = web.get(where)
    assert page.status_code == 200
    return page.content.decode()


def computed(web: Client, project: Project, more: str = "") -> dict:
    """The report, once a worker has made it."""
    where = address(project, name="api_ledger", more=more)
    web.get(where)
    calculating.work()
    told = web.get(where).json()
    assert told["failure"] == "" and told["current"]
    return told["report"]


def failures(web: Client, project: Project, more: str) -> list[dict]:
    return web.get(address(project, name="api_ledger_failures", more=more)).json()["results"]


def campaign_on(run: Run, size: int, **settings) -> Campaign:
    chosen = {"names": ("ann",), "size": size, "overlap": 0, "backup": 0, "name": f"Of {run.pk}, {size}"} | settings
    return annotation_parts.campaign(run, **chosen)


def label(campaign: Campaign, category_of) -> dict[int, str]:
    """Everybody answers everything; `category_of` says what a case is."""
    said: dict[int, str] = {}
    for who in Annotator.objects.select_related("campaign").filter(campaign=campaign):
        events = []
        for slot in Slot.objects.filter(annotator=who, state="open").select_related("task"):
            case = slot.task.case_number
            said[case] = category_of(case)
            subtype = "underspecified" if said[case] == "ambiguous" else ""
            events.append(Answer(uuid.uuid4(), slot.task_id, "answer", category=said[case], subtype=subtype))
        record_answers(annotator=who, events=events, source="page", now=timezone.now())
    return said


def kind(case: int) -> str:
    return KINDS[case % 3]


# States --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "states"),
    [
        ("1111", "sound sound sound sound"),
        ("0000", "open open open open"),
        ("0011", "open open repaired repaired"),
        ("0010", "open open repaired regressed"),
        ("0101", "open repaired regressed repaired"),
        ("1011", "sound regressed repaired repaired"),
        ("1000", "sound regressed regressed regressed"),
    ],
)
def test_a_failure_is_open_repaired_or_regressed_by_what_the_runs_said(right, states):
    found = states_after(np.array([[letter == "1"] for letter in right]))
    assert [STATES[code] for code in found[:, 0]] == states.split()


def test_every_failure_has_its_state_after_each_run(project, corpus, baseline, fix, web, tmp_path):
    answered(project, tmp_path, corpus, {0: 4, 1: 2, 2: 1}, title="Last")
    report = computed(web, project)
    assert report["states"][str(baseline.pk)] == {"sound": report["queries"] - 20, "open": 20, "repaired": 0,
                                                  "regressed": 0}  # fmt: skip
    rows = {row["number"]: row["states"] for row in failures(web, project, "")}
    assert rows[0] == ["open", "repaired", "regressed"]
    assert rows[1] == ["sound", "regressed", "regressed"]
    assert rows[2] == ["open", "repaired", "repaired"]
    assert rows[3] == ["sound", "regressed", "repaired"]
    assert rows[16] == ["open", "open", "repaired"]
    assert len(rows) == 23


def test_the_baseline_comes_first_and_the_others_in_the_order_of_finishing(
    project, corpus, baseline, fix, web, tmp_path
):
    early = answered(project, tmp_path, corpus, {}, title="Early")
    Run.objects.filter(pk=early.pk).update(finished_at=timezone.now() - timedelta(days=3))
    told = web.get(address(project, name="api_ledger", more=f"baseline={fix.pk}")).json()
    assert [run["id"] for run in told["runs"]] == [fix.pk, early.pk, baseline.pk]
    told = web.get(address(project, name="api_ledger", more=f"baseline={baseline.pk}&runs={fix.pk}")).json()
    assert [run["id"] for run in told["runs"]] == [baseline.pk, fix.pk]


def test_a_run_that_asked_other_queries_stays_out_and_the_page_says_why(project, corpus, baseline, fix, web, tmp_path):
    half = answered(project, tmp_path, corpus, captions=range(30), title="Half")
    told = web.get(address(project, name="api_ledger")).json()
    assert half.pk not in [run["id"] for run in told["runs"]]
    assert "It asked 42 queries" in read(web, address(project))


# Pages ---------------------------------------------------------------------------------------------------------------


def test_a_project_without_evaluations_is_told_what_to_do(project, web):
    page = read(web, address(project))
    assert "No evaluations yet" in page and reverse("experiments:runs", args=[project.slug]) in page
    assert web.get(address(project, name="api_ledger")).json()["report"] is None


def test_one_run_alone_shows_its_open_failures_and_asks_for_another(project, baseline, web):
    assert 'hx-trigger="every 2s"' in read(web, address(project))
    calculating.work()
    page = read(web, address(project))
    assert "One run only" in page and page.count("ledger-failure") == 20


def test_without_labels_the_page_says_so_and_leads_to_a_campaign(project, baseline, fix, web):
    computed(web, project)
    page = read(web, address(project))
    assert "has a label yet" in page and f"run={baseline.pk}" in page
    assert "8 repaired" in page and "3 broken" in page


def test_another_projects_runs_and_data_sets_are_not_found(project, baseline, web, tmp_path):
    foreign = people.project("Fish", people.person("other", password=people.PASSWORD))
    theirs = answered(foreign, tmp_path, drawn(foreign, "scenes:12?seed=3&size=96"))
    other = Corpus.objects.get(project=foreign)
    for more in (f"corpus={other.pk}", f"baseline={theirs.pk}", f"runs={theirs.pk}", f"method={theirs.pk}"):
        for name in ("ledger", "api_ledger", "api_ledger_failures"):
            assert web.get(address(project, name=name, more=more)).status_code == 404


# The matrix ----------------------------------------------------------------------------------------------------------


def test_the_matrix_equals_a_hand_count(project, baseline, fix, web):
    campaign = campaign_on(baseline, 20)
    said = label(campaign, kind)
    assert set(said) == set(WRONG)
    report = computed(web, project)
    cells = report["cells"][str(fix.pk)]["categories"]
    repaired = set(list(WRONG)[:8])
    for key, n in Counter(said.values()).items():
        hand = sum(said[case] == key and case in repaired for case in said)
        assert (cells[key]["failures"], cells[key]["repaired"]) == (n, hand)
        assert cells[key]["repaired_share"]["value"] == pytest.approx(hand / n)
        shown = failures(web, project, f"category={key}&method={fix.pk}&change=repaired")
        assert {row["number"] for row in shown} == {case for case in repaired if said[case] == key}


def test_the_net_is_hidden_until_what_was_broken_is_labelled(project, baseline, fix, web):
    label(campaign_on(baseline, 20), kind)
    row = computed(web, project)["cells"][str(fix.pk)]
    assert (row["broken"], row["unlabelled"], row["missing"]) == (3, 3, "broken")
    assert all(cell["net"] is None for cell in row["categories"].values())
    page = read(web, address(project))
    assert "3 of the 3 broken queries have no label" in page and "wants 3 labels" in page

    web.post(address(project, name="ledger_broken", run_id=fix.pk))
    broken = Campaign.objects.get(run=fix)
    some = Annotator.objects.filter(campaign=broken).first()
    slot = Slot.objects.filter(annotator=some, state="open").select_related("task").first()
    event = Answer(uuid.uuid4(), slot.task_id, "answer", category="spatial")
    record_answers(annotator=some, events=[event], source="page", now=timezone.now())
    row = computed(web, project)["cells"][str(fix.pk)]
    assert row["unlabelled"] == 2 and all(cell["net"] is None for cell in row["categories"].values())

    label(broken, lambda case: "spatial")
    row = computed(web, project)["cells"][str(fix.pk)]
    assert row["unlabelled"] == 0 and row["missing"] == ""
    repaired = Counter(kind(case) for case in list(WRONG)[:8])
    nets = {key: cell["net"]["value"] for key, cell in row["categories"].items()}
    assert nets == {key: repaired[key] - (3 if key == "spatial" else 0) for key in KINDS}
    page = read(web, address(project))
    assert "wants" not in page and "Label the broken ones" not in page


def test_labels_of_part_of_the_failures_count_for_what_they_were_drawn_from(project, baseline, fix, web):
    said = label(campaign_on(baseline, 10), kind)
    label(_broken_of(web, project, fix), lambda case: "attribute")
    cells = computed(web, project)["cells"][str(fix.pk)]["categories"]
    repaired = Counter(said[case] for case in said if case in list(WRONG)[:8])
    for key, cell in cells.items():
        assert cell["net"]["value"] == pytest.approx(2 * repaired[key] - (3 if key == "attribute" else 0))


def test_labels_of_some_ranks_only_say_that_they_do_not_speak_for_all_failures(project, baseline, fix, web, tmp_path):
    mixed = answered(project, tmp_path, Corpus.objects.get(project=project), WRONG | {0: 9, 2: 9, 4: 9}, title="Mixed")
    label(campaign_on(mixed, 3, filters=Filters(rank="6-10")), kind)
    row = computed(web, project, f"baseline={mixed.pk}&runs={fix.pk}")["cells"][str(fix.pk)]
    assert (row["missing"], row["covered"], row["failures"]) == ("failures", 3, 20)
    assert "drawn from 3 of the baseline" in read(web, address(project, more=f"baseline={mixed.pk}&runs={fix.pk}"))


def test_sampled_successes_give_a_net_without_labelling_what_was_broken(project, baseline, fix, web):
    label(campaign_on(baseline, 20), kind)
    count = Task.objects.count()
    successes = campaign_on(baseline, 20, filters=Filters(outcome="hits"), name="Successes")
    said = label(successes, kind)
    assert count + 20 == Task.objects.count()
    row = computed(web, project)["cells"][str(fix.pk)]
    repaired = Counter(kind(case) for case in list(WRONG)[:8])
    broken = Counter(said[case] for case in said if case in (1, 3, 5))
    weight = successes.population / 20
    for key, cell in row["categories"].items():
        assert cell["net"]["value"] == pytest.approx(repaired[key] - weight * broken[key])


def test_the_weighted_net_recovers_the_truth_over_many_samples(project, corpus, baseline, fix, web):
    """Failures and successes sampled by seed, five of twenty and ten of the rest: the mean of the nets is the truth."""
    nets = []
    for seed in range(12):
        Calculation.objects.all().delete()
        one = campaign_on(baseline, 8, seed=seed, name=f"Failures {seed}")
        two = campaign_on(baseline, 16, seed=seed, filters=Filters(outcome="hits"), name=f"Successes {seed}")
        label(one, lambda case: "attribute")
        label(two, lambda case: "attribute")
        row = computed(web, project, f"labels=campaign-{one.pk}")["cells"][str(fix.pk)]
        nets.append(row["categories"]["attribute"]["net"])
    mean, spread = np.mean([net["value"] for net in nets]), np.std([net["value"] for net in nets])
    assert abs(mean - 5) < 3 * spread / np.sqrt(len(nets)) + 0.5  # eight repaired less three broken
    assert sum(net["low"] <= 5 <= net["high"] for net in nets) >= 9


# One click -----------------------------------------------------------------------------------------------------------


def _broken_of(web: Client, project: Project, run: Run) -> Campaign:
    assert web.post(address(project, name="ledger_broken", run_id=run.pk)).status_code == 302
    return Campaign.objects.get(run=run, source__has_key="broken")


def test_one_click_opens_a_blind_campaign_on_exactly_what_was_broken(project, baseline, fix, web):
    asked = label(campaign_on(baseline, 20, names=("bob", "cy")), kind)
    campaign = _broken_of(web, project, fix)
    assert asked and campaign.blind and campaign.population == 3
    assert set(campaign.tasks.values_list("case_number", flat=True)) == {1, 3, 5}
    assert all(task.given and task.right for task in campaign.tasks.all())
    who = set(Annotator.objects.filter(campaign=campaign).values_list("user__username", flat=True))
    assert who == {"bob", "cy"}
    assert "roke" not in campaign.name


def test_a_second_click_leads_to_the_same_campaign(project, baseline, fix, web):
    first = web.post(address(project, name="ledger_broken", run_id=fix.pk))
    second = web.post(address(project, name="ledger_broken", run_id=fix.pk))
    assert first.headers["Location"] == second.headers["Location"]
    assert Campaign.objects.filter(run=fix).count() == 1
    told = web.post(address(project, name="api_ledger_broken", run_id=fix.pk))
    assert told.status_code == 200 and told.json()["made"] is False


def test_a_run_that_broke_nothing_opens_no_campaign(project, corpus, baseline, web, tmp_path):
    good = answered(project, tmp_path, corpus, {}, title="Good")
    answer = web.post(address(project, name="ledger_broken", run_id=good.pk), follow=True)
    assert "broke nothing" in answer.content.decode() and not Campaign.objects.exists()


def test_who_may_not_manage_campaigns_is_offered_no_click(project, baseline, fix):
    people.member(project, people.person("viewer", password=people.PASSWORD), "viewer")
    client = Client()
    client.force_login(User.objects.get(username="viewer"))
    computed(client, project)
    assert "Label the broken ones" not in read(client, address(project))
    assert client.post(address(project, name="ledger_broken", run_id=fix.pk)).status_code == 403


def test_labels_are_closed_to_who_still_owes_them(project, baseline, fix, web):
    people.member(project, people.person("rita", password=people.PASSWORD), "reviewer")
    campaign = campaign_on(baseline, 20, names=("ann", "rita"))
    label_one(campaign, "ann")
    client = Client()
    client.force_login(User.objects.get(username="rita"))
    assert computed(client, project)["cells"] == {}
    assert "still owe" in read(client, address(project))
    assert computed(web, project)["cells"] != {}


def label_one(campaign: Campaign, name: str) -> None:
    who = Annotator.objects.select_related("campaign").get(campaign=campaign, user__username=name)
    slots = Slot.objects.filter(annotator=who, state="open").select_related("task")
    events = [Answer(uuid.uuid4(), slot.task_id, "answer", category="attribute") for slot in slots]
    record_answers(annotator=who, events=events, source="page", now=timezone.now())


# The list ------------------------------------------------------------------------------------------------------------


def test_the_filters_stand_in_the_address_and_narrow_the_list(project, baseline, fix, web):
    label(campaign_on(baseline, 10), kind)
    report = computed(web, project)
    labelled = {case for cases in report["labelled"].values() for case in cases}
    assert numbers(web, project, "state=repaired") == set(list(WRONG)[:8])
    assert (
        numbers(web, project, "state=regressed") == {1, 3, 5} == numbers(web, project, f"method={fix.pk}&change=broken")
    )
    assert numbers(web, project, f"method={fix.pk}") == {1, 3, 5, *list(WRONG)[:8]}
    assert numbers(web, project, "category=none") == ({*WRONG, 1, 3, 5} - labelled)
    assert numbers(web, project, "category=attribute&state=open") == set(report["labelled"]["attribute"]) & set(
        list(WRONG)[8:]
    )


def numbers(web: Client, project: Project, more: str) -> set[int]:
    return {row["number"] for row in failures(web, project, more)}


def test_words_narrow_the_list(project, baseline, fix, web):
    computed(web, project)
    word = baseline.cases.get(number=1).prompt_text.split()[-1].strip(".")
    with_word = set(baseline.cases.filter(prompt_text__iregex=rf"\y{word}\y").values_list("number", flat=True))
    assert numbers(web, project, f"q={word}") == with_word & {*WRONG, 1, 3, 5}
    assert numbers(web, project, "q=zebrafinch") == set()
    assert "No failure of this kind" in read(web, address(project, more="q=zebrafinch"))


def test_words_are_found_step_by_step_where_many_failures_may_have_them(project, baseline, fix, web, monkeypatch):
    computed(web, project)
    few = numbers(web, project, "q=a")
    monkeypatch.setattr("webapp.verdicts.ledger.failures._FEW", 2)
    monkeypatch.setattr("webapp.verdicts.ledger.failures._STEP", 4)
    assert numbers(web, project, "q=a") == few != set()


def test_the_list_is_paged_by_key_and_every_failure_comes_once(project, corpus, baseline, web, tmp_path):
    answered(project, tmp_path, corpus, dict.fromkeys(range(60), 2), title="Bad")
    computed(web, project)
    seen, where = [], address(project)
    for _ in range(10):
        page = read(web, where)
        seen += [int(part.split("/")[0]) for part in page.split("cases/")[1:] if part[0].isdigit()]
        if 'rel="next" href="' not in page:
            break
        where = address(project) + page.split('rel="next" href="')[1].split("#")[0].replace("&amp;", "&")
    assert set(seen) == set(range(60))


def test_more_runs_and_labels_ask_no_more_queries(project, corpus, baseline, fix, web, tmp_path):
    counts = []
    for step in range(2):
        computed(web, project)
        with CaptureQueriesContext(connection) as queries:
            read(web, address(project))
        counts.append(len(queries))
        if not step:
            for number in range(4):
                answered(project, tmp_path, corpus, dict.fromkeys(range(number, 30), 2), title=f"Run {number}")
    assert counts[0] == counts[1]


# Files ---------------------------------------------------------------------------------------------------------------


def text_of(web: Client, where: str) -> list[dict]:
    answer = web.get(where)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_files_hold_the_matrix_and_the_failures_with_their_identity(project, corpus, baseline, fix, web):
    label(campaign_on(baseline, 20), kind)
    assert web.get(address(project, name="ledger_file", part="matrix")).status_code == 302
    computed(web, project)
    rows = text_of(web, address(project, name="ledger_file", part="matrix"))
    whole, *parts = rows
    assert (whole["repaired"], whole["broken"], whole["net"]) == ("8", "3", "5")
    assert sum(int(row["repaired"]) for row in parts) == 8
    rows = text_of(web, address(project, name="ledger_file", part="failures"))
    assert len(rows) == 23 and len({(row["direction"], row["query"], row["target"]) for row in rows}) == 23
    assert rows[0]["data"] == corpus.content_hash and rows[0][f"after_{fix.pk}"] == "repaired"
    assert {row["case"] for row in text_of(web, address(project, name="ledger_file", part="failures",
                                                        more="state=regressed"))} == {"1", "3", "5"}  # fmt: skip
    assert web.get(address(project, name="ledger_file", part="moon")).status_code == 404


def test_the_history_is_read_again_after_new_labels_and_kept_by_the_sweep(project, baseline, fix, web):
    key = computed(web, project)["key"]
    before = [row["states"] for row in failures(web, project, "")]
    label(campaign_on(baseline, 20), kind)
    assert computed(web, project)["key"] == key
    assert [row["states"] for row in failures(web, project, "")] == before
    call_command("sweep_store")
    assert store().exists(key)
    store().delete(key)
    assert "Being computed" in read(web, address(project))
    assert computed(web, project)["key"] == key and store().exists(key)


def test_numbers_that_failed_say_why_and_are_tried_again(project, baseline, fix, web):
    read(web, address(project))
    Calculation.objects.update(state="failed", failure="the moon", attempt=5)
    assert "the moon" in read(web, address(project))
    assert web.post(address(project, name="ledger_again")).status_code == 302
    calculating.work()
    assert "Repairs by category" in read(web, address(project))
