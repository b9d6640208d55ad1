"""Which campaigns say what a ledger's failures are: the baseline's, those of what each run broke, sampled successes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.http import QueryDict

from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisSet, Annotator, Campaign

BROKEN = "broken"  # a campaign's source: what its run broke, by whose answers that is
_STAMPS = """
SELECT campaign.id, campaign.state,
    (SELECT coalesce(max(id), 0) FROM annotation_labelevent WHERE campaign_id = campaign.id),
    (SELECT coalesce(max(id), 0) FROM annotation_decision WHERE campaign_id = campaign.id),
    (SELECT coalesce(max(gold.id), 0) FROM annotation_gold gold JOIN annotation_task task ON task.id = gold.task_id
        WHERE task.campaign_id = campaign.id),
    (SELECT count(*) FROM annotation_task WHERE campaign_id = campaign.id AND state = 'unusable')
FROM annotation_campaign campaign WHERE campaign.id = ANY(%s) ORDER BY campaign.id
"""


@dataclass(frozen=True)
class Source:
    """Where the categories of the baseline's failures come from: `set-3` or `campaign-4`."""

    key: str
    name: str
    campaign_id: int


@dataclass(frozen=True)
class Sources:
    """What there is. `broken` by run; `owed`: campaigns closed to who asks, who owes them answers."""

    offered: list[Source] = field(default_factory=list)
    chosen: Source | None = None
    broken: dict[int, Campaign] = field(default_factory=dict)
    successes: Campaign | None = None
    owed: list[Campaign] = field(default_factory=list)
    own: list[Campaign] = field(default_factory=list)  # those on the baseline's cases, open to who asks

    @property
    def like(self) -> Campaign | None:
        """The campaign that the chosen labels come from."""
        return next((row for row in self.own if self.chosen and row.pk == self.chosen.campaign_id), None)

    @property
    def campaigns(self) -> list[int]:
        """Every campaign whose labels count as they are now, by id."""
        live = [self.chosen.campaign_id] if self.chosen and self.chosen.key.startswith("campaign-") else []
        live += [campaign.pk for campaign in self.broken.values() if campaign not in self.owed]
        return sorted([*live, *([self.successes.pk] if self.successes else [])])


def broken_source(baseline: tuple[int, int], run: tuple[int, int]) -> list[int]:
    """What a campaign on the queries that a run broke keeps: both runs with their attempts."""
    return [*baseline, *run]


def sources_for(
    project: Project, person: User, direction: str, wanted: str, baseline: tuple[int, int],
    runs: Iterable[tuple[int, int]],
) -> Sources:  # fmt: skip
    """The campaigns on these runs (id, attempt) that matter, in a fixed number of queries.

    `wanted` names the labels; without, or where there are no such, they are the newest set's, else the newest
    campaign's.
    """
    numbers = {baseline[0], *(run for run, _ in runs)}
    found = Campaign.objects.filter(project=project, run__in=numbers, source__direction=direction)
    campaigns = list(found.select_related("taxonomy_version").order_by("-pk"))
    owed = _owed(campaigns, person)
    own = [row for row in campaigns if row.run_id == baseline[0] and BROKEN not in row.source and row not in owed]
    failures = [row for row in own if outcome_of(row) != "hits"]
    offered = _offered(project, failures)
    chosen = next((one for one in offered if one.key == wanted), offered[0] if offered else None)
    wishes = {tuple(broken_source(baseline, run)): run[0] for run in runs}
    broken = {wishes[key]: row for row in reversed(campaigns) if (key := tuple(row.source.get(BROKEN, ()))) in wishes}
    successes = next((row for row in own if outcome_of(row) == "hits"), None)
    return Sources(offered, chosen, broken, successes, owed, own)


def outcome_of(campaign: Campaign) -> str:
    """What of its run's cases a campaign was drawn from: failed, hits or all."""
    return QueryDict(campaign.source.get("query", "")).get("outcome", "failed")


def stamps_of(campaigns: list[int]) -> list[list[object]]:
    """What has happened in each so far: histories only grow, so the newest ids say all. One query."""
    if not campaigns:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_STAMPS, [campaigns])
        return [list(row) for row in cursor.fetchall()]


def _offered(project: Project, campaigns: list[Campaign]) -> list[Source]:
    names = {row.pk: row.name for row in campaigns}
    sets = AnalysisSet.objects.filter(project=project, campaign__in=names).order_by("-pk")[:50]
    found = [Source(f"set-{row.pk}", row.name, row.campaign_id) for row in sets]
    return found + [Source(f"campaign-{pk}", name, pk) for pk, name in names.items()]


def _owed(campaigns: list[Campaign], person: User) -> list[Campaign]:
    """Those whose labels are closed to somebody who still owes them answers."""
    unfinished = {row.pk: row for row in campaigns if row.state != Campaign.State.FINISHED}
    mine = Annotator.objects.filter(campaign__in=unfinished, user=person, left_at=None)
    own = [unfinished[number] for number in mine.values_list("campaign_id", flat=True)]
    return [campaign for campaign in own if own_open(campaign, person)]
