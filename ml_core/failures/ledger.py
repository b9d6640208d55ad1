"""What became of every query over a row of runs: open, repaired, regressed."""

from __future__ import annotations

import numpy as np

from ml_core.failures.states import OPEN, REGRESSED, REPAIRED, SOUND


def states_after(right_RQ: np.ndarray) -> np.ndarray:
    """The state of Q queries after each of R runs, uint8 (R, Q), from which of them each run got right, bool (R, Q).

    The runs stand in the order in which they are told. A query is `sound` until a run gets it wrong; `open` where it
    was never right; `repaired` where it is right now and was wrong; `regressed` where it is wrong now and was right.
    """
    right_RQ = np.asarray(right_RQ, dtype=bool)
    was_right_RQ = np.logical_or.accumulate(right_RQ, axis=0)
    was_wrong_RQ = np.logical_or.accumulate(~right_RQ, axis=0)
    now_right_RQ = np.where(was_wrong_RQ, REPAIRED, SOUND)
    now_wrong_RQ = np.where(was_right_RQ, REGRESSED, OPEN)
    return np.where(right_RQ, now_right_RQ, now_wrong_RQ).astype(np.uint8)
