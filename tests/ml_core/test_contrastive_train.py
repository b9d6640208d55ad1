"""contrastive.train: learns, resumes exactly, never trains on what it is measured by, and leaves a model that loads."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml_core.contrastive.data import Batches, split
from ml_core.contrastive.dual import start_from, word_tokenizer
from ml_core.contrastive.validation import ranks_of_best, ranks_of_one
from ml_core.datasets.frozen import write_frozen
from ml_core.datasets.opening import open_dataset
from ml_core.datasets.sampling import subset
from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.events import Artifact, Checkpoint, Event, Log, Metric
from ml_core.methods import card
from ml_core.spec import BadInput, Context, Stopped
from ml_core.store import Store
from tests.tiny_models import tiny_clip, tiny_open_clip, tiny_siglip

CARD = card("contrastive.train")
TINY = dict(CARD.presets["quick test"]) | {"data": "scenes:96?size=32&split=train", "val_data": "scenes:24?size=32"}


def run(out: Path, *, resume: Path | None = None, stop: Any = lambda: False, **changes: Any) -> list[Event]:
    """Every event; a run that was stopped ends without an Artifact."""
    context = Context(out=out, cache=str(out / "cache"), workers=2, resume=resume, stop=stop)
    out.mkdir(parents=True, exist_ok=True)
    events: list[Event] = []
    with contextlib.suppress(Stopped):
        for event in CARD.load()(CARD.parse(TINY | changes), context):
            events.append(event)  # noqa: PERF402  what was said before a stop counts
    return events


class StopAfter:
    """Asks to stop once it has been asked `steps` times."""

    def __init__(self, steps: int):
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def values(events: list[Event]) -> dict[tuple[str, int | None], tuple[Any, ...]]:
    metrics = [event for event in events if isinstance(event, Metric)]
    assert len({(event.name, event.step) for event in metrics}) == len(metrics), "a metric came twice"
    return {(event.name, event.step): (event.value, event.low, event.high, event.n) for event in metrics}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    out = tmp_path_factory.mktemp("whole")
    return out, run(out)


def test_it_learns_and_ends_with_intervals(whole) -> None:
    found = values(whole[1])
    assert found["train/loss", 40][0] < found["train/loss", 10][0]
    value, low, high, n = found["val/t2i/recall@1", None]
    assert low <= value <= high
    assert n == 24
    assert found["val/t2i/recall@1", 40][0] <= value


def test_the_suites_trained_model_finds_scenes_it_never_saw(trained_checkpoint: Path) -> None:
    measured = json.loads((trained_checkpoint / "metrics.json").read_text())
    assert measured["val/t2i/recall@1"] > 4 / 200  # four times what guessing finds
    assert measured["val/t2i/recall@10"] > 40 / 200


def test_its_model_loads_as_checkpoint_and_as_hf_and_gives_the_same_numbers(whole) -> None:
    out, events = whole
    (artifact,) = [event for event in events if isinstance(event, Artifact)]
    ours, theirs = load_encoder(f"checkpoint:{out}"), load_encoder(f"hf:{out / artifact.path}")
    assert ours.revision == theirs.revision
    dataset = open_dataset(TINY["val_data"])
    images_NE = ours.encode_images([ours.prepare_bytes(dataset.open_bytes(n)) for n in range(24)])
    texts_ME = ours.encode_texts(dataset.caption_texts)
    assert np.array_equal(texts_ME, theirs.encode_texts(dataset.caption_texts))
    ranks = ranks_of_one(texts_ME, images_NE, dataset.caption_items, np.arange(24))
    assert (ranks == 1).mean() == pytest.approx(values(events)["val/t2i/recall@1", None][0], abs=0.02)


def test_what_the_model_comes_from_is_written_beside_it(whole) -> None:
    facts = json.loads((whole[0] / "model" / "nearmiss.json").read_text("utf-8"))
    assert facts["train_hash"] == open_dataset(TINY["data"]).content_hash
    assert facts["spec"]["max_steps"] == 40


@pytest.mark.parametrize("after", [5, 27])
def test_a_resumed_run_ends_with_exactly_the_same_metrics(whole, tmp_path: Path, after: int) -> None:
    out, events = whole
    first = run(tmp_path / "a", stop=StopAfter(after))
    (*_, checkpoint) = [event for event in first if isinstance(event, Checkpoint)]
    assert checkpoint.step == after
    second = run(tmp_path / "b", resume=tmp_path / "a" / checkpoint.path)
    assert values([*first, *second]) == values(events)
    weights = [folder / "model" / "model.safetensors" for folder in (out, tmp_path / "b")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_where_data_and_start_lie_does_not_matter_to_a_checkpoint(whole, tmp_path: Path) -> None:
    moved = shutil.copytree(whole[0] / "model", tmp_path / "moved")
    first = run(tmp_path / "a", start=f"checkpoint:{whole[0]}", max_steps=8, stop=StopAfter(3))
    (checkpoint,) = [event for event in first if isinstance(event, Checkpoint)]
    again = run(tmp_path / "b", start=f"checkpoint:{moved}", max_steps=8, resume=tmp_path / "a" / checkpoint.path)
    assert any(isinstance(event, Artifact) for event in again)


def test_another_seed_is_another_run(whole, tmp_path: Path) -> None:
    assert values(run(tmp_path, seed=1)) != values(whole[1])


def test_a_checkpoint_of_other_settings_is_refused(whole, tmp_path: Path) -> None:
    folder = next((whole[0] / "checkpoints").iterdir())
    with pytest.raises(BadInput, match="other settings"):
        run(tmp_path, resume=folder, learning_rate=0.01)


@pytest.mark.parametrize("reference", ["clip", "siglip"])
def test_a_model_that_exists_can_be_trained_further(tmp_path: Path, reference: str) -> None:
    folder = {"clip": tiny_clip, "siglip": tiny_siglip}[reference]()
    events = run(tmp_path, start=f"hf:{folder}", max_steps=20, learning_rate=0.003)
    found = values(events)
    assert found["train/loss", 20][0] < found["train/loss", 10][0]
    tuned, before = load_encoder(f"checkpoint:{tmp_path}"), load_encoder(f"hf:{folder}")
    assert tuned.revision != before.revision
    assert tuned.preprocessing_hash == before.preprocessing_hash


def test_our_own_model_can_be_trained_further(whole, tmp_path: Path) -> None:
    events = run(tmp_path, start=f"checkpoint:{whole[0]}", max_steps=4, learning_rate=1e-4)
    assert values(events)["train/loss", 4][0] < values(whole[1])["train/loss", 10][0]


@pytest.mark.parametrize("start", ["embeddings:x.npz", "open_clip:{tiny}", "hf:/no/such", "nonsense"])
def test_a_start_that_cannot_be_trained_is_refused(tmp_path: Path, start: str) -> None:
    with pytest.raises(BadInput):
        run(tmp_path, start=start.format(tiny=tiny_open_clip()))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patch": 7}, "patch"),
        ({"heads": 5}, "heads"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"batch_size": 1}, "batch_size"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_a_setting_out_of_bounds_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        CARD.parse(TINY | changes)
    assert caught.value.field == field


@pytest.mark.parametrize("name", list(CARD.presets))
def test_every_preset_is_a_valid_choice(name: str) -> None:
    CARD.parse({"data": "scenes:10"} | CARD.presets[name])


@pytest.fixture(scope="module")
def scenes() -> Dataset:
    return open_dataset("scenes:60?size=32&split=train")


def test_a_share_is_held_out_by_content(scenes: Dataset) -> None:
    plain = dataclasses.replace(scenes, facts=[], file_hashes=[f"{n // 2}" for n in range(60)])
    parts = split(plain, None, fraction=0.2, limit=1000, seed=3)
    assert not set(parts.train.file_hashes) & set(parts.held_out.file_hashes)
    assert len(parts.held_out.item_ids) == 12
    assert len(parts.train.item_ids) == 48
    assert parts.held_out.item_ids == split(plain, None, fraction=0.2, limit=1000, seed=3).held_out.item_ids


def test_siblings_of_a_drawn_scene_are_held_out_together(scenes: Dataset) -> None:
    parts = split(scenes, None, fraction=0.2, limit=1000, seed=3)
    families = [{facts["family"] for facts in part.facts} for part in (parts.train, parts.held_out)]
    assert families[1]
    assert not families[0] & families[1]


def test_siblings_of_scenes_in_a_held_out_set_of_its_own_are_not_trained_on(scenes: Dataset, tmp_path: Path) -> None:
    write_frozen(subset(scenes, range(0, 60, 20)), Store(tmp_path), "val")  # families 0, 2 and 5
    sampled = open_dataset(f"frozen:{tmp_path}/val?sample=3&seed=5")
    parts = split(scenes, sampled, fraction=0.1, limit=1000, seed=0)
    families = [{facts["family"] for facts in part.facts} for part in (parts.train, parts.held_out)]
    assert families == [{1, 3, 4, 6, 7}, {0, 2, 5}]
    assert parts.shared == 24


def test_scenes_of_another_seed_are_no_siblings_though_their_families_have_the_same_numbers(scenes: Dataset) -> None:
    other = open_dataset("scenes:16?size=32&split=train&seed=9")
    parts = split(scenes, other, fraction=0.1, limit=1000, seed=0)
    assert (len(parts.train.item_ids), parts.shared) == (60, 0)


def test_pictures_that_are_held_out_are_not_trained_on(scenes: Dataset, tmp_path: Path) -> None:
    parts = split(scenes, subset(scenes, range(50, 60)), fraction=0.1, limit=1000, seed=0)
    assert parts.shared >= 10
    assert not set(parts.train.file_hashes) & set(parts.held_out.file_hashes)
    with pytest.raises(BadInput, match="fewer than two") as caught:
        split(scenes, scenes, fraction=0.1, limit=1000, seed=0)
    assert caught.value.field == "val_data"
    events = run(tmp_path, val_data="scenes:30?size=32&split=train", max_steps=2)
    assert any(isinstance(event, Log) and "left out of training" in event.message for event in events)


def test_a_data_set_without_captions_is_refused(scenes: Dataset) -> None:
    bare = dataclasses.replace(scenes, caption_ids=[], caption_texts=[], caption_items=np.zeros(0, np.int32))
    with pytest.raises(BadInput, match="no pictures with captions"):
        split(bare, None, fraction=0.1, limit=10, seed=0)


def test_pictures_without_captions_are_left_out_on_both_sides(scenes: Dataset) -> None:
    told = scenes.caption_items >= 30
    half = dataclasses.replace(
        scenes,
        caption_ids=[name for name, keep in zip(scenes.caption_ids, told, strict=True) if keep],
        caption_texts=[text for text, keep in zip(scenes.caption_texts, told, strict=True) if keep],
        caption_items=scenes.caption_items[told],
    )
    parts = split(half, None, fraction=0.3, limit=1000, seed=0)
    assert {*parts.train.item_ids, *parts.held_out.item_ids} == set(scenes.item_ids[30:])


@pytest.mark.parametrize("name", ["data", "val_data"])
@pytest.mark.parametrize("reference", ["scenes:1", "scenes:0", "coco:/no/such/folder", "nonsense"])
def test_data_that_cannot_be_used_is_named(tmp_path: Path, name: str, reference: str) -> None:
    if (name, reference) == ("val_data", "scenes:1"):
        assert values(run(tmp_path, val_data=reference, max_steps=1))["val/t2i/recall@1", None][0] == 1
        return
    with pytest.raises(BadInput) as caught:
        run(tmp_path, **{name: reference})
    assert caught.value.field == name


def test_a_batch_shows_each_picture_once_with_one_of_its_captions(scenes: Dataset) -> None:
    parts = start_from(CARD.parse(TINY), scenes.caption_texts)  # type: ignore[arg-type]
    batches = Batches(scenes, parts, size=20, seed=0, workers=2)
    assert batches.an_epoch == 3
    shown = [batches.batch(step) for step in range(3)]
    pictures = torch.cat([batch["pictures"] for batch in shown])
    expected = np.sort(np.unique(scenes.file_hashes, return_inverse=True)[1])
    assert np.array_equal(np.sort(pictures.numpy()), expected)
    again = batches.batch(1)
    assert all(torch.equal(again["tokens"][name], shown[1]["tokens"][name]) for name in again["tokens"])
    assert torch.equal(again["pixels"], shown[1]["pixels"])
    batches.pictures.close()


def test_the_vocabulary_is_the_words_that_occur_twice() -> None:
    tokenizer = word_tokenizer(["A red ball.", "a blue ball, again"])
    assert set(tokenizer.get_vocab()) == {"<pad>", "<unk>", "<start>", "<end>", "a", "ball"}
    ids = tokenizer(["a ball unheard"])["input_ids"][0]
    assert tokenizer.convert_ids_to_tokens(ids) == ["<start>", "a", "ball", "<unk>", "<end>"]


def test_ranks_count_greater_scores_and_earlier_equals() -> None:
    answers = np.array([[1.0, 0.0], [0.6, 0.8], [0.6, 0.8], [0.0, 1.0]], dtype=np.float32)
    queries = np.array([[1.0, 0.0], [0.6, 0.8], [0.6, 0.8]], dtype=np.float32)
    order = np.array([0, 2, 1, 3])
    assert ranks_of_one(queries, answers, np.array([3, 1, 2]), order).tolist() == [4, 2, 1]
    owner = np.array([0, 1, 1, 0])
    assert ranks_of_best(queries[:2], answers, np.array([1, 0]), owner, order).tolist() == [2, 3]
