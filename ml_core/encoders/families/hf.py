"""CLIP and SigLIP models of transformers, by hub name or by folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import ml_core.encoders.torchvision_ops  # noqa: F401  before transformers looks for torchvision

# isort: split
import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPImageProcessor,
    SiglipImageProcessor,
)
from transformers.utils import logging

from ml_core.encoders.hub import out_of_reach
from ml_core.encoders.preparation import Preparation
from ml_core.encoders.torch_encoder import TorchEncoder, digest_of
from ml_core.spec import BadInput

FAMILIES = {"clip": "longest", "siglip": "max_length", "siglip2": "max_length"}  # how each wants its texts padded
logging.disable_progress_bar()


def load(rest: str, *, device: str, exact: bool = False, precision: str = "auto") -> TorchEncoder:
    """`NAME_OR_PATH[@REVISION]`: a CLIP or SigLIP model with its tokenizer, from a folder, the cache or the hub."""
    model, tokenizer, preparation, name = load_parts(rest, exact=exact)
    return encoder_of(model, tokenizer, preparation, f"hf:{name}", device=device, precision=precision)


def load_parts(rest: str, *, exact: bool = False) -> tuple[Any, Any, Preparation, str]:
    """(model, tokenizer, preparation, name) in fp32 on the CPU; BadInput where one of them cannot be had."""
    where, revision = _split(rest)
    cached_alone = not os.path.isdir(where) and out_of_reach()
    options = {"revision": revision, "trust_remote_code": False, "local_files_only": cached_alone}
    try:
        config = AutoConfig.from_pretrained(where, **options)
        if config.model_type not in FAMILIES:
            raise BadInput(
                f"hf:{rest} is a {config.model_type!r} model; {', '.join(FAMILIES)} can encode both sides",
                field="encoder",
            )
        model = AutoModel.from_pretrained(where, dtype=torch.float32, **options)
        tokenizer = AutoTokenizer.from_pretrained(where, **options)
        preparation = preparation_of(AutoImageProcessor.from_pretrained(where, backend="pil", **options), exact=exact)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise BadInput(_why(rest, error, cached_alone), field="encoder") from error
    return model, tokenizer, preparation, Path(where).name if os.path.isdir(where) else where


def _why(rest: str, error: Exception, cached_alone: bool) -> str:
    """Why a model could not be loaded and what to do."""
    if cached_alone:
        return (
            f"hf:{rest} could not be loaded: it is no folder here, it is not cached whole on this machine, and the "
            "model hub cannot be reached (give a folder that save_pretrained wrote, or load it once with a network)"
        )
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return (
        f"hf:{rest} could not be loaded: {first[:300]} (give a folder that save_pretrained "
        "wrote, or a hub name that is cached here or can be reached)"
    )


def encoder_of(
    model: Any, tokenizer: Any, preparation: Preparation, model_id: str, *, device: str, precision: str = "auto"
) -> TorchEncoder:
    """An encoder around a transformers CLIP or SigLIP model."""
    settings = model.config.to_diff_dict()
    for transient in ("_name_or_path", "transformers_version", "torch_dtype", "dtype"):
        settings.pop(transient, None)
    limit = text_limit(model)

    def text_features(texts: list[str]) -> torch.Tensor:
        tokens = tokenize(tokenizer, texts, limit, FAMILIES[model.config.model_type]).to(model.device)
        return model.get_text_features(**tokens).pooler_output

    return TorchEncoder(
        model=model,
        model_id=model_id,
        settings=settings,
        tokenizer_digest=tokenizer_digest(tokenizer, limit),
        preparation=preparation,
        image_features=lambda pixels: model.get_image_features(pixel_values=pixels).pooler_output,
        text_features=text_features,
        dim=embedding_width(model.config),
        device=device,
        precision=precision,
    )


def tokenize(tokenizer: Any, texts: list[str], limit: int, padding: str = "longest") -> Any:
    """Token ids (B, L) and, where the tokenizer gives one, their mask, cut at `limit` tokens."""
    wanted = [name for name in ("input_ids", "attention_mask") if name in tokenizer.model_input_names]
    tokens = tokenizer(texts, padding=padding, truncation=True, max_length=limit, return_tensors="pt")
    for name in set(tokens) - set(wanted):
        del tokens[name]
    return tokens


def tokenizer_digest(tokenizer: Any, limit: int) -> str:
    """SHA-256 (hex) of a fast tokenizer's rules and words; padding and truncation are the caller's and stay out."""
    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    rules["padding"] = rules["truncation"] = None
    return digest_of(json.dumps([rules, limit], sort_keys=True))


def text_limit(model: Any) -> int:
    """How many tokens of a text the model can read."""
    return int(model.config.text_config.max_position_embeddings)


def embedding_width(config: Any) -> int:
    """E: how wide the shared space is."""
    return int(config.projection_dim if config.model_type == "clip" else config.vision_config.hidden_size)


def preparation_of(processor: Any, *, exact: bool) -> Preparation:
    """The image settings of a transformers image processor."""
    size, crop = dict(processor.size), dict(getattr(processor, "crop_size", None) or {})
    common: dict[str, Any] = {
        "resample": int(processor.resample if processor.resample is not None else Image.Resampling.BICUBIC),
        "mean": tuple(processor.image_mean),
        "std": tuple(processor.image_std),
        "exact": exact,
    }
    if "shortest_edge" in size:
        edge = size["shortest_edge"]
        height, width = (crop["height"], crop["width"]) if crop and processor.do_center_crop else (edge, edge)
        return Preparation("shortest", edge, height, width, **common)
    return Preparation("squash", min(size["height"], size["width"]), size["height"], size["width"], **common)


def _split(rest: str) -> tuple[str, str]:
    if os.path.isdir(rest) or "@" not in rest:
        return rest, "main"
    where, _, revision = rest.rpartition("@")
    return where, revision


def processor_of(preparation: Preparation) -> Any:
    """The other way round: image settings as a transformers image processor that can be saved."""
    look = {"resample": preparation.resample, "image_mean": list(preparation.mean), "image_std": list(preparation.std)}
    box = {"height": preparation.height, "width": preparation.width}
    if preparation.mode == "shortest":
        return CLIPImageProcessor(size={"shortest_edge": preparation.edge}, crop_size=box, **look)
    return SiglipImageProcessor(size=box, **look)
