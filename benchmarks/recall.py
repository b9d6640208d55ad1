"""Recall@{1, 5, 10} both ways, against CLIP_benchmark's own, faiss, the whole matrix and its product alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import torch
from clip_benchmark.metrics import zeroshot_retrieval

from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.retrieval.blocks import rank_both
from ml_core.retrieval.pairs import Pairs, unit_rows

KS = (1, 5, 10)
CAPTIONS = 5
MEMORY_MIB = 128


def measure(quick: bool) -> list[Row]:
    images_NE, texts_ME, items_M = _embeddings(500 if quick else 5_000)
    size = f"{len(images_NE):,} × {len(texts_ME):,} × {images_NE.shape[1]}"
    work = f"Recall@1, 5, 10 both ways, {size}"

    def ours() -> dict[str, float]:
        return _ours(images_NE, texts_ME, items_M)

    def whole() -> dict[str, float]:
        return _whole(images_NE, texts_ME, items_M)

    def by_faiss() -> dict[str, float]:
        return _faiss(images_NE, texts_ME, items_M)

    def peer() -> dict[str, float]:
        return _clip_benchmark(images_NE, texts_ME)

    peak = peak_mib(ours)  # first of all: later, memory that others gave back would be used again
    expected = ours()
    for other in (whole(), by_faiss()):
        _agree(expected, other)
    took = interleaved(
        {"ours": ours, "faiss": by_faiss, "whole": whole, "product": lambda: _product(images_NE, texts_ME)}, rounds=7
    )
    slow = interleaved({"ours": ours, "peer": lambda: _agree(expected, peer())}, rounds=1, warmups=0)  # half a minute
    rows = [
        Row(work, "peer", "CLIP_benchmark", slow["ours"], slow["peer"], 30),
        Row(work, "peer", "faiss IndexFlatIP", took["ours"], took["faiss"], 1.5),
        Row(work, "naive", "torch.topk of the whole matrix", took["ours"], took["whole"]),
        Row(work, "bound", "the bare matrix product", took["ours"], took["product"], 2.0),
    ]
    if peak is not None:
        rows.append(Row(work, "limit", "memory beyond the inputs", peak, MEMORY_MIB, 1.0, "MiB", peak))
    return rows


def _embeddings(images: int, dim: int = 512) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors in which about a third of the captions find their picture first, as with CLIP on COCO."""
    rng = np.random.default_rng(0)
    images_NE = unit_rows(rng.standard_normal((images, dim), dtype=np.float32))
    items_M = np.repeat(np.arange(images), CAPTIONS)
    noise_ME = unit_rows(rng.standard_normal((len(items_M), dim), dtype=np.float32))
    return images_NE, unit_rows(0.15 * images_NE[items_M] + noise_ME), items_M


def _ours(images_NE: np.ndarray, texts_ME: np.ndarray, items_M: np.ndarray) -> dict[str, float]:
    pairs = Pairs(images_NE, texts_ME, items_M, np.arange(len(images_NE)), np.arange(len(texts_ME)))
    texts, pictures = rank_both(pairs)
    return {f"{way}@{k}": float((r.rank_Q <= k).mean()) for way, r in (("t2i", texts), ("i2t", pictures)) for k in KS}


def _whole(images_NE: np.ndarray, texts_ME: np.ndarray, items_M: np.ndarray) -> dict[str, float]:
    scores_MN = torch.from_numpy(texts_ME) @ torch.from_numpy(images_NE).T
    top_MK = scores_MN.topk(max(KS), dim=1).indices.numpy()
    top_NK = scores_MN.T.topk(max(KS), dim=1).indices.numpy()
    return _recalls(top_MK, top_NK, items_M)


def _faiss(images_NE: np.ndarray, texts_ME: np.ndarray, items_M: np.ndarray) -> dict[str, float]:
    found = []
    for queries, candidates in ((texts_ME, images_NE), (images_NE, texts_ME)):
        index = faiss.IndexFlatIP(candidates.shape[1])
        index.add(candidates)
        found.append(index.search(queries, max(KS))[1])
    return _recalls(found[0], found[1], items_M)


def _recalls(top_MK: np.ndarray, top_NK: np.ndarray, items_M: np.ndarray) -> dict[str, float]:
    right_MK = top_MK == items_M[:, None]
    right_NK = items_M[top_NK] == np.arange(len(top_NK))[:, None]
    ways = (("t2i", right_MK), ("i2t", right_NK))
    return {f"{way}@{k}": float(right[:, :k].any(1).mean()) for way, right in ways for k in KS}


def _product(images_NE: np.ndarray, texts_ME: np.ndarray) -> None:
    buffer_BN = np.empty((800, len(images_NE)), dtype=np.float32)
    for start in range(0, len(texts_ME), 800):
        block_BE = texts_ME[start : start + 800]
        np.matmul(block_BE, images_NE.T, out=buffer_BN[: len(block_BE)])


def _clip_benchmark(images_NE: np.ndarray, texts_ME: np.ndarray) -> dict[str, float]:
    """Its own evaluation from end to end, with embeddings in place of a model."""
    texts = torch.from_numpy(texts_ME)

    class Recorded:
        def encode_image(self, batch: torch.Tensor) -> torch.Tensor:
            return batch

        def encode_text(self, numbers: torch.Tensor) -> torch.Tensor:
            return texts[numbers]

    def loader() -> Iterator[tuple[torch.Tensor, list[list[int]]]]:
        for start in range(0, len(images_NE), 64):
            images = torch.from_numpy(images_NE[start : start + 64])
            yield images, [list(range(n * CAPTIONS, (n + 1) * CAPTIONS)) for n in range(start, start + len(images))]

    class Quiet:
        def __init__(self, items: Any):
            self.items = items

        def __iter__(self) -> Any:
            return iter(self.items)

    zeroshot_retrieval.tqdm = Quiet
    found = zeroshot_retrieval.evaluate(Recorded(), loader(), torch.tensor, "cpu", amp=False, recall_k_list=list(KS))
    names = {"t2i": "image_retrieval_recall", "i2t": "text_retrieval_recall"}
    return {f"{way}@{k}": found[f"{name}@{k}"] for way, name in names.items() for k in KS}


def _agree(ours: dict[str, float], other: dict[str, float]) -> None:
    for name, value in ours.items():
        assert abs(value - other[name]) < 2e-4, f"{name}: ours {value}, theirs {other[name]}"
