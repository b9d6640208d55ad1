"""Models of open_clip (CLIP, SigLIP, PE-Core …) by name and pretrained tag, by name and weights file, or by folder."""

from __future__ import annotations

import os
from typing import Any

import ml_core.encoders.torchvision_ops  # noqa: F401  before open_clip imports torchvision

# isort: split
import open_clip
import torch
from PIL import Image

from ml_core.encoders.families.hf import tokenizer_digest
from ml_core.encoders.hub import one_quiet_attempt
from ml_core.encoders.preparation import Preparation
from ml_core.encoders.torch_encoder import TorchEncoder, digest_of
from ml_core.spec import BadInput

_RESAMPLE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def load(rest: str, *, device: str, exact: bool = False, precision: str = "auto") -> TorchEncoder:
    """`NAME/TAG`, `NAME/WEIGHTS.safetensors`, or a folder with open_clip_config.json and its weights."""
    name, pretrained = _split(rest)
    away = False
    try:
        with one_quiet_attempt() as away:
            model = open_clip.create_model(
                name,
                pretrained=pretrained,
                precision="fp32",
                device="cpu",
                require_pretrained=True,
                pretrained_text=False,
            )
            tokenizer = open_clip.get_tokenizer(name)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(_why(rest, name, pretrained, error, away=away), field="encoder") from error
    preprocessing = dict(open_clip.get_model_preprocess_cfg(model))
    return TorchEncoder(
        model=model,
        model_id=f"open_clip:{name_of(rest)}",
        settings={"architecture": str(model)},
        tokenizer_digest=_tokenizer_digest(tokenizer),
        preparation=_preparation(preprocessing, exact=exact),
        image_features=model.encode_image,
        text_features=lambda texts: model.encode_text(tokenizer(texts).to(next(model.parameters()).device)),
        dim=_width(model, tokenizer),
        device=device,
        precision=precision,
    )


def _why(rest: str, name: str, pretrained: str | None, error: Exception, *, away: bool) -> str:
    """Why a model could not be loaded and what to do."""
    if away and pretrained in open_clip.list_pretrained_tags_by_model(name):
        return (
            f"open_clip:{rest} could not be loaded: its weights are not cached on this machine, and the model hub "
            f"cannot be reached (give a weights file, open_clip:{name}/FILE, or load it once with a network)"
        )
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"open_clip:{rest} could not be loaded: {first[:300]}"


def name_of(rest: str) -> str:
    """What a model is called in provenance: a folder or a file of weights without where it lies."""
    if os.path.isdir(rest):
        return os.path.basename(rest)
    architecture, _, weights = rest.partition("/")
    return f"{architecture}/{os.path.basename(weights)}" if os.path.isfile(weights) else rest


def _split(rest: str) -> tuple[str, str | None]:
    if os.path.isdir(rest):
        return f"local-dir:{rest}", None
    name, _, pretrained = rest.partition("/")
    if name not in open_clip.list_models():
        raise BadInput(
            f"open_clip has no model {name!r}; see `open_clip.list_models()` for those it has", field="encoder"
        )
    if not pretrained:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(name)) or "none, give a weights file"
        raise BadInput(f"say which weights: open_clip:{name}/TAG, where TAG is one of: {tags}", field="encoder")
    return name, pretrained


def _preparation(settings: dict[str, Any], *, exact: bool) -> Preparation:
    size = settings["size"]
    height, width = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    return Preparation(
        settings["resize_mode"],
        min(height, width),
        height,
        width,
        resample=int(_RESAMPLE[settings["interpolation"]]),
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        fill=int(settings["fill_color"]),
        round_crop=True,
        exact=exact,
    )


def _tokenizer_digest(tokenizer: Any) -> str:
    inner, limit = getattr(tokenizer, "tokenizer", None), tokenizer.context_length
    if hasattr(inner, "backend_tokenizer"):
        return tokenizer_digest(inner, limit)
    return digest_of(f"{type(tokenizer).__name__} {open_clip.__version__} {limit}")


@torch.inference_mode()
def _width(model: torch.nn.Module, tokenizer: Any) -> int:
    return int(model.eval().encode_text(tokenizer(["a"])).shape[-1])
