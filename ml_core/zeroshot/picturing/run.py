"""The method zeroshot.pictures: classifies as synce.classify does (or plainly, without captions), then draws."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from ml_core.encoders.types import Recorded
from ml_core.events import Event, Log
from ml_core.methods.zeroshot_pictures import ZeroshotPictures
from ml_core.spec import BadInput, Context
from ml_core.zeroshot.classify import PLAIN, point_of
from ml_core.zeroshot.data import Labelled
from ml_core.zeroshot.evidence import evidence, told_of
from ml_core.zeroshot.fusion import classified
from ml_core.zeroshot.material import Told, gather, read_captions
from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.picturing.classifier import Classifier
from ml_core.zeroshot.picturing.parts import checked, parts
from ml_core.zeroshot.picturing.sheet import sheet
from ml_core.zeroshot.picturing.words import words
from ml_core.zeroshot.preparing import how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report


def run(spec: ZeroshotPictures, context: Context) -> Iterator[Event]:
    """Everything that a classification leaves, and plots: tsne, occlusion (one table and two PNG files a picture),
    text_occlusion."""
    labelled = yield from opened(spec)
    listed_L = listed(labelled, spec.items)
    told = yield from _told(spec, labelled)
    ready = yield from loaded(labelled, spec, context)
    looks = not isinstance(ready.encoder, Recorded)
    if looks and (spec.looked_at or len(listed_L)):
        checked(spec, ready.encoder)
    sides = yield from gather(ready, told, spec.template, context)
    point = point_of(spec)
    outcome = classified(sides, point, labelled.labels_N, keep=spec.keep, scale=ready.scale)
    enriched = told.classes is not None or told.images is not None
    plain = classified(sides, PLAIN, labelled.labels_N, keep=spec.keep, scale=ready.scale) if enriched else None
    spoken = told_of(sides.class_captions, told.classes), told_of(sides.image_captions, told.images)
    seen = evidence(outcome, sides.images_NE, *spoken) if enriched else None
    yield from report(labelled, outcome, Reporting(spec.ks, how_of(spec), context.out), plain, evidence_N=seen)
    classifier = Classifier(labelled, told, sides, point, outcome)
    if spec.sheet_pictures:
        yield from sheet(spec, classifier, context)
    looked_L = listed_L if len(listed_L) else worst(outcome, spec.looked_at)
    if not len(looked_L):
        return
    if not looks:
        yield Log("Recorded embeddings have no model that could look at parts: no attention is drawn.", "warning")
        return
    yield from parts(spec, classifier, ready.encoder, looked_L, context)
    if spec.words:
        yield from words(classifier, ready, looked_L, context)


def worst(outcome: Outcome, most: int) -> np.ndarray:
    """Numbers of the pictures with the smallest margins, the worst first; of equal ones the first."""
    return np.argsort(outcome.margin_N, kind="stable")[:most]


def listed(labelled: Labelled, items: tuple[str, ...]) -> np.ndarray:
    """Numbers of pictures by id or file name, each once; BadInput (field "items") that names what is none."""
    place = {name: number for number, name in enumerate(labelled.dataset.file_names)}
    place |= {name: number for number, name in enumerate(labelled.dataset.item_ids)}
    if strange := [item for item in items if item not in place]:
        shown = ", ".join(f"“{item[:80]}”" for item in strange[:10])
        raise BadInput(f"{len(strange)} of them name no picture of the data set: {shown}", field="items")
    return np.array(list(dict.fromkeys(place[item] for item in items)), np.int64)


def _told(spec: ZeroshotPictures, labelled: Labelled) -> Generator[Event, None, Told]:
    if not spec.class_captions and not spec.image_captions:
        return Told(None, None)
    return (yield from read_captions(spec, labelled))
