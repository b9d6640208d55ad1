"""The verdict on a change: what it repaired and broke, the net, its test, and whether that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.metrics.significance.paired import paired_bootstraps
from ml_core.metrics.significance.signflip import sign_flip_of
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
    return verdicts_on(before, [after], resamples=resamples, seed=seed)[0]


def verdicts_on(
    before: Outcomes, afters: Sequence[Outcomes], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Verdict]:
    """The same of each of several runs against one, from the same resamples of units."""
    if not len(before.numbers_Q):
        raise ValueError("there is no query to compare")
    _check(before)
    for after in afters:
        _check_beside(after, before)
    if not afters:
        return []
    was_Q = before.ranks_Q == 1
    _, place_Q, counts_U = np.unique(before.units_Q, return_inverse=True, return_counts=True)
    sums_US = np.empty((len(counts_U), len(afters)))
    for number, after in enumerate(afters):
        change_Q = (after.ranks_Q == 1).astype(np.float64) - was_Q
        sums_US[:, number] = np.bincount(place_Q, weights=change_Q, minlength=len(counts_U))
    nets = paired_bootstraps(sums_US, counts_U, resamples=resamples, seed=seed)
    return [
        _verdict(before, after, sums_U, net, seed) for after, sums_U, net in zip(afters, sums_US.T, nets, strict=True)
    ]


def _verdict(before: Outcomes, after: Outcomes, sums_U: np.ndarray, net: Estimate, seed: int) -> Verdict:
    was_Q, is_Q = before.ranks_Q == 1, after.ranks_Q == 1
    n, before_right, after_right, right = len(was_Q), *map(np.count_nonzero, (was_Q, is_Q, was_Q & is_Q))
    repaired, broken, wrong = (
        int(after_right - right),
        int(before_right - right),
        n - before_right - after_right + right,
    )
    moved = np.count_nonzero((before.first_Q != after.first_Q) & ~(was_Q | is_Q))
    alone = net.n == n
    return Verdict(
        n=n,
        units=net.n,
        repaired=repaired,
        broken=broken,
        still_wrong=int(wrong - moved),
        wrong_differently=int(moved),
        still_right=int(right),
        net=net,
        p=exact_mcnemar(repaired, broken) if alone else sign_flip_of(sums_U, seed=seed),
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


def _check_beside(after: Outcomes, before: Outcomes) -> None:
    """ValueError as above, or where the queries are not those of `before`; the very same arrays need no second look."""
    lengths = {len(values) for values in vars(after).values()}
    if len(lengths) > 1 or after.numbers_Q is not before.numbers_Q:
        _check(after)
    pairs = ((before.numbers_Q, after.numbers_Q), (before.units_Q, after.units_Q))
    if not all(one is other or np.array_equal(one, other) for one, other in pairs):
        raise ValueError("the two runs do not have the same queries in the same order")


def judged(verdicts: Sequence[Verdict], level: float = 0.05) -> list[Verdict]:
    """The same as one family: p adjusted by Holm; shown where that is below the level and the interval excludes 0."""
    adjusted_F = holm([verdict.p for verdict in verdicts]) if verdicts else ()
    return [
        replace(verdict, adjusted=float(p), shown=bool(p < level) and _excludes_zero(verdict.net))
        for verdict, p in zip(verdicts, adjusted_F, strict=True)
    ]


def _excludes_zero(net: Estimate) -> bool:
    return net.low is not None and net.high is not None and (net.low > 0 or net.high < 0)
