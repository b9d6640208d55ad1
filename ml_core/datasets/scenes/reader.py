"""Opens `scenes:N`: draws the pictures, writes the captions, and keeps what is true of each."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np

from ml_core.datasets.checking import Look
from ml_core.datasets.scenes.classes import DOMAIN, LOOKS, label_of, scene_of
from ml_core.datasets.scenes.drawing import Drawn, draw
from ml_core.datasets.scenes.kinds import KINDS
from ml_core.datasets.scenes.wording import captions
from ml_core.datasets.scenes.world import SLOTS, SPLITS, Member, dice, family
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput

PREFIX = "scenes"
CLASSES: Literal["classification"] = "classification"
MOST = 200_000
SIZES = (32, 1024)
IN_MEMORY = 256 * 2**20  # bytes of drawn pictures kept; what is over is drawn again when asked for
WORTH_A_POOL = 64 * 128 * 128 * 8  # supersampled pixels: below this, starting processes costs more than it saves


@dataclass(frozen=True)
class Options:
    """Which scenes: the seed of their families, the split, and the pictures' side in pixels."""

    seed: int = 7
    split: str = "heldout"
    size: int = 320
    task: str = "retrieval"


def read(path: str, options: dict[str, str], *, look: Look | None = None) -> tuple[Dataset, list[Problem]]:
    """The first `path` scenes (a number) of a split; options `seed`, `size` (pixels), `split` (heldout, train), `task`
    (retrieval, classification: see scenes.classes).

    Scene n is the same whatever the number asked for. `look.tell` hears how many are drawn. Raises BadInput for a
    wrong number or option.
    """
    count = _number("number of scenes", path, 1, MOST)
    wanted = _options(options)
    if wanted.task == CLASSES:
        return _classes(_draw_all(count, wanted, look or Look()), wanted), []
    members = [_member(n, wanted) for n in range(count)]
    drawn = _draw_all(count, wanted, look or Look())
    return _dataset(members, drawn, wanted), []


def _options(options: dict[str, str]) -> Options:
    unknown = sorted(set(options) - {"seed", "size", "split", "task"})
    if unknown:
        raise BadInput(f"scenes have no option {unknown[0]!r}; use seed, size, split or task", field="dataset")
    task = options.get("task", "retrieval")
    if task not in ("retrieval", CLASSES):
        raise BadInput(f"scenes have no task {task!r}; use retrieval or classification", field="dataset")
    split = options.get("split", "heldout")
    if split not in SPLITS:
        raise BadInput(f"scenes have no split {split!r}; use {' or '.join(SPLITS)}", field="dataset")
    seed = _number("seed", options.get("seed", "7"), 0, 2**31 - 1)
    return Options(seed, split, _number("size", options.get("size", "320"), *SIZES), task)


