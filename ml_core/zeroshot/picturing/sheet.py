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

Row = tuple[str, int, int, str]  # kind, class, picture (-1: none), text


def sheet(spec: ZeroshotPictures, classifier: Classifier, context: Context) -> Iterator[Event]:
    """plots/tsne.json: a row a vector with its place x, y; its kind (domain, photo, class caption, image caption, fused
    class, fused photo); its class; the picture's number and item, or the text. Pictures and captions are sampled."""
    rows, vectors_NE = gathered(spec, classifier)
    yield Progress("Laying out vectors", 0, len(rows), "vectors")
    places_N2 = joint(vectors_NE, seed=spec.seed, perplexity=spec.perplexity)
    yield Progress("Laying out vectors", len(rows), len(rows), "vectors")
    kinds, classes, numbers, texts = (list(column) for column in zip(*rows, strict=True))
    labelled = classifier.labelled
    table: dict[str, Any] = {
        "x": places_N2[:, 0].round(4).tolist(),
        "y": places_N2[:, 1].round(4).tolist(),
        "kind": kinds,
        "class": classes,
        "class_name": [labelled.class_names[number] for number in classes],
        "number": numbers,
        "item": [labelled.dataset.item_ids[number] if number >= 0 else "" for number in numbers],
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
    rows: list[Row] = [("domain", c, -1, name) for c, name in enumerate(names)]
    rows += [("photo", int(label_N[n]), n, "") for n in picked]
    parts = [sides.domain_CE, sides.images_NE[picked]]
    of_classes = _captions("class caption", range(len(names)), range(len(names)), told.classes, sides.class_captions)
    of_images = _captions("image caption", picked, label_N, told.images, sides.image_captions)
    captions = [*of_classes, *of_images]
    kept = chosen([f"{kind} {c} {n} {text}" for (kind, c, n, text), _ in captions], spec.sheet_captions, spec.seed)
    rows += [captions[place][0] for place in kept]
    parts += [captions[place][1][None] for place in kept]
    rows += [("fused class", c, -1, name) for c, name in enumerate(names)]
    rows += [("fused photo", int(label_N[n]), n, "") for n in picked]
    return rows, np.concatenate([*parts, plus_CE, plus_NE[picked]])


def _captions(
    kind: str, owners: Any, class_of: Any, texts: list[list[str]] | None, vectors: Captions | None
) -> list[tuple[Row, np.ndarray]]:
    """Every caption of some owners as a row with its vector."""
    if texts is None or vectors is None:
        return []
    return [
        ((kind, int(class_of[owner]), owner if kind == "image caption" else -1, text), vectors.vectors_UE[place])
        for owner in owners
        for text, place in zip(texts[owner], vectors.text_NK[owner], strict=False)
    ]
