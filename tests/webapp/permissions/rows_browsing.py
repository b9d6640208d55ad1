"""The addresses of captions and their changes."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.corpora.models import Corpus
from webapp.experiments.files import store
from webapp.experiments.models import CaptionFile

CONTENT = json.dumps({"tank": {"captions": ["a turret", "two tracks"]}}).encode()


def build(world: World) -> None:
    """A caption file with something in it, in both projects."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        corpus = Corpus.objects.create(
            project=project, name="Browsed", task="classification", state="ready", created_at=timezone.now()
        )
        key = f"captions/browsed-{project.pk}.json"
        store().write_bytes(key, CONTENT)
        world.things[f"{name}browsed"] = CaptionFile.objects.create(
            project=project, corpus=corpus, side="class_captions", name="told.json", key=key, byte_count=len(CONTENT),
            sha256="0" * 64, state="ready", created_at=timezone.now(),
        )  # fmt: skip


def with_captions(world: World, knocker: Knocker) -> dict[str, Any]:
    """Captions of our project."""
    return {"slug": world.project.slug, "kind": "file", "source_id": world["browsed"].pk}


def with_foreign_captions(world: World, knocker: Knocker) -> dict[str, Any]:
    """Captions of the foreign project, under our project's address."""
    return {"slug": world.project.slug, "kind": "file", "source_id": world["foreign_browsed"].pk}


def with_captions_of_no_kind(world: World, knocker: Knocker) -> dict[str, Any]:
    """A kind that there is not."""
    return with_captions(world, knocker) | {"kind": "else"}


FOREIGN = (with_foreign_captions, with_captions_of_no_kind)
CHANGE = {"entry": "tank", "number": 0, "text": "a flat turret"}

ROWS = [
    Row("experiments:captions", {"GET": "run.view"}, with_captions, FOREIGN),
    Row("experiments:caption_change", {"POST": "run.launch"}, with_captions, FOREIGN),
    Row("experiments:captions_anew", {"POST": "corpus.import"}, with_captions, FOREIGN),
    Row("experiments:captions_keep", {"POST": "corpus.import"}, with_captions, FOREIGN),
    Row(
        "experiments:api_captions", {"GET": "run.view", "POST": "run.launch"}, with_captions, FOREIGN, CHANGE,
        tells=frozenset({409}),
    ),
    Row("experiments:api_captions_anew", {"POST": "corpus.import"}, with_captions, FOREIGN, {"entry": "tank"}),
    Row("experiments:api_captions_keep", {"POST": "corpus.import"}, with_captions, FOREIGN),
]  # fmt: skip
