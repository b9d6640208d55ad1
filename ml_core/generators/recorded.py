"""Reads and writes caption files in the published layout, class side and image side; says all that is wrong in one."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_core.datasets.checking import is_text
from ml_core.datasets.types import Dataset
from ml_core.spec import BadInput

CLASS_SIDE, IMAGE_SIDE = "class_captions", "image_captions"  # the fields of specs that name such files
META = "_meta"
LONGEST = 4_000  # characters of one caption
SURE = 20  # predictions that say what labels say, which are a leak even where some pictures have none
_SHOWN = 40  # problems that one message names


@dataclass(frozen=True)
class ClassCaptions:
    """Captions of C classes in the order of the names that were asked for; `similarities` None where the file has none.

    `warnings` are sentences about what is odd in the file but no reason to refuse it.
    """

    captions: list[list[str]]
    similarities: list[list[float] | None]
    meta: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImageCaptions:
    """Captions of N pictures in the data set's order, and the class a model predicted for each (None: it did not)."""

    captions: list[list[str]]
    predicted: list[str | None]
    meta: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_class_captions(
    path: str, class_names: Sequence[str], empty: Sequence[str] = (), others: Mapping[str, str] | None = None
) -> ClassCaptions:
    """`{"_meta": {...}, "<class>": {"captions": [...], "similarities": [...]}}`; a class may be a bare list.

    Class names are compared letter by letter, composed and decomposed accents being one letter. `empty` are classes
    that the data set was without pictures for, so that they were left out of it; `others` are further names that the
    file may have for a class.

    BadInput (field "class_captions") that names every class that is missing, extra, empty or stands there twice.
    """
    problems = _Problems(path, CLASS_SIDE)
    content = problems.object(problems.content())
    meta = content.pop(META, {})
    if not isinstance(meta, dict):
        problems.add(f"“{META}” must be an object")
    wanted = _by_plain_name(class_names, problems)
    wanted |= {_plain(other): wanted[_plain(name)] for other, name in (others or {}).items()}
    without = {_plain(name) for name in empty}
    found: dict[int, tuple[list[str], list[float] | None]] = {}
    for name, entry in content.items():
        place = wanted.get(_plain(name))
        if place is None and _plain(name) in without:
            problems.add(
                f"the class “{_short(name)}” has no pictures in the data set, and was left out when that was read: "
                "take it out of this file, or read the data set again with pictures of it"
            )
        elif place is None:
            problems.add(f"“{_short(name)}” is no class of the data set{_near(name, class_names)}")
        elif place in found:
            problems.add(f"the class “{_short(name)}” stands in it twice")
        else:
            found[place] = _class_entry(name, entry, problems)
    for place, name in enumerate(class_names):
        if place not in found:
            problems.add(f"the class “{_short(name)}” is missing")
    problems.refuse()
    rows = [found[place] for place in range(len(class_names))]
    warnings = _class_warnings(class_names, rows)
    return ClassCaptions([texts for texts, _ in rows], [given for _, given in rows], dict(meta), warnings)


def read_image_captions(path: str, dataset: Dataset) -> ImageCaptions:
    """`{"predictions": [{filename, description: [..], predicted_class}]}`. A picture is named by its id, by its file
    name, or by the last part of its file name where no other picture has the same.

    BadInput (field "image_captions") that names every picture that is missing, unknown, listed twice, ambiguous or
    without captions. For a sample of a data set the captions of the other pictures are passed over.
    """
    problems = _Problems(path, IMAGE_SIDE)
    content = problems.object(problems.content())
    entries = content.get("predictions")
    if not isinstance(entries, list):
        raise problems.stop("the key “predictions” with a list of pictures is wanted")
    meta = content.get(META, {})
    if not isinstance(meta, dict):
        problems.add(f"“{META}” must be an object")
    found, others = _image_entries(entries, dataset, problems)
    for number, name in enumerate(dataset.file_names):
        if number not in found:
            problems.add(f"the picture {_short(name)} is missing")
    problems.refuse()
    warnings = [f"{others:,} pictures in it are not in the sample; passed over."] if others else []
    predicted = [found[number][1] for number in range(len(dataset.file_names))]
    warnings += _strangers(predicted, dataset.category_names)
    return ImageCaptions([found[n][0] for n in range(len(dataset.file_names))], predicted, dict(meta), warnings)


