"""What must hold inside a bundle beyond its numbers: one data set, true fingerprints, consistent ids, earned labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml_core.claims.bundle import Claim
from ml_core.claims.plan import Answer, fingerprint
from ml_core.metrics.agreement.dawid_skene import dawid_skene

_SHOWN = 3
_MOST_CELLS = 20_000_000  # of answers, queries × annotators and the like, from which a consensus is worked out
_NEAR = 1e-6  # posteriors that are as likely


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, whether it holds, and a sentence that says so."""

    name: str
    ok: bool
    text: str


def checks_of(claim: Claim) -> list[Check]:
    """Every check, passed and failed ones."""
    return [_check(name, passed, find(claim)) for name, (passed, find) in _CHECKS.items()]


def _check(name: str, passed: str, problems: Iterator[str]) -> Check:
    found = list(problems)
    if not found:
        return Check(name, True, passed)
    more = f" (and {len(found) - _SHOWN:,} more)" if len(found) > _SHOWN else ""
    return Check(name, False, f"{'; '.join(found[:_SHOWN])}{more}.")


def _data(claim: Claim) -> Iterator[str]:
    for name, run in claim.runs.items():
        stated = run.environment.get("data_hash")
        if not stated:
            yield f"run {name} does not say which data set it was evaluated on"
        elif stated != claim.plan.data_hash:
            yield f"run {name} was evaluated on data {str(stated)[:12]}, the plan names {claim.plan.data_hash[:12]}"


def _fingerprints(claim: Claim) -> Iterator[str]:
    for name, run in claim.runs.items():
        if fingerprint(run.method, dict(run.spec)) != run.fingerprint:
            yield f"the settings of run {name} do not have the fingerprint that is stated"


def _ids(claim: Claim) -> Iterator[str]:
    """A number has one id, whichever run and column it stands in: a caption's in t2i's queries and i2t's answers."""
    for kind, columns in (("caption", ("t2i", "i2t")), ("picture", ("i2t", "t2i"))):
        known: dict[int, str] = {}
        queries, answers = columns
        for name, run in claim.runs.items():
            pairs: list[tuple[int, str]] = []
            if (way := run.outcomes.get(queries)) is not None:
                pairs += zip(way.number_Q.tolist(), way.id_Q, strict=True)
            if (way := run.outcomes.get(answers)) is not None:
                pairs += zip(way.first_Q.tolist(), way.first_id_Q or (), strict=True)
            for number, words in pairs:
                if known.setdefault(number, words) != words:
                    yield f"run {name} calls {kind} {number} {words!r}, elsewhere it is {known[number]!r}"
                    break


def _firsts(claim: Claim) -> Iterator[str]:
    """Rank 1 and a right first answer are one thing: in t2i the first answer is then the caption's own picture."""
    for name, run in claim.runs.items():
        if (way := run.outcomes.get("t2i")) is not None:
            wrong = int(((way.rank_Q == 1) != (way.first_Q == way.unit_Q)).sum())
            if wrong:
                yield f"run {name}, t2i: {wrong:,} queries have a rank that their first answer contradicts"
        pictures = run.outcomes.get("i2t")
        if way is not None and pictures is not None:
            unit_of = dict(zip(way.number_Q.tolist(), way.unit_Q.tolist(), strict=True))
            own_Q = np.array([unit_of.get(first, -1) for first in pictures.first_Q.tolist()])
            known_Q = own_Q >= 0
            wrong = int((((pictures.rank_Q == 1) != (own_Q == pictures.unit_Q)) & known_Q).sum())
            if wrong:
                yield f"run {name}, i2t: {wrong:,} queries have a rank that their first answer contradicts"


def _strata(claim: Claim) -> Iterator[str]:
    labelled = Counter(label.stratum for label in claim.labels if label.stratum)
    for name, count in labelled.items():
        stratum = claim.plan.strata.get(name)
        if stratum is None:
            yield f"labels name the stratum {name!r}, which the plan does not have"
        elif count > stratum.population:
            yield f"stratum {name!r} has {count:,} labels of a population of {stratum.population:,}"


def _answers(claim: Claim) -> Iterator[str]:
    """A label that annotators settled is one that they gave: the only one, the most frequent, or one of them.

    A consensus knows who confuses what, so it can overrule all: a label that nobody gave is then what it comes to.
    """
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    seen: set[tuple[str, str, str]] = set()
    for answer in claim.answers:
        said[answer.direction, answer.query].append(answer.category)
        key = (answer.direction, answer.query, answer.annotator)
        if key in seen:
            yield f"annotator {answer.annotator} answered query {answer.query} twice"
        seen.add(key)
    agreed: dict[tuple[str, str], set[str]] | None = None
    for label in claim.labels:
        counts = Counter(said[label.direction, label.query])
        most = max(counts.values(), default=0)
        if label.origin == "single" and list(counts) != [label.category]:
            yield f"query {label.query} is labelled {label.category} by one annotator, who did not say so"
        elif label.origin == "majority" and (not most or counts[label.category] < most):
            yield f"query {label.query} is labelled {label.category} by majority, which the answers do not give"
        elif label.origin == "consensus" and not counts:
            yield f"query {label.query} is labelled by consensus, but nobody answered"
        elif label.origin == "consensus" and label.category not in counts:
            agreed = _agreed(claim.answers) if agreed is None else agreed
            if label.category not in agreed.get((label.direction, label.query), ()):
                yield f"query {label.query} is labelled {label.category} by consensus, which the answers do not give"


def _agreed(answers: Sequence[Answer]) -> dict[tuple[str, str], set[str]]:
    """What Dawid and Skene's consensus of all answers gives each query (several that are as likely); {} of too many."""
    queries = sorted({(answer.direction, answer.query) for answer in answers})
    annotators = sorted({answer.annotator for answer in answers})
    categories = sorted({answer.category for answer in answers})
    sizes = len(queries), len(annotators), len(categories)
    if sizes[1] * max(sizes[0], sizes[2] ** 2) > _MOST_CELLS or sizes[0] * sizes[2] > _MOST_CELLS:
        return {}
    row, column, number = ({name: at for at, name in enumerate(names)} for names in (queries, annotators, categories))
    labels_IA = np.full(sizes[:2], -1)
    for answer in answers:
        labels_IA[row[answer.direction, answer.query], column[answer.annotator]] = number[answer.category]
    likely_IC = dawid_skene(labels_IA, sizes[2]).posteriors_IC
    near_IC = likely_IC >= likely_IC.max(1, keepdims=True) - _NEAR
    return {
        query: {name for name, near in zip(categories, near_C, strict=True) if near}
        for query, near_C in zip(queries, near_IC.tolist(), strict=True)
    }


_CHECKS: dict[str, tuple[str, Callable[[Claim], Iterator[str]]]] = {
    "data": ("every run was evaluated on the plan's data set", _data),
    "fingerprints": ("every run's settings have the fingerprint that is stated", _fingerprints),
    "ids": ("every number has one id throughout", _ids),
    "firsts": ("ranks and first answers agree", _firsts),
    "strata": ("every label's stratum is the plan's", _strata),
    "answers": ("labels that annotators settled follow from their answers", _answers),
}
