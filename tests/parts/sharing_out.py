"""Which tests stay together on one process of a parallel run, and which begin first.

Most tests go one by one to whichever process is free. Files with a part of their own that is dear to make, or that is
there only once, go whole to one process. (The groups of pytest-xdist's `loadgroup` do nothing under this pytest.)
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/journeys/test_local_setup.py",
    "tests/journeys/test_production.py",
    "tests/ml_core/test_contrastive_train.py",
    "tests/ml_core/test_encoding.py",
    "tests/ml_core/test_guards_overlap.py",
    "tests/ml_core/test_improving_run.py",
    "tests/ml_core/test_retrieval_evaluate.py",
    "tests/ml_core/test_training_loop.py",
    "tests/workers/test_probing.py",
}
KILLS = "kills.py"  # files that end so stand on the one pair of servers that may be killed


class SharingOut(LoadScopeScheduling):
    """Hands out whole files of `TOGETHER` and single tests of all others, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid) or nodeid


def together(nodeid: str) -> str:
    """What a test shares with others on its process; empty for a test that may run anywhere."""
    path = nodeid.partition("::")[0]
    return KILLS if path.endswith(KILLS) else path if path in TOGETHER else ""


def turn(item: pytest.Item) -> int:
    """What lasts long begins first; journeys with the site's workers come before those without, which end them. Tests
    of workers start processes: were they last, one of them would end alone."""
    names = getattr(item, "fixturenames", ())
    if together(item.nodeid):
        return 0
    if "live_site" in names:
        return 2 if "no_workers" in names else 1
    return 3 if item.nodeid.startswith("tests/workers/") else 4
