"""The one training loop: steps, schedule, mixed precision, evaluation, early stopping, checkpoints. Knows no task."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from accelerate import Accelerator

from ml_core.events import Checkpoint, Event, Log, Metric, Progress
from ml_core.spec import Context, Stopped
from ml_core.training import checkpoints
from ml_core.training.checkpoints import State

QUIET = 2.0  # seconds after which a slow training says again where it is
_MIXED = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


class Diverged(RuntimeError):
    """The loss is no longer a number; the message says at which step and what to try."""


class Task(Protocol):
    """What is trained. `batch` is a pure function of where training stands, so a resumed run sees the same batches."""

    model: torch.nn.Module

    def batch(self, step: int) -> Any:
        """What step `step` (from 0) trains on, on the CPU; called in a thread, one step ahead."""

    def loss(self, model: torch.nn.Module, batch: Any, device: torch.device) -> torch.Tensor:
        """The scalar to bring down."""

    def after_step(self) -> None:
        """Called when the weights have changed, for limits they must keep."""

    def evaluate(self, device: torch.device) -> dict[str, float]:
        """Held-out metrics by name; the loop watches one of them."""


@dataclass(frozen=True)
class Plan:
    """How to train: numbers of steps, not of epochs. `fingerprint` ties a checkpoint to settings and data."""

    steps: int
    learning_rate: float
    warmup_steps: int
    weight_decay: float
    eval_every: int
    checkpoint_every: int
    patience: int  # evaluations without a better `watch` before training ends; 0: never
    watch: str
    fingerprint: str
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    clip_norm: float = 1.0
    log_every: int = 10


@dataclass
class Outcome:
    """How training ended: the best evaluation's step and value, the last step, the last mean loss."""

    best_step: int
    best_value: float
    last_step: int
    last_loss: float


def train(task: Task, plan: Plan, context: Context) -> Generator[Event, None, Outcome]:
    """Trains `task.model` and leaves it with the weights of its best evaluation.

    Yields the curve (`train/loss`, the task's metrics, with step), Progress and Checkpoint events. Resumed from
    `context.resume` it goes on as if it had never stopped: same batches, same random numbers, same results. Raises
    Stopped after a checkpoint when asked to stop, Diverged when the loss is not finite.
    """
    run = _Run(task, plan, context)
    if context.resume:
        run.restore()
        yield Log(f"resumed at step {run.state.step:,} of {plan.steps:,}")
    with ThreadPoolExecutor(1, thread_name_prefix="batch") as ahead:
        yield from run.steps(ahead)
    if run.best:
        task.model.load_state_dict(run.best)
    state = run.state
    return Outcome(state.best_step, state.best_value, state.step, state.last_loss)


