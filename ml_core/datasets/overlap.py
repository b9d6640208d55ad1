"""What a model was trained on, kept beside its weights, and what of it an evaluation asks again. Light: no arrays.

Pictures are the same where their ids are, or their bytes; drawn scenes also where they are siblings of one family,
which are all but equal.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ml_core.spec import BadInput

FILE = "training-data.json.gz"
FORMAT = 1
Policy = Literal["refuse", "content", "allow"]
_DIGITS = 32  # of a hash that are kept: 128 bits tell pictures apart, at half the size
_SHOWN = 5


@dataclass(frozen=True)
class Content:
    """The pictures of a data set, or of a part of it: ids, hashes (hex) of their bytes, families of drawn scenes."""

    ids: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()

    def __or__(self, other: Content) -> Content:
        return Content(self.ids | other.ids, self.hashes | other.hashes, self.families | other.families)

    def as_dict(self) -> dict[str, list[str]]:
        """Plain sorted lists."""
        return {name: sorted(getattr(self, name)) for name in ("ids", "hashes", "families")}


@dataclass(frozen=True)
class Seen:
    """What training saw: `train` the weights, `val` whoever chose the checkpoint. `complete` is False where it went on
    from a model of ours that does not say what it had seen; `start` is the reference that it went on from."""

    train: Content
    val: Content = Content()
    start: str = ""
    complete: bool = True


@dataclass(frozen=True)
class Overlap:
    """What training and evaluation have in common."""

    ids: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids or self.hashes or self.families)

    @property
    def found(self) -> str:
        """What is in common, as the middle of a sentence; empty where nothing is."""
        parts = []
        if self.ids:
            parts.append(f"{len(self.ids):,} pictures have the same id ({_some(self.ids)})")
        if self.hashes:
            parts.append(
                f"{len(self.hashes):,} pictures have the same content ({_some([h[:12] for h in self.hashes])})"
            )
        if self.families:
            parts.append(f"{len(self.families):,} scenes have siblings there ({_some(self.families)})")
        return " and ".join(parts)

    @property
    def reason(self) -> str:
        """Why the evaluation is refused, with what to do; empty where nothing is in common."""
        if not self:
            return ""
        return (
            f"The model was trained on what it is evaluated on: {self.found}. "
            "Train without them, or evaluate on pictures it has not seen."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: counts, the first few of each, and the reason."""
        counts = {name: len(getattr(self, name)) for name in ("ids", "hashes", "families")}
        first = {f"first_{name}": list(getattr(self, name)[:_SHOWN]) for name in counts}
        return {**counts, **first, "reason": self.reason}


def overlap(
    train_ids: Collection[str],
    evaluation_ids: Collection[str],
    *,
    train_hashes: Collection[str] = (),
    evaluation_hashes: Collection[str] = (),
) -> Overlap:
    """Ids and content hashes in both; ids count only where both sides name things in one scheme (say, one archive)."""
    ids = set(train_ids).intersection(evaluation_ids)
    hashes = set(train_hashes).intersection(evaluation_hashes)
    return Overlap(tuple(sorted(ids)), tuple(sorted(hashes)))


def shared(train: Content, evaluated: Content, policy: Policy = "refuse") -> Overlap:
    """What two contents have in common; by their bytes alone where the policy is "content"."""
    hashes = tuple(sorted(train.hashes & evaluated.hashes))
    if policy == "content":
        return Overlap(hashes=hashes)
    families = train.families & evaluated.families
    return Overlap(tuple(sorted(train.ids & evaluated.ids)), hashes, tuple(sorted(families)))


def content_of(ids: Sequence[str], hashes: Sequence[str], *, scenes: bool) -> Content:
    """The content of pictures; `scenes`: their ids are those of drawn scenes, split-seed-family-sibling."""
    families = frozenset(family_of(one) for one in ids) if scenes else frozenset()
    return Content(frozenset(ids), frozenset(one[:_DIGITS] for one in hashes), families)


def family_of(scene_id: str) -> str:
    """What the siblings of a drawn scene share: its id without its end."""
    return scene_id.rpartition("-")[0]


def are_scenes(facts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the facts of pictures say that they are drawn scenes of families."""
    return bool(facts) and all("family" in one for one in facts)


def write_seen(folder: Path, seen: Seen) -> None:
    """FILE in the folder of a model; equal content, equal bytes."""
    told = {
        "format": FORMAT, "train": seen.train.as_dict(), "val": seen.val.as_dict(), "start": seen.start,
        "complete": seen.complete,
    }  # fmt: skip
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    (folder / FILE).write_bytes(gzip.compress(text.encode(), mtime=0))


def read_seen(data: bytes) -> Seen:
    """What `write_seen` wrote. BadInput (field "encoder") where it is something else."""
    try:
        told = json.loads(gzip.decompress(data))
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']}")
        train, val = (Content(**{name: frozenset(map(str, told[part][name])) for name in _PARTS}) for part in _SIDES)
        return Seen(train, val, str(told["start"]), bool(told["complete"]))
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{FILE}, which says what the model was trained on, cannot be read ({error}); name another",
            field="encoder",
        ) from error


def seen_by(reference: str) -> Seen | None:
    """What the model that a reference names was trained on; None where nothing says so.

    `checkpoint:FOLDER` and `hf:FOLDER` of a model of ours. BadInput where the file that says it is damaged.
    """
    family, _, rest = reference.partition(":")
    if family not in ("checkpoint", "hf") or not rest:
        return None
    for folder in (Path(rest), Path(rest) / "model"):
        if (folder / FILE).is_file():
            return read_seen((folder / FILE).read_bytes())
    return None


_PARTS = ("ids", "hashes", "families")
_SIDES = ("train", "val")


def _some(names: Collection[str]) -> str:
    return ", ".join(list(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
