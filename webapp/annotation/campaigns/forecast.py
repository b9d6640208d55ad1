"""When a campaign may be done, from how fast its people lately worked; it says so where that cannot be told. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

ENOUGH = 10  # gaps between answers, before a pace is told
BREAK = 300  # seconds: whoever was away longer was not labelling
LOOKED_BACK = timedelta(days=7)  # days that say how much is answered in a day, nights and breaks included
FARTHEST = timedelta(days=366)  # beyond it a day would be a guess
LATEST = 200  # answers that a pace is taken from


@dataclass(frozen=True)
class Pace:
    """Seconds an answer while somebody labels: the mean of `count` gaps and their standard deviation."""

    count: int = 0
    mean: float = 0.0
    deviation: float = 0.0

    @property
    def known(self) -> bool:
        """Whether there is enough to go by."""
        return self.count >= ENOUGH and self.mean > 0

    @property
    def per_hour(self) -> float | None:
        """Answers in an hour of labelling."""
        return 3600 / self.mean if self.known else None


@dataclass(frozen=True)
class Forecast:
    """Seconds of labelling that are left: about `low` to `high`; None where it is too early to tell."""

    low: float | None = None
    high: float | None = None

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return self.low is not None


def forecast(left: int, pace: Pace) -> Forecast:
    """What `left` answers take at a pace: a 95 % range from how uncertain the mean is and how uneven answers are."""
    if not left:
        return Forecast(0.0, 0.0)
    if not pace.known:
        return Forecast()
    spread = 1.96 * pace.deviation * math.sqrt(left * left / pace.count + left)
    return Forecast(max(left * pace.mean - spread, 0.0), left * pace.mean + spread)


def day_of_end(left: int, answered: int, since: datetime | None, now: datetime) -> datetime | None:
    """When `left` answers are there if days go on like the latest: `answered` came between `since` and `now`.

    A first day counts as a whole one: who has labelled for an hour does not label all night. None where it is too
    early to tell, nothing is left, or the end lies more than a year ahead.
    """
    if not left or since is None or answered < ENOUGH:
        return None
    elapsed = max(now - since, timedelta(days=1))
    wanted = elapsed * (left / answered)
    return now + wanted if wanted <= FARTHEST else None


def together(paces: list[Pace]) -> Pace:
    """One pace of several people's gaps."""
    known = [pace for pace in paces if pace.count]
    count = sum(pace.count for pace in known)
    if not count:
        return Pace()
    mean = sum(pace.count * pace.mean for pace in known) / count
    squares = sum(pace.count * (pace.deviation**2 + (pace.mean - mean) ** 2) for pace in known)
    return Pace(count, mean, math.sqrt(squares / count))
