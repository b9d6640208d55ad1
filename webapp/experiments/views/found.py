"""Looks up what an address names, within the project whose door was passed; 404 where it is not there."""

from __future__ import annotations

from django.http import Http404

from webapp.accounts.doors import ProjectRequest
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import run_of


def run_or_404(request: ProjectRequest, run_id: int) -> Run:
    """The run of this project."""
    run = run_of(request.project, run_id)
    if run is None:
        raise Http404("No such run in this project.")
    return run
