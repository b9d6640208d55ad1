"""The pages about runs, as a browser gets them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.runs import *  # noqa: F403
from webapp.experiments.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(owner) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner)
    return client


def address(name: str, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds"} | more)


def test_an_empty_list_says_what_to_do(web):
    page = web.get(address("runs"))
    assert page.status_code == 200
    assert "No runs yet" in page.content.decode()


def test_every_web_method_can_be_chosen(web, example_package):
    page = web.get(address("choose")).content.decode()
    assert "Counts to a number and tells how it went." in page


def test_the_form_shows_bounds_units_groups_and_presets(web, example_package):
    page = web.get(address("new", method="example.count")).content.decode()
    for text in ("How far to count.", "1 to 100,000", "steps", "Counting", "Advanced", "?preset=quick"):
        assert text in page


def test_a_run_is_launched_from_the_form_and_its_page_shows_it_waiting(web, example_package):
    answer = web.post(address("new", method="example.count"), {"run_title": "Three", "steps": "3", "pause": "0"})
    run = Run.objects.get()
    assert answer.url == address("run", run_id=run.pk)
    assert (run.title, run.spec["steps"], run.spec["every"]) == ("Three", 3, 2)
    page = web.get(answer.url).content.decode()
    assert "next in the CPU queue" in page


def test_everything_wrong_is_told_at_once_and_nothing_typed_is_lost(web, example_package):
    typed = {"steps": "0", "seed": "x", "ending": "oddly", "pause": "3.5", "words": "a, b", "run_title": "Kept"}
    answer = web.post(address("new", method="example.count"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("field-invalid") == 3
    assert 'value="3.5"' in page and 'value="a, b"' in page and 'value="Kept"' in page
    assert not Run.objects.exists()


def test_a_finished_runs_page_shows_its_numbers_with_intervals(web, finished):
    run = finished(steps=4)
    page = web.get(address("run", run_id=run.pk)).content.decode()
    for text in ("Total", "5.00–7.00", "Curves", "count.json", "python -m ml_core example.count", "Provenance"):
        assert text in page, text
