"""The embedding cache gives back exactly what was put in for exactly this data and model, or refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ml_core.store import Store
from ml_core.store.embeddings import EmbeddingCache, Refused

ROWS = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    cache = EmbeddingCache(Store(tmp_path), "d" * 64, "model@1", "p" * 64)
    cache.write("images", 0, ROWS)
    return cache


def the_file(cache: EmbeddingCache) -> str:
    (key,) = cache.store.list()
    return key


def test_a_chunk_comes_back_bit_for_bit(cache: EmbeddingCache) -> None:
    found = cache.read("images", 0, 6)
    assert found is not None
    assert found.dtype == np.float32
    assert np.array_equal(found, ROWS)


def test_what_was_never_written_is_not_there(cache: EmbeddingCache) -> None:
    assert cache.read("texts", 0, 6) is None
    assert cache.read("images", 512, 518) is None


@pytest.mark.parametrize(
    "change", [{"dataset_hash": "e" * 64}, {"model_id": "model@2"}, {"preprocessing_hash": "q" * 64}]
)
def test_another_data_set_model_or_preprocessing_finds_nothing(cache: EmbeddingCache, change: dict[str, str]) -> None:
    assert dataclasses.replace(cache, **change).read("images", 0, 6) is None


@pytest.mark.parametrize("change", [{"dataset_hash": "d" * 32 + "e" * 32}, {"model_id": "model@2"}])
def test_a_chunk_moved_to_another_key_is_refused(cache: EmbeddingCache, change: dict[str, str]) -> None:
    other = dataclasses.replace(cache, **change)
    cache.store.write_bytes(other._key("images", 0), cache.store.read_bytes(the_file(cache)))
    with pytest.raises(Refused, match=r"dataset is|model is"):
        other.read("images", 0, 6)


def test_a_chunk_of_another_range_is_refused(cache: EmbeddingCache) -> None:
    with pytest.raises(Refused, match="stop is '6', wanted '5'"):
        cache.read("images", 0, 5)


@pytest.mark.parametrize("where", [-1, -40, 9, 60])
def test_one_flipped_byte_is_noticed(cache: EmbeddingCache, where: int) -> None:
    data = bytearray(cache.store.read_bytes(the_file(cache)))
    data[where] ^= 0x20
    cache.store.write_bytes(the_file(cache), bytes(data))
    with pytest.raises(Refused):
        cache.read("images", 0, 6)


@pytest.mark.parametrize("length", [0, 5, 100, -4])
def test_a_file_cut_short_is_noticed(cache: EmbeddingCache, length: int) -> None:
    data = cache.store.read_bytes(the_file(cache))
    cache.store.write_bytes(the_file(cache), data[:length])
    with pytest.raises(Refused):
        cache.read("images", 0, 6)


def test_a_header_that_is_no_object_is_refused(cache: EmbeddingCache) -> None:
    header = json.dumps([1]).encode()
    cache.store.write_bytes(the_file(cache), len(header).to_bytes(8, "little") + header)
    with pytest.raises(Refused, match="header"):
        cache.read("images", 0, 6)


def test_values_that_are_not_finite_are_never_kept(cache: EmbeddingCache) -> None:
    with pytest.raises(ValueError, match="not finite"):
        cache.write("texts", 0, np.full((2, 4), np.nan, np.float32))
    assert cache.read("texts", 0, 2) is None


def test_chunks_cover_all_rows_in_fixed_sizes(cache: EmbeddingCache) -> None:
    assert cache.chunks("images", 1100) == [(0, 512), (512, 1024), (1024, 1100)]
    assert cache.chunks("texts", 0) == []
