"""The method retrieval.evaluate: encodes a data set, ranks both ways, says how well, keeps every query's outcome."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import numpy as np

from ml_core.datasets.held_out import held_out
from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_dataset
from ml_core.events import Event, Log, Progress, Provenance
from ml_core.methods.retrieval_evaluate import RetrievalEvaluate
from ml_core.metrics.uncertainty import How
from ml_core.retrieval import report, tables
from ml_core.retrieval.blocks import Ranking
from ml_core.retrieval.duplicates import find_twins, without_twins, write_twins
from ml_core.retrieval.pairs import Pairs
from ml_core.retrieval.preparing import facts, open_captioned, pairs_of
from ml_core.retrieval.report import Direction
from ml_core.retrieval.subset import read_subset
from ml_core.spec import Context, Stopped
from ml_core.store import Store


def run(spec: RetrievalEvaluate, context: Context) -> Iterator[Event]:
    """Metrics `t2i/…` and `i2t/…` with intervals, cases.parquet and the tables behind the plots."""
    directions = ("t2i", "i2t") if spec.directions == "both" else (spec.directions,)
    subset = read_subset(spec.subset, directions) if spec.subset else None
    dataset = open_captioned(spec.data)  # before the encoder: a wrong folder is told in a moment, a model takes seconds
    yield from held_out(dataset, spec.encoder, spec.overlap)
    encoder = load_encoder(spec.encoder, context.device, exact=spec.exact_decoding, precision=spec.precision)
    if spec.batch_size and hasattr(encoder, "image_batch"):
        encoder.image_batch = spec.batch_size
    yield Provenance(facts(dataset, encoder))
    images_NE, texts_ME = yield from encode_dataset(dataset, encoder, Store(context.cache), context)
    pairs = pairs_of(dataset, images_NE, texts_ME)
    del images_NE, texts_ME
    ways = [way for way in (yield from _ranked(pairs, spec.keep, context)) if way.name in directions]
    query_ids = [tables.query_ids(way, dataset) for way in ways]
    for way, ids in zip(ways, query_ids, strict=True):
        everything_Q = np.ones(len(ids), dtype=bool)
        yield from report.metrics(way, everything_Q, "", spec.ks, spec.resamples, spec.seed)
        if subset is not None and (chosen_Q := subset.mask(way.name, ids)) is not None:
            yield from report.metrics(way, chosen_Q, f"/{subset.slice}", spec.ks, spec.resamples, spec.seed)
    twins = find_twins(pairs.images_NE, spec.near_duplicate)
    yield from without_twins(ways, twins, spec.ks, How(resamples=spec.resamples, seed=spec.seed))
    yield from write_twins(twins, dataset.item_ids, dataset.file_hashes, context.out)
    yield from tables.outcomes(ways, query_ids, spec.keep, context.out)
    yield from tables.plots(ways, spec.resamples, spec.seed, context.out)
    yield Log(f"{sum(map(len, query_ids)):,} queries ranked.")


def _ranked(pairs: Pairs, keep: int, context: Context) -> Generator[Event, None, list[Direction]]:
    """Both directions with enough first answers for the margin and mAP@R."""
    captions_N = np.bincount(pairs.items_M, minlength=len(pairs.images_NE))
    ranking = Ranking(pairs, keep=max(keep, int(captions_N.max()) + 1))
    since = time.monotonic()
    for done, total in ranking.blocks():
        rate = done / max(time.monotonic() - since, 1e-9)
        yield Progress("Ranking", done, total, "captions", rate, (total - done) / rate)
        if context.stop():
            raise Stopped("stopped while ranking; every embedding is kept")
    texts, pictures = ranking.outcome()
    right_QK = pairs.items_M[pictures.given_QK] == pictures.query_Q[:, None]
    own_Q = texts.given_QK == texts.right_Q[:, None]
    one_Q = np.ones(len(texts.query_Q), dtype=np.int64)
    return [
        Direction("t2i", texts, pairs.items_M, own_Q, one_Q, len(pairs.images_NE)),
        Direction("i2t", pictures, pictures.query_Q, right_QK, captions_N[pictures.query_Q], len(pairs.texts_ME)),
    ]
