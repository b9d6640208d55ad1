"""The training loop on a problem small enough to know: resumes exactly, stops early, stops when asked, notices NaN."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from ml_core.events import Checkpoint, Event, Log, Metric, Progress
from ml_core.spec import BadInput, Context, Stopped
from ml_core.training import checkpoints, loop
from ml_core.training.loop import Diverged, Plan, learning_rate, parameter_groups, train
from ml_core.training.order import epoch_order, pick, split_off


class Line:
    """Fits a line with dropout and random noise from all three generators, so that resuming must restore them all."""

    def __init__(self, values: list[float] | None = None, poison: int = -1):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1))
        self.values, self.poison, self.evaluated = values, poison, 0

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(16, 3, generator=generator)
        y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
        return x, y * (math.nan if step == self.poison else 1)

    def loss(self, model: torch.nn.Module, batch: Any, device: torch.device) -> torch.Tensor:
        x, y = batch
        noise = 0.01 * (random.random() + np.random.random() + torch.rand(()).item())
        return ((model(x.to(device)) - y.to(device)) ** 2).mean() + noise

    def after_step(self) -> None:
        """Nothing to keep in bounds."""

    def evaluate(self, device: torch.device) -> dict[str, float]:
        self.evaluated += 1
        if self.values is not None:
            return {"val/score": self.values[self.evaluated - 1]}
        x, y = self.batch(10_000)
        return {"val/score": 1 / (1 + float(((self.model(x.to(device)).cpu() - y) ** 2).mean()))}


def plan(**changes: Any) -> Plan:
    values = {
        "steps": 40,
        "learning_rate": 0.01,
        "warmup_steps": 4,
        "weight_decay": 0.01,
        "eval_every": 10,
        "checkpoint_every": 10,
        "patience": 0,
        "watch": "val/score",
        "fingerprint": "f",
    }
    return Plan(**(values | changes))


def trained(task: Line, a_plan: Plan, out: Path, **options: Any) -> tuple[Any, list[Event]]:
    """The outcome and every event; where it was stopped, the Stopped in place of the outcome."""
    events: list[Event] = []
    work = train(task, a_plan, Context(out=out, cache="", **options))
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return end.value, events
        except Stopped as stopped:
            return stopped, events


def metrics(events: list[Event]) -> dict[tuple[str, int | None], float]:
    found = [event for event in events if isinstance(event, Metric)]
    assert len({(event.name, event.step) for event in found}) == len(found), "a metric came twice"
    return {(event.name, event.step): event.value for event in found}


def checkpoint_of(events: list[Event], out: Path) -> Path:
    return out / [event for event in events if isinstance(event, Checkpoint)][-1].path


def test_training_learns_and_says_how_it_goes(tmp_path: Path) -> None:
    outcome, events = trained(Line(), plan(steps=400, eval_every=100, checkpoint_every=200), tmp_path)
    curve = metrics(events)
    assert curve["train/loss", 400] < curve["train/loss", 10] / 3
    assert outcome.best_value == max(value for (name, _), value in curve.items() if name == "val/score")
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert (last.done, last.total, last.eta) == (400, 400, 0)


@pytest.mark.parametrize("after", [1, 9, 10, 17, 39])
def test_a_resumed_training_equals_one_that_was_never_stopped(tmp_path: Path, after: int) -> None:
    outcome, events = trained(whole := Line(), plan(), tmp_path / "whole")
    asked = itertools.count()
    stopped, first = trained(Line(), plan(), tmp_path / "first", stop=lambda: next(asked) >= after)
    assert isinstance(stopped, Stopped)
    resume = checkpoint_of(first, tmp_path / "first")
    random.seed(99), np.random.seed(99)
    again, second = trained(resumed := Line(), plan(), tmp_path / "second", resume=resume)
    assert again == outcome
    assert metrics([*first, *second]) == metrics(events)
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)


class HalfPrecision(Accelerator):
    """What accelerate does on a GPU with fp16, on the CPU: autocast and a scaler, here one that begins far too high."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.native_amp = True
        self.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**30, growth_interval=4)


