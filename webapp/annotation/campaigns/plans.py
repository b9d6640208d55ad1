"""What a campaign asks for, checked, and which cases that draws: the same for the preview and for the opening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml_core.failures.sampling import BACKUP, OVERLAP, Plan, plan, share_names
from ml_core.spec import BadInput
from webapp.annotation.campaigns.uploads import Upload
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.filters import MISSED, RANKS, WON, Filters
from webapp.experiments.models import Run

POOL, FILE = "pool", "file"
STRATIFY = ("", "rank", "margin", "file")
MOST = 20_000  # tasks of a campaign


@dataclass(frozen=True)
class Wish:
    """The numbers that somebody chose."""

    size: int = 200
    overlap: int = 30
    backup: int = 20
    annotators: int = 3
    seed: int = 0
    stratify: str = ""
    mode: str = "shares"

    def as_json(self) -> dict[str, object]:
        """As a campaign keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Stratum:
    """How many cases of one kind there are, and how many of them were drawn."""

    name: str
    words: str
    population: int
    sampled: int


@dataclass(frozen=True)
class Drawn:
    """A plan with what it was drawn from. `groups`: overlap, A, B, … (or pool) and backup, ids in drawing order."""

    wish: Wish
    groups: dict[str, tuple[str, ...]]
    strata: dict[str, str]  # id → stratum, of what was drawn
    table: tuple[Stratum, ...]
    population: int

    @property
    def active(self) -> int:
        """Tasks that somebody is to label."""
        return sum(len(ids) for name, ids in self.groups.items() if name != BACKUP)

    @property
    def answers(self) -> int:
        """Answers wanted in all: an overlap task's from everybody, any other's from one."""
        return self.active + len(self.groups[OVERLAP]) * (self.wish.annotators - 1)

    @property
    def share(self) -> int:
        """Tasks of an annotator's own; in a pool the mean."""
        return (self.active - len(self.groups[OVERLAP])) // self.wish.annotators


def drawn_from_run(run: Run, filters: Filters, wish: Wish, among: Collection[int] | None = None) -> Drawn:
    """What the wish draws from a run's matching cases, of those `among` only where it is given.

    BadInput where nothing matches or the numbers do not fit.
    """
    if wish.stratify == FILE:
        raise BadInput(_("Cases are stratified by rank, by margin or not at all."), field="stratify")
    found = cases.strata_of(run, filters)
    if not found:
        raise BadInput(_("No case matches these filters, so there is nothing to label."), field="filters")
    if among is not None:
        wanted = frozenset(among)
        found = [row for row in found if row[0] in wanted]
    strata = {str(number): _stratum(wish.stratify, rank, margin) for number, rank, margin in found}
    return drawn_from(strata, wish)


def drawn_from_upload(upload: Upload, wish: Wish) -> Drawn:
    """What the wish draws from an upload's samples."""
    if wish.stratify not in {"", FILE}:
        said = _("Uploaded samples have no rank and no margin; their strata stand in the file.")
        raise BadInput(said, field="stratify")
    return drawn_from({row.idx: row.stratum if wish.stratify else "" for row in upload.samples}, wish)


def drawn_from(strata: dict[str, str], wish: Wish) -> Drawn:
    """What the wish draws from ids with their strata."""
    _check(wish)
    split = plan(
        list(strata),
        size=wish.size,
        overlap=wish.overlap,
        annotators=wish.annotators,
        backup=wish.backup,
        seed=wish.seed,
        strata=strata if wish.stratify else None,
    )
    groups = _groups(split, wish)
    taken = {name: strata[name] for ids in groups.values() for name in ids}
    active = Counter(strata[name] for group, ids in groups.items() if group != BACKUP for name in ids)
    order = {name: place for place, name in enumerate(_WORDS.get(wish.stratify, ()))}
    table = tuple(
        Stratum(name, words_of(wish.stratify, name), count, active[name])
        for name, count in sorted(Counter(strata.values()).items(), key=lambda pair: (order.get(pair[0], 0), pair[0]))
    )
    return Drawn(wish, groups, taken, table, len(strata))


def _groups(split: Plan, wish: Wish) -> dict[str, tuple[str, ...]]:
    groups = split.groups()
    if wish.mode != POOL:
        return groups
    shared = tuple(name for letter in share_names(wish.annotators) for name in groups[letter])
    return {OVERLAP: groups[OVERLAP], POOL: shared, BACKUP: groups[BACKUP]}


_MARGINS = MISSED | WON
_MISSED_BY, _WON_BY = gettext_lazy("Missed by"), gettext_lazy("Won by")
_WORDS: dict[str, dict[str, Any]] = {
    "": {"": gettext_lazy("All")},
    "rank": {name: format_lazy("{} {}", gettext_lazy("Rank"), words) for name, words in ({"1": "1"} | RANKS).items()},
    "margin": {
        name: format_lazy("{} {}", _MISSED_BY if name in MISSED else _WON_BY, words) for name, words in _MARGINS.items()
    },
}
_RANK_NAMES = ("1", *RANKS)
_MARGIN_NAMES = {
    **{-number: name for number, name in enumerate(MISSED, start=1)},
    **dict(enumerate(WON, start=1)),
}


def _stratum(stratify: str, rank_bucket: int, margin_bucket: int) -> str:
    if stratify == "rank":
        return _RANK_NAMES[rank_bucket]
    return _MARGIN_NAMES[margin_bucket] if stratify == "margin" else ""


def words_of(stratify: str, stratum: str) -> str:
    """A stratum in words."""
    return str(_WORDS.get(stratify, _WORDS[""]).get(stratum, stratum or _("All")))


def _check(wish: Wish) -> None:
    if wish.stratify not in STRATIFY:
        raise BadInput(_("Cases are stratified by rank, by margin or not at all."), field="stratify")
    if not 1 <= wish.size <= MOST:
        raise BadInput(_("A campaign has 1 to %(most)s samples.") % {"most": f"{MOST:,}"}, field="size")
    if not 1 <= wish.annotators <= 100:
        raise BadInput(_("A campaign has 1 to 100 annotators."), field="annotators")
    if not 0 <= wish.seed < 2**31:
        raise BadInput(_("A seed is a whole number from 0 to 2,147,483,647."), field="seed")
    if wish.overlap < 0 or wish.backup < 0:
        raise BadInput(_("Overlap and backup are not negative."), field="overlap" if wish.overlap < 0 else "backup")
    if wish.overlap + wish.backup > wish.size:
        raise BadInput(
            _("Overlap (%(overlap)d) and backup (%(backup)d) together exceed the size (%(size)d).")
            % {"overlap": wish.overlap, "backup": wish.backup, "size": wish.size},
            field="overlap",
        )
    if wish.size - wish.overlap - wish.backup < wish.annotators and wish.size != wish.overlap + wish.backup:
        raise BadInput(_("What overlap and backup leave is too little to give everybody a share."), field="size")
