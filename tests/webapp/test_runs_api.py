"""The API of runs does what the pages do."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.runs import *  # noqa: F403
from webapp.experiments.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(owner):
    """Calls as the owner: `api("get", "runs", …)` gives status and body."""
    client = Client()
    client.force_login(owner)

    def call(method: str, name: str, body: object = None, query: str = "", **kwargs: object):
        address = reverse(f"experiments:api_{name}", kwargs={"slug": "birds"} | kwargs) + query
        answer = getattr(client, method)(address, body, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None

    return call


def test_a_method_tells_the_schema_of_its_settings(api, example_package):
    status, methods = api("get", "methods")
    found = next(one for one in methods if one["key"] == "example.count")
    assert status == 200
    assert found["spec"]["properties"]["steps"]["maximum"] == 100_000
    assert found["presets"] == {"quick": {"steps": 2}, "slow": {"steps": 20, "pause": 0.1}}


def test_a_run_is_launched_and_told_with_its_place(api, example_package):
    status, run = api("post", "runs", {"method": "example.count", "spec": {"steps": 3}, "title": "Three"})
    assert (status, run["title"], run["state"], run["queue_position"], run["spec"]["every"]) == (
        201,
        "Three",
        "queued",
        1,
        2,
    )
    assert api("get", "run", run_id=run["id"])[1]["queue_position"] == 1


def test_every_wrong_setting_is_told_at_its_name(api, example_package):
    body = {"method": "example.count", "spec": {"steps": 0, "dataset": "/etc/passwd", "nonsense": 1}}
    status, problem = api("post", "runs", body)
    assert status == 400
    assert {one["field"] for one in problem["errors"]} == {"spec.steps", "spec.dataset", "spec.nonsense"}
    assert not Run.objects.exists()


def test_a_wrong_list_is_told_once_in_plain_words(api):
    for ks, told in (
        ([0], [{"field": "spec.ks.0", "detail": "must be at least 1 (got 0)"}]),
        ([], [{"field": "spec.ks", "detail": "a value is required"}]),
        (list(range(1, 60)), [{"field": "spec.ks", "detail": "at most 50 values may be given (got 59)"}]),
    ):
        status, problem = api("post", "runs", {"method": "retrieval.evaluate", "spec": {"ks": ks}})
        assert status == 400
        assert [one for one in problem["errors"] if one["field"].startswith("spec.ks")] == told


@pytest.mark.parametrize("text", ["zero \0", "half \ud800"])
def test_text_that_no_database_keeps_is_told_at_its_name(api, example_package, text):
    body = {"method": "example.count", "spec": {"words": ["fine", text]}, "title": text}
    status, problem = api("post", "runs", body)
    assert (status, {one["field"] for one in problem["errors"]}) == (400, {"spec.words.1", "title"})
    assert api("post", "runs", {"method": "example.count", "spec": {text: 1}})[0] == 400
    assert not Run.objects.exists()


def test_a_zero_byte_in_an_address_is_a_clear_400(api, launch):
    launch()
    for query in ("?method=%00", "?state=failed%00", "?dataset=%00"):
        status, problem = api("get", "runs", query=query)
        assert status == 400, query
        assert problem["detail"]


def test_an_unknown_method_lists_those_there_are(api, example_package):
    status, problem = api("post", "runs", {"method": "no.such"})
    assert status == 400 and "example.count" in problem["detail"]


def test_lists_are_narrowed_by_known_names_only(api, launch):
    launch(steps=1), launch(steps=2)
    Run.objects.filter(spec__steps=1).update(state="failed")
    status, page = api("get", "runs", query="?state=failed")
    assert (status, [run["spec"]["steps"] for run in page["results"]]) == (200, [1])
    assert api("get", "runs", query="?project__owner=1")[0] == 400


def test_a_finished_run_tells_metrics_log_and_files(api, finished):
    run = finished(steps=2)
    metrics = api("get", "metrics", query="?step=-1", run_id=run.pk)[1]["results"]
    assert [(one["name"], one["value"], one["low"], one["high"], one["n"]) for one in metrics] == [
        ("total", 1, 0, 2, 2)
    ]
    assert "counting from 0" in [line["message"] for line in api("get", "log", run_id=run.pk)[1]["results"]]
    assert [file["path"] for file in api("get", "artifacts", run_id=run.pk)[1]] == ["count.json"]


def test_a_run_is_cancelled_resumed_cloned_repeated_and_deleted(api, launch):
    run = launch(steps=3)
    assert api("post", "cancel", run_id=run.pk)[1]["state"] == "cancelled"
    assert api("post", "cancel", run_id=run.pk)[0] == 409
    assert api("post", "resume", run_id=run.pk)[1]["state"] == "queued"
    status, clone = api("post", "clone", {"spec": {"seed": 9}}, run_id=run.pk)
    assert (status, clone["cloned_from_id"], clone["spec"]["steps"], clone["spec"]["seed"]) == (201, run.pk, 3, 9)
    status, made = api("post", "rerun", {"seeds": [5, 6]}, run_id=run.pk)
    assert (status, len(made["runs"])) == (201, 3)
    assert api("delete", "run", run_id=clone["id"])[0] == 204
    assert api("get", "run", run_id=clone["id"])[0] == 404
