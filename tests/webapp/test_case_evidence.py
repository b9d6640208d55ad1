"""What speaks for a classification's answers: loaded with its cases, shown on their pages, frozen into tasks."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.datasets.cases import EVIDENCE, SCHEMA, write_cases
from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.webapp.case_parts import drawn
from webapp.annotation.campaigns.tasks import contents
from webapp.annotation.labelling.answers import Handed
from webapp.annotation.labelling.presenting import as_sent
from webapp.annotation.models import Annotator, Campaign
from webapp.experiments.case_loading import load_cases
from webapp.experiments.cases import queries
from webapp.experiments.models import Case, Run, RunInput

pytestmark = pytest.mark.django_db(transaction=True)
ODD = 'a <b>tall</b>\t"tree"\nwith a \\ branch'
BOTH = {"given": "a round ball", "given_cosine": 0.3149, "right": ODD, "right_cosine": 0.25, "picture": "mine"}
TOLD = [BOTH, {"right": "a tree", "right_cosine": 0.2}, {"picture": "mine"}, None]


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> None:
    """Store and cache of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"


@pytest.fixture
def run(project, tmp_path: Path) -> Run:
    """A classification of four pictures, each taken for the class that it is not; case n tells TOLD[n]."""
    corpus = drawn(project, f"imagefolder:{class_folders(tmp_path / 'set', {'ball': 2, 'tree': 2})}", "Toys")
    made = Run.objects.create(
        project=project, method="synce.classify", title="Told apart", spec={}, fingerprint="0" * 64, queue="gpu",
        state=Run.State.RUNNING, attempt=1, created_at=timezone.now(), started_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=made, field="data", corpus=corpus)
    rows = [
        {
            "number": n, "direction": "classify", "unit": n, "prompt_kind": "picture", "prompt": n,
            "answer_kind": "class", "right": 1, "right_score": 0.2, "rank": 2, "margin": -0.1 * (n + 1),
            "given": [0, 1], "scores": [0.3, 0.2], "evidence": told and json.dumps(told),
        }
        for n, told in enumerate(TOLD)
    ]  # fmt: skip
    write_cases(tmp_path / "cases.parquet", [pa.Table.from_pylist(rows, schema=SCHEMA.append(EVIDENCE))])
    count = load_cases(made.pk, 1, tmp_path / "cases.parquet")
    Run.objects.filter(pk=made.pk).update(state="succeeded", case_count=count, finished_at=timezone.now())
    made.refresh_from_db()
    return made


def test_what_a_file_tells_is_loaded_as_it_stands(run: Run) -> None:
    assert list(Case.objects.filter(run=run).order_by("number").values_list("evidence", flat=True)) == TOLD
    assert queries.evidence_of(queries.cases_numbered(run, [0])[0]) == queries.Evidence(**BOTH)
    assert queries.evidence_of(queries.cases_numbered(run, [3])[0]) == queries.Evidence()


def test_the_gallery_the_page_and_the_api_show_it(run: Run, owner) -> None:
    web = Client()
    web.force_login(owner)
    where = {"slug": "birds", "run_id": run.pk}
    gallery = web.get(reverse("experiments:cases", kwargs=where)).content.decode()
    page = web.get(reverse("experiments:case", kwargs=where | {"number": 0})).content.decode()
    for text in (gallery, page):
        assert "Nearest caption of “ball”: a round ball (0.31)" in text
        assert "Nearest caption of “tree”: a &lt;b&gt;tall&lt;/b&gt;" in text and "<b>tall" not in text
        assert "nearest caption: mine" in text
    bare = web.get(reverse("experiments:case", kwargs=where | {"number": 3})).content.decode()
    assert "case-evidence" not in bare
    told = web.get(reverse("experiments:api_case", kwargs=where | {"number": 0})).json()
    assert told["evidence"] == BOTH
    type(owner).objects.filter(pk=owner.pk).update(language="zh-hans")
    chinese = web.get(reverse("experiments:case", kwargs=where | {"number": 0})).content.decode()
    assert "“ball”中与图片最接近的描述：a round ball（0.31）" in chinese


def test_a_task_keeps_each_classs_own_nearest_caption_or_none_of_either(run: Run) -> None:
    rows = queries.cases_numbered(run, [0, 1, 2, 3])
    known = queries.known_of(queries.corpus_of(run), rows)
    first, *others = [contents(row, known) for row in rows]
    assert first["given"]["text"] == "ball\na round ball"
    assert first["right"]["text"] == 'tree\na <b>tall</b> "tree" with a \\ branch'
    assert {(one["right"]["text"], one["given"]["text"]) for one in others} == {("tree", "ball")}


def test_in_a_blind_campaign_both_sides_look_alike(run: Run) -> None:
    (row,) = queries.cases_numbered(run, [0])
    kept = contents(row, queries.known_of(queries.corpus_of(run), [row]))
    handed = Handed(1, kept["prompt"], kept["right"], kept["given"])
    orders = set()
    for annotator in range(1, 20):
        sent = as_sent(Annotator(pk=annotator, campaign=Campaign(blind=True)), handed)
        assert sent["roles"] is None
        assert [set(side) for side in sent["sides"]] == [{"kind", "text", "class"}] * 2
        assert all(side["text"].count("\n") == 1 for side in sent["sides"])
        orders.add(sent["sides"][0]["text"])
    assert len(orders) == 2


def test_the_table_for_spreadsheets_has_it_in_columns(run: Run, owner) -> None:
    web = Client()
    web.force_login(owner)
    answer = web.get(reverse("experiments:cases_csv", kwargs={"slug": "birds", "run_id": run.pk}))
    text = b"".join(answer.streaming_content).decode()
    rows = {int(row["number"]): row for row in csv.DictReader(io.StringIO(text, newline=""))}
    columns = [name for name in rows[0] if name.startswith("evidence_")]
    assert [rows[0][name] for name in columns] == [ODD, "0.25", "a round ball", "0.3149", "mine"]
    assert [rows[1][name] for name in columns] == ["a tree", "0.2", "", "", ""]
    assert [rows[3][name] for name in columns] == [""] * 5
