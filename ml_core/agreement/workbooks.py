"""Reads the cells of a workbook's first sheet (.xlsx) as its CSV would have them. Knows nothing of labels."""

from __future__ import annotations

import io
import zipfile

from python_calamine import CalamineError, CalamineWorkbook

from ml_core.spec import BadInput

_UNPACKED = 2**30


def is_workbook(data: bytes) -> bool:
    """Whether a file's bytes are a workbook rather than text."""
    return data.startswith(b"PK\x03\x04")


def read_cells(data: bytes, name: str, field: str) -> list[tuple[int, list[str]]]:
    """Each row's number as a spreadsheet shows it, and its cells up to the last that holds something.

    BadInput where `name` is no workbook that can be read, or unpacks to more than 1 GiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise BadInput(f"{name} unpacks to more than 1 GiB; save the sheet as CSV", field=field)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError, ValueError) as error:
        raise BadInput(f"{name} is no workbook that can be read ({error}); save it as CSV", field=field) from error
    return [(number, _filled([_written(cell) for cell in cells])) for number, cells in enumerate(rows, start=1)]


def _written(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # spreadsheets keep whole numbers as fractions
    return str(cell).strip()


def _filled(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells
