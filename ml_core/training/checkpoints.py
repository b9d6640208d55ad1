"""A training's state on disk: complete, checked on reading, there whole or not at all. Loads no pickled objects."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model

from ml_core.spec import BadInput

FORMAT = "nearmiss-training-1"
STATE, WEIGHTS, BEST, MOMENTS = "state.json", "weights.safetensors", "best.safetensors", "optimizer.pt"
_UNFINISHED = ".writing-"


@dataclass
class State:
    """What training remembers beside weights and moments; all of it is plain numbers."""

    step: int = 0
    best_step: int = -1
    best_value: float = -1.0
    stale: int = 0  # evaluations since the best
    losses: list[float] = field(default_factory=list)  # since the last reported mean
    last_loss: float = 0.0  # the last reported mean


def write(
    folder: Path,
    *,
    fingerprint: str,
    state: State,
    model: torch.nn.Module,
    optimizer: Any,
    best: dict[str, torch.Tensor],
    scaler: torch.amp.GradScaler | None = None,
) -> Path:
    """A folder `step-…` below `folder` with all that resuming needs; once it stands, all but one earlier one go.

    `scaler` is fp16's: how far the loss is scaled up, and how many steps that has gone well.
    """
    final = folder / f"step-{state.step:07d}"
    part = folder / f"{_UNFINISHED}{state.step:07d}-{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_model(model, str(part / WEIGHTS))
    if best:
        save_file(best, str(part / BEST))
    scale = scaler.state_dict() if scaler else {}
    torch.save({"optimizer": optimizer.state_dict(), "scaler": scale, "random": random_state()}, part / MOMENTS)
    sums = {path.name: _sha256(path) for path in sorted(part.iterdir())}
    facts = {"format": FORMAT, "fingerprint": fingerprint, "state": asdict(state), "sha256": sums}
    (part / STATE).write_text(json.dumps(facts), "utf-8")
    for path in part.iterdir():
        _sync(path)
    shutil.rmtree(final, ignore_errors=True)
    part.rename(final)
    _sync(folder)
    _clear(folder)
    return final


def read(
    folder: Path,
    *,
    fingerprint: str,
    model: torch.nn.Module,
    optimizer: Any,
    scaler: torch.amp.GradScaler | None = None,
) -> tuple[State, dict[str, torch.Tensor]]:
    """Puts a checkpoint into model, optimizer, scaler and random generators; returns its state and the best weights.

    BadInput where the folder is no checkpoint, is damaged, or was written by a run with other settings or data.
    """
    facts = _facts(folder)
    if facts["fingerprint"] != fingerprint:
        raise _bad(folder, "was written with other settings or other data; resume with the same, or start afresh")
    for name, wanted in facts["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != wanted:
            raise _bad(folder, f"{name} is missing or damaged; start afresh or name an earlier checkpoint")
    try:
        load_model(model, str(folder / WEIGHTS))
        best = load_file(str(folder / BEST)) if BEST in facts["sha256"] else {}
        moments = torch.load(folder / MOMENTS, map_location="cpu", weights_only=True)
        optimizer.load_state_dict(moments["optimizer"])
        if scaler and moments.get("scaler"):  # one from before scalers were kept, or from a machine without, has none
            scaler.load_state_dict(moments["scaler"])
        restore_random_state(moments["random"])
        return State(**facts["state"]), best
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise _bad(folder, f"does not fit this model ({type(error).__name__})") from error


def random_state() -> dict[str, Any]:
    """The state of every random generator training can touch, as tensors and plain values."""
    version, words, gauss = random.getstate()
    numpy_state: dict[str, Any] = dict(np.random.get_state(legacy=False))
    inner = numpy_state["state"]
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": [version, list(words), gauss],
        "numpy": [inner["key"].tolist(), int(inner["pos"]), int(numpy_state["has_gauss"]), float(numpy_state["gauss"])],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Puts the generators back to where random_state found them."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    key, pos, has_gauss, cached = state["numpy"]
    np.random.set_state(("MT19937", np.array(key, dtype=np.uint32), pos, has_gauss, cached))


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _bad(folder, f"holds no readable {STATE}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise _bad(folder, f"is not in the format {FORMAT}")
    return facts


def _clear(folder: Path) -> None:
    """Leaves the last two checkpoints: somebody may still be copying the one before."""
    finished = sorted(path for path in folder.iterdir() if path.name.startswith("step-"))
    for path in [*finished[:-2], *folder.glob(f"{_UNFINISHED}*")]:
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bad(folder: Path, what: str) -> BadInput:
    return BadInput(f"the checkpoint {folder.name} {what}", field="resume")
