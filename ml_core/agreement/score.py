"""The method agreement.score: a file of labels to coefficients with intervals, confusion, consensus and a report."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ml_core.agreement.reading import Labels, read_counts, read_long, read_table, read_truth, read_wide, some
from ml_core.agreement.report import agreement_report
from ml_core.agreement.table import known
from ml_core.cells import safe_cell
from ml_core.events import Artifact, Event, Log, Metric
from ml_core.methods.agreement_score import AgreementScore
from ml_core.metrics.agreement.individuals import mean_share
from ml_core.metrics.agreement.majority import majority, right_shares, tie_share
from ml_core.metrics.agreement.overall import overall_of_tallies
from ml_core.metrics.agreement.sentences import english
from ml_core.spec import BadInput, Context


def run(spec: AgreementScore, context: Context) -> Iterator[Event]:
    """Metrics; confusion.csv, consensus.csv and report.json."""
    truth = read_truth(spec.truth, spec.truth_columns) if spec.truth else None
    if spec.layout == "counts":
        yield from _from_counts(spec, context, truth)
        return
    labels = _read(spec)
    items = {row.item for row in labels.rows}
    remarks = labels.remarks + odd_labels({row.label for row in labels.rows}, truth, items)
    truth = _common(truth, items)
    categories = sorted({row.label for row in labels.rows} | set((truth or {}).values()))
    report = agreement_report(
        labels.rows, taxonomy_keys=categories, truth=truth, resamples=spec.resamples, seed=spec.seed
    )
    report["warnings"] = remarks + report["warnings"]
    yield from (Log(warning, "warning") for warning in report["warnings"])
    yield from _metrics(report)
    yield from _files(context.out, report)


def _read(spec: AgreementScore) -> Labels:
    if spec.layout == "wide":
        return read_wide(spec.labels, spec.item_column)
    if spec.layout == "table":
        return read_table(spec.labels)
    return read_long(spec.labels, spec.columns)


def odd_labels(said: Collection[str], truth: Mapping[str, str] | None, items: Collection[str]) -> list[str]:
    """What looks like a slip: names that differ in case alone, truths that nobody said, truths of unlabelled items."""
    true = set((truth or {}).values())
    alike = defaultdict(list)
    for name in sorted(true | set(said)):
        alike[name.casefold()].append(name)
    found = [
        f"{', '.join(map(repr, names))} differ in capitals alone and count as different labels"
        for names in alike.values()
        if len(names) > 1
    ]
    if never := sorted(true - set(said)):
        times = Counter((truth or {}).values())
        shown = some([f"{name!r} ({times[name]:,} items)" for name in never])
        found.append(f"the truth has labels that no annotator ever said, so each counts as a miss: {shown}")
    if gone := sorted(set(truth or {}) - set(items)):
        found.append(f"{len(gone):,} items of the truth have no label and are left out: {some(gone)}")
    return found


def _common(truth: Mapping[str, str] | None, items: set[str]) -> dict[str, str] | None:
    """The truth of labelled items. BadInput where it speaks of none of them."""
    if truth is None:
        return None
    common = {item: label for item, label in truth.items() if item in items}
    if not common:
        raise BadInput("the truth and the labels have no item in common", field="truth")
    return common


def _metrics(report: Mapping[str, Any]) -> Iterator[Event]:
    for name, finding in report["coefficients"].items():
        yield from _metric(name, finding)
    for pair in report["pairs"]:
        names = f"{quote(pair['a'], safe='')}-{quote(pair['b'], safe='')}"
        yield from _metric(f"cohen_kappa/{names}", pair["cohen_kappa"])
        yield from _metric(f"percent_agreement/{names}", pair["percent_agreement"])
    for name in ("majority_accuracy", "dawid_skene_accuracy"):
        if name in report["accuracy"]:
            yield from _metric(name, report["accuracy"][name])
    if report["tie_share"] is not None:
        yield Metric("tie_share", report["tie_share"], n=report["overlap"])


def _metric(name: str, finding: Mapping[str, Any]) -> Iterator[Event]:
    if finding["value"] is None:
        yield Log(f"{name} is left out: {finding['why']}", "warning")
        return
    yield Metric(name, finding["value"], finding["low"], finding["high"], finding["n"])
    if finding["low"] is None:
        yield Log(f"{name} has no interval: {finding['why']}", "warning")


def _files(out: Path, report: Mapping[str, Any]) -> Iterator[Event]:
    if report["pairs"]:
        _write(out / "confusion.csv", ["a", "b", "a_said", "b_said", "items"], _confusion(report))
        yield Artifact("confusion.csv", "Who said what where another said what", "table", "text/csv")
    header = ["item", "majority", "tie", "dawid_skene", "posterior", "labels"]
    _write(out / "consensus.csv", header, _consensus(report))
    yield Artifact("consensus.csv", "Majority and consensus of each item", "table", "text/csv")
    part = out / "report.json.part"
    part.write_text(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    part.replace(out / "report.json")
    yield Artifact("report.json", "Every number with its interval, and warnings", "data", "application/json")


def _confusion(report: Mapping[str, Any]) -> Iterator[list[object]]:
    names = report["categories"]
    for pair in report["pairs"]:
        for one, row in zip(names, pair["confusion"], strict=True):
            for other, items in zip(names, row, strict=True):
                yield [pair["a"], pair["b"], one, other, items]


def _consensus(report: Mapping[str, Any]) -> Iterator[list[object]]:
    for item, found in report["consensus"].items():
        yield [
            item,
            found["majority"],
            "yes" if found["tie"] else "no",
            found["dawid_skene"],
            round(found["posterior"], 6),
            len(found["answers"]),
        ]


def _from_counts(spec: AgreementScore, context: Context, truth: Mapping[str, str] | None) -> Iterator[Event]:
    """Numbers of labels say who agreed how much, but not who: no pairs, no consensus beyond the majority."""
    items, categories, counts_IC = read_counts(spec.labels, spec.item_column)
    yield from (Log(remark, "warning") for remark in odd_labels(set(categories), truth, set(items)))
    how = {"resamples": spec.resamples, "seed": spec.seed}
    yield Log(
        "a file of counts does not name annotators: pairs and Dawid and Skene's consensus are left out", "warning"
    )
    for name, finding in overall_of_tallies(counts_IC, **how).items():
        yield from _metric(name, finding.as_dict())
    most = majority(counts_IC)
    if (ties := tie_share(most, counts_IC)) is not None:
        yield Metric("tie_share", ties, n=int((counts_IC.sum(1) >= 2).sum()))
    if truth is not None:
        common = _common(truth, set(items))
        if strange := next((label for label in (common or {}).values() if label not in categories), None):
            raise BadInput(f"the truth says {strange!r}, which is no column of {spec.labels}", field="truth")
        right_S = right_shares(most, known(common, items, categories))
        yield from _metric("majority_accuracy", mean_share(right_S, why=english("no_common_item"), **how).as_dict())
    rows = (
        [item, categories[label] if label >= 0 else "", "yes" if tied else "no", int(counts_C.sum())]
        for item, label, tied, counts_C in zip(items, most.labels_I, most.tied_I, counts_IC, strict=True)
    )
    _write(context.out / "consensus.csv", ["item", "majority", "tie", "labels"], rows)
    yield Artifact("consensus.csv", "Majority of each item", "table", "text/csv")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    part.replace(path)
