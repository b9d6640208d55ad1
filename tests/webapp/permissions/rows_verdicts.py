"""The addresses of comparisons. Runs stand behind the question mark: foreign ones are in test_verdicts_comparing."""

from __future__ import annotations

from typing import Any

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World


def file(world: World, knocker: Knocker) -> dict[str, Any]:
    """The settings of no run: a table of its heads."""
    return {"slug": world.project.slug, "part": "settings"}


ROWS = [
    Row("verdicts:compare", {"GET": "run.view"}),
    Row("verdicts:compare_again", {"POST": "run.view"}),
    Row("verdicts:compare_file", {"GET": "run.view"}, file),
    Row("verdicts:api_comparison", {"GET": "run.view", "POST": "run.view"}),
    Row("verdicts:api_flips", {"GET": "case.view"}),
]
