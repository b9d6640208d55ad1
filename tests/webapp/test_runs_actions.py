"""Launching, cancelling, resuming, repeating and deleting runs."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from ml_core.spec import BadInput
from tests.runs import *  # noqa: F403
from webapp.accounts.models import AuditEvent, Project
from webapp.corpora.actions.corpora import delete_corpus
from webapp.corpora.models import Corpus
from webapp.corpora.partitions import attach_partition, create_partition
from webapp.experiments.actions import (
    Refused,
    cancel_run,
    delete_run,
    launch_run,
    register_model,
    rerun_with_seeds,
    resume_run,
)
from webapp.experiments.files import store
from webapp.experiments.models import Metric, RegisteredModel, Run, RunInput

pytestmark = pytest.mark.django_db(transaction=True)


def corpus(project: Project, **values: object) -> Corpus:
    row = {"project": project, "name": "Birds", "task": "retrieval", "state": "ready", "created_at": timezone.now()}
    return Corpus.objects.create(**(row | values))


def test_a_launched_run_is_complete_comparable_and_told_of(launch, owner):
    run = launch(steps=3)
    assert (run.state, run.queue, run.attempt) == ("queued", "cpu", 0)
    assert run.spec == {
        "steps": 3, "pause": 0.0, "seed": 0, "every": 2, "ending": "well", "dataset": None, "source": None, "words": [],
    }  # fmt: skip
    assert run.fingerprint == launch(steps=3).fingerprint != launch(steps=4).fingerprint
    told = AuditEvent.objects.filter(verb="run.launched").first()
    assert (told.actor_id, told.target) == (owner.pk, f"run {run.pk}")


def test_everything_wrong_with_the_settings_is_told(launch):
    with pytest.raises(BadInput, match=r"steps: must be at least 1.*pause: must be at most 60.*nonsense: there is no"):
        launch(steps=0, pause=100, nonsense=1)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "reference",
    ["/etc/passwd", "coco:/data", "corpus:../1", "corpus:1x", "run:1", "corpus:1?path=/etc", "corpus:1?sample=-1",
     "frozen:s3://bucket", "corpus:", "corpus:99999999999999999999", "file:///etc", "corpus:１"],
)  # fmt: skip
def test_a_spec_from_the_web_names_only_what_the_project_owns(launch, reference):
    with pytest.raises(BadInput) as refused:
        launch(dataset=reference)
    assert refused.value.field == "dataset"


def test_another_projects_data_set_and_run_are_not_there(launch, owner):
    foreign = Project.objects.create(slug="fish", name="Fish", created_at=timezone.now())
    theirs = corpus(foreign)
    run = launch_run(project=foreign, method="example.count", values={}, actor=None, now=timezone.now())
    with pytest.raises(BadInput, match="this project has no data set"):
        launch(dataset=f"corpus:{theirs.pk}")
    with pytest.raises(BadInput, match="this project has no run"):
        launch(source=f"run:{run.pk}")


def test_a_data_set_for_another_task_is_refused(launch, project):
    with pytest.raises(BadInput, match="a set for classification, wanted is one for retrieval"):
        launch(dataset=f"corpus:{corpus(project, task='classification').pk}")


def test_what_a_run_reads_is_remembered(launch, project):
    ours, source = corpus(project), launch()
    run = launch(dataset=f"corpus:{ours.pk}?sample=10&seed=1", source=f"run:{source.pk}")
    inputs = RunInput.objects.filter(run=run).values_list("field", "corpus", "source_run").order_by("field")
    assert list(inputs) == [("dataset", ours.pk, None), ("source", None, source.pk)]


def test_a_data_set_that_is_deleted_at_this_moment_cannot_be_named(launch, project, owner):
    ours, told = corpus(project), []

    def name_it():
        with pytest.raises(BadInput) as refused:
            launch(dataset=f"corpus:{ours.pk}")
        told.append(str(refused.value))
        connection.close()

    thread = threading.Thread(target=name_it)
    with transaction.atomic():
        delete_corpus(corpus=ours, actor=owner, now=timezone.now())
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()
    assert told == ["dataset: the data set “Birds” is deleting"]
    assert not Run.objects.exists()


@pytest.mark.parametrize("by", ["source", "cloned_from"])
def test_a_run_that_is_deleted_at_this_moment_is_not_there_any_more(launch, project, owner, by):
    ours, told = launch(), []

    def name_it():
        more = {"cloned_from": ours, "values": {}} if by == "cloned_from" else {"values": {"source": f"run:{ours.pk}"}}
        try:
            run = launch_run(project=project, method="example.count", actor=owner, now=timezone.now(), **more)
            told.append(run.cloned_from)
        except BadInput as refused:
            told.append(str(refused))
        connection.close()

    thread = threading.Thread(target=name_it)
    with transaction.atomic():
        delete_run(run=ours, actor=owner, now=timezone.now())
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()
    assert told == [None if by == "cloned_from" else f"source: this project has no run {ours.pk}"]


def test_a_run_at_work_goes_on_while_another_that_names_it_is_launched(launch):
    source = launch()
    Run.objects.filter(pk=source.pk).update(state="running", attempt=1)
    names = ("host", "port", "user", "password", "dbname")
    where = {name: value for name, value in connection.get_connection_params().items() if name in names}
    with transaction.atomic():
        launch(source=f"run:{source.pk}")
        with psycopg.connect(**where) as worker:
            worker.execute("SET lock_timeout = '2s'")
            worker.execute("UPDATE experiments_run SET heartbeat_at = now() WHERE id = %s", [source.pk])


def test_a_run_whose_cases_are_being_read_is_deleted_later(launch, owner):
    run = launch()
    with transaction.atomic():
        create_partition(connection, "experiments_case", run.pk)
        attach_partition(connection, "experiments_case", run.pk)
    names = ("host", "port", "user", "password", "dbname")
    where = {name: value for name, value in connection.get_connection_params().items() if name in names}
    with psycopg.connect(**where) as reader:
        reader.execute("SELECT count(*) FROM experiments_case WHERE run_id = %s", [run.pk])
        with pytest.raises(Refused, match="are being read"):
            delete_run(run=run, actor=owner, now=timezone.now())
    delete_run(run=run, actor=owner, now=timezone.now())
    assert not Run.objects.exists()


def test_a_method_that_reads_paths_does_not_run_from_the_web(launch):
    with pytest.raises(BadInput, match="command line alone"):
        launch(method="ranking.score", qrels="/etc/passwd", run="/etc/passwd")


def test_a_waiting_run_is_cancelled_at_once_and_an_ended_one_not_at_all(launch, owner):
    run = cancel_run(run=launch(), actor=owner, now=timezone.now())
    assert run.state == "cancelled"
    with pytest.raises(Refused, match="already cancelled"):
        cancel_run(run=run, actor=owner, now=timezone.now())


def test_only_a_failed_or_cancelled_run_is_resumed(launch, owner):
    run = launch()
    with pytest.raises(Refused, match="only a failed or cancelled"):
        resume_run(run=run, actor=owner, now=timezone.now())
    cancel_run(run=run, actor=owner, now=timezone.now())
    assert resume_run(run=run, actor=owner, now=timezone.now()).state == "queued"


def test_seeds_become_a_group_with_the_run_they_come_from(launch, owner):
    run = launch(seed=1)
    group = rerun_with_seeds(run=run, seeds=[1, 2, 3], actor=owner, now=timezone.now())
    assert sorted(one.spec["seed"] for one in group.runs.all()) == [1, 2, 3]
    again = rerun_with_seeds(run=group.runs.first(), seeds=[4], actor=owner, now=timezone.now())
    assert again == group


@pytest.mark.parametrize("seeds", [[], [0], list(range(1, 30))])
def test_a_rerun_needs_some_new_seeds_and_not_too_many(launch, owner, seeds):
    with pytest.raises(BadInput, match="1 to 20 seeds"):
        rerun_with_seeds(run=launch(), seeds=seeds, actor=owner, now=timezone.now())


def test_a_deleted_run_takes_its_rows_and_files_with_it(finished, owner):
    run = finished()
    assert store().list(f"run/{run.pk}")
    delete_run(run=run, actor=owner, now=timezone.now())
    assert not Run.objects.exists() and not Metric.objects.exists()
    assert not store().list(f"run/{run.pk}")


def test_a_run_that_others_need_is_not_deleted(launch, owner):
    source = launch()
    user = launch(source=f"run:{source.pk}")
    with pytest.raises(Refused, match=f"used by run {user.pk}"):
        delete_run(run=source, actor=owner, now=timezone.now())
    assert Run.objects.count() == 2


def test_a_running_run_is_not_deleted(launch, owner):
    run = launch()
    Run.objects.update(state="running")
    with pytest.raises(Refused, match="cancel it first"):
        delete_run(run=run, actor=owner, now=timezone.now())


def test_a_model_is_registered_once_and_only_by_a_name_of_a_hub(owner):
    row = {"slug": "tiny", "name": "Tiny", "note": "", "actor": owner, "now": timezone.now()}
    register_model(reference="hf:tiny", **row)
    with pytest.raises(BadInput, match="already registered"):
        register_model(reference="hf:other", **row)
    with pytest.raises(BadInput, match="hf:NAME"):
        register_model(reference="checkpoint:/tmp", **row | {"slug": "two"})
    assert RegisteredModel.objects.count() == 1