def refuse_leak(predicted: Sequence[str | None], labels: Sequence[str]) -> None:
    """BadInput where `predicted` is what the labels say for every picture: then it was written from them.

    Pictures without a prediction do not count, but then at least SURE right ones are needed to call it a leak. So they
    are where labels are said by other names, each standing for one class and each class for one of them.
    """
    said = [(guess, label) for guess, label in zip(predicted, labels, strict=True) if guess is not None]
    if not said or (len(said) < len(labels) and len(said) < SURE):
        return
    if all(_loose(guess) == _loose(label) for guess, label in said):
        raise BadInput(
            f"the predicted class is the true one for every one of {len(said):,} pictures: the file holds the labels "
            "themselves, which would give the answer away. Make it again with a model's own predictions, or set "
            "predicted_class to null",
            field=IMAGE_SIDE,
        )
    pairs = sorted({(_loose(guess), label) for guess, label in said})
    alike = len({guess for guess, _ in pairs}) == len({label for _, label in pairs}) == len(pairs)
    if alike and len(pairs) > 1 and len(said) >= SURE:
        shown = ", ".join(f"“{_short(guess)}” is always “{_short(label)}”" for guess, label in pairs[:3])
        raise BadInput(
            f"the predicted class tells the true one for every one of {len(said):,} pictures, by other names ({shown}"
            f"{' …' if len(pairs) > 3 else ''}): the file holds the labels themselves, which would give the answer "
            "away. Make it again with a model's own predictions, or set predicted_class to null",
            field=IMAGE_SIDE,
        )


