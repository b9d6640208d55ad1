"""Drawn scenes know their truth: simulated annotators label a real campaign over HTTP; its numbers find it again."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from ml_core.datasets.cases import SCHEMA, write_cases
from ml_core.failures.oracle import label_failures
from ml_core.taxonomy import DEFAULT
from tests.parts.scenes import scenes
from tests.webapp import people
from tests.webapp.case_parts import drawn
from webapp.accounts.models import User
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.models import AnalysisSet, Calculation, Campaign, Label, LabelEvent, Slot, Task
from webapp.annotation.review.calculations import agreement_of
from webapp.annotation.sets.actions import ask_to_freeze
from webapp.annotation.taxonomies.actions import default_version
from webapp.experiments.case_loading import load_cases
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run, RunInput
from workers import calculating

KEYS = DEFAULT.keys
SCENES = "scenes:300?seed=11&size=32"
RIGHT = {"ann": 0.88, "bob": 0.84, "cy": 0.80}  # how often each says the truth
# What somebody who errs says more than half of the time, as people do: near categories, and each their own favourite.
NEAR = {"attribute": "object", "object": "attribute", "count": "ambiguous", "context": "action", "action": "context"}
FAVOURITE = {"ann": "ambiguous", "bob": "object", "cy": "context"}
HABIT = 0.6
HARD = {"spatial", "count", "action"}  # categories whose failures lie deeper: the strata differ


def confusion(name: str) -> np.ndarray:
    """P(said | true) of an annotator, (7, 7), in the order of KEYS."""
    places = len(KEYS)
    found = np.zeros((places, places))
    for row, true in enumerate(KEYS):
        off = np.full(places, (1 - HABIT) / (places - 1))
        off[row] = 0
        lean = NEAR.get(true, FAVOURITE[name])
        off[KEYS.index(lean if lean != true else "attribute")] += HABIT
        found[row] = off / off.sum() * (1 - RIGHT[name])
        found[row, row] = RIGHT[name]
    return found


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def run(olga: User, tmp_path: Path) -> tuple[Run, dict[str, str]]:
    """A finished evaluation all of whose cases failed, and each one's true category by its number."""
    project = people.project("Kitchen", olga)
    for name in RIGHT:
        people.member(project, people.person(name), "annotator")
    return _failed_run(project, tmp_path)


def _failed_run(project: Any, folder: Path) -> tuple[Run, dict[str, str]]:
    dataset = scenes(SCENES)
    corpus = drawn(project, SCENES)
    rng = np.random.default_rng(5)
    captions, items = len(dataset.caption_ids), len(dataset.item_ids)
    own = np.asarray(dataset.caption_items)
    near = (own + rng.integers(1, 6, captions)) % items  # mostly siblings, as a model would confuse them
    truth = [category for category, _ in label_failures(dataset, list(range(captions)), near.tolist())]
    deep = rng.random(captions) < np.where([category in HARD for category in truth], 0.7, 0.2)
    ranks = np.where(deep, 40, 2).tolist()
    run = Run.objects.create(
        project=project, method="retrieval.evaluate", title="Oracle", spec={}, fingerprint="0" * 64, queue="cpu",
        state=Run.State.RUNNING, attempt=1, created_at=timezone.now(), started_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=run, field="dataset", corpus=corpus)
    rows = [
        {
            "number": number, "direction": "t2i", "unit": int(own[number]), "prompt_kind": "text", "prompt": number,
            "answer_kind": "picture", "right": int(own[number]), "right_score": 0.2, "rank": ranks[number],
            "margin": -0.1,
            "given": [int(near[number]), int(own[number])], "scores": [0.3, 0.2],
        }
        for number in range(captions)
    ]  # fmt: skip
    path = folder / "cases.parquet"
    write_cases(path, [pa.Table.from_pylist(rows, schema=SCHEMA)])
    count = load_cases(run.pk, 1, path)
    Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, case_count=count, finished_at=timezone.now())
    run.refresh_from_db()
    return run, {str(number): category for number, category in enumerate(truth)}


def opened(run: Run, **sizes: Any) -> Campaign:
    now = timezone.now()
    return open_campaign(
        project=run.project, name=f"Simulated {sizes.get('size', 200)}", run=run, filters=Filters(),
        taxonomy_version=default_version(project=run.project, now=now), simulated=True, actor=None, now=now,
        annotators=list(User.objects.filter(username__in=RIGHT).order_by("username")), **sizes,
    )  # fmt: skip


