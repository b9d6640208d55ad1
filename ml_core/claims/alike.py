"""Whether two runs may be compared: the same data set and the same queries, else why not. Light: no arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["no data", "data", "directions", "queries"]


@dataclass(frozen=True)
class Basis:
    """What a run's numbers rest on: its data set and its queries, each by a hash; `name` is how people call it."""

    name: str
    data_hash: str
    queries: dict[str, str]  # direction → a hash of the queries' ids, in their order; "" where nobody knows


@dataclass(frozen=True)
class Unlike:
    """Why two runs may not be compared: what is not alike, whose fault it is where it is one run's, which direction."""

    kind: Kind
    text: str  # a sentence with what to do
    name: str = ""
    direction: str = ""


def unlike(one: Basis, other: Basis) -> Unlike | None:
    """The first thing in which two runs are not alike; None where they may be compared."""
    if not one.data_hash or not other.data_hash:
        lacking = one if not one.data_hash else other
        said = f"Run {lacking.name} does not say which data set it was evaluated on. Run it again, then compare."
        return Unlike("no data", said, lacking.name)
    if one.data_hash != other.data_hash:
        said = (
            f"Runs {one.name} and {other.name} were evaluated on different data sets ({one.data_hash[:12]} and "
            f"{other.data_hash[:12]}). Evaluate one of them again on the other's data set."
        )
        return Unlike("data", said)
    common = set(one.queries) & set(other.queries)
    if not common:
        said = f"Runs {one.name} and {other.name} have no direction in common. Evaluate one of them in both directions."
        return Unlike("directions", said)
    for direction in sorted(common):
        hashes = one.queries[direction], other.queries[direction]
        if all(hashes) and hashes[0] != hashes[1]:
            said = (
                f"run {one.name} and run {other.name} asked different queries, so their outcomes cannot be paired; "
                "compare runs of the same data with the same query set"
            )
            return Unlike("queries", said, direction=direction)
    return None


def comparable(one: Basis, other: Basis) -> str:
    """Why two runs may not be compared, in a sentence with what to do; empty where they may."""
    found = unlike(one, other)
    return found.text if found else ""
