"""How well a model in training finds held-out pictures and captions: a curve, and intervals at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ml_core.contrastive.dual import DualEncoder, Parts
from ml_core.datasets.types import Dataset
from ml_core.events import Event, Metric
from ml_core.metrics.ranking import hits_at, id_order, reciprocal_ranks
from ml_core.metrics.uncertainty import by_unit, means, proportion
from ml_core.training.pictures import Pictures

KS = (1, 5, 10)
_IMAGES, _TEXTS, _BLOCK = 128, 512, 512


class Validation:
    """The held-out pictures and their captions, tokenised once."""

    def __init__(self, dataset: Dataset, parts: Parts, *, workers: int):
        self._dataset, self._parts = dataset, parts
        self._pictures = Pictures(dataset, parts.preparation, workers)
        texts = dataset.caption_texts
        self._tokens = [parts.tokens(texts[at : at + _TEXTS]) for at in range(0, len(texts), _TEXTS)]
        self._orders = id_order(dataset.item_ids), id_order(dataset.caption_ids)

    def quick(self, dual: DualEncoder, device: torch.device) -> dict[str, float]:
        """`val/t2i/recall@k`, `val/i2t/recall@k` and `val/t2i/mrr` as plain values."""
        t2i_M, i2t_P, _ = self._ranks(dual, device)
        found = {"val/t2i/mrr": float(reciprocal_ranks(t2i_M).mean())}
        for k in KS:
            for direction, ranks, others in (("t2i", t2i_M, self.pictures), ("i2t", i2t_P, self.captions)):
                if k <= others:
                    found[f"val/{direction}/recall@{k}"] = float(hits_at(ranks, k).mean())
        return found

    def final(self, dual: DualEncoder, device: torch.device) -> Iterator[Event]:
        """The same as final metrics, each with the interval of a bootstrap over pictures."""
        t2i_M, i2t_P, units_P = self._ranks(dual, device)
        items_M = self._dataset.caption_items
        sums_U, counts_U = by_unit(reciprocal_ranks(t2i_M), items_M)
        yield Metric("val/t2i/mrr", *means(sums_U[:, None], counts_U, fractions=[True])[0])
        for k in KS:
            if k <= self.pictures:
                yield Metric(f"val/t2i/recall@{k}", *proportion(*by_unit(hits_at(t2i_M, k), items_M)))
            if k <= self.captions:
                yield Metric(f"val/i2t/recall@{k}", *proportion(*by_unit(hits_at(i2t_P, k), units_P)))

    @property
    def pictures(self) -> int:
        """N, the held-out pictures."""
        return len(self._dataset.item_ids)

    @property
    def captions(self) -> int:
        """M, their captions."""
        return len(self._dataset.caption_texts)

    def close(self) -> None:
        """Ends the threads that decode."""
        self._pictures.close()

    def _ranks(self, dual: DualEncoder, device: torch.device) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        images_NE, texts_ME = self._embed(dual, device)
        items_M, (image_order_N, text_order_M) = self._dataset.caption_items, self._orders
        t2i_M = ranks_of_one(texts_ME, images_NE, items_M, image_order_N)
        units_P = np.unique(items_M)
        return t2i_M, ranks_of_best(images_NE[units_P], texts_ME, units_P, items_M, text_order_M), units_P

    @torch.inference_mode()
    def _embed(self, dual: DualEncoder, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
        images: list[Any] = []
        for start in range(0, self.pictures, _IMAGES):
            taken = self._pictures.take(range(start, min(start + _IMAGES, self.pictures)))
            pixels = self._parts.preparation.normalised(torch.from_numpy(taken).to(device))
            images.append(dual.images(pixels).float().cpu().numpy())
        texts = [
            dual.texts({name: tensor.to(device) for name, tensor in tokens.items()}).float().cpu().numpy()
            for tokens in self._tokens
        ]
        return np.concatenate(images), np.concatenate(texts)


def ranks_of_one(
    queries_QE: np.ndarray, answers_AE: np.ndarray, right_Q: np.ndarray, order_A: np.ndarray
) -> np.ndarray:
    """Rank (Q,) from 1 of a query's right answer; greater scores, and equal ones earlier in `order_A`, go before."""
    ranks = []
    for start in range(0, len(queries_QE), _BLOCK):
        scores_BA = queries_QE[start : start + _BLOCK] @ answers_AE.T
        right_B = right_Q[start : start + _BLOCK]
        ranks.append(_before(scores_BA, right_B, order_A) + 1)
    return np.concatenate(ranks)


def ranks_of_best(
    queries_QE: np.ndarray, answers_AE: np.ndarray, units_Q: np.ndarray, owner_A: np.ndarray, order_A: np.ndarray
) -> np.ndarray:
    """Rank (Q,) from 1 of the best of each query's right answers, those whose owner it is."""
    ranks = []
    for start in range(0, len(queries_QE), _BLOCK):
        scores_BA = queries_QE[start : start + _BLOCK] @ answers_AE.T
        own_BA = owner_A[None, :] == units_Q[start : start + _BLOCK, None]
        best_B1 = np.where(own_BA, scores_BA, -np.inf).max(axis=1, keepdims=True)
        place_BA = np.where(own_BA & (scores_BA == best_B1), order_A, len(order_A))
        ranks.append(_before(scores_BA, place_BA.argmin(axis=1), order_A) + 1)
    return np.concatenate(ranks)


def _before(scores_BA: np.ndarray, right_B: np.ndarray, order_A: np.ndarray) -> np.ndarray:
    own_B1 = np.take_along_axis(scores_BA, right_B[:, None].astype(np.int64), axis=1)
    earlier_BA = order_A[None, :] < order_A[right_B][:, None]
    return (scores_BA > own_B1).sum(axis=1) + ((scores_BA == own_B1) & earlier_BA).sum(axis=1)
