"""Pictures as models are shown them: upright RGB, of a bounded size, without whatever else the file tells."""

from __future__ import annotations

from PIL import Image

from ml_core.datasets.decoding import decode_rgb
from ml_core.generators.types import Picture

PICTURE_EDGE = 1024  # pixels of the longer side


def shown(picture: Picture) -> Image.Image:
    """The picture at most PICTURE_EDGE wide and high; BrokenPicture where it is none."""
    image = decode_rgb(picture.read())
    image.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    image.info.clear()
    return image
