"""Reads captions of a run or a file, page by page, each with what people wrote in its place."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from webapp.accounts.models import Project
from webapp.experiments.browsing import pictures
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, CaptionEdit, CaptionFile, Run
from webapp.experiments.queries.details import corpus_of

PAGE = 20
MOST_BYTES = 64 * 2**20  # larger files are for downloading
METHODS = {"synce.class_captions": "class_captions", "synce.image_captions": "image_captions"}


class TooLarge(Exception):
    """A file that is not shown in pages."""


@dataclass(frozen=True)
class Source:
    """Where captions come from: a run that wrote them, or a file. `side` is that of CaptionFile."""

    kind: str  # "run" or "file"
    id: int
    side: str
    key: str
    byte_count: int
    title: str
    corpus_id: int | None
    run: Run | None = None
    file: CaptionFile | None = None
    writer: Run | None = None  # who can be asked again: the run itself, or the one whose captions a file was made of
    measured: Run | None = None  # by which run the similarities of a file were measured here, where one has

    @property
    def of_pictures(self) -> bool:
        """Whether pictures are captioned, and not classes."""
        return self.side == CaptionFile.Side.PICTURES

    @property
    def reference(self) -> str:
        """How a spec names it."""
        return f"run:{self.id}" if self.kind == "run" else f"captions:{self.id}"


@dataclass(frozen=True)
class Caption:
    """One caption: what was written first, what stands now, and who changed it."""

    number: int
    first: str
    similarity: float | None
    versions: list[CaptionEdit] = field(default_factory=list)  # oldest first

    @property
    def text(self) -> str:
        """What stands now; "" where it was taken out."""
        return self.versions[-1].text if self.versions else self.first

    @property
    def changed(self) -> CaptionEdit | None:
        """The newest change."""
        return self.versions[-1] if self.versions else None


@dataclass(frozen=True)
class Entry:
    """A class or a picture with its captions."""

    name: str
    captions: list[Caption]
    predicted: str | None = None
    picture: int | None = None  # its number in the data set
    true_class: str | None = None


@dataclass(frozen=True)
class Page:
    """Some entries of all that fit the search."""

    entries: list[Entry]
    number: int
    pages: int
    found: int
    total: int
    edited: int  # captions of the source that people changed


def source_of(project: Project, kind: str, source_id: int) -> Source | None:
    """What is browsed; None where this project has no such captions."""
    if source_id >= 2**63:
        return None
    if kind == "run":
        run = Run.objects.filter(project=project, pk=source_id, method__in=METHODS).first()
        row = run and Artifact.objects.filter(run=run, path=f"{METHODS[run.method]}.json").first()
        if not run or not row:
            return None
        side, title = METHODS[run.method], run.title
        writer = run if _asks_a_model(run) else None
        return Source("run", run.pk, side, row.key, row.byte_count, title, corpus_of(run), run=run, writer=writer)
    file = CaptionFile.objects.filter(project=project, pk=source_id, state=CaptionFile.State.READY).first()
    if kind != "file" or file is None or file.corpus_id is None:
        return None
    return Source(
        "file", file.pk, file.side, file.key, file.byte_count, file.name, file.corpus_id,
        file=file, writer=_writer_of(file), measured=_measured(file),
    )  # fmt: skip


def _asks_a_model(run: Run) -> bool:
    """Whether a run had captions written, and did not measure those that were there."""
    return not str(run.spec.get("generator", "")).startswith("captions:")


def _measured(file: CaptionFile) -> Run | None:
    """The newest finished run that measured this file beside its own data set."""
    said = {"spec__generator": f"captions:{file.pk}", "spec__data": f"corpus:{file.corpus_id}"}
    found = Run.objects.filter(project_id=file.project_id, state=Run.State.SUCCEEDED, method__in=METHODS, **said)
    return found.order_by("-pk").first()


def _writer_of(file: CaptionFile) -> Run | None:
    """The run that wrote the captions which a file was made of, as the file says; of this project and data set."""
    named = re.fullmatch(r"run:([0-9]{1,18})", str((file.found.get("meta") or {}).get("written_by")))
    if named is None:
        return None
    run = Run.objects.filter(project_id=file.project_id, pk=int(named[1]), method__in=METHODS).first()
    fits = run is not None and METHODS[run.method] == file.side and corpus_of(run) == file.corpus_id
    return run if run is not None and fits and _asks_a_model(run) else None


def number_in(text: str) -> int | None:
    """A number as an address writes it, of few digits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def page_of(source: Source, *, words: str = "", label: int | None = None, number: int = 1, size: int = PAGE) -> Page:
    """The entries whose name, captions or changes hold the words, of pictures those of the true class `label` alone;
    some at a time. TooLarge for a file of many MiB."""
    rows = _with_measures(source, read(source))
    changes = edits_of(source)
    wanted = words.casefold()
    fitting = [row for row in rows if not wanted or _fits(row, changes.get(row[0], {}), wanted)]
    if label is not None and source.of_pictures:
        names = pictures.of_class(source.corpus_id, label)
        fitting = [row for row in fitting if row[0] in names]
    pages = max(1, -(-len(fitting) // size))
    number = min(max(1, number), pages)
    chosen = fitting[(number - 1) * size : number * size]
    known = pictures.named(source.corpus_id, [row[0] for row in chosen]) if source.of_pictures else {}
    entries = [_entry(row, changes.get(row[0], {}), *known.get(row[0], (None, None))) for row in chosen]
    edited = sum(len(numbers) for numbers in changes.values())
    return Page(entries, number, pages, len(fitting), len(rows), edited)


def edits_of(source: Source) -> dict[str, dict[int, list[CaptionEdit]]]:
    """Every change by entry and caption, oldest first."""
    found: dict[str, dict[int, list[CaptionEdit]]] = defaultdict(lambda: defaultdict(list))
    for change in CaptionEdit.objects.filter(**owner(source)).select_related("created_by").order_by("id"):
        found[change.entry][change.number].append(change)
    return found


def owner(source: Source) -> dict[str, int]:
    """The column of a change that names the source."""
    return {"run_id": source.id} if source.kind == "run" else {"caption_file_id": source.id}


Row = tuple[str, list[str], list[float], str | None]


def read(source: Source) -> list[Row]:
    """(name, captions, similarities, predicted class) in the file's order. TooLarge."""
    if source.byte_count > MOST_BYTES:
        raise TooLarge
    return _rows(source.key, source.of_pictures)


def _with_measures(source: Source, rows: list[Row]) -> list[Row]:
    """The rows of a file with the similarities of the run that measured it in place of its own."""
    path = f"{source.side}.json"
    kept = source.measured and Artifact.objects.filter(run=source.measured, path=path).order_by("-attempt").first()
    if not kept or kept.byte_count > MOST_BYTES:
        return rows
    found = _by_name(_rows(kept.key, source.of_pictures))
    return [(name, texts, found.get((_plain(name), *texts), given), guess) for name, texts, given, guess in rows]


def _by_name(rows: list[Row]) -> dict[tuple[str, ...], list[float]]:
    """Similarities by name and captions: a run writes whole file names where a file may say their last part alone."""
    lasts = Counter(name.rpartition("/")[2] for name, *_rest in rows)
    found = {}
    for name, texts, given, _guess in rows:
        last = name.rpartition("/")[2]
        for called in {name, last} if lasts[last] == 1 else {name}:
            found[_plain(called), *texts] = given
    return found


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.removeprefix("./").split()))


