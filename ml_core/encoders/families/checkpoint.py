"""Models that our own training wrote: the folder `model` of a run, or the run's folder, or a checkpoint in it."""

from __future__ import annotations

import json
from pathlib import Path

from ml_core.encoders.families import hf
from ml_core.encoders.torch_encoder import TorchEncoder
from ml_core.spec import BadInput

MARK = "nearmiss.json"  # what our training writes beside the weights: what it was trained on, and how well it did


def load(rest: str, *, device: str, exact: bool = False, precision: str = "auto") -> TorchEncoder:
    """The encoder trained by `contrastive.train` that lies in the folder `rest`."""
    folder = find_model(rest)
    model, tokenizer, preparation, _ = hf.load_parts(str(folder), exact=exact)
    return hf.encoder_of(model, tokenizer, preparation, "checkpoint", device=device, precision=precision)


def find_model(rest: str) -> Path:
    """The folder with the weights: `rest` itself or its folder `model`; BadInput where neither is ours."""
    for folder in (Path(rest), Path(rest) / "model"):
        mark = folder / MARK
        if mark.is_file():
            try:
                json.loads(mark.read_text("utf-8"))
            except ValueError as error:
                raise BadInput(f"{mark} cannot be read; name another checkpoint", field="encoder") from error
            return folder
    raise BadInput(
        f"checkpoint:{rest}: no model of ours lies there ({MARK} is missing); name a training run's folder",
        field="encoder",
    )
