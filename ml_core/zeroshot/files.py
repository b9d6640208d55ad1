"""Reads answers and truths of a classification from CSV and NPZ files, and brings them into one order."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml_core.datasets.reading import read_csv
from ml_core.metrics.ranking import id_order
from ml_core.spec import BadInput

_ITEMS = {"item", "id", "item_id", "file", "filename", "file_name", "image", "image_id", "path"}
_TRUE = {"label", "class", "category", "truth", "true_class", "true_label", "ground_truth"}
_PREDICTED = {"predicted", "prediction", "predicted_class", "predicted_label", "predicted_category"}
_NUMBERS = ("probabilities", "scores")  # arrays of an NPZ
_SUM = 1e-3  # by how much probabilities may miss 1
_SHOWN = 10
_MOST_BYTES = 16 * 2**30


@dataclass(frozen=True)
class Said:
    """What a file says of N items: a class each, or numbers for every one of C classes (`values_NC`). `named`: it has
    ids of its own for them."""

    items: list[str]
    given: list[str] | None = None
    classes: list[str] | None = None
    values_NC: np.ndarray | None = None
    labels: list[str] | None = None
    named: bool = True


@dataclass(frozen=True)
class Task:
    """N items in the truth's order: the classes' names, label and either the given class or values of all classes.
    `named`: the items have ids, and are not told by their place in a file alone."""

    items: list[str]
    names: list[str]
    label_N: np.ndarray
    given_N: np.ndarray | None
    values_NC: np.ndarray | None
    remarks: list[str]
    named: bool


def read_task(predictions: str, labels: str) -> Task:
    """Answers beside their truth; BadInput (field "predictions" or "labels") that names what is wrong."""
    said = _read(Path(predictions), "predictions")
    if labels:
        truth = _read(Path(labels), "labels")
        if truth.given is None:
            raise BadInput(f"{Path(labels).name}: a column with the class of each item is wanted", field="labels")
        items, true, named = truth.items, truth.given, truth.named
    elif said.labels is not None:
        items, true, named = said.items, said.labels, said.named
    else:
        raise BadInput("name the file with the true classes", field="labels")
    return _matched(Path(predictions), said, items, true, named, "predictions")


def read_beside(baseline: str, task: Task) -> Task:
    """Other answers to the same items, with classes of their own; BadInput (field "baseline")."""
    said, true = _read(Path(baseline), "baseline"), [task.names[label] for label in task.label_N]
    return _matched(Path(baseline), said, task.items, true, task.named, "baseline")


def _matched(path: Path, said: Said, items: list[str], true: list[str], named: bool, field: str) -> Task:
    at = {item: place for place, item in enumerate(said.items)}
    if missing := [item for item in items if item not in at]:
        raise BadInput(
            f"{path.name}: {len(missing):,} of {len(items):,} items have no answer: {_listed(missing)}", field=field
        )
    extra = sorted(set(said.items) - set(items))
    remarks = [f"{len(extra):,} answered items have no label and are left out: {_listed(extra)}."] if extra else []
    order = [at[item] for item in items]
    if said.given is not None:
        given = [said.given[place] for place in order]
        names = _ordered({*given, *true})
        remarks += _strangers(path.name, set(given), set(true))
        number = {name: place for place, name in enumerate(names)}
        return Task(items, names, _numbers(true, number), _numbers(given, number), None, remarks, named)
    assert said.classes is not None and said.values_NC is not None
    number = {name: place for place, name in enumerate(said.classes)}
    if strange := sorted({name for name in true if name not in number}):
        raise BadInput(
            f"{len(strange)} true classes have no column among the answers: {_listed(strange)}",
            field="baseline" if field == "baseline" else "labels",
        )
    return Task(items, said.classes, _numbers(true, number), None, said.values_NC[order], remarks, named)


def _strangers(where: str, given: set[str], true: set[str]) -> list[str]:
    """A sentence on predicted classes that no item has: each counts as a class of its own."""
    if not (strange := _ordered(given - true)):
        return []
    meant = {name.strip().casefold(): name for name in true}
    told = [repr(name[:80]) for name in strange[:_SHOWN]]
    for place, name in enumerate(strange[:_SHOWN]):
        if (near := meant.get(name.strip().casefold())) is not None:
            told[place] += f" (is {near[:80]!r} meant?)"
    more = f" … and {len(strange) - _SHOWN:,} more" if strange[_SHOWN:] else ""
    verb = "classes are none" if len(strange) > 1 else "class is none"
    return [f"{where}: {len(strange):,} predicted {verb} of the true ones: {', '.join(told)}{more}."]


def probabilities(values_NC: np.ndarray, kind: str, scale: float, field: str = "predictions") -> np.ndarray:
    """(N, C) that sum to 1: the file's own, or of its scores. BadInput where they should be and are not."""
    if kind == "scores":
        raised_NC = np.exp(scale * (values_NC - values_NC.max(axis=1, keepdims=True)))
        return raised_NC / raised_NC.sum(axis=1, keepdims=True)
    off_N = (np.abs(values_NC.sum(axis=1) - 1) > _SUM) | (values_NC < 0).any(axis=1)
    if off_N.any():
        row = int(np.flatnonzero(off_N)[0])
        raise BadInput(
            f"{int(off_N.sum()):,} rows are no probabilities (the first, row {row + 1:,}, sums to "
            f"{values_NC[row].sum():.4g}): they must lie from 0 to 1 and sum to 1. Say values=scores where they are "
            "logits or cosines",
            field=field,
        )
    return values_NC


