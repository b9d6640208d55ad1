"""The snapshot of a report: every number as its own page has it, in one plain value that needs nothing else later.

    {"format": 1, "simulated": bool, "names": {language: [[key, name of a category or subtype]]},
     "mix": null | {"set", "name", "rule", "content_hash", "items", "population", "corrected", "by", "gold_items",
        "overlap_items", "why", "why_said", "warnings", "said", "stratify", "resamples", "seed", "frozen_at",
        "categories": [{"key", "count", "sample": EST, "all": EST}]},
     "agreement": null | {"campaign", "name", "at", "failure", "items", "overlap", "answers",
        "coefficients": {name: EST}, "paradox", "paradox_said", "warnings", "said", "resamples", "seed"},
     "fix": null | {"settings": [{"name", "before", "after"}], "same": settings that are the same,
        "beside": [{"arm", "of", "recall": EST, "net": EST | null}]},     # what the run itself stands beside
     "verdict": null | {"direction", "at", "level", "resamples", "seed", "family", "mode", "registration",
        "control": null | {"id", "title"},
        "metrics": [{"name", "before": EST, "after": EST}], "slices": {slice: VERDICT}, "effects": {category: EFFECT}},
     "examples": [as `examples` says],
     "runs": [{"id", "role", "title", "method", "data_name", "finished_at", "facts", "held_out", "seeds",
        "fingerprint", "settings"}]}

EST, VERDICT and EFFECT are as docs/claims.md has them. Sentences are English; beside them stands what they say as code
and numbers (`…said`), for other languages. Earlier reports have the sentences alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_core.taxonomy import LANGUAGES
from webapp.annotation.models import AnalysisSet, Campaign
from webapp.annotation.review.calculations import Shown
from webapp.annotation.sets.queries import shares_in
from webapp.annotation.taxonomies.queries import document_of, names_of
from webapp.experiments.models import Metric, Run
from webapp.experiments.queries.runs import held_out_of
from webapp.verdicts.comparing import queries
from webapp.verdicts.comparing.asked import ALL, Asked
from webapp.verdicts.comparing.queries import Chosen
from webapp.verdicts.reporting.drafting import Draft
from webapp.verdicts.reporting.examples import examples_of

ARMS = ("baseline", "no-op", "random-control", "untuned", "oracle")  # as retrieval.improve names them
METRICS = ("recall@1", "recall@5", "recall@10", "mrr", "median_rank")
TWINS = "no-near-duplicates"  # the slice of what a run measured without them
_LEFT_OUT = {"packages", "seeds", "memory_bytes", "held_out"}


def snapshot_of(draft: Draft) -> dict[str, Any]:
    """Everything the report says, as it stands now. What is not there is null or empty."""
    names = names_of_categories(draft.campaign)
    summary = draft.chosen.summary if draft.chosen else {}
    return {
        "format": 1,
        "simulated": bool((draft.campaign and draft.campaign.simulated) or summary.get("simulated")),
        "names": names,
        "mix": _mix(draft.chosen) if draft.chosen else None,
        "agreement": _agreement(draft.campaign, draft.agreement) if draft.campaign and draft.agreement else None,
        "fix": _fix(draft.baseline, draft.fix) if draft.baseline and draft.fix else None,
        "verdict": _verdict(draft),
        "examples": _examples(draft),
        "runs": _runs(draft),
    }


def names_of_categories(campaign: Campaign | None) -> dict[str, list[list[str]]]:
    """What each language calls the categories and subtypes, in the taxonomy's order."""
    if campaign is None:
        return {}
    document = document_of(campaign.taxonomy_version)
    return {language: [list(pair) for pair in names_of(document, language).items()] for language in LANGUAGES}


def _mix(chosen: AnalysisSet) -> dict[str, Any]:
    shares = chosen.summary["shares"]
    kept = (
        "population", "corrected", "by", "gold_items", "overlap_items", "why", "why_said", "warnings", "said",
        "resamples", "seed",
    )  # fmt: skip
    return {name: shares.get(name) for name in kept} | {
        "stratify": str(chosen.campaign.plan.get("stratify", "")),
        "set": chosen.pk,
        "name": chosen.name,
        "rule": chosen.rule,
        "content_hash": chosen.content_hash,
        "items": chosen.item_count,
        "frozen_at": chosen.created_at.isoformat(),
        "categories": [
            {"key": share.key, "count": share.count, "sample": share.sample, "all": share.all}
            for share in shares_in(chosen)
        ],
    }


def _agreement(campaign: Campaign, told: Shown) -> dict[str, Any]:
    report = told.result or {}
    kept = ("items", "overlap", "answers", "coefficients", "warnings", "said", "resamples", "seed")
    return {name: report.get(name) for name in kept} | {
        "campaign": campaign.pk,
        "name": campaign.name,
        "at": told.at.isoformat() if told.at else None,
        "failure": told.failure,
        "paradox": report.get("paradox", {}).get("sentence", ""),
        "paradox_said": report.get("paradox", {}).get("said"),
    }


def _fix(baseline: Chosen, fix: Chosen) -> dict[str, Any]:
    settings = queries.settings_of([baseline, fix])
    differing = [{"name": one.name, "before": one.values[0], "after": one.values[1]} for one in settings if one.differs]
    return {"settings": differing, "same": len(settings) - len(differing), "beside": beside(fix.id)}