class Simulated:
    """An annotator who is a program: opens the page as a browser does and sends answers until nothing is left."""

    def __init__(self, site: Any, campaign: Campaign, name: str, truth: dict[int, str]):
        self.line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
        self.here = f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"
        client = Client()
        client.force_login(User.objects.get(username=name))
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        self.truth, self.confusion = truth, confusion(name)
        self.rng = np.random.default_rng(list(f"{name} says".encode()))

    def work(self) -> None:
        page = self.ask("GET", "").decode()
        given = json.loads(re.search(r'id="given"[^>]*>(.*?)</script>', page, re.S)[1])
        token, tasks = given["csrf"], given["tasks"]
        while tasks:
            events = [
                {"key": str(uuid.uuid4()), "task": task["id"], "kind": "answer", "category": self.says(task["id"])}
                for task in tasks
            ]
            answer = json.loads(self.ask("POST", "answers/", {"events": events, "want": 20, "have": []}, token))
            assert {one["outcome"] for one in answer["saved"]} == {"saved"}
            tasks = answer["tasks"]
        self.line.close()

    def says(self, task_id: int) -> str:
        return str(self.rng.choice(KEYS, p=self.confusion[KEYS.index(self.truth[task_id])]))

    def ask(self, method: str, place: str, body: Any = None, token: str = "") -> bytes:
        headers = {"Cookie": self.cookie, "Content-Type": "application/json"}
        if token:
            headers |= {"X-CSRFToken": token, "Cookie": f"{self.cookie}; {self.csrf}", "Origin": self.origin}
        self.line.request(method, self.here + place, json.dumps(body) if body is not None else None, headers)
        answer = self.line.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith(settings.CSRF_COOKIE_NAME):
                self.csrf = value.partition(";")[0]
        content = answer.read()
        assert answer.status == 200, content[:300]
        return content

    @property
    def origin(self) -> str:
        return f"http://{self.line.host}:{self.line.port}"


def labelled(site: Any, campaign: Campaign, truth: dict[str, str]) -> dict[int, str]:
    by_task = {task.pk: truth[task.idx] for task in Task.objects.filter(campaign=campaign)}
    for name in RIGHT:
        Simulated(site, campaign, name, by_task).work()
    assert not Slot.objects.filter(campaign=campaign, state="open").exists()
    return by_task


def frozen(campaign: Campaign, olga: User, rule: str = "majority") -> AnalysisSet:
    wish = ask_to_freeze(campaign=campaign, name="", rule=rule, incomplete=False, actor=olga, now=timezone.now())
    calculating.work()
    wish.refresh_from_db()
    assert wish.state == Calculation.State.READY, wish.failure
    return AnalysisSet.objects.get(pk=wish.result["set"])


def reported(campaign: Campaign) -> dict[str, Any]:
    agreement_of(campaign=campaign, now=timezone.now())
    calculating.work()
    found = agreement_of(campaign=campaign, now=timezone.now())
    assert found.current
    assert found.result
    return found.result


def covered(found: AnalysisSet, truth: dict[str, str]) -> dict[str, bool]:
    counts = Counter(truth.values())
    shares = found.summary["shares"]["all"]
    return {key: shares[key]["low"] <= counts[key] / len(truth) <= shares[key]["high"] for key in KEYS}


def expected(truth: dict[str, str], names: list[str]) -> dict[str, float]:
    """What agreement comes to over all failures, from the known confusion alone: the usual formulas on probabilities.

    Percent, Fleiss and AC1 as means over pairs; α differs from Fleiss by a term of 1 / labels only.
    """
    prior = np.array([Counter(truth.values())[key] / len(truth) for key in KEYS])
    said = {name: confusion(name) for name in names}
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
    observed = np.mean([(prior * (said[a] * said[b]).sum(1)).sum() for a, b in pairs])
    shares = np.mean([prior @ said[name] for name in names], axis=0)
    by_chance = (shares**2).sum()
    spread = (shares * (1 - shares)).sum() / (len(KEYS) - 1)
    kappa = (observed - by_chance) / (1 - by_chance)
    ac1 = (observed - spread) / (1 - spread)
    return {"percent_agreement": observed, "fleiss_kappa": kappa, "krippendorff_alpha": kappa, "gwet_ac1": ac1}


