"""Files that belong to no data set: captions to search in and sentences around a name, brought, read, chosen, run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.tiny_models import tiny_clip
from tests.webapp.case_parts import drawn
from webapp.corpora.models import Corpus
from webapp.experiments.models import CaptionFile, RegisteredModel, Run
from workers import captions
from workers.inputs import planned
from workers.tasks import run_next

pytestmark = pytest.mark.django_db(transaction=True)
DATABASE, TEMPLATES = CaptionFile.Side.DATABASE, CaptionFile.Side.TEMPLATES
SENTENCES = {"A": {"templates": ["my {}", "one {c}"]}, "B": {"templates": ["a {}"]}}


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
    """Five pictures of two classes, and a model for them."""
    RegisteredModel.objects.create(slug="tiny", name="Tiny", reference=f"hf:{tiny_clip()}", created_at=timezone.now())
    folder = class_folders(tmp_path / "classes", {"red ball": 3, "green tree": 2})
    return drawn(project, f"imagefolder:{folder}?domain=a drawing", "Toys")


def address(name: str, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds"} | more)


def brought(web: Client, side: str, name: str, text: str, **more: object) -> CaptionFile:
    form = {"file": SimpleUploadedFile(name, text.encode()), "side": side} | more
    answer = web.post(address("caption_files"), form)
    assert answer.status_code == 302, answer.content.decode()
    captions.work()
    return CaptionFile.objects.latest("pk")


def test_captions_to_search_in_and_sentences_are_brought_chosen_and_run(web, project, corpus) -> None:
    table = "caption,source\na red ball,x\na tree in the park,x\na red ball,y\n"
    database = brought(web, DATABASE, "Told.CSV", table, corpus=corpus.pk)  # a data set says nothing here
    assert (database.state, database.found["captions"], database.corpus) == ("ready", 2, None), database.failure
    assert database.warnings == ["1 caption repeats another; each is searched once."]
    templates = brought(web, TEMPLATES, "prompts.json", json.dumps(SENTENCES))
    assert (templates.state, templates.found["entries"], templates.found["captions"]) == ("ready", 2, 3)
    common = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "overlap": "allow"}
    for file, method, values in (
        (database, "core.classify", {"database": f"captions:{database.pk}"}),
        (
            templates,
            "zeroshot.evaluate",
            {"templates": "file", "template_file": f"captions:{templates.pk}", "template_set": "A"},
        ),
    ):
        page = web.get(address("caption_file", file_id=file.pk)).content.decode()
        link = next(part for part in page.split('"') if f"/{method}/?" in part).replace("&amp;", "&")
        assert f'value="captions:{file.pk}" selected' in web.get(link).content.decode()
        assert "Browse captions" not in page and "Measure similarities" not in page
        assert web.get(reverse("experiments:captions", args=["birds", "file", file.pk])).status_code == 404
        body = {"method": method, "spec": common | values}
        answer = web.post(reverse("experiments:api_runs", args=["birds"]), body, content_type="application/json")
        assert answer.status_code == 201, answer.content.decode()
        assert planned(Run.objects.latest("pk"), root="x", carry_data=False).files
    run_next("gpu")
    runs = list(Run.objects.order_by("pk"))
    assert [run.state for run in runs] == ["succeeded"] * 2, [run.failure for run in runs]
    assert runs[0].provenance["database"]["captions"] == 2 and runs[1].provenance["templates"] == ["my {c}", "one {c}"]
    listed = web.get(address("caption_files")).content.decode()
    assert "Told.CSV" in listed and "Captions to search in" in listed and "Sentences around a name" in listed
    kept = web.get(address("caption_file_content", file_id=database.pk))
    assert f"captions-{database.pk}.csv" in kept.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("side", "name", "text", "told"),
    [
        (DATABASE, "a.csv", "x,y\n1,2\n", "no column is called caption"),
        (
            DATABASE,
            "a.jsonl",
            '{"caption": "a"}\n{"caption": ""}\n3\n',
            "line 2 has an empty caption; line 3 has no text",
        ),
        (TEMPLATES, "a.txt", "a {}\na cat\n", "line 2: “a cat” has no {c}"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(web, project, side: str, name: str, text: str, told: str) -> None:
    file = brought(web, side, name, text)
    assert file.state == "refused" and told in file.failure
    assert "It cannot be used" in web.get(address("caption_file", file_id=file.pk)).content.decode()


def test_a_file_of_another_kind_is_no_choice_and_its_ending_and_data_set_are_checked(web, project, corpus) -> None:
    for side, name, told in (
        (TEMPLATES, "a.csv", "end in .txt, .json"),
        (DATABASE, "a.pdf", "end in .txt, .csv"),
        (CaptionFile.Side.CLASSES, "a.json", "Choose a classification set"),
    ):
        form = {"file": SimpleUploadedFile(name, b"{}"), "side": side}
        answer = web.post(address("caption_files"), form)
        assert answer.status_code == 422 and told in answer.content.decode()
        body = {"file": SimpleUploadedFile(name, b"{}"), "side": side}
        assert web.post(address("api_caption_files"), body).status_code == 400
    form = web.get(address("caption_files")).content.decode()
    assert f'<option value="{corpus.pk}" selected>' in form and '<option value="">None</option>' in form
    file = brought(web, DATABASE, "a.txt", "a ball")
    for field in ("class_captions", "image_captions"):
        spec = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", field: f"captions:{file.pk}"}
        body = {"method": "synce.classify", "spec": spec}
        answer = web.post(reverse("experiments:api_runs", args=["birds"]), body, content_type="application/json")
        assert answer.status_code == 400 and "holds captions to search in" in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        CaptionFile.objects.filter(pk=file.pk).update(corpus=corpus)