@lru_cache(maxsize=4)
def _rows(key: str, of_pictures: bool) -> list[Row]:
    """A file of the store never changes under its key."""
    content = json.loads(store().read_bytes(key).decode("utf-8-sig"))
    if of_pictures:
        return [_row(entry["filename"], entry, "description") for entry in content["predictions"]]
    return [_row(name, entry, "captions") for name, entry in content.items() if name != "_meta"]


def _row(name: str, entry: Any, key: str) -> Row:
    told = entry.get(key) if isinstance(entry, dict) else entry
    captions = [told] if isinstance(told, str) else [" ".join(str(text).split()) for text in told or []]
    given = (entry.get("similarities") if isinstance(entry, dict) else None) or []
    guess = entry.get("predicted_class") if isinstance(entry, dict) else None
    return name, captions, given if len(given) == len(captions) else [], guess


def _fits(row: Row, changes: dict[int, list[CaptionEdit]], wanted: str) -> bool:
    texts = [row[0], row[3] or "", *row[1], *(versions[-1].text for versions in changes.values())]
    return any(wanted in text.casefold() for text in texts)


def _entry(row: Row, changes: dict[int, list[CaptionEdit]], picture: int | None, true_class: str | None) -> Entry:
    name, texts, similarities, predicted = row
    captions = [
        Caption(number, text, similarities[number] if similarities else None, changes.get(number, []))
        for number, text in enumerate(texts)
    ]
    return Entry(name, captions, predicted, picture, true_class)
