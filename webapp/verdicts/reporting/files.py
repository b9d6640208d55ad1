"""The pictures of reports: copies of what pages show, in the store, so that a report outlives its data set."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction

from ml_core.spec import BadInput
from webapp.corpora.displaying import SIZES, display_picture
from webapp.corpora.files import store
from webapp.corpora.models import Corpus
from webapp.experiments.sweeping import register_names
from webapp.verdicts.models import Report

PREFIX = "reports"
SIDES = ("prompt", "wanted", "before", "after")
_SIZE = SIZES["medium"]


def new_folder() -> str:
    """Where the pictures of a report to be made will lie."""
    return f"{PREFIX}/{secrets.token_hex(16)}"


def key_of(folder: str, picture: str) -> str:
    """A picture of a report, by the hash of its original."""
    return f"{folder}/{picture}.webp"


def numbers_in(snapshot: dict[str, Any]) -> dict[str, int]:
    """The pictures that a report shows: the hash of the original → its number in the data set."""
    sides = (example[side] for example in snapshot["examples"] for side in SIDES if example[side])
    return {side["picture"]: side["number"] for side in sides if side.get("picture")}


def pictures_in(snapshot: dict[str, Any]) -> list[str]:
    """The hashes of the pictures that a report shows, each once."""
    return list(numbers_in(snapshot))


def copy_pictures(corpus: Corpus, snapshot: dict[str, Any], folder: str) -> dict[str, Any]:
    """Puts every picture into the folder; the snapshot without those whose original is not what was imported."""
    keeper, gone = store(), set[str]()
    for picture in pictures_in(snapshot):
        try:
            keeper.write_bytes(key_of(folder, picture), display_picture(keeper, corpus.prefix, picture, _SIZE))
        except (BadInput, FileNotFoundError):
            gone.add(picture)
    return snapshot | {"examples": [_without(example, gone) for example in snapshot["examples"]]} if gone else snapshot


def _without(example: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    sides = {side: example[side] for side in SIDES if example[side]}
    return example | {name: side | {"picture": ""} for name, side in sides.items() if side.get("picture") in gone}


def picture_bytes(report: Report, picture: str) -> bytes | None:
    """A picture that the report shows (WebP); None where it shows none of that name, or the file is gone."""
    if picture not in pictures_in(report.snapshot):
        return None
    try:
        return store().read_bytes(key_of(report.folder, picture))
    except FileNotFoundError:
        return None


def forget(folder: str) -> None:
    """Removes a report's pictures once its row is gone for good."""
    transaction.on_commit(lambda: store().delete_prefix(folder), robust=True)


def named() -> Iterable[str]:
    """Every key that a report names, for the sweep."""
    for folder, snapshot in _reports():
        yield from (key_of(folder, picture) for picture in pictures_in(snapshot))


def _reports() -> Iterator[tuple[str, dict[str, Any]]]:
    rows = Report.objects.values_list("folder", "snapshot__examples")
    yield from ((folder, {"examples": examples}) for folder, examples in rows.iterator())


def register() -> None:
    """Lets the sweep remove what no report names."""
    register_names(PREFIX, named)
