"""Fixtures of tests about data sets: folders of their own, a project, its owner, a data set that is in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ml_core.small_sets import coco
from tests.webapp import corpora_parts as parts
from webapp.accounts.models import Project, User
from webapp.corpora.models import Corpus

__all__ = ["corpus", "folders", "owner", "project"]


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Store and cache of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"


@pytest.fixture
def project(db: None) -> Project:
    """The project “Birds”."""
    return parts.project()


@pytest.fixture
def owner(project: Project) -> User:
    """Its owner, an administrator too."""
    return parts.person(project, is_superuser=True)


@pytest.fixture
def corpus(project: Project, tmp_path: Path) -> Corpus:
    """60 pictures with five captions each, imported."""
    return parts.imported(project, f"coco:{coco(tmp_path / 'set', 60)}")