@pytest.fixture
def half_precision(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """accelerate keeps one precision a process: forgotten before and after."""
    AcceleratorState._reset_state(True)
    monkeypatch.setattr(loop, "Accelerator", HalfPrecision)
    yield
    AcceleratorState._reset_state(True)


@pytest.mark.usefixtures("half_precision")
@pytest.mark.parametrize("after", [1, 17])
def test_a_resumed_training_in_half_precision_goes_on_with_the_scale_it_had_found(tmp_path: Path, after: int) -> None:
    half = plan(precision="fp16")
    outcome, events = trained(whole := Line(), half, tmp_path / "whole")
    asked = itertools.count()
    _, first = trained(Line(), half, tmp_path / "first", stop=lambda: next(asked) >= after)
    resume = checkpoint_of(first, tmp_path / "first")
    scale = torch.load(resume / checkpoints.MOMENTS, weights_only=True)["scaler"]["scale"]
    assert scale < 2.0**30  # steps were left out until the gradients became finite
    again, second = trained(resumed := Line(), half, tmp_path / "second", resume=resume)
    assert again == outcome
    assert metrics([*first, *second]) == metrics(events)
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_resuming_what_had_ended_changes_nothing(tmp_path: Path) -> None:
    outcome, events = trained(Line(), plan(), tmp_path)
    again, second = trained(task := Line(), plan(), tmp_path / "b", resume=checkpoint_of(events, tmp_path))
    assert again == outcome
    assert metrics(second) == {}
    assert task.evaluated == 0


def test_the_last_two_checkpoints_are_kept_and_no_unfinished_one(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / ".writing-0000005-1").mkdir(parents=True)
    trained(Line(), plan(), tmp_path)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["step-0000030", "step-0000040"]


def test_the_best_weights_are_the_result_and_travel_in_the_checkpoint(tmp_path: Path) -> None:
    task = Line(values=[0.1, 0.9, 0.3, 0.2])
    outcome, events = trained(task, plan(), tmp_path)
    assert (outcome.best_step, outcome.best_value) == (20, 0.9)
    trained(shorter := Line(values=[0.1, 0.9]), plan(), tmp_path / "b", stop=StopAfter(20))
    assert not torch.equal(task.model[0].weight, torch.zeros(8, 3))
    assert torch.equal(task.model[0].weight, shorter.model[0].weight)  # both hold the weights of step 20
    again, _ = trained(other := Line(), plan(), tmp_path / "c", resume=checkpoint_of(events, tmp_path))
    assert again == outcome
    assert torch.equal(other.model[0].weight, task.model[0].weight)


class StopAfter:
    """Asks to stop once it has been asked `steps` times."""

    def __init__(self, steps: int):
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_training_ends_when_nothing_gets_better(tmp_path: Path) -> None:
    outcome, events = trained(Line(values=[0.5, 0.4, 0.3, 0.2]), plan(patience=2), tmp_path)
    assert (outcome.best_step, outcome.last_step) == (10, 30)
    assert any(isinstance(event, Log) and "training ends" in event.message for event in events)


def test_a_loss_that_is_no_number_ends_training_with_advice(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"step 13.*lower the learning rate"):
        trained(Line(poison=12), plan(), tmp_path)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    _, events = trained(Line(), plan(), tmp_path)
    with pytest.raises(BadInput, match="other settings"):
        trained(Line(), plan(fingerprint="g"), tmp_path, resume=checkpoint_of(events, tmp_path))


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.pt", "best.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    _, events = trained(Line(), plan(), tmp_path)
    folder = checkpoint_of(events, tmp_path)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput) as caught:
        trained(Line(), plan(), tmp_path, resume=folder)
    assert caught.value.field == "resume"


def test_a_checkpoint_holds_no_pickled_objects(tmp_path: Path) -> None:
    _, events = trained(Line(), plan(), tmp_path)
    folder = checkpoint_of(events, tmp_path)
    torch.load(folder / "optimizer.pt", weights_only=True)
    assert set(json.loads((folder / "state.json").read_text())["sha256"]) == {
        "weights.safetensors",
        "best.safetensors",
        "optimizer.pt",
    }


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [learning_rate(plan(), step) for step in range(40)]
    assert rates[0] == pytest.approx(0.0025)
    assert max(rates) == rates[3] == rates[4] == 0.01
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[-1] < 1e-4


def test_only_matrices_decay() -> None:
    decayed, free = parameter_groups(Line().model, 0.1)
    assert [p.ndim for p in decayed["params"]] == [2, 2]
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)


def test_the_order_depends_on_seed_epoch_and_ids_alone() -> None:
    ids = [f"item {n}" for n in range(50)]
    order = epoch_order(1, 0, ids)
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() == epoch_order(1, 0, ids).tolist()
    assert order.tolist() != epoch_order(1, 1, ids).tolist()
    assert order.tolist() != epoch_order(2, 0, ids).tolist()
    fewer = epoch_order(1, 0, ids[:-1])
    assert [n for n in order if n != 49] == fewer.tolist()  # losing one item does not move the others


def test_every_caption_of_a_picture_gets_its_turn() -> None:
    assert {pick(0, epoch, "item", 5) for epoch in range(100)} == set(range(5))


def test_equal_pictures_are_held_out_together_or_not_at_all() -> None:
    groups = [f"hash {n // 2}" for n in range(100)]
    mask = split_off(0, groups, 0.2)
    assert mask.sum() == 20
    assert (mask[::2] == mask[1::2]).all()
    assert split_off(0, groups[:3], 0.01).sum() >= 1
