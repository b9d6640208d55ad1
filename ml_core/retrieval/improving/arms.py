"""The ways of ranking that are compared with each other: baseline, no-op, control, improved, untuned, oracle."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml_core.events import Event, Progress
from ml_core.methods.retrieval_improve import Pooling
from ml_core.retrieval.blocks import Ranked, Ranking
from ml_core.retrieval.improving.control import mean_angle, shuffled, turned
from ml_core.retrieval.improving.lexical import reranked
from ml_core.retrieval.improving.material import Material, restricted
from ml_core.retrieval.improving.pooling import pool_embeddings, pooled
from ml_core.retrieval.improving.templates import NONE
from ml_core.retrieval.pairs import Scored
from ml_core.retrieval.report import Direction
from ml_core.spec import Stopped

BASELINE, NO_OP, CONTROL, IMPROVED, UNTUNED, ORACLE = (
    "baseline",
    "no-op",
    "random-control",
    "improved",
    "untuned",
    "oracle",
)


@dataclass(frozen=True)
class Settings:
    """One point: which templates, pooled how, and how much words count."""

    templates: str
    pooling: Pooling
    tau: float
    weight: float

    @property
    def is_no_op(self) -> bool:
        """Whether it changes nothing at all."""
        return self.templates == NONE and self.weight == 0


NOTHING = Settings(NONE, "mean", 1.0, 0.0)


def arm(
    material: Material, settings: Settings, vectors_KME: Sequence[np.ndarray], rows_R: np.ndarray
) -> Generator[Event, None, Direction]:
    """The captions `rows_R` ranked with the settings; `vectors_KME` are those of their templates, K arrays (M, E)."""
    base = restricted(material.base, rows_R)
    scored = pooled(base, [some(vectors_ME, rows_R) for vectors_ME in vectors_KME], settings.pooling, settings.tau)
    return (yield from ranked(material, scored, settings.weight, rows_R))


def control(
    material: Material, settings: Settings, vectors_KME: Sequence[np.ndarray], rows_R: np.ndarray
) -> Generator[Event, None, Direction]:
    """Captions turned at random by the mean angle that the templates turned them, and as much said by random words."""
    base = restricted(material.base, rows_R)
    after_RE = pool_embeddings([some(vectors_ME, rows_R) for vectors_ME in vectors_KME])
    ids = [material.dataset.caption_ids[row] for row in rows_R.tolist()]
    noisy_RE = turned(base.texts_ME, mean_angle(base.texts_ME, after_RE), ids, material.spec.seed)
    scored = replace(base, texts_ME=noisy_RE)
    return (yield from ranked(material, scored, settings.weight, rows_R, at_random=ids))


def ranked(
    material: Material,
    scored: Scored,
    weight: float,
    rows_R: np.ndarray,
    at_random: Sequence[str] | None = None,
) -> Generator[Event, None, Direction]:
    """Ranks captions against all pictures and re-ranks the first by words; `at_random` shuffles what words say."""
    found = yield from first(material, scored)
    if material.words is not None and weight:
        words_QT = words_for(material, found, rows_R)
        if at_random is not None:
            words_QT = shuffled(words_QT, at_random, material.spec.seed)
        found = reranked(found, words_QT, weight)
    return as_direction(material, found, rows_R)


def first(material: Material, scored: Scored) -> Generator[Event, None, Ranked]:
    """The ranking by the model alone, with as many first answers as anything after it looks at."""
    top = material.spec.top if material.words is not None else 0
    ranking = Ranking(scored, keep=max(material.spec.keep, top, 2), pictures=False)
    since = time.monotonic()
    for done, total in ranking.blocks():
        rate = done / max(time.monotonic() - since, 1e-9)
        yield Progress("Ranking", done, total, "captions", rate, (total - done) / rate)
        if material.context.stop():
            raise Stopped("stopped while ranking; every embedding is kept")
    return ranking.texts()


def words_for(material: Material, found: Ranked, rows_R: np.ndarray) -> np.ndarray:
    """What words say of the first answers of each query, (Q, T)."""
    if material.words is None:
        raise ValueError("words are off")
    return material.words.scores(rows_R[found.query_Q], found.given_QK[:, : material.spec.top])


def as_direction(material: Material, found: Ranked, rows_R: np.ndarray) -> Direction:
    """Ranked captions with what their numbers need; queries are named by their place among all captions again."""
    named = replace(found, query_Q=rows_R[found.query_Q].astype(np.int32))
    right_QK = named.given_QK == named.right_Q[:, None]
    one_Q = np.ones(len(named.query_Q), dtype=np.int64)
    items_Q = material.base.items_M[named.query_Q]
    return Direction("t2i", named, items_Q, right_QK, one_Q, len(material.base.images_NE))


def some(vectors_ME: np.ndarray, rows_R: np.ndarray) -> np.ndarray:
    """The rows of the captions `rows_R`; all of them where they are those already."""
    return vectors_ME if len(vectors_ME) == len(rows_R) else vectors_ME[rows_R]