def _read(path: Path, field: str) -> Said:
    try:
        found = _from_npz(path, field) if path.suffix.lower() == ".npz" else _from_csv(path, field)
    except BadInput as error:
        raise BadInput(str(error), field=field) from error
    if not found.items:
        raise BadInput(f"{path.name}: there is no item in it", field=field)
    if twice := [item for item, count in Counter(found.items).items() if count > 1]:
        raise BadInput(f"{path.name}: items that stand in it twice: {_listed(twice)}", field=field)
    return found


def _from_csv(path: Path, field: str) -> Said:
    rows = list(read_csv(path))
    if not rows:
        return Said([])
    header = [cell.strip() for cell in rows[0][1]]
    if len(header) < 2 or header[0].lower() not in _ITEMS:
        raise BadInput(f"{path.name}: a header is wanted whose first column is one of {', '.join(sorted(_ITEMS))}")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise BadInput(f"{path.name}, line {line:,}: {len(row)} cells, but the header has {len(header)}")
    items = [row[0].strip() for _, row in rows[1:]]
    place, true = _columns(path, header, rows[1:], field)
    if place is not None:
        labels = None if true is None else _classes(path, rows[1:], true)
        return Said(items, given=_classes(path, rows[1:], place), labels=labels)
    values_NC = np.empty((len(items), len(header) - 1))
    for number, (line, row) in enumerate(rows[1:]):
        try:
            values_NC[number] = [float(cell) for cell in row[1:]]
        except ValueError as error:
            raise BadInput(f"{path.name}, line {line:,}: not a number ({error})") from error
    return _checked(path, items, header[1:], values_NC, None)


def _columns(
    path: Path, header: list[str], rows: Sequence[tuple[int, list[str]]], field: str
) -> tuple[int | None, int | None]:
    """The column of each item's class, and that of its true one where a file of answers holds that too; None for what
    there is not. BadInput where it is not plain which column is meant."""
    names = [cell.lower().replace(" ", "_") for cell in header]
    predicted = [n for n, name in enumerate(names) if n and name in _PREDICTED]
    true = [n for n, name in enumerate(names) if n and name in _TRUE]
    if field == "labels":
        if len(true) != 1:
            found = f"; there are {_named(header, true)}" if true else ""
            wanted = ", ".join(sorted(_TRUE))
            raise BadInput(f"{path.name}: one column with the true class is wanted, called one of {wanted}{found}")
        return true[0], None
    chosen = predicted or true
    if not chosen:
        return None, None
    if len(chosen) > 1:
        told = _named(header, chosen)
        raise BadInput(f"{path.name}: the answer may be any of the columns {told}; leave one, or call it predicted")
    _refuse_rivals(path, header, rows, chosen[0], [*predicted, *true])
    return chosen[0], true[0] if predicted and len(true) == 1 else None


