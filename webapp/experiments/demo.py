"""The demo project: drawn scenes, a small model trained on some, evaluated on others, and its failures mined."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ml_core.methods import card as find_card
from webapp.accounts.actions.projects import create_project
from webapp.accounts.models import Project, User
from webapp.corpora.actions.imports import start_import
from webapp.experiments.actions import launch_run

NAME = "Scenes"
DESCRIPTION = (
    "Scenes drawn by code: a small CLIP learns from 8,000 of them and is evaluated on 500 that it never saw. "
    "What truly differs between any two scenes is known, so the kinds of failure can be checked."
)
TRAINING = "scenes:8000?seed=11&size=96&split=train"
HELD_OUT = "scenes:500?seed=11&size=384&split=heldout"
SOURCE = "Scenes drawn by code"


@transaction.atomic
def make_demo(*, now: datetime) -> Project | None:
    """The demo project with its first three runs waiting, or None where there is one already."""
    if Project.objects.filter(demo=True).exists():
        return None
    administrator = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    project = create_project(
        name=NAME, description=DESCRIPTION, owner=administrator, actor=administrator, now=now, demo=True
    )
    start_runs(project=project, training=TRAINING, held_out=HELD_OUT, preset="demo", actor=administrator, now=now)
    return project


def start_runs(
    *, project: Project, training: str, held_out: str, preset: str, actor: User | None, now: datetime
) -> list[int]:
    """Both data sets on their way in, and train → evaluate → mine waiting for one another; the runs' ids."""
    sets = {}
    for name, reference in (("Held-out scenes", held_out), ("Training scenes", training)):
        row = start_import(
            project=project, name=name, reference=reference, source=SOURCE, actor=actor, now=now, confirmed=True
        )
        sets[name] = f"corpus:{row.corpus_id}"
    runs: list[int] = []
    for method, title, values in (
        ("contrastive.train", "A small CLIP learns the scenes", {"data": sets["Training scenes"]}),
        ("retrieval.evaluate", "How well it finds held-out scenes", {"data": sets["Held-out scenes"]}),
        ("failures.mine", "What it gets wrong", {}),
    ):
        named = {"retrieval.evaluate": "encoder", "failures.mine": "run"}.get(method)
        more = {named: f"run:{runs[-1]}"} if named else find_card(method).presets[preset]
        run = launch_run(project=project, method=method, title=title, values=values | more, actor=actor, now=now)
        runs.append(run.pk)
    return runs
