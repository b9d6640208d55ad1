"""Looks for the best settings on the pictures that nothing is reported on."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml_core.events import Artifact, Event
from ml_core.methods.retrieval_improve import RetrievalImprove
from ml_core.metrics.ranking import hits_at, reciprocal_ranks
from ml_core.metrics.uncertainty import Estimate, by_unit, proportion
from ml_core.retrieval.improving.arms import Settings, as_direction, first, some, words_for
from ml_core.retrieval.improving.lexical import reranked
from ml_core.retrieval.improving.material import Material, restricted
from ml_core.retrieval.improving.pooling import pooled
from ml_core.retrieval.improving.templates import CATEGORY, NONE
from ml_core.retrieval.report import Direction


@dataclass(frozen=True)
class Point:
    """Settings with what they reach on the dev part."""

    settings: Settings
    templates: int  # K
    recall: Estimate  # at 1
    mrr: float


def searched(material: Material, dev_R: np.ndarray) -> Generator[Event, None, list[Point]]:
    """Every point of the grid on the captions `dev_R`; the first is the one that changes nothing."""
    points: list[Point] = []
    for templates in _sets(material):
        vectors_KME = yield from material.vectors(templates, material.predicted_M)
        texts_KRE = [some(vectors_ME, dev_R) for vectors_ME in vectors_KME]
        for settings in _poolings(material.spec, templates):
            scored = pooled(restricted(material.base, dev_R), texts_KRE, settings.pooling, settings.tau)
            found = yield from first(material, scored)
            words_QT = None if material.words is None else words_for(material, found, dev_R)
            for weight in (0.0, *(material.spec.search_weights if words_QT is not None else ())):
                if words_QT is None or not weight:
                    way = as_direction(material, found, dev_R)
                else:
                    way = as_direction(material, reranked(found, words_QT, weight), dev_R)
                point = Settings(templates, settings.pooling, settings.tau, weight)
                points.append(_point(point, len(vectors_KME), way, material.spec))
    return points


def best(points: Sequence[Point]) -> Point:
    """The highest recall at 1, then the highest MRR, then the earliest: changing nothing wins where nothing helps."""
    return max(points, key=lambda point: (point.recall.value, point.mrr))


def write_points(points: Sequence[Point], chosen: Point, out: Path) -> Iterator[Event]:
    """search.csv: every point of the grid with what it reached on the dev part."""
    with (out / "search.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["templates", "K", "pooling", "tau", "weight", "recall@1", "low", "high", "n", "mrr", "chosen"])
        for point in points:
            said = point.settings
            row = [said.templates, point.templates, said.pooling, said.tau, said.weight]
            writer.writerow([*row, *point.recall, point.mrr, "yes" if point is chosen else ""])
    yield Artifact("search.csv", "Search on the dev part", "table", "text/csv")


def _sets(material: Material) -> list[str]:
    wanted = [NONE]  # what changes nothing is always tried, and first
    if hasattr(material.encoder, "encode_texts"):
        wanted += [*material.spec.search_templates, *([CATEGORY] if material.spec.templates == CATEGORY else [])]
    return list(dict.fromkeys(wanted))


def _poolings(spec: RetrievalImprove, templates: str) -> list[Settings]:
    if templates == NONE:  # one template is its own pool
        return [Settings(NONE, "mean", 1.0, 0.0)]
    return [
        Settings(templates, pooling, tau, 0.0)
        for pooling in dict.fromkeys(spec.search_poolings)
        for tau in (dict.fromkeys(spec.search_taus) if pooling == "logsumexp" else (1.0,))
    ]


def _point(settings: Settings, templates: int, way: Direction, spec: RetrievalImprove) -> Point:
    rank_Q = way.ranked.rank_Q
    recall = proportion(*by_unit(hits_at(rank_Q, 1), way.unit_Q), resamples=spec.resamples, seed=spec.seed)
    return Point(settings, templates, recall, float(reciprocal_ranks(rank_Q).mean()))
