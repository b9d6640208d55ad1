"""Makes a ledger: the history of every query over the runs as a file, and what each run did to each category."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from django.db import connection

from ml_core.agreement.table import table
from ml_core.claims.effects import effects_of
from ml_core.claims.outcomes import Field
from ml_core.claims.plan import Direction, Label, Plan, Stratum
from ml_core.failures.ledger import states_after
from ml_core.failures.states import STATES, WRONG
from ml_core.metrics.agreement.dawid_skene import dawid_skene
from ml_core.metrics.uncertainty import How
from ml_core.spec import BadInput
from webapp.annotation.models import AnalysisItem, AnalysisSet, Campaign
from webapp.annotation.review.gathering import gathered
from webapp.annotation.sets.settling import settled
from webapp.annotation.taxonomies.queries import document_of
from webapp.experiments.files import store
from webapp.experiments.models import Run
from webapp.verdicts.ledger.history import LEDGER, NUMBERS, history_key
from webapp.verdicts.ledger.sources import outcome_of
from workers.outcomes import Cases, cases_of

__all__ = ["LEDGER", "ledgered"]
_COPY = (
    'COPY (SELECT number, "right" FROM experiments_case'
    " WHERE run_id = %s AND direction = %s ORDER BY number) TO STDOUT (FORMAT csv)"
)


def ledgered(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """States, counts and categories as docs/ledger.md describes them; `key` names the file of the history."""
    numbers = [number for number, _ in request["runs"]]
    key = history_key(request["project"], _digest(request))
    columns, states_RQ = _kept(key, _runs(request["runs"]), request["direction"])
    wrong_RQ = np.isin(states_RQ, WRONG)
    labels = _Labels(request)
    cells = _cells(request, labels, columns, wrong_RQ)
    return {
        "key": key,
        "runs": numbers,
        "queries": int(states_RQ.shape[1]),
        "states": {str(run): _counted(states_Q) for run, states_Q in zip(numbers, states_RQ, strict=True)},
        "totals": {str(run): _totals(wrong_RQ[0], after_Q) for run, after_Q in zip(numbers, wrong_RQ, strict=True)},
        "categories": labels.categories,
        "labelled": labels.cases(columns),
        "cells": cells,
    }


class _Labels:
    """What the request's campaigns say, by where it comes from. Queries are named by their prompts."""

    def __init__(self, request: Mapping[str, Any]):
        self.direction = cast(Direction, request["direction"])
        self.strata: dict[str, Stratum] = {}
        self.orders: list[str] = []
        kind, _, number = request["labels"].partition("-")
        self.failures = self._of_set(int(number)) if kind == "set" else []
        if kind == "campaign":
            self.failures = self._of_campaign(Campaign.objects.get(pk=int(number)), "f")
        self.broken: dict[int, list[tuple[int, str]]] = {}
        for run, campaign in request["broken"]:
            self.broken[run] = self._settled(Campaign.objects.get(pk=campaign))
        self.successes: list[tuple[int, str, str]] = []
        if request["successes"]:
            self.successes = self._of_campaign(Campaign.objects.get(pk=request["successes"]), "s")

    @property
    def categories(self) -> list[str]:
        """Every category that a label names, in the taxonomies' order."""
        said = {row[1] for row in [*self.failures, *self.successes]}
        said |= {category for rows in self.broken.values() for _, category in rows}
        return [key for key in dict.fromkeys(self.orders) if key in said]

    def cases(self, columns: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
        """Category → the numbers of its cases; the baseline's labels first, then those of what runs broke."""
        known: dict[int, str] = {}
        rows = [(number, category) for number, category, _ in self.failures]
        rows += [row for run in self.broken.values() for row in run]
        rows += [(number, category) for number, category, _ in self.successes]
        for number, category in rows:
            known.setdefault(number, category)
        there = set(columns["number"][np.isin(columns["number"], list(known))].tolist())
        found: dict[str, list[int]] = {}
        for number in sorted(there):
            found.setdefault(known[number], []).append(number)
        return found

    def _of_set(self, number: int) -> list[tuple[int, str, str]]:
        found = AnalysisSet.objects.select_related("campaign__taxonomy_version").get(pk=number)
        items = AnalysisItem.objects.filter(analysis_set=found, case_number__isnull=False).order_by("case_number")
        self._taxonomy(found.campaign)
        drawn = self._strata(found.campaign, "f")
        rows = items.values_list("case_number", "category", "stratum")
        return [
            (case, category, f"f{stratum}" if drawn else "") for case, category, stratum in rows if case is not None
        ]

    def _of_campaign(self, campaign: Campaign, mark: str) -> list[tuple[int, str, str]]:
        drawn = self._strata(campaign, mark)
        strata = dict(campaign.tasks.values_list("case_number", "stratum"))
        return [(case, key, f"{mark}{strata[case]}" if drawn else "") for case, key in self._settled(campaign)]

    def _settled(self, campaign: Campaign) -> list[tuple[int, str]]:
        """Case and category of every labelled sample: decisions first, then gold, then Dawid and Skene's consensus."""
        self._taxonomy(campaign)
        found, keys = gathered(campaign), document_of(campaign.taxonomy_version).keys
        consensus: dict[str, str] = {}
        if found.answers:
            answers = table([(a.idx, a.letter, a.category) for a in found.answers], keys)
            posteriors_IC = dawid_skene(answers.labels_IA, len(keys)).posteriors_IC
            best_I = posteriors_IC.argmax(axis=1).tolist()
            consensus = {idx: keys[best] for idx, best in zip(answers.items, best_I, strict=True)}
        rows = settled(found, rule="consensus", labels=consensus, posteriors={})
        return [(row.sample.case_number, row.category) for row in rows if row.sample.case_number is not None]

    def _taxonomy(self, campaign: Campaign) -> None:
        self.orders += document_of(campaign.taxonomy_version).keys

    def _strata(self, campaign: Campaign, mark: str) -> bool:
        """Notes the strata that a campaign was drawn from; False where it was drawn from failures and hits alike."""
        outcome = outcome_of(campaign)
        if outcome not in {"failed", "hits"}:
            return False
        sizes = {name: part["population"] for name, part in campaign.strata.items()} or {"": campaign.population}
        for name, size in sizes.items():
            kind = "failures" if outcome == "failed" else "successes"
            self.strata[f"{mark}{name}"] = Stratum(self.direction, kind, size)  # type: ignore[arg-type]
        return True


def _cells(
    request: Mapping[str, Any], labels: _Labels, columns: Mapping[str, np.ndarray], wrong_RQ: np.ndarray
) -> dict[str, Any]:
    """Run → category → what it did to the labelled queries, and what a net change still wants."""
    if not labels.failures:
        return {}
    runs = [number for number, _ in request["runs"]]
    rank = {str(run): np.where(wrong_Q, 2, 1) for run, wrong_Q in zip(runs, wrong_RQ, strict=True)}
    same_Q = np.zeros(wrong_RQ.shape[1], np.int8)
    ids = list(map(str, columns["number"].tolist()))
    way = labels.direction
    fields: dict[str, Field] = {way: Field(columns["number"], ids, columns["unit"], rank, dict.fromkeys(rank, same_Q))}
    found: dict[str, Any] = {}
    plain = [run for run in runs[1:] if run not in labels.broken]
    for group in ([plain] if plain else []) + [[run] for run in runs[1:] if run in labels.broken]:
        own = labels.broken.get(group[0], []) if group != plain else []
        broken = _broken(columns["number"], wrong_RQ[0], wrong_RQ[runs.index(group[0])]) if own else set()
        labelled, strata = _chosen(labels, group[0], [row for row in own if row[0] in broken], len(broken))
        plan = Plan(
            baseline=str(runs[0]), runs=tuple(map(str, [runs[0], *group])), strata=strata,
            resamples=request["resamples"], seed=request["seed"],
        )  # fmt: skip
        effects = effects_of(fields, labelled, plan, How(resamples=plan.resamples, seed=plan.seed))
        for run in group:
            found[str(run)] = _cell(effects[str(run)][way], wrong_RQ[0])
    return found


def _chosen(
    labels: _Labels, run: int, own: Sequence[tuple[int, str]], broken: int
) -> tuple[list[Label], dict[str, Stratum]]:
    """The labels that speak for one run, each query once: failures, and all that it broke or else sampled successes."""
    kept = list(labels.failures)
    strata = dict(labels.strata)
    if own and (len(own) == broken or not labels.successes):
        strata["b"] = Stratum(labels.direction, "broken", broken, str(run))
        kept += [(number, category, "b") for number, category in own]
    else:
        kept += labels.successes
    once = {number: (category, stratum) for number, category, stratum in reversed(kept)}
    made = [
        Label(labels.direction, str(number), category, "", "consensus", stratum)
        for number, (category, stratum) in once.items()
    ]
    return made, strata


def _cell(effects: Mapping[str, Any], wrong_Q: np.ndarray) -> dict[str, Any]:
    strata = [part for part in effects["strata"].values() if part["of"] == "failures"]
    covered, failures = sum(part["population"] for part in strata), int(wrong_Q.sum())
    whole = covered == failures and all(part["labelled"] for part in strata if part["population"])
    why = next((one["why"] for one in effects["categories"].values() if one["why"]), "")
    missing = "" if not why else "broken" if whole else "failures"
    return {
        "broken": effects["broken"],
        "unlabelled": effects["broken_unlabelled"],
        "missing": missing,
        "covered": covered,
        "failures": failures,
        "why": why,
        "categories": {
            key: {name: one[name] for name in ("failures", "repaired", "broken", "repaired_share", "net")}
            for key, one in effects["categories"].items()
        },
    }


def _broken(number_Q: np.ndarray, before_Q: np.ndarray, after_Q: np.ndarray) -> set[int]:
    return set(number_Q[~before_Q & after_Q].tolist())


def _counted(states_Q: np.ndarray) -> dict[str, int]:
    return dict(zip(STATES, np.bincount(states_Q, minlength=len(STATES)).tolist(), strict=True))


def _totals(before_Q: np.ndarray, after_Q: np.ndarray) -> dict[str, int]:
    return {
        "wrong": int(after_Q.sum()),
        "repaired": int((before_Q & ~after_Q).sum()),
        "broken": int((~before_Q & after_Q).sum()),
        "still_wrong": int((before_Q & after_Q).sum()),
    }


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([request["runs"], request["direction"]]).encode()).hexdigest()