@dataclass
class _Run:
    task: Task
    plan: Plan
    context: Context
    state: State = field(default_factory=State)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    said: float = 0.0  # when progress was last told

    def __post_init__(self) -> None:
        cpu = not self.context.device.startswith("cuda")
        self.accelerator = Accelerator(cpu=cpu, mixed_precision=_MIXED[self.plan.precision])
        optimizer = torch.optim.AdamW(
            parameter_groups(self.task.model, self.plan.weight_decay), lr=self.plan.learning_rate, betas=(0.9, 0.98)
        )
        self.model, self.optimizer = self.accelerator.prepare(self.task.model, optimizer)

    def restore(self) -> None:
        """Goes back to where the checkpoint was written."""
        self.state, self.best = checkpoints.read(
            self.context.resume,  # type: ignore[arg-type]
            fingerprint=self.plan.fingerprint,
            model=self.task.model,
            optimizer=self.optimizer,
            scaler=self.accelerator.scaler,
        )

    def steps(self, ahead: ThreadPoolExecutor) -> Iterator[Event]:
        """Every step that is left, and what is due after each."""
        plan, state = self.plan, self.state
        first, since = state.step, time.monotonic()
        waiting = ahead.submit(self.task.batch, state.step)
        while state.step < plan.steps and not self.tired():
            if self.context.stop():
                yield self.checkpoint()
                raise Stopped(f"stopped at step {state.step:,} of {plan.steps:,}; a checkpoint was written")
            batch = waiting.result()
            if state.step + 1 < plan.steps:
                waiting = ahead.submit(self.task.batch, state.step + 1)
            state.losses.append(self.step(batch))
            state.step += 1
            yield from self.due(first, since)

    def step(self, batch: Any) -> float:
        """One change of the weights; the loss before it."""
        self.model.train()
        rate = learning_rate(self.plan, self.state.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.task.loss(self.model, batch, self.accelerator.device)
        value = loss.item()
        self.finite("loss", value, rate)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.plan.clip_norm)
        if self.plan.precision != "fp16":  # there the scaler leaves a step with an infinite gradient out
            self.finite("gradient", float(norm), rate)
        self.optimizer.step()
        self.task.after_step()
        return value

    def finite(self, what: str, value: float, rate: float) -> None:
        """Diverged where the value is none, before the weights have seen it."""
        if not math.isfinite(value):
            raise Diverged(
                f"the {what} became {value} at step {self.state.step + 1}: lower the learning rate (now {rate:.2g}), "
                "lengthen the warm-up, or train in fp32"
            )

    def due(self, first: int, since: float) -> Iterator[Event]:
        """What is to be said and written after a step."""
        plan, step = self.plan, self.state.step
        last = step == plan.steps
        if step % plan.log_every == 0 or last:
            self.state.last_loss = sum(self.state.losses) / len(self.state.losses)
            self.state.losses.clear()
            yield Metric("train/loss", self.state.last_loss, step=step)
        if step % plan.log_every == 0 or last or time.monotonic() - self.said > QUIET:
            self.said = time.monotonic()
            rate = (step - first) / max(self.said - since, 1e-9)
            yield Progress("Training", step, plan.steps, "steps", rate, (plan.steps - step) / rate)
        if step % plan.eval_every == 0 or last:
            yield from self.evaluate()
        if step % plan.checkpoint_every == 0 or last or self.tired():
            yield self.checkpoint()

    def evaluate(self) -> Iterator[Event]:
        """Held-out metrics; remembers the weights if they are the best so far."""
        self.model.eval()
        with torch.inference_mode(), self.accelerator.autocast():
            values = self.task.evaluate(self.accelerator.device)
        for name, value in values.items():
            yield Metric(name, value, step=self.state.step)
        plan, state = self.plan, self.state
        value = values[plan.watch]
        if value > state.best_value:
            state.best_step, state.best_value, state.stale = state.step, value, 0
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.task.model.state_dict().items()}
            return
        state.stale += 1
        if self.tired():
            yield Log(
                f"no better {plan.watch} in {state.stale} evaluations: training ends; best was step {state.best_step:,}"
            )

    def tired(self) -> bool:
        """Whether early stopping applies."""
        return 0 < self.plan.patience <= self.state.stale

    def checkpoint(self) -> Checkpoint:
        """Writes a checkpoint of this moment."""
        folder = checkpoints.write(
            self.context.out / "checkpoints",
            fingerprint=self.plan.fingerprint,
            state=self.state,
            model=self.task.model,
            optimizer=self.optimizer,
            best=self.best,
            scaler=self.accelerator.scaler,
        )
        return Checkpoint(folder.relative_to(self.context.out).as_posix(), self.state.step)


def learning_rate(plan: Plan, step: int) -> float:
    """Linear warm-up, then a half cosine to zero: a function of the step alone, so resuming restores no schedule."""
    if step < plan.warmup_steps:
        return plan.learning_rate * (step + 1) / plan.warmup_steps
    progress = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return plan.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices alone; biases, norms and the temperature go without."""
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in wanted if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in wanted if p.ndim < 2], "weight_decay": 0.0},
    ]
