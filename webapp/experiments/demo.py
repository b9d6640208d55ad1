"""The demo project: drawn scenes, a small model trained on some, evaluated on others, its failures mined; and classes
of scenes that the same model tells apart, with captions and without."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ml_core.generators import of_scenes
from ml_core.methods import card as find_card
from webapp.accounts.actions.projects import create_project
from webapp.accounts.models import Project, User
from webapp.corpora.actions.imports import start_import
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run
from webapp.experiments.recorded.actions import keep_captions

NAME = "Scenes"
DESCRIPTION = (
    "Scenes drawn by code: a small CLIP learns from 8,000 of them and is evaluated on 500 that it never saw. "
    "What truly differs between any two scenes is known, so the kinds of failure can be checked. "
    "It also tells nine classes apart whose names say nothing of their looks, by captions written by code."
)
TRAINING = "scenes:8000?seed=11&size=96&split=train"
HELD_OUT = "scenes:500?seed=11&size=384&split=heldout"
CLASSES, SEED = 270, 11
SOURCE = "Scenes drawn by code"


@transaction.atomic
def make_demo(*, now: datetime) -> Project | None:
    """The demo project with its first runs waiting, or None where there is one already."""
    if Project.objects.filter(demo=True).exists():
        return None
    administrator = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    project = create_project(
        name=NAME, description=DESCRIPTION, owner=administrator, actor=administrator, now=now, demo=True
    )
    runs = start_runs(
        project=project, training=TRAINING, held_out=HELD_OUT, preset="demo", actor=administrator, now=now
    )
    start_classes(project=project, encoder=f"run:{runs[0]}", count=CLASSES, size=320, actor=administrator, now=now)
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


def start_classes(
    *, project: Project, encoder: str, count: int, size: int, actor: User | None, now: datetime
) -> list[int]:
    """A set of classes on its way in, captions of both sides beside it, and waiting for them the plain classifier, the
    ways to enrich it and a sweep, each told of all pictures so that they can be compared, and what measures how like
    the captions are to what they tell of; the runs' ids."""
    reference = f"scenes:{count}?task=classification&seed={SEED}&size={size}&split=heldout"
    name = "Vehicles by name"
    row = start_import(
        project=project, name=name, reference=reference, source=SOURCE, actor=actor, now=now, confirmed=True
    )
    corpus = Corpus.objects.get(imports=row)
    told = {"class_captions": of_scenes.class_captions(), "image_captions": of_scenes.image_captions(count, seed=SEED)}
    captions = {}
    for side, text in told.items():
        file = keep_captions(
            project=project, corpus=corpus, side=side, name=f"{side}.json", data=text.encode(), actor=actor, now=now
        )
        captions[side] = f"captions:{file.pk}"
    both = {"data": f"corpus:{corpus.pk}", "encoder": encoder}
    runs = []
    for method, title, values in (
        ("zeroshot.evaluate", "Vehicles told apart by their names", {"templates": "domain"}),
        ("synce.classify", "The same with captions on both sides", captions),
        ("core.classify", "The same with captions that are looked up", captions),
        ("wdys.classify", "The same with what was seen and guessed", captions),
        ("synce.sweep", "The same with captions, every share tried", captions | {"split": "folds"}),
        ("synce.class_captions", "How like captions are to their class", {"generator": captions["class_captions"]}),
        ("synce.image_captions", "How like captions are to their picture", {"generator": captions["image_captions"]}),
    ):
        run = launch_run(project=project, method=method, title=title, values=both | values, actor=actor, now=now)
        runs.append(run.pk)
    return runs
