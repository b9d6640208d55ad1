"""What a report is to be made of: looked up in the project whose door was passed, 404 where it is not there.

An address says it as a comparison's address does (`runs`, `baseline`, `against`, `direction`, `set`, `slice`), or names
a `campaign`, whose newest set it then is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.campaigns.queries import campaign_of
from webapp.annotation.models import AnalysisSet, Campaign
from webapp.annotation.review.calculations import Shown, agreement_of
from webapp.annotation.sets.queries import set_of
from webapp.verdicts.comparing import asking
from webapp.verdicts.comparing.asked import Asked, read
from webapp.verdicts.comparing.found import Looked, look
from webapp.verdicts.comparing.queries import Chosen

_LARGEST = 2**63


@dataclass(frozen=True)
class Draft:
    """The parts of a report. `refusals` say why it cannot be made; `owed` is the campaign whose labels are closed to
    who asks. `numbers` are the comparison's, `agreement` the campaign's; None where there is nothing to count."""

    project: Project
    asked: Asked
    looked: Looked | None
    chosen: AnalysisSet | None
    campaign: Campaign | None
    refusals: tuple[str, ...] = ()
    owed: Campaign | None = None
    numbers: Shown | None = None
    agreement: Shown | None = None

    @property
    def address(self) -> str:
        """The part behind the question mark that says all of this."""
        chosen = self.chosen.pk if self.chosen else 0
        said = f"set={chosen}" if chosen else ""
        if self.asked.runs:
            said = self.asked.address(set=chosen or self.asked.set, after=-1, flips="repaired", settings="")
        if self.campaign and not chosen:
            said += f"{'&' if said else ''}campaign={self.campaign.pk}"
        return said

    @property
    def baseline(self) -> Chosen | None:
        """The run before the fix."""
        return self.looked.comparison.baseline if self.looked and self.looked.ready else None

    @property
    def fix(self) -> Chosen | None:
        """The run that is reported on."""
        if self.looked is None or not self.looked.ready:
            return None
        return next((run for run in self.looked.comparison.runs if run.id == self.asked.against), None)

    @property
    def something(self) -> bool:
        """Whether there is anything to report, and nothing against it."""
        return not self.refusals and self.owed is None and bool(self.campaign or self.fix)

    @property
    def failure(self) -> str:
        """Why the comparison's numbers could not be made."""
        return self.numbers.failure if self.numbers else ""

    @property
    def ready(self) -> bool:
        """Whether every number that can be there is there."""
        told = self.agreement
        labelled = told is None or told.current or bool(told.failure)
        return self.something and labelled and (self.numbers is None or self.numbers.current)


def draft_of(project: Project, person: User, query: QueryDict, *, now: datetime) -> Draft:
    """Everything that the address names; asks workers for numbers that are not there yet."""
    asked = read(query)
    chosen, campaign = _labels(project, asked.set, _number(query.get("campaign", "")))
    asked = _paired(asked, _number(query.get("baseline", "")), campaign)
    if campaign is not None and own_open(campaign, person):
        return Draft(project, asked, None, chosen, campaign, owed=campaign)
    if chosen is not None and len(asked.runs) > 1 and chosen.campaign.run_id != asked.baseline:
        return Draft(project, asked, None, chosen, campaign, (_elsewhere(chosen),))
    looked = look(project, person, _with(asked, chosen)) if asked.runs else None
    if looked is not None:
        asked, refusals = looked.asked, tuple(looked.comparison.refusals)
        if refusals:
            return Draft(project, asked, looked, chosen, campaign, refusals)
        if looked.ready and chosen is None and campaign is None and looked.chosen is not None:
            chosen, campaign = looked.chosen, looked.chosen.campaign
    numbers = asking.statistics_of(project, looked.comparison, now=now) if looked and looked.ready else None
    agreement = agreement_of(campaign=campaign, now=now) if campaign else None
    return Draft(project, asked, looked, chosen, campaign, numbers=numbers, agreement=agreement)


def _paired(asked: Asked, baseline: int, campaign: Campaign | None) -> Asked:
    """With the baseline among the runs: the one that is named, or else the run whose failures were labelled."""
    labelled = (campaign.run_id if campaign else 0) or 0
    if not baseline and (len(asked.runs) == 1 or labelled in asked.runs):
        baseline = labelled
    if not baseline or not asked.runs:
        return asked
    runs = asked.runs if baseline in asked.runs else (baseline, *asked.runs)
    return replace(asked, runs=runs, baseline=baseline, against=0 if asked.against == baseline else asked.against)


def _labels(project: Project, set_id: int, campaign_id: int) -> tuple[AnalysisSet | None, Campaign | None]:
    """The set and its campaign; of a campaign alone its newest set, if it has one."""
    if set_id:
        chosen = set_of(project, set_id)
        if chosen is None:
            raise Http404(_("No such set."))
        return chosen, chosen.campaign
    if not campaign_id:
        return None, None
    campaign = campaign_of(project, campaign_id)
    if campaign is None:
        raise Http404(_("No such campaign."))
    newest = AnalysisSet.objects.filter(campaign=campaign).order_by("-pk").values_list("pk", flat=True).first()
    return set_of(project, newest) if newest else None, campaign


def _with(asked: Asked, chosen: AnalysisSet | None) -> QueryDict:
    """The comparison's address with the set, and in the direction that the set's labels are of."""
    direction = chosen.campaign.source.get("direction", "") if chosen else asked.direction
    changes = {"set": chosen.pk, "direction": direction} if chosen else {}
    return QueryDict(asked.address(**changes))


def _elsewhere(chosen: AnalysisSet) -> str:
    words = {"set": chosen.name, "run": chosen.campaign.run_id or "–"}
    return _("“%(set)s” has labels of run %(run)s's cases, which is not the baseline.") % words


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 and int(text) < _LARGEST else 0
