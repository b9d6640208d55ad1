"""Opens a data set by its reference: `coco:PATH`, `imagefolder:PATH`, `scenes:N`, `frozen:URL` … with `?options`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import ml_core.datasets
from ml_core.datasets.checking import Look
from ml_core.datasets.sampling import sample_options, sampled
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput

ENTRY_POINT_GROUP = "nearmiss.datasets"
FOLDER_READERS = ("coco", "flickr", "imagefolder")  # in the order in which a folder is tried
FORMS = {"frozen": "frozen:URL", "scenes": "scenes:N"}  # how a reference looks where it is not PREFIX:PATH
_OPTIONS = re.compile(r"[a-z_]+=[^&]*(&[a-z_]+=[^&]*)*")


def open_dataset(reference: str) -> Dataset:
    """The data set that a reference names; BadInput that says what is wrong with it and where.

    `?sample=5000&seed=1` takes a sample by hash of (seed, item id). Anything unusable in the source (a broken picture,
    a caption of 100 kB) refuses the whole set unless `?broken=skip` leaves such things out. `auto:FOLDER` finds the
    format out.
    """
    return open_with_remarks(reference)[0]


def open_with_remarks(reference: str) -> tuple[Dataset, list[Problem]]:
    """As `open_dataset`, and what is odd about the source or was left out of it."""
    prefix, path, options = split_reference(reference)
    skip = _choice(options, "broken", {"refuse": False, "skip": True})
    dataset, problems = read_dataset(_join(prefix, path, options))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors and not skip:
        raise BadInput(_refusal(errors), field="dataset")
    return dataset, problems


def read_dataset(reference: str, look: Look | None = None) -> tuple[Dataset, list[Problem]]:
    """What can be used of the data set that a reference names, and everything wrong with it.

    Things with a problem of severity "error" are left out of the data set. BadInput where nothing can be made of it.
    """
    prefix, path, options = split_reference(reference)
    options.pop("broken", None)
    if prefix == "auto":
        prefix, path = recognise(Path(path))
    sample, seed = sample_options(options)
    read = _reader(prefix)
    if not path:
        raise BadInput(f"{reference!r} names nothing after {prefix}:", field="dataset")
    takes = inspect.signature(read).parameters
    heard: dict[str, Any] = {"look": look or Look()} if "look" in takes else {}
    if "sample" in takes:
        return read(path, options, sample=sample, seed=seed, **heard)
    dataset, problems = read(path, options | ({"seed": str(seed)} if sample else {}), **heard)
    return sampled(dataset, sample, seed), problems


def recognise(folder: Path) -> tuple[str, str]:
    """The prefix of the reader that knows a folder, and the folder: itself, or the only folder in it (as in a zip)."""
    for _ in range(3):
        if not folder.is_dir():
            break
        for prefix in FOLDER_READERS:
            if importlib.import_module(f"{ml_core.datasets.__name__}.{prefix}").recognises(folder):
                return prefix, str(folder)
        inner = [child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__"))]
        if len(inner) != 1:
            break
        folder = inner[0]
    wanted = "annotations/captions*.json (COCO), captions.txt (Flickr), or a folder of pictures for each class"
    raise BadInput(f"{folder.name}: this looks like no data set we know; wanted: {wanted}", field="dataset")


def split_reference(reference: str) -> tuple[str, str, dict[str, str]]:
    """A reference as (prefix, path, options); a question mark that no `name=value` follows belongs to the path."""
    prefix, _, rest = reference.partition(":")
    path, mark, tail = rest.rpartition("?")
    if not mark or not _OPTIONS.fullmatch(tail):
        return prefix, rest, {}
    return prefix, path, dict(parse_qsl(tail, keep_blank_values=True))


@cache
def readers() -> dict[str, Callable[..., Any]]:
    """Every reader by prefix: modules here that hold a PREFIX, and entry points in the group `nearmiss.datasets`."""
    names = [module.name for module in pkgutil.iter_modules(ml_core.datasets.__path__) if module.name != "opening"]
    found = {name: read for name in names if (read := _own_reader(name)) is not None}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name in found:
            raise RuntimeError(f"two readers of data sets call themselves {point.name!r}")
        found[point.name] = point.load().read
    return dict(sorted(found.items()))


def _reader(prefix: str) -> Callable[..., Any]:
    """The reader of a prefix; a module is named as its prefix, so that only one has to be imported to find it."""
    own = _own_reader(prefix) if prefix.isidentifier() else None
    if own is not None:
        return own
    if prefix not in readers():
        there = ", ".join(FORMS.get(name, f"{name}:PATH") for name in readers())
        if prefix == "corpus":
            raise BadInput(
                f"corpus:ID names a data set in the web; here a reference looks like {there} (the inputs of a run "
                "can be downloaded from its page)",
                field="dataset",
            )
        raise BadInput(f"{prefix!r} is no kind of data set; a reference looks like {there}", field="dataset")
    return readers()[prefix]


def _own_reader(name: str) -> Callable[..., Any] | None:
    full = f"{ml_core.datasets.__name__}.{name}"
    if name == "opening" or importlib.util.find_spec(full) is None:
        return None
    module = importlib.import_module(full)
    return module.read if getattr(module, "PREFIX", None) == name else None


def _join(prefix: str, path: str, options: dict[str, str]) -> str:
    tail = urlencode(options)
    return f"{prefix}:{path}" + (f"?{tail}" if tail else "")


def _choice(options: dict[str, str], name: str, choices: dict[str, bool]) -> bool:
    value = options.pop(name, next(iter(choices)))
    if value not in choices:
        raise BadInput(f"{name}={value!r}: one of {', '.join(choices)} is wanted", field="dataset")
    return choices[value]


def _refusal(errors: list[Problem]) -> str:
    shown = "; ".join(f"{problem.place}: {problem.message}" for problem in errors[:3])
    more = f" … and {len(errors) - 3:,} more" if len(errors) > 3 else ""
    return f"{shown}{more}. Mend the source, or add ?broken=skip to leave such things out"
