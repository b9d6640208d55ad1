"""Makes a claim of a comparison: one zip with everything that its numbers rest on; and the power of a plan."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction

from ml_core.claims import bundle
from ml_core.claims.outcomes import RunOutcomes
from ml_core.claims.plan import Answer, Direction, Label, Plan
from ml_core.claims.statistics import compute
from ml_core.metrics.significance.mcnemar import items_needed, mcnemar_power
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.models import AnalysisItem, AnalysisSet, Annotator, Calculation, LabelEvent
from webapp.corpora.models import Caption, Item
from webapp.experiments.files import store
from webapp.experiments.models import Run, RunInput
from webapp.experiments.queries.runs import title_of
from webapp.verdicts.claims.actions import CLAIM, MADE
from webapp.verdicts.claims.files import claim_key
from webapp.verdicts.comparing.asking import COMPARISON, stamp_of
from webapp.verdicts.models import Claim
from webapp.verdicts.registering.power import POWER
from workers.comparing import gathered
from workers.keeping import file_hash

__all__ = ["CLAIM", "POWER", "claimed", "powered"]
_KINDS = {"t2i": ("text", "picture"), "i2t": ("picture", "text"), "classify": ("picture", "class")}
_LONGEST = 300
_PATH = re.compile(r"(^|[:=\s])[/~][^\s:]*/")
Names = Mapping[str, Mapping[int, str]]  # "text", "picture" → number → id; empty where numbers serve better


def claimed(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The bundle of {"comparison", "query", "user"} in the store and its row; returns {"claim": id}.

    The page's own numbers become those of the bundle, should another version of numpy have made them.
    """
    asked = request["comparison"]
    outcomes, labels, plan = gathered(asked)
    statistics = compute(outcomes, labels, plan)
    runs = {str(run.pk): run for run in Run.objects.filter(pk__in=[number for number, _ in asked["runs"]])}
    lead = runs[plan.baseline]
    names = _names(lead)
    found = bundle.Claim(
        plan=_renamed(plan, names),
        runs={name: _run(runs[name], outcomes[name], names, plan.data_hash) for name in plan.runs},
        labels=[replace(label, query=_id(names, label.direction, label.query)) for label in labels],
        answers=_answers(asked["set"], lead, labels, names),
        statistics=statistics,
    )
    Path(settings.NEARMISS_CACHE).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.NEARMISS_CACHE) as folder:
        path = Path(folder) / "claim.zip"
        digest = bundle.write_bundle(path, found)
        made = _kept(path, digest, found, [runs[name] for name in plan.runs], request, now)
    Calculation.objects.filter(
        project=lead.project_id, kind=COMPARISON, stamp=stamp_of(asked), state=Calculation.State.READY
    ).update(result=statistics)
    return {"claim": made.pk}


