"""Asks a worker how likely an effect of the size of interest is seen with so many queries."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.accounts.models import Project
from webapp.annotation.models import Calculation
from webapp.annotation.review.calculations import wanted

POWER = "power"
WANTED, LEVEL = 0.8, 0.05


@dataclass(frozen=True)
class Power:
    """What a worker found; `ready` is false until it has."""

    ready: bool
    failure: str = ""
    power: float | None = None  # of the registered number of queries
    needed: int | None = None  # queries for a power of WANTED; None where no number does


def power_of(project: Project, *, effect: float, broken: float, n: int, now: datetime) -> Power:
    """The power of `n` queries for an effect, and how many it takes for 80 %; asked for where nobody has."""
    request: dict[str, Any] = {
        "effect": round(abs(effect), 6), "broken": round(broken, 6), "n": n, "wanted": WANTED, "level": LEVEL,
    }  # fmt: skip
    stamp = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    row = wanted(project=project, kind=POWER, stamp=stamp, request=request, now=now)
    if row.state == Calculation.State.READY:
        return Power(True, power=row.result["power"], needed=row.result["needed"])
    return Power(False, row.failure if row.state == Calculation.State.FAILED else "")
