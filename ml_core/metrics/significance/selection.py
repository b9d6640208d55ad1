"""Whether queries were chosen by the baseline's own outcome, so that any change looks like a gain, or like a loss."""

from __future__ import annotations

from typing import Literal

import numpy as np

Selection = Literal["", "failures", "successes"]


def selected_baseline(rank_Q: np.ndarray) -> Selection:
    """Whether queries look chosen by the baseline's own outcome: none right ("failures") or all ("successes").

    Among failures a change can only repair, among successes only break: the count says nothing until a control that
    changes as much at random stands beside it. (Q,) ranks of the baseline, from 1; no query is no selection.
    """
    rank_Q = np.asarray(rank_Q)
    if not len(rank_Q):
        return ""
    if (rank_Q > 1).all():
        return "failures"
    return "successes" if (rank_Q == 1).all() else ""
