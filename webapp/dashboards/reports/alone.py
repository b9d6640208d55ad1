"""A report as one HTML file: styles and pictures inside, no script, nothing asked of any server."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from webapp.corpora.displaying import MEDIA_TYPE
from webapp.dashboards.reports.shown import page_of
from webapp.verdicts.models import Report
from webapp.verdicts.reporting.files import picture_bytes

_SCREEN = ("tokens", "base", "components", "reports")
_GAPS = re.compile(r"/\*.*?\*/|(?<=[{};,])\s+|\s+(?=[{}])", re.DOTALL)


def file_of(report: Report, context: dict[str, Any]) -> str:
    """The file's text. `context` is what the page's template has beside the numbers; addresses in it are whole ones."""
    page = page_of(report.snapshot, lambda picture: inlined(report, picture), context.get("addresses"))
    return render_to_string("dashboards/reports/alone.html", context | {"page": page, "styles": styles()})


def inlined(report: Report, picture: str) -> str:
    """A picture as a data address; an empty one where the file is gone."""
    data = picture_bytes(report, picture)
    return f"data:{MEDIA_TYPE};base64,{base64.b64encode(data).decode()}" if data else "data:,"


@cache
def styles() -> SafeString:
    """The site's own styles, as far as a report needs them, as the element that holds them."""
    screen = "".join(_sheet(name) for name in _SCREEN)
    return mark_safe(f"<style>{screen}@media print{{{_sheet('print')}}}</style>")  # noqa: S308  # our own files


def name_of(report: Report, title: str) -> str:
    """What the file is called."""
    return f"report-{report.pk}-{slugify(title)[:60]}.html".replace("-.", ".")


def _sheet(name: str) -> str:
    found = finders.find(f"css/{name}.css")
    assert isinstance(found, str), name
    return _GAPS.sub("", Path(found).read_text(encoding="utf-8"))
