"""Captions are looked through, searched and changed: every change a version beside the first, by whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.tiny_models import tiny_clip
from tests.webapp.case_parts import drawn
from tests.webapp.people import browser, member, person
from webapp.corpora.models import Corpus, Item
from webapp.experiments.browsing import queries
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, CaptionEdit, CaptionFile, RegisteredModel, Run, RunInput
from workers import captions

pytestmark = pytest.mark.django_db(transaction=True)
CLASSES = {"red ball": 2, "塔": 1}
TOLD = {
    "_meta": {"generator": "endpoint:m"},
    "red ball": {"captions": ["round and red", "<b>shiny</b>"], "similarities": [0.5, 0.25]},
    "塔": {"captions": ["高い"], "similarities": [0.125]},
}


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> None:
    """Store and cache of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"
    queries._rows.cache_clear()


@pytest.fixture
def web(owner) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def corpus(project, tmp_path: Path) -> Corpus:
    """Three pictures of two classes."""
    return drawn(project, f"imagefolder:{class_folders(tmp_path / 'classes', CLASSES)}", "Toys")


@pytest.fixture
def run(project, corpus) -> Run:
    """A run that wrote captions of classes."""
    RegisteredModel.objects.create(slug="tiny", name="Tiny", reference=f"hf:{tiny_clip()}", created_at=timezone.now())
    RegisteredModel.objects.create(slug="llm", name="LLM", reference="local:llm", created_at=timezone.now())
    spec = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "generator": "model:llm", "seed": 4}
    return written(project, corpus, "synce.class_captions", spec, TOLD)


def written(project, corpus: Corpus, method: str, spec: dict, content: dict) -> Run:
    run = Run.objects.create(
        project=project, method=method, spec=spec, fingerprint="0" * 64, queue="gpu", attempt=1, state="succeeded",
        created_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=run, field="data", corpus=corpus)
    data, path = json.dumps(content).encode(), f"{method.partition('.')[2]}.json"
    store().write_bytes(f"run/{run.pk}/attempt-1/{path}", data)
    Artifact.objects.create(
        run=run, attempt=1, path=path, key=f"run/{run.pk}/attempt-1/{path}", name="Captions", role="data",
        media_type="application/json", byte_count=len(data), sha256="0" * 64,
    )  # fmt: skip
    return run


def address(name: str, run: Run) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds", "kind": "run", "source_id": run.pk})


def test_captions_stand_by_class_with_their_similarity_and_can_be_searched(web, run) -> None:
    page = web.get(address("captions", run)).content.decode()
    for text in ("red ball", "round and red", "0.500", "塔", "高い", "&lt;b&gt;shiny&lt;/b&gt;", "2 classes"):
        assert text in page
    found = web.get(address("captions", run), {"words": "ROUND"}).content.decode()
    assert "round and red" in found and "高い" not in found and "1 of 2" in found
    assert "Nothing fits" in web.get(address("captions", run), {"words": "submarine"}).content.decode()
    assert "Browse captions" in web.get(reverse("experiments:run", args=["birds", run.pk])).content.decode()


def test_a_change_is_a_version_beside_the_first_and_the_newest_counts(web, run, owner) -> None:
    form = {"entry": "red ball", "number": "0", "words": "red", "page": "1"}
    for text in (" round and  crimson ", "round, crimson"):
        answer = web.post(address("caption_change", run), form | {"text": text})
        assert answer.url == f"{address('captions', run)}?words=red&page=1"
    assert list(CaptionEdit.objects.values_list("text", flat=True)) == ["round and crimson", "round, crimson"]
    page = web.get(address("captions", run)).content.decode()
    assert "round, crimson" in page and "<del>round and red</del>" in page and "changed by olga" in page
    told = web.get(address("api_captions", run)).json()
    caption = told["entries"][0]["captions"][0]
    assert (caption["first"], caption["text"], told["edited"]) == ("round and red", "round, crimson", 1)
    assert [version["by"] for version in caption["versions"]] == ["olga", "olga"]
    web.post(address("caption_change", run), form | {"text": "round, crimson"})
    assert CaptionEdit.objects.count() == 2  # nothing changed
    with pytest.raises(ProgrammingError), transaction.atomic():
        CaptionEdit.objects.update(text="history rewritten")


