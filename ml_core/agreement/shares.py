"""The shares of all failures that a labelled sample speaks for, as plain values for JSON; workers call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ml_core.agreement.table import Row, Table, known, table
from ml_core.metrics.agreement.sentences import Said, said
from ml_core.metrics.agreement.shares import Enough, Sample, Shares, extrapolated_shares
from ml_core.spec import BadInput


def shares_report(
    rows: Iterable[Row | Sequence[Any]],
    *,
    taxonomy_keys: Sequence[str],
    strata: Mapping[str, str],
    population: Mapping[str, int],
    gold: Mapping[str, str] | None = None,
    decided: Mapping[str, str] | None = None,
    rule: str = "majority",
    groups: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Shares of the categories in the sample and among all failures, each with its 95 % interval, for JSON.

    `strata` gives the stratum of every sampled item that was to be labelled ("" for all where there are none),
    `population` how many failures each stratum has. `gold` are planted truths, `decided` what reviewers decided; a
    decision counts before a planted truth. `rule` settles the rest: "consensus" (Dawid–Skene) or "majority". `groups`
    names sums of categories, such as {"ambiguous": ["ambiguous"], "clear": [all others]}. EST as in agreement_report.
    An interval of `all` holds where labels err, too: by the correction, or else by what the annotators' disagreement
    allows (`allows_for_error`).

    {
     "items": 180, "population": 17389, "resamples": …, "seed": …,
     "sample": {category: EST},        # each item once, by its settled label, unweighted
     "all": {category: EST},           # among all failures: weighted by stratum, corrected where `corrected`
     "uncorrected": {category: EST},   # the same as labelled, sampling alone in the interval
     "groups": {name: {"sample": EST, "all": EST}},
     "allows_for_error": bool,         # False: no item has two labels, so label error cannot be told at all
     "corrected": bool, "by": "gold" | "overlap" | "",
     "why": "not enough: …",           # where it is not corrected: what is missing and how many more
     "needed": {"gold": 20, "overlap": 70},
     "gold_items": 0, "overlap_items": 30,
     "settled": {item: category},      # every labelled item's one label
     "strata": [{"name", "population", "labelled", "weight"}],
     "warnings": ["…"],
     "why_said": SAID | None, "said": [SAID …],   # why and warnings as {"code", "numbers"}, see sentences.py
    }
    """
    answers = _with_truths(table(rows, taxonomy_keys), [*(gold or {}), *(decided or {})])
    if not answers.items:
        raise BadInput("nothing is labelled yet, so there are no shares to tell")
    names = [name for name in population if population[name] > 0]
    sample = _sample(answers, strata, names, population, gold or {}, decided or {})
    sums = {key: [key] for key in taxonomy_keys} | {f"\0{name}": keys for name, keys in (groups or {}).items()}
    sums_CJ = np.array([[float(key in keys) for keys in sums.values()] for key in taxonomy_keys])
    found = extrapolated_shares(sample, len(taxonomy_keys), sums_CJ=sums_CJ, rule=rule, resamples=resamples, seed=seed)
    shares = {
        part: dict(zip(sums, (finding.as_dict() for finding in getattr(found, part)), strict=True))
        for part in ("sample", "all", "uncorrected")
    }
    why, warnings = _why(found.enough, len(answers.annotators)), _warnings(found, sample, names, population, strata)
    return {
        "items": len(answers.items),
        "population": sum(population.values()),
        "resamples": found.resamples,
        "seed": seed,
        **{part: {key: values[key] for key in taxonomy_keys} for part, values in shares.items()},
        "groups": {name: {part: values[f"\0{name}"] for part, values in shares.items()} for name in (groups or {})},
        "allows_for_error": bool(found.enough.by) or found.doubt,
        "corrected": bool(found.enough.by),
        "by": found.enough.by,
        "why": str(why or ""),
        "why_said": why.as_dict() if why else None,
        "needed": {"gold": found.enough.missing_gold, "overlap": found.enough.missing_overlap},
        "gold_items": found.enough.gold,
        "overlap_items": found.enough.overlap,
        "settled": {item: taxonomy_keys[number] for item, number in zip(answers.items, found.settled_I, strict=True)},
        "strata": _strata(sample, names, population),
        "warnings": [str(line) for line in warnings],
        "said": [line.as_dict() for line in warnings],
    }


def _with_truths(answers: Table, others: Sequence[str]) -> Table:
    """The table with rows for items that have a known truth and no label."""
    extra = sorted(set(others) - set(answers.items))
    labels_IA = np.vstack([answers.labels_IA, np.full((len(extra), len(answers.annotators)), -1)])
    unknown = np.full((len(extra), len(answers.annotators)), np.nan)
    times = (answers.at_IA, answers.spent_IA, answers.first_IA, answers.changed_IA)
    wider = [np.vstack([part, unknown]) for part in times]
    return Table([*answers.items, *extra], answers.annotators, answers.categories, labels_IA, *wider)


def _sample(
    answers: Table,
    strata: Mapping[str, str],
    names: Sequence[str],
    population: Mapping[str, int],
    gold: Mapping[str, str],
    decided: Mapping[str, str],
) -> Sample:
    number = {name: place for place, name in enumerate(names)}
    for item in answers.items:
        if strata.get(item, "") not in number:
            raise BadInput(f"item {item} is of stratum {strata.get(item, '')!r}, which the population does not have")
    gold_I = known(gold, answers.items, answers.categories)
    decided_I = known(decided, answers.items, answers.categories)
    return Sample(
        answers.labels_IA,
        np.where(decided_I >= 0, decided_I, gold_I),
        gold_I >= 0,
        np.array([number[strata.get(item, "")] for item in answers.items]),
        np.array([population[name] for name in names], dtype=np.float64),
    )


def _strata(sample: Sample, names: Sequence[str], population: Mapping[str, int]) -> list[dict[str, Any]]:
    labelled_H = np.bincount(sample.strata_I, minlength=len(names))
    return [
        {
            "name": name,
            "population": population[name],
            "labelled": int(labelled),
            "weight": population[name] / int(labelled) if labelled else None,
        }
        for name, labelled in zip(names, labelled_H, strict=True)
    ]


def _why(allowed: Enough, annotators: int) -> Said | None:
    if allowed.by:
        return None
    if not allowed.missing_overlap:
        return said("gold_would_do", agreement=allowed.agreement, n=allowed.missing_gold)
    code = "gold_or_overlap" if annotators >= 3 else "gold_or_third"
    return said(code, gold=allowed.missing_gold, n=allowed.missing_overlap)


def _warnings(
    found: Shares, sample: Sample, names: Sequence[str], population: Mapping[str, int], strata: Mapping[str, str]
) -> list[Said]:
    labelled_H = np.bincount(sample.strata_I, minlength=len(names))
    empty = [name for name, labelled in zip(names, labelled_H, strict=True) if not labelled]
    left, lines = len(strata) - len(sample.strata_I), []
    if empty:
        lines.append(said("empty_strata", strata=empty, n=sum(population[name] for name in empty)))
    if left > 0:
        lines.append(said("unlabelled", n=left))
    if not found.enough.by:
        lines.append(said("as_labelled" if found.doubt else "nowhere_disagree"))
    return lines
