"""A small classification set with recorded embeddings of its pictures and of every text, and captions of both sides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.events import Event, Log, Metric
from ml_core.methods import card
from ml_core.spec import Context
from ml_core.zeroshot.templates import GENERIC, SETS, WITH_DOMAIN, filled, with_caption
from tests.ml_core import small_sets

WIDTH = 24
DOMAIN = "small picture"


@dataclass
class Made:
    """References to a set, its embeddings and its captions, and what is in them."""

    root: Path
    data: str
    names: list[str]
    labels_N: np.ndarray
    item_ids: list[str]
    images_NE: np.ndarray
    class_captions: list[list[str]]
    image_captions: list[list[str]]
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    encoder: str = ""
    class_file: str = ""
    image_file: str = ""

    def texts(self, *texts: str) -> np.ndarray:
        """Unit vectors of texts as the encoder gives them, float64."""
        rows = np.stack([self.vectors[text] for text in texts]).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def units(self) -> np.ndarray:
        """Unit vectors of pictures."""
        return self.images_NE / np.linalg.norm(self.images_NE, axis=1, keepdims=True)


def made(
    root: Path,
    names: tuple[str, ...] = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu"),
    pictures: int = 12,
    per_class: int = 4,
    per_image: int = 3,
    seed: int = 1,
) -> Made:
    """`pictures` a class. Names say a class dimly and captions say it well, so that enrichment has something to do."""
    rng = np.random.default_rng(seed)
    folders = [f"class{number:02d}" for number in range(len(names))]
    small_sets.class_folders(root / "set", dict.fromkeys(folders, pictures))
    about = {"domain": DOMAIN, "classes": dict(zip(folders, names, strict=True))}
    small_sets.write(root / "set" / "classes.json", about)
    labels_N = np.repeat(np.arange(len(names)), pictures)
    centre_CE = rng.standard_normal((len(names), WIDTH))
    files = sorted(f"{number}.jpg" for number in range(pictures))
    found = Made(
        root,
        f"imagefolder:{root / 'set'}",
        list(names),
        labels_N,
        [f"{folder}/{file}" for folder in folders for file in files],
        (centre_CE[labels_N] + 1.6 * rng.standard_normal((len(labels_N), WIDTH))).astype(np.float32),
        [[f"{name} has mark {k}" for k in range(per_class)] for name in names],
        [[f"picture {number} shows {k}" for k in range(per_image)] for number in range(len(labels_N))],
    )
    for c, name in enumerate(names):
        prompts = [text for kind in SETS.values() for text in filled(kind, [name], DOMAIN)[0]]
        prompts += [*filled((GENERIC, WITH_DOMAIN), [name], DOMAIN)[0], f"my {name}", f"one {name} here"]
        for text in prompts:
            found.vectors[text] = centre_CE[c] + 1.5 * rng.standard_normal(WIDTH)
        for caption in found.class_captions[c]:
            found.vectors[with_caption(name, caption)] = centre_CE[c] + 0.8 * rng.standard_normal(WIDTH)
    for number, captions in enumerate(found.image_captions):
        for caption in captions:
            found.vectors[caption] = centre_CE[labels_N[number]] + 1.2 * rng.standard_normal(WIDTH)
    found.encoder = embeddings(found, "all")
    found.class_file = str(class_file(found, root / "class_captions.json"))
    found.image_file = str(image_file(found, root / "image_captions.json"))
    return found


def embeddings(made: Made, name: str) -> str:
    """The reference of a file with the embeddings as they are now."""
    path = made.root / f"{name}.npz"
    np.savez(
        path,
        image_ids=np.array(made.item_ids),
        image_embeddings=made.images_NE,
        text_ids=np.array(list(made.vectors)),
        text_embeddings=np.stack(list(made.vectors.values())).astype(np.float32),
    )
    return f"embeddings:{path}"


def class_file(made: Made, path: Path, **changes: Any) -> Path:
    """The class side in the published layout; `changes` replace or (None) remove classes."""
    classes: dict[str, Any] = {
        name: {"captions": captions, "similarities": [0.5 + 0.01 * k for k in range(len(captions))]}
        for name, captions in zip(made.names, made.class_captions, strict=True)
    }
    classes = {name: entry for name, entry in (classes | changes).items() if entry is not None}
    path.write_text(json.dumps({"_meta": {"model": "recorded"}} | classes), encoding="utf-8")
    return path


def image_file(made: Made, path: Path, predicted: list[str | None] | None = None) -> Path:
    """The image side in the published layout."""
    guesses = predicted or [None] * len(made.item_ids)
    rows = [
        {"filename": item, "description": captions, "predicted_class": guess}
        for item, captions, guess in zip(made.item_ids, made.image_captions, guesses, strict=True)
    ]
    path.write_text(json.dumps({"predictions": rows}), encoding="utf-8")
    return path


def run_method(key: str, out: Path, **values: Any) -> list[Event]:
    """Every event of a method run in this process, few resamples unless asked for."""
    out.mkdir(parents=True, exist_ok=True)
    found = card(key)
    spec = found.parse({"resamples": 200} | values)
    return list(found.load()(spec, Context(out=out, cache=str(out / "cache"))))


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    """Metrics by name."""
    return {event.name: event for event in events if isinstance(event, Metric)}


def warnings_of(events: list[Event]) -> list[str]:
    """What was warned of."""
    return [event.message for event in events if isinstance(event, Log) and event.level == "warning"]
