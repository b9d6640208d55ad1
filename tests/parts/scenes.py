"""Drawn scenes as a data set that is ready, without the way through an import."""

from __future__ import annotations

from functools import lru_cache

from django.db import connection, transaction
from django.utils import timezone

from ml_core.datasets.frozen import write_frozen
from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from webapp.accounts.models import Project
from webapp.corpora.models import Category, Corpus
from webapp.corpora.rows import copy_rows
from webapp.experiments.files import store


@lru_cache(maxsize=24)
def scenes(reference: str) -> Dataset:
    """The drawn scenes of a reference; hundreds of tests begin with the same ones, so each is drawn once a process."""
    return open_dataset(reference)


def scenes_corpus(project: Project, reference: str = "scenes:120?seed=5&size=48", name: str = "Scenes") -> Corpus:
    """A ready data set of the scenes that the reference names, with its rows and files."""
    dataset = scenes(reference)
    made = Corpus.objects.create(project=project, name=name, task=dataset.task, created_at=timezone.now())
    manifest = write_frozen(dataset, store(), made.prefix)
    with transaction.atomic():
        counts = copy_rows(connection, made.pk, store(), made.prefix, lambda stage, done, total: None)
        for number, (external, category) in enumerate(zip(dataset.category_ids, dataset.category_names, strict=True)):
            Category.objects.create(
                corpus=made, number=number, external_id=external, name=category, item_count=counts[number]
            )
    made.state, made.item_count, made.caption_count = "ready", len(dataset.item_ids), len(dataset.caption_ids)
    made.content_hash, made.about = manifest["content_hash"], dataset.about
    made.save()
    return made
