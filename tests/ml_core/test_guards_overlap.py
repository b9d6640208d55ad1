"""What a model was trained on is kept beside it, and an evaluation on it is refused or marked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.overlap import FILE, Content, Seen, are_scenes, content_of, read_seen, seen_by, shared, write_seen
from ml_core.events import Event, Log, Provenance
from ml_core.spec import BadInput
from tests.ml_core.recorded import run_method

TRAINING = "scenes:40?seed=5&size=32&split=train"
TINY = {
    "image_size": 32, "patch": 16, "width": 32, "heads": 2, "vision_layers": 1, "text_layers": 1, "embedding": 16,
    "max_steps": 2, "batch_size": 8, "eval_every": 2, "checkpoint_every": 2, "val_limit": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that saw most of TRAINING."""
    folder = tmp_path_factory.mktemp("trained")
    run_method("contrastive.train", folder, data=TRAINING, **TINY)
    return folder


def evaluate(out: Path, folder: Path, data: str, **values: object) -> list[Event]:
    return run_method("retrieval.evaluate", out, data=data, encoder=f"checkpoint:{folder}", resamples=100, **values)


def facts_of(events: list[Event]) -> dict:
    return {key: value for event in events if isinstance(event, Provenance) for key, value in event.facts.items()}


def test_a_model_says_which_pictures_it_saw_and_which_it_was_chosen_on(trained: Path) -> None:
    seen = seen_by(f"checkpoint:{trained}")
    assert seen is not None and seen == seen_by(f"hf:{trained / 'model'}") and seen.complete
    dataset = open_dataset(TRAINING)
    assert seen.train.ids | seen.val.ids == set(dataset.item_ids) and not seen.train.ids & seen.val.ids
    assert not seen.train.families & seen.val.families
    assert len(next(iter(seen.train.hashes))) == 32


def test_pictures_seen_in_training_are_refused_with_their_number_and_the_ways_out(
    trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="pictures have the same id") as refusal:
        evaluate(tmp_path, trained, TRAINING)
    assert refusal.value.field == "encoder"
    assert "same content" in str(refusal.value) and "overlap=allow" in str(refusal.value)


def test_the_command_line_refuses_with_exit_2_and_one_message(trained: Path, tmp_path: Path) -> None:
    words = ["retrieval.evaluate", f"data={TRAINING}", f"encoder=checkpoint:{trained}", f"out={tmp_path / 'out'}"]
    ended = subprocess.run([sys.executable, "-m", "ml_core", *words], capture_output=True, text=True)
    assert ended.returncode == 2 and "The model was trained on what it is evaluated on" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_allowed_it_is_evaluated_and_says_that_nothing_was_held_out(trained: Path, tmp_path: Path) -> None:
    events = evaluate(tmp_path, trained, TRAINING, overlap="allow")
    facts = facts_of(events)
    assert facts["held_out"] == "no" and "same content" in facts["seen_in_training"]
    assert any(isinstance(event, Log) and event.message.startswith("Not held out") for event in events)
    assert facts["checkpoint_chosen_on"] > 0


def test_scenes_of_the_other_split_go_and_are_said_to_be_held_out(trained: Path, tmp_path: Path) -> None:
    facts = facts_of(evaluate(tmp_path, trained, "scenes:40?seed=5&size=32&split=heldout"))
    assert facts["held_out"] == "yes" and "seen_in_training" not in facts


def test_the_same_scenes_in_another_size_are_refused_by_their_ids(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="same id") as refusal:
        evaluate(tmp_path, trained, "scenes:40?seed=5&size=48&split=train")
    assert "same content" not in str(refusal.value)


def test_where_ids_mean_other_pictures_only_bytes_are_compared(trained: Path, tmp_path: Path) -> None:
    facts = facts_of(evaluate(tmp_path, trained, "scenes:40?seed=5&size=48&split=train", overlap="content"))
    assert facts["held_out"] == "yes" and facts["compared_with_training"] == "content"


def test_siblings_of_a_scene_count_as_seen() -> None:
    train = content_of(["train-5-0001-0"], ["a" * 64], scenes=True)
    found = shared(train, content_of(["train-5-0001-1"], ["b" * 64], scenes=True))
    assert found.families == ("train-5-0001",) and "have siblings there" in found.reason
    assert not shared(train, content_of(["train-5-0001-1"], ["b" * 64], scenes=False))
    assert not are_scenes([]) and are_scenes([{"family": 3}])


def test_an_old_checkpoint_without_the_file_is_unknown_not_held_out(trained: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    subprocess.run(["cp", "-r", str(trained / "model"), str(old)], check=True)
    (old / FILE).unlink()
    events = evaluate(tmp_path / "out", old, TRAINING)
    assert facts_of(events)["held_out"] == "unknown"
    assert any(isinstance(event, Log) and "is unknown" in event.message for event in events)


def test_a_model_that_went_on_from_another_saw_what_that_one_saw(trained: Path, tmp_path: Path) -> None:
    run_method(
        "contrastive.train",
        tmp_path,
        data="scenes:40?seed=9&size=32&split=train",
        start=f"checkpoint:{trained}",
        **TINY,
    )
    seen, first = seen_by(f"checkpoint:{tmp_path}"), seen_by(f"checkpoint:{trained}")
    assert seen is not None and first is not None and first.train.ids < seen.train.ids
    assert seen.complete and seen.start.startswith("checkpoint:")


def test_an_improvement_is_refused_in_the_same_way(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="trained on what it is evaluated on"):
        run_method("retrieval.improve", tmp_path, data=TRAINING, encoder=f"checkpoint:{trained}")


def test_what_was_written_is_read_again_and_a_damaged_file_is_refused(tmp_path: Path) -> None:
    seen = Seen(Content(frozenset("ab"), frozenset({"0f"}), frozenset()), start="hf:x", complete=False)
    write_seen(tmp_path, seen)
    data = (tmp_path / FILE).read_bytes()
    assert read_seen(data) == seen
    write_seen(tmp_path, seen)
    assert (tmp_path / FILE).read_bytes() == data
    for broken in (data[:-9], b"{}", b""):
        with pytest.raises(BadInput, match="cannot be read"):
            read_seen(broken)
