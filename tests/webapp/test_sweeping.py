"""The daily sweep: what no row names and is older than a day goes; nothing else does."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.ml_core.small_sets import coco
from tests.runs import *  # noqa: F403
from tests.webapp import corpora_parts as parts
from webapp.corpora.actions.imports import cancel_import, start_upload, upload_reference
from webapp.corpora.models import Corpus, Import
from webapp.experiments import sweeping
from webapp.experiments.actions import delete_run, request_bundle
from webapp.experiments.files import store
from webapp.experiments.models import Run
from webapp.experiments.sweeping import sweep
from workers import bundling, tasks

pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(days=2)


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.NEARMISS_STORE, settings.NEARMISS_CACHE = str(tmp_path / "store"), tmp_path / "cache"


def swept(later=LATER):
    return [file.key for file in sweep(now=timezone.now() + later).files]


def test_files_of_dead_attempts_and_of_runs_without_a_row_go_and_named_ones_stay(finished, owner, tmp_path):
    run = finished(steps=3)
    request_bundle(run=run, actor=owner, now=timezone.now())
    bundling.make_bundle(run.pk)
    named = store().list("run")
    assert f"run/{run.pk}/inputs.zip" in named and len(named) > 1
    dead = [f"run/{run.pk}/attempt-1/checkpoint-2/state.json", f"run/{run.pk}/attempt-0/left/over",
            f"run/{run.pk + 9}/attempt-1/count.json", f"run/{run.pk}/attempt-1/count.json.0a1b.part"]  # fmt: skip
    for key in dead:
        store().write_bytes(key, b"x")
    assert swept() == sorted(dead)
    assert store().list("run") == named
    assert not (tmp_path / "store" / "run" / str(run.pk + 9)).exists()


def test_what_is_younger_than_a_day_stays():
    store().write_bytes("run/99/attempt-1/count.json", b"x")
    store().write_bytes("uploads/00.zip", b"x")
    assert swept(timedelta(hours=23)) == []
    assert swept(timedelta(hours=25)) == ["run/99/attempt-1/count.json", "uploads/00.zip"]


def test_an_attempt_at_work_loses_nothing_however_long_it_takes(launch):
    run = launch()
    Run.objects.update(
        state="running", attempt=2, checkpoint={"key": f"run/{run.pk}/attempt-1/checkpoint-4", "step": 4}
    )
    for key in ("attempt-2/count.json", "attempt-2/checkpoint-6/state.json", "attempt-1/checkpoint-4/state.json"):
        store().write_bytes(f"run/{run.pk}/{key}", b"x")
    store().write_bytes(f"run/{run.pk}/attempt-1/checkpoint-40/state.json", b"x")
    assert swept() == [f"run/{run.pk}/attempt-1/checkpoint-40/state.json"]


def test_a_failed_run_keeps_the_checkpoint_it_can_be_resumed_from(finished):
    run = finished(steps=6, ending="badly")
    assert run.checkpoint
    assert swept() == []
    assert store().list(run.checkpoint["key"])


def test_an_upload_stays_as_long_as_its_import_waits(project, owner, tmp_path):
    path = tmp_path / "set.zip"
    path.write_bytes(b"PK")
    row = start_upload(
        project=project, name="Set", zip_file=path, reference=upload_reference("coco", {}), source="set.zip",
        actor=owner, now=timezone.now(),
    )  # fmt: skip
    store().write_bytes("uploads/abandoned.zip", b"x")
    assert swept() == ["uploads/abandoned.zip"]
    assert store().exists(row.upload_key)


def test_an_app_that_registers_what_its_rows_name_has_its_rests_swept_and_keeps_the_others(monkeypatch):
    monkeypatch.setattr(sweeping, "_NAMES", {prefix: list(names) for prefix, names in sweeping._NAMES.items()})
    keys = ["labels/a.csv", "labels/b.csv", "uploads/a.zip", "uploads/b.zip"]
    for key in keys:
        store().write_bytes(key, b"x")
    sweeping.register_names("labels", lambda: ["labels/a.csv"])
    sweeping.register_names("uploads", lambda: ["uploads/a.zip"])
    assert swept() == ["labels/b.csv", "uploads/b.zip"]


def test_a_data_set_keeps_its_folder_and_one_without_a_row_loses_it(project, tmp_path):
    corpus = parts.imported(project, f"coco:{coco(tmp_path / 'set')}")
    coming = Corpus.objects.create(project=project, name="coming", created_at=timezone.now())
    for number in (corpus.pk, coming.pk, coming.pk + 1):
        store().write_bytes(f"corpora/{number}/display/160/x.webp", b"x")
    assert swept() == [f"corpora/{coming.pk + 1}/display/160/x.webp"]
    assert not (tmp_path / "store" / "corpora" / str(coming.pk + 1)).exists()


def test_places_that_it_does_not_know_are_left_alone():
    for key in ("embeddings/x", "campaigns/1/picture", "run/notes.txt", "corpora/readme"):
        store().write_bytes(key, b"x")
    assert swept() == []
    assert len(store().list()) == 4


def test_scratch_folders_of_imports_and_runs_that_ended_go(project, owner, launch, tmp_path):
    cancelled, waiting = (parts.started(project, "scenes:4", name) for name in ("One", "Two"))
    cancel_import(row=cancelled, actor=owner, now=timezone.now())
    run = launch()
    kept = [tmp_path / "cache" / "imports" / str(waiting.pk), tmp_path / "cache" / "runs" / str(run.pk)]
    gone = [tmp_path / "cache" / "imports" / str(cancelled.pk), tmp_path / "cache" / "runs" / str(run.pk + 1)]
    for folder in [*kept, *gone]:
        folder.mkdir(parents=True)
    assert sorted(sweep(now=timezone.now() + LATER).folders) == sorted(gone)
    assert all(folder.exists() for folder in kept) and not any(folder.exists() for folder in gone)


def test_the_command_says_what_it_would_remove_and_removes_it_when_told_to(capsys):
    store().write_bytes("uploads/old.zip", b"12345")
    age(Path(store().local_path("uploads/old.zip")))
    call_command("sweep_store", "--dry-run")
    assert "5  uploads/old.zip\nWould remove 1 files" in capsys.readouterr().out
    assert store().exists("uploads/old.zip")
    call_command("sweep_store")
    assert not store().exists("uploads/old.zip")


def test_the_clock_asks_for_it_every_day(launch, owner):
    run = launch()
    delete_run(run=run, actor=owner, now=timezone.now())
    store().write_bytes(f"run/{run.pk}/attempt-1/late.bin", b"x")
    age(Path(store().local_path(f"run/{run.pk}/attempt-1/late.bin")))
    planned = tasks.app.conf.beat_schedule["tidy"]
    assert planned["schedule"] == 86_400
    tasks.app.tasks[planned["task"]]()
    assert store().list("run") == []
    assert not Import.objects.exists()


def age(path: Path) -> None:
    long_ago = time.time() - LATER.total_seconds()
    os.utime(path, (long_ago, long_ago))
