"""contrastive.train: trains a dual encoder and leaves it as a folder that `checkpoint:` and `hf:` load."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from typing import Any

import torch
from accelerate.utils import set_seed

from ml_core.contrastive.data import Batches, Split, split
from ml_core.contrastive.dual import Parts, start_from
from ml_core.contrastive.losses import clamp_scale, info_nce, same_group
from ml_core.contrastive.validation import Validation
from ml_core.datasets.opening import open_dataset
from ml_core.datasets.overlap import Seen, are_scenes, content_of, seen_by, write_seen
from ml_core.datasets.types import Dataset
from ml_core.encoders.torch_encoder import resolved_precision, usable_device, weights_digest
from ml_core.events import Artifact, Event, Log, Metric, Progress, Provenance
from ml_core.methods.contrastive_train import Train
from ml_core.spec import BadInput, Context
from ml_core.training.loop import Outcome, Plan, train

KEY = "contrastive.train"


def run(spec: Train, context: Context) -> Iterator[Event]:
    """Trains, and reports the best model on the held-out pictures; its folder is `model` below `context.out`."""
    device = usable_device(context.device)
    yield Progress("Opening data", 0, 1)
    pictures = _split(spec)
    yield from _introduce(pictures)
    set_seed(spec.seed)
    parts = start_from(spec, pictures.train.caption_texts)
    task = _Task(spec, pictures, parts, context.workers)
    plan = _plan(spec, task, pictures, resolved_precision(spec.precision, device))
    try:
        outcome = yield from train(task, plan, context)
        yield from task.validation.final(parts.dual.to(device).eval(), device)
    finally:
        task.close()
    yield Metric("train/loss", outcome.last_loss)
    yield Log(f"kept the model of step {outcome.best_step:,}, the best of {outcome.last_step:,}")
    yield _keep(spec, parts, pictures, outcome, context)


class _Task:
    """A dual encoder as ml_core.training.loop wants it."""

    def __init__(self, spec: Train, pictures: Split, parts: Parts, workers: int):
        self.model, self._preparation = parts.dual, parts.preparation
        self.batches = Batches(pictures.train, parts, size=spec.batch_size, seed=spec.seed, workers=workers)
        self.batch = self.batches.batch
        self.validation = Validation(pictures.held_out, parts, workers=workers)
        self._norm: tuple[torch.Tensor, torch.Tensor] | None = None

    def loss(self, model: torch.nn.Module, batch: dict[str, Any], device: torch.device) -> torch.Tensor:
        """Symmetric InfoNCE; pictures of equal bytes and captions of equal wording are matches, not negatives."""
        pixels = self._preparation.normalised(batch["pixels"].to(device, non_blocking=True))
        tokens = {name: tensor.to(device, non_blocking=True) for name, tensor in batch["tokens"].items()}
        images_BE, texts_BE, scale = model(pixels, tokens)
        positives_BB = same_group(batch["pictures"]) | same_group(batch["wordings"])
        return info_nce(images_BE, texts_BE, scale, positives_BB.to(device))

    def after_step(self) -> None:
        """Keeps the learned temperature in its bounds."""
        clamp_scale(self.model.model.logit_scale)

    def evaluate(self, device: torch.device) -> dict[str, float]:
        """Recall on the held-out pictures."""
        return self.validation.quick(self.model, device)

    def close(self) -> None:
        """Ends the threads that decode."""
        self.batches.pictures.close()
        self.validation.close()


def _split(spec: Train) -> Split:
    held_out = _open(spec.val_data, "val_data") if spec.val_data else None
    data = _open(spec.data, "data")
    return split(data, held_out, fraction=spec.val_fraction, limit=spec.val_limit, seed=spec.seed)


def _open(reference: str, field: str) -> Dataset:
    try:
        return open_dataset(reference)
    except BadInput as error:
        raise BadInput(str(error), field=field) from error


def _introduce(pictures: Split) -> Iterator[Event]:
    if pictures.shared:
        text = "pictures are in the held-out set too, or are siblings of scenes in it, and are left out of training"
        yield Log(f"{pictures.shared:,} {text}", "warning")
    for name, part in (("training", pictures.train), ("held out", pictures.held_out)):
        yield Log(f"{name}: {len(part.item_ids):,} pictures, {len(part.caption_texts):,} captions")
    yield Provenance({"train_hash": pictures.train.content_hash, "val_hash": pictures.held_out.content_hash})


def _plan(spec: Train, task: _Task, pictures: Split, precision: str) -> Plan:
    steps = spec.epochs * task.batches.an_epoch
    steps = min(steps, spec.max_steps) if spec.max_steps else steps
    return Plan(
        steps=steps,
        learning_rate=spec.learning_rate,
        warmup_steps=round(spec.warmup * steps),
        weight_decay=spec.weight_decay,
        eval_every=spec.eval_every,
        checkpoint_every=spec.checkpoint_every,
        patience=spec.patience,
        watch="val/t2i/recall@1",
        fingerprint=_fingerprint(spec, task, pictures, precision),
        precision=precision,  # type: ignore[arg-type]
    )


def _fingerprint(spec: Train, task: _Task, pictures: Split, precision: str) -> str:
    """What a checkpoint must have in common with the run that resumes it: contents, not the places they lie at."""
    settings = spec.model_dump(mode="json", exclude={"data", "val_data", "start"})
    first_weights = weights_digest(task.model, {})
    facts = [settings, pictures.train.content_hash, pictures.held_out.content_hash, first_weights, precision]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _seen(spec: Train, pictures: Split) -> Seen:
    """The pictures of this training and of those it went on from, for whoever evaluates the model."""
    train, val = (
        content_of(part.item_ids, part.file_hashes, scenes=are_scenes(part.facts))
        for part in (pictures.train, pictures.held_out)
    )
    earlier = seen_by(spec.start) if spec.start else None
    if earlier is None:
        return Seen(train, val, spec.start, complete=not spec.start.startswith("checkpoint:"))
    return Seen(train | earlier.train, val | earlier.val, spec.start, earlier.complete)


def _keep(spec: Train, parts: Parts, pictures: Split, outcome: Outcome, context: Context) -> Artifact:
    part, folder = context.out / "model.part", context.out / "model"
    shutil.rmtree(part, ignore_errors=True)
    facts = {
        "method": KEY,
        "spec": spec.model_dump(mode="json"),
        "train_hash": pictures.train.content_hash,
        "val_hash": pictures.held_out.content_hash,
        "best_step": outcome.best_step,
    }
    parts.save(part, facts)
    write_seen(part, _seen(spec, pictures))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return Artifact("model", "The trained encoder", "model", "application/x-directory")
