"""The tables and pictures of `zeroshot.pictures` as pages show them. Asks no database and no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from ml_core.pictures.text_occlusion import Caption as Weighed
from ml_core.pictures.text_occlusion import Picture, unpacked
from webapp.design.numbers import written

Table = dict[str, Any]
Address = Callable[[str], str]  # a file's address by its path in the run; "" where the run left no such file
TONES = 4
MOST_WORDS = 2_000  # on a page
UNREADABLE = (KeyError, ValueError, TypeError, IndexError, AttributeError)


@dataclass(frozen=True)
class Looked:
    """One picture: what it was taken for, and what became of that as squares of it were blanked."""

    number: int
    item: str
    right: str
    given: str
    about: str  # the class whose margin is watched
    hit: bool
    margin: float
    loss: float  # the greatest loss of margin by one square
    flips: int  # squares without which another class is answered
    squares: int
    picture: str  # addresses
    overlay: str
    table: str
    case: str


@dataclass(frozen=True)
class Attention:
    """Every picture that was looked at, and how the overlays were made."""

    rows: list[Looked]
    mode: str  # margin or flip
    square: int
    fill: str


@dataclass(frozen=True)
class Word:
    """A word, what stands before it, and what the margin loses without it; `tone` from -TONES to TONES."""

    before: str
    text: str
    drop: str
    tone: int
    flips: bool


@dataclass
class Caption:
    """One caption with its words in order; `owner` is the class that it tells of, "" where it is the picture's own."""

    owner: str
    place: int
    words: list[Word]
    rest: str

    @property
    def markup(self) -> SafeString:
        """The words as HTML: written here rather than in a template, as slides are, for a page holds thousands."""
        text = "".join(map(_marked_up, self.words)) + escape(self.rest)
        return mark_safe(text)  # noqa: S308  # everything that comes from outside is escaped


@dataclass
class Told:
    """The captions that bear on one picture."""

    number: int
    item: str
    right: str
    given: str
    margin: float
    picture: str
    case: str
    captions: list[Caption] = field(default_factory=list)


@dataclass(frozen=True)
class Words:
    """The pictures with their captions; those beyond a page's measure are counted only."""

    pictures: list[Told]
    left_out: int


def attention_of(
    table: Table | None, file: Address, squares: Callable[[int], str], cases: Mapping[int, str]
) -> Attention | None:
    """From the table `occlusion`; None where there is none that can be read. `cases`: addresses by picture."""
    try:
        return _attention(table, file, squares, cases) if table and table["number"] else None
    except UNREADABLE:
        return None


def _attention(table: Table, file: Address, squares: Callable[[int], str], cases: Mapping[int, str]) -> Attention:
    rows = []
    for i, number in enumerate(map(int, table["number"])):
        rows.append(
            Looked(
                number=number,
                item=str(table["item"][i]),
                right=str(table["label_name"][i]),
                given=str(table["given_name"][i]),
                about=str(table["about_name"][i]),
                hit=table["label"][i] == table["given"][i],
                margin=float(table["margin"][i]),
                loss=float(table["greatest_drop"][i]),
                flips=int(table["flips"][i]),
                squares=int(table["squares"][i]),
                picture=file(f"plots/occlusion_{number}_picture.png"),
                overlay=file(f"plots/occlusion_{number}.png"),
                table=squares(number),
                case=cases.get(number, ""),
            )
        )
    return Attention(rows, str(table["mode"][0]), int(table["square"][0]), str(table["fill"][0]))


def words_of(table: Table | None, file: Address, cases: Mapping[int, str]) -> Words | None:
    """From the table `text_occlusion`; None where there is none that can be read."""
    try:
        return _words(table, file, cases) if table and table["captions"]["text"] else None
    except UNREADABLE:
        return None


def _words(table: Table, file: Address, cases: Mapping[int, str]) -> Words:
    rows = list(unpacked(table))
    greatest: dict[int, float] = {}
    for picture, caption in rows:
        greatest[picture.number] = max(greatest.get(picture.number, 0.0), *map(abs, caption.drops), 0.0)
    shown: dict[int, Told] = {}
    count = left_out = 0
    for picture, caption in rows:
        count += len(caption.spans)
        if count > MOST_WORDS and shown:
            left_out += 1
            continue
        if picture.number not in shown:
            shown[picture.number] = _told(picture, file, cases)
        shown[picture.number].captions.append(_caption(caption, greatest[picture.number]))
    return Words(list(shown.values()), left_out)


def _told(picture: Picture, file: Address, cases: Mapping[int, str]) -> Told:
    number = int(picture.number)
    names = str(picture.item), str(picture.label_name), str(picture.given_name)
    seen = file(f"plots/occlusion_{number}_picture.png")
    return Told(number, *names, float(picture.margin), seen, cases.get(number, ""))


def _caption(caption: Weighed, greatest: float) -> Caption:
    text, at, words = str(caption.text), 0, []
    for (start, end), drop, flips in zip(caption.spans, caption.drops, caption.flips, strict=True):
        if not at <= start < end <= len(text):
            raise ValueError(f"a word from {start} to {end} is not in its caption")
        tone = tone_of(float(drop), greatest)
        words.append(Word(text[at:start], text[start:end], _signed(float(drop), tone), tone, flips))
        at = end
    return Caption(
        str(caption.class_name) if caption.side == "class" else "", int(caption.caption) + 1, words, text[at:]
    )


def _marked_up(word: Word) -> str:
    flips, mark = (" data-flips", " ≠") if word.flips else ("", "")
    return (
        f'{escape(word.before)}<span class="told-word" data-tone="{word.tone:d}"{flips}>'
        f'<span>{escape(word.text)}</span><span class="told-drop">{escape(word.drop)}{mark}</span></span>'
    )


def tone_of(drop: float, greatest: float) -> int:
    """How strongly a word is shaded beside the strongest of its picture: -TONES to TONES, 0 where nothing changes."""
    tone = round(TONES * abs(drop) / greatest) if greatest else 0
    return tone if drop > 0 else -tone


def _signed(drop: float, tone: int) -> str:
    """The number under a word; where there is a shade it says how much, however little."""
    return written(drop if tone or abs(drop) >= 0.00005 else 0.0, "margin")[0]
