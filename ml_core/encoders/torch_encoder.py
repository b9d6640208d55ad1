"""What the encoders with weights share: batches to the device, mixed precision, unit rows, hashes of what they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from ml_core.encoders.preparation import Preparation
from ml_core.spec import BadInput

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEncoder:
    """An Encoder (see ml_core.encoders.types) around a torch model that is given as two functions.

    `image_features` takes normalised pixels (B, 3, H, W), `text_features` a list of texts; both return (B, E).
    """

    def __init__(
        self,
        *,
        model: torch.nn.Module,
        model_id: str,
        settings: dict[str, Any],
        tokenizer_digest: str,
        preparation: Preparation,
        image_features: Callable[[torch.Tensor], torch.Tensor],
        text_features: Callable[[list[str]], torch.Tensor],
        dim: int,
        device: str,
        precision: str,
    ):
        self.device = usable_device(device)
        self.precision = resolved_precision(precision, self.device)
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.model_id = model_id
        self.revision = weights_digest(model, settings)
        self.preparation = preparation
        parts = [preparation.digest, tokenizer_digest, self.precision]
        self.preprocessing_hash = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self.dim = dim
        self.image_size = preparation.height
        on_gpu = self.device.type == "cuda"
        self.image_batch, self.text_batch = (256, 1024) if on_gpu else (64, 256)
        self._image_features, self._text_features = image_features, text_features

    def prepare(self, image: Image.Image) -> np.ndarray:
        """uint8 (H, W, 3) of an RGB picture."""
        return self.preparation(image)

    def prepare_bytes(self, data: bytes) -> np.ndarray:
        """uint8 (H, W, 3) of a picture file; BrokenPicture where it is none."""
        return self.preparation.from_bytes(data)

    @torch.inference_mode()
    def encode_images(self, images: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        """(N, E) float32 of unit length, in batches of `image_batch`."""
        rows = [self._encode_pixels(images[i : i + self.image_batch]) for i in range(0, len(images), self.image_batch)]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(M, E) float32 of unit length, in batches of `text_batch`."""
        rows = []
        for start in range(0, len(texts), self.text_batch):
            with self._autocast():
                rows.append(_unit(self._text_features(list(texts[start : start + self.text_batch]))))
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _encode_pixels(self, images: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        arrays = [image if isinstance(image, np.ndarray) else self.prepare(image) for image in images]
        pixels = torch.from_numpy(np.stack(arrays))
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()
        pixels = self.preparation.normalised(pixels.to(self.device, non_blocking=True))
        with self._autocast():
            return _unit(self._image_features(pixels))

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=_DTYPES[self.precision])


def _unit(rows: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(rows.float(), dim=-1).cpu().numpy()


def usable_device(device: str) -> torch.device:
    """The torch device of that name; BadInput where this machine has none."""
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise BadInput(f"there is no device {device!r}: write cpu, cuda or cuda:0", field="device") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"{device!r} was asked for, but this machine has no GPU that torch can use", field="device")
    return found


def resolved_precision(precision: str, device: torch.device) -> str:
    """fp32, bf16 or fp16; `auto` is fp32 on a CPU and bf16 (fp16 on older chips) on a GPU."""
    if precision == "auto":
        if device.type != "cuda":
            return "fp32"
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if precision not in _DTYPES:
        raise BadInput(f"there is no precision {precision!r}: auto, fp32, bf16 or fp16", field="precision")
    return precision


def weights_digest(model: torch.nn.Module, settings: dict[str, Any]) -> str:
    """SHA-256 (hex) over configuration, names, shapes and values of every weight."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        value = tensor.detach().cpu().contiguous()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data if value.numel() else b"")
    return digest.hexdigest()


def digest_of(text: str) -> str:
    """SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
