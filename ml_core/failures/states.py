"""The states of a failure, by number. Light: pages load it."""

from __future__ import annotations

# sound: no run so far was wrong. open: wrong in every run so far. repaired: wrong before, right now.
# regressed: right before, wrong now.
STATES = ("sound", "open", "repaired", "regressed")
SOUND, OPEN, REPAIRED, REGRESSED = range(len(STATES))
WRONG = (OPEN, REGRESSED)
