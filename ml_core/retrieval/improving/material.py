"""What all ways of improving share: data, embeddings through the cache, templated captions, words, categories."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml_core.datasets.types import Dataset
from ml_core.encoders.encoding import encode_texts
from ml_core.events import Event
from ml_core.methods.retrieval_improve import RetrievalImprove
from ml_core.retrieval.improving.category import Labels
from ml_core.retrieval.improving.generated import read_generated
from ml_core.retrieval.improving.lexical import Words, captions_of, neighbours
from ml_core.retrieval.improving.templates import CATEGORY, SETS, filled, templates_for
from ml_core.retrieval.pairs import Pairs, unit_rows
from ml_core.spec import BadInput, Context
from ml_core.store import Store


@dataclass
class Material:
    """One data set with one encoder, ready to be ranked in many ways; `base` has the captions as they are."""

    spec: RetrievalImprove
    context: Context
    dataset: Dataset
    encoder: Any
    base: Pairs
    words: Words | None = None
    labels: Labels | None = None
    predicted_M: np.ndarray | None = None  # places in labels.names
    held_out: bool = True  # False: the encoder was trained on some of these pictures

    def vectors(self, templates: str, category_M: np.ndarray | None = None) -> Generator[Event, None, list[np.ndarray]]:
        """Unit vectors of every caption in each template of a set, K arrays (M, E); IDENTITY costs nothing.

        For the set `category`, each caption's templates are those of its `category_M`.
        """
        found = []
        for place in range(self.count(templates)):
            vectors_ME = yield from self._one(self._texts(templates, place, category_M))
            found.append(vectors_ME)
        return found

    def rows(self, rows_R: np.ndarray, category_M: np.ndarray) -> Generator[Event, None, list[np.ndarray]]:
        """The same of the set `category` for the captions `rows_R` alone: K arrays (R, E)."""
        found = []
        for place in range(self.count(CATEGORY)):
            texts = self._texts(CATEGORY, place, category_M)
            vectors_RE = yield from self._one([texts[row] for row in rows_R.tolist()], rows_R)
            found.append(vectors_RE)
        return found

    def count(self, templates: str) -> int:
        """K, the number of templates of a set that are used."""
        every = len(templates_for("") if templates == CATEGORY else SETS[templates])
        return min(self.spec.k_templates or every, every)

    def _texts(self, templates: str, place: int, category_M: np.ndarray | None) -> list[str]:
        captions = self.dataset.caption_texts
        if templates != CATEGORY:
            return [filled(SETS[templates][place], caption) for caption in captions]
        if self.labels is None or category_M is None:
            raise ValueError("templates by category need the category of every caption")
        of_category = [templates_for(name)[place] for name in self.labels.names]
        return [filled(of_category[number], text) for number, text in zip(category_M, captions, strict=True)]

    def _one(self, texts: Sequence[str], rows_R: np.ndarray | None = None) -> Generator[Event, None, np.ndarray]:
        captions = self.dataset.caption_texts
        chosen = captions if rows_R is None else [captions[row] for row in rows_R.tolist()]
        if list(texts) == list(chosen):
            return self.base.texts_ME if rows_R is None else self.base.texts_ME[rows_R]
        if not hasattr(self.encoder, "encode_texts"):
            raise BadInput(
                "vectors from a file are of captions as they are and cannot be put into templates; choose templates "
                "“none”, or a model as the encoder",
                field="encoder",
            )
        encoded = yield from encode_texts(texts, self.encoder, Store(self.context.cache), self.context)
        return unit_rows(encoded)


def restricted(base: Pairs, rows_R: np.ndarray) -> Pairs:
    """The same pictures with the captions `rows_R` alone."""
    if len(rows_R) == len(base.items_M):
        return base
    return replace(
        base, texts_ME=base.texts_ME[rows_R], items_M=base.items_M[rows_R], text_order_M=base.text_order_M[rows_R]
    )


def texts_of(spec: RetrievalImprove, dataset: Dataset) -> list[str]:
    """The text of each picture whose words re-rank, as the settings want them; none where they are off."""
    if spec.lexical == "off":
        return []
    if spec.lexical == "generated":
        return read_generated(spec.generated, dataset)
    return captions_of(dataset.caption_texts, np.asarray(dataset.caption_items), len(dataset.item_ids))


def words_of(spec: RetrievalImprove, dataset: Dataset, base: Pairs, texts_N: Sequence[str]) -> Words | None:
    """The words that re-rank; None where they are off."""
    if spec.lexical == "off":
        return None
    own_M = np.full(len(base.items_M), -1) if spec.lexical == "generated" else base.items_M
    like_NJ = None
    if spec.lexical == "neighbours":
        like_NJ = neighbours(base, spec.top + spec.neighbours + 1)  # so many may be answers or the query's own
        if like_NJ.shape[1] < spec.top + spec.neighbours:
            raise BadInput(
                f"there are too few pictures for {spec.neighbours} others to speak for each of the first {spec.top}: "
                "re-rank fewer",
                field="top",
            )
    return Words(dataset.caption_texts, texts_N, own_M, spec.ngrams, like_NJ, spec.neighbours)


def is_dev(ids: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Which pictures belong to the part on which settings are searched, by a hash of (seed, id): (N,) bool."""
    limit = int(share * 2**64)
    return np.array(
        [int.from_bytes(hashlib.sha256(f"dev\0{seed}\0{name}".encode()).digest()[:8], "big") < limit for name in ids]
    )
