"""What a run reaches on a slice, with intervals. Kept by content: a run is compared again and again, beside others."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from ml_core.claims.slices import Slice
from ml_core.metrics.ranking import hits_at, reciprocal_ranks
from ml_core.metrics.uncertainty import Estimate, How, means

Measured = Mapping[str, Estimate]  # "recall@K", "mrr", "median_rank"
_MOST = 5_000  # runs on slices that are kept, some hundred bytes each
_kept: OrderedDict[bytes, Measured] = OrderedDict()
_lock = Lock()


def measured(part: Slice, runs: Sequence[str], ks: Sequence[int], how: How) -> list[Measured]:
    """Each run's recall at each k, mean reciprocal rank and median rank on a slice, all from the same resamples.

    Recall as `retrieval.evaluate` makes it, so that a number is one wherever shown.
    """
    about = hashlib.blake2b(repr((tuple(ks), sorted(how.items()))).encode(), digest_size=16)
    about.update(np.ascontiguousarray(part.place_Q).tobytes())
    names = {run: _name(about, part.field.rank[run]) for run in runs}
    with _lock:
        found = {name: _kept[name] for name in names.values() if name in _kept}
    missing = {name: run for run, name in names.items() if name not in found}
    if missing:
        found |= dict(zip(missing, _made(part, list(missing.values()), ks, how), strict=True))
    with _lock:
        for name in names.values():
            _kept[name] = found[name]
            _kept.move_to_end(name)
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return [found[names[run]] for run in runs]


def _name(about: hashlib.blake2b, rank_Q: np.ndarray) -> bytes:
    name = about.copy()
    name.update(np.ascontiguousarray(rank_Q, dtype=np.int64).tobytes())
    return name.digest()


def _made(part: Slice, runs: Sequence[str], ks: Sequence[int], how: How) -> Sequence[Measured]:
    ranks = [part.field.rank[run] for run in runs]
    made: list[dict[str, Estimate]] = [{} for _ in runs]
    hits_UA = np.column_stack([part.by_unit(hits_at(rank_Q, k)) for k in ks for rank_Q in ranks])
    recalls = iter(means(hits_UA, part.counts_U, fractions=[True] * hits_UA.shape[1], **how))
    for k in ks:
        for one in made:
            one[f"recall@{k}"] = next(recalls)
    sums_UR = np.column_stack([part.by_unit(reciprocal_ranks(rank_Q)) for rank_Q in ranks])
    for one, mean, rank_Q in zip(
        made, means(sums_UR, part.counts_U, fractions=[True] * len(runs), **how), ranks, strict=True
    ):
        one["mrr"] = mean
        one["median_rank"] = Estimate(float(np.median(rank_Q)), None, None, len(part.counts_U))
    return made
