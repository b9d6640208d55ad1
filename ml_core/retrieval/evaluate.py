"""The method retrieval.evaluate: encodes a data set, ranks both ways, says how well, keeps every query's outcome."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.datasets.cases import write_cases
from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_dataset
from ml_core.events import Artifact, Cases, Event, Log, Progress, Provenance
from ml_core.methods.retrieval_evaluate import RetrievalEvaluate
from ml_core.metrics.ranking import id_order
from ml_core.retrieval import report
from ml_core.retrieval.blocks import Ranking
from ml_core.retrieval.pairs import Pairs, unit_rows
from ml_core.retrieval.report import Direction
from ml_core.retrieval.subset import read_subset
from ml_core.spec import BadInput, Context, Stopped
from ml_core.store import Store


def run(spec: RetrievalEvaluate, context: Context) -> Iterator[Event]:
    """Metrics `t2i/…` and `i2t/…` with intervals, cases.parquet and the tables behind the plots."""
    directions = ("t2i", "i2t") if spec.directions == "both" else (spec.directions,)
    subset = read_subset(spec.subset, directions) if spec.subset else None
    dataset = _open(spec.data)  # before the encoder: a wrong folder is told in a moment, a model takes seconds
    encoder = load_encoder(spec.encoder, context.device, exact=spec.exact_decoding, precision=spec.precision)
    if spec.batch_size and hasattr(encoder, "image_batch"):
        encoder.image_batch = spec.batch_size
    yield Provenance(_facts(dataset, encoder))
    images_NE, texts_ME = yield from encode_dataset(dataset, encoder, Store(context.cache), context)
    pairs = _pairs(dataset, images_NE, texts_ME)
    del images_NE, texts_ME
    ways = [way for way in (yield from _ranked(pairs, spec.keep, context)) if way.name in directions]
    query_ids = [_query_ids(way, dataset) for way in ways]
    for way, ids in zip(ways, query_ids, strict=True):
        everything_Q = np.ones(len(ids), dtype=bool)
        yield from report.metrics(way, everything_Q, "", spec.ks, spec.resamples, spec.seed)
        if subset is not None and (chosen_Q := subset.mask(way.name, ids)) is not None:
            yield from report.metrics(way, chosen_Q, f"/{subset.slice}", spec.ks, spec.resamples, spec.seed)
    yield from _tables(ways, query_ids, spec, context.out)


def _open(reference: str) -> Dataset:
    try:
        dataset = open_dataset(reference)
    except BadInput as error:
        raise BadInput(str(error), field="data") from error
    captioned = len(np.unique(dataset.caption_items))
    if captioned < 2:
        raise BadInput(
            f"retrieval needs at least two pictures with captions; {reference} has {len(dataset.item_ids)} pictures, "
            f"{captioned} of them with captions",
            field="data",
        )
    return dataset


def _facts(dataset: Dataset, encoder: Any) -> dict[str, Any]:
    return {
        "data": dataset.name,
        "data_hash": dataset.content_hash,
        "pictures": len(dataset.item_ids),
        "captions": len(dataset.caption_ids),
        "simulated": bool(dataset.about.get("simulated", False)),
        "model": encoder.model_id,
        "model_revision": encoder.revision,
        "preprocessing_hash": encoder.preprocessing_hash,
    }


def _pairs(dataset: Dataset, images_NE: np.ndarray, texts_ME: np.ndarray) -> Pairs:
    if images_NE.ndim != 2 or texts_ME.ndim != 2 or images_NE.shape[1] != texts_ME.shape[1]:
        raise BadInput(
            f"pictures and texts must have vectors of one length; they are {images_NE.shape} and {texts_ME.shape}",
            field="encoder",
        )
    for what, rows in (("picture", images_NE), ("text", texts_ME)):
        if not np.isfinite(rows).all():
            bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise BadInput(f"the vector of {what} {bad} is not finite (NaN or infinity)", field="encoder")
    try:
        images_NE, texts_ME = unit_rows(images_NE), unit_rows(texts_ME)
    except ValueError as error:
        raise BadInput(f"a vector has no direction: {error}", field="encoder") from error
    items_M = np.asarray(dataset.caption_items, dtype=np.int64)
    return Pairs(images_NE, texts_ME, items_M, id_order(dataset.item_ids), id_order(dataset.caption_ids))


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


def _query_ids(way: Direction, dataset: Dataset) -> list[str]:
    ids = dataset.caption_ids if way.name == "t2i" else dataset.item_ids
    return [ids[number] for number in way.ranked.query_Q]


def _tables(ways: list[Direction], ids: list[list[str]], spec: RetrievalEvaluate, out: Path) -> Iterator[Event]:
    starts = np.cumsum([0] + [len(way.ranked.query_Q) for way in ways])
    tables = [report.case_table(way, spec.keep, int(start)) for way, start in zip(ways, starts, strict=False)]
    yield Cases("cases.parquet", write_cases(out / "cases.parquet", tables))
    names = pa.table(
        {"number": pa.array(np.arange(starts[-1]), pa.int32()), "id": [name for part in ids for name in part]}
    )
    pq.write_table(names, out / "queries.parquet", compression="zstd")
    yield Artifact("queries.parquet", "Ids of the queries", "data", "application/vnd.apache.parquet")
    plots = {
        "recall_curve": ("Recall by depth", report.recall_curve(ways, spec.resamples, spec.seed)),
        "rank_histogram": ("Ranks of right answers", report.rank_histogram(ways, spec.resamples, spec.seed)),
        "margin": ("Score margins", report.margin_histogram(ways)),
    }
    (out / "plots").mkdir(exist_ok=True)
    for name, (title, table) in plots.items():
        path = out / "plots" / f"{name}.json"
        path.write_text(json.dumps(table, allow_nan=False), "utf-8")
        yield Artifact(f"plots/{name}.json", title, "plot", "application/json")
    yield Log(f"{starts[-1]:,} queries ranked.")
