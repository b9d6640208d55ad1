"""What an agreement page shows: one campaign's answers as plain values for JSON. Loads numpy, so workers call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ml_core.agreement.progress import drift, over_time
from ml_core.agreement.table import Row, Table, known, table
from ml_core.metrics.agreement.dawid_skene import Consensus, dawid_skene
from ml_core.metrics.agreement.individuals import agreement_with_others, leaning, mean_share
from ml_core.metrics.agreement.majority import Majority, majority, right_shares, tie_share
from ml_core.metrics.agreement.overall import overall, pairs
from ml_core.metrics.agreement.paradox import Paradox, kappa_paradox
from ml_core.metrics.agreement.sentences import Said, english, said
from ml_core.metrics.agreement.tallies import tally
from ml_core.metrics.agreement.times import median_time

__all__ = ["Row", "agreement_report"]
_UNLABELLED, _NO_FIRST = english("truth_unlabelled"), english("no_first_choice")


def agreement_report(
    rows: Iterable[Row | Sequence[Any]],
    *,
    taxonomy_keys: Sequence[str],
    truth: Mapping[str, str] | None = None,
    held: Mapping[tuple[str, str], str] | None = None,
    windows: int = 8,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Every number of the agreement page, each with its 95 % interval, as values that JSON can hold.

    `rows` holds at most one answer for an item and annotator, skips and withdrawn answers left out; plain sequences in
    Row's order are rows too. `truth` says the category of gold items, `held` by item and annotator what annotators are
    held against it with where that is not their answer: what they said before they were told. An EST is {"value",
    "low", "high", "n", "why"}: n items stand behind it; value, or low and high, are None where `why` says in words, and
    "code" for other languages, why there is none.

    {
     "items": 180, "overlap": 30, "answers": 240,      # labelled items, those with two labels or more, rows
     "annotators": ["A", …], "categories": [taxonomy_keys …],
     "coefficients": {"percent_agreement": EST, "krippendorff_alpha": EST, "fleiss_kappa": EST, "gwet_ac1": EST},
     "pairs": [{"a", "b", "n", "percent_agreement": EST, "cohen_kappa": EST,
                "confusion": [[int …] …]}],            # rows: what a said, columns: what b said, taxonomy's order
     "bias": [{"annotator", "category", "said": share, "others": share, "difference": EST}],
                                                       # on items that others labelled too; n those items
     "accuracy": {"majority_accuracy": EST, "dawid_skene_accuracy": EST, "annotators": {name: EST}},  # {} without truth
     "annotators_measured": [{"annotator", "answers", "overlap", "agrees_with_others": EST, "seconds": median | None,
                "first_choice": EST, "answering": EST, # median seconds to the first choice and to the answer
                "changed": EST,                        # of first choices that were kept, those that are not the answer
                "estimated_accuracy": float | None,    # by Dawid–Skene
                "errors": [[float …] …] | None}],      # Dawid–Skene's: rows the truth, columns what was said
     "over_time": [{"first": 1, "last": 4, "start": at, "end": at, "percent_agreement": EST}],
                                                       # windows of overlap items by when their last answer came
     "drift": [{"annotator", "windows": [{"first", "last", "start", "end", "seconds": median | None,
                "shares": {category: share}, "agrees_with_others": EST}]}],       # windows of one's own answers
     "consensus": {item: {"answers": {annotator: label}, "majority": label | None, "tie": [labels] | [],
                "dawid_skene": label, "posterior": float, "posteriors": {label: float}}},
     "tie_share": float,                               # of overlap items, those without one most frequent label
     "dawid_skene": {"iterations", "converged", "priors": {category: share}},
     "paradox": {"prevalence_index", "bias_index", "dominating": category | None, "sentence": "" | "…",
                 "said": SAID | None},
     "warnings": ["…"], "said": [SAID …],              # the same; SAID is {"code", "numbers"}, see sentences.py
     "resamples": 2000, "seed": 0,
    }
    """
    said_rows = [Row(*row) for row in rows]
    answers = table(said_rows, taxonomy_keys)
    tested = _tested(said_rows, held, taxonomy_keys) if held else answers
    how = {"resamples": resamples, "seed": seed}
    labels_IA, categories = answers.labels_IA, len(taxonomy_keys)
    counts_IC = tally(labels_IA, categories)
    consensus, most = dawid_skene(labels_IA, categories), majority(counts_IC)
    found_pairs, left_out = pairs(labels_IA, categories, **how)
    paradox = kappa_paradox(labels_IA, answers.categories)
    coefficients = {name: finding.as_dict() for name, finding in overall(labels_IA, categories, **how).items()}
    report: dict[str, Any] = {
        "items": len(answers.items),
        "overlap": int((counts_IC.sum(1) >= 2).sum()),
        "answers": int(counts_IC.sum()),
        "annotators": answers.annotators,
        "categories": answers.categories,
        "coefficients": coefficients,
        "pairs": [
            {
                "a": answers.annotators[pair.first],
                "b": answers.annotators[pair.second],
                "n": int(pair.table_CC.sum()),
                "percent_agreement": pair.percent_agreement.as_dict(),
                "cohen_kappa": pair.cohen_kappa.as_dict(),
                "confusion": pair.table_CC.tolist(),
            }
            for pair in found_pairs
        ],
        "bias": _bias(answers, counts_IC, how),
        "accuracy": _accuracy(answers, tested, truth, consensus, most, how),
        "annotators_measured": _measured(answers, counts_IC, consensus, how),
        "over_time": over_time(answers, windows, how),
        "drift": drift(answers, counts_IC, windows, how),
        "consensus": _consensus(answers, consensus, most),
        "tie_share": tie_share(most, counts_IC),
        "dawid_skene": {
            "iterations": consensus.iterations,
            "converged": consensus.converged,
            "priors": dict(zip(answers.categories, consensus.priors_C.tolist(), strict=True)),
        },
        "paradox": _paradox(paradox, answers.categories),
        "resamples": resamples,
        "seed": seed,
    }
    warnings = _warnings(report, left_out, paradox.said)
    return report | {"warnings": [str(line) for line in warnings], "said": [line.as_dict() for line in warnings]}


