"""Holds what a file says against the campaign: row by row what would come of it, before anything is written."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from ml_core.taxonomy import Taxonomy
from webapp.annotation.exchange.entries import Content, Entry
from webapp.annotation.exchange.wording import NOTHING, Words, words
from webapp.annotation.labelling.answers import SKIP_REASONS

NEW, SAME, REPLACES, KEPT, BLANK, ERROR = "new", "same", "replaces", "kept", "blank", "error"
_KEYS = uuid.UUID("6f1f5a2e-6b0e-4b5c-9d36-0c8f5d3f7a11")


@dataclass(frozen=True)
class Standing:
    """A task as it stands for one annotator: theirs to answer or not, and what they have answered."""

    task_id: int
    wanted: bool  # there is a slot of theirs, or one they may take
    owner: str  # whose share it is, for the message; empty where it is nobody's
    usable: bool
    overlap: bool = False  # everybody labels it
    category: str = ""
    subtype: str = ""
    skip_reason: str = ""
    note: str = ""
    flagged: bool = False
    confidence: int | None = None
    last_event: int = 0

    @property
    def answered(self) -> bool:
        """Whether there is an answer now."""
        return bool(self.category or self.skip_reason)


@dataclass(frozen=True)
class Answered:
    """The answer that an entry stands for, in the taxonomy's keys."""

    task_id: int
    letter: str
    category: str
    subtype: str
    skip_reason: str
    key: uuid.UUID
    entry: Entry


@dataclass(frozen=True)
class Row:
    """What would come of one row of the file."""

    at: Words
    idx: str
    letter: str
    verdict: str
    said: Words = NOTHING
    answer: Answered | None = None

    @property
    def place(self) -> str:
        """Where in the file, in the reader's language."""
        return str(self.at)

    @property
    def text(self) -> str:
        """What is wrong, or beside what it stands, in the reader's language."""
        return str(self.said)


@dataclass(frozen=True)
class Judgement:
    """Every row with its verdict, spellings that were understood, and what of the plan the file does not mention."""

    rows: tuple[Row, ...]
    spellings: tuple[tuple[str, str, int], ...]  # as written, what it was taken for, how often
    missing: tuple[str, ...]  # idx of tasks that wait for an answer of these annotators and are not in the file
    overlap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # letter → the overlap samples in the file

    @property
    def counts(self) -> dict[str, int]:
        """How many rows got each verdict."""
        return dict(Counter(row.verdict for row in self.rows))

    @property
    def taken(self) -> tuple[Row, ...]:
        """The rows that write something."""
        return tuple(row for row in self.rows if row.verdict in (NEW, REPLACES))

    @property
    def faults(self) -> tuple[Row, ...]:
        """The rows that cannot be taken."""
        return tuple(row for row in self.rows if row.verdict == ERROR)


def judged(
    content: Content,
    *,
    taxonomy: Taxonomy,
    standings: Mapping[str, Mapping[str, Standing]],
    letter: str = "",
    accounts: Mapping[str, str] | None = None,
    replace: bool = False,
) -> Judgement:
    """What would come of each row of a file.

    `standings`: annotator's letter → idx → Standing. `letter`: whose answers these are where the file does not say; a
    row that names somebody else is then an error. `accounts`: whose an account of another tool is; answers of several
    accounts are nobody's until it says so. An answer that differs from the one that stands replaces it only
    with `replace`, and the row says so either way.
    """
    spelled: Counter[tuple[str, str]] = Counter()
    rows = [Row(mistake.place, "", "", ERROR, mistake.text) for mistake in content.mistakes]
    entries, nobodys = _whose(content.entries, accounts or {})
    twice = _twice(entries, taxonomy, letter)
    for entry in entries:
        who = entry.letter or letter
        if entry.place in nobodys:
            row = Row(entry.place, entry.idx, "", ERROR, nobodys[entry.place])
        else:
            row = _judged(entry, who, letter, taxonomy, standings, replace, spelled)
        if row.verdict in (NEW, REPLACES) and (again := twice.get((who, entry.idx))):
            row = _beside_others(row, entry, again, taxonomy)
        rows.append(row)
    mentioned = {(entry.letter or letter, entry.idx) for entry in entries}
    missing = sorted(
        {
            idx
            for who in {name for name, _idx in mentioned}
            for idx, standing in standings.get(who, {}).items()
            if standing.wanted and standing.usable and not standing.answered and (who, idx) not in mentioned
        },
        key=natural,
    )
    named = tuple((text, key, times) for (text, key), times in sorted(spelled.items()) if text != key)
    return Judgement(tuple(rows), named, tuple(missing), _overlap(mentioned, standings))


