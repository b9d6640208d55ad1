"""Kills amid a training and an evaluation: the run ends right, once, with an uninterrupted run's numbers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from tests.parts.scenes import scenes_corpus
from tests.workers.ground import Ground, child_of, ended, kill_child, standing, wait
from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run, resume_run
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Case, LogLine, Metric, Run
from webapp.local import embedded

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]
TRAINING = {
    "image_size": 32, "width": 32, "vision_layers": 1, "text_layers": 1, "embedding": 32, "max_steps": 40, "epochs": 50,
    "batch_size": 16, "eval_every": 10, "checkpoint_every": 10, "val_limit": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Servers and a worker of these tests' own."""
    folder = tmp_path_factory.mktemp("kills")
    with django_db_blocker.unblock(), standing(folder, Path(settings.NEARMISS_STORE), settings.NEARMISS_CACHE) as found:
        yield found


@pytest.fixture(scope="module")
def project(ground: Ground) -> Project:
    """A project."""
    return Project.objects.create(slug="birds", name="Birds", created_at=timezone.now())


@pytest.fixture(scope="module")
def corpus(project: Project) -> Corpus:
    """Drawn scenes as a data set that is ready."""
    return scenes_corpus(project)


@pytest.fixture(scope="module")
def trained(project: Project, corpus: Corpus) -> Run:
    """A training that nobody interrupted."""
    return wait(launch(project, "contrastive.train", data=f"corpus:{corpus.pk}", **TRAINING), ended)


@pytest.fixture(scope="module")
def asked(project: Project) -> Corpus:
    """Enough scenes that an evaluation takes some seconds; more than one chunk of embeddings."""
    return scenes_corpus(project, "scenes:1000?seed=6&size=32", "Many scenes")


@pytest.fixture(scope="module")
def evaluated(project: Project, asked: Corpus, trained: Run) -> Run:
    """An evaluation that nobody interrupted."""
    assert trained.state == "succeeded", trained.failure
    return wait(evaluation(project, asked, trained), ended)


def launch(project: Project, method: str, **values: object) -> Run:
    return launch_run(project=project, method=method, values=values, actor=None, now=timezone.now())


def evaluation(project: Project, corpus: Corpus, trained: Run) -> Run:
    """An evaluation that has to encode everything: what earlier ones encoded is gone."""
    store().delete_prefix("embeddings")
    values = {"data": f"corpus:{corpus.pk}", "encoder": f"run:{trained.pk}", "resamples": 100, "overlap": "allow"}
    return launch(project, "retrieval.evaluate", **values)


def numbers(run: Run) -> dict[tuple[str, str, int], tuple[float | int | None, ...]]:
    """Every metric of a run, checked to be there once."""
    found = list(Metric.objects.filter(run=run).values_list("name", "slice", "step", "value", "low", "high", "n"))
    assert len({row[:3] for row in found}) == len(found)
    return {row[:3]: row[3:] for row in found}


def assert_equals(run: Run, whole: Run) -> None:
    """The run ended well, with everything that an uninterrupted one leaves."""
    assert run.state == "succeeded", run.failure
    assert numbers(run) == numbers(whole)
    paths = [set(Artifact.objects.filter(run=one).values_list("path", flat=True)) for one in (run, whole)]
    assert paths[0] == paths[1]
    assert Case.objects.filter(run_id=run.pk).count() == whole.case_count == run.case_count
    assert child_of(run) is None


def halfway(run: Run) -> bool:
    """A training that has a checkpoint and is not done."""
    assert not ended(run), run.failure
    return bool(run.checkpoint)


def working(run: Run) -> bool:
    """An evaluation whose method is amid its work: past the first piece of a stage, and not at the end of it."""
    assert not ended(run), run.failure
    done, total = (run.progress.get(name) or 0 for name in ("done", "total"))
    return child_of(run) is not None and 0 < done < total


def loading(run: Run) -> bool:
    """A run whose cases are all in a table of their own that waits to be attached."""
    assert not ended(run), run.failure
    with connection.cursor() as cursor:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE %s"
        cursor.execute(waiting, ["%attach%"])
        return bool(cursor.fetchone()[0])


@contextmanager
def attaching_held() -> Iterator[None]:
    """Tables can be made and filled meanwhile, but no partition of cases can be attached."""
    line = embedded.connect(settings.PLACES, str(connections.settings["default"]["NAME"]), embedded.OWNER)
    try:
        line.autocommit = False
        line.execute("LOCK TABLE experiments_case IN SHARE MODE")
        yield
    finally:
        with contextlib.suppress(psycopg.Error):  # PostgreSQL may be gone by now
            line.close()


def strike(ground: Ground, run: Run, what: str) -> Run:
    """Kills a part while the run works, brings it back, and waits for the run to end; a killed method is resumed."""
    if what == "child":
        kill_child(run)
        failed = wait(run, ended)
        assert (failed.state, "SIGKILL" in failed.failure["reason"]) == ("failed", True)
        assert failed.failure["advice"]
        resume_run(run=failed, actor=None, now=timezone.now())
        return wait(run, ended)
    ground.kill(what)
    if what == "worker":
        deadline = time.monotonic() + 5
        while child_of(run) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert child_of(run) is None, "the method outlived its worker"
    else:
        time.sleep(1.5)
    ground.raise_(what)
    return wait(run, ended)


@pytest.mark.parametrize("what", ["child", "worker", "postgres", "redis"])
def test_a_training_survives_a_kill_of_its(what, ground, project, corpus, trained):
    run = launch(project, "contrastive.train", data=f"corpus:{corpus.pk}", **TRAINING)
    wait(run, halfway)
    run = strike(ground, run, what)
    assert run.attempt == (2 if what in ("child", "worker") else 1)
    if run.attempt == 2:
        assert LogLine.objects.filter(run=run, message__startswith="Attempt 2 goes on from step").exists()
    assert_equals(run, trained)


@pytest.mark.parametrize("what", ["child", "worker", "postgres", "redis"])
def test_an_evaluation_survives_a_kill_of_its(what, ground, project, asked, trained, evaluated):
    run = evaluation(project, asked, trained)
    wait(run, working)
    assert_equals(strike(ground, run, what), evaluated)


@pytest.mark.parametrize("what", ["worker", "postgres"])
def test_the_loading_of_cases_survives_a_kill_of_its(what, ground, project, asked, trained, evaluated):
    run = evaluation(project, asked, trained)
    wait(run, working)
    with attaching_held():
        wait(run, loading)
        ground.kill(what)
    connections["default"].close_if_unusable_or_obsolete()
    ground.raise_(what)
    run = wait(run, ended)
    assert run.attempt == (2 if what == "worker" else 1)
    assert_equals(run, evaluated)
