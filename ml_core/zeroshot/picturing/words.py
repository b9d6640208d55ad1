"""Which words of captions the answers rest on: left out one by one, on the pictures' side and on the classes'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml_core.encoders.encoding import encode_texts
from ml_core.events import Event, Log
from ml_core.pictures.occlusion import margins
from ml_core.pictures.text_occlusion import Caption, Picture, Without, packed, without_each
from ml_core.spec import Context
from ml_core.zeroshot import templates
from ml_core.zeroshot.picturing.classifier import Classifier
from ml_core.zeroshot.preparing import Ready
from ml_core.zeroshot.tables import plot
from ml_core.zeroshot.vectors import Captions, products


@dataclass(frozen=True)
class Told:
    """One caption that bears on one picture: that of the picture itself, or the weightiest of a class."""

    number: int
    side: Literal["picture", "class"]
    owner: int  # the picture or the class
    place: int  # of the caption among the owner's
    text: str
    words: list[Without]

    def variants(self, class_names: list[str]) -> list[str]:
        """The texts that are encoded, a word short each."""
        if self.side == "picture":
            return [one.left for one in self.words]
        return [templates.with_caption(class_names[self.owner], one.left) for one in self.words]


def words(classifier: Classifier, ready: Ready, looked_L: np.ndarray, context: Context) -> Iterator[Event]:
    """plots/text_occlusion.json (`ml_core.pictures.text_occlusion.packed`): the words of each caption of the pictures,
    and of the weightiest caption of the class given and the true one; `drops` are what the given class's margin loses
    without each."""
    told = [one for number in looked_L.tolist() for one in _told(classifier, number) if one.words]
    if not told:
        yield Log("No caption of more than a word bears on these pictures: no words are left out.")
        return
    names = classifier.labelled.class_names
    texts = list(dict.fromkeys(text for one in told for text in one.variants(names)))
    vectors_UE = yield from encode_texts(texts, ready.encoder, ready.store, context)
    place = {text: number for number, text in enumerate(texts)}
    weighed: dict[int, list[Caption]] = {}
    for one in told:
        short_BE = vectors_UE[[place[text] for text in one.variants(names)]]
        weighed.setdefault(one.number, []).append(_weighed(classifier, one, _scores(classifier, one, short_BE)))
    table = packed([(_picture(classifier, number), captions) for number, captions in weighed.items()])
    yield from plot("text_occlusion", "Words that answers rest on", table, context.out)


def _told(classifier: Classifier, number: int) -> Iterator[Told]:
    told, sides, point = classifier.told, classifier.sides, classifier.point
    if told.images is not None and point.beta:
        for place, text in enumerate(told.images[number]):
            yield Told(number, "picture", number, place, text, without_each(text))
    if told.classes is not None and sides.class_captions is not None and point.alpha:
        for owner in dict.fromkeys(
            (int(classifier.outcome.given_NK[number, 0]), int(classifier.labelled.labels_N[number]))
        ):
            own = sides.class_captions.chosen(np.array([owner]))
            place = int(own.weights(sides.domain_CE[[owner]], point.tau_t2t)[0].argmax())
            text = told.classes[owner][place]
            yield Told(number, "class", owner, place, text, without_each(text))


def _scores(classifier: Classifier, one: Told, short_BE: np.ndarray) -> np.ndarray:
    """Scores of classes with each word left out, (B, C)."""
    captions = classifier.sides.image_captions if one.side == "picture" else classifier.sides.class_captions
    assert captions is not None
    short = _replaced(captions, one.owner, one.place, short_BE)
    if one.side == "picture":
        images_BE = classifier.sides.images_NE[np.full(len(short_BE), one.number)]
        return classifier.scores(images_BE, short)
    images_NE, classes_CE = classifier.plus
    scores_BC = np.repeat(products(images_NE[[one.number]], classes_CE), len(short_BE), axis=0)
    scores_BC[:, one.owner] = products(images_NE[[one.number]], classifier.class_vectors(one.owner, short))[0]
    return scores_BC


def _replaced(captions: Captions, owner: int, place: int, short_BE: np.ndarray) -> Captions:
    """The captions of one owner B times over, one of them replaced by another vector each time."""
    own_K = captions.text_NK[owner]
    text_BK = np.repeat(own_K[own_K >= 0][None], len(short_BE), axis=0)
    own_KE = captions.vectors_UE[text_BK[0]]
    text_BK[:] = np.arange(text_BK.shape[1])
    text_BK[:, place] = text_BK.shape[1] + np.arange(len(short_BE))
    return Captions(np.concatenate([own_KE, short_BE.astype(own_KE.dtype)]), text_BK)


def _picture(classifier: Classifier, number: int) -> Picture:
    labelled = classifier.labelled
    given, label = int(classifier.outcome.given_NK[number, 0]), int(labelled.labels_N[number])
    names = labelled.class_names[label], labelled.class_names[given]
    return Picture(number, labelled.dataset.item_ids[number], *names, _margin(classifier, number, given))


def _weighed(classifier: Classifier, one: Told, scores_BC: np.ndarray) -> Caption:
    """What the margin loses without each word, and whether another class is given then."""
    given = int(classifier.outcome.given_NK[one.number, 0])
    drops_B = _margin(classifier, one.number, given) - margins(scores_BC, given)
    return Caption(
        side=one.side,
        class_name=classifier.labelled.class_names[one.owner] if one.side == "class" else None,
        caption=one.place,
        text=one.text,
        spans=[(word.start, word.end) for word in one.words],
        drops=drops_B.tolist(),
        flips=(scores_BC.argmax(axis=1) != given).tolist(),
    )


def _margin(classifier: Classifier, number: int, given: int) -> float:
    images_NE, classes_CE = classifier.plus
    return float(margins(products(images_NE[[number]], classes_CE), given)[0])