def expected_of_pair(truth: dict[str, str], first: str, second: str) -> dict[str, float]:
    """Percent agreement and Cohen's κ of two, from the known confusion alone."""
    prior = np.array([Counter(truth.values())[key] / len(truth) for key in KEYS])
    one, other = confusion(first), confusion(second)
    observed = (prior * (one * other).sum(1)).sum()
    by_chance = ((prior @ one) * (prior @ other)).sum()
    return {"percent_agreement": observed, "cohen_kappa": (observed - by_chance) / (1 - by_chance)}


def agrees(report: dict[str, Any], campaign: Campaign, truth: dict[str, str]) -> None:
    """Every coefficient's interval holds what the known confusion makes of it."""
    names = dict(campaign.annotators.values_list("letter", "user__username"))
    for name, value in expected(truth, list(RIGHT)).items():
        found = report["coefficients"][name]
        assert found["low"] <= value <= found["high"], (name, value, found)
    for pair in report["pairs"]:
        for name, value in expected_of_pair(truth, names[pair["a"]], names[pair["b"]]).items():
            assert pair[name]["low"] <= value <= pair[name]["high"], (pair["a"], pair["b"], name, value, pair[name])


def test_at_the_default_size_shares_and_agreement_find_the_truth_again(
    run: tuple[Run, dict[str, str]], live_site: Any, olga: User, no_workers: None
) -> None:
    evaluation, truth = run
    campaign = opened(evaluation)
    by_task = labelled(live_site, campaign, truth)
    assert Label.objects.filter(campaign=campaign).count() == 30 * 3 + 150
    assert LabelEvent.objects.filter(campaign_id=campaign.pk).count() == 240
    report = reported(campaign)
    agrees(report, campaign, truth)
    made = frozen(campaign, olga)
    assert made.summary["simulated"] is True
    shares = made.summary["shares"]
    assert not shares["corrected"]
    assert "70 more" in shares["why"]
    assert sum(covered(made, truth).values()) >= 6, shares["all"]
    for rule in ("majority", "consensus"):
        settled = frozen(campaign, olga, rule).items.filter(group="overlap")
        assert np.mean([item.category == by_task[item.task_id] for item in settled]) >= 0.85, rule


def test_with_enough_overlap_label_error_is_corrected_and_the_truth_found(
    run: tuple[Run, dict[str, str]], live_site: Any, olga: User, no_workers: None
) -> None:
    evaluation, truth = run
    campaign = opened(evaluation, size=750, overlap=300, backup=0, stratify="rank")
    by_task = labelled(live_site, campaign, truth)
    assert len(campaign.strata) == 2
    report = reported(campaign)
    agrees(report, campaign, truth)
    overlap = list(Task.objects.filter(campaign=campaign, group="overlap"))
    right = [report["consensus"][task.idx]["dawid_skene"] == by_task[task.pk] for task in overlap]
    assert np.mean(right) > max(RIGHT.values())  # three together are better than the best of them
    names = dict(campaign.annotators.values_list("letter", "user__username"))
    for measured in report["annotators_measured"]:
        assert measured["estimated_accuracy"] == pytest.approx(RIGHT[names[measured["annotator"]]], abs=0.06)
    made = frozen(campaign, olga)
    shares = made.summary["shares"]
    assert (shares["corrected"], shares["by"]) == (True, "overlap")
    assert sum(covered(made, truth).values()) >= 6, shares["all"]
    wide = [shares["all"][key]["high"] - shares["all"][key]["low"] for key in KEYS]
    assert max(wide) < 0.25


def test_pages_of_a_simulated_campaign_say_so(
    run: tuple[Run, dict[str, str]], live_site: Any, olga: User, no_workers: None, page_of: Callable[[str], str]
) -> None:
    evaluation, truth = run
    campaign = opened(evaluation, size=12, overlap=3, backup=0)
    labelled(live_site, campaign, truth)
    made = frozen(campaign, olga)
    for address in (f"/p/kitchen/sets/{made.pk}/", "/p/kitchen/sets/", f"/p/kitchen/campaigns/{campaign.pk}/"):
        assert "imulated" in page_of(address)


@pytest.fixture
def page_of(olga: User) -> Callable[[str], str]:
    client = Client()
    client.force_login(olga)
    return lambda address: client.get(address).content.decode()