def _refuse_rivals(
    path: Path, header: list[str], rows: Sequence[tuple[int, list[str]]], chosen: int, known: list[int]
) -> None:
    """BadInput where other columns may be the answer as well: numbers by class, or anything beside a class that is not
    called predicted."""
    numbers = [n for n in range(1, len(header)) if n not in known and _all_numbers(rows, n)]
    texts = [n for n in range(1, len(header)) if n not in (*known, *numbers)]
    if texts and header[chosen].lower().replace(" ", "_") not in _PREDICTED:
        raise BadInput(
            f"{path.name}: {_named(header, [chosen])} may be the answer or the truth beside {_named(header, texts)}: "
            "call the answer predicted, or leave the others out"
        )
    said = {row[chosen].strip() for _, row in rows}
    if len(numbers) > 1 or any(header[n] in said for n in numbers):
        raise BadInput(
            f"{path.name}: the column {_named(header, [chosen])} stands beside columns of numbers "
            f"({_named(header, numbers)}), and either may be the answer: leave one, and put the truth into a file of "
            "its own"
        )


def _named(header: list[str], columns: Sequence[int]) -> str:
    return _listed([header[column] for column in columns])


def _all_numbers(rows: Sequence[tuple[int, list[str]]], column: int) -> bool:
    try:
        return all(float(row[column]) is not None for _, row in rows)
    except ValueError:
        return False


def _classes(path: Path, rows: Sequence[tuple[int, list[str]]], column: int) -> list[str]:
    found = [row[column].strip() for _, row in rows]
    if "" in found:
        raise BadInput(f"{path.name}, line {rows[found.index('')][0]:,}: no class is named")
    return found


def _from_npz(path: Path, field: str) -> Said:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise BadInput(f"{path.name}: unpacks to more than {_MOST_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise BadInput(f"there is no file {path.name!r}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path.name}: cannot be read as .npz without pickled objects ({error})") from error
    lengths = {name: len(values) for name, values in arrays.items() if values.ndim and name != "classes"}
    if not lengths or len(set(lengths.values())) > 1:
        raise BadInput(f"{path.name}: its arrays must be of one length; they are {lengths}")
    count = next(iter(lengths.values()))
    items = _texts(arrays["items"]) if "items" in arrays else [str(number) for number in range(count)]
    labels = _texts(arrays["labels"]) if "labels" in arrays else None
    if field == "labels":
        if labels is None:
            raise BadInput(f"{path.name}: labels (N,) are wanted; it holds {_listed(sorted(arrays))}")
        return Said(items, given=labels, named="items" in arrays)
    answers = [name for name in ("predictions", *_NUMBERS) if name in arrays]
    if len(answers) > 1:
        raise BadInput(f"{path.name}: the answer may be any of {_listed(answers)}; leave one")
    if "predictions" in arrays:
        return Said(items, given=_texts(arrays["predictions"]), labels=labels, named="items" in arrays)
    name = next(iter(answers), None)
    if name is None or arrays[name].ndim != 2 or arrays[name].dtype.kind not in "fiu":
        raise BadInput(f"{path.name}: predictions (N,) or probabilities or scores (N, C) are wanted")
    values_NC = arrays[name].astype(np.float64)
    classes = (
        _texts(arrays["classes"]) if "classes" in arrays else [str(number) for number in range(values_NC.shape[1])]
    )
    return replace(_checked(path, items, classes, values_NC, labels), named="items" in arrays)


def _checked(path: Path, items: list[str], classes: list[str], values_NC: np.ndarray, labels: list[str] | None) -> Said:
    if twice := [name for name, count in Counter(classes).items() if count > 1]:
        raise BadInput(f"{path.name}: classes that have two columns: {_listed(twice)}")
    if len(classes) != values_NC.shape[1] or "" in classes:
        raise BadInput(f"{path.name}: {values_NC.shape[1]} columns of numbers need as many names of classes")
    if not np.isfinite(values_NC).all():
        row = int(np.flatnonzero(~np.isfinite(values_NC).all(axis=1))[0])
        raise BadInput(f"{path.name}: the numbers of item {items[row]!r} are not finite")
    return Said(items, classes=classes, values_NC=values_NC, labels=labels)


def _texts(values: np.ndarray) -> list[str]:
    return [str(value) for value in values.tolist()]


def _ordered(names: set[str]) -> list[str]:
    found = sorted(names)
    return [found[place] for place in np.argsort(id_order(found))]


def _numbers(names: Sequence[str], number: dict[str, int]) -> np.ndarray:
    return np.array([number[name] for name in names], dtype=np.int64)


def _listed(names: Sequence[str]) -> str:
    more = f" … and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name[:80]) for name in names[:_SHOWN]) + more
