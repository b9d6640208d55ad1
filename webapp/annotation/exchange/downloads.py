"""Labels as downloads, the same from a page and over the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.text import slugify

from ml_core.cells import safe_cell
from webapp.annotation.exchange import bundles, queries, records, studio
from webapp.annotation.exchange.accounts import by_letter
from webapp.annotation.exchange.keeping import Line
from webapp.annotation.labelling.answers import SKIP_REASONS
from webapp.annotation.models import Annotator, Campaign
from webapp.corpora.files import store
from webapp.packing import zipped

Download = TypeVar("Download", HttpResponse, StreamingHttpResponse)
FORMS = ("jsonl", "csv", "labelstudio", "labelstudio_zip", "config")


def labels(campaign: Campaign, form: str, asked: Mapping[str, str]) -> HttpResponse | StreamingHttpResponse:
    """Every answer and every task that waits for one: `jsonl`; `labelstudio`, alone or as a zip with its pictures; its
    configuration; or `csv` (item, annotator, label: answers alone).

    Label Studio's take `accounts` (“A=ann@example.org”: who has said it there) and `pictures=inline` (in the JSON
    itself). BadInput at `accounts` where it names nobody of the campaign. Http404 for another form.
    """
    if form == "jsonl":
        return named(_streamed(records.written(queries.rows_of(campaign)), "x-ndjson"), campaign, "labels.jsonl")
    if form == "csv":
        return named(StreamingHttpResponse(_table(campaign), content_type="text/csv"), campaign, "labels.csv")
    if form == "config":
        response = HttpResponse(studio.config(campaign), content_type="application/xml")
        return named(response, campaign, "labelstudio.xml")
    if form not in FORMS:
        raise Http404("No such form.")
    letters = Annotator.objects.filter(campaign=campaign).values_list("letter", flat=True)
    accounts = by_letter(asked.get("accounts", ""), letters)
    if form == "labelstudio_zip":
        parts = zipped(studio.entries(campaign, accounts, store()))
        return named(_streamed(parts, "zip"), campaign, "labelstudio.zip")
    kept = store() if asked.get("pictures") == "inline" else None
    return named(_streamed(studio.tasks(campaign, accounts, kept), "json"), campaign, "labelstudio.json")


def sheets(campaign: Campaign, people: Sequence[Annotator], name: str) -> StreamingHttpResponse:
    """Sheets, pictures and guide of these annotators as a zip."""
    entries = bundles.entries(campaign, people, store(), ", ".join(SKIP_REASONS))
    return named(_streamed(zipped(entries), "zip"), campaign, f"{name}.zip")


def report(campaign: Campaign, file_id: int, lines: Sequence[Line]) -> HttpResponse:
    """The report on a file as CSV, every row of it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["place", "idx", "annotator", "verdict", "label", "text"])
    for line in lines:
        cells = (line.place, line.idx, line.letter, line.verdict, line.label, line.text)
        writer.writerow([safe_cell(cell) for cell in cells])
    return named(HttpResponse(buffer.getvalue(), content_type="text/csv"), campaign, f"file-{file_id}-report.csv")


def named(response: Download, campaign: Campaign, ending: str) -> Download:
    """The response as a file of this campaign."""
    name = f"{slugify(campaign.name) or f'campaign-{campaign.pk}'}-{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _streamed(parts: Iterator[bytes], kind: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts, content_type=f"application/{kind}")


def _table(campaign: Campaign) -> Iterator[str]:
    """What `agreement.score labels=` reads."""
    yield "item,annotator,label\n"
    for row in queries.answers_of(campaign):
        if row.category:
            buffer = io.StringIO(newline="")
            csv.writer(buffer, lineterminator="\n").writerow([safe_cell(row.idx), row.letter, row.category])
            yield buffer.getvalue()
