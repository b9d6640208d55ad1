"""The addresses of reports. Runs and sets behind the question mark: foreign ones are in test_dashboards_reports."""

from __future__ import annotations

import io
from typing import Any

from django.utils import timezone
from PIL import Image

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project, User
from webapp.corpora.files import store
from webapp.verdicts.models import Report, ReportText
from webapp.verdicts.reporting import files

PICTURE = "0" * 64


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "#888").save(buffer, "WEBP")
    return buffer.getvalue()


_WEBP = _picture()


def build(world: World) -> None:
    """A report in each project."""
    world.things["report"] = bare_report(world.project, world.owner)
    world.things["foreign_report"] = bare_report(world.foreign, world.outsider)


def bare_report(project: Project, person: User) -> Report:
    """One that says nothing but an example."""
    side = {"kind": "picture", "number": 0, "name": "a", "picture": PICTURE, "width": 4, "height": 4}
    example = {"cell": "repaired", "number": 0, "caption": "A cup.", "prompt": None, "rank_before": 2, "rank_after": 1,
               "category": "", "wanted": side, "before": side, "after": side}  # fmt: skip
    snapshot = {
        "format": 1, "simulated": False, "names": {}, "mix": None, "agreement": None, "fix": None, "verdict": None,
        "examples": [example], "runs": [],
    }  # fmt: skip
    now, folder = timezone.now(), files.new_folder()
    store().write_bytes(files.key_of(folder, PICTURE), _WEBP)
    made = Report.objects.create(
        project=project, snapshot=snapshot, content_hash="0" * 64, folder=folder, created_by=person,
        created_at=now,
    )  # fmt: skip
    ReportText.objects.create(report=made, number=1, title="Nothing yet", written_by=person, written_at=now)
    return made


def one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our report."""
    return {"slug": world.project.slug, "report_id": world["report"].pk}


def foreign_one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's report under our address."""
    return {"slug": world.project.slug, "report_id": world["foreign_report"].pk}


def removable(world: World, knocker: Knocker) -> dict[str, Any]:
    """A report of ours that may go."""
    return {"slug": world.project.slug, "report_id": bare_report(world.project, world.owner).pk}


def picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """A picture of our report."""
    return one(world, knocker) | {"picture": PICTURE}


def foreign_picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """The same of another project's report."""
    return foreign_one(world, knocker) | {"picture": PICTURE}


_VIEW, _MAKE, _REMOVE = "report.view", "report.make", "report.remove"
_WORDS = {"title": "Something", "words": ""}
ROWS = [
    Row("dashboards:reports", {"GET": _VIEW}),
    Row("dashboards:report_new", {"GET": _MAKE, "POST": _MAKE}, data=_WORDS),
    Row("dashboards:improvements", {"GET": "run.view"}),
    Row("dashboards:report", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("dashboards:report_words", {"GET": _MAKE, "POST": _MAKE}, one, foreign=(foreign_one,), data=_WORDS),
    Row("dashboards:report_remove", {"POST": _REMOVE}, removable, foreign=(foreign_one,)),
    Row("dashboards:report_file", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("dashboards:report_picture", {"GET": _VIEW}, picture, foreign=(foreign_picture,)),
    Row("dashboards:api_reports", {"GET": _VIEW, "POST": _MAKE}, data=_WORDS),
    Row("dashboards:api_report", {"GET": _VIEW, "DELETE": _REMOVE}, removable, foreign=(foreign_one,)),
    Row("dashboards:api_report_texts", {"POST": _MAKE}, one, foreign=(foreign_one,), data=_WORDS),
    Row("dashboards:api_report_file", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("dashboards:api_improvements", {"GET": "run.view"}),
]