def _number(what: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadInput(
            f"the {what} of scenes must be a whole number from {low} to {high}, not {text!r}", field="dataset"
        )
    return int(text)


def _place_of(n: int) -> tuple[int, int]:
    return divmod(n, len(SLOTS))


def _member(n: int, wanted: Options) -> Member:
    number, sibling = _place_of(n)
    return family(wanted.seed, wanted.split, number)[sibling]


def class_item(n: int, seed: int, split: str) -> str:
    """The id of picture n of a set of classes."""
    return f"{split}-classes-{seed}-{n:05d}-0"


def _draw(n: int, wanted: Options) -> Drawn:
    if wanted.task == CLASSES:
        look = f"{wanted.seed}|{wanted.split}|class|{n}"
        return draw(scene_of(wanted.seed, wanted.split, n), wanted.size, look=look, pose=look)
    number, sibling = _place_of(n)
    look = f"{wanted.seed}|{wanted.split}|{number}"
    return draw(_member(n, wanted).scene, wanted.size, look=look, pose=f"{look}|{sibling}")


def _draw_all(count: int, wanted: Options, look: Look) -> list[Drawn]:
    """Every picture, drawn by all processors where that pays."""
    job = partial(_draw, wanted=wanted)
    cores = len(os.sched_getaffinity(0))
    alone = cores == 1 or multiprocessing.current_process().daemon
    if alone or count * (wanted.size + 64) ** 2 < WORTH_A_POOL // 4:
        return _told(map(job, range(count)), count, look)
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return _told(pool.map(job, range(count), chunksize=max(1, min(64, count // (cores * 4)))), count, look)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _told(pictures: Iterable[Drawn], total: int, look: Look) -> list[Drawn]:
    """The pictures as they come, and word of every tenth."""
    drawn = []
    for picture in pictures:
        drawn.append(picture)
        if len(drawn) % 10 == 0 or len(drawn) == total:
            look.tell("Drawing pictures", len(drawn), total)
    return drawn


def _opener(drawn: list[Drawn], wanted: Options) -> Callable[[int], bytes]:
    """Gives the picture's bytes from memory, or draws it again where keeping all would be too much."""
    kept: dict[int, bytes] = {}
    room = IN_MEMORY
    for n, picture in enumerate(drawn):
        room -= len(picture.jpeg)
        if room < 0:
            break
        kept[n] = picture.jpeg

    def open_bytes(n: int) -> bytes:
        return kept[n] if n in kept else _draw(n, wanted).jpeg

    return open_bytes


def _facts(n: int, member: Member, wanted: Options) -> tuple[dict[str, Any], list[str]]:
    number, sibling = _place_of(n)
    written = captions(member.scene, dice("words", wanted.seed, wanted.split, number, sibling))
    facts = {
        **member.scene.facts(),
        "family": number,
        "sibling": sibling,
        "factor": member.factor,
        "captions": [{"mentions": caption.mentions} for caption in written],
    }
    return facts, [caption.text for caption in written]


def _classes(drawn: list[Drawn], wanted: Options) -> Dataset:
    count, none = len(drawn), np.zeros(0, np.int32)
    ids = [class_item(n, wanted.seed, wanted.split) for n in range(count)]
    scenes = [scene_of(wanted.seed, wanted.split, n) for n in range(count)]
    return Dataset(
        name=f"Scenes {wanted.split} {count}, classes",
        task=CLASSES,
        item_ids=ids,
        file_names=[f"{item}.jpg" for item in ids],
        file_hashes=[hashlib.sha256(picture.jpeg).hexdigest() for picture in drawn],
        file_sizes=np.array([len(picture.jpeg) for picture in drawn], np.int32),
        widths=np.full(count, wanted.size, np.int32),
        heights=np.full(count, wanted.size, np.int32),
        caption_ids=[],
        caption_texts=[],
        caption_items=none,
        category_ids=list(range(len(LOOKS))),
        category_names=[look.name for look in LOOKS],
        supercategories=[""] * len(LOOKS),
        box_items=none,
        box_categories=none,
        boxes_B4=np.zeros((0, 4), np.float32),
        labels=np.array([label_of(n) for n in range(count)], np.int32),
        open_bytes=_opener(drawn, wanted),
        facts=[scene.facts() | {"label": label_of(n)} for n, scene in enumerate(scenes)],
        about=_about(wanted) | {"domain": DOMAIN},
    )


def _about(wanted: Options) -> dict[str, Any]:
    return {
        "source": "drawn by code",
        "licence": "MIT",
        "simulated": True,
        "domain": "illustration",
        "seed": wanted.seed,
        "split": wanted.split,
        "size": wanted.size,
    }


def _dataset(members: list[Member], drawn: list[Drawn], wanted: Options) -> Dataset:
    ids = [f"{wanted.split}-{wanted.seed}-{n // len(SLOTS):05d}-{n % len(SLOTS)}" for n in range(len(members))]
    facts, texts = zip(*(_facts(n, member, wanted) for n, member in enumerate(members)), strict=True)
    kinds = sorted(KINDS.values(), key=lambda kind: kind.category_id)
    column = {kind.name: number for number, kind in enumerate(kinds)}
    boxes = [(n, column[name], box) for n, picture in enumerate(drawn) for name, box in picture.boxes]
    count = len(members)
    return Dataset(
        name=f"Scenes {wanted.split} {count}",
        task="retrieval",
        item_ids=ids,
        file_names=[f"{item}.jpg" for item in ids],
        file_hashes=[hashlib.sha256(picture.jpeg).hexdigest() for picture in drawn],
        file_sizes=np.array([len(picture.jpeg) for picture in drawn], np.int32),
        widths=np.full(count, wanted.size, np.int32),
        heights=np.full(count, wanted.size, np.int32),
        caption_ids=[f"{item}-{k}" for item, written in zip(ids, texts, strict=True) for k in range(len(written))],
        caption_texts=list(chain.from_iterable(texts)),
        caption_items=np.repeat(np.arange(count, dtype=np.int32), [len(written) for written in texts]),
        category_ids=[kind.category_id for kind in kinds],
        category_names=[kind.category for kind in kinds],
        supercategories=[kind.supercategory for kind in kinds],
        box_items=np.array([n for n, _, _ in boxes], np.int32),
        box_categories=np.array([category for _, category, _ in boxes], np.int32),
        boxes_B4=np.array([box for _, _, box in boxes], np.float32).reshape(-1, 4),
        labels=np.zeros(0, np.int32),
        open_bytes=_opener(drawn, wanted),
        facts=list(facts),
        about=_about(wanted),
    )
