"""Pictures as models are shown them: upright RGB, of a bounded size, without whatever else the file tells."""

from __future__ import annotations

from PIL import Image

from ml_core.datasets.decoding import BrokenPicture, decode_rgb
from ml_core.generators.types import Picture

PICTURE_EDGE = 1024  # pixels of the longer side


def shown(picture: Picture) -> Image.Image:
    """The picture at most PICTURE_EDGE wide and high; BrokenPicture that names the file where it is none."""
    begin = f"{picture.name}: " if picture.name else ""
    try:
        image = decode_rgb(picture.read())
    except BrokenPicture as error:
        raise BrokenPicture(f"{begin}{error}") from error
    except OSError as error:
        raise BrokenPicture(f"{begin}the file cannot be read: {error.strerror or type(error).__name__}") from error
    image.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    image.info.clear()
    return image
