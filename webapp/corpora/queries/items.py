"""Pictures of a data set with their captions, page by page; as fast at the end as at the beginning."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, QuerySet

from webapp.corpora.models import Caption, Category, Corpus, Item

PAGE = 48
COUNT_LIMIT = 10_000
# Written as in the index, or PostgreSQL does not use it.
_INDEXED = Func(
    "text", function="to_tsvector", template="%(function)s('simple', %(expressions)s)", output_field=SearchVectorField()
)


@dataclass(frozen=True)
class Filters:
    """What a page of pictures is narrowed to: a category's number, words that a caption holds."""

    category: int | None = None
    words: str = ""

    def __bool__(self) -> bool:
        return self.category is not None or bool(self.words)


@dataclass(frozen=True)
class Box:
    """An object in a picture, in pixels of the original."""

    category: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Picture:
    """A picture with what is known of it."""

    number: int
    external_id: str
    file_name: str
    file_hash: str
    byte_count: int
    width: int
    height: int
    label: str = ""
    captions: list[tuple[str, str]] = field(default_factory=list)  # (id, text)
    boxes: list[Box] = field(default_factory=list)

    @property
    def label_size(self) -> float:
        """Height of a box's label, in pixels of the original, that reads well when the picture fills its stage."""
        return round(max(self.width, self.height) / 46, 1)

    @property
    def label_dx(self) -> float:
        """Room left of a box's label."""
        return round(self.label_size * 0.35, 1)

    @property
    def label_dy(self) -> float:
        """From a box's upper edge to its label's base line."""
        return round(self.label_size * 1.15, 1)

    @property
    def objects(self) -> list[tuple[str, int]]:
        """Categories of the boxes with how many there are, the commonest first."""
        return Counter(box.category for box in self.boxes).most_common()

    @property
    def caption(self) -> str:
        """The first caption, or the class."""
        return self.captions[0][1] if self.captions else self.label


@dataclass(frozen=True)
class Page:
    """Some pictures in the frozen order; `before` and `after` are the numbers that lead to the neighbouring pages."""

    pictures: list[Picture]
    before: int | None
    after: int | None


def page_of(
    corpus: Corpus, filters: Filters, *, after: int | None = None, before: int | None = None, size: int = PAGE
) -> Page:
    """The pictures that follow number `after`, or precede number `before`; three queries whatever the size."""
    rows = _narrowed(corpus, filters)
    if before is not None:
        found = list(rows.filter(number__lt=before).order_by("-number")[: size + 1])
        kept, more_before, more_after = found[:size][::-1], len(found) > size, bool(found)
    else:
        found = list((rows.filter(number__gt=after) if after is not None else rows).order_by("number")[: size + 1])
        kept, more_before, more_after = found[:size], after is not None and after >= 0, len(found) > size
    pictures = _pictures(corpus, kept)
    return Page(
        pictures,
        before=kept[0].number if kept and more_before else None,
        after=kept[-1].number if kept and more_after else None,
    )


def count_of(corpus: Corpus, filters: Filters) -> int:
    """How many pictures there are, COUNT_LIMIT + 1 for more than that."""
    if not filters:
        return corpus.item_count
    return len(_narrowed(corpus, filters).values_list("number", flat=True)[: COUNT_LIMIT + 1])


def picture_of(corpus: Corpus, number: int) -> Picture | None:
    """One picture with all its captions and boxes."""
    row = Item.objects.filter(corpus=corpus, number=number).first()
    return _pictures(corpus, [row], boxes=True)[0] if row else None


def hash_of(corpus: Corpus, number: int) -> str | None:
    """The content hash of a picture."""
    return Item.objects.filter(corpus=corpus, number=number).values_list("file_hash", flat=True).first()


def narrowed_items(corpus: Corpus, rows: QuerySet[Item], filters: Filters) -> QuerySet[Item]:
    """Those of the pictures that the filters let through."""
    if filters.category is not None:
        rows = rows.filter(category_numbers__contains=[filters.category])
    if filters.words:
        captions = said(Caption.objects.filter(corpus=corpus), filters.words)
        rows = rows.filter(number__in=captions.values("item_number"))
    return rows


def said(rows: QuerySet[Caption], words: str) -> QuerySet[Caption]:
    """Captions that hold the words, by the index on to_tsvector('simple', text)."""
    query = SearchQuery(words, config="simple", search_type="websearch")
    return rows.annotate(said=_INDEXED).filter(said=query)


def _narrowed(corpus: Corpus, filters: Filters) -> QuerySet[Item]:
    return narrowed_items(corpus, Item.objects.filter(corpus=corpus), filters)


def _pictures(corpus: Corpus, rows: list[Item], *, boxes: bool = False) -> list[Picture]:
    captions: dict[int, list[tuple[str, str]]] = {row.number: [] for row in rows}
    found = Caption.objects.filter(corpus=corpus, item_number__in=list(captions)).order_by("item_number", "number")
    for item, identity, text in found.values_list("item_number", "external_id", "text"):
        captions[item].append((identity, text))
    names = _category_names(corpus, rows)
    return [
        Picture(
            number=row.number,
            external_id=row.external_id,
            file_name=row.file_name,
            file_hash=row.file_hash,
            byte_count=row.byte_count,
            width=row.width,
            height=row.height,
            label=names.get(row.label, "") if row.label is not None else "",
            captions=captions[row.number],
            boxes=_boxes(row.boxes, names) if boxes else [],
        )
        for row in rows
    ]


def _category_names(corpus: Corpus, rows: list[Item]) -> dict[int, str]:
    wanted = {number for row in rows for number in row.category_numbers}
    return dict(Category.objects.filter(corpus=corpus, number__in=wanted).values_list("number", "name"))


def _boxes(rows: list[list[Any]], names: dict[int, str]) -> list[Box]:
    """Large boxes first, so that a small one can be pointed at through a large one."""
    boxes = [Box(names.get(row[0], "?"), *row[1:]) for row in rows]
    return sorted(boxes, key=lambda box: -box.width * box.height)