def _kept(key: str, runs: Sequence[Run], direction: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The history (NUMBERS of each query; states (R, Q)) from the store, made where it is not there yet."""
    try:
        data = store().read_bytes(key)
    except FileNotFoundError:
        columns, states_RQ = _read(runs, direction)
        written = b"".join([*(columns[name].astype("<i4").tobytes() for name in NUMBERS), states_RQ.tobytes()])
        store().write_bytes(key, written)
        return columns, states_RQ
    queries = len(data) // (4 * len(NUMBERS) + len(runs))
    split = 4 * len(NUMBERS) * queries
    numbers_NQ = np.frombuffer(data[:split], "<i4").reshape(len(NUMBERS), queries)
    return dict(zip(NUMBERS, numbers_NQ, strict=True)), np.frombuffer(data[split:], np.uint8).reshape(-1, queries)


def _read(runs: Sequence[Run], direction: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """From the cases; BadInput where a run's queries are not the baseline's, one by one."""
    lead: Cases | None = None
    right = []
    for run in runs:
        assert run.finished_at is not None  # the page names finished runs alone
        found = cases_of(run.pk, run.attempt, run.finished_at).get(direction)
        if found is None:
            raise BadInput(f"run {run.pk} has no cases of this direction; untick it")
        lead = lead or found
        if not found.asks_as(lead):
            raise BadInput(
                f"run {run.pk} asked other queries than the baseline, run {runs[0].pk}, so it has no place in its "
                "ledger; untick it"
            )
        right.append(found.rank_Q == 1)
    assert lead is not None
    columns = (lead.number_Q, lead.prompt_Q, _targets(runs[0].pk, direction), lead.unit_Q)
    return dict(zip(NUMBERS, columns, strict=True)), states_after(np.stack(right))


def _targets(run: int, direction: str) -> np.ndarray:
    """What each query of a run wants, (Q,), in the order of the cases' numbers."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(_COPY, [run, direction]) as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    types = pa_csv.ConvertOptions(column_types={"number": pa.int32(), "right": pa.int32()})
    table = pa_csv.read_csv(buffer, pa_csv.ReadOptions(column_names=["number", "right"]), convert_options=types)
    return cast(np.ndarray, table.column("right").to_numpy())


def _runs(wanted: Sequence[Sequence[int]]) -> list[Run]:
    """The runs in the order asked for; BadInput where one was carried out anew since the page was asked for."""
    found = Run.objects.filter(pk__in=[number for number, _ in wanted])
    rows = {run.pk: run for run in found.only("attempt", "state", "finished_at")}
    for number, attempt in wanted:
        run = rows.get(number)
        if run is None or run.attempt != attempt or run.state != Run.State.SUCCEEDED:
            raise BadInput(f"run {number} has changed since; load the page again")
    return [rows[number] for number, _ in wanted]
