"""The method synce.image_captions: what a vision-language model sees in each picture, and which class it believes it
shows. Labels are looked at for nothing but to refuse recorded predictions that were written from them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.encoders.types import Recorded
from ml_core.events import Event, Log, Metric, Provenance
from ml_core.generators.loading import load_generator, split
from ml_core.generators.recorded import ImageCaptions, image_layout, read_image_captions, refuse_leak
from ml_core.generators.types import Answer, Message, NoAnswer, Picture, Request
from ml_core.methods.synce_image_captions import SynceImageCaptions
from ml_core.metrics.uncertainty import wilson
from ml_core.spec import BadInput, Context
from ml_core.store import Store
from ml_core.zeroshot.captioning import prompts
from ml_core.zeroshot.captioning.asking import Tally, ask_all, sampling_of, wishes_of
from ml_core.zeroshot.captioning.reading import captions_of, class_of, distinct, plain
from ml_core.zeroshot.captioning.writing import leave, mean, places_of, shown
from ml_core.zeroshot.data import Labelled, class_captions_of, open_classification
from ml_core.zeroshot.encoding import encode_classification

FILE = "image_captions.json"
_MANY = 4  # pictures from which on a caption of most of them is worth a warning


def run(spec: SynceImageCaptions, context: Context) -> Iterator[Event]:
    """`image_captions.json` in the published layout; metrics `captions`, `predicted`, `similarity`, tokens and cost.

    Nothing is written before every picture has a caption; answers that came are kept whatever happens.
    """
    labelled = open_classification(spec.data, spec.domain, spec.expects)
    yield from (Log(remark, "warning") for remark in labelled.remarks)
    pool = _pool(spec, labelled)
    encoder = load_encoder(spec.encoder, context.device, precision=spec.precision) if spec.encoder else None
    if isinstance(encoder, Recorded):
        raise BadInput("recorded embeddings hold no captions that are still to be written", field="encoder")
    family, rest = split(spec.generator)
    tally = Tally()
    about: dict[str, Any] = {"generator": "recorded"}
    if family == "recorded":
        found = read_image_captions(rest, labelled.dataset)
        refuse_leak(found.predicted, labelled.label_names)
        yield from (Log(warning, "warning") for warning in found.warnings)
        about["recorded"] = found.meta
    else:
        found, about = yield from _written(spec, labelled, pool, context, tally)
    facts = _facts(spec, labelled, encoder) | about
    yield Provenance({name: value for name, value in facts.items() if name != "recorded"})
    similarities = yield from _similarities(found.captions, labelled.dataset, encoder, context)
    yield from _told(found, similarities, tally)
    facts |= {"asked": tally.facts()}
    text = image_layout(labelled.dataset.file_names, found.captions, found.predicted, facts, similarities)
    yield leave(context.out, FILE, text, "Captions of the pictures")


def examples_for(item_id: str, pool: list[str], count: int, seed: int) -> list[str]:
    """Captions of classes that show the style: drawn by a hash of (seed, picture), never by what the picture shows."""
    keys = [hashlib.sha256(f"{seed}\0{item_id}\0{caption}".encode()).digest() for caption in pool]
    return [pool[place] for place in sorted(range(len(pool)), key=keys.__getitem__)[:count]]


def _pool(spec: SynceImageCaptions, labelled: Labelled) -> list[str]:
    """Every distinct class-side caption; BadInput where the file is not what it should be."""
    if not spec.class_captions:
        return []
    read = class_captions_of(spec.class_captions, labelled)
    return list(dict.fromkeys(text for row in read.captions for text in row))


def _written(
    spec: SynceImageCaptions, labelled: Labelled, pool: list[str], context: Context, tally: Tally
) -> Generator[Event, None, tuple[ImageCaptions, dict[str, Any]]]:
    generator = load_generator(spec.generator, wishes_of(spec), context)
    about: dict[str, Any] = {"generator": generator.model_id, "generator_revision": generator.revision}
    asked = _Asked(spec, labelled, pool)
    names = labelled.dataset.file_names
    if spec.base:
        base = read_image_captions(spec.base, labelled.dataset)
        refuse_leak(base.predicted, labelled.label_names)
        asked.begin_with(base)
        about |= {"base": {"written_anew": list(spec.only)}}
    if spec.examples and not pool:
        yield Log("No captions of classes were given, so the model is shown no examples of the style.")
    rounds: dict[str, Any] = {"rounds": spec.rounds, "tally": tally}
    stage = "Captions of pictures"
    yield from ask_all(generator, len(names), asked.about_picture, asked.take, stage=stage, **rounds)
    empty = [name for name, row in zip(names, asked.captions, strict=True) if not row]
    if empty:
        begin = " ".join(asked.last.split())[:120]
        raise NoAnswer(
            f"{generator.model_id} wrote nothing that can be read as captions of {shown(empty)}. Its last such answer "
            f"begins: “{begin}”.",
            advice="Take another model, another temperature or more rounds; answers that came are kept.",
        )
    return ImageCaptions(asked.captions, asked.predicted), about


class _Asked:
    """Captions and predictions of each picture so far."""

    def __init__(self, spec: SynceImageCaptions, labelled: Labelled, pool: list[str]):
        self._spec, self._labelled, self._pool = spec, labelled, pool
        self._sampling = sampling_of(spec)
        count = len(labelled.dataset.item_ids)
        self.captions: list[list[str]] = [[] for _ in range(count)]
        self.predicted: list[str | None] = [None] * count
        self.last = ""

    def begin_with(self, base: ImageCaptions) -> None:
        """Keeps what is there but for the pictures that are written anew."""
        places = places_of(self._spec.only, self._labelled.dataset.file_names)
        for place in range(len(self.captions)):
            if place not in places:
                self.captions[place], self.predicted[place] = list(base.captions[place]), base.predicted[place]

    def about_picture(self, number: int, turn: int) -> Request | None:
        if self.captions[number]:
            return None
        spec, dataset = self._spec, self._labelled.dataset
        examples = examples_for(dataset.item_ids[number], self._pool, spec.examples, spec.seed)
        names = self._labelled.class_names if spec.predict else None
        text = prompts.image_captions(self._labelled.domain, spec.count, examples, names)
        name = dataset.file_names[number]
        picture = Picture(dataset.file_hashes[number], lambda: dataset.open_bytes(number), name)
        return Request((Message("user", text),), self._sampling, (picture,), ordinal=turn)

    def take(self, number: int, answer: Answer) -> None:
        told = distinct(captions_of(answer.text, whole=answer.whole))[: self._spec.count]
        if not told:
            self.last = answer.text
            return
        self.captions[number] = told
        if self._spec.predict:
            self.predicted[number] = class_of(answer.text, self._labelled.class_names)


def _similarities(
    captions: list[list[str]], dataset: Dataset, encoder: Any, context: Context
) -> Generator[Event, None, list[list[float]] | None]:
    """Cosine of each caption and its picture, None without an encoder."""
    if encoder is None:
        return None
    texts = [text for row in captions for text in row]
    images_NE, (said,) = yield from encode_classification(dataset, encoder, [texts], Store(context.cache), context)
    found = []
    for image_E, row in zip(images_NE, captions, strict=True):
        found.append([round(float(value), 6) for value in np.clip(said.of(row) @ image_E, -1, 1)])
    return found


def _told(found: ImageCaptions, similarities: list[list[float]] | None, tally: Tally) -> Iterator[Event]:
    yield from _same_for_many(found.captions)
    total = sum(map(len, found.captions))
    yield Metric("captions", total, n=len(found.captions))
    guessed, pictures = sum(guess is not None for guess in found.predicted), len(found.predicted)
    yield Metric("predicted", guessed / pictures, *wilson(guessed, pictures), pictures)
    if similarities is not None:
        yield mean("similarity", [float(np.mean(row)) for row in similarities])
    yield from tally.events(last=True)
    yield Log(f"{total:,} captions of {len(found.captions):,} pictures.")


def _same_for_many(captions: list[list[str]]) -> Iterator[Log]:
    """A warning where one caption stands at more than half of the pictures: a model that does not look at them?"""
    counts = Counter(key for row in captions for key in {plain(text) for text in row})
    common, most = counts.most_common(1)[0] if counts else ("", 0)
    if len(captions) >= _MANY and 2 * most > len(captions):
        text = next(text for row in captions for text in row if plain(text) == common)
        told = f"{most:,} of {len(captions):,} pictures share the caption “{text[:100]}”: it tells nothing apart."
        yield Log(f"{told} Look whether the model sees the pictures, or apologises.", "warning")


def _facts(spec: SynceImageCaptions, labelled: Labelled, encoder: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "side": "pictures",
        "data": labelled.dataset.name,
        "data_hash": labelled.dataset.content_hash,
        "pictures": len(labelled.dataset.item_ids),
        "domain": labelled.domain,
        "wanted": spec.count,
        "examples": spec.examples if spec.class_captions else 0,
        "temperature": spec.temperature,
        "seed": spec.seed,
        "prompts": prompts.VERSION,
    }
    if encoder is not None:
        facts |= {"similarity": "cosine of a caption and its picture"}
        facts |= {"model": encoder.model_id, "model_revision": encoder.revision}
    return facts
