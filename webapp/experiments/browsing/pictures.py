"""Which pictures of a data set the names in a caption file mean: matched as a run matches recorded captions.

A name is the whole file name or the item's id, or the last part of one file name alone. Unicode forms count as equal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from webapp.corpora.models import Category, Item


class Names:
    """Names of a caption file that fit some pictures: `name in names`."""

    def __init__(self, rows: Iterable[tuple[str, str]]):
        """`rows`: (id, file name) of each."""
        self._exact: set[str] = set()
        self._last: set[str] = set()
        for item_id, file_name in rows:
            self._exact |= {_normal(item_id), _normal(file_name)}
            self._last.add(_normal(file_name.rpartition("/")[2]))

    def __contains__(self, name: str) -> bool:
        plain = _normal(name.removeprefix("./"))
        return plain in self._exact or ("/" not in plain and plain in self._last)


def classes_of(corpus_id: int | None) -> list[tuple[int, str]]:
    """(number, name) of the classes of a data set; none where it is gone."""
    if corpus_id is None:
        return []
    return list(Category.objects.filter(corpus_id=corpus_id).order_by("number").values_list("number", "name"))


def of_class(corpus_id: int | None, label: int) -> Names:
    """What the pictures of a true class may be called."""
    if corpus_id is None:
        return Names([])
    return Names(Item.objects.filter(corpus_id=corpus_id, label=label).values_list("external_id", "file_name"))


def named(corpus_id: int | None, names: list[str]) -> dict[str, tuple[int, str | None]]:
    """(number, true class) of the picture that each name means; a name that may be several has none. Two queries."""
    if corpus_id is None or not names:
        return {}
    plain = {name: _normal(name.removeprefix("./")) for name in names}
    rows = list(_candidates(corpus_id, set(plain.values())).values_list("number", "external_id", "file_name", "label"))
    exact: dict[str, tuple[int, int | None]] = {}
    last: dict[str, list[tuple[int, int | None]]] = {}
    for number, _, file_name, label in rows:
        exact[_normal(file_name)] = (number, label)
        last.setdefault(_normal(file_name.rpartition("/")[2]), []).append((number, label))
    for number, item_id, _, label in rows:
        exact[_normal(item_id)] = (number, label)
    classes = dict(classes_of(corpus_id)) if rows else {}
    found = {}
    for name, text in plain.items():
        matches = [exact[text]] if text in exact else last.get(text, []) if "/" not in text else []
        if len(matches) == 1:
            number, label = matches[0]
            found[name] = (number, None if label is None else classes.get(label))
    return found


def _candidates(corpus_id: int, wanted: set[str]) -> QuerySet[Item]:
    """Pictures that one of the names may mean, by either Unicode form."""
    forms = {unicodedata.normalize(form, text) for text in wanted for form in ("NFC", "NFD")}
    last = Func(F("file_name"), Value("^.*/"), Value(""), function="regexp_replace", output_field=TextField())
    found = Item.objects.filter(corpus_id=corpus_id).alias(last=last)
    return found.filter(Q(file_name__in=forms) | Q(external_id__in=forms) | Q(last__in=forms))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)
