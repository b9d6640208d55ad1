"""Opens a classification set and says what prompts need of it: names of classes that are told apart, and the domain."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from ml_core.datasets.opening import open_with_remarks
from ml_core.datasets.types import Dataset
from ml_core.generators.recorded import ClassCaptions, read_class_captions
from ml_core.spec import BadInput
from ml_core.zeroshot import known

_SHOWN = 5


@dataclass(frozen=True)
class Labelled:
    """N pictures, each of one of C classes. `domain` is the phrase of prompts ("" where there is none); `remarks` are
    sentences about what is odd."""

    dataset: Dataset
    class_names: list[str]
    labels_N: np.ndarray
    domain: str
    remarks: list[str] = field(default_factory=list)

    @property
    def empty_classes(self) -> list[str]:
        """Classes that the set was found to have no pictures of, and that it is without."""
        found = self.dataset.about.get("empty_classes")
        return [plain_name(str(name)) for name in found] if isinstance(found, list) else []

    @property
    def label_names(self) -> list[str]:
        """The class of each picture by name, (N,)."""
        return [self.class_names[label] for label in self.labels_N]


def open_classification(reference: str, domain: str = "", expects: str = "") -> Labelled:
    """The set that a reference names. `domain` overrides the set's own phrase; `expects` is a key of `known.KNOWN`.

    BadInput (field "data") where it is no classification set, or two classes have one name, which no prompt could tell
    apart; (field "expects") where it is not the published set that it should be.
    """
    try:
        dataset, problems = open_with_remarks(reference)
    except BadInput as error:
        raise BadInput(str(error), field="data") from error
    if dataset.task != "classification" or not len(dataset.labels):
        raise BadInput(
            f"{dataset.name} has no class for its pictures; a folder for each class is wanted, or a CSV of file and "
            "label (imagefolder:PATH)",
            field="data",
        )
    names = [plain_name(name) for name in dataset.category_names]
    _refuse_equal(dataset.name, names)
    remarks = [f"{problem.place}: {problem.message}." for problem in problems if problem.severity != "error"]
    remarks = [*remarks[:_SHOWN], *([f"… and {len(remarks) - _SHOWN:,} more remarks."] if remarks[_SHOWN:] else [])]
    phrase = plain_name(domain or str(dataset.about.get("domain", "")))
    if expects:
        folders, names = names, known.called(expects, names)
        published, odd = known.check(expects, names)
        phrase, remarks = phrase or published.domain, odd + _renamed(folders, names, published.title) + remarks
    labels_N = dataset.labels.astype(np.int64)
    return Labelled(dataset, names, labels_N, phrase, _contradictions(dataset, names) + remarks)


def class_captions_of(path: str, labelled: Labelled) -> ClassCaptions:
    """The captions of a file for these classes; BadInput (field "class_captions") that says all that is wrong."""
    empty, others = labelled.empty_classes, known.other_names(labelled.class_names)
    return read_class_captions(path, labelled.class_names, empty, others)


def plain_name(name: str) -> str:
    """A name with single spaces and composed accents, as prompts use it."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _renamed(folders: list[str], names: list[str], title: str) -> list[str]:
    if folders == names:
        return []
    told = ", ".join(f"{folder} “{name}”" for folder, name in zip(folders, names, strict=True))
    return [f"The classes are called as in CLIP's own prompts for {title}: {told}. Others go into classes.json."]


def _refuse_equal(where: str, names: list[str]) -> None:
    places = defaultdict(list)
    for number, name in enumerate(names):
        places[name.casefold()].append(number)
    equal = [f"“{_short(names[first])}” ({1 + len(more)} times)" for first, *more in places.values() if more]
    if equal:
        raise BadInput(
            f"{where}: several classes are called alike: {', '.join(equal)}; give each a display name of its own (in "
            "classes.json or the CSV's column “name”)",
            field="data",
        )


def _contradictions(dataset: Dataset, names: list[str]) -> list[str]:
    """The same bytes in two classes: no answer can be right for both."""
    first: dict[str, int] = {}
    found = []
    for number, (digest, label) in enumerate(zip(dataset.file_hashes, dataset.labels.tolist(), strict=True)):
        other = first.setdefault(digest, number)
        if dataset.labels[other] != label:
            found.append(
                f"{dataset.file_names[number]} ({_short(names[label])}) is the same picture as "
                f"{dataset.file_names[other]} ({_short(names[dataset.labels[other]])})"
            )
    if not found:
        return []
    more = f" … and {len(found) - _SHOWN:,} more" if found[_SHOWN:] else ""
    told = "; ".join(found[:_SHOWN])
    return [f"The same picture stands in two classes, so that no answer is right for both: {told}{more}."]


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:77]}…"
