"""Makes an analysis set: settles every case, counts the shares with their intervals, writes it once. Heavy: workers."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from ml_core.agreement.shares import shares_report
from ml_core.agreement.table import table
from ml_core.metrics.agreement.dawid_skene import dawid_skene
from ml_core.metrics.uncertainty import wilson
from ml_core.spec import BadInput
from ml_core.taxonomy import Taxonomy
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.models import AnalysisItem, AnalysisSet, Campaign
from webapp.annotation.review.gathering import Gathered, gathered, held_against, stamp
from webapp.annotation.sets.settling import Settled, settled
from webapp.annotation.sets.subsets import write_subsets
from webapp.annotation.taxonomies.queries import document_of

AMBIGUOUS = "ambiguous"


def freeze(request: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The set that somebody asked for ({"campaign", "rule", "name", "incomplete", "user", "language"}); {"set": id}.

    BadInput, in the language of who asked, where samples have no label and nobody said that this is all right, or
    where nothing is labelled.
    """
    with override(request.get("language") or "en"):
        return _frozen(request, now)


def _frozen(request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    campaign = Campaign.objects.select_related("project", "taxonomy_version").get(pk=request["campaign"])
    actor = User.objects.filter(pk=request.get("user") or 0).first()
    taxonomy = document_of(campaign.taxonomy_version)
    at = stamp(campaign)
    found = gathered(campaign)
    _complete(found, bool(request.get("incomplete")))
    shares = shares_of(campaign, taxonomy, found, request["rule"])
    rows = settled(found, rule=request["rule"], labels=shares.pop("settled"), posteriors=_posteriors(found, taxonomy))
    summary = {
        "shares": shares,
        "subtypes": _subtypes(rows, taxonomy),
        "origins": dict(Counter(row.origin for row in rows)),
        "unlabelled": list(found.unlabelled),
        "stamp": at,
        "taxonomy_version": campaign.taxonomy_version_id,
        "simulated": campaign.simulated,
    }
    made = _written(campaign, rows, str(request["rule"]), str(request.get("name") or ""), summary, actor, now)
    return {"set": made.pk}


def labels_for_shares(campaign: Campaign, found: Gathered) -> dict[tuple[str, str], str]:
    """What each annotator (idx, letter) said; of gold what they are held against it with, for their errors."""
    return {(a.idx, a.letter): a.category for a in found.answers} | held_against(campaign, found)


def shares_of(campaign: Campaign, taxonomy: Taxonomy, found: Gathered, rule: str) -> dict[str, Any]:
    """`shares_report` of a campaign; Ambiguous against all clear categories where the taxonomy has it."""
    rows = [(idx, letter, category) for (idx, letter), category in labels_for_shares(campaign, found).items()]
    clear = [key for key in taxonomy.keys if key != AMBIGUOUS]
    return shares_report(
        rows,
        taxonomy_keys=taxonomy.keys,
        strata=found.strata,
        population={name: row["population"] for name, row in campaign.strata.items()} or {"": campaign.population},
        gold={idx: finding[0] for idx, finding in found.gold.items()},
        decided={idx: finding[0] for idx, finding in found.decided.items()},
        rule=rule,
        groups={AMBIGUOUS: [AMBIGUOUS], "clear": clear} if AMBIGUOUS in taxonomy.keys else None,
        seed=int(campaign.plan.get("seed", 0)),
    )


def _complete(found: Gathered, incomplete: bool) -> None:
    if len(found.unlabelled) == len(found.samples):
        raise BadInput(_("Nothing is labelled yet, so there is nothing to freeze."))
    if found.unlabelled and not incomplete:
        shown = ", ".join(found.unlabelled[:10]) + (", …" if len(found.unlabelled) > 10 else "")
        said = _(
            "The plan has %(all)s samples; %(labelled)s of them have a label. Without one: %(shown)s. Label them, or "
            "say that the set may be incomplete."
        )
        labelled = len(found.samples) - len(found.unlabelled)
        raise BadInput(said % {"all": f"{len(found.samples):,}", "labelled": f"{labelled:,}", "shown": shown})


def _posteriors(found: Gathered, taxonomy: Taxonomy) -> dict[str, dict[str, float]]:
    """What Dawid and Skene's consensus gives each category of each sample that has an answer."""
    if not found.answers:
        return {}
    answers = table([(a.idx, a.letter, a.category) for a in found.answers], taxonomy.keys)
    consensus = dawid_skene(answers.labels_IA, len(taxonomy.keys))
    return {
        idx: dict(zip(taxonomy.keys, row.tolist(), strict=True))
        for idx, row in zip(answers.items, consensus.posteriors_IC, strict=True)
    }


def _subtypes(rows: Sequence[Settled], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Each subtype's share of the samples that have its category, with Wilson's interval."""
    found = []
    for category in taxonomy.categories:
        own = [row for row in rows if row.category == category.key]
        for key in [sub.key for sub in category.subtypes] + ([""] if category.subtypes else []):
            count = sum(row.subtype == key for row in own)
            low, high = wilson(count, len(own)) if own else (None, None)
            share = count / len(own) if own else None
            found.append(
                {"category": category.key, "subtype": key, "value": share, "low": low, "high": high, "n": len(own)}
            )
    return found


def _written(
    campaign: Campaign,
    rows: Sequence[Settled],
    rule: str,
    name: str,
    summary: dict[str, Any],
    actor: User | None,
    now: datetime,
) -> AnalysisSet:
    """The set as its rows and the files that runs read; the same labels again give the set that is there already."""
    content = content_hash(campaign, rows)
    with transaction.atomic():
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        earlier = AnalysisSet.objects.filter(campaign=campaign, content_hash=content, rule=rule).first()
        if earlier is not None and earlier.summary.get("stamp") == summary["stamp"]:
            return earlier
        newest = AnalysisSet.objects.filter(campaign=campaign).order_by("-number").first()
        number = newest.number + 1 if newest else 1
        made = AnalysisSet.objects.create(
            project=campaign.project,
            campaign=campaign,
            number=number,
            name=" ".join(name.split())[:160] or f"{campaign.name} {number}"[:160],
            rule=rule,
            content_hash=content,
            item_count=len(rows),
            summary=summary,
            created_by=actor,
            created_at=now,
        )
        AnalysisItem.objects.bulk_create(
            (
                AnalysisItem(
                    analysis_set=made,
                    task_id=row.sample.id,
                    idx=row.sample.idx,
                    case_number=row.sample.case_number,
                    group=row.sample.group,
                    stratum=row.sample.stratum,
                    category=row.category,
                    subtype=row.subtype,
                    origin=row.origin,
                    posterior=row.posterior,
                    answer_count=row.answers,
                )
                for row in rows
            ),
            batch_size=1000,
        )
        write_subsets(made)
        told = {"items": made.item_count, "hash": made.content_hash[:16], "rule": rule}
        record(verb="set.frozen", actor=actor, project=campaign.project, target=made.name, details=told, now=now)
    return made


def content_hash(campaign: Campaign, rows: Sequence[Settled]) -> str:
    """What the set says, as one number: the data set or upload, the taxonomy, every case's label with its origin."""
    material = campaign.corpus.content_hash if campaign.corpus else campaign.source.get("upload", "")
    said = [[row.sample.idx, row.category, row.subtype, row.origin] for row in rows]
    whole = [material, campaign.taxonomy_version.content_hash, campaign.run_id, sorted(said)]
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()
