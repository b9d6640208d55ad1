"""Workbooks as a spreadsheet program saves them, without one."""

from __future__ import annotations

import io
import zipfile

OFFICE = "http://schemas.openxmlformats.org"


def workbook(rows: list[list[object]]) -> bytes:
    """The smallest .xlsx: one sheet with inline strings."""

    def cell(value: object) -> str:
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    def related(kind: str, target: str) -> str:
        inner = f'<Relationship Id="r1" Type="{OFFICE}/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{OFFICE}/package/2006/relationships">{inner}</Relationships>'

    def part(name: str, kind: str) -> str:
        content = f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"
        return f'<Override PartName="/{name}" ContentType="{content}"/>'

    main = f"{OFFICE}/spreadsheetml/2006/main"
    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    parts = part("xl/workbook.xml", "sheet.main") + part("xl/worksheets/sheet1.xml", "worksheet")
    sheets_xml = '<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets>'
    files = {
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types">{rels}{parts}</Types>',
        "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{OFFICE}/officeDocument/2006/relationships">'
        f"{sheets_xml}</workbook>",
        "xl/_rels/workbook.xml.rels": related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return buffer.getvalue()
