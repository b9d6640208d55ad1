"""What the science tests share: one model that was really trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_models import trained_checkpoint as train_once


@pytest.fixture(scope="session")
def trained_checkpoint() -> Path:
    """The run folder of the suite's one trained model; `checkpoint:{folder}` opens it."""
    return train_once()
