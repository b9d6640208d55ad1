"""The spreadsheet that people fill in: `assign_overlap.csv`, `assign_A.csv`, …, out and in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml_core.cells import safe_cell
from ml_core.spec import BadInput
from webapp.annotation.exchange.entries import Content, Entry, Mistake
from webapp.annotation.exchange.tables import read_table
from webapp.annotation.exchange.wording import words
from webapp.annotation.labelling.answers import LONGEST_NOTE

COLUMNS = ("idx", "caption", "gt_img_idx", "pred_img_idx", "category", "ambiguous_subtype")
_MORE = ("note", "skip_reason", "confidence", "flagged")  # understood where a sheet has them, never asked for
_NAMES = {
    "idx": ("idx", "id", "sample", "sample_id", "index", "编号", "序号"),
    "category": ("category", "label", "类别", "分类"),
    "ambiguous_subtype": ("ambiguous_subtype", "subtype", "ambiguous subtype", "子类", "子类型"),
    "note": ("note", "notes", "comment", "comments", "备注"),
    "skip_reason": ("skip_reason",),
    "confidence": ("confidence",),
    "flagged": ("flagged", "flag"),
}
_YES = {"true", "yes", "y", "x", "1", "是"}


def written(rows: Iterable[Mapping[str, object]]) -> bytes:
    """A sheet as spreadsheets open it: UTF-8 with its mark, formulas quoted."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([safe_cell(row.get(name, "")) for name in COLUMNS])
    return buffer.getvalue().encode("utf-8-sig")


def read(data: bytes) -> Content:
    """The answers of a filled-in sheet. BadInput where it lacks a column that is needed."""
    table = read_table(data)
    known = {name.lower() for name in table.columns}
    columns = {name: next((spelling for spelling in _NAMES[name] if spelling in known), "") for name in _NAMES}
    missing = [name for name in ("idx", "category") if not columns[name]]
    if missing:
        said = _("The first row has no column %(missing)s; it has: %(there)s.")
        raise BadInput(said % {"missing": ", ".join(missing), "there": ", ".join(table.columns)})
    entries, mistakes = [], []
    for line in table.lines:
        place = words(gettext_noop("row %(n)d"), n=line.number)
        cell = {name: line.cells.get(column, "") if column else "" for name, column in columns.items()}
        if line.wide:
            unquoted = gettext_noop(
                "This row has more cells than the first row has columns. A text with a comma needs quotes around it."
            )
            mistakes.append(Mistake(place, words(unquoted)))
            continue
        if not cell["idx"]:
            nameless = gettext_noop("There is no idx, so nobody can tell which sample this is.")
            mistakes.append(Mistake(place, words(nameless)))
            continue
        if cell["confidence"] not in ("", "1", "2", "3"):
            unsure = gettext_noop("Confidence is 1, 2 or 3, not %(given)s.")
            mistakes.append(Mistake(place, words(unsure, given=cell["confidence"][:20])))
            continue
        entries.append(
            Entry(
                place,
                _unquoted(cell["idx"]),
                category=cell["category"],
                subtype=cell["ambiguous_subtype"],
                note=_unquoted(cell["note"])[:LONGEST_NOTE],
                skip_reason=cell["skip_reason"],
                confidence=int(cell["confidence"]) if cell["confidence"] else None,
                flagged=cell["flagged"].lower() in _YES,
            )
        )
    return Content("sheet", tuple(entries), tuple(mistakes))


def _unquoted(cell: str) -> str:
    """A cell without the quote that `safe_cell` put before what looks like a formula."""
    return cell[1:] if cell[:1] == "'" and safe_cell(cell[1:]) == cell else cell
