"""A third party's method appears on the command line, in the form and in the API, with no line of ours changed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.test import Client
from django.urls import reverse

from tests.runs import *  # noqa: F403
from webapp.settings import env


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ml_core", *words], cwd=env.ROOT, capture_output=True, text=True)


def test_it_is_listed_and_runs_on_the_command_line(example_package, tmp_path):
    assert "example.count" in command().stdout
    assert "How far to count." in command("example.count", "--help").stdout
    done = command("example.count", "steps=3", f"out={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "metrics.json").read_text())["total"] == 3


@pytest.mark.django_db
def test_it_has_a_form_and_a_place_in_the_api(example_package, owner):
    client = Client()
    client.force_login(owner)
    form = client.get(reverse("experiments:new", kwargs={"slug": "birds", "method": "example.count"}))
    assert "How far to count." in form.content.decode()
    told = client.get(reverse("experiments:api_method", kwargs={"slug": "birds", "method": "example.count"}))
    assert told.json()["title"] == "Count"
