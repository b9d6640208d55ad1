"""The addresses of runs, their groups, and the models they may use."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row, in_project, nothing
from tests.webapp.permissions.table import ADMINISTRATOR
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, RegisteredModel, Run, RunGroup

METHOD = "contrastive.train"


def build(world: World) -> None:
    """A finished run with a file, its inputs and a group in both projects; a registered model."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        group = RunGroup.objects.create(project=project, name="Seeds", created_at=timezone.now())
        run = _run(project, group)
        store().write_bytes(f"run/{run.pk}/inputs.zip", b"zip")
        store().write_bytes(f"run/{run.pk}/a.json", b"{}")
        row = {"name": "A", "role": "table", "media_type": "application/json", "byte_count": 2, "sha256": "0" * 64}
        file = Artifact.objects.create(run=run, attempt=1, path="a.json", key=f"run/{run.pk}/a.json", **row)
        world.things |= {f"{name}run": run, f"{name}run_group": group, f"{name}run_file": file}
    reference = {"name": "Tiny", "reference": "hf:tiny", "created_at": timezone.now()}
    world.things["run_model"] = RegisteredModel.objects.create(slug="tiny", **reference)


def _run(project: Project, group: RunGroup) -> Run:
    run = Run(project=project, group=group, method=METHOD, spec={}, fingerprint="0" * 64, queue="cpu", attempt=1)
    run.state, run.created_at = Run.State.SUCCEEDED, timezone.now()
    run.save()
    run.bundle = {"key": f"run/{run.pk}/inputs.zip", "byte_count": 3, "sha256": "0" * 64}
    run.save()
    return run


def with_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """A run of our project."""
    return {"slug": world.project.slug, "run_id": world["run"].pk}


def with_foreign_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """A run of the foreign project, under our project's address."""
    return {"slug": world.project.slug, "run_id": world["foreign_run"].pk}


def with_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A file of our run."""
    return with_run(world, knocker) | {"artifact_id": world["run_file"].pk}


def with_foreign_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A file of the foreign run, under our run's address."""
    return with_run(world, knocker) | {"artifact_id": world["foreign_run_file"].pk}


def with_file_of_foreign_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """The foreign run's own file, under our project's address."""
    return with_foreign_run(world, knocker) | {"artifact_id": world["foreign_run_file"].pk}


def with_group(world: World, knocker: Knocker) -> dict[str, Any]:
    """A group of our project."""
    return {"slug": world.project.slug, "group_id": world["run_group"].pk}


def with_foreign_group(world: World, knocker: Knocker) -> dict[str, Any]:
    """A group of the foreign project, under our project's address."""
    return {"slug": world.project.slug, "group_id": world["foreign_run_group"].pk}


def with_method(world: World, knocker: Knocker) -> dict[str, Any]:
    """A method."""
    return {"slug": world.project.slug, "method": METHOD}


def with_unknown_method(world: World, knocker: Knocker) -> dict[str, Any]:
    """A method that is not there."""
    return {"slug": world.project.slug, "method": "no.such"}


def with_model(world: World, knocker: Knocker) -> dict[str, Any]:
    """A registered model."""
    return {"model_id": world["run_model"].pk}


def with_unknown_model(world: World, knocker: Knocker) -> dict[str, Any]:
    """A model that is not there."""
    return {"model_id": 2**40}


VIEW, LAUNCH, FILES = {"GET": "run.view"}, {"POST": "run.launch"}, (with_foreign_file, with_file_of_foreign_run)
FOREIGN = (with_foreign_run,)
WRITTEN = {"method": METHOD, "spec": {}}

PAGES = [
    Row("experiments:runs", VIEW),
    Row("experiments:choose", {"GET": "run.launch"}),
    Row("experiments:new", {"GET": "run.launch", "POST": "run.launch"}, with_method, (with_unknown_method,)),
    Row("experiments:check", LAUNCH, with_method, (with_unknown_method,)),
    Row("experiments:group", VIEW, with_group, (with_foreign_group,)),
    Row("experiments:run", VIEW, with_run, FOREIGN),
    Row("experiments:live", VIEW, with_run, FOREIGN),
    Row("experiments:curves", VIEW, with_run, FOREIGN),
    Row("experiments:metrics_csv", VIEW, with_run, FOREIGN),
    Row("experiments:log", VIEW, with_run, FOREIGN),
    Row("experiments:files", VIEW, with_run, FOREIGN),
    Row("experiments:files_zip", {"GET": "run.download"}, with_run, FOREIGN),
    Row("experiments:artifact", {"GET": "run.download"}, with_file, FILES),
    Row("experiments:bundle", {"GET": "run.download", "POST": "run.download"}, with_run, FOREIGN),
    Row("experiments:cancel", LAUNCH, with_run, FOREIGN),
    Row("experiments:resume", LAUNCH, with_run, FOREIGN),
    Row("experiments:rerun", LAUNCH, with_run, FOREIGN, {"seeds": "1, 2"}),
    Row("experiments:mine", LAUNCH, with_run, FOREIGN),
    Row("experiments:delete", {"POST": "run.delete"}, with_run, FOREIGN),
    Row("experiments:models", dict.fromkeys(("GET", "POST"), ADMINISTRATOR), nothing),
    Row("experiments:model_remove", {"POST": ADMINISTRATOR}, with_model, (with_unknown_model,)),
]

API = [
    Row("experiments:api_methods", VIEW, in_project),
    Row("experiments:api_method", VIEW, with_method, (with_unknown_method,)),
    Row("experiments:api_runs", {"GET": "run.view", "POST": "run.launch"}, in_project, data=WRITTEN),
    Row("experiments:api_run", {"GET": "run.view", "DELETE": "run.delete"}, with_run, FOREIGN),
    Row("experiments:api_metrics", VIEW, with_run, FOREIGN),
    Row("experiments:api_log", VIEW, with_run, FOREIGN),
    Row("experiments:api_artifacts", VIEW, with_run, FOREIGN),
    Row("experiments:api_artifact", {"GET": "run.download"}, with_file, FILES),
    Row("experiments:api_bundle", {"GET": "run.download", "POST": "run.download"}, with_run, FOREIGN),
    Row("experiments:api_cancel", LAUNCH, with_run, FOREIGN),
    Row("experiments:api_resume", LAUNCH, with_run, FOREIGN),
    Row("experiments:api_clone", LAUNCH, with_run, FOREIGN, {"spec": {}}),
    Row("experiments:api_rerun", LAUNCH, with_run, FOREIGN, {"seeds": [1]}),
    Row("experiments:api_group", VIEW, with_group, (with_foreign_group,)),
    Row("experiments:api_models", dict.fromkeys(("GET", "POST"), ADMINISTRATOR), nothing),
    Row("experiments:api_model", {"DELETE": ADMINISTRATOR}, with_model, (with_unknown_model,)),
]

ROWS = [*PAGES, *API]
