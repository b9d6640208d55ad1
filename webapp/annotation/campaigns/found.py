"""Looks up the campaign that an address names, in the project whose door was passed; says where it is closed to whom.

Pages and API of every area ask here, so that a campaign of another project is nowhere there, and peers' answers are
closed in one way.
"""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied

from webapp.accounts.doors import ProjectAPIView, ProjectRequest
from webapp.accounts.models import Project
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.campaigns.queries import campaign_of
from webapp.annotation.models import Campaign


def campaign_or_404(project: Project, campaign_id: int) -> Campaign:
    """The campaign of this project."""
    found = campaign_of(project, campaign_id)
    if found is None:
        raise Http404(_("No such campaign."))
    return found


def closed_to(request: ProjectRequest, campaign: Campaign) -> HttpResponse | None:
    """Why peers' answers are closed to somebody who has not given theirs, as a page; None where they are not."""
    owed = own_open(campaign, request.user)
    if not owed:
        return None
    page = {"project": request.project, "campaign": campaign, "owed": owed}
    return render(request, "annotation/review/closed.html", page, status=403)


def campaign_open_to(view: ProjectAPIView, campaign_id: int) -> Campaign:
    """The campaign, its answers open to who asks over the API: 404 where there is none, 403 while they owe answers."""
    found = campaign_or_404(view.project, campaign_id)
    refuse_peers(view, found)
    return found


def refuse_peers(view: ProjectAPIView, campaign: Campaign) -> None:
    """PermissionDenied while who asks over the API still owes the campaign answers."""
    if owed := own_open(campaign, view.person):
        said = _("You annotate here and still owe %(n)d answers; the others' are closed until then.")
        raise PermissionDenied(said % {"n": owed})
