"""The inputs of a run as one file, with which its exact command runs elsewhere."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import zipfile

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from tests.parts.scenes import scenes_corpus
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run, register_model, request_bundle
from webapp.experiments.commands import command_of
from webapp.experiments.files import store
from webapp.experiments.models import Metric
from webapp.settings import env
from workers import bundling, tasks
from workers.inputs import lies_here

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_repeats_elsewhere_with_the_same_numbers(project, owner, tmp_path):
    corpus = scenes_corpus(project, "scenes:40?seed=3&size=32")
    now = timezone.now()
    small = {"image_size": 16, "width": 16, "heads": 2, "vision_layers": 1, "text_layers": 1, "embedding": 8}
    short = {"max_steps": 4, "batch_size": 8, "eval_every": 4, "checkpoint_every": 4, "val_limit": 10}
    values = {"data": f"corpus:{corpus.pk}"} | small | short
    trained = launch_run(project=project, method="contrastive.train", values=values, actor=owner, now=now)
    values = {"data": f"corpus:{corpus.pk}?sample=20&seed=1", "encoder": f"run:{trained.pk}", "resamples": 100}
    values |= {"overlap": "allow"}  # it was trained on them: numbers are to be repeated here, not believed
    run = launch_run(project=project, method="retrieval.evaluate", values=values, actor=owner, now=now)
    tasks.run_next("gpu")
    run.refresh_from_db()
    assert run.state == "succeeded", run.failure
    request_bundle(run=run, actor=owner, now=now)
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    with zipfile.ZipFile(store().local_path(run.bundle["key"])) as bundle:
        bundle.extractall(tmp_path)
    assert "/" not in json.loads((tmp_path / "spec.json").read_text())["data"].split(":")[1][:1]
    words = shlex.split(command_of(run))
    done = subprocess.run(
        [sys.executable, *words[1:], f"cache={tmp_path / 'cache'}"],
        cwd=tmp_path,
        env=env.passed_on() | {"PYTHONPATH": str(env.ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    elsewhere = json.loads((tmp_path / "results" / "metrics.json").read_text())
    here = Metric.objects.filter(run=run, step=-1).values_list("name", "value")
    assert {name: elsewhere[name] for name, _ in here} == pytest.approx(dict(here))


def test_inputs_that_nobody_asked_for_are_not_put_together(launch):
    run = launch()
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    assert run.bundle == {}


def test_a_request_that_no_worker_heard_is_found_again(launch, owner):
    run = launch()
    request_bundle(run=run, actor=owner, now=timezone.now())
    assert bundling.waiting_bundles() == [run.pk]
    bundling.make_bundle(run.pk)
    assert bundling.waiting_bundles() == []


def test_inputs_that_somebody_puts_together_are_left_to_them(launch, owner):
    run = launch()
    request_bundle(run=run, actor=owner, now=timezone.now())
    names = ("host", "port", "user", "password", "dbname")
    where = {name: value for name, value in connection.get_connection_params().items() if name in names}
    with psycopg.connect(**where) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"bundle of run {run.pk}"])
        bundling.make_bundle(run.pk)
        run.refresh_from_db()
        assert run.bundle == {}
        other.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"bundle of run {run.pk}"])
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    assert store().exists(run.bundle["key"])


def test_a_bundle_that_cannot_be_made_says_why_and_waits_until_somebody_asks_again(launch, project, owner, client):
    corpus = scenes_corpus(project, "scenes:4?seed=3&size=32")
    now = timezone.now()
    run = launch(dataset=f"corpus:{corpus.pk}")
    request_bundle(run=run, actor=owner, now=now)
    Corpus.objects.filter(pk=corpus.pk).update(state="deleting")
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    assert (run.bundle, run.bundle_requested_at) == ({}, None)
    assert run.bundle_failure == f"the data set {corpus.pk} is no longer there"
    assert bundling.waiting_bundles() == []
    client.force_login(owner)
    page = client.get(f"/p/birds/runs/{run.pk}/").content.decode()
    assert "The inputs could not be put together." in page and run.bundle_failure in page and "Try again" in page
    told = client.get(f"/api/v1/projects/birds/runs/{run.pk}/inputs/")
    assert told.status_code == 409 and run.bundle_failure in told.json()["detail"]
    request_bundle(run=run, actor=owner, now=now)
    run.refresh_from_db()
    assert (run.bundle_failure, bundling.waiting_bundles()) == ("", [run.pk])


def test_a_fault_that_nobody_foresaw_ends_a_bundle_too(launch, owner, monkeypatch, caplog):
    run = launch()
    request_bundle(run=run, actor=owner, now=timezone.now())
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *given: 1 / 0)
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    assert run.bundle_failure.startswith("It stopped at an unexpected fault (ZeroDivisionError)")
    assert bundling.waiting_bundles() == []


@pytest.mark.parametrize(
    "reference", ["hf:/srv/models/clip", "open_clip:ViT-B-32//srv/w.safetensors", "open_clip:ViT-B-32/srv/w.pt"]
)
def test_a_bundle_names_a_model_of_the_server_by_its_registered_name(project, owner, tmp_path, reference):
    corpus = scenes_corpus(project, "scenes:4?seed=3&size=32")
    now = timezone.now()
    register_model(slug="ours", name="Our CLIP", reference=reference, note="", actor=owner, now=now)
    values = {"data": f"corpus:{corpus.pk}", "encoder": "model:ours"}
    run = launch_run(project=project, method="retrieval.evaluate", values=values, actor=owner, now=now)
    request_bundle(run=run, actor=owner, now=now)
    bundling.make_bundle(run.pk)
    run.refresh_from_db()
    with zipfile.ZipFile(store().local_path(run.bundle["key"])) as bundle:
        spec, readme = bundle.read("spec.json").decode(), bundle.read("README.md").decode()
    assert json.loads(spec)["encoder"] == "model:ours"
    assert "srv" not in spec + readme
    assert "replace `model:ours` in spec.json: the model “Our CLIP” lies on the server" in readme


def test_a_bundle_names_a_model_of_a_hub_as_the_hub_does():
    assert not any(map(lies_here, ["hf:openai/clip-vit-base-patch32", "open_clip:ViT-B-32/laion2b_s34b_b79k"]))