def _whose(entries: Sequence[Entry], accounts: Mapping[str, str]) -> tuple[list[Entry], dict[Words, Words]]:
    """The entries under the letters that their accounts stand for, and why one is nobody's, by its place."""
    found, strangers = [], {}
    for entry in entries:
        letter = next((accounts[name] for name in entry.accounts if name in accounts), "")
        if not entry.letter and entry.accounts and not letter:
            strangers[entry.place] = entry.accounts[0]
        found.append(dataclasses.replace(entry, letter=letter) if letter and not entry.letter else entry)
    if not accounts and len(set(strangers.values())) < 2:
        return found, {}
    shown = ", ".join(sorted(set(strangers.values()), key=natural)[:20])
    said = _("This is account %(account)s's answer; say which annotator each account is. Unknown yet: %(shown)s.")
    return found, {place: words(said, account=account, shown=shown) for place, account in strangers.items()}


def _judged(
    entry: Entry,
    who: str,
    letter: str,
    taxonomy: Taxonomy,
    standings: Mapping[str, Mapping[str, Standing]],
    replace: bool,
    spelled: Counter[tuple[str, str]],
) -> Row:
    def wrong(text: str, **values: Any) -> Row:
        return Row(entry.place, entry.idx, who, ERROR, words(text, **values))

    remarked = bool(entry.note or entry.flagged)
    if not who and not (entry.category or entry.skip_reason or entry.subtype or remarked):
        return Row(entry.place, entry.idx, "", BLANK)  # a task that nobody has answered yet
    if not who:
        return wrong(_("The file does not say whose answer this is: choose the annotator."))
    if letter and entry.letter and entry.letter != letter:
        said = _("This is %(letter)s's answer, and the file was given as %(other)s's.")
        return wrong(said, letter=entry.letter, other=letter)
    if who not in standings:
        return wrong(_("Nobody in this campaign goes by %(letter)s."), letter=who)
    standing = standings[who].get(entry.idx)
    if standing is None:
        return wrong(_("This campaign has no sample %(idx)s."), idx=entry.idx[:40])
    if not entry.category and not entry.skip_reason:
        if entry.subtype:
            return wrong(_("There is a subtype without a category."))
        if remarked:
            return wrong(_("There is a note or a flag without a category, and it is kept only beside one."))
        return Row(entry.place, entry.idx, who, BLANK)
    if not standing.usable:
        return wrong(_("This sample was taken out as unusable."))
    if not standing.wanted and not standing.answered:
        if standing.owner:
            said = _("Sample %(idx)s is not among %(letter)s's. It is %(owner)s's.")
            return wrong(said, idx=entry.idx, letter=who, owner=standing.owner)
        return wrong(_("Sample %(idx)s is not among %(letter)s's. It is in reserve."), idx=entry.idx, letter=who)
    found = _understood(entry, taxonomy, spelled)
    if isinstance(found, Words):
        return Row(entry.place, entry.idx, who, ERROR, found)
    category, subtype, skip_reason = found
    return _beside(entry, who, standing, category, subtype, skip_reason, replace)


def _understood(entry: Entry, taxonomy: Taxonomy, spelled: Counter[tuple[str, str]]) -> tuple[str, str, str] | Words:
    """(category, subtype, skip reason) in the taxonomy's keys, or why not."""
    if entry.skip_reason:
        if entry.skip_reason not in SKIP_REASONS:
            said = _("A sample is skipped as one of %(reasons)s, not “%(given)s”.")
            return words(said, reasons=", ".join(SKIP_REASONS), given=entry.skip_reason[:40])
        if entry.category:
            return words(_("There is both a category and a reason for skipping."))
        return "", "", entry.skip_reason
    of = {sub.key: category.key for category in taxonomy.categories for sub in category.subtypes}
    key = taxonomy.recognise(entry.category)
    if key is None:
        known = ", ".join(taxonomy.keys)
        return words(_("“%(given)s” is no category. There are: %(known)s."), given=entry.category[:40], known=known)
    spelled[(entry.category, key)] += 1
    category, subtype = (of[key], key) if key in of else (key, "")
    if entry.subtype:
        fine = taxonomy.recognise(entry.subtype)
        if fine is None or of.get(fine) != category:
            return words(_("“%(given)s” is no subtype of %(category)s."), given=entry.subtype[:40], category=category)
        if subtype and subtype != fine:
            said = _("“%(category)s” and “%(subtype)s” name two different subtypes.")
            return words(said, category=entry.category[:40], subtype=entry.subtype[:40])
        spelled[(entry.subtype, fine)] += 1
        subtype = fine
    return category, subtype, ""


