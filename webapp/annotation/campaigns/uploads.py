"""Samples out of an uploaded zip: a CSV of prompts and candidates, and the pictures it names. Nothing is unpacked.

The CSV has `idx` (else the row's number), `caption` or `prompt`, `gt` (what was wanted) and `pred` (what the model
answered; either may be empty), and `stratum`. A cell that names a picture of the zip is that picture, any other cell
text; a column `kind` with `page` shows the row's pictures as pages. Pictures are decoded and kept re-encoded, under
the hash of the whole zip: sent twice, an upload is kept once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from django.utils.translation import gettext as _

from ml_core.datasets.decoding import BrokenPicture, announced
from ml_core.spec import BadInput
from webapp.accounts.models import Project
from webapp.annotation.models import Campaign
from webapp.corpora.displaying import encoded
from webapp.corpora.files import store

PREFIX = "samples"
MOST_BYTES = 200 * 2**20
MOST_ROWS = 2000
MOST_PICTURES = 1000
LARGEST = {"picture": 1280, "page": 2560}  # pixels of a kept picture's longer edge; pages are read
_MEMBER = 32 * 2**20
_COLUMNS = {
    "prompt": ("prompt", "caption"),
    "right": ("gt", "right", "gt_img", "gt_img_idx", "wanted"),
    "given": ("pred", "given", "pred_img", "pred_img_idx", "retrieved"),
}
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg"}


@dataclass(frozen=True)
class Sample:
    """A row that can be labelled: what a task freezes of it."""

    idx: str
    stratum: str
    prompt: dict[str, Any]
    right: dict[str, Any] | None
    given: dict[str, Any] | None


@dataclass(frozen=True)
class Upload:
    """What a zip holds. `problems` tell of rows that were left out: (row as a spreadsheet counts, what is wrong)."""

    digest: str
    name: str
    samples: tuple[Sample, ...]
    problems: tuple[tuple[int, str], ...]


def keep(project: Project, name: str, file: IO[bytes]) -> Upload:
    """Checks a zip and keeps what it holds; the same zip again is read from what was kept.

    BadInput where it is no zip, holds no CSV or more than one, is too large, or no row of it can be used.
    """
    digest = _digest(file)
    if (kept := kept_upload(project, digest)) is not None:
        return kept
    try:
        with zipfile.ZipFile(file) as archive:
            upload = _read(project, digest, name, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadInput(_("The file cannot be read as a zip: %(error)s.") % {"error": error}, field="file") from error
    if not upload.samples:
        raise BadInput(" ".join([_("No row of the CSV can be used."), *_first(upload.problems)]), field="file")
    text = json.dumps({"name": upload.name, "samples": [vars(row) for row in upload.samples],
                       "problems": upload.problems})  # fmt: skip
    store().write_bytes(_manifest(project, digest), text.encode())
    return upload


def _first(problems: Sequence[tuple[int, str]]) -> list[str]:
    return [_("The first: row %(n)d: %(text)s") % {"n": row, "text": text} for row, text in problems[:1]]


def kept_upload(project: Project, digest: str) -> Upload | None:
    """An upload of this project by its digest."""
    if len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
        return None
    try:
        found = json.loads(store().read_bytes(_manifest(project, digest)))
    except FileNotFoundError:
        return None
    samples = tuple(Sample(**row) for row in found["samples"])
    return Upload(digest, found["name"], samples, tuple((row, text) for row, text in found["problems"]))


def key_of(project: Project, digest: str, name: str) -> str:
    """The key of one of an upload's pictures; ValueError where the name is no picture's."""
    if len(name) != 64 or not all(letter in "0123456789abcdef" for letter in digest + name):
        raise ValueError(name)
    return f"{PREFIX}/{project.pk}/{digest}/{name}.webp"


def named_files() -> Iterable[str]:
    """Every file of uploads that campaigns name, for the sweep."""
    for project_id, digest in Campaign.objects.exclude(source__upload=None).values_list("project", "source__upload"):
        folder = f"{PREFIX}/{project_id}/{digest}/"
        yield from store().list(folder)


def _digest(file: IO[bytes]) -> str:
    total, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(2**20):
        size += len(block)
        if size > MOST_BYTES:
            raise BadInput(_("The file is larger than %(n)d MB.") % {"n": MOST_BYTES // 2**20}, field="file")
        total.update(block)
    file.seek(0)
    return total.hexdigest()


def _manifest(project: Project, digest: str) -> str:
    return f"{PREFIX}/{project.pk}/{digest}/samples.json"


def _read(project: Project, digest: str, name: str, archive: zipfile.ZipFile) -> Upload:
    members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    tables = [one for one in members if one.lower().endswith(".csv") and "__MACOSX" not in one]
    if len(tables) != 1:
        raise BadInput(_("The zip must hold one CSV; there are %(n)d.") % {"n": len(tables)}, field="file")
    lines = _lines(_bytes(archive, members[tables[0]]))
    pictures = _Pictures(archive, members, f"{PREFIX}/{project.pk}/{digest}/", PurePosixPath(tables[0]).parent)
    samples: dict[str, Sample] = {}
    problems: list[tuple[int, str]] = []
    for number, cells in lines:
        try:
            sample = _sample(number, cells, pictures)
            if sample.idx in samples:
                raise BadInput(_("The idx “%(idx)s” stands in an earlier row.") % {"idx": sample.idx})
            samples[sample.idx] = sample
        except BadInput as problem:
            problems.append((number, str(problem)))
    return Upload(digest, name[:200], tuple(samples.values()), tuple(problems))


def _lines(data: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    if "\0" in text:
        raise BadInput(_("The CSV holds zero bytes, so it is no text."), field="file")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        said = _("Line %(n)d of the CSV cannot be read: %(error)s.") % {"n": reader.line_num, "error": error}
        raise BadInput(said, field="file") from error
    if len(rows) > MOST_ROWS + 1:
        raise BadInput(_("The CSV has more than %(n)s rows.") % {"n": f"{MOST_ROWS:,}"}, field="file")
    head = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    if not any(name in head for name in _COLUMNS["prompt"]):
        raise BadInput(_("The CSV has no column “caption” or “prompt”."), field="file")
    named = [(n, dict(zip(head, (cell.strip() for cell in cells), strict=False))) for n, cells in rows[1:]]
    return named


def _sample(number: int, cells: dict[str, str], pictures: _Pictures) -> Sample:
    found = {part: next((cells[name] for name in names if cells.get(name)), "") for part, names in _COLUMNS.items()}
    if not found["prompt"]:
        raise BadInput(_("The prompt is empty."))
    if not found["right"] and not found["given"]:
        raise BadInput(_("There is no candidate: both gt and pred are empty."))
    kind = cells.get("kind", "").lower()
    if kind not in {"", "picture", "text", "page"}:
        raise BadInput(_("The kind “%(kind)s” is none of picture, text and page.") % {"kind": kind[:20]})
    content = {part: _content(text, kind, pictures) if text else None for part, text in found.items()}
    idx = cells.get("idx", "") or str(number)
    if len(idx) > 120:
        raise BadInput(_("The idx has more than 120 characters."))
    return Sample(idx, cells.get("stratum", "")[:60], content["prompt"] or {}, content["right"], content["given"])


def _content(text: str, kind: str, pictures: _Pictures) -> dict[str, Any]:
    shown = "page" if kind == "page" else "picture"
    if kind != "text" and (picture := pictures.named(text, shown)) is not None:
        return {"kind": shown, **picture}
    if kind != "text" and " " not in text and PurePosixPath(text).suffix.lower() in _ENDINGS:
        raise BadInput(_("There is no picture “%(name)s” in the zip.") % {"name": text[:80]})
    return {"kind": "text", "text": text[:4000]}


class _Pictures:
    """The pictures of a zip, kept as they are first named."""

    def __init__(
        self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], prefix: str, beside: PurePosixPath
    ):
        self.archive, self.members, self.prefix, self.beside = archive, members, prefix, beside
        self.kept: dict[tuple[str, str], dict[str, Any]] = {}
        times = Counter(PurePosixPath(name).name for name in members)
        bare = {PurePosixPath(name).name: name for name in members}
        self.by_name = {name: path for name, path in bare.items() if times[name] == 1}

    def named(self, text: str, kind: str) -> dict[str, Any] | None:
        """A picture by its path in the zip, its path beside the CSV, or its bare name; None where there is none."""
        path = next(
            (one for one in (text, str(self.beside / text), self.by_name.get(text, "")) if one in self.members), ""
        )
        if not path or PurePosixPath(path).suffix.lower() == ".csv":
            return None
        if (path, kind) not in self.kept:
            if len(self.kept) >= MOST_PICTURES:
                raise BadInput(_("More than %(n)s pictures are named.") % {"n": f"{MOST_PICTURES:,}"})
            self.kept[path, kind] = self._keep(path, LARGEST[kind])
        return self.kept[path, kind]

    def _keep(self, path: str, largest: int) -> dict[str, Any]:
        try:
            clean = encoded(_bytes(self.archive, self.members[path]), largest)
        except BrokenPicture as problem:
            raise BadInput(f"“{path[:80]}”: {problem}.") from problem
        facts = announced(clean)
        key = f"{self.prefix}{hashlib.sha256(clean).hexdigest()}.webp"
        store().write_bytes(key, clean)
        return {"key": key, "width": facts.width, "height": facts.height, "name": PurePosixPath(path).name[:120]}


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member, read no further than it may go, whatever its header announces."""
    with archive.open(info) as file:
        data = file.read(_MEMBER + 1)
    if len(data) > _MEMBER:
        raise BadInput(_("“%(name)s” is larger than %(n)d MB.") % {"name": info.filename[:80], "n": _MEMBER // 2**20})
    return data
