"""What a claim says beside its numbers: which runs, slices and strata are compared, labels, answers, registration.

Plain frozen dataclasses, checked on the way in by pydantic; no arrays, no database.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

Direction = Literal["t2i", "i2t", "classify"]
Origin = Literal["adjudicated", "gold", "consensus", "majority", "single"]
Kind = Literal["failures", "successes", "broken"]
RunKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]
Text = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=300)]
K = Annotated[int, Field(ge=1, le=1_000_000)]
FORMAT = 2  # of the statistics: raised whenever the same outcomes, labels and plan come to other numbers or keys
ALL = "all"  # the slice of every query; no named slice may be called so

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Label:
    """One settled label of one query. `stratum` says by which of the plan's strata it came into the sample."""

    __pydantic_config__ = _STRICT
    direction: Direction
    query: Name
    category: Name
    subtype: Annotated[str, Field(max_length=300)] = ""
    origin: Origin = "single"
    stratum: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True)
class Answer:
    """What one annotator, known by a letter only, said of one query."""

    __pydantic_config__ = _STRICT
    direction: Direction
    query: Name
    annotator: Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")]
    category: Name
    subtype: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True)
class Stratum:
    """A part of the queries of one direction from which labelled ones were drawn with one known chance.

    `of` says what it is a part of: failures or successes of the baseline, or what `run` broke (then all of it was to
    be labelled). `population` counts its queries, the labelled ones and the others.
    """

    __pydantic_config__ = _STRICT
    direction: Direction
    of: Kind
    population: Annotated[int, Field(ge=0, le=100_000_000)]
    run: str = ""


@dataclass(frozen=True)
class Registration:
    """What was said before anybody looked: the one comparison, the effect that would matter, when to stop, on what."""

    __pydantic_config__ = _STRICT
    run: RunKey
    direction: Direction
    slice: Name
    metric: Name
    smallest_effect: Annotated[float, Field(ge=-1, le=1)]
    n: Annotated[int, Field(ge=1, le=100_000_000)]
    stopping_rule: Text
    data_hash: Annotated[str, Field(max_length=200)]
    registered_at: Annotated[str, Field(max_length=40)]  # ISO 8601, UTC
    category: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True)
class Plan:
    """How outcomes become numbers: everything that `compute` needs beside outcomes and labels.

    `slices`: name → direction → ids of queries. `groups`: name → runs that differ in their seed alone. `control`: the
    run that changes the rankings at random by as much as the others do.
    """

    __pydantic_config__ = _STRICT
    baseline: RunKey
    runs: tuple[RunKey, ...]  # in the order they are shown, the baseline among them
    data_hash: Annotated[str, Field(max_length=200)] = ""  # of the data set that every run was evaluated on
    control: str = ""
    directions: tuple[Direction, ...] = ()  # none: those that every run has
    slices: dict[Name, dict[Direction, tuple[Name, ...]]] = field(default_factory=dict)
    strata: dict[str, Stratum] = field(default_factory=dict)
    groups: dict[Name, tuple[RunKey, ...]] = field(default_factory=dict)
    ks: tuple[K, ...] = (1, 5, 10)
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 2000
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    level: Annotated[float, Field(gt=0, lt=1)] = 0.05
    registration: Registration | None = None
    seen: tuple[RunKey, ...] = ()  # runs whose model was trained on the data: nothing is shown by them


def fingerprint(method: str, spec: dict[str, Any]) -> str:
    """The fingerprint of settings as stored, by the rule of `ml_core.spec.Spec.fingerprint`."""
    canonical = json.dumps([method, spec], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def as_json(value: Any) -> bytes:
    """Sorted, indented UTF-8 JSON of a dataclass or of plain values; ValueError for NaN and infinity."""
    plain = asdict(value) if hasattr(value, "__dataclass_fields__") else value
    return (json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
