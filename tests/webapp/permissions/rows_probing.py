"""The addresses of captions tried on cases."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.rows_cases import case, foreign_case, foreign_gallery, gallery
from tests.webapp.permissions.world import Knocker, World
from webapp.experiments.models import Probe


def build(world: World) -> None:
    """A pinned caption on a case in each project. It is the owner's: others may look, and change nothing."""
    for prefix in ("", "foreign_"):
        run = world[f"{prefix}run_with_case"]
        world.things[f"{prefix}probe"] = Probe.objects.create(
            run=run, attempt=run.attempt, case_number=0, text="a red cup", state="ready", rank=1, right_score=0.5,
            given=[0, 1], scores=[0.5, 0.4], created_by=world.owner, created_at=timezone.now(),
            pinned_at=timezone.now(),
        )  # fmt: skip


def probe(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our caption."""
    return gallery(world, knocker) | {"probe_id": world["probe"].pk}


def foreign_probe(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's caption under our run's address."""
    return gallery(world, knocker) | {"probe_id": world["foreign_probe"].pk}


def probe_of_foreign_run(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's caption of its own run under our project's address."""
    return foreign_gallery(world, knocker) | {"probe_id": world["foreign_probe"].pk}


VIEW, TRY = {"GET": "case.view"}, {"POST": "case.probe"}
BOTH = (foreign_probe, probe_of_foreign_run)

ROWS = [
    Row("experiments:probes", VIEW | TRY, case, (foreign_case,), {"text": "a blue cup"}),
    Row("experiments:probe", VIEW, probe, BOTH),
    Row("experiments:probe_pin", TRY, probe, BOTH),
    Row("experiments:probe_unpin", TRY, probe, BOTH),
    Row("experiments:probe_remove", TRY, probe, BOTH),
    Row("experiments:probes_csv", VIEW, gallery, (foreign_gallery,)),
    Row("experiments:probes_json", VIEW, gallery, (foreign_gallery,)),
    Row("experiments:api_case_probes", VIEW | TRY, case, (foreign_case,), {"text": "a blue cup"}),
    Row("experiments:api_probes", VIEW, gallery, (foreign_gallery,)),
    Row(
        "experiments:api_probe", VIEW | {"PATCH": "case.probe", "DELETE": "case.probe"}, probe, BOTH,
        {"pinned": True},
    ),
]  # fmt: skip
