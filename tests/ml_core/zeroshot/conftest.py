"""One small recorded set for the tests of zero-shot classification."""

from __future__ import annotations

import pytest

from tests.ml_core.zeroshot.made import Made, made


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Seven classes of twelve pictures; nobody changes it."""
    return made(tmp_path_factory.mktemp("classes"))
