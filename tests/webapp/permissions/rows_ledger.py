"""The addresses of the ledger. Runs and data sets behind the question mark are in test_verdicts_ledger."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.webapp.case_parts import drawn
from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from tests.webapp.verdict_parts import answered


def build(world: World) -> None:
    """Two runs in each project, of which the second broke what the first got right."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        corpus = drawn(project, "scenes:4?seed=5&size=64", f"{name}ledger")
        with tempfile.TemporaryDirectory() as folder:
            answered(project, Path(folder), corpus, {0: 3}, title="Before")
            run = answered(project, Path(folder), corpus, {1: 3}, title="After")
        world.things[f"{name}ledger_run"] = run


def file(world: World, knocker: Knocker) -> dict[str, Any]:
    """The matrix."""
    return {"slug": world.project.slug, "part": "matrix"}


def one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our run that broke something."""
    return {"slug": world.project.slug, "run_id": world["ledger_run"].pk}


def foreign_one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's run under our address."""
    return {"slug": world.project.slug, "run_id": world["foreign_ledger_run"].pk}


_VIEW, _OPEN = "case.view", "campaign.manage"
ROWS = [
    Row("verdicts:ledger", {"GET": _VIEW}),
    Row("verdicts:ledger_again", {"POST": _VIEW}),
    Row("verdicts:ledger_file", {"GET": _VIEW}, file),
    Row("verdicts:ledger_broken", {"POST": _OPEN}, one, foreign=(foreign_one,)),
    Row("verdicts:api_ledger", {"GET": _VIEW, "POST": _VIEW}),
    Row("verdicts:api_ledger_failures", {"GET": _VIEW}),
    Row("verdicts:api_ledger_broken", {"POST": _OPEN}, one, foreign=(foreign_one,)),
]
