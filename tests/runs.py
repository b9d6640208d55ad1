"""Fixtures of tests about runs: the example package really installed, a project with people, runs done right here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from ml_core import methods
from webapp.accounts.models import Membership, Project, User
from webapp.experiments.actions import launch_run
from webapp.experiments.models import Run
from webapp.settings import env
from workers.tasks import run_next

__all__ = ["example_package", "finished", "launch", "owner", "project"]


@pytest.fixture(scope="session")
def example_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The third-party package of tests/plugin_package, installed where this process and its children find it."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "package"
    subprocess.run(["cp", "-r", str(env.ROOT / "tests" / "plugin_package"), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(folder), str(source)], check=True)
    before = env.passed_on(["PYTHONPATH"]).get("PYTHONPATH", "")
    env.export({"PYTHONPATH": f"{folder}:{before}".rstrip(":")})
    sys.path.insert(0, str(folder))
    methods.cards.cache_clear()
    yield folder
    sys.path.remove(str(folder))
    env.export({"PYTHONPATH": before})
    methods.cards.cache_clear()


@pytest.fixture
def project(no_workers: None) -> Project:
    """A project."""
    return Project.objects.create(slug="birds", name="Birds", created_at=timezone.now())


@pytest.fixture
def owner(project: Project) -> User:
    """The project's owner."""
    person = User.objects.create_user("olga", "olga@example.org", "a long password")
    Membership.objects.create(project=project, user=person, role="owner", created_at=timezone.now())
    return person


@pytest.fixture
def launch(project: Project, owner: User, example_package: Path) -> Callable[..., Run]:
    """Launches an `example.count` with the settings given."""

    def launched(**values: object) -> Run:
        method = str(values.pop("method", "example.count"))
        return launch_run(project=project, method=method, values=values, actor=owner, now=timezone.now())

    return launched


@pytest.fixture
def finished(launch: Callable[..., Run]) -> Callable[..., Run]:
    """Launches a run and does all that waits, in this process."""

    def done(**values: object) -> Run:
        run = launch(**values)
        run_next(run.queue)
        run.refresh_from_db()
        return run

    return done
