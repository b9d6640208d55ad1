"""One label for each case: decided, planted, agreed or the only one; and which of these it was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.annotation.models import AnalysisItem
from webapp.annotation.review.gathering import Gathered, Sample

Origin = AnalysisItem.Origin


@dataclass(frozen=True)
class Settled:
    """A sample with its one label."""

    sample: Sample
    category: str
    subtype: str
    origin: str
    posterior: float | None
    answers: int


def settled(
    found: Gathered, *, rule: str, labels: Mapping[str, str], posteriors: Mapping[str, Mapping[str, float]]
) -> list[Settled]:
    """Every labelled sample once, in the order of the plan.

    A reviewer's decision counts first, then a planted truth, then what the rule gives (`labels`: by idx). Subtypes are
    those that most of the answers with that category name; a tie names none.
    """
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for answer in found.answers:
        said[answer.idx].append((answer.category, answer.subtype))
    rows = []
    for sample in found.samples:
        answers = said[sample.idx]
        known = found.decided.get(sample.idx) or found.gold.get(sample.idx)
        if known:
            category, subtype = known
            origin = Origin.ADJUDICATED if sample.idx in found.decided else Origin.GOLD
        elif answers:
            category = labels[sample.idx]
            subtype = _most([fine for coarse, fine in answers if coarse == category])
            origin = Origin.SINGLE if len(answers) == 1 else Origin(rule)
        else:
            continue
        posterior = posteriors.get(sample.idx, {}).get(category)
        rows.append(Settled(sample, category, subtype, str(origin), posterior, len(answers)))
    return rows


def _most(subtypes: list[str]) -> str:
    counts = Counter(name for name in subtypes if name).most_common(2)
    if not counts or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return ""
    return counts[0][0]
