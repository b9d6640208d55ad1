"""The method synce.ablate: one part of the enrichment left out or changed at a time, all on the same pictures, each
held against the plain classifier and against the settings as given.

To choose a setting is another matter (synce.sweep): whoever takes the best row of this table has chosen it on the
pictures that it is reported on.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.events import Artifact, Event, Log, Metric, Progress
from ml_core.methods.synce_ablate import SynceAblate
from ml_core.metrics.classification import estimates
from ml_core.metrics.significance.verdict import Verdict, judged, verdict_on
from ml_core.spec import Context, Stopped
from ml_core.zeroshot.classify import PLAIN, point_of
from ml_core.zeroshot.evidence import evidence, told_of
from ml_core.zeroshot.fusion import Point, Sides, classified
from ml_core.zeroshot.material import gather, read_captions
from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.preparing import Ready, how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report, said, verdict_metrics
from ml_core.zeroshot.sweep.grid import Tau
from ml_core.zeroshot.tables import plot
from ml_core.zeroshot.vectors import Captions

BOTH = "both"  # the settings as they are given, the headline; and the columns of what is held against them
GIVEN = "as-given"  # the same where not both sides act
_OTHER = {"domain": "generic", "generic": "domain"}


@dataclass(frozen=True)
class Arm:
    """One row of the table: what it belongs to, its material and its settings."""

    group: str
    sides: Sides
    point: Point


def run(spec: SynceAblate, context: Context) -> Iterator[Event]:
    """Metrics and cases of the settings as given with their own test; every arm in its slice, with tests corrected for
    their number; ablation.csv with those against the settings as given too, and arms.parquet with every answer."""
    labelled = yield from opened(spec)
    told = yield from read_captions(spec, labelled)
    ready = yield from loaded(labelled, spec, context)
    sides = yield from gather(ready, told, spec.template, context)
    other = None
    if labelled.domain:
        other = yield from gather(ready, told, _OTHER[spec.template], context)
    found = yield from _answered(arms(spec, sides, other), spec, ready, context)
    outcomes = {name: outcome for name, (_, outcome) in found.items()}
    plain = outcomes.pop("plain")
    reporting = Reporting(spec.ks, how_of(spec), context.out)
    spoken = told_of(sides.class_captions, told.classes), told_of(sides.image_captions, told.images)
    whole = BOTH if BOTH in outcomes else GIVEN
    seen = evidence(outcomes[whole], sides.images_NE, *spoken)
    yield from report(labelled, outcomes[whole], reporting, plain, evidence_N=seen)
    every = {"plain": plain, **outcomes}
    verdicts = _family("plain", every, reporting), _family(whole, every, reporting)
    yield from _told({name: arm for name, (arm, _) in found.items()}, every, verdicts, reporting)
    yield from _answers(every, context.out)


def arms(spec: SynceAblate, sides: Sides, other: Sides | None) -> dict[str, Arm]:
    """Every arm by name, the plain classifier and the settings as given first. What a set has no captions for is left
    out, and so is what would only repeat another arm."""
    point = acting(spec, sides)
    whole = BOTH if point.alpha and point.beta else GIVEN
    found = {"plain": Arm("plain", sides, PLAIN), whole: Arm("sides", sides, point)}
    if whole == BOTH:
        found["class-side"] = Arm("sides", sides, replace(point, beta=0.0))
        found["image-side"] = Arm("sides", sides, replace(point, alpha=0.0))
    found |= _weighted(spec, sides, point)
    if other is not None:
        changed = replace(sides, classes_CE=other.classes_CE)
        if point.alpha or point.beta:
            found[f"{_OTHER[spec.template]}-template"] = Arm("template", changed, point)
        found[f"plain-{_OTHER[spec.template]}-template"] = Arm("template", changed, PLAIN)
    for side, share, counts in (("class", point.alpha, spec.class_counts), ("image", point.beta, spec.image_counts)):
        captions = getattr(sides, f"{side}_captions")
        for count in sorted({count for count in counts if share and count < _most(captions)}):
            fewer = replace(sides, **{f"{side}_captions": captions.first(count)})
            found[f"{side}-captions={count}"] = Arm(f"{side} captions", fewer, point)
    return found


def acting(spec: SynceAblate, sides: Sides) -> Point:
    """The settings as given, without the share of a side that has no captions."""
    point = point_of(spec)
    alpha = point.alpha if sides.class_captions is not None else 0.0
    return replace(point, alpha=alpha, beta=point.beta if sides.image_captions is not None else 0.0)


def _most(captions: Captions | None) -> int:
    """Captions of the owner that has most of them."""
    return captions.text_NK.shape[1] if captions is not None else 0


def _weighted(spec: SynceAblate, sides: Sides, point: Point) -> dict[str, Arm]:
    """Uniform weights where the settings weigh captions, the weighted ones where they do not, and every temperature;
    of the sides alone that act and have several captions to weigh."""
    classes = point.alpha and _most(sides.class_captions) > 1
    pictures = point.beta and _most(sides.image_captions) > 1
    if not classes and not pictures:
        return {}

    def told(t2t: Tau, i2t: Tau) -> tuple[Tau, Tau]:
        return t2t if classes else i2t, i2t if pictures else t2t

    tried = [(None, None), (spec.tau_t2t, spec.tau_i2t), *((tau, tau) for tau in sorted(set(spec.taus)))]
    same = told(point.tau_t2t, point.tau_i2t)
    return {
        _taus_name(*taus): Arm("weights", sides, replace(point, tau_t2t=taus[0], tau_i2t=taus[1]))
        for taus in (told(*each) for each in tried)
        if taus != same
    }


def _taus_name(t2t: Tau, i2t: Tau) -> str:
    """“tau=0.1” for both sides, “tau=0.05,0.2” for the classes' and the pictures'; different for different numbers."""
    if t2t is None or i2t is None:
        return "uniform"
    return f"tau={t2t:.15g}" if t2t == i2t else f"tau={t2t:.15g},{i2t:.15g}"


def _answered(
    found: dict[str, Arm], spec: SynceAblate, ready: Ready, context: Context
) -> Generator[Event, None, dict[str, tuple[Arm, Outcome]]]:
    label_N = ready.labelled.labels_N
    answered = {}
    for done, (name, arm) in enumerate(found.items(), 1):
        answered[name] = (arm, classified(arm.sides, arm.point, label_N, keep=spec.keep, scale=ready.scale))
        yield Progress("Ablating", done, len(found), "arms")
        if context.stop():
            raise Stopped("stopped while ablating; every embedding is kept")
    return answered


def _family(reference: str, outcomes: Mapping[str, Outcome], reporting: Reporting) -> dict[str, Verdict]:
    """What every other arm changes against one of them, corrected for their number."""
    before = outcomes[reference].tested()
    after = {
        name: verdict_on(before, outcome.tested(), **reporting.how)
        for name, outcome in outcomes.items()
        if name != reference
    }
    return dict(zip(after, judged(list(after.values())), strict=True))


def _told(
    found: Mapping[str, Arm],
    outcomes: Mapping[str, Outcome],
    verdicts: tuple[Mapping[str, Verdict], Mapping[str, Verdict]],
    reporting: Reporting,
) -> Iterator[Event]:
    """Accuracy and change of every arm in its slice, corrected for their number, and the table. `verdicts`: against the
    plain classifier, and against the settings as given."""
    rows, (on_plain, on_both) = [], verdicts
    for name, outcome in outcomes.items():
        ks = tuple(k for k in reporting.ks if k <= outcome.answers.classes)
        numbers = estimates(outcome.answers, ks, reporting.how)
        tail, verdict = f"/{quote(name, safe='')}", on_plain.get(name)
        yield from (Metric(f"accuracy@{k}{tail}", *numbers[f"accuracy@{k}"]) for k in ks)
        if verdict is not None:
            yield from verdict_metrics(verdict, tail)
            yield Log(f"{name}: {said(verdict)}.")
        if (beside := on_both.get(name)) is not None:
            yield Metric(f"net_over_full{tail}", *beside.net)
            p = beside.p if beside.adjusted is None else beside.adjusted
            yield Metric(f"p_value_over_full{tail}", p, n=beside.units)
        rows.append(_row(name, found[name], numbers) | _changed(verdict) | _changed(beside, f"{BOTH}/"))
    table = {column: [row[column] for row in rows] for column in rows[0]}
    yield from plot("ablation", "What each part is worth", table, reporting.out)
    yield from _csv(rows, reporting.out)


def _row(name: str, arm: Arm, numbers: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": name, "group": arm.group, **vars(arm.point)}
    for measure in ("accuracy@1", "accuracy@5", "precision/macro", "recall/macro", "f1/macro"):
        found = numbers.get(measure)
        for part in ("value", "low", "high"):
            row[measure if part == "value" else f"{measure}.{part}"] = getattr(found, part, None)
    return row | {"n": numbers["f1/macro"].n}


def _changed(verdict: Verdict | None, prefix: str = "") -> dict[str, Any]:
    """The columns of a verdict; empty for an arm that would be held against itself."""
    row = {f"{prefix}{cell}": getattr(verdict, cell, None) for cell in ("repaired", "broken", "p", "adjusted", "shown")}
    net = verdict and verdict.net
    ends = {"net": net and net.value, "net.low": net and net.low, "net.high": net and net.high}
    return row | {f"{prefix}{cell}": value for cell, value in ends.items()}


def _answers(outcomes: Mapping[str, Outcome], out: Path) -> Iterator[Event]:
    """arms.parquet: what every arm says of every picture, so that any two of them can be held against each other."""
    tables = []
    for name, outcome in outcomes.items():
        tested = outcome.tested()
        columns = {"picture": tested.numbers_Q, "right": outcome.answers.label_N, "given": tested.first_Q}
        table = pa.table({key: pa.array(values, pa.int32()) for key, values in columns.items()})
        table = table.append_column("rank", pa.array(tested.ranks_Q, pa.int32()))
        tables.append(table.add_column(0, "arm", pa.array([name] * len(table)).dictionary_encode()))
    pq.write_table(pa.concat_tables(tables).unify_dictionaries(), out / "arms.parquet", compression="zstd")
    yield Artifact("arms.parquet", "Answers of every part", "data", "application/vnd.apache.parquet")


def _csv(rows: list[dict[str, Any]], out: Path) -> Iterator[Event]:
    part = out / "ablation.csv.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    part.replace(out / "ablation.csv")
    yield Artifact("ablation.csv", "What each part is worth", "table", "text/csv")
