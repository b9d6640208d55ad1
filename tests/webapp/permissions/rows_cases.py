"""The addresses of cases."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project
from webapp.corpora.partitions import attach_partition, create_partition
from webapp.experiments.models import Run


def build(world: World) -> None:
    """A run with one case in each project."""
    world.things["run_with_case"] = _run(world.project)
    world.things["foreign_run_with_case"] = _run(world.foreign)


def _run(project: Project) -> Run:
    run = Run.objects.create(
        project=project, method="retrieval.evaluate", spec={}, fingerprint="", queue="cpu", state="succeeded",
        case_count=1, created_at=timezone.now(),
    )  # fmt: skip
    table = create_partition(connection, "experiments_case", run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} VALUES (%s, 0, 't2i', 0, 'text', 0, 'a cup', 'picture', 0, .3, 2, -.1,"
            " ARRAY[1, 0], ARRAY[.4, .3], ARRAY[]::integer[])",
            [run.pk],
        )
    attach_partition(connection, "experiments_case", run.pk)
    return run


def gallery(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our run."""
    return {"slug": world.project.slug, "run_id": world["run_with_case"].pk}


def foreign_gallery(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's run under our address."""
    return {"slug": world.project.slug, "run_id": world["foreign_run_with_case"].pk}


def case(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our case."""
    return gallery(world, knocker) | {"number": 0}


def foreign_case(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's case under our address."""
    return foreign_gallery(world, knocker) | {"number": 0}


ROWS = [
    Row("experiments:failures", {"GET": "case.view"}),
    Row("experiments:cases", {"GET": "case.view"}, gallery, foreign=(foreign_gallery,)),
    Row("experiments:cases_csv", {"GET": "case.view"}, gallery, foreign=(foreign_gallery,)),
    Row("experiments:api_cases_csv", {"GET": "case.view"}, gallery, foreign=(foreign_gallery,)),
    Row("experiments:case", {"GET": "case.view"}, case, foreign=(foreign_case,)),
    Row("experiments:api_cases", {"GET": "case.view"}, gallery, foreign=(foreign_gallery,)),
    Row("experiments:api_case", {"GET": "case.view"}, case, foreign=(foreign_case,)),
]
