"""The true category of a failure on drawn scenes: only differences that the caption mentions count.

Labels from here are *simulated*: whoever shows them says so.

A caption's mentions are claims about its scene (`datasets/scenes/wording.py`). The true category is that of the first
claim, in the order of PRECEDENCE, that does not hold in the retrieved scene: a missing required object is Object
whatever else differs; then Context, Attribute, Spatial, Action, Count: what models seldom get wrong comes before what
they often get wrong, so that no category drowns another. Where every claim holds, both pictures satisfy the caption and
the failure is Ambiguous: a near duplicate if the facts of both are equal, else underspecified.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ml_core.datasets.scenes.kinds import KINDS, broader
from ml_core.datasets.types import Dataset
from ml_core.spec import BadInput

Label = tuple[str, str | None]
Claim = Sequence[Any]
PRECEDENCE = {
    "object": "object",
    "place": "context",
    "colour": "attribute",
    "relation": "spatial",
    "action": "action",
    "count": "count",
}  # claim -> category, first to last
_ORDER = {claim: number for number, claim in enumerate(PRECEDENCE)}


def true_category(facts_wanted: dict[str, Any], facts_retrieved: dict[str, Any], mentions: Iterable[Claim]) -> Label:
    """(category, subtype or None) of retrieving one scene where another was wanted, by what the caption mentions."""
    broken = [_ORDER[claim[0]] for claim in mentions if not holds(claim, facts_retrieved)]
    if broken:
        return list(PRECEDENCE.values())[min(broken)], None
    return "ambiguous", "nearduplicate" if same_facts(facts_wanted, facts_retrieved) else "underspecified"


def label_failures(dataset: Dataset, caption_numbers: Sequence[int], retrieved_items: Sequence[int]) -> list[Label]:
    """The true category of each failure: caption `caption_numbers[f]` of `dataset` got picture `retrieved_items[f]`.

    Raises BadInput where the data set has no facts: its truth is not known.
    """
    if not dataset.facts:
        raise BadInput(
            "this data set was not drawn by code, so true categories are not known; use scenes", field="dataset"
        )
    mentions = mentions_of(dataset)
    facts = dataset.facts
    return [
        true_category(facts[int(dataset.caption_items[caption])], facts[int(item)], mentions[int(caption)])
        for caption, item in zip(caption_numbers, retrieved_items, strict=True)
    ]


def mentions_of(dataset: Dataset) -> list[list[Claim]]:
    """The claims of every caption of drawn scenes, in the data set's order of captions."""
    turn = [0] * len(dataset.item_ids)
    claims: list[list[Claim]] = []
    for item in dataset.caption_items.tolist():
        claims.append(dataset.facts[item]["captions"][turn[item]]["mentions"])
        turn[item] += 1
    return claims


def same_facts(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two scenes show the same: place, groups and relation."""
    return all(one[part] == other[part] for part in ("place", "groups", "relation"))


def holds(claim: Claim, facts: dict[str, Any]) -> bool:
    """Whether `claim` is true of the scene with these facts; of several groups that its noun fits, one is enough."""
    what = claim[0]
    if what == "place":
        return claim[1] in broader(facts["place"])
    if what == "relation":
        return _stands(claim[1], claim[2], claim[3], facts)
    named = [group for group in facts["groups"] if claim[1] in (group["kind"], KINDS[group["kind"]].vague)]
    if what == "object":
        return bool(named)
    if what == "count":
        return any(group["count"] > 1 if claim[2] == "many" else group["count"] == claim[2] for group in named)
    if what in ("colour", "action"):
        return any(group[what] == claim[2] for group in named)
    raise BadInput(f"a caption mentions {what!r}, which is not one of {', '.join(PRECEDENCE)}", field="mentions")


def _stands(first: str, relation: str, second: str, facts: dict[str, Any]) -> bool:
    if facts["relation"] != relation or len(facts["groups"]) != 2:
        return False
    one, other = (group["kind"] for group in facts["groups"])
    return first in (one, KINDS[one].vague) and second in (other, KINDS[other].vague)
