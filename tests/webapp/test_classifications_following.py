"""What a classification leads to: its failures mined, and the comparison with the others of the same pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.datasets.cases import SCHEMA, write_cases
from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.webapp.case_parts import drawn
from webapp.corpora.models import Corpus
from webapp.experiments.case_loading import load_cases
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Run, RunInput
from workers import calculating

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ["blue house", "green tree", "red ball"]


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> None:
    """Store and cache of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"


@pytest.fixture
def web(owner) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def corpus(project, tmp_path: Path) -> Corpus:
    """Six pictures of three classes."""
    return drawn(project, f"imagefolder:{class_folders(tmp_path / 'classes', dict.fromkeys(NAMES, 2))}", "Toys")


def classified(corpus: Corpus, folder: Path, method: str, encoder: str = "model:tiny", pictures: int = 6) -> Run:
    """A finished classification that takes every picture for the next class."""
    now = timezone.now()
    run = Run.objects.create(
        project=corpus.project, method=method, title=method, spec={"data": f"corpus:{corpus.pk}", "encoder": encoder},
        fingerprint="0" * 64, queue="gpu", state=Run.State.RUNNING, attempt=1, created_at=now, started_at=now,
        provenance={"data_hash": corpus.content_hash, "queries": {"classify": str(pictures)}},
    )  # fmt: skip
    RunInput.objects.create(run=run, field="data", corpus=corpus)
    rows = [{
        "number": number, "direction": "classify", "unit": number, "prompt_kind": "picture", "prompt": number,
        "answer_kind": "class", "right": number // 2, "right_score": 0.2, "rank": 2, "margin": -0.1,
        "given": [(number // 2 + 1) % 3], "scores": [0.3],
    } for number in range(pictures)]  # fmt: skip
    path = folder / f"{run.pk}.parquet"
    write_cases(path, [pa.Table.from_pylist(rows, schema=SCHEMA)])
    count = load_cases(run.pk, 1, path)
    Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, case_count=count, finished_at=now)
    table = {"class": [0, 1, 2], "name": NAMES, "pictures": [2, 2, 2], "f1": [0.0] * 3, "right": [0] * 3}
    table |= dict.fromkeys(("precision", "recall", "f1_low", "f1_high"), [0.0] * 3) | {"given": [2, 2, 2]}
    data = json.dumps(table).encode()
    store().write_bytes(f"runs/{run.pk}/classes.json", data)
    Artifact.objects.create(
        run=run, path="plots/classes.json", name="By class", role="plot", media_type="application/json",
        key=f"runs/{run.pk}/classes.json", byte_count=len(data), sha256="0" * 64, attempt=1,
    )  # fmt: skip
    return run


def address(name: str, run: Run) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds", "run_id": run.pk})


def test_the_failures_of_a_classification_are_mined_by_the_button_on_its_page(web, corpus, tmp_path):
    run = classified(corpus, tmp_path, "synce.classify")
    assert address("mine", run) in web.get(address("run", run)).content.decode()
    assert web.post(address("mine", run)).status_code == 302
    mining = Run.objects.get(method="failures.mine")
    assert (mining.spec["run"], mining.spec["direction"]) == (f"run:{run.pk}", "classify")


def test_a_classification_leads_to_the_others_of_the_same_pictures_and_encoder(web, corpus, tmp_path):
    enriched = classified(corpus, tmp_path, "synce.classify")
    assert "Beside the baselines" not in web.get(address("run", enriched)).content.decode()
    plain = classified(corpus, tmp_path, "zeroshot.evaluate")
    classified(corpus, tmp_path, "core.classify", encoder="model:other")
    last = classified(corpus, tmp_path, "wdys.classify")
    where = reverse("verdicts:compare", args=["birds"])
    where += f"?runs={enriched.pk},{plain.pk},{last.pk}&baseline={plain.pk}"
    page = web.get(address("run", last)).content.decode()
    assert where.replace("&", "&amp;") in page and "folds" not in page
    assert "These runs are not compared" not in web.get(where).content.decode()


def test_what_was_told_of_other_pictures_is_counted_and_what_to_do_is_said(web, corpus, tmp_path):
    plain = classified(corpus, tmp_path, "zeroshot.evaluate")
    swept = classified(corpus, tmp_path, "synce.sweep", pictures=4)
    page = web.get(address("run", plain)).content.decode()
    assert "1 more was told of other pictures" in page and "Beside the baselines" not in page
    told = web.get(reverse("verdicts:compare", args=["birds"]) + f"?runs={plain.pk},{swept.pk}").content.decode()
    assert "folds" in told


def test_a_comparison_of_classifications_speaks_of_accuracy_and_leaves_out_ranks_that_nobody_has(
    web, corpus, tmp_path, no_workers
):
    plain = classified(corpus, tmp_path, "zeroshot.evaluate")
    enriched = classified(corpus, tmp_path, "synce.classify")
    where = reverse("verdicts:compare", args=["birds"]) + f"?runs={plain.pk},{enriched.pk}&flips=still_wrong"
    web.get(where)
    calculating.work()
    page = web.get(where).content.decode()
    for text in ("Accuracy@1", "Accuracy by depth", "Net change<", "True class", "n = 6 pictures"):
        assert text in page, text
    assert "Recall@1" not in page and "101–500" not in page and "Wanted" not in page
