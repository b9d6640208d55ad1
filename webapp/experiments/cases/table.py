"""The cases that a gallery shows as one table for spreadsheets: the same filters and order, page after page by key."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.http import StreamingHttpResponse

from ml_core.cells import safe_cell
from webapp.experiments.cases import queries
from webapp.experiments.cases.filters import Filters
from webapp.experiments.cases.queries import PICTURES, Known, Row
from webapp.experiments.models import Run

AT_ONCE = 500  # cases in memory, however many there are
HEADER = (
    "number", "direction", "rank", "margin", "prompt", "right", "right_score", "first", "first_score", "given",
    "scores", "categories", "evidence_right", "evidence_right_cosine", "evidence_first", "evidence_first_cosine",
    "evidence_picture",
)  # fmt: skip


def table_of(run: Run, filters: Filters) -> StreamingHttpResponse:
    """All that match, as a download. Pictures are named by their ids in the data set, texts by their words."""
    response = StreamingHttpResponse(_lines(run, filters), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="run-{run.pk}-cases.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _lines(run: Run, filters: Filters) -> Iterator[str]:
    corpus_id = queries.corpus_of(run)
    names = {number: name for number, name, _ in queries.categories_of(corpus_id)}
    yield _written([HEADER])
    after = None
    while True:
        page = queries.page_of(run, filters, after=after, size=AT_ONCE)
        known = queries.known_of(corpus_id, page.rows, whole=True)
        yield _written(_cells(row, known, names) for row in page.rows)
        if page.next is None:
            return
        after = page.next


def _cells(row: Row, known: Known, names: dict[int, str]) -> list[object]:
    asked = row.prompt_text if row.prompt_kind == "text" else _named(row.prompt_kind, row.prompt, known)
    given = [_named(row.answer_kind, number, known) for number in row.given]
    return [
        row.number,
        row.direction,
        row.rank,
        row.margin,
        asked,
        _named(row.answer_kind, row.right, known),
        row.right_score,
        given[0] if given else "",
        row.scores[0] if row.scores else "",
        " | ".join(given),
        " ".join(f"{score:.6g}" for score in row.scores),
        " | ".join(names[number] for number in row.category_numbers if number in names),
        *_evidence(row),
    ]


def _evidence(row: Row) -> list[object]:
    """Of a classification the captions nearest the picture: of the true class, of the one given, the picture's own."""
    if not row.evidence:
        return [""] * 5
    told = queries.evidence_of(row)
    right = [told.right, told.right_cosine] if told.right else ["", ""]
    given = [told.given, told.given_cosine] if told.given else ["", ""]
    return [*right, *given, told.picture]


def _named(kind: str, number: int, known: Known) -> str:
    """A picture by its id, a text by its words; by its number where the data set is gone."""
    if kind in PICTURES:
        picture = known.pictures.get(number)
        return picture.external_id if picture else str(number)
    text = known.texts.get(number)
    return text.text if text else str(number)


def _written(rows: Iterator[list[object]] | list[tuple[str, ...]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()
