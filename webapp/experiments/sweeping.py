"""Finds and removes files that no row names: of dead attempts, abandoned uploads, cancelled imports, deleted runs.

It looks only where it knows every row that could name a file: `run/`, `uploads/` and `corpora/` of the store, what
later apps register, and the scratch folders of imports and runs. Files are listed first and rows read afterwards, and
nothing younger than a day is touched: what a worker is about to name is young, and all of the attempt that runs is left
alone whatever its age.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from django.conf import settings

from ml_core.store import Kept, Store
from webapp.corpora.actions.imports import OPEN_STATES
from webapp.corpora.models import Corpus, Import
from webapp.experiments.files import attempt_prefix, run_prefix, store
from webapp.experiments.models import Artifact, Run

AGE = timedelta(days=1)
_MANY = 200  # runs whose rows are read at once


Names = Callable[[], Iterable[str]]


def _waiting_uploads() -> Iterable[str]:
    return Import.objects.exclude(upload_key="").values_list("upload_key", flat=True)


_NAMES: dict[str, list[Names]] = {"uploads": [_waiting_uploads]}


def register_names(prefix: str, names: Names) -> None:
    """Called in an AppConfig.ready by an app that keeps files below `prefix`: `names` gives every key its rows name.

    From then on what nobody names there is swept. Several apps may share a prefix.
    """
    _NAMES.setdefault(prefix, []).append(names)


@dataclass(frozen=True)
class Unnamed:
    """What no row names: files of the store, and folders below NEARMISS_CACHE."""

    files: list[Kept]
    folders: list[Path]

    @property
    def byte_count(self) -> int:
        """Bytes of the files of the store."""
        return sum(file.byte_count for file in self.files)


def unnamed(*, now: datetime) -> Unnamed:
    """Everything that a sweep would remove at this moment; changes nothing."""
    before, keeper = (now - AGE).timestamp(), store()
    found = (*_of_runs(keeper, before), *_of_others(keeper, before), *_of_corpora(keeper, before))
    return Unnamed(sorted(found), sorted(_scratch(before)))


def sweep(*, now: datetime) -> Unnamed:
    """Removes it; returns what it was."""
    found, keeper = unnamed(now=now), store()
    for file in found.files:
        keeper.delete(file.key)
    for folder in sorted({str(above) for file in found.files for above in _folders_of(file)}, reverse=True):
        keeper.remove_empty(folder)
    for scratch in found.folders:
        shutil.rmtree(scratch, ignore_errors=True)
    return found


def _folders_of(file: Kept) -> list[PurePosixPath]:
    """The folders of a file, but for those right below the root, which stay."""
    return [above for above in PurePosixPath(file.key).parents if len(above.parts) > 1]


def _of_runs(keeper: Store, before: float) -> Iterator[Kept]:
    numbers = sorted(_numbers(keeper.folders("run")))
    for start in range(0, len(numbers), _MANY):
        some = numbers[start : start + _MANY]
        old = [file for number in some for file in _old(keeper, run_prefix(number), before)]
        keys, prefixes = _named_by_runs(some)
        yield from (file for file in old if file.key not in keys and not file.key.startswith(prefixes))


def _named_by_runs(numbers: list[int]) -> tuple[set[str], tuple[str, ...]]:
    """Keys that rows of these runs name, and prefixes of checkpoints and of attempts at work."""
    keys = set(Artifact.objects.filter(run__in=numbers).values_list("key", flat=True))
    prefixes = []
    for run in Run.objects.filter(pk__in=numbers).only("state", "attempt", "checkpoint", "bundle"):
        keys.add(run.bundle.get("key", ""))
        if run.checkpoint:
            prefixes.append(f"{run.checkpoint['key']}/")
        if run.state == Run.State.RUNNING:
            prefixes.append(f"{attempt_prefix(run.pk, run.attempt)}/")
    return keys, tuple(prefixes)


def _of_others(keeper: Store, before: float) -> Iterator[Kept]:
    for prefix, several in _NAMES.items():
        old = _old(keeper, prefix, before)
        named = {key for names in several for key in names()}
        yield from (file for file in old if file.key not in named)


def _of_corpora(keeper: Store, before: float) -> Iterator[Kept]:
    """Files of data sets that have no row; a row holds its whole folder, for display pictures are made at any time."""
    numbers = _numbers(keeper.folders("corpora"))
    for number in sorted(numbers - set(Corpus.objects.filter(pk__in=numbers).values_list("pk", flat=True))):
        yield from _old(keeper, f"corpora/{number}", before)


def _old(keeper: Store, prefix: str, before: float) -> list[Kept]:
    return [file for file in keeper.kept(prefix) if file.written_at < before]


def _scratch(before: float) -> Iterator[Path]:
    """Folders in which no import and no run of this machine works any more, and downloads left half made."""
    cache = Path(settings.NEARMISS_CACHE)
    places = [(cache / "imports", "[0-9]*"), (cache / "runs", "[0-9]*"), (cache, "tmp*")]
    old = [[path for path in place.glob(name) if _last_change(path) < before] for place, name in places]
    imports, runs = (_numbers({path.name for path in some}) for some in old[:2])
    imports &= set(Import.objects.filter(pk__in=imports, state__in=OPEN_STATES).values_list("pk", flat=True))
    at_work = [Run.State.QUEUED, Run.State.RUNNING]
    runs &= set(Run.objects.filter(pk__in=runs, state__in=at_work).values_list("pk", flat=True))
    for some, busy in zip(old, (imports, runs, set()), strict=True):
        yield from (path for path in some if not (path.name.isdecimal() and int(path.name) in busy))


def _last_change(folder: Path) -> float:
    """When something was last put into a folder or written in a file of it; now, where it is no folder or goes."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return float("inf")


def _numbers(names: set[str]) -> set[int]:
    return {int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 18}
