"""The addresses of recorded captions."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row, in_project
from tests.webapp.permissions.world import Knocker, World
from webapp.corpora.models import Corpus
from webapp.experiments.files import store
from webapp.experiments.models import CaptionFile


def build(world: World) -> None:
    """A caption file in both projects."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        corpus = Corpus.objects.create(
            project=project, name="Classes", task="classification", state="ready", created_at=timezone.now()
        )
        key = f"captions/{project.pk}.json"
        store().write_bytes(key, b"{}")
        world.things[f"{name}caption_file"] = CaptionFile.objects.create(
            project=project, corpus=corpus, side="class_captions", name="told.json", key=key, byte_count=2,
            sha256="0" * 64, state="ready", created_at=timezone.now(),
        )  # fmt: skip


def with_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A caption file of our project."""
    return {"slug": world.project.slug, "file_id": world["caption_file"].pk}


def with_foreign_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A caption file of the foreign project, under our project's address."""
    return {"slug": world.project.slug, "file_id": world["foreign_caption_file"].pk}


VIEW, BRING, TAKE = "corpus.view", "corpus.import", "run.download"
FOREIGN = (with_foreign_file,)

ROWS = [
    Row("experiments:caption_files", {"GET": VIEW, "POST": BRING}, in_project),
    Row("experiments:caption_file", {"GET": VIEW}, with_file, FOREIGN),
    Row("experiments:caption_file_content", {"GET": TAKE}, with_file, FOREIGN),
    Row("experiments:caption_file_remove", {"POST": BRING}, with_file, FOREIGN),
    Row("experiments:api_caption_files", {"GET": VIEW, "POST": BRING}, in_project, tells=frozenset({415})),
    Row("experiments:api_caption_file", {"GET": VIEW, "DELETE": BRING}, with_file, FOREIGN),
    Row("experiments:api_caption_file_content", {"GET": TAKE}, with_file, FOREIGN),
]
