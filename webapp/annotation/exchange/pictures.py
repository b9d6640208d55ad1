"""The picture of a sample for people without the page: left what was wanted, right what came first, caption on top."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ml_core.datasets.decoding import decode_rgb

WIDTH = 640  # of one of the two panes
ALONE = 1280  # the longer edge of a picture by itself
_GAP, _MARGIN, _SIZE, _LINE = 16, 20, 22, 30
_PAPER, _INK, _QUIET = (244, 244, 242), (28, 28, 27), (110, 110, 106)
# Pillow brings a Latin face of its own; Chinese wants one of the system's.
_WIDE_FACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)
Face = ImageFont.FreeTypeFont | ImageFont.ImageFont


def composed(caption: str, left: bytes | str, right: bytes | str) -> bytes:
    """A JPEG of two panes under a caption. A pane is a picture's bytes, kept in its proportions, or a text."""
    panes = [_pane(content) for content in (left, right)]
    lines = _wrapped(caption, 2 * WIDTH + _GAP)
    top = _MARGIN + _LINE * len(lines) + (_MARGIN if lines else 0)
    height = top + max(pane.height for pane in panes) + _MARGIN
    sheet = Image.new("RGB", (2 * WIDTH + _GAP + 2 * _MARGIN, height), _PAPER)
    _write(sheet, (_MARGIN, _MARGIN), lines)
    for number, pane in enumerate(panes):
        sheet.paste(pane, (_MARGIN + number * (WIDTH + _GAP) + (WIDTH - pane.width) // 2, top))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def single(content: bytes | str) -> bytes:
    """A JPEG of one candidate: a picture in its proportions, at most ALONE pixels long, or a text drawn."""
    if isinstance(content, bytes):
        picture = decode_rgb(content, ALONE)
        picture.thumbnail((ALONE, ALONE), Image.Resampling.LANCZOS)
    else:
        picture = _pane(content)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _pane(content: bytes | str) -> Image.Image:
    if isinstance(content, bytes):
        picture = decode_rgb(content, WIDTH)
        picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
        return picture
    lines = _wrapped(content or "(nothing)", WIDTH - 2 * _MARGIN)
    pane = Image.new("RGB", (WIDTH, _LINE * len(lines) + 2 * _MARGIN), (255, 255, 255))
    _write(pane, (_MARGIN, _MARGIN), lines)
    return pane


def _write(sheet: Image.Image, at: tuple[int, int], lines: list[str]) -> None:
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        face = _face(line)
        draw.text(
            (at[0], at[1] + number * _LINE),
            line if face else "(the caption stands in the sheet)",
            fill=_INK if face else _QUIET,
            font=face or _latin(),
        )


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines that fit, broken between words, and within a word only where one alone is too long."""
    face = _face(text)
    if face is None:
        return [text]
    lines, line = [], ""
    for word in text.split():
        for piece in _pieces(word, face, width):
            longer = f"{line} {piece}" if line else piece
            if line and face.getlength(longer) > width:
                lines.append(line)
                longer = piece
            line = longer
    return [*lines, line] if line else lines


def _pieces(word: str, face: Face, width: int) -> list[str]:
    pieces = []
    while face.getlength(word) > width and len(word) > 1:
        cut = next(size for size in range(len(word) - 1, 0, -1) if size == 1 or face.getlength(word[:size]) <= width)
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def _face(text: str) -> Face | None:
    """A face that has these letters; None where there is none on this machine."""
    if all(ord(letter) < 0x250 or 0x2010 <= ord(letter) <= 0x2026 for letter in text):
        return _latin()
    return _wide()


@lru_cache(maxsize=1)
def _latin() -> Face:
    return ImageFont.load_default(_SIZE)


@lru_cache(maxsize=1)
def _wide() -> Face | None:
    found = next((path for path in _WIDE_FACES if Path(path).is_file()), None)
    return ImageFont.truetype(found, _SIZE) if found else None
