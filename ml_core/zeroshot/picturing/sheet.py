"""Where everything lies: classes, pictures, captions and fused vectors in one joint t-SNE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ml_core.datasets.choosing import chosen
from ml_core.events import Event, Log, Progress
from ml_core.methods.zeroshot_pictures import ZeroshotPictures
from ml_core.pictures.projection import bounded, joint
from ml_core.spec import Context
from ml_core.zeroshot.picturing.classifier import Classifier
from ml_core.zeroshot.tables import plot
from ml_core.zeroshot.vectors import Captions

Row = tuple[str, str, int, int | None, str]  # kind, side (class or picture), class, picture, text


def sheet(spec: ZeroshotPictures, classifier: Classifier, context: Context) -> Iterator[Event]:
    """plots/tsne.json: a row a vector with its place x, y; its kind (domain: a class's sentence, photo, caption or
    fused) and side (class or picture); its class by number and name; the picture by number and id; the text. Pictures
    and captions are sampled by hash."""
    rows, vectors_NE = gathered(spec, classifier)
    yield Progress("Laying out vectors", 0, len(rows), "vectors")
    places_N2 = joint(vectors_NE, seed=spec.seed, perplexity=spec.perplexity)
    yield Progress("Laying out vectors", len(rows), len(rows), "vectors")
    kinds, sides, classes, numbers, texts = (list(column) for column in zip(*rows, strict=True))
    labelled = classifier.labelled
    table: dict[str, Any] = {
        "x": places_N2[:, 0].round(4).tolist(),
        "y": places_N2[:, 1].round(4).tolist(),
        "kind": kinds,
        "side": sides,
        "class": classes,
        "name": [labelled.class_names[number] for number in classes],
        "picture": numbers,
        "item": [None if number is None else labelled.dataset.item_ids[number] for number in numbers],
        "text": texts,
    }
    yield from plot("tsne", "Where vectors lie (t-SNE)", table, context.out)
    yield Log(f"{len(rows):,} vectors on one sheet, perplexity at most {bounded(spec.perplexity, len(rows)):g}.")


def gathered(spec: ZeroshotPictures, classifier: Classifier) -> tuple[list[Row], np.ndarray]:
    """What lies on the sheet, and its vectors (N, E)."""
    labelled, sides, told = classifier.labelled, classifier.sides, classifier.told
    names, label_N = labelled.class_names, labelled.labels_N
    picked = chosen(labelled.dataset.item_ids, spec.sheet_pictures, spec.seed)
    plus_NE, plus_CE = classifier.plus
    of_classes = _captions("class", range(len(names)), range(len(names)), told.classes, sides.class_captions)
    of_images = _captions("picture", picked, label_N, told.images, sides.image_captions)
    captions = [*of_classes, *of_images]
    ids = [f"{side} {c} {n} {text}" for (_, side, c, n, text), _ in captions]
    kept = [captions[place] for place in chosen(ids, spec.sheet_captions, spec.seed)]
    rows: list[Row] = [("domain", "class", c, None, name) for c, name in enumerate(names)]
    rows += [("photo", "picture", int(label_N[n]), n, "") for n in picked]
    rows += [row for row, _ in kept]
    rows += [("fused", "class", c, None, name) for c, name in enumerate(names)]
    rows += [("fused", "picture", int(label_N[n]), n, "") for n in picked]
    parts = [sides.domain_CE, sides.images_NE[picked], *(vector_E[None] for _, vector_E in kept)]
    return rows, np.concatenate([*parts, plus_CE, plus_NE[picked]])


def _captions(
    side: str, owners: Any, class_of: Any, texts: list[list[str]] | None, vectors: Captions | None
) -> list[tuple[Row, np.ndarray]]:
    """Every caption of some owners as a row with its vector."""
    if texts is None or vectors is None:
        return []
    return [
        (("caption", side, int(class_of[owner]), owner if side == "picture" else None, text), vectors.vectors_UE[place])
        for owner in owners
        for text, place in zip(texts[owner], vectors.text_NK[owner], strict=False)
    ]
