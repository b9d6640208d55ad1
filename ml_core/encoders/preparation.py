"""From a decoded picture to the pixels a model sees: resize, crop or pad, as numbers that can be hashed."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import PIL
from PIL import Image

from ml_core.datasets.decoding import DECODING_VERSION, decode_rgb

LONGEST_RATIO = 20  # a sliver of a picture is cut to this before it is resized, so that no resize can fill the memory


@dataclass(frozen=True)
class Preparation:
    """How pictures are brought to `height` × `width` pixels.

    `shortest`: the short edge becomes `edge`, then the centre is cut out; `squash`: both edges at once, ratio not kept;
    `longest`: the long edge fits, the rest is filled with `fill`. Mean and std are of values in 0..1. `exact=False`
    lets JPEG files be decoded at a reduced scale (see decode_rgb).
    """

    mode: Literal["shortest", "squash", "longest"]
    edge: int
    height: int
    width: int
    resample: int = Image.Resampling.BICUBIC
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    fill: int = 0
    round_crop: bool = False  # where half a pixel is over: to the nearest (torchvision) instead of down (transformers)
    exact: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it, with the versions of decoding and of Pillow."""
        facts = asdict(self) | {"decoding": DECODING_VERSION, "pillow": PIL.__version__}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def from_bytes(self, data: bytes) -> np.ndarray:
        """A picture file as uint8 (height, width, 3); BrokenPicture where it is none."""
        return self(decode_rgb(data, min(self.edge, self.height, self.width), exact=self.exact))

    def __call__(self, image: Image.Image) -> np.ndarray:
        """A picture as uint8 (height, width, 3)."""
        image = _without_slivers(image if image.mode == "RGB" else image.convert("RGB"))
        filter_ = Image.Resampling(self.resample)
        if self.mode == "squash":
            return np.asarray(_resized(image, (self.width, self.height), filter_))
        if self.mode == "longest":
            return np.asarray(self._padded(image, filter_))
        scale = self.edge / min(image.size)
        size = (max(int(image.width * scale), self.edge), max(int(image.height * scale), self.edge))
        return np.asarray(self._centre(_resized(image, size, filter_)))

    def normalised(self, pixels_BHWC: Any) -> Any:
        """A torch tensor of prepared pictures, uint8 (B, H, W, 3), as the float32 (B, 3, H, W) that the model sees."""
        mean, std = (
            pixels_BHWC.new_tensor(values, dtype=pixels_BHWC.float().dtype) for values in (self.mean, self.std)
        )
        return ((pixels_BHWC.float().div_(255) - mean) / std).permute(0, 3, 1, 2).contiguous()

    def _centre(self, image: Image.Image) -> Image.Image:
        left, top = (image.width - self.width) / 2, (image.height - self.height) / 2
        left, top = (round(left), round(top)) if self.round_crop else (math.floor(left), math.floor(top))
        return image.crop((left, top, left + self.width, top + self.height))

    def _padded(self, image: Image.Image, filter_: Image.Resampling) -> Image.Image:
        scale = min(self.width / image.width, self.height / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        page = Image.new("RGB", (self.width, self.height), (self.fill,) * 3)
        page.paste(_resized(image, size, filter_), ((self.width - size[0]) // 2, (self.height - size[1]) // 2))
        return page


def _resized(image: Image.Image, size: tuple[int, int], filter_: Image.Resampling) -> Image.Image:
    return image if image.size == size else image.resize(size, filter_)


def _without_slivers(image: Image.Image) -> Image.Image:
    limit = min(image.size) * LONGEST_RATIO
    if max(image.size) <= limit:
        return image
    width, height = min(image.width, limit), min(image.height, limit)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
