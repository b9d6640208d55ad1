"""Campaigns for tests: drawn scenes, cases loaded as a worker loads them, people who may label."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils import timezone

from tests.webapp import people
from tests.webapp.case_parts import evaluated
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.models import Annotator, Campaign
from webapp.annotation.taxonomies.actions import default_version
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run


def labelled_project(folder: Path, *, names: Sequence[str] = ("ann", "bob", "cy"), pictures: int = 12) -> Run:
    """A project “Birds” of an owner, with a finished run and annotators of these names."""
    owner = people.person("owner", password=people.PASSWORD)
    project = people.project("Birds", owner)
    for name in names:
        people.member(project, people.person(name, password=people.PASSWORD), "annotator")
    return evaluated(project, folder, pictures)


def campaign(run: Run, *, names: Sequence[str] = ("ann", "bob", "cy"), **settings: Any) -> Campaign:
    """A campaign on the run's text → image failures: 30 tasks, 6 of them for everybody, 4 in reserve."""
    chosen: dict[str, Any] = {"name": "First look", "size": 34, "overlap": 6, "backup": 4, "seed": 1} | settings
    project: Project = run.project
    owner = User.objects.get(username="owner")
    now = timezone.now()
    return open_campaign(
        project=project,
        run=run,
        filters=chosen.pop("filters", Filters()),
        taxonomy_version=chosen.pop("taxonomy_version", None) or default_version(project=project, now=now),
        annotators=[User.objects.get(username=name) for name in names],
        actor=owner,
        now=now,
        **chosen,
    )


def annotator(of: Campaign, name: str) -> Annotator:
    """Somebody's row in the campaign."""
    return Annotator.objects.select_related("campaign", "user").get(campaign=of, user__username=name)


def zipped(table: str | bytes, files: Mapping[str, bytes], name: str = "samples.csv") -> io.BytesIO:
    """A zip of samples as people upload it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, table)
        for path, data in files.items():
            archive.writestr(path, data)
    buffer.seek(0)
    return buffer