def _beside(
    entry: Entry, who: str, standing: Standing, category: str, subtype: str, skip_reason: str, replace: bool
) -> Row:
    """The row beside the answer that stands already."""
    if (category, subtype, skip_reason) == (standing.category, standing.subtype, standing.skip_reason):
        more = (entry.note and entry.note != standing.note) or (entry.confidence not in (None, standing.confidence))
        if not more:
            return Row(entry.place, entry.idx, who, SAME)
    said = "/".join((category, subtype, skip_reason, entry.note, str(entry.confidence), str(entry.flagged)))
    key = uuid.uuid5(_KEYS, f"{standing.task_id}/{who}/{standing.last_event}/{said}")
    answer = Answered(standing.task_id, who, category, subtype, skip_reason, key, entry)
    if not standing.answered:
        return Row(entry.place, entry.idx, who, NEW, answer=answer)
    now = standing.category or words(_("skipped (%(reason)s)"), reason=standing.skip_reason)
    if replace:
        return Row(entry.place, entry.idx, who, REPLACES, words(_("Replaces %(now)s."), now=now), answer)
    said_already = words(_("%(now)s was said already; choose “replace” to change it."), now=now)
    return Row(entry.place, entry.idx, who, KEPT, said_already)


@dataclass(frozen=True)
class _Again:
    """A sample that stands in a file more than once: what its first row says, and the first that says otherwise."""

    first: Words
    said: tuple[str, str, str]
    differs: Words | None


def _twice(entries: Sequence[Entry], taxonomy: Taxonomy, letter: str) -> dict[tuple[str, str], _Again]:
    """(letter, idx) of samples that stand in the file more than once."""
    places: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.category or entry.skip_reason:
            places[(entry.letter or letter, entry.idx)].append(entry)
    again = {}
    for name, (first, *others) in places.items():
        if others:
            own = _plain(first, taxonomy)
            differs = next((other.place for other in others if _plain(other, taxonomy) != own), None)
            again[name] = _Again(first.place, own, differs)
    return again


def _beside_others(row: Row, entry: Entry, again: _Again, taxonomy: Taxonomy) -> Row:
    """A row whose sample stands in the file again: an error where another row says something else."""
    other = again.differs if _plain(entry, taxonomy) == again.said else again.first
    if other is not None:
        said = _("Sample %(idx)s is labelled differently in %(place)s.")
        return Row(row.at, row.idx, row.letter, ERROR, words(said, idx=entry.idx, place=other))
    if entry.place != again.first:
        return Row(row.at, row.idx, row.letter, SAME, words(_("The same as %(place)s."), place=again.first))
    return row


def _overlap(
    mentioned: Collection[tuple[str, str]], standings: Mapping[str, Mapping[str, Standing]]
) -> dict[str, tuple[str, ...]]:
    """The overlap samples that the file holds of each annotator, filled in or not."""
    found: dict[str, list[str]] = defaultdict(list)
    for who, idx in mentioned:
        standing = standings.get(who, {}).get(idx)
        if standing and standing.overlap:
            found[who].append(idx)
    return {who: tuple(sorted(ids, key=natural)) for who, ids in sorted(found.items())}


def _plain(entry: Entry, taxonomy: Taxonomy) -> tuple[str, str, str]:
    return (
        taxonomy.recognise(entry.category) or entry.category,
        taxonomy.recognise(entry.subtype) or entry.subtype,
        entry.skip_reason,
    )


def natural(idx: str) -> tuple[int, str]:
    """A key that puts numbers in their order and before everything else."""
    return (int(idx), "") if idx.isascii() and idx.isdigit() and len(idx) < 19 else (2**63, idx)
