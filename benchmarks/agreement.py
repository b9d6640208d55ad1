"""Bootstrap of Krippendorff's α against the krippendorff package, Dawid and Skene's consensus against crowd-kit."""

from __future__ import annotations

import warnings

import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.metrics.agreement.coefficients import KRIPPENDORFF, features, values
from ml_core.metrics.agreement.dawid_skene import dawid_skene
from ml_core.metrics.agreement.overall import overall
from ml_core.metrics.agreement.resampling import resampled_sums
from ml_core.metrics.agreement.tallies import collapse, tally

ANNOTATORS, CATEGORIES, RESAMPLES, ITERATIONS = 5, 7, 20, 50


def measure(quick: bool) -> list[Row]:
    items = 1_000 if quick else 10_000
    labels_IA = _labels(items)
    return [*_bootstrap(labels_IA, quick), *_consensus(labels_IA, quick)]


def _bootstrap(labels_IA: np.ndarray, quick: bool) -> list[Row]:
    items = len(labels_IA)
    reliability_AI = np.where(labels_IA < 0, np.nan, labels_IA).T

    def ours(resamples: int = RESAMPLES) -> np.ndarray:
        tallies = collapse(tally(labels_IA, CATEGORIES))
        sums_BF = resampled_sums(features(tallies.distinct_TC), tallies.counts_T, resamples=resamples)
        return values(sums_BF, CATEGORIES)[KRIPPENDORFF]

    def package() -> np.ndarray:
        rng = np.random.default_rng(0)
        drawn = (reliability_AI[:, rng.integers(0, items, items)] for _ in range(RESAMPLES))
        return np.array([krippendorff.alpha(one, level_of_measurement="nominal") for one in drawn])

    def everything() -> object:
        return overall(labels_IA, CATEGORIES)

    whole = overall(labels_IA, CATEGORIES, resamples=100)[KRIPPENDORFF].value
    assert whole is not None
    assert abs(whole - krippendorff.alpha(reliability_AI, level_of_measurement="nominal")) < 1e-12
    assert abs(ours(1000).mean() - package().mean()) < 4 * ours(1000).std() / np.sqrt(RESAMPLES)
    took = interleaved({"ours": ours, "package": package, "everything": everything}, 3 if quick else 5)
    work = f"Krippendorff α, {items:,} × {ANNOTATORS}, {RESAMPLES} resamples"
    return [
        Row(work, "peer", "krippendorff", took["ours"], took["package"], 50.0, peak_mib=peak_mib(ours)),
        Row(
            "four coefficients, 2,000 resamples, with jackknife",
            "peer",
            f"krippendorff, {RESAMPLES} resamples of α alone",
            took["everything"],
            took["package"],
            peak_mib=peak_mib(everything),
        ),
    ]


def _consensus(labels_IA: np.ndarray, quick: bool) -> list[Row]:
    task, worker = np.nonzero(labels_IA >= 0)
    frame = pd.DataFrame({"task": task, "worker": worker, "label": labels_IA[task, worker]})

    def ours() -> np.ndarray:
        return dawid_skene(labels_IA, CATEGORIES, iterations=ITERATIONS, tolerance=-np.inf).posteriors_IC

    def crowdkit() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = DawidSkene(n_iter=ITERATIONS, tol=-np.inf).fit(frame)
        return found.probas_.loc[range(len(labels_IA)), range(CATEGORIES)].to_numpy()

    assert np.abs(ours() - crowdkit()).max() < 1e-9
    took = interleaved({"ours": ours, "crowd-kit": crowdkit}, 3)
    work = f"Dawid–Skene, {len(labels_IA):,} × {ANNOTATORS}, {ITERATIONS} iterations"
    return [Row(work, "peer", "crowd-kit", took["ours"], took["crowd-kit"], 10.0, peak_mib=peak_mib(ours))]


def _labels(items: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    truth_I = rng.integers(0, CATEGORIES, items)
    noise_IA = rng.integers(0, CATEGORIES, (items, ANNOTATORS))
    return np.where(rng.random((items, ANNOTATORS)) < 0.7, truth_I[:, None], noise_IA)