@pytest.mark.parametrize(
    "body",
    [
        {"entry": "blue ball", "number": 0, "text": "a"},
        {"entry": "red ball", "number": 2, "text": "a"},
        {"entry": "塔", "number": 0, "text": " "},
        {"entry": "red ball", "number": 0, "text": "x" * 2001},
    ],
)
def test_what_cannot_be_changed_is_refused(web, run, body) -> None:
    answer = web.post(address("api_captions", run), body, content_type="application/json")
    assert answer.status_code == 400 and not CaptionEdit.objects.exists()


def test_a_file_is_made_of_what_stands_and_is_read_as_any_other(web, run, corpus) -> None:
    for number, text in ((0, "crimson"), (1, "")):
        web.post(address("caption_change", run), {"entry": "red ball", "number": number, "text": text})
    made = web.post(address("api_captions_keep", run)).json()["caption_file"]
    captions.work()
    file = CaptionFile.objects.get(pk=made)
    assert (file.state, file.found["captions"], file.corpus_id) == ("ready", 2, corpus.pk), file.failure
    kept = json.loads(store().read_bytes(file.key))
    assert kept["red ball"] == {"captions": ["crimson"], "similarities": None}
    assert kept["塔"] == TOLD["塔"]
    assert kept["_meta"]["written_by"] == f"run:{run.pk}"
    assert kept["_meta"]["changed_by_hand"] == {"from": f"run:{run.pk}", "captions": 2, "by": ["olga"]}
    page = web.get(reverse("experiments:captions", args=["birds", "file", made])).content.decode()
    assert "crimson" in page and "Write anew" in page
    again = reverse("experiments:captions_anew", kwargs={"slug": "birds", "kind": "file", "source_id": made})
    web.post(again, {"entry": "塔"})
    launched = Run.objects.exclude(pk=run.pk).get()
    assert (launched.spec["base"], launched.spec["seed"]) == (f"captions:{made}", 5)


def test_what_a_file_says_of_its_run_counts_for_a_run_of_this_project_and_side_alone(web, run, corpus) -> None:
    said = {"meta": {"written_by": f"run:{run.pk}"}}
    now = {"project": run.project, "corpus": corpus, "state": "ready", "byte_count": 9, "created_at": timezone.now()}
    files = [
        CaptionFile.objects.create(side=side, key=side, found=said, **now)
        for side in ("class_captions", "image_captions")
    ]
    writers = [queries.source_of(run.project, "file", file.pk).writer for file in files]
    assert writers == [run, None]
    CaptionFile.objects.update(found={"meta": {"written_by": "run:999999999"}})
    assert queries.source_of(run.project, "file", files[0].pk).writer is None


def test_one_class_is_written_anew_by_a_run_with_the_next_seed(web, run) -> None:
    answer = web.post(address("captions_anew", run), {"entry": "塔"})
    launched = Run.objects.exclude(pk=run.pk).get()
    assert answer.url == reverse("experiments:run", args=["birds", launched.pk])
    assert (launched.spec["base"], launched.spec["only"], launched.spec["seed"]) == (f"run:{run.pk}", ["塔"], 5)
    assert launched.cloned_from_id == run.pk and launched.state == "queued"
    wrong = web.post(address("api_captions_anew", run), {"entry": "no"}, content_type="application/json")
    assert wrong.status_code == 400 and Run.objects.count() == 2


def test_written_anew_twice_asks_by_another_seed_each_time(web, run) -> None:
    for _ in range(2):
        web.post(address("captions_anew", run), {"entry": "塔"})
    web.post(address("captions_anew", run), {"entry": "red ball"})
    seeds = Run.objects.exclude(pk=run.pk).order_by("pk").values_list("spec__seed", flat=True)
    assert list(seeds) == [5, 6, 5]


