"""A classification from the web: recorded captions brought and read, a real run on them, what its pages show."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.datasets.cases import SCHEMA, write_cases
from ml_core.methods import card as find_card
from ml_core.taxonomy import DEFAULT
from ml_core.taxonomy_of_classes import CLASSIFICATION, for_classes
from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.tiny_models import tiny_clip
from tests.webapp.case_parts import drawn
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import AnalysisSet, Annotator, Campaign, Slot
from webapp.annotation.sets.actions import ask_to_freeze
from webapp.annotation.taxonomies.actions import default_version
from webapp.annotation.taxonomies.queries import versions_for
from webapp.corpora import importing
from webapp.corpora.models import Corpus, Item
from webapp.experiments.actions import launch_run
from webapp.experiments.case_loading import load_cases
from webapp.experiments.cases.filters import Filters
from webapp.experiments.classes import classes_of
from webapp.experiments.demo import make_demo, start_classes
from webapp.experiments.models import CaptionFile, Metric, RegisteredModel, Run, RunInput
from webapp.experiments.plots import heats_of, sheet_of
from webapp.experiments.queries.following import beside
from webapp.verdicts.comparing.asked import read
from webapp.verdicts.comparing.queries import comparison_of
from workers import calculating, captions
from workers.tasks import run_next

pytestmark = pytest.mark.django_db(transaction=True)
CLASSES = {"red ball": 5, "green tree": 4, "blue house": 3}


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
    """Twelve pictures of three classes."""
    folder = class_folders(tmp_path / "classes", CLASSES)
    return drawn(project, f"imagefolder:{folder}?domain=a drawing", "Toys")


@pytest.fixture
def tiny(db) -> RegisteredModel:
    """A tiny encoder that runs may use."""
    return RegisteredModel.objects.create(
        slug="tiny", name="Tiny", reference=f"hf:{tiny_clip()}", created_at=timezone.now()
    )


def class_side(names=tuple(CLASSES)) -> bytes:
    told = {
        name: {"captions": [f"a small {name}", f"a {name} in the park"], "similarities": [0.9, 0.8]} for name in names
    }
    return json.dumps({"_meta": {"model": "by hand"}, **told}).encode()


def image_side(corpus: Corpus, guess: str | None = "red ball") -> bytes:
    names = Item.objects.filter(corpus=corpus).order_by("number").values_list("file_name", flat=True)
    rows = [{"filename": name, "description": ["a picture of a ball"], "predicted_class": guess} for name in names]
    return json.dumps({"predictions": rows}).encode()


def brought(web: Client, corpus: Corpus, side: str, data: bytes) -> CaptionFile:
    form = {"file": SimpleUploadedFile("told.json", data), "corpus": corpus.pk, "side": side}
    answer = web.post(address("caption_files"), form)
    assert answer.status_code == 302, answer.content.decode()
    captions.work()
    return CaptionFile.objects.latest("pk")


def address(name: str, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds"} | more)


def test_a_caption_file_is_brought_read_and_shown(web, corpus):
    file = brought(web, corpus, "class_captions", class_side())
    assert (file.state, file.found["entries"], file.found["captions"]) == ("ready", 3, 6), file.failure
    page = web.get(address("caption_file", file_id=file.pk)).content.decode()
    assert "by hand" in page and f"class_captions=captions:{file.pk}" in page
    assert "told.json" in web.get(address("caption_files")).content.decode()


def test_all_that_is_wrong_with_a_caption_file_is_told_and_no_run_may_name_it(web, corpus, project, owner, tiny):
    file = brought(web, corpus, "class_captions", class_side(("red ball", "blue house", "grey mouse")))
    assert file.state == "refused"
    assert "“grey mouse” is no class" in file.failure and "“green tree” is missing" in file.failure
    assert "It cannot be used" in web.get(address("caption_file", file_id=file.pk)).content.decode()
    form = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "class_captions": f"captions:{file.pk}"}
    answer = web.post(address("new", method="synce.classify"), form)
    assert answer.status_code == 422 and "cannot be used" in answer.content.decode()


def test_predictions_that_are_the_labels_are_refused(web, corpus):
    rows = Item.objects.filter(corpus=corpus).order_by("number").values_list("file_name", flat=True)
    told = [{"filename": n, "description": ["x"], "predicted_class": n.split("/")[0]} for n in rows]
    file = brought(web, corpus, "image_captions", json.dumps({"predictions": told}).encode())
    assert file.state == "refused" and "the labels themselves" in file.failure


def test_what_is_no_json_object_is_refused_at_its_field(web, corpus):
    form = {"file": SimpleUploadedFile("a.json", b"[1]"), "corpus": corpus.pk, "side": "class_captions"}
    answer = web.post(address("caption_files"), form)
    assert answer.status_code == 422 and "no JSON object" in answer.content.decode()
    assert not CaptionFile.objects.exists()


def test_a_classification_runs_from_the_form_to_its_cases(web, corpus, tiny):
    classes = brought(web, corpus, "class_captions", class_side())
    pictures = brought(web, corpus, "image_captions", image_side(corpus))
    form = {
        "data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "class_captions": f"captions:{classes.pk}",
        "image_captions": f"captions:{pictures.pk}", "resamples": "100", "ks": "1, 2",
    }  # fmt: skip
    shown = web.get(address("new", method="synce.classify")).content.decode()
    assert f"captions:{classes.pk}" in shown and "Bring recorded captions" in shown
    answer = web.post(address("new", method="synce.classify"), form)
    assert answer.status_code == 302, answer.content.decode()
    run_next("gpu")
    run = Run.objects.get()
    assert run.state == "succeeded", run.failure
    names = set(Metric.objects.filter(run=run).values_list("name", flat=True))
    assert {"accuracy@1", "baseline/accuracy@1", "f1", "ece"} <= names
    assert run.case_count == 12 and list(run.cases.values_list("direction", flat=True).distinct()) == ["classify"]
    assert set(run.cases.values_list("answer_kind", flat=True)) == {"class"}
    page = web.get(address("run", run_id=run.pk)).content.decode()
    assert "told.json" in page
    gallery = web.get(address("cases", run_id=run.pk) + "?outcome=all").content.decode()
    assert "True class" in gallery and "green tree" in gallery


def test_a_file_that_runs_need_stays(web, corpus, tiny, project, owner):
    file = brought(web, corpus, "class_captions", class_side())
    values = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "class_captions": f"captions:{file.pk}"}
    launch_run(project=project, method="synce.classify", values=values, actor=owner, now=timezone.now())
    web.post(address("caption_file_remove", file_id=file.pk))
    assert CaptionFile.objects.filter(pk=file.pk).exists()
    Run.objects.all().delete()
    web.post(address("caption_file_remove", file_id=file.pk))
    assert not CaptionFile.objects.exists()


def test_captions_of_another_sets_pictures_are_refused(web, corpus, project, tiny, tmp_path):
    other = drawn(project, f"imagefolder:{class_folders(tmp_path / 'other', CLASSES)}", "Others")
    file = brought(web, other, "image_captions", image_side(other))
    form = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "image_captions": f"captions:{file.pk}"}
    answer = web.post(address("new", method="synce.classify"), form)
    assert answer.status_code == 422 and "belongs to another data set" in answer.content.decode()


def test_the_page_of_a_classification_shows_who_is_taken_for_whom_and_each_class(web, corpus, tiny, project, owner):
    file = brought(web, corpus, "class_captions", class_side())
    values = {
        "data": f"corpus:{corpus.pk}",
        "encoder": "model:tiny",
        "class_captions": f"captions:{file.pk}",
        "ks": [1],
    }
    run = launch_run(
        project=project, method="synce.sweep", values=values | find_card("synce.sweep").presets["small"],
        actor=owner, now=timezone.now(),
    )  # fmt: skip
    run_next("gpu")
    run.refresh_from_db()
    assert run.state == "succeeded", run.failure
    page = web.get(address("run", run_id=run.pk)).content.decode()
    for text in (
        "What is taken for what",
        "Class by class",
        "Change of F1",
        "The whole sweep",
        "share of class captions",
    ):
        assert text in page, text
    by_class = page.partition('<div class="class-table">')[2].partition("</table>")[0]
    assert by_class.count('class="number-interval"') == 4 * len(CLASSES)
    pairs = Counter((case.right, case.given[0]) for case in run.cases.all())
    (right, first), count = pairs.most_common(1)[0]
    outcome = "hits" if right == first else "failed"
    asked = f"direction=classify&amp;outcome={outcome}&amp;right={right}&amp;first={first}"
    assert f'{asked}">{count}</a>' in page
    cell = web.get(address("cases", run_id=run.pk) + "?" + asked.replace("&amp;", "&")).content.decode()
    assert cell.count('<li class="case ') == count
    told = web.get(
        reverse("experiments:api_cases", kwargs={"slug": "birds", "run_id": run.pk}) + f"?outcome=all&right={right}"
    )
    assert {one["right"]["number"] for one in told.json()["results"]} == {right}
    assert told.json()["results"][0]["right"]["text"] in CLASSES


def test_every_number_of_a_class_has_its_interval_and_a_change_is_coloured_where_it_leaves_zero_out():
    table = {
        "class": [0, 1], "name": ["cat", "dog"], "pictures": [8, 8], "given": [4, 12], "right": [4, 8],
        "precision": [1.0, 0.67], "precision_low": [0.51, 0.39], "precision_high": [1.0, 0.86],
        "recall": [0.5, 1.0], "recall_low": [0.21, 0.67], "recall_high": [0.79, 1.0],
        "f1": [0.67, 0.8], "f1_low": [0.3, 0.5], "f1_high": [0.9, 1.0],
        "baseline_right": [2, 8], "baseline_f1": [0.4, 0.73],
        "f1_change": [0.27, 0.07], "f1_change_low": [0.1, -0.1], "f1_change_high": [0.5, 0.2],
    }  # fmt: skip
    cat, dog = classes_of(table, "/gallery/")
    assert (cat.precision.low, cat.precision.n, cat.recall.n) == (0.51, 4, 8) and (cat.change.low, cat.net) == (0.1, 2)
    assert (cat.tone, dog.tone) == ("repaired", "")
    earlier = {name: row for name, row in table.items() if "change" not in name and not name.startswith("recall_")}
    assert classes_of(earlier, "/gallery/")[0].change is None and classes_of(earlier, "")[0].recall.low is None


def test_vectors_of_a_run_stand_on_a_sheet_with_their_pictures():
    table = {
        "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 2.0], "kind": ["photo", "photo", "domain"],
        "side": ["picture", "picture", "class"], "class": [0, 1, 1],
        "name": ["cat", "dog", "dog"], "picture": [0, 1, None], "text": ["", "", "An image of a dog"],
    }  # fmt: skip
    sheet = sheet_of({"tsne": table}, lambda number: f"/picture/{number}/")
    assert [group.name for group in sheet.groups] == ["cat: Photo", "dog: Photo", "dog: Class name"]
    assert [group.pictures for group in sheet.groups] == [("/picture/0/",), ("/picture/1/",), ("",)]
    assert sheet_of({}, str) is None


def test_heat_maps_mark_the_chosen_point_and_the_default_and_begin_with_the_best_temperatures():
    points = [(a, b, t, t) for t in (0.01, 0.1) for a in (0.0, 0.2) for b in (0.0, 0.1)]
    table = dict(zip(("alpha", "beta", "tau_t2t", "tau_i2t"), map(list, zip(*points, strict=True)), strict=True))
    table |= {
        "accuracy@1": [0.1 * n for n in range(8)],
        "chosen": [0, 0, 1, 0, 0, 0, 0, 0],
        "_title": "accuracy@1 of every point",
    }
    heats = [heat for _, heat in heats_of({"sweep": table})]
    assert [[mark.name for mark in heat.marks] for heat in heats] == [["Chosen"], ["Default"]]
    assert heats[0].values == ((0.0, 0.2), (0.1, pytest.approx(0.3)))
    assert heats[0].ends == heats[1].ends == (0.0, pytest.approx(0.7))


def classified(project, corpus, folder: Path, right: set[int], title: str) -> Run:
    """A finished classification whose cases are written here: every picture is taken for the next class, but for those
    that are right."""
    run = Run.objects.create(
        project=project, method="zeroshot.evaluate", title=title, spec={}, fingerprint="0" * 64, queue="gpu",
        state=Run.State.RUNNING, attempt=1, created_at=timezone.now(), started_at=timezone.now(),
    )  # fmt: skip
    RunInput.objects.create(run=run, field="data", corpus=corpus)
    rows = []
    for number, label in Item.objects.filter(corpus=corpus).order_by("number").values_list("number", "label"):
        hit = number in right
        given = [label, (label + 1) % 3] if hit else [(label + 1) % 3, label]
        rows.append({
            "number": number, "direction": "classify", "unit": number, "prompt_kind": "picture", "prompt": number,
            "answer_kind": "class", "right": label, "right_score": 0.3 if hit else 0.2, "rank": 1 if hit else 2,
            "margin": 0.1 if hit else -0.001 * (number + 1), "given": given, "scores": [0.3, 0.2],
        })  # fmt: skip
    path = folder / f"{title}.parquet"
    write_cases(path, [pa.Table.from_pylist(rows, schema=SCHEMA)])
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.SUCCEEDED, case_count=load_cases(run.pk, 1, path), finished_at=timezone.now()
    )
    run.refresh_from_db()
    return run


@pytest.fixture
def told(project, corpus, tmp_path) -> Run:
    """A classification that is wrong about every picture."""
    return classified(project, corpus, tmp_path, set(), "Told apart")


def test_two_classifications_are_compared_and_what_changed_is_named_by_its_classes(
    web, told, project, corpus, tmp_path
):
    better = classified(project, corpus, tmp_path, set(range(7)), "Better")
    where = reverse("verdicts:compare", kwargs={"slug": "birds"}) + f"?runs={told.pk},{better.pk}"
    web.get(where)
    calculating.work()
    page = web.get(where).content.decode()
    assert "7 of 12" in page or ">7<" in page, page[:2000]
    assert "These runs are not compared" not in page
    assert "Retrieved" not in page and "blue house" in page


def test_a_campaign_on_wrong_classes_takes_the_taxonomy_made_for_them(web, told, owner):
    where = reverse("annotation:campaign_new", kwargs={"slug": "birds"})
    page = web.get(where + f"?run={told.pk}&direction=classify&right=0").content.decode()
    assert "Classification failures (seven of its own)" in page and "true class blue house" in page
    form = {
        "run": told.pk, "direction": "classify", "right": "0", "name": "Why", "taxonomy": "default",
        "annotators": [owner.pk], "size": 3, "overlap": 3, "backup": 0, "seed": 0, "mode": "shares",
    }  # fmt: skip
    answer = web.post(where, form | {"do": "open"})
    assert answer.status_code == 302, answer.content.decode()
    campaign = Campaign.objects.get()
    assert campaign.taxonomy_version.taxonomy.name == "Classification failures"
    task = campaign.tasks.first()
    assert task.prompt["kind"] == "picture"
    assert (task.right["text"], task.given["text"], task.given["class"]) == ("blue house", "green tree", True)
    assert {one.right["text"] for one in campaign.tasks.all()} == {"blue house"}
    Campaign.objects.update(state=Campaign.State.FINISHED)  # who owes it answers sees nobody's
    page = web.get(reverse("annotation:tasks", args=["birds", campaign.pk])).content.decode()
    assert 'alt="Picture"' in page and "Asked" not in page


def test_each_direction_is_offered_its_own_taxonomies_first(web, told, project, owner):
    now = timezone.now()
    classes = default_version(project=project, now=now, direction="classify")
    searched = default_version(project=project, now=now)
    assert [row for row, _ in versions_for(project, "classify")[0]] == [classes]
    assert [row for row, _ in versions_for(project, "t2i")[0]] == [searched]


def test_every_category_of_classes_has_its_words_in_both_languages_and_keys_of_its_own():
    assert CLASSIFICATION.keys == ("alike", "label", "attribute", "context", "several", "quality", "name")
    for choice in CLASSIFICATION.choices:
        assert set(choice.words) == {"en", "zh-hans"} and choice.say("zh-hans").use_when
    assert for_classes(CLASSIFICATION) and not for_classes(DEFAULT)


def test_the_demo_tells_classes_apart_with_captions_and_without(project, owner, tiny):
    before = {"project": project, "actor": owner, "now": timezone.now()}
    started = start_classes(encoder="model:tiny", count=27, size=32, **before)
    run_next("gpu")
    assert set(Run.objects.values_list("state", flat=True)) == {"queued"}  # neither data nor captions are there yet
    importing.work()
    captions.work()
    assert set(CaptionFile.objects.values_list("state", flat=True)) == {"ready"}
    Run.objects.filter(pk__in=started[1:4]).delete()  # the first and the last are enough here
    run_next("gpu")
    runs = {run.pk: run for run in Run.objects.all()}
    assert {run.state for run in runs.values()} == {"succeeded"}, [run.failure for run in runs.values()]
    plain = runs[started[0]]
    assert plain.provenance["simulated"] and plain.provenance["domain"] == "vehicle"
    found = beside(plain)
    assert found.count == 2 and len(runs) == 4 and not found.others  # so that they can be compared
    assert not comparison_of(project, read(QueryDict(found.query))).refusals
    client = Client()
    client.force_login(owner)
    for file, measuring in zip(CaptionFile.objects.order_by("pk"), started[5:], strict=True):
        where = reverse("experiments:api_captions", args=["birds", "file", file.pk])
        told = client.get(where).json()["entries"]
        values = [caption["similarity"] for entry in told for caption in entry["captions"]]
        assert None not in values and len(set(values)) > 5
        page = client.get(reverse("experiments:captions", args=["birds", "file", file.pk])).content.decode()
        assert f'/runs/{measuring}/">run {measuring}</a>' in page and "Write anew" not in page
        page = client.get(address("caption_file", file_id=file.pk)).content.decode()
        assert f"{runs[measuring].method}/?data=corpus:{file.corpus_id}&amp;generator=captions:{file.pk}" in page


def test_the_demo_project_waits_for_all_of_it(db, settings):
    made = make_demo(now=timezone.now())
    methods = list(Run.objects.filter(project=made).order_by("pk").values_list("method", flat=True))
    classifiers = ["zeroshot.evaluate", "synce.classify", "core.classify", "wdys.classify", "synce.sweep"]
    assert methods[3:] == [*classifiers, "synce.class_captions", "synce.image_captions"]
    assert CaptionFile.objects.filter(project=made, state="checking").count() == 2


def test_labels_of_wrong_classes_become_a_set_and_stand_in_the_ledger(web, told, project, corpus, owner, tmp_path):
    now = timezone.now()
    campaign = open_campaign(
        project=project, name="Why", run=told, filters=Filters(direction="classify"), annotators=[owner], size=6,
        overlap=0, backup=0, taxonomy_version=default_version(project=project, now=now, direction="classify"),
        actor=owner, now=now,
    )  # fmt: skip
    who = Annotator.objects.get(campaign=campaign)
    keys = CLASSIFICATION.keys
    answers = [
        Answer(
            uuid.uuid4(), slot.task_id, "answer", category=keys[place % 7], subtype="subtle" if not place % 7 else ""
        )
        for place, slot in enumerate(Slot.objects.filter(annotator=who, state="open").order_by("position"))
    ]
    record_answers(annotator=who, events=answers, source="page", now=now)
    row = ask_to_freeze(campaign=campaign, actor=owner, now=now, name="", rule="consensus", incomplete=False)
    calculating.work()
    row.refresh_from_db()
    assert row.state == "ready", row.failure
    kept = AnalysisSet.objects.get(pk=row.result["set"])
    assert kept.item_count == 6
    classified(project, corpus, tmp_path, {0, 1, 2}, "Better")
    where = reverse("verdicts:ledger", kwargs={"slug": "birds"})
    web.get(where)
    calculating.work()
    page = web.get(where).content.decode()
    assert "Traceback" not in page and "Alike" in page, page[-3000:]
