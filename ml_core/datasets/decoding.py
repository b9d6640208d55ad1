"""Turns untrusted bytes into pictures: by content never by name, within limits, upright, whole or refused."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

from ml_core.spec import BadInput

# Raise when decoded pixels change for the same bytes: it is part of every encoder's preprocessing hash.
DECODING_VERSION = 1
PIXEL_LIMIT = 100_000_000
BYTE_LIMIT = 128 * 2**20
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
# What Pillow raises at bytes that are not what they announce; damaged EXIF alone brings most of them.
_BROKEN = (
    *(OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, MemoryError),
    *(AttributeError, ArithmeticError, struct.error, Image.DecompressionBombError),
)
_ORIENTATION, _TURNED = 0x0112, {5, 6, 7, 8}  # EXIF's tag, and its values that swap width and height


class BrokenPicture(BadInput):
    """Bytes that are no picture we accept; the message says why."""


@dataclass(frozen=True)
class PictureFacts:
    """What a picture file is: its format as sniffed, and its size in pixels once it stands upright."""

    format: str
    width: int
    height: int


def sniff(data: bytes) -> str:
    """The format that the first bytes announce, one of FORMATS; BrokenPicture for anything else (SVG, HTML, zip …)."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    head = data[:1024].lstrip().lower()
    if b"<svg" in head:
        raise BrokenPicture("this is an SVG drawing, which can carry programs; convert it to PNG or JPEG")
    if not data:
        raise BrokenPicture("the file is empty")
    raise BrokenPicture(f"not a picture in an accepted format ({', '.join(FORMATS)}), whatever its name says")


def open_picture(data: bytes) -> Image.Image:
    """The picture opened but not yet decoded, its announced size within PIXEL_LIMIT; BrokenPicture otherwise."""
    if len(data) > BYTE_LIMIT:
        raise BrokenPicture(f"the file has {len(data):,} bytes; at most {BYTE_LIMIT:,} are accepted")
    name = sniff(data)
    try:
        image = Image.open(io.BytesIO(data), formats=[name])
    except Image.DecompressionBombError as error:
        raise BrokenPicture(f"more than {PIXEL_LIMIT:,} pixels are announced, more than is accepted") from error
    except _BROKEN as error:
        raise BrokenPicture(f"starts like {name} but cannot be opened: {error}") from error
    if image.width * image.height > PIXEL_LIMIT:
        raise BrokenPicture(
            f"{image.width} × {image.height} pixels are announced; at most {PIXEL_LIMIT:,} are accepted"
        )
    return image


def decode_rgb(data: bytes, target_size: int | None = None, *, exact: bool = False) -> Image.Image:
    """The picture as RGB, upright by its EXIF orientation, decoded to its last row; BrokenPicture where that fails.

    `target_size` is the edge (pixels) that it will be resized to. A JPEG much larger than that is then decoded at 1/2,
    1/4 or 1/8 scale, never below the target ("draft": faster, pixels move a little); `exact=True` decodes in full.
    """
    image = open_picture(data)
    try:
        if target_size and not exact and image.format == "JPEG":
            image.draft("RGB", (target_size, target_size))
        image.load()
        return _rgb(ImageOps.exif_transpose(image))
    except _BROKEN as error:
        raise BrokenPicture(f"cannot be decoded to its end: {error}") from error


def check_picture(data: bytes) -> PictureFacts:
    """What the bytes are, after decoding all of them; BrokenPicture where they are not a whole, acceptable picture."""
    image = decode_rgb(data, exact=True)
    return PictureFacts(sniff(data), image.width, image.height)


def announced(data: bytes) -> PictureFacts:
    """What the header says, nothing decoded; BrokenPicture where it cannot be read."""
    with open_picture(data) as image:
        try:
            turned = image.getexif().get(_ORIENTATION) in _TURNED
        except _BROKEN as error:
            raise BrokenPicture(f"its EXIF data cannot be read: {error}") from error
        width, height = image.size[::-1] if turned else image.size
        return PictureFacts(sniff(data), width, height)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I;16", "I")):  # 16 bits a pixel: keep the upper eight, where convert() would clip
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")
