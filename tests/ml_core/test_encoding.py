"""Encoding a data set: finished chunks are used again, the rest is computed, the result is the same to the bit."""

from __future__ import annotations

import dataclasses
import itertools
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml_core.datasets.frozen import write_frozen
from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_dataset
from ml_core.events import Event, Log, Progress
from ml_core.spec import BadInput, Context, Stopped
from ml_core.store import Store
from tests.tiny_models import tiny_clip

PICTURES, TEXTS = 600, 3000  # more than one chunk of 512 and one of 2048


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Drawn scenes kept as files, because drawing them takes longer than encoding them."""
    folder = tmp_path_factory.mktemp("scenes")
    write_frozen(open_dataset(f"scenes:{PICTURES}?size=32"), Store(folder), "set")
    return f"frozen:{folder}/set"


@pytest.fixture(scope="module")
def dataset(reference: str) -> Dataset:
    return open_dataset(reference)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(f"hf:{tiny_clip()}")


def encoded(dataset: Dataset, encoder, folder: Path, **options: object):
    """(pictures, texts, events)"""
    context = Context(out=folder, cache=str(folder), **options)  # type: ignore[arg-type]
    work, events = encode_dataset(dataset, encoder, Store(folder), context), []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return *end.value, events


@pytest.fixture(scope="module")
def whole(dataset: Dataset, encoder, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("whole")
    return *encoded(dataset, encoder, folder, workers=2), folder


def fresh(events: list[Event]) -> int:
    """How many rows were really encoded: those of events with a rate."""
    last: dict[str, int] = {}
    total = 0
    for event in events:
        assert isinstance(event, (Progress, Log))
        if isinstance(event, Progress):
            total += (event.done - last.get(event.stage, 0)) if event.rate else 0
            last[event.stage] = event.done
    return total


def test_rows_stand_in_the_frozen_order(dataset: Dataset, encoder, whole) -> None:
    images_NE, texts_ME, events, _ = whole
    assert images_NE.shape == (PICTURES, 16)
    assert texts_ME.shape == (TEXTS, 16)
    some = [0, 511, 512, PICTURES - 1]
    alone = encoder.encode_images([encoder.prepare_bytes(dataset.open_bytes(n)) for n in some])
    assert np.allclose(images_NE[some], alone, atol=1e-5)
    some = [3, 2047, 2048, TEXTS - 1]
    assert np.allclose(texts_ME[some], encoder.encode_texts([dataset.caption_texts[n] for n in some]), atol=1e-5)
    assert fresh(events) == PICTURES + TEXTS
    assert events[-1].done == events[-1].total == TEXTS


def test_a_second_encoding_computes_nothing(dataset: Dataset, encoder, whole) -> None:
    images_NE, texts_ME, _, folder = whole
    again_NE, again_ME, events = encoded(dataset, encoder, folder)
    assert np.array_equal(images_NE, again_NE)
    assert np.array_equal(texts_ME, again_ME)
    assert fresh(events) == 0


def test_an_encoding_asked_to_stop_goes_on_and_ends_bit_for_bit_the_same(dataset, encoder, whole, tmp_path) -> None:
    images_NE, texts_ME, _, _ = whole
    asked = itertools.count()
    with pytest.raises(Stopped):
        encoded(dataset, encoder, tmp_path, stop=lambda: next(asked) > 7)
    again_NE, again_ME, events = encoded(dataset, encoder, tmp_path)
    assert np.array_equal(images_NE, again_NE)
    assert np.array_equal(texts_ME, again_ME)
    assert fresh(events) == PICTURES + TEXTS - 512


KILLED = """
import os, signal, sys
from pathlib import Path
from ml_core.datasets.opening import open_dataset
from ml_core.encoders import load_encoder
from ml_core.encoders.encoding import encode_dataset
from ml_core.spec import Context
from ml_core.store import Store

if __name__ == "__main__":
    model, reference, folder = sys.argv[1:]
    context = Context(out=Path(folder), cache=folder)
    for event in encode_dataset(open_dataset(reference), load_encoder(model), Store(folder), context):
        if event.done > 512:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_encoding_goes_on_from_its_chunks(dataset, reference, encoder, whole, tmp_path: Path) -> None:
    images_NE, texts_ME, _, _ = whole
    (tmp_path / "killed.py").write_text(KILLED)
    folder, root = tmp_path / "cache", Path(__file__).parents[2]
    words = [sys.executable, str(tmp_path / "killed.py"), f"hf:{tiny_clip()}", reference, str(folder)]
    environment = {"PYTHONPATH": str(root), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=root, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    again_NE, again_ME, events = encoded(dataset, encoder, folder)
    assert np.array_equal(images_NE, again_NE)
    assert np.array_equal(texts_ME, again_ME)
    assert fresh(events) == PICTURES + TEXTS - 512


def test_a_damaged_chunk_is_refused_aloud_and_computed_again(dataset, encoder, whole, tmp_path: Path) -> None:
    images_NE, _, _, folder = whole
    source, store = Store(folder), Store(tmp_path)
    for key in source.list():
        data = bytearray(source.read_bytes(key))
        data[-1] ^= key.endswith("images-000000512.safetensors")
        store.write_bytes(key, bytes(data))
    again_NE, _, events = encoded(dataset, encoder, tmp_path)
    assert np.array_equal(images_NE, again_NE)
    assert [event.level for event in events if isinstance(event, Log)] == ["warning"]
    assert fresh(events) == PICTURES - 512


def test_a_picture_that_cannot_be_decoded_is_named(dataset: Dataset, encoder, tmp_path: Path) -> None:
    broken = dataclasses.replace(dataset, open_bytes=lambda n: b"rubbish" if n == 70 else dataset.open_bytes(n))
    with pytest.raises(BadInput, match=dataset.file_names[70]):
        encoded(broken, encoder, tmp_path)


def test_an_encoder_that_gives_nan_is_refused_and_nothing_is_kept(dataset, tmp_path: Path) -> None:
    encoder = load_encoder(f"hf:{tiny_clip()}")
    encoder.model.visual_projection.weight.fill_(float("nan"))
    with pytest.raises(BadInput, match="NaN"):
        encoded(dataset, encoder, tmp_path)
    assert Store(tmp_path).list() == []
