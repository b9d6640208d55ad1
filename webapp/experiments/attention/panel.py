"""The part of a run's page that shows what answers rest on: which addresses its pictures and cases have."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest
from webapp.accounts.views.links import api_call
from webapp.experiments.attention import reading
from webapp.experiments.cases.filters import CLASSIFY
from webapp.experiments.models import Artifact, Case, Run

METHOD = "zeroshot.pictures"
FIGURES = 24  # on the page; the table has all
PICTURE_BYTES = 16 * 2**20


def values(request: ProjectRequest, run: Run, tables: dict[str, Any], artifacts: list[Artifact]) -> dict[str, Any]:
    """What the page shows; empty for runs of other methods that left no such tables."""
    occluded, told = tables.get("occlusion"), tables.get("text_occlusion")
    left = {row.path: row for row in artifacts}
    paths = ("plots/occlusion.json", "plots/text_occlusion.json")
    if (run.method != METHOD and not any(path in left for path in paths)) or not role_may(request.role, "case.view"):
        return {}
    where: dict[str, Any] = {"slug": run.project.slug, "run_id": run.pk}
    picture = reverse("experiments:picture", kwargs=where | {"artifact_id": 0}).removesuffix("0/picture/")
    table = reverse("experiments:squares_csv", kwargs=where | {"number": 0}).removesuffix("0.csv")

    def file(path: str) -> str:
        row = left.get(path)
        return f"{picture}{row.pk}/picture/" if row and is_picture(row) else ""

    def squares(number: int) -> str:
        return f"{table}{number}.csv" if f"plots/occlusion_{number}.json" in left else ""

    cases = _cases(run, where, [occluded, (told or {}).get("pictures")])
    attention = reading.attention_of(occluded, file, squares, cases)
    return {
        "is_pictured": run.state == Run.State.SUCCEEDED or bool(attention),
        "attention": attention,
        "looked": attention.rows[:FIGURES] if attention else [],
        "told": (words := reading.words_of(told, file, cases)),
        "words_apart": paths[1] in left and words is None,
        "files_api": api_call(request, "experiments:api_artifacts", **where),
    }


def is_picture(row: Artifact) -> bool:
    """Whether a file of a run is one of its plots as a PNG that pages show."""
    return row.role == "plot" and row.media_type == "image/png" and row.byte_count <= PICTURE_BYTES


def _cases(run: Run, where: dict[str, Any], tables: list[Any]) -> dict[int, str]:
    """Addresses of the cases of the pictures that tables name."""
    columns = [table["number"] for table in tables if isinstance(table, dict) and isinstance(table.get("number"), list)]
    named = [number for column in columns for number in column if isinstance(number, int)]
    wanted = {number for number in named if 0 <= number < 2**31}
    if not wanted or not run.case_count:
        return {}
    found = Case.objects.filter(run_id=run.pk, direction=CLASSIFY, number__in=wanted).values_list("number", flat=True)
    gallery, asked = reverse("experiments:cases", kwargs=where), f"?direction={CLASSIFY}&outcome=all"
    return {number: f"{gallery}{number}/{asked}" for number in found}