def beside(run: int) -> list[dict[str, Any]]:
    """What the run was itself measured beside, of every query and of each part: baseline, no-op, random control."""
    found = Metric.objects.filter(run=run, step=-1, name__in=("t2i/recall@1", "t2i/net"))
    values = {(row.name, row.slice): _estimate(row) for row in found}
    if ("t2i/recall@1", ARMS[0]) not in values:
        return []
    named = (part for name, part in values if name == "t2i/recall@1")
    told = [(arm, of, part) for part in named for arm, of in [arm_of(part)] if arm]
    parts = dict.fromkeys(["", *(of for _arm, of, _part in told)])
    whole = [("improved", of, of) for of in parts if ("t2i/recall@1", of) in values]
    order = {arm: place for place, arm in enumerate(("improved", *ARMS))}
    places = {of: place for place, of in enumerate(parts)}
    lines = sorted([*whole, *told], key=lambda line: (places[line[1]], order[line[0]]))
    return [
        {"arm": arm, "of": of, "recall": values["t2i/recall@1", part], "net": values.get(("t2i/net", part))}
        for arm, of, part in lines
    ]


def arm_of(part: str) -> tuple[str, str]:
    """(arm, percent-encoded part of the queries) of a metric's slice; ("", "") where it is of no arm."""
    arm, _on, of = part.partition("%20on%20")
    return (arm, of) if arm in ARMS else ("", "")


def _estimate(row: Metric) -> dict[str, Any]:
    return {"value": row.value, "low": row.low, "high": row.high, "n": row.n}


def _verdict(draft: Draft) -> dict[str, Any] | None:
    told, fix, baseline, way = draft.numbers, draft.fix, draft.baseline, draft.asked.direction
    if told is None or told.result is None or fix is None or baseline is None:
        return None
    report = told.result
    before, after = (report["metrics"][str(run.id)] for run in (baseline, fix))
    names = [f"{way}/{name}" for name in METRICS]
    return {
        "direction": way,
        "at": told.at.isoformat() if told.at else None,
        "level": report["level"],
        "resamples": report["resamples"],
        "seed": report["seed"],
        "family": report["family"]["size"],
        "mode": report.get("mode", "exploratory"),
        "control": _control(draft, report.get("control")),
        "registration": report.get("registration"),
        "metrics": [
            *({"name": name, "before": before[name], "after": after[name]} for name in names if name in before),
            *_without_twins(baseline.id, fix.id, f"{way}/recall@1"),
        ],
        "slices": report["verdicts"].get(str(fix.id), {}).get(way, {}),
        "effects": report["effects"].get(str(fix.id), {}).get(way, {}).get("categories", {}),
        "slice": draft.asked.slice,
        "against": {"baseline": baseline.id, "run": fix.id},
    }


def _without_twins(baseline: int, fix: int, name: str) -> list[dict[str, Any]]:
    """The same number without the queries for pictures that have a near duplicate, where both runs counted it."""
    found = Metric.objects.filter(run__in=(baseline, fix), step=-1, name=name, slice=TWINS)
    rows = {row.run_id: _estimate(row) for row in found}
    if not {baseline, fix} <= set(rows):
        return []
    return [{"name": f"{name}/{TWINS}", "before": rows[baseline], "after": rows[fix]}]


def _control(draft: Draft, number: str | None) -> dict[str, Any] | None:
    """The run that selected queries are held against."""
    runs = draft.looked.comparison.runs if draft.looked else []
    found = next((run for run in runs if str(run.id) == number), None)
    return {"id": found.id, "title": found.title} if found else None


def _examples(draft: Draft) -> list[dict[str, Any]]:
    if draft.fix is None or draft.baseline is None:
        return []
    cases = queries.cases_in(draft.chosen, draft.asked.slice) if draft.asked.slice != ALL else None
    pair = draft.baseline.id, draft.fix.id
    return examples_of(pair, draft.asked.direction, draft.baseline.corpus_id, draft.chosen, cases)


def _runs(draft: Draft) -> list[dict[str, Any]]:
    """The runs that the numbers come from: before, after and control, or the one whose failures were labelled."""
    roles = [(run.id, role) for run, role in ((draft.baseline, "baseline"), (draft.fix, "fix")) if run]
    control = (draft.numbers.result or {}).get("control") if draft.numbers else None
    roles += [(int(control), "control")] if control and int(control) not in dict(roles) else []
    if not roles and draft.campaign is not None and draft.campaign.run_id is not None:
        roles = [(draft.campaign.run_id, "baseline")]
    rows = {run.pk: run for run in Run.objects.filter(project=draft.project, pk__in=[number for number, _ in roles])}
    chosen = queries.comparison_of(draft.project, _only(draft, list(rows)))
    known = {run.id: run for run in chosen.runs} if chosen else {}
    return [_run(rows[number], role, known[number]) for number, role in roles if number in known]


def _only(draft: Draft, numbers: Sequence[int]) -> Asked:
    return Asked(runs=tuple(numbers), baseline=draft.asked.baseline)


def _run(row: Run, role: str, chosen: Chosen) -> dict[str, Any]:
    facts = {name: value for name, value in row.provenance.items() if name not in _LEFT_OUT}
    return {
        "id": row.pk,
        "role": role,
        "title": chosen.title,
        "method": row.method,
        "data_name": chosen.data_name,
        "data_hash": chosen.data,
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "facts": facts,
        "held_out": held_out_of(row),
        "seeds": row.provenance.get("seeds") or ({"seed": row.spec["seed"]} if "seed" in row.spec else {}),
        "fingerprint": row.fingerprint,
        "settings": row.spec,
    }