def test_what_was_changed_by_hand_is_kept_by_what_is_written_anew(web, run) -> None:
    web.post(address("caption_change", run), {"entry": "red ball", "number": "0", "text": "crimson"})
    for _ in range(2):
        web.post(address("captions_anew", run), {"entry": "塔"})
    file = CaptionFile.objects.get()  # one for both
    bases = Run.objects.exclude(pk=run.pk).values_list("spec__base", flat=True)
    assert set(bases) == {f"captions:{file.pk}"}
    assert json.loads(store().read_bytes(file.key))["red ball"]["captions"][0] == "crimson"


def test_a_file_too_large_to_be_changed_here_is_a_conflict_over_the_api(web, run) -> None:
    Artifact.objects.update(byte_count=2**40)
    for name, body in (
        ("api_captions", {"entry": "塔", "number": 0, "text": "a"}),
        ("api_captions_anew", {"entry": "塔"}),
    ):
        assert web.post(address(name, run), body, content_type="application/json").status_code == 409


def test_a_page_of_thousands_of_digits_is_the_first(web, run) -> None:
    for page in ("9" * 5000, "²", "-1"):
        assert web.get(address("captions", run), {"page": page, "class": page}).status_code == 200
    assert web.get(address("api_captions", run), {"page": "9" * 5000}).json()["number"] == 1


def test_pictures_are_found_by_id_by_name_and_by_the_last_part_and_stand_by_their_true_class(
    web, project, corpus, tmp_path
) -> None:
    Item.objects.filter(corpus=corpus, number=2).update(file_name="塔/か\u3099.jpg", external_id="t-1")
    names = ["t-1", "か\u3099.jpg", "が.jpg", "0.jpg", "./red ball/0.jpg", "elsewhere/が.jpg", "none.jpg"]
    rows = [{"filename": name, "description": [f"about {name}"]} for name in names]
    run = written(project, corpus, "synce.image_captions", {}, {"predictions": rows})
    told = web.get(address("api_captions", run)).json()["entries"]
    assert [(one["picture"], one["true_class"]) for one in told] == [
        (2, "塔"), (2, "塔"), (2, "塔"), (0, "red ball"), (0, "red ball"), (None, None), (None, None)
    ]  # fmt: skip
    page = web.get(address("captions", run), {"class": "1"}).content.decode()
    assert "about t-1" in page and "red ball/0.jpg" not in page and "3 of 7" in page and "truly 塔" in page


def test_pictures_stand_beside_their_captions_a_page_at_a_time(web, project, corpus) -> None:
    names = ["red ball/0.jpg", "red ball/1.jpg", "塔/0.jpg"]
    rows = [{"filename": name, "description": [f"about {name}"], "predicted_class": "塔"} for name in names]
    more = [{"filename": f"gone-{n}.jpg", "description": "one text", "predicted_class": None} for n in range(40)]
    run = written(project, corpus, "synce.image_captions", {}, {"predictions": rows + more})
    page = web.get(address("captions", run)).content.decode()
    assert "about 塔/0.jpg" in page and "seen as 塔" in page and "Page 1 of 3" in page
    assert reverse("corpora:picture", args=["birds", corpus.pk, 2, "small"]) in page
    last = web.get(address("captions", run), {"page": "99"}).content.decode()
    assert "gone-39.jpg" in last and "Page 3 of 3" in last
    Artifact.objects.update(byte_count=2**40)
    assert "Too large to browse" in web.get(address("captions", run)).content.decode()
    assert web.get(address("api_captions", run)).status_code == 409


def test_a_reviewer_changes_captions_but_is_offered_no_file_and_no_writing_anew(run) -> None:
    reviewer = member(run.project, person("rita"), "reviewer").user
    page = browser(reviewer).get(address("captions", run)).content.decode()
    assert "Change" in page and "Write anew" not in page and "Make a file" not in page
    assert browser(reviewer).post(address("captions_anew", run), {"entry": "塔"}).status_code == 403
    assert Run.objects.count() == 1 and not CaptionFile.objects.exists()
