"""The method synce.class_captions: what tells the classes apart, then distinct captions of each, and how like it they
are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_texts
from ml_core.events import Event, Log, Metric, Provenance
from ml_core.generators.loading import load_generator, split
from ml_core.generators.recorded import ClassCaptions, class_layout
from ml_core.generators.types import Answer, NoAnswer, Request, ask
from ml_core.methods.synce_class_captions import SynceClassCaptions
from ml_core.spec import BadInput, Context
from ml_core.store import Store
from ml_core.zeroshot.captioning import prompts
from ml_core.zeroshot.captioning.asking import Tally, ask_all, sampling_of, wishes_of
from ml_core.zeroshot.captioning.reading import captions_of, distinct, plain
from ml_core.zeroshot.captioning.writing import leave, mean, places_of, shown
from ml_core.zeroshot.data import Labelled, class_captions_of, open_classification

FILE = "class_captions.json"
_ATTRIBUTES = 15


def run(spec: SynceClassCaptions, context: Context) -> Iterator[Event]:
    """`class_captions.json` in the published layout; metrics `captions`, `similarity`, `distinct`, tokens and cost.

    Nothing is written before every class has its captions; answers that came are kept whatever happens.
    """
    labelled = open_classification(spec.data, spec.domain, spec.expects)
    yield from (Log(remark, "warning") for remark in labelled.remarks)
    encoder = _encoder(spec, context)  # before anything is paid for
    family, rest = split(spec.generator)
    tally = Tally()
    if family == "recorded":
        recorded = class_captions_of(rest, labelled)
        yield from (Log(warning, "warning") for warning in recorded.warnings)
        captions, about = recorded.captions, {"generator": "recorded", "recorded": recorded.meta}
    else:
        captions, about = yield from _written(spec, labelled, context, tally)
    facts = _facts(spec, labelled, encoder) | about
    yield Provenance({name: value for name, value in facts.items() if name != "recorded"})
    similarities = yield from _similarities(labelled.class_names, captions, encoder, context)
    yield from _told(captions, similarities, labelled, tally)
    text = class_layout(labelled.class_names, captions, similarities, facts | {"asked": tally.facts()})
    yield leave(context.out, FILE, text, "Captions of the classes")


def _encoder(spec: SynceClassCaptions, context: Context) -> Any:
    encoder = load_encoder(spec.encoder, context.device, precision=spec.precision)
    if not hasattr(encoder, "encode_texts"):
        raise BadInput("recorded embeddings hold no captions that are still to be written", field="encoder")
    return encoder


def _written(
    spec: SynceClassCaptions, labelled: Labelled, context: Context, tally: Tally
) -> Generator[Event, None, tuple[list[list[str]], dict[str, Any]]]:
    """Captions of each class by a model, and what is to be told of it."""
    generator = load_generator(spec.generator, wishes_of(spec), context)
    about: dict[str, Any] = {"generator": generator.model_id, "generator_revision": generator.revision}
    asked = _Asked(spec, labelled)
    if spec.base:
        base = class_captions_of(spec.base, labelled)
        about |= asked.begin_with(base)
    rounds: dict[str, Any] = {"rounds": spec.rounds, "tally": tally}
    yield from ask_all(generator, 1, asked.about_attributes, asked.take_attributes, stage="Attributes", **rounds)
    if not asked.attributes:
        raise _unusable("attributes that tell the classes apart", asked.last, generator.model_id)
    count = len(labelled.class_names)
    yield from ask_all(generator, count, asked.about_class, asked.take_captions, stage="Captions of classes", **rounds)
    empty = [name for name, row in zip(labelled.class_names, asked.captions, strict=True) if not row]
    if empty:
        raise _unusable(f"captions of {shown(empty)}", asked.last, generator.model_id)
    short = [name for name, row in zip(labelled.class_names, asked.captions, strict=True) if len(row) < spec.count]
    if short:
        yield Log(f"Fewer than {spec.count} different captions came for {shown(short)}.", "warning")
    return asked.captions, about | {"attributes": asked.attributes}


class _Asked:
    """What is known so far: attributes of the set, captions of each class."""

    def __init__(self, spec: SynceClassCaptions, labelled: Labelled):
        self._spec, self._names, self._domain = spec, labelled.class_names, labelled.domain
        self._sampling = sampling_of(spec)
        self.attributes: list[str] = []
        self.captions: list[list[str]] = [[] for _ in self._names]
        self._kept: set[int] = set()
        self.last = ""

    def begin_with(self, base: ClassCaptions) -> dict[str, Any]:
        """Keeps what is there but for the classes that are written anew; returns what is to be told of it."""
        places = places_of(self._spec.only, self._names)
        self.captions = [[] if place in places else list(row) for place, row in enumerate(base.captions)]
        self._kept = {place for place in range(len(self._names)) if place not in places}
        told = base.meta.get("attributes")
        if isinstance(told, list) and all(isinstance(line, str) for line in told):
            self.attributes = told
        return {"base": {"generator": base.meta.get("generator"), "written_anew": list(self._spec.only)}}

    def about_attributes(self, number: int, turn: int) -> Request | None:
        if self.attributes:
            return None
        return ask(prompts.attributes(self._names, self._domain), self._sampling, ordinal=turn)

    def take_attributes(self, number: int, answer: Answer) -> None:
        self.last = answer.text
        self.attributes = distinct(captions_of(answer.text, whole=answer.whole))[:_ATTRIBUTES]

    def about_class(self, number: int, turn: int) -> Request | None:
        known = self.captions[number]
        missing = self._spec.count - len(known)
        if missing <= 0 or number in self._kept:
            return None
        text = prompts.class_captions(self._names[number], self._domain, self.attributes, missing, known)
        return ask(text, self._sampling, ordinal=turn)

    def take_captions(self, number: int, answer: Answer) -> None:
        self.last = answer.text
        known = self.captions[number]
        name = plain(self._names[number])
        told = [line for line in captions_of(answer.text, whole=answer.whole) if plain(line) != name]
        known += distinct(told, known)[: self._spec.count - len(known)]


def _unusable(what: str, answer: str, model_id: str) -> NoAnswer:
    begin = " ".join(answer.split())[:120]
    return NoAnswer(
        f"{model_id} wrote nothing that can be read as {what}. Its last answer begins: “{begin}”.",
        advice="Take another model, another temperature or more rounds; answers that came are kept.",
    )


def _similarities(
    names: list[str], captions: list[list[str]], encoder: Any, context: Context
) -> Generator[Event, None, list[list[float]]]:
    """Cosine of each caption and the bare name of its class."""
    store = Store(context.cache)
    names_CE = yield from encode_texts(names, encoder, store, context)
    texts = list(dict.fromkeys(text for row in captions for text in row))
    texts_UE = yield from encode_texts(texts, encoder, store, context)
    place = {text: number for number, text in enumerate(texts)}
    found = []
    for name_E, row in zip(names_CE, captions, strict=True):
        cosines_K = texts_UE[[place[text] for text in row]] @ name_E
        found.append([round(float(value), 6) for value in np.clip(cosines_K, -1, 1)])
    return found


def _told(
    captions: list[list[str]], similarities: list[list[float]], labelled: Labelled, tally: Tally
) -> Iterator[Event]:
    """Numbers about the captions; classes, not captions, are the unit."""
    owners = Counter(key for row in captions for key in {plain(text) for text in row})
    shared = [key for key, count in owners.items() if count > 1]
    if shared:
        yield Log(f"{len(shared):,} captions stand at more than one class: they tell nothing apart.", "warning")
    total = sum(map(len, captions))
    yield Metric("captions", total, n=len(captions))
    yield Metric("captions_least", min(map(len, captions)), n=len(captions))
    yield Metric("distinct", len(owners) / sum(owners.values()), n=total)
    yield mean("similarity", [float(np.mean(row)) for row in similarities])
    yield from tally.events(last=True)
    yield Log(f"{total:,} captions of {len(labelled.class_names):,} classes.")


def _facts(spec: SynceClassCaptions, labelled: Labelled, encoder: Any) -> dict[str, Any]:
    return {
        "side": "classes",
        "data": labelled.dataset.name,
        "data_hash": labelled.dataset.content_hash,
        "classes": len(labelled.class_names),
        "domain": labelled.domain,
        "wanted": spec.count,
        "temperature": spec.temperature,
        "seed": spec.seed,
        "prompts": prompts.VERSION,
        "similarity": "cosine of a caption and the name of its class",
        "model": encoder.model_id,
        "model_revision": encoder.revision,
    }
