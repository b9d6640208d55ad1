"""Draws a heat map over the picture it belongs to."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

AMBER, BLUE = (255, 176, 0), (30, 110, 255)  # what the answer rests on; what speaks against it
STRONGEST = 0.75  # of the colour where the heat is greatest
SMALLEST = 224  # pixels: smaller pictures are enlarged, so that something can be seen


def overlaid(picture_HW3: np.ndarray, heat_HW: np.ndarray) -> Image.Image:
    """The picture, paled to grey where the heat is 0, amber where it is above and blue where it is below.

    The colour's strength is the heat over its greatest absolute value; a heat of 0 everywhere leaves a grey picture.
    """
    grey_HW = picture_HW3.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    greatest = float(np.abs(heat_HW).max(initial=0))
    strength_HW1 = STRONGEST * np.abs(heat_HW)[..., None] / (greatest or 1.0)
    colour_HW3 = np.where((heat_HW > 0)[..., None], np.array(AMBER), np.array(BLUE))
    mixed_HW3 = (1 - strength_HW1) * grey_HW[..., None] + strength_HW1 * colour_HW3
    return enlarged(Image.fromarray(mixed_HW3.round().clip(0, 255).astype(np.uint8)))


def enlarged(image: Image.Image) -> Image.Image:
    """A whole multiple of its size where it is smaller than SMALLEST, each pixel a square."""
    times = -(-SMALLEST // min(image.size))
    if times <= 1:
        return image
    return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG file, the same for the same pixels."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()