def _bias(answers: Table, counts_IC: np.ndarray, how: dict[str, int]) -> list[dict[str, Any]]:
    found = []
    for name, labels_I in zip(answers.annotators, answers.labels_IA.T, strict=True):
        said_C, agreed_C, differences = leaning(counts_IC, labels_I, **how)
        found += [
            {
                "annotator": name,
                "category": category,
                "said": _plain(said),
                "others": _plain(agreed),
                "difference": difference.as_dict(),
            }
            for category, said, agreed, difference in zip(
                answers.categories, said_C, agreed_C, differences, strict=True
            )
        ]
    return found


def _tested(rows: Sequence[Row], held: Mapping[tuple[str, str], str], categories: Sequence[str]) -> Table:
    """The answers that annotators are held against the truth with."""
    said = {(row.item, row.annotator): row.label for row in rows} | dict(held)
    return table([Row(item, annotator, label) for (item, annotator), label in said.items()], categories)


def _accuracy(
    answers: Table,
    tested: Table,
    truth: Mapping[str, str] | None,
    consensus: Consensus,
    most: Majority,
    how: dict[str, int],
) -> dict[str, Any]:
    truth_I, tested_I = (known(truth, part.items, answers.categories) for part in (answers, tested))
    if not (tested_I >= 0).any():
        return {}
    return {
        "majority_accuracy": mean_share(right_shares(most, truth_I), why=_UNLABELLED, **how).as_dict(),
        "dawid_skene_accuracy": _share_right(consensus.labels_I, truth_I, how),
        "annotators": {
            name: _share_right(labels_I, tested_I, how)
            for name, labels_I in zip(tested.annotators, tested.labels_IA.T, strict=True)
        },
    }


