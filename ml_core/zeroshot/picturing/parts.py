"""Which parts of pictures the answers rest on: squares are blanked through the encoder, drawn over the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from ml_core.datasets.decoding import BrokenPicture
from ml_core.encoders.types import Encoder
from ml_core.events import Artifact, Event, Progress
from ml_core.methods.zeroshot_pictures import Looked
from ml_core.pictures.occlusion import Occlusion, Squares, occlude, squares_of
from ml_core.pictures.overlays import enlarged, overlaid, png
from ml_core.spec import BadInput, Context, Stopped
from ml_core.zeroshot.picturing.classifier import Classifier
from ml_core.zeroshot.tables import plot

_SHARE = 7  # of the picture's edge: the square where none is asked for


def parts(
    spec: Looked, classifier: Classifier, encoder: Encoder, looked_L: np.ndarray, context: Context
) -> Iterator[Event]:
    """plots/occlusion.json with a row a picture; for each, plots/occlusion_NUMBER.json with a row a square, the
    picture as the model sees it and the same with its heat (PNG)."""
    rows = []
    for done, number in enumerate(looked_L.tolist()):
        if context.stop():
            raise Stopped
        yield Progress("Looking at parts", done, len(looked_L), "pictures")
        picture_HW3 = _prepared(classifier, encoder, number)
        found = _occluded(spec, classifier, encoder, number, picture_HW3)
        name = f"occlusion_{number}"
        table = found.table() | {"given_name": [classifier.labelled.class_names[given] for given in found.given_T]}
        title = f"Attention: {classifier.labelled.dataset.item_ids[number]}"
        yield from plot(name, title, table, context.out)
        value_T = found.drop_T if spec.mode == "margin" else found.flips_T.astype(np.float64)
        heat_HW = found.squares.spread(value_T)
        yield from _image(f"{name}.png", title, overlaid(picture_HW3, heat_HW), context)
        yield from _image(f"{name}_picture.png", title, enlarged(Image.fromarray(picture_HW3)), context)
        rows.append(_row(spec, classifier, number, found) | {"table": name})
    yield Progress("Looking at parts", len(looked_L), len(looked_L), "pictures")
    yield from plot("occlusion", "Attention", {key: [row[key] for row in rows] for key in rows[0]}, context.out)


def checked(spec: Looked, encoder: Encoder) -> None:
    """BadInput (field "square" or "stride") where squares do not fit what the model sees."""
    _squares(spec, encoder.image_size, encoder.image_size)


def _squares(spec: Looked, height: int, width: int) -> Squares:
    side = spec.square or max(1, round(min(height, width) / _SHARE))
    return squares_of(height, width, side, spec.stride or max(1, side // 2))


def _occluded(
    spec: Looked, classifier: Classifier, encoder: Encoder, number: int, picture_HW3: np.ndarray
) -> Occlusion:
    squares = _squares(spec, *picture_HW3.shape[:2])

    def scores_of(tiles_BHW3: np.ndarray) -> np.ndarray:
        captions = classifier.captions_of(number, len(tiles_BHW3))
        return classifier.scores(encoder.encode_images(list(tiles_BHW3)), captions)

    about = None if spec.about == "given" else int(classifier.labelled.labels_N[number])
    return occlude(picture_HW3, scores_of, squares, about=about, fill=spec.fill, batch=encoder.image_batch)


def _prepared(classifier: Classifier, encoder: Encoder, number: int) -> np.ndarray:
    dataset = classifier.labelled.dataset
    try:
        return np.ascontiguousarray(encoder.prepare_bytes(dataset.open_bytes(number)))
    except BrokenPicture as error:
        raise BadInput(f"{dataset.file_names[number]}: {error}", field="data") from error


def _row(spec: Looked, classifier: Classifier, number: int, found: Occlusion) -> dict[str, Any]:
    labelled = classifier.labelled
    label = int(labelled.labels_N[number])
    names = {"label": label, "given": found.given, "about": found.about}
    return {
        "number": number,
        "item": labelled.dataset.item_ids[number],
        **names,
        **{f"{key}_name": labelled.class_names[value] for key, value in names.items()},
        "margin": found.margin,
        "mode": spec.mode,
        "fill": spec.fill,
        "height": found.squares.height,
        "width": found.squares.width,
        "square": found.squares.side,
        "squares": len(found.squares),
        "flips": int(found.flips_T.sum()),
        "greatest_drop": float(found.drop_T.max()),
    }


def _image(name: str, title: str, image: Image.Image, context: Context) -> Iterator[Event]:
    (context.out / "plots" / name).write_bytes(png(image))
    yield Artifact(f"plots/{name}", title, "plot", "image/png")
