"""The addresses of what answers rest on."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from ml_core.pictures.text_occlusion import Picture, packed
from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Run

PNG = b"\x89PNG\r\n\x1a\n"
NUMBER = {"number": [0]}


def build(world: World) -> None:
    """A run with its tables and a picture in each project."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        run, picture = _run(project)
        world.things |= {f"{name}pictured": run, f"{name}run_picture": picture}


def _run(project: Project) -> tuple[Run, Artifact]:
    run = Run.objects.create(
        project=project, method="zeroshot.pictures", spec={}, fingerprint="", queue="gpu", state="succeeded",
        created_at=timezone.now(),
    )  # fmt: skip
    words = packed([(Picture(0, "a.jpg", "tank", "tank", 0.5), [])])
    for table, left in {"occlusion": NUMBER, "occlusion_0": NUMBER, "text_occlusion": words}.items():
        _left(run, f"plots/{table}.json", json.dumps(left).encode(), "application/json")
    return run, _left(run, "plots/occlusion_0.png", PNG, "image/png")


def _left(run: Run, path: str, data: bytes, media_type: str) -> Artifact:
    key = f"run/{run.pk}/attempt-1/{path}"
    store().write_bytes(key, data)
    row = {"role": "plot", "media_type": media_type, "byte_count": len(data), "sha256": "0" * 64}
    return Artifact.objects.create(run=run, attempt=1, name=path, path=path, key=key, **row)


def run(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our run."""
    return {"slug": world.project.slug, "run_id": world["pictured"].pk}


def foreign_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's run under our address."""
    return {"slug": world.project.slug, "run_id": world["foreign_pictured"].pk}


def squares(world: World, knocker: Knocker) -> dict[str, Any]:
    """The squares of one picture of our run."""
    return run(world, knocker) | {"number": 0}


def foreign_squares(world: World, knocker: Knocker) -> dict[str, Any]:
    """Those of another project's run under our address."""
    return foreign_run(world, knocker) | {"number": 0}


def picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """A picture that our run drew."""
    return run(world, knocker) | {"artifact_id": world["run_picture"].pk}


def foreign_picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """One that another project's run drew, as if ours had."""
    return run(world, knocker) | {"artifact_id": world["foreign_run_picture"].pk}


def picture_of_foreign_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """The same under its own run, in our project's address."""
    return foreign_run(world, knocker) | {"artifact_id": world["foreign_run_picture"].pk}


LOOK = {"GET": "case.view"}
ROWS = [
    Row("experiments:picture", LOOK, picture, (foreign_picture, picture_of_foreign_run)),
    Row("experiments:attention_csv", LOOK, run, (foreign_run,)),
    Row("experiments:squares_csv", LOOK, squares, (foreign_squares,)),
    Row("experiments:words_csv", LOOK, run, (foreign_run,)),
]