def _share_right(labels_I: np.ndarray, truth_I: np.ndarray, how: dict[str, int]) -> dict[str, Any]:
    both_I = (labels_I >= 0) & (truth_I >= 0)
    right_S = (labels_I == truth_I)[both_I].astype(np.float64)
    return mean_share(right_S, why=_UNLABELLED, **how).as_dict()


def _measured(answers: Table, counts_IC: np.ndarray, consensus: Consensus, how: dict[str, int]) -> list[dict[str, Any]]:
    found = []
    for number, (name, labels_I) in enumerate(zip(answers.annotators, answers.labels_IA.T, strict=True)):
        with_others = agreement_with_others(counts_IC, labels_I, **how)
        errors_CC = consensus.errors_ACC[number]
        told = with_others.n > 0  # alone an annotator would be taken to be right always
        found.append(
            {
                "annotator": name,
                "answers": int((labels_I >= 0).sum()),
                "overlap": with_others.n,
                "agrees_with_others": with_others.as_dict(),
                "seconds": _median_seconds(answers.spent_IA[:, number]),
                "first_choice": median_time(answers.first_IA[:, number] / 1000).as_dict(),
                "answering": median_time(answers.spent_IA[:, number] / 1000).as_dict(),
                "changed": _changed(answers.changed_IA[:, number], how),
                "estimated_accuracy": float(consensus.priors_C @ np.diag(errors_CC)) if told else None,
                "errors": errors_CC.tolist() if told else None,
            }
        )
    return found


def _changed(changed_I: np.ndarray, how: dict[str, int]) -> dict[str, Any]:
    return mean_share(changed_I[~np.isnan(changed_I)], why=_NO_FIRST, **how).as_dict()


def _median_seconds(spent_I: np.ndarray) -> float | None:
    known_K = spent_I[~np.isnan(spent_I)]
    return float(np.median(known_K)) / 1000 if len(known_K) else None


def _consensus(answers: Table, consensus: Consensus, most: Majority) -> dict[str, Any]:
    found = {}
    names = answers.categories
    for place, item in enumerate(answers.items):
        label, best = int(most.labels_I[place]), int(consensus.labels_I[place])
        posteriors_C = consensus.posteriors_IC[place]
        said = answers.labels_IA[place]
        found[item] = {
            "answers": {answers.annotators[a]: names[said[a]] for a in np.flatnonzero(said >= 0)},
            "majority": names[label],
            "tie": [names[c] for c in np.flatnonzero(most.leading_IC[place])] if most.tied_I[place] else [],
            "dawid_skene": names[best],
            "posterior": float(posteriors_C[best]),
            "posteriors": {names[c]: float(posteriors_C[c]) for c in np.flatnonzero(posteriors_C > 1e-6)},
        }
    return found


def _paradox(paradox: Paradox, names: list[str]) -> dict[str, Any]:
    return {
        "prevalence_index": paradox.prevalence,
        "bias_index": paradox.bias,
        "dominating": names[paradox.dominating] if paradox.dominating >= 0 else None,
        "sentence": paradox.sentence,
        "said": paradox.said.as_dict() if paradox.said else None,
    }


def _warnings(report: dict[str, Any], left_out: int, paradox: Said | None) -> list[Said]:
    found = []
    if not report["items"]:
        found.append(said("nothing_labelled"))
    elif not report["overlap"]:
        found.append(said("no_overlap"))
    elif report["overlap"] < 30:
        found.append(said("few_overlap", n=report["overlap"]))
    if paradox:
        found.append(paradox)
    if report["items"] and not report["dawid_skene"]["converged"]:
        found.append(said("not_settled"))
    if left_out:
        found.append(said("pairs_left_out", n=left_out))
    return found


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
