"""Which methods can run on a data set: read from the cards of the registry, so that a new method shows by itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from ml_core.methods import cards
from webapp.corpora.models import Corpus


@dataclass(frozen=True)
class Use:
    """A method and the field of its spec that takes the data set."""

    method: str
    title: str
    field: str
    leaves_cases: bool


def uses_of(corpus: Corpus) -> list[Use]:
    """Methods that take such a data set, those first that leave failures to look at, and of them the simplest."""
    found: list[tuple[int, Use]] = []
    for card in cards().values():
        for name, field in card.spec.model_fields.items():
            extra = field.json_schema_extra
            if not card.web or not isinstance(extra, dict) or extra.get("reference") != "dataset":
                continue
            accepts = extra.get("accepts")
            if not accepts or (isinstance(accepts, list) and corpus.task in accepts):
                use = Use(card.key, gettext(card.title), name, card.leaves_cases)
                found.append((len(card.spec.model_fields), use))
                break
    return [use for _size, use in sorted(found, key=lambda one: (not one[1].leaves_cases, one[0], one[1].method))]
