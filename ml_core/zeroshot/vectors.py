"""Vectors of pictures and texts: unit length, means, and similarities in blocks of pictures that never depend on
anything but the rows themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

BLOCK = 512  # pictures at a time: every method multiplies the same blocks, so that equal vectors give equal scores


def unit(rows_NE: np.ndarray) -> np.ndarray:
    """Rows (…, E) at unit length, float32; a row of zeros stays."""
    length = np.sqrt(np.einsum("...e,...e->...", rows_NE, rows_NE, dtype=np.float64))[..., None]
    return (rows_NE / np.where(length == 0, 1, length)).astype(np.float32)


def ensemble(rows_CTE: np.ndarray) -> np.ndarray:
    """n(mean of T unit vectors), (C, E): OpenAI's prompt ensembling. A single one stays as it is, to the bit."""
    return rows_CTE[:, 0] if rows_CTE.shape[1] == 1 else unit(rows_CTE.mean(axis=1, dtype=np.float64))


def similarities(images_NE: np.ndarray, classes_CE: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(first picture, cosines (B, C) float32) block after block, in order."""
    for start in range(0, len(images_NE), BLOCK):
        yield start, products(images_NE[start : start + BLOCK], classes_CE)


def products(rows_BE: np.ndarray, others_CE: np.ndarray) -> np.ndarray:
    """Inner products (B, C) float32 on one core: many cores would split the sums differently."""
    with blas().limit(limits=1):
        return np.asarray(rows_BE @ others_CE.T, dtype=np.float32)


@cache
def blas() -> ThreadpoolController:
    """What multiplies matrices here; looking for it takes longer than a small product does."""
    return ThreadpoolController().select(user_api="blas")


@dataclass(frozen=True)
class Texts:
    """Distinct texts with their vectors, (U, E)."""

    place: dict[str, int]
    vectors_UE: np.ndarray

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, (M, E)."""
        return self.vectors_UE[[self.place[text] for text in texts]]

    def ragged(self, rows: Sequence[Sequence[str]]) -> Captions:
        """The captions of N owners, each with as many as it has."""
        most = max((len(row) for row in rows), default=0)
        text_NK = np.full((len(rows), most), -1, dtype=np.int32)
        for owner, row in enumerate(rows):
            text_NK[owner, : len(row)] = [self.place[text] for text in row]
        return Captions(self.vectors_UE, text_NK)


@dataclass(frozen=True)
class Captions:
    """Captions of N owners: `text_NK` are rows of `vectors_UE`, -1 where an owner has fewer than K."""

    vectors_UE: np.ndarray
    text_NK: np.ndarray

    def __len__(self) -> int:
        return len(self.text_NK)

    def first(self, most: int) -> Captions:
        """The first captions of each owner; 0 leaves all."""
        return Captions(self.vectors_UE, self.text_NK[:, :most]) if most else self

    def chosen(self, owners: np.ndarray | slice) -> Captions:
        """Those of some owners."""
        return Captions(self.vectors_UE, self.text_NK[owners])

    def weights(self, owners_NE: np.ndarray, tau: float | None) -> np.ndarray:
        """softmax over captions of (caption · owner) / τ, (N, K) float64; uniform where τ is None. An owner without
        captions has weights of 0."""
        there_NK = self.text_NK >= 0
        if tau is None:
            return there_NK / np.maximum(there_NK.sum(1, keepdims=True), 1)
        return softmax(self.likeness(owners_NE), there_NK, tau)

    def likeness(self, owners_NE: np.ndarray) -> np.ndarray:
        """Cosine of each caption and its owner, (N, K) float64 and summed as such: a small temperature
        makes a thousandfold of what is missed. Of no meaning where there is no caption."""
        found = np.empty(self.text_NK.shape, np.float64)
        for start in range(0, len(self), BLOCK):
            part = slice(start, start + BLOCK)
            captions_BKE = self.vectors_UE[self.text_NK[part]].astype(np.float64)
            found[part] = np.einsum("nke,ne->nk", captions_BKE, owners_NE[part].astype(np.float64))
        return found

    def mixed(self, weights_NK: np.ndarray) -> np.ndarray:
        """n(Σ_k weight · caption), (N, E) float32; zeros for an owner without captions."""
        mixed_NE = np.zeros((len(self), self.vectors_UE.shape[1]), np.float32)
        for start in range(0, len(self), BLOCK):
            part = slice(start, start + BLOCK)
            weights = weights_NK[part].astype(np.float32)
            mixed_NE[part] = unit(np.einsum("nk,nke->ne", weights, self.vectors_UE[self.text_NK[part]]))
        return mixed_NE


def softmax(scores_NK: np.ndarray, there_NK: np.ndarray, tau: float) -> np.ndarray:
    """Over the last axis where `there_NK`, float64; rows without anything are 0."""
    scaled_NK = np.where(there_NK, scores_NK.astype(np.float64) / tau, -np.inf)
    top_N1 = scaled_NK.max(axis=-1, keepdims=True, initial=-np.inf)
    raised_NK = np.exp(scaled_NK - np.where(np.isfinite(top_N1), top_N1, 0))
    return raised_NK / np.maximum(raised_NK.sum(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
