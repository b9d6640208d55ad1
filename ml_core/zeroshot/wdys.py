"""The method wdys.classify (What Do You See): a picture's vector, that of its description and that of the class that a
model predicted for it are added; classes are the mean of their descriptions, their name or a sentence.

    x = n(I + n(Σ_k e_k) + f_T(predicted class))        w_c = n(Σ_k f_T(description_ck)), or f_T(name), or a template
    ŷ = argmax_c x · w_c

A picture without a prediction goes without that term.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from ml_core.events import Event, Log, Provenance
from ml_core.generators.recorded import (
    CLASS_SIDE,
    IMAGE_SIDE,
    read_image_captions,
    refuse_leak,
)
from ml_core.methods.wdys_classify import WdysClassify
from ml_core.spec import BadInput, Context
from ml_core.zeroshot import templates
from ml_core.zeroshot.data import Labelled, class_captions_of, plain_name
from ml_core.zeroshot.encoding import encode_classification
from ml_core.zeroshot.evidence import evidence, told_of
from ml_core.zeroshot.known import other_names
from ml_core.zeroshot.outcome import Outcome, classify
from ml_core.zeroshot.preparing import how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report
from ml_core.zeroshot.vectors import Captions, unit

_SENTENCES = {"name": templates.NAME, "generic": templates.GENERIC, "domain": templates.WITH_DOMAIN}
DESCRIBED = ("descriptions", "named")  # classes of which captions are read


@dataclass(frozen=True)
class Said:
    """Texts: what stands for each of C classes, each class in the plain classifier's sentence, the descriptions and
    the predicted class (one text or none) of N pictures, None for what is not used."""

    classes: list[list[str]]
    plain: list[list[str]]
    descriptions: list[list[str]] | None
    predictions: list[list[str]] | None


def run(spec: WdysClassify, context: Context) -> Iterator[Event]:
    """Metrics beside those of the plain classifier, cases.parquet, confusions and classes."""
    labelled = yield from opened(spec)
    said = yield from _read(spec, labelled)
    ready = yield from loaded(labelled, spec, context)
    rows = [said.classes, said.plain, said.descriptions or [], said.predictions or []]
    images_NE, texts = yield from encode_classification(
        labelled.dataset,
        ready.encoder,
        [[text for row in part for text in row] for part in rows],
        ready.store,
        context,
    )
    classes_CE, plain_CE, *added = (mean(part.ragged(row)) for part, row in zip(texts, rows, strict=True) if row)

    def outcome(pictures_NE: np.ndarray, told_CE: np.ndarray) -> Outcome:
        return classify(pictures_NE, told_CE, labelled.labels_N, keep=spec.keep, scale=ready.scale)

    reporting = Reporting(spec.ks, how_of(spec), context.out)
    enriched, plain = outcome(summed(images_NE, added), classes_CE), outcome(images_NE, plain_CE)
    described = said.classes if spec.classes_as in DESCRIBED else None
    classes, pictures = told_of(texts[0].ragged(said.classes), described), None
    if said.descriptions is not None:
        pictures = told_of(texts[2].ragged(said.descriptions), said.descriptions)
    told_something = classes is not None or pictures is not None
    seen = evidence(enriched, images_NE, classes, pictures) if told_something else None
    yield from report(labelled, enriched, reporting, plain, evidence_N=seen)
    yield Log(f"{len(images_NE):,} pictures told apart, {len(labelled.class_names):,} classes.")


def mean(captions: Captions) -> np.ndarray:
    """n(mean of each owner's captions), (N, E); a single one as it is, to the bit; zeros for one without any."""
    there_NK = captions.text_NK >= 0
    mixed_NE = captions.mixed(there_NK.astype(np.float32))
    alone_N = there_NK.sum(axis=1) == 1
    mixed_NE[alone_N] = captions.vectors_UE[captions.text_NK[there_NK & alone_N[:, None]]]
    return mixed_NE


def summed(images_NE: np.ndarray, added: list[np.ndarray]) -> np.ndarray:
    """n(image + each of the added rows), (N, E); the images themselves where nothing is added."""
    return unit(images_NE + sum(added)) if added else images_NE


def _read(spec: WdysClassify, labelled: Labelled) -> Generator[Event, None, Said]:
    """Every text, before a model is loaded; BadInput where a file is missing or not what it should be."""
    names = labelled.class_names
    _, remarks = templates.usable(templates.SETS["domain"], labelled.domain)
    yield from (Log(remark, "warning") for remark in remarks)
    plain = _as_sentence(names, "domain", labelled.domain)
    if spec.classes_as in DESCRIBED:
        classes = yield from _class_texts(spec, labelled)
    else:
        classes = _as_sentence(names, spec.classes_as, labelled.domain)
    if not spec.use_description and not spec.use_prediction:
        return Said(classes, plain, None, None)
    if not spec.image_captions:
        raise BadInput("captions of the pictures are needed, or neither description nor prediction", field=IMAGE_SIDE)
    images = read_image_captions(spec.image_captions, labelled.dataset)
    refuse_leak(images.predicted, labelled.label_names)
    yield from (Log(warning, "warning") for warning in images.warnings)
    yield Provenance({"image_captions": images.meta})
    most = spec.captions_per_image or None
    descriptions = [row[:most] for row in images.captions] if spec.use_description else None
    predictions = _predictions(spec, images.predicted, labelled) if spec.use_prediction else None
    if predictions is not None and (without := sum(not row for row in predictions)):
        yield Log(f"{without:,} of {len(predictions):,} pictures have no predicted class and go without.", "warning")
        predictions = predictions if without < len(predictions) else None
    return Said(classes, plain, descriptions, predictions)


def _class_texts(spec: WdysClassify, labelled: Labelled) -> Generator[Event, None, list[list[str]]]:
    if not spec.class_captions:
        raise BadInput(
            "captions of the classes are needed, or another choice of what stands for them", field=CLASS_SIDE
        )
    names = labelled.class_names
    found = class_captions_of(spec.class_captions, labelled)
    yield from (Log(warning, "warning") for warning in found.warnings)
    yield Provenance({"class_captions": found.meta})
    rows = [row[: spec.captions_per_class or None] for row in found.captions]
    if spec.classes_as == "descriptions":
        return rows
    return [[templates.with_caption(name, text) for text in row] for name, row in zip(names, rows, strict=True)]


def _predictions(spec: WdysClassify, predicted: list[str | None], labelled: Labelled) -> list[list[str]]:
    """The predicted class of each picture as one text, or none; a class of the set is written as the set writes it."""
    own = {other.casefold(): name for other, name in other_names(labelled.class_names).items()}
    own |= {name.casefold(): name for name in labelled.class_names}
    found: list[list[str]] = []
    for guess in predicted:
        plain = plain_name(guess or "")
        name = own.get(plain.casefold(), plain)
        found.append(_as_sentence([name], spec.predicted_as, labelled.domain)[0] if name else [])
    return found


def _as_sentence(names: list[str], kind: str, domain: str) -> list[list[str]]:
    sentences, _ = templates.usable((_SENTENCES[kind],), domain)
    return templates.filled(sentences, names, domain)
