"""Looks up what a comparison's address names, in the project whose door was passed; 404 where it is not there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisSet
from webapp.verdicts.comparing import queries
from webapp.verdicts.comparing.asked import Asked, read
from webapp.verdicts.comparing.queries import Comparison
from webapp.verdicts.registering import covering


@dataclass(frozen=True)
class Looked:
    """A comparison with the sets that fit it; `chosen` is the one that its slices come from."""

    comparison: Comparison
    sets: list[AnalysisSet]
    chosen: AnalysisSet | None
    standings: list[covering.Standing] = field(default_factory=list)  # registrations that speak of these runs

    @property
    def asked(self) -> Asked:
        """The address, what was left open decided."""
        return self.comparison.asked

    @property
    def ready(self) -> bool:
        """Whether there is something to compare."""
        return len(self.comparison.runs) > 1 and not self.comparison.refusals


def look(project: Project, person: User, query: QueryDict) -> Looked:
    """What the address asks for; the first direction, the newest set and the first other run where it does not say."""
    found = queries.comparison_of(project, read(query))
    if found is None:
        raise Http404(_("No such run in this project."))
    looked = Looked(found, [], None)
    if not looked.ready:
        return looked
    asked = found.asked
    direction = asked.direction if asked.direction in found.directions else found.directions[0]
    sets = _open_sets(queries.sets_for(project, asked.baseline, direction), person)
    chosen = next((row for row in sets if row.pk == asked.set), None)
    if asked.set and chosen is None:
        raise Http404(_("No such set of the baseline's cases."))
    chosen = chosen or (sets[0] if sets else None)
    against = asked.against or found.others[0].id
    asked = replace(asked, direction=direction, set=chosen.pk if chosen else 0, against=against)
    standing = covering.standings(project, _covered(found, asked))
    kept = covering.held_to(standing, asked.registration)
    registered = (kept.registration.pk, kept.run) if kept else ()
    return Looked(replace(found, asked=asked, registered=registered), sets, chosen, standing)


def _covered(found: Comparison, asked: Asked) -> covering.Asked:
    """The comparison as registrations know of such."""
    data = found.baseline.data if found.baseline else ""
    control = found.control.id if found.control else 0
    return covering.Asked(asked.baseline, data, asked.set, found.directions, asked.runs, control)


def _open_sets(sets: list[AnalysisSet], person: User) -> list[AnalysisSet]:
    """Those whose labels the person may see: nobody does who still owes the campaign answers."""
    owed: dict[int, bool] = {}
    for row in sets:
        if row.campaign_id not in owed:
            owed[row.campaign_id] = bool(own_open(row.campaign, person))
    return [row for row in sets if not owed[row.campaign_id]]
