"""Cases as pages show them: each prompt and answer a slide, whatever its kind. Asks no database."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from webapp.design.numbers import Whisker, written
from webapp.design.slides import Slide
from webapp.experiments.cases.queries import PICTURES, Known, Row, evidence_of

SHORT = 280  # characters of a caption in the gallery
NAMED = {
    "t2i": (gettext_noop("Wanted"), gettext_noop("Retrieved")),
    "i2t": (gettext_noop("Wanted"), gettext_noop("Retrieved")),
    "classify": (gettext_noop("True class"), gettext_noop("Predicted")),
}


@dataclass(frozen=True)
class Place:
    """Where pictures and cases are found: the beginnings of their addresses, worked out once a page."""

    pictures: str  # "" where there is no data set
    cases: str
    query: str

    @classmethod
    def of(cls, slug: str, run_id: int, corpus_id: int | None, query: str) -> Place:
        """The place of a run, its data set, and the filters that its links carry."""
        cases = reverse("experiments:cases", kwargs={"slug": slug, "run_id": run_id})
        if corpus_id is None:
            return cls("", cases, query)
        names = {"slug": slug, "corpus_id": corpus_id, "number": 0, "size": "medium"}
        return cls(reverse("corpora:picture", kwargs=names).removesuffix("0/medium/"), cases, query)

    def picture(self, number: int, size: str) -> str:
        """A picture in one of the display sizes."""
        return f"{self.pictures}{number}/{size}/"

    def case(self, number: int) -> str:
        """A case's page, within the filters."""
        return f"{self.cases}{number}/?{self.query}"


@dataclass(frozen=True)
class Card:
    """A case in the gallery: the prompt (a caption or a slide), what was wanted beside what came first."""

    number: str
    url: str
    caption: str
    prompt: Slide | None
    wanted: Slide
    given: Slide
    rank: str
    margin: str
    ladder: str  # where the right answer stands on a ladder of ten rungs drawn 108 wide
    beyond: bool  # … or below all of them
    hit: bool
    classes: bool = False  # names of classes need little room
    evidence: tuple[str, ...] = ()  # what speaks for the classes, a sentence each


@dataclass(frozen=True)
class Answer:
    """One of the given answers on a case's page."""

    place: int
    slide: Slide
    right: bool


@dataclass(frozen=True)
class Mark:
    """An answer on the axis of scores, 0 to 100 from the lowest shown to the highest."""

    at: float
    right: bool
    first: bool


def card(row: Row, known: Known, where: Place) -> Card:
    """A case as the gallery shows it; a hit stands beside its runner-up."""
    hit = row.rank == 1
    wanted, first = map(gettext, NAMED.get(row.direction, NAMED["t2i"]))
    rival = next((place for place, number in enumerate(row.given) if number != row.right), 0) if hit else 0
    label = (gettext("Runner-up") if hit else first) if row.given else gettext("Nothing else")
    given = row.given[rival] if row.given else row.right
    score = row.scores[rival] if row.scores else None
    return Card(
        number=str(row.number),
        url=where.case(row.number),
        caption=(row.prompt_text[:SHORT] or gettext("(no caption)")) if row.prompt_kind == "text" else "",
        prompt=None if row.prompt_kind == "text" else slide(row.prompt_kind, row.prompt, _asked(row), known, where),
        wanted=slide(row.answer_kind, row.right, wanted, known, where, score=row.right_score),
        given=slide(row.answer_kind, given, label, known, where, score=score, tone="" if hit else "near"),
        rank=f"{row.rank:,}",
        margin=written(row.margin, "margin")[0],
        ladder=str(4 + (row.rank - 1) * 10),
        beyond=row.rank > 10,
        hit=hit,
        classes=row.answer_kind == "class",
        evidence=evidence(row, known),
    )


def evidence(row: Row, known: Known) -> tuple[str, ...]:
    """The captions that speak for the true class, for the wrong one given first, and for the picture, in sentences."""
    told = evidence_of(row)
    rival = next((number for number in row.given if number != row.right), row.right)
    sentence = gettext("Nearest caption of “%(name)s”: %(caption)s (%(cosine)s)")
    sides = ((row.right, told.right, told.right_cosine), (rival, told.given, told.given_cosine))
    said = [
        sentence % {"name": known.texts[number].text, "caption": caption, "cosine": f"{cosine:.2f}"}
        for number, caption, cosine in sides
        if caption and number in known.texts
    ]
    own = gettext("The picture's own nearest caption: %(caption)s") % {"caption": told.picture}
    return (*said, own) if told.picture else tuple(said)


def _asked(row: Row) -> str:
    return gettext("Picture") if row.answer_kind == "class" else gettext("Asked")


def answers(row: Row, known: Known, where: Place) -> list[Answer]:
    """Every given answer, best first."""
    shown = []
    for place, (number, score) in enumerate(zip(row.given, row.scores, strict=False), start=1):
        right = is_right(row, number, known)
        tone = "near" if place == 1 and not right else ""
        wanted = gettext(NAMED.get(row.direction, NAMED["t2i"])[0])
        label = wanted if right else f"{place}."
        shown.append(Answer(place, slide(row.answer_kind, number, label, known, where, score=score, tone=tone), right))
    return shown


def is_right(row: Row, number: int, known: Known) -> bool:
    """Whether an answer is a right one: the very one, or another caption of the picture asked about."""
    if number == row.right:
        return True
    text = known.texts.get(number)
    return row.answer_kind == "text" and text is not None and text.unit is not None and text.unit == row.unit


def marks(row: Row, given: list[Answer]) -> list[Mark]:
    """The answers on one axis of scores, the right one among them even where it is not in the ten."""
    points = [(answer.slide.score or 0.0, answer.right, answer.place == 1) for answer in given]
    if not any(right for _, right, _ in points):
        points.append((row.right_score, True, False))
    low, high = min(score for score, _, _ in points), max(score for score, _, _ in points)
    width = (high - low) or 1.0
    return [Mark(round(100 * (score - low) / width, 2), right, first) for score, right, first in points]


def gap(found: list[Mark]) -> Whisker | None:
    """From the right answer to the best of the others, for the bracket on the axis."""
    right = max((mark.at for mark in found if mark.right), default=None)
    rival = max((mark.at for mark in found if not mark.right), default=None)
    if right is None or rival is None:
        return None
    return Whisker(min(right, rival), right, max(right, rival), None)


def slide(
    kind: str, number: int, label: str, known: Known, where: Place, *, score: float | None = None, tone: str = ""
) -> Slide:
    """A prompt or an answer in its mount: a picture or page by its display address, a text by its words."""
    if kind not in PICTURES:
        text = known.texts.get(number)
        words = text.text if text else gettext("This text is no longer in the data set.")
        return Slide(label, text=words, number=str(number), score=score, tone=tone)
    picture = known.pictures.get(number)
    if picture is None or not where.pictures:
        return Slide(label, text=gettext("This picture is no longer in the data set."), number=str(number), score=score)
    return Slide(
        label,
        src=where.picture(number, "medium"),
        large=where.picture(number, "large"),
        alt=f"{label}: {kind} {picture.external_id}",
        number=picture.external_id,
        score=score,
        tone=tone,
        width=picture.width,
        height=picture.height,
    )
