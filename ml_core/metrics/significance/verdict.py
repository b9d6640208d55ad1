"""The verdict on a change: what it repaired and broke, the net, its test, and whether that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.metrics.significance.paired import paired_bootstrap
from ml_core.metrics.significance.signflip import sign_flip
from ml_core.metrics.uncertainty import RESAMPLES, Estimate


@dataclass(frozen=True)
class Outcomes:
    """What a run did on Q queries, (Q,) each: the query's number, the unit it is resampled with, the rank of its right
    answer from 1, and the number of the answer that came first."""

    numbers_Q: np.ndarray
    units_Q: np.ndarray
    ranks_Q: np.ndarray
    first_Q: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """n queries of some units in five cells; the net is (repaired - broken) / n, a share of the queries."""

    n: int
    units: int
    repaired: int  # was wrong, is right
    broken: int  # was right, is wrong
    still_wrong: int  # with the same first answer
    wrong_differently: int  # with another one
    still_right: int
    net: Estimate
    p: float
    test: Literal["mcnemar", "sign_flip"]
    adjusted: float | None = None
    shown: bool = False


def verdict_on(before: Outcomes, after: Outcomes, *, resamples: int = RESAMPLES, seed: int = 0) -> Verdict:
    """What changed between two runs on the same queries, not yet judged.

    Exact McNemar where every unit is one query; else a sign-flip test by unit. ValueError where the queries or their
    units are not the same, in the same order, there is none, or one twice, or where arrays differ in length.
    """
    if not len(before.numbers_Q):
        raise ValueError("there is no query to compare")
    for outcomes in (before, after):
        _check(outcomes)
    same = np.array_equal(before.numbers_Q, after.numbers_Q) and np.array_equal(before.units_Q, after.units_Q)
    if not same:
        raise ValueError("the two runs do not have the same queries in the same order")
    was_Q, is_Q = before.ranks_Q == 1, after.ranks_Q == 1
    wrong_Q, moved_Q = ~was_Q & ~is_Q, before.first_Q != after.first_Q
    repaired, broken = int((~was_Q & is_Q).sum()), int((was_Q & ~is_Q).sum())
    net = paired_bootstrap(was_Q, is_Q, before.units_Q, resamples=resamples, seed=seed)
    alone = net.n == len(was_Q)
    p = exact_mcnemar(repaired, broken) if alone else sign_flip(is_Q.astype(int) - was_Q, before.units_Q, seed=seed)
    return Verdict(
        n=len(was_Q),
        units=net.n,
        repaired=repaired,
        broken=broken,
        still_wrong=int((wrong_Q & ~moved_Q).sum()),
        wrong_differently=int((wrong_Q & moved_Q).sum()),
        still_right=int((was_Q & is_Q).sum()),
        net=net,
        p=p,
        test="mcnemar" if alone else "sign_flip",
    )


def _check(outcomes: Outcomes) -> None:
    """ValueError where arrays differ in length or a query occurs twice."""
    lengths = {name: len(values) for name, values in vars(outcomes).items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{length} {name[:-2]}" for name, length in lengths.items())
        raise ValueError(f"the outcomes of one run differ in length: {told}")
    numbers_Q = np.asarray(outcomes.numbers_Q)
    if (np.diff(numbers_Q) > 0).all():  # in order, as they mostly are
        return
    found_U, counts_U = np.unique(numbers_Q, return_counts=True)
    if len(found_U) < len(numbers_Q):
        raise ValueError(f"query {found_U[counts_U > 1][0]} occurs {counts_U.max()} times")


def judged(verdicts: Sequence[Verdict], level: float = 0.05) -> list[Verdict]:
    """The same as one family: p adjusted by Holm; shown where that is below the level and the interval excludes 0."""
    adjusted_F = holm([verdict.p for verdict in verdicts]) if verdicts else ()
    return [
        replace(verdict, adjusted=float(p), shown=bool(p < level) and _excludes_zero(verdict.net))
        for verdict, p in zip(verdicts, adjusted_F, strict=True)
    ]


def _excludes_zero(net: Estimate) -> bool:
    return net.low is not None and net.high is not None and (net.low > 0 or net.high < 0)