def powered(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """How likely n queries show an effect of this size, and how many it takes for the power that is wanted."""
    repaired, broken = request["effect"] + request["broken"], request["broken"]
    return {
        "power": mcnemar_power(repaired, broken, request["n"], request["level"]),
        "needed": items_needed(repaired, broken, request["wanted"], request["level"]),
    }


def _kept(
    path: Path, digest: str, found: bundle.Claim, runs: list[Run], request: dict[str, Any], now: datetime
) -> Claim:
    """The row, and then the file: whoever deletes the claim waits for both or comes before both."""
    project, actor = runs[0].project, User.objects.filter(pk=request["user"] or 0).first()
    asked, key = request["comparison"], claim_key(project.pk, digest)
    about = {
        "key": key, "sha256": file_hash(path), "byte_count": path.stat().st_size,
        "runs": [[run.pk, run.attempt, title_of(run)] for run in runs], "baseline": asked["baseline"],
        "query": request["query"][:2000], "mode": found.statistics["mode"], "data_hash": found.plan.data_hash,
        "analysis_set_id": asked["set"] or None,
        "registration_id": asked["registration"][0] if asked["registration"] else None,
        "made_by": actor, "made_at": now,
    }  # fmt: skip
    with transaction.atomic():
        there = Claim.objects.select_for_update().filter(project=project, digest=digest).first()
        made = there or Claim.objects.create(project=project, digest=digest, **about)
        store().put_file(key, path)
        if there is None:
            record(verb=MADE, actor=actor, now=now, project=project, target=f"claim {digest[:12]}")
    return made


def _names(run: Run) -> Names:
    """What the data set calls its captions and pictures; nothing of a kind whose names are not one each."""
    needed = RunInput.objects.filter(run=run, corpus__isnull=False).order_by("id").first()
    if needed is None:
        return {"text": {}, "picture": {}}
    kinds: dict[str, Any] = {"text": Caption, "picture": Item}
    found = {
        kind: dict(model.objects.filter(corpus_id=needed.corpus_id).values_list("number", "external_id"))
        for kind, model in kinds.items()
    }
    return {kind: names if _one_each(names) else {} for kind, names in found.items()}


def _one_each(names: Mapping[int, str]) -> bool:
    """Whether names tell things apart as well as their numbers, and fit into a bundle."""
    return len(set(names.values())) == len(names) and all(0 < len(name) <= _LONGEST for name in names.values())


def _id(names: Names, direction: str, query: str) -> str:
    return names[_KINDS[direction][0]].get(int(query), query)


def _renamed(plan: Plan, names: Names) -> Plan:
    """The plan with the queries of its slices called by their names."""
    slices = {
        name: {way: tuple(_id(names, way, query) for query in queries) for way, queries in ways.items()}
        for name, ways in plan.slices.items()
    }
    return replace(plan, slices=slices)


def _run(run: Run, ways: Mapping[str, RunOutcomes], names: Names, data_hash: str) -> bundle.ClaimedRun:
    """A run with its queries called by their names; who launched it and where files lie stays here."""
    told: dict[str, RunOutcomes] = {}
    for way, one in ways.items():
        prompts, answers = (names.get(kind, {}) for kind in _KINDS[way])
        ids = [prompts.get(number, str(number)) for number in one.number_Q.tolist()]
        firsts = [answers.get(number, str(number) if number >= 0 else "") for number in one.first_Q.tolist()]
        told[way] = replace(one, id_Q=ids, first_id_Q=firsts)
    environment = {name: _without_paths(value) for name, value in run.provenance.items()} | {"data_hash": data_hash}
    return bundle.ClaimedRun(title_of(run), run.method, run.spec, told, environment, run.fingerprint)


def _without_paths(value: Any) -> Any:
    """Facts with the last part of a path in place of the path: folders can have people's names."""
    if isinstance(value, dict):
        return {name: _without_paths(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_paths(one) for one in value]
    return _PATH.sub(r"\1", value) if isinstance(value, str) else value


def _answers(number: int, lead: Run, labels: list[Label], names: Names) -> list[Answer]:
    """What each annotator had said when the set was frozen, by letter: the last of their events until then."""
    if not number:
        return []
    found = AnalysisSet.objects.select_related("campaign").get(pk=number)
    newest = int(str(found.summary.get("stamp", "0:0")).split(":")[1])
    items = AnalysisItem.objects.filter(analysis_set=found, case_number__isnull=False)
    cases = dict(items.values_list("task_id", "case_number"))
    known = lead.cases.filter(number__in=list(cases.values())).values_list("number", "direction", "prompt")
    prompts = {case: (way, str(prompt)) for case, way, prompt in known}
    letters = dict(Annotator.objects.filter(campaign=found.campaign).values_list("pk", "letter"))
    events = LabelEvent.objects.filter(campaign_id=found.campaign_id, pk__lte=newest, task_id__in=list(cases))
    last = events.order_by("task_id", "annotator_id", "-pk").distinct("task_id", "annotator_id")
    answers = []
    for event in last:
        way, query = prompts[cases[event.task_id] or 0]
        if category := event.state.get("category"):
            letter, subtype = letters[event.annotator_id], event.state.get("subtype") or ""
            answers.append(Answer(cast(Direction, way), _id(names, way, query), letter, category, subtype))
    return answers
