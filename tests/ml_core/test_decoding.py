"""Decoding: whole pictures of known formats come out upright and RGB; everything else is refused with a reason."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ml_core.datasets.checking import Seen, look_at_bytes
from ml_core.datasets.decoding import FORMATS, PIXEL_LIMIT, BrokenPicture, check_picture, decode_rgb, sniff
from ml_core.datasets.types import Problem
from ml_core.spec import BadInput


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """A smooth gradient: red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], axis=-1).astype(np.uint8))


def saved(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def png_that_announces(width: int, height: int) -> bytes:
    """A valid PNG head of any size over one row of data: what a decompression bomb looks like from outside."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format_", FORMATS)
def test_every_accepted_format_is_known_by_its_content(format_: str) -> None:
    data = saved(picture(), format_)
    facts = check_picture(data)
    assert (facts.format, facts.width, facts.height) == (format_, 64, 48)
    assert decode_rgb(data).mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    format_ = "JPEG" if mode == "CMYK" else "PNG"
    assert decode_rgb(saved(picture().convert(mode), format_)).mode == "RGB"


def test_sixteen_bit_greys_keep_their_brightness() -> None:
    grey = Image.fromarray(np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16))
    shown = np.asarray(decode_rgb(saved(grey, "PNG")))
    assert shown[0, 0, 0] == 0
    assert shown[-1, -1, 0] == 255
    assert abs(int(shown[8, 0, 0]) - 128) <= 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><!-- x --><svg/>",
        b"<html><img></html>",
        b"PK\x03\x04 a zip",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"RIFF\0\0\0\0WAVEfmt ",
    ],
)
def test_what_is_no_accepted_picture_is_refused_whatever_it_is_called(data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        sniff(data)
    with pytest.raises(BadInput):
        decode_rgb(data)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("target", [None, 16])
def test_a_file_cut_short_is_refused(format_: str, target: int | None) -> None:
    data = saved(picture(300, 200), format_)
    with pytest.raises(BrokenPicture):
        decode_rgb(data[: len(data) * 2 // 3], target)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_head_with_rubbish_behind_it_is_refused(format_: str) -> None:
    head = saved(picture(), format_)[:12]
    with pytest.raises(BrokenPicture):
        decode_rgb(head + b"rubbish" * 20)


@pytest.mark.parametrize("size", [(PIXEL_LIMIT, 2), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(BrokenPicture, match=r"pixels are announced|cannot be opened"):
        decode_rgb(png_that_announces(*size))


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it 90° clockwise
    data = saved(picture(64, 48), "JPEG", exif=exif, quality=95)
    upright = decode_rgb(data)
    assert upright.size == (48, 64)
    assert check_picture(data).width == 48
    assert np.asarray(upright)[0, 0, 1] > 200  # green was at the bottom left


def test_draft_mode_decodes_less_but_never_less_than_the_target() -> None:
    data = saved(picture(640, 480), "JPEG")
    assert decode_rgb(data, 224).size == (320, 240)
    assert decode_rgb(data, 224, exact=True).size == (640, 480)
    assert decode_rgb(data, 400).size == (640, 480)
    assert decode_rgb(saved(picture(640, 480), "PNG"), 224).size == (640, 480)


def test_draft_and_exact_decoding_show_the_same_picture() -> None:
    data = saved(picture(640, 480), "JPEG", quality=95)
    quick = np.asarray(decode_rgb(data, 120).resize((120, 90)), dtype=int)
    exact = np.asarray(decode_rgb(data, 120, exact=True).resize((120, 90)), dtype=int)
    assert np.abs(quick - exact).mean() < 2


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("format_", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_a_damaged_head_is_a_broken_picture_and_never_a_fault(format_: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x011A] = 6, "a description", (72, 1)
    whole = saved(picture(16, 12), format_, exif=exif)
    for position in range(min(len(whole), 160)):
        for value in (0, 1, 5, 255):
            data = whole[:position] + bytes([value]) + whole[position + 1 :]
            for deep in (False, True):
                found = look_at_bytes(data, "here", deep=deep)
                assert isinstance(found, Seen | Problem)
