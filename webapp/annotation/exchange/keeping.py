"""What came of each row of a file that was taken, kept beside the file: a report must not be made anew afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass

from webapp.annotation.exchange.judging import NEW, REPLACES, SAME, Judgement
from webapp.annotation.exchange.wording import Words, from_plain
from webapp.annotation.models import LabelFile
from webapp.corpora.files import store


@dataclass(frozen=True)
class Line:
    """One row of the file as its report tells of it."""

    at: Words
    idx: str
    letter: str
    verdict: str
    said: Words
    label: str  # category, subtype or reason of skipping

    @property
    def place(self) -> str:
        """Where in the file, in the reader's language."""
        return str(self.at)

    @property
    def text(self) -> str:
        """What is wrong, or beside what it stands, in the reader's language."""
        return str(self.said)


def rows_key(key: str) -> str:
    """Where the rows of a file lie that lies at this key."""
    return f"{key}.rows.json"


def lines_of(found: Judgement) -> list[Line]:
    """The rows of a judgement as a report tells of them."""
    lines = []
    for row in found.rows:
        said = row.answer
        label = " / ".join(filter(None, (said.category, said.subtype, said.skip_reason))) if said else ""
        lines.append(Line(row.at, row.idx, row.letter, row.verdict, row.said, label))
    return lines


def keep_lines(file: LabelFile, lines: list[Line]) -> None:
    """Writes them beside the file."""
    kept = [[line.at.plain(), line.idx, line.letter, line.verdict, line.said.plain(), line.label] for line in lines]
    store().write_bytes(rows_key(file.key), json.dumps(kept, ensure_ascii=False).encode())


def kept_lines(file: LabelFile) -> list[Line]:
    """What was kept; nothing where the file has not been taken."""
    try:
        kept = json.loads(store().read_bytes(rows_key(file.key)))
    except FileNotFoundError:
        return []
    return [Line(from_plain(at), idx, who, verdict, from_plain(said), x) for at, idx, who, verdict, said, x in kept]


def gone_on(before: list[Line], now: list[Line]) -> list[Line]:
    """The rows now; where a taking was cut short, what it wrote is new still and not there already."""
    if len(before) != len(now):
        return now
    return [
        old if line.verdict == SAME and old.verdict in (NEW, REPLACES) else line
        for old, line in zip(before, now, strict=True)
    ]
