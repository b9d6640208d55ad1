"""Reads a table that people saved from a spreadsheet: CSV in whatever dialect, or .xlsx. Knows nothing of labels."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from ml_core.spec import BadInput

MOST_BYTES = 20 * 2**20
MOST_ROWS = 100_000
_UNPACKED = 200 * 2**20
_DIALECTS = (",", ";", "\t")
# GB18030 is what Excel saves on a Chinese computer; whatever is not UTF-8 nor that is read as Western European.
_ENCODINGS = ("utf-8-sig", "gb18030", "cp1252")


@dataclass(frozen=True)
class Line:
    """A row of a table: its number as a spreadsheet shows it, and its cells by lower-case column name.

    `wide`: it has more cells than the first row has columns, so that nobody can tell which cell is which.
    """

    number: int
    cells: dict[str, str]
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """The columns as they are written, and every row that is not empty."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]


def read_table(data: bytes) -> Table:
    """A table out of a file's bytes. BadInput where it is none, too large, or two columns have one name."""
    if len(data) > MOST_BYTES:
        raise BadInput(
            _("The file is larger than %(n)d MB; a sheet of labels is far smaller.") % {"n": MOST_BYTES // 2**20}
        )
    rows = _sheet(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    filled = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not filled:
        raise BadInput(_("The file holds no row."))
    if len(filled) > MOST_ROWS + 1:
        raise BadInput(_("The file has more than %(n)s rows.") % {"n": f"{MOST_ROWS:,}"})
    head, body = filled[0][1], filled[1:]
    names = [name.strip().lower() for name in head]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise BadInput(_("The column %(name)s stands in the first row twice.") % {"name": twice[0]})
    lines = tuple(Line(number, _named(names, cells), _wide(names, cells)) for number, cells in body)
    return Table(tuple(name.strip() for name in head if name.strip()), lines)


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    padded = [*cells, *[""] * (len(names) - len(cells))]
    return {name: cell.strip() for name, cell in zip(names, padded, strict=False) if name}


def _wide(names: Sequence[str], cells: Sequence[str]) -> bool:
    """Spreadsheets pad every row to the widest, so that columns at the end that have no name are none."""
    last = max((place for place, name in enumerate(names, start=1) if name), default=0)
    return len(cells) > len(names) or any(cell.strip() for cell in cells[last:])


def _csv(data: bytes) -> list[tuple[int, list[str]]]:
    text = _decoded(data)
    if "\0" in text:
        raise BadInput(_("The file is neither CSV nor .xlsx. Save the sheet as one of these and send it again."))
    first = text.partition("\n")[0]
    delimiter = max(_DIALECTS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        said = _("Line %(n)d is no CSV: %(error)s.") % {"n": reader.line_num, "error": error}
        raise BadInput(said) from error


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Excel calls “Unicode text”
        return _tried(data, "utf-16") or ""
    return next(text for name in _ENCODINGS if (text := _tried(data, name)) is not None)


def _tried(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding, errors="replace" if encoding in ("cp1252", "utf-16") else "strict")
    except UnicodeDecodeError:
        return None


def _sheet(data: bytes) -> list[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise BadInput(_("The workbook unpacks to far more than a sheet of labels holds."))
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError, ValueError) as error:
        said = _("The workbook cannot be read (%(error)s). Save the sheet as CSV and send that.") % {"error": error}
        raise BadInput(said) from error
    return [(number, [_written(cell) for cell in cells]) for number, cells in enumerate(rows, start=1)]


def _written(cell: object) -> str:
    """A cell as its CSV would have it: a whole number without the `.0` that spreadsheets keep."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
