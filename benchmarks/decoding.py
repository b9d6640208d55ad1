"""From JPEG bytes to the 224 pixels a model sees, on one core: draft and exact mode against plain Pillow."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.datasets.decoding import decode_rgb
from ml_core.encoders.preparation import Preparation

EDGE = 224


def measure(quick: bool) -> list[Row]:
    files = [_photograph(number) for number in range(12 if quick else 60)]
    draft = Preparation("shortest", EDGE, EDGE, EDGE)
    exact = Preparation("shortest", EDGE, EDGE, EDGE, exact=True)
    moved = np.mean(
        [np.abs(draft.from_bytes(data).astype(int) - _plain(data).astype(int)).mean() for data in files[:12]]
    )
    for data in files[:12]:
        assert np.array_equal(exact.from_bytes(data), _plain(data))
    took = interleaved(
        {
            "draft": lambda: [draft.from_bytes(data) for data in files],
            "exact": lambda: [exact.from_bytes(data) for data in files],
            "plain": lambda: [_plain(data) for data in files],
            "decode": lambda: [decode_rgb(data, EDGE) for data in files],
        },
        rounds=5 if quick else 9,
    )
    work = f"decode {len(files)} JPEG of 640 × 480, resize to {EDGE}"
    peak = peak_mib(lambda: draft.from_bytes(files[0]))
    note = f"pixels move by {moved:.1f} of 255"
    return [
        Row(f"{work}, draft", "peer", "Pillow in full", took["draft"], took["plain"], 1.6, peak_mib=peak, note=note),
        Row(f"{work}, exact", "peer", "Pillow in full", took["exact"], took["plain"], note="equal pixels"),
        Row(f"{work}, draft", "bound", "decoding at half scale alone", took["draft"], took["decode"]),
    ]


def _plain(data: bytes) -> np.ndarray:
    """What a tutorial does: open, convert, resize the short edge, cut out the centre."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = EDGE / min(image.size)
    image = image.resize((int(image.width * scale), int(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - EDGE) // 2, (image.height - EDGE) // 2
    return np.asarray(image.crop((left, top, left + EDGE, top + EDGE)))


def _photograph(number: int) -> bytes:
    """A JPEG with detail at every scale, about as large as a photograph of its size (100–150 kB)."""
    rng = np.random.default_rng(number)
    layers = []
    for size, strength in ((5, 1.0), (20, 0.6), (80, 0.35), (320, 0.2)):
        coarse = rng.integers(0, 255, (size * 3 // 4 + 1, size, 3), dtype=np.uint8)
        layers.append(
            strength * np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC), float)
        )
    page = np.sum(layers, axis=0)
    page = 255 * (page - page.min()) / (page.max() - page.min())
    file = io.BytesIO()
    Image.fromarray(page.astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()
