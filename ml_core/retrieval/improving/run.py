"""The method retrieval.improve: ranks with templates, words and categories, always beside what changes nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from ml_core.datasets.held_out import held_out
from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_dataset
from ml_core.events import Event, Log, Metric, Provenance
from ml_core.methods.retrieval_improve import RetrievalImprove
from ml_core.metrics.uncertainty import How, by_unit, proportion
from ml_core.retrieval import tables
from ml_core.retrieval.duplicates import find_twins, write_twins
from ml_core.retrieval.improving import comparing
from ml_core.retrieval.improving.arms import (
    BASELINE,
    CONTROL,
    IMPROVED,
    NO_OP,
    NOTHING,
    ORACLE,
    UNTUNED,
    Settings,
    arm,
    control,
    ranked,
)
from ml_core.retrieval.improving.category import predicted, read_labels
from ml_core.retrieval.improving.comparing import Compared, View
from ml_core.retrieval.improving.material import Material, is_dev, restricted, texts_of, words_of
from ml_core.retrieval.improving.search import best, searched, write_points
from ml_core.retrieval.improving.templates import CATEGORY
from ml_core.retrieval.preparing import facts, open_captioned, pairs_of
from ml_core.retrieval.report import Direction
from ml_core.retrieval.subset import Subset, read_subset
from ml_core.spec import BadInput, Context
from ml_core.store import Store

LABELLED = "labelled"


def run(spec: RetrievalImprove, context: Context) -> Iterator[Event]:
    """Metrics `t2i/…` of the improved ranking and, as slices, of what it is compared with; cases, tables and plots."""
    subset = read_subset(spec.subset, ("t2i",)) if spec.subset else None
    material = yield from _material(spec, context)
    rows_R, dev_R = _split(material)
    views = _views(material, subset, rows_R)
    asked = settings = Settings(spec.templates, spec.pooling, spec.tau, spec.weight if material.words else 0.0)
    if spec.search:
        settings = yield from _best(material, dev_R)
    yield from _accuracy(material)
    arms = yield from _arms(material, settings, asked, rows_R)
    how = How(resamples=spec.resamples, seed=spec.seed)
    if spec.control:
        arms[IMPROVED] = arms.pop(CONTROL)
        yield Log("This is the control: what follows is a change as large as the improvement's, at random.")
    compared = Compared(arms, views, spec.ks, how, {ORACLE: LABELLED}, material.held_out)
    found = comparing.verdicts(compared)
    yield from comparing.metrics(compared, found)
    yield from comparing.said(compared, found)
    twins = find_twins(material.base.images_NE, spec.near_duplicate)
    yield from comparing.without_twins(compared, twins)
    yield from write_twins(twins, material.dataset.item_ids, material.dataset.file_hashes, context.out)
    yield from _leave(compared, material, settings)
    yield from comparing.plots(compared, found, context.out)


def _material(spec: RetrievalImprove, context: Context) -> Generator[Event, None, Material]:
    dataset = open_captioned(spec.data)
    labels = read_labels(spec.labels, dataset.caption_ids) if spec.labels else None
    texts_N = texts_of(spec, dataset)  # before the encoder: a wrong file is told in a moment, a model takes seconds
    unseen = yield from held_out(dataset, spec.encoder, spec.overlap)
    encoder = load_encoder(spec.encoder, context.device, exact=spec.exact_decoding, precision=spec.precision)
    if spec.batch_size and hasattr(encoder, "image_batch"):
        encoder.image_batch = spec.batch_size
    yield Provenance(facts(dataset, encoder))
    images_NE, texts_ME = yield from encode_dataset(dataset, encoder, Store(context.cache), context)
    base = pairs_of(dataset, images_NE, texts_ME)
    words = words_of(spec, dataset, base, texts_N)
    category_M = None
    if labels is not None and spec.templates == CATEGORY:
        category_M = predicted(dataset.caption_texts, labels, base.items_M, dataset.item_ids, spec.folds, spec.seed)
    return Material(spec, context, dataset, encoder, base, words, labels, category_M, unseen)


def _split(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """The captions that are reported and those on which settings are searched: places (R,) and (D,)."""
    spec, items_M = material.spec, material.base.items_M
    if not spec.search:
        return np.arange(len(items_M)), np.empty(0, dtype=np.int64)
    dev_M = is_dev(material.dataset.item_ids, spec.dev_share, spec.seed)[items_M]
    if dev_M.all() or not dev_M.any():
        raise BadInput("there are too few pictures to search on some and report on others", field="search")
    return np.flatnonzero(~dev_M), np.flatnonzero(dev_M)


def _views(material: Material, subset: Subset | None, rows_R: np.ndarray) -> list[View]:
    """All queries; the subset, where one is named; the labelled ones, where categories choose templates."""
    views = [View("", np.ones(len(rows_R), dtype=bool), "all queries", "all")]
    if subset is not None:
        chosen_M = subset.mask("t2i", material.dataset.caption_ids)
        if chosen_M is None:
            raise BadInput("the subset names no captions: text→image is what can be improved here", field="subset")
        if not chosen_M[rows_R].any():
            raise BadInput(
                "every query of the subset fell into the part on which settings are searched; take another seed or a "
                "smaller share",
                field="subset",
            )
        views.append(View(subset.name, chosen_M[rows_R], Path(material.spec.subset).name, subset.name))
    if material.predicted_M is not None and material.labels is not None:
        labels = material.labels
        name = Path(material.spec.labels).name
        views.append(View(LABELLED, labels.label_M[rows_R] >= 0, name, "|".join(labels.names)))
    return views


def _best(material: Material, dev_R: np.ndarray) -> Generator[Event, None, Settings]:
    points = yield from searched(material, dev_R)
    chosen = best(points)
    yield from write_points(points, chosen, material.context.out)
    said = chosen.settings
    yield Log(
        f"Of {len(points)} settings the best on {len(dev_R):,} dev queries: templates {said.templates}, pooling "
        f"{said.pooling}, tau {said.tau:g}, weight of words {said.weight:g}. What follows is about the other queries."
    )
    return said


def _accuracy(material: Material) -> Iterator[Event]:
    """How often the predicted category is the annotated one, beside always naming the most common one."""
    if material.predicted_M is None or material.labels is None:
        return
    labelled_L = np.flatnonzero(material.labels.label_M >= 0)
    label_L, unit_L = material.labels.label_M[labelled_L], material.base.items_M[labelled_L]
    common = np.bincount(label_L).argmax()
    for name, right_L in (("", material.predicted_M[labelled_L] == label_L), ("/most-common", label_L == common)):
        share = proportion(
            *by_unit(right_L.astype(np.int64), unit_L), resamples=material.spec.resamples, seed=material.spec.seed
        )
        yield Metric(f"t2i/category_accuracy{name}", *share)


def _arms(
    material: Material, settings: Settings, asked: Settings, rows_R: np.ndarray
) -> Generator[Event, None, dict[str, Direction]]:
    """Every way of ranking the captions `rows_R`, by name; the oracle has the labelled ones alone."""
    arms: dict[str, Direction] = {}
    arms[BASELINE] = yield from ranked(material, restricted(material.base, rows_R), 0.0, rows_R)
    as_they_are = yield from material.vectors(NOTHING.templates)
    no_op = Settings(NOTHING.templates, settings.pooling, settings.tau, 0.0)
    arms[NO_OP] = yield from arm(material, no_op, as_they_are, rows_R)
    if asked != settings:
        vectors_KME = yield from material.vectors(asked.templates, material.predicted_M)
        arms[UNTUNED] = yield from arm(material, asked, vectors_KME, rows_R)
    vectors_KME = yield from material.vectors(settings.templates, material.predicted_M)
    arms[CONTROL] = yield from control(material, settings, vectors_KME, rows_R)
    arms[IMPROVED] = yield from arm(material, settings, vectors_KME, rows_R)
    if settings.templates == CATEGORY and material.labels is not None:
        labelled_L = rows_R[material.labels.label_M[rows_R] >= 0]
        if len(labelled_L):
            vectors_KLE = yield from material.rows(labelled_L, material.labels.label_M)
            arms[ORACLE] = yield from arm(material, settings, vectors_KLE, labelled_L)
    return arms


def _leave(compared: Compared, material: Material, settings: Settings) -> Iterator[Event]:
    """The improved ranking's cases, numbered as an evaluation of the same data numbers them, and its tables."""
    spec, out = material.spec, material.context.out
    way = compared.arms[IMPROVED]
    ids = tables.query_ids(way, material.dataset)
    yield from tables.outcomes([way], [ids], spec.keep, out, numbers_Q=way.ranked.query_Q)
    yield from tables.plots([way], spec.resamples, spec.seed, out)
    templates = material.count(settings.templates)
    yield from comparing.write_summary(compared, settings, templates, spec.seed, out)
