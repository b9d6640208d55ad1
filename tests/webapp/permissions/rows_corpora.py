"""The addresses of data sets, imports and server folders."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection
from django.utils import timezone

from tests.ml_core.small_sets import picture
from tests.webapp.permissions.rows import Kwargs, Row, in_project, nothing
from tests.webapp.permissions.table import ADMINISTRATOR
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project
from webapp.corpora.files import picture_key, store
from webapp.corpora.models import Corpus, Import, Item, SourceRoot
from webapp.corpora.partitions import attach_partition, create_partition


def build(world: World) -> None:
    """A data set of one picture and an import in both projects, and a server folder."""
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        world.things[f"{name}corpus"] = _corpus(project)
        world.things[f"{name}import"] = _import(project, Import.State.CHECKED)
    world.things["root"] = SourceRoot.objects.create(name="Data", path="/usr/share", created_at=timezone.now())


def _corpus(project: Project) -> Corpus:
    data = picture(1)
    file_hash = hashlib.sha256(data).hexdigest()
    corpus = Corpus.objects.create(
        project=project,
        name="Set",
        task="retrieval",
        state=Corpus.State.READY,
        content_hash="0" * 64,
        item_count=1,
        about={"meta": "meta_1.json"},
        created_at=timezone.now(),
    )
    for parent in ("corpora_item", "corpora_caption"):
        create_partition(connection, parent, corpus.pk)
        attach_partition(connection, parent, corpus.pk)
    Item.objects.create(
        corpus=corpus,
        number=0,
        external_id="a",
        file_name="a.jpg",
        file_hash=file_hash,
        byte_count=len(data),
        width=40,
        height=30,
        category_numbers=[],
        boxes=[],
    )
    store().write_bytes(picture_key(corpus.prefix, file_hash), data)
    store().write_bytes(f"{corpus.prefix}/meta_1.json", json.dumps({"images": []}).encode())
    return corpus


def _import(project: Project, state: str) -> Import:
    return Import.objects.create(
        project=project, name="New", reference="scenes:4?seed=1", source="drawn", state=state, created_at=timezone.now()
    )


def of(thing: str, name: str, **more: Any) -> Kwargs:
    """An address in our project that names one of our things."""

    def kwargs(world: World, knocker: Knocker) -> dict[str, Any]:
        return {"slug": world.project.slug, name: world[thing].pk, **more}

    return kwargs


CORPUS, FOREIGN_CORPUS = of("corpus", "corpus_id"), (of("foreign_corpus", "corpus_id"),)
IMPORT, FOREIGN_IMPORT = of("import", "import_id"), (of("foreign_import", "import_id"),)
ITEM = of("corpus", "corpus_id", number=0)
FOREIGN_ITEM = (of("foreign_corpus", "corpus_id", number=0), of("corpus", "corpus_id", number=7))
PICTURE = of("corpus", "corpus_id", number=0, size="small")
FOREIGN_PICTURE = (
    of("foreign_corpus", "corpus_id", number=0, size="small"),
    of("corpus", "corpus_id", number=7, size="small"),
    of("corpus", "corpus_id", number=0, size="original"),
)
VIEW, BRING, MANAGE = "corpus.view", "corpus.import", "corpus.manage"


def root(world: World, knocker: Knocker) -> dict[str, Any]:
    """The server folder."""
    return {"root_id": world["root"].pk}


def no_root(world: World, knocker: Knocker) -> dict[str, Any]:
    """A server folder that is not there."""
    return {"slug": world.project.slug, "root_id": world["root"].pk + 1000}


ROWS = [
    Row("corpora:list", {"GET": VIEW}, in_project),
    Row("corpora:import", {"GET": BRING}, in_project),
    Row("corpora:import_folder", {"GET": BRING, "POST": BRING}, of("root", "root_id"), (no_root,)),
    Row("corpora:import_upload", {"GET": BRING, "POST": BRING}, in_project),
    Row("corpora:import_scenes", {"GET": BRING, "POST": BRING}, in_project),
    Row("corpora:import_one", {"GET": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:import_live", {"GET": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:import_confirm", {"POST": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:import_cancel", {"POST": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:import_problems", {"GET": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:corpus", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:order", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:archive", {"POST": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:restore", {"POST": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:delete", {"POST": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:item", {"GET": VIEW}, ITEM, FOREIGN_ITEM),
    Row("corpora:picture", {"GET": VIEW}, PICTURE, FOREIGN_PICTURE),
    Row("corpora:roots", {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR}, nothing),
    Row("corpora:root_remove", {"POST": ADMINISTRATOR}, root),
    Row("corpora:api_corpora", {"GET": VIEW}, in_project),
    Row("corpora:api_corpus", {"GET": VIEW, "DELETE": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_archive", {"POST": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_restore", {"POST": MANAGE}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_items", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_item", {"GET": VIEW}, ITEM, FOREIGN_ITEM),
    Row("corpora:api_picture", {"GET": VIEW}, PICTURE, FOREIGN_PICTURE),
    Row("corpora:api_order", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_roots", {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR}, nothing),
    Row("corpora:api_root", {"DELETE": ADMINISTRATOR}, root),
    Row("corpora:api_captions", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_categories", {"GET": VIEW}, CORPUS, FOREIGN_CORPUS),
    Row("corpora:api_source_folders", {"GET": BRING}, in_project),
    Row("corpora:api_imports", {"GET": BRING, "POST": BRING}, in_project, data={"name": "New", "scenes": 4}),
    Row("corpora:api_upload", {"POST": BRING}, in_project, tells=frozenset({415})),
    Row("corpora:api_import", {"GET": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:api_import_confirm", {"POST": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:api_import_cancel", {"POST": BRING}, IMPORT, FOREIGN_IMPORT),
    Row("corpora:api_import_problems", {"GET": BRING}, IMPORT, FOREIGN_IMPORT),
]
