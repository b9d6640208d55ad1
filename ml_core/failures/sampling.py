"""Which failures a campaign labels and who gets which: a pure split by hashes, no arrays, no clock, no position."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from ml_core.spec import BadInput

OVERLAP, BACKUP = "overlap", "backup"


@dataclass(frozen=True)
class Plan:
    """Disjoint groups of ids: everybody's `overlap`, a share for each annotator, and a `backup` to draw on."""

    overlap: tuple[str, ...]
    shares: tuple[tuple[str, ...], ...]
    backup: tuple[str, ...]

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups by name: overlap, A, B, …, backup."""
        return {
            OVERLAP: self.overlap,
            **dict(zip(share_names(len(self.shares)), self.shares, strict=True)),
            BACKUP: self.backup,
        }

    def __len__(self) -> int:
        return sum(map(len, self.groups().values()))


def share_names(annotators: int) -> list[str]:
    """A, B, …, Z, AA, AB, …: one an annotator."""
    letters = list(ascii_uppercase)
    return (letters + [first + second for first in letters for second in letters])[:annotators]


def plan(
    ids: Sequence[str],
    *,
    size: int,
    overlap: int,
    annotators: int,
    backup: int,
    seed: int,
    strata: Mapping[str, str] | None = None,
) -> Plan:
    """A sample of `size` of the ids, split: `overlap` for everyone, `backup` in reserve, the rest in equal shares.

    Each group takes the ids with the smallest hash of (seed, group, id) among those the groups before it left, so
    adding or losing one id swaps that one, and who has what stays as it was. With `strata` (id → stratum) every group
    is drawn in proportion to the strata. Where there are too few ids, the overlap is filled first, then the shares;
    what cannot be shared out equally goes to the backup. BadInput where the numbers do not fit together.
    """
    _check(ids, size, overlap, annotators, backup)
    sizes = _sizes(min(size, len(ids)), overlap, annotators, backup, full=size <= len(ids))
    strata = strata or {}
    pools: dict[str, list[str]] = {}
    for name in ids:
        pools.setdefault(strata.get(name, ""), []).append(name)
    room = _apportion(sum(sizes.values()), {stratum: len(pool) for stratum, pool in pools.items()})
    chosen: dict[str, tuple[str, ...]] = {}
    for group, wanted in sizes.items():
        quotas = _apportion(wanted, room)
        picked = []
        for stratum, quota in quotas.items():
            best = sorted(pools[stratum], key=lambda name: _hash(seed, group, name))[:quota]
            taken = set(best)
            pools[stratum] = [name for name in pools[stratum] if name not in taken]
            room[stratum] -= quota
            picked += best
        chosen[group] = tuple(sorted(picked, key=lambda name: _hash(seed, group, name)))
    return Plan(chosen[OVERLAP], tuple(chosen[name] for name in share_names(annotators)), chosen[BACKUP])


def _sizes(size: int, overlap: int, annotators: int, backup: int, *, full: bool) -> dict[str, int]:
    overlap = min(overlap, size)
    rest = size - overlap - (backup if full else 0)
    share = rest // annotators
    names = share_names(annotators)
    return {OVERLAP: overlap, **dict.fromkeys(names, share), BACKUP: size - overlap - share * annotators}


def _apportion(wanted: int, room: Mapping[str, int]) -> dict[str, int]:
    """`wanted` places over strata in proportion to their room, by largest remainder, never more than the room."""
    total = sum(room.values())
    if not total:
        return dict.fromkeys(room, 0)
    quotas = {stratum: wanted * count // total for stratum, count in room.items()}
    by_remainder = sorted(room, key=lambda stratum: (-(wanted * room[stratum] % total), stratum))
    for stratum in by_remainder[: wanted - sum(quotas.values())]:
        quotas[stratum] += 1
    return quotas


def _hash(seed: int, group: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{group}\0{name}".encode()).digest()


def _check(ids: Sequence[str], size: int, overlap: int, annotators: int, backup: int) -> None:
    if len(set(ids)) != len(ids):
        raise BadInput("the ids to sample from must differ from each other")
    if annotators < 1:
        raise BadInput("there must be at least one annotator", field="annotators")
    if min(size, overlap, backup) < 0:
        raise BadInput("size, overlap and backup must not be negative", field="size")
    if overlap + backup > size:
        raise BadInput(f"overlap {overlap} and backup {backup} do not fit into a size of {size}", field="size")