def class_layout(
    class_names: Sequence[str],
    captions: Sequence[Sequence[str]],
    similarities: Sequence[Sequence[float] | None],
    meta: Mapping[str, Any],
) -> str:
    """The class side as the text of a file that `read_class_captions` reads."""
    classes = {
        name: {"captions": list(texts), "similarities": None if given is None else list(given)}
        for name, texts, given in zip(class_names, captions, similarities, strict=True)
    }
    return json.dumps({META: dict(meta), **classes}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def image_layout(
    file_names: Sequence[str],
    captions: Sequence[Sequence[str]],
    predicted: Sequence[str | None],
    meta: Mapping[str, Any],
    similarities: Sequence[Sequence[float]] | None = None,
) -> str:
    """The image side as the text of a file that `read_image_captions` reads."""
    entries: list[dict[str, Any]] = [
        {"filename": name, "description": list(texts), "predicted_class": guess}
        for name, texts, guess in zip(file_names, captions, predicted, strict=True)
    ]
    for entry, given in zip(entries, similarities or [], strict=similarities is not None):
        entry["similarities"] = list(given)
    return json.dumps({META: dict(meta), "predictions": entries}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


class _Problems:
    """Gathers everything that is wrong with a file, so that it is told at once."""

    def __init__(self, path: str, spec_field: str):
        self.path, self.field = path, spec_field
        self.found: list[str] = []

    def add(self, sentence: str) -> None:
        self.found.append(sentence)

    def stop(self, sentence: str) -> BadInput:
        """What to raise where reading cannot go on."""
        self.add(sentence)
        return self.told()

    def refuse(self) -> None:
        """BadInput where there is something."""
        if self.found:
            raise self.told()

    def told(self) -> BadInput:
        """All that was found, in one message."""
        more = f"; and {len(self.found) - _SHOWN:,} more" if len(self.found) > _SHOWN else ""
        return BadInput(f"{Path(self.path).name}: {'; '.join(self.found[:_SHOWN])}{more}", field=self.field)

    def content(self) -> Any:
        """The parsed file; a key that stands twice in one object is a problem, where JSON would keep the last."""
        try:
            text = Path(self.path).read_bytes().decode("utf-8-sig")
            return json.loads(text, object_pairs_hook=self._once, parse_constant=_no_constant)
        except OSError as error:
            raise BadInput(f"{self.path}: cannot be read: {error.strerror or error}", field=self.field) from error
        except UnicodeDecodeError as error:
            raise self.stop(f"not UTF-8 text at byte {error.start:,}") from error
        except RecursionError as error:
            raise self.stop("nested too deeply to be a file of captions") from error
        except json.JSONDecodeError as error:
            raise self.stop(f"broken JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
        except ValueError as error:
            raise self.stop(f"broken JSON: {error}") from error

    def object(self, content: Any) -> dict[str, Any]:
        """The content as an object."""
        if not isinstance(content, dict):
            raise self.stop(f"a JSON object is wanted, not a {type(content).__name__}")
        return dict(content)

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                self.add(f"“{_short(name)}” stands {count} times in one object")
        return dict(pairs)


def _class_entry(name: str, entry: Any, problems: _Problems) -> tuple[list[str], list[float] | None]:
    where = f"the class “{_short(name)}”"
    texts = entry.get("captions") if isinstance(entry, dict) else entry
    captions = _texts(texts, where, problems)
    given = entry.get("similarities") if isinstance(entry, dict) else None
    if given is None:
        return captions, None
    numbers = isinstance(given, list) and all(_is_cosine(value) for value in given)
    if not numbers:
        problems.add(f"{where}: “similarities” must be a list of numbers from -1 to 1")
        return captions, None
    if len(given) != len(texts or ()):
        problems.add(f"{where}: {len(given):,} similarities for {len(texts or ()):,} captions")
    return captions, [float(value) for value in given]


def _image_entries(
    entries: list[Any], dataset: Dataset, problems: _Problems
) -> tuple[dict[int, tuple[list[str], str | None]], int]:
    """(captions, prediction) by picture, and how many entries belong to pictures outside of a sample."""
    places = _Places(dataset)
    sampled = dataset.about.get("sample") is not None
    found: dict[int, tuple[list[str], str | None]] = {}
    others = 0
    for row, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("filename"), str):
            problems.add(f"entry {row:,} is no object with a “filename”")
            continue
        name = entry["filename"]
        matches = places.of(name)
        if len(matches) > 1:
            problems.add(f"{_short(name)} may be any of {len(matches)} pictures: write the whole file name or the id")
        elif not matches and sampled:
            others += 1
        elif not matches:
            problems.add(f"{_short(name)} is no picture of the data set")
        elif matches[0] in found:
            problems.add(f"the picture {_short(name)} is listed twice")
        else:
            found[matches[0]] = _image_entry(name, entry, problems)
    return found, others


def _image_entry(name: str, entry: dict[str, Any], problems: _Problems) -> tuple[list[str], str | None]:
    where = f"the picture {_short(name)}"
    said = entry.get("description")
    captions = _texts([said] if isinstance(said, str) else said, where, problems, key="description")
    guess = entry.get("predicted_class")
    if guess is not None and (not isinstance(guess, str) or not guess.strip() or not is_text(guess)):
        problems.add(f"{where}: “predicted_class” must be a class or null")
        guess = None
    return captions, guess.strip() if guess is not None else None


class _Places:
    """Which pictures a name may mean."""

    def __init__(self, dataset: Dataset):
        self._exact: dict[str, int] = {}
        self._last: dict[str, list[int]] = {}
        for number, name in enumerate(dataset.file_names):
            self._exact[_normal(name)] = number
            self._last.setdefault(_normal(name.rsplit("/", 1)[-1]), []).append(number)
        for number, item_id in enumerate(dataset.item_ids):
            self._exact[_normal(item_id)] = number

    def of(self, name: str) -> list[int]:
        plain = _normal(name.removeprefix("./"))
        if plain in self._exact:
            return [self._exact[plain]]
        return self._last.get(plain.rsplit("/", 1)[-1], []) if "/" not in plain else []


def _texts(given: Any, where: str, problems: _Problems, key: str = "captions") -> list[str]:
    if not isinstance(given, list):
        problems.add(f"{where}: “{key}” must be a list of texts")
        return []
    if not given:
        problems.add(f"{where} has no caption")
    for number, text in enumerate(given, 1):
        if not isinstance(text, str):
            problems.add(f"{where}: caption {number} is no text")
        elif not text.strip():
            problems.add(f"{where}: caption {number} is empty")
        elif not is_text(text):
            problems.add(f"{where}: caption {number} is not valid text")
        elif len(text) > LONGEST:
            problems.add(f"{where}: caption {number} has {len(text):,} characters; at most {LONGEST:,} are read")
    return [" ".join(text.split()) for text in given if isinstance(text, str)]


def _by_plain_name(class_names: Sequence[str], problems: _Problems) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, name in enumerate(class_names):
        if _plain(name) in found:
            raise problems.stop(f"two classes of the data set are called “{_short(name)}”: give each a name of its own")
        found[_plain(name)] = place
    return found


def _class_warnings(names: Sequence[str], rows: list[tuple[list[str], list[float] | None]]) -> list[str]:
    warnings = []
    for name, (texts, _) in zip(names, rows, strict=True):
        again = len(texts) - len({text.casefold() for text in texts})
        if again:
            verb = "captions repeat others" if again > 1 else "caption repeats another"
            warnings.append(f"The class “{_short(name)}”: {again} {verb}; each counts.")
    values = [value for _, given in rows for value in given or ()]
    if len(values) > 1 and len(set(values)) == 1:
        warnings.append(f"Every similarity in the file is {values[0]:g}: they were not measured, and are not used.")
    return warnings


def _strangers(predicted: Iterable[str | None], class_names: Sequence[str]) -> list[str]:
    known = {_loose(name) for name in class_names}
    strange = sorted({guess for guess in predicted if guess is not None and _loose(guess) not in known})
    if not strange:
        return []
    shown = ", ".join(f"“{_short(name)}”" for name in strange[:5])
    return [f"{len(strange)} predicted classes are none of the data set's ({shown}{' …' if len(strange) > 5 else ''})."]


def _near(name: str, class_names: Sequence[str]) -> str:
    near = next((other for other in class_names if _loose(other) == _loose(name)), None)
    return f" (is “{_short(near)}” meant?)" if near is not None else ""


def _is_cosine(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) <= 1.001
    )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number that JSON has")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _plain(name: str) -> str:
    return _normal(" ".join(name.split()))


def _loose(name: str) -> str:
    return _plain(name.replace("_", " ").replace("-", " ")).casefold()


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
