"""What people are told of training data that is evaluated on: refused at launch, or marked wherever a number is."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.overlap import FILE, Content, Seen, content_of, write_seen
from ml_core.spec import BadInput
from tests.parts.scenes import scenes_corpus
from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Metric, Run
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
TRAINING, OTHERS = "scenes:30?seed=5&size=32&split=train", "scenes:20?seed=5&size=32&split=heldout"


@pytest.fixture
def project(db) -> Project:
    return people.project("Birds", people.person("owner"))


@pytest.fixture
def training(project) -> Corpus:
    return scenes_corpus(project, TRAINING, "Training")


@pytest.fixture
def model(project, training) -> Run:
    """A training that has not ended yet."""
    return launch(project, "contrastive.train", data=f"corpus:{training.pk}")


@pytest.fixture
def web(project) -> Client:
    return people.browser(project.memberships.get().user)


def launch(project: Project, method: str = "retrieval.evaluate", **values: object) -> Run:
    return launch_run(project=project, method=method, values=values, actor=None, now=timezone.now())


def test_an_evaluation_on_training_data_is_refused_at_launch_with_number_and_examples(project, training, model):
    for method in ("retrieval.evaluate", "retrieval.improve"):
        with pytest.raises(BadInput) as refused:
            launch(project, method, data=f"corpus:{training.pk}", encoder=f"run:{model.pk}")
        assert refused.value.field == "encoder"
        text = str(refused.value)
        assert f"Run {model.pk} was trained on" in text and "30 pictures have the same content" in text
        assert "(train-5-" in text and "overlap set to allow" in text
    assert not Run.objects.filter(method__startswith="retrieval").exists()


def test_the_form_says_it_at_the_encoder_and_the_api_with_400(project, training, model, web):
    typed = {"data": f"corpus:{training.pk}", "encoder": f"run:{model.pk}", "directions": "both", "ks": "1, 5",
             "resamples": "2000", "seed": "0", "keep": "10", "near_duplicate": "0.95", "overlap": "refuse",
             "precision": "auto", "batch_size": "0"}  # fmt: skip
    answer = web.post(reverse("experiments:new", args=[project.slug, "retrieval.evaluate"]), typed)
    assert answer.status_code == 422 and "30 pictures have the same content" in answer.content.decode()
    spec = {"data": f"corpus:{training.pk}", "encoder": f"run:{model.pk}"}
    body = {"method": "retrieval.evaluate", "spec": spec}
    address = reverse("experiments:api_runs", args=[project.slug])
    answer = web.post(address, body, content_type="application/json")
    assert answer.status_code == 400 and "was trained on" in str(answer.json())
    body["spec"] = spec | {"overlap": "allow"}
    assert web.post(address, body, content_type="application/json").status_code == 201


def test_held_out_scenes_go(project, model):
    others = scenes_corpus(project, OTHERS, "Others")
    assert launch(project, data=f"corpus:{others.pk}", encoder=f"run:{model.pk}").state == "queued"


def test_the_same_scenes_in_another_size_and_siblings_are_seen_too(project, model):
    larger = scenes_corpus(project, TRAINING.replace("size=32", "size=48"), "Larger")
    with pytest.raises(BadInput, match="30 pictures have the same id"):
        launch(project, data=f"corpus:{larger.pk}", encoder=f"run:{model.pk}")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE corpora_item SET external_id = external_id || '9' WHERE corpus_id = %s", [larger.pk])
    with pytest.raises(BadInput, match="scenes have siblings"):
        launch(project, data=f"corpus:{larger.pk}", encoder=f"run:{model.pk}")
    assert launch(project, data=f"corpus:{larger.pk}", encoder=f"run:{model.pk}", overlap="content").pk


def test_what_a_held_out_set_took_out_of_training_was_not_seen(project, training):
    part = scenes_corpus(project, f"{TRAINING}&sample=6", "Part")
    model = launch(project, "contrastive.train", data=f"corpus:{training.pk}", val_data=f"corpus:{part.pk}")
    assert launch(project, data=f"corpus:{part.pk}", encoder=f"run:{model.pk}").pk
    with pytest.raises(BadInput, match="24 pictures have the same id"):
        launch(project, data=f"corpus:{training.pk}", encoder=f"run:{model.pk}")


def test_a_model_saw_what_the_one_it_went_on_from_saw(project, training, model):
    others = scenes_corpus(project, OTHERS, "Others")
    second = launch(project, "contrastive.train", data=f"corpus:{others.pk}", start=f"run:{model.pk}")
    with pytest.raises(BadInput, match=f"Run {model.pk} was trained on"):
        launch(project, data=f"corpus:{training.pk}", encoder=f"run:{second.pk}")


def test_samples_of_one_set_are_compared_as_sampled(project, training):
    model = launch(project, "contrastive.train", data=f"corpus:{training.pk}?sample=10&seed=1")
    with pytest.raises(BadInput, match="10 pictures have the same id"):
        launch(project, data=f"corpus:{training.pk}", encoder=f"run:{model.pk}")


def test_what_a_finished_model_says_it_saw_counts_more_than_its_data_set(project, training, model, tmp_path):
    dataset = open_dataset(TRAINING)
    saw = content_of(dataset.item_ids[:4], dataset.file_hashes[:4], scenes=False)
    write_seen(tmp_path, Seen(saw, Content()))
    data = (tmp_path / FILE).read_bytes()
    store().write_bytes("run/x/seen", data)
    Artifact.objects.create(
        run=model, attempt=1, path=f"model/{FILE}", name="model", role="model", media_type="", key="run/x/seen",
        byte_count=len(data), sha256="",
    )  # fmt: skip
    with pytest.raises(BadInput, match="4 pictures have the same id"):
        launch(project, data=f"corpus:{training.pk}", encoder=f"run:{model.pk}")


def test_a_run_that_was_not_held_out_is_marked_on_every_page_in_the_file_and_the_api(project, training, model, web):
    run = launch(project, data=f"corpus:{training.pk}", encoder=f"run:{model.pk}", overlap="allow")
    Run.objects.filter(pk=run.pk).update(
        state="succeeded", provenance={"held_out": "no", "seen_in_training": "30 pictures have the same id (a)"}
    )
    Metric.objects.create(run=run, name="t2i/recall@1", value=0.9, low=0.8, high=0.95, n=30)
    page = web.get(reverse("experiments:run", args=[project.slug, run.pk])).content.decode()
    assert "Not held out" in page and page.count("not held out") >= 2 and "30 pictures have the same id (a)." in page
    assert "not held out" in web.get(reverse("experiments:runs", args=[project.slug])).content.decode()
    text = web.get(reverse("experiments:metrics_csv", args=[project.slug, run.pk])).content.decode()
    assert [row["held_out"] for row in csv.DictReader(io.StringIO(text))] == ["no"]
    assert web.get(reverse("experiments:api_run", args=[project.slug, run.pk])).json()["held_out"] == "no"
    metrics = web.get(reverse("experiments:api_metrics", args=[project.slug, run.pk])).json()
    assert [row["held_out"] for row in metrics["results"]] == ["no"]


def test_an_unknown_model_is_said_to_be_unknown(project, training, web):
    run = launch(project, "contrastive.train", data=f"corpus:{training.pk}")
    Run.objects.filter(pk=run.pk).update(state="succeeded", provenance={"held_out": "unknown"})
    assert (
        "were held out is unknown" in web.get(reverse("experiments:run", args=[project.slug, run.pk])).content.decode()
    )


def measured(run: Run, **values: float) -> None:
    for name, value in values.items():
        name, _, part = name.partition("__")
        Metric.objects.create(
            run=run, name=f"t2i/{name.replace('_at_', '@')}" if not name.startswith("near") else name,
            slice=part.replace("_", "-"), value=value, low=value, high=value, n=30,
        )  # fmt: skip


def test_the_headline_stands_beside_the_one_without_near_duplicates(project, training, web):
    run = launch(project, "contrastive.train", data=f"corpus:{training.pk}")
    Run.objects.filter(pk=run.pk).update(method="retrieval.evaluate", state="succeeded")
    measured(run, recall_at_1=0.5, recall_at_1__no_near_duplicates=0.625, near_duplicates=7)
    page = web.get(reverse("experiments:run", args=[project.slug, run.pk])).content.decode()
    readings = page.partition('class="readings"')[2].partition("</dl>")[0]
    assert "without near duplicates" in readings and "62.5" in readings and "50.0" in readings
    Metric.objects.filter(name="near_duplicates").update(value=0)
    page = web.get(reverse("experiments:run", args=[project.slug, run.pk])).content.decode()
    assert "without near duplicates" not in page.partition('class="readings"')[2].partition("</dl>")[0]


def test_an_improvement_leads_with_baseline_and_control_beside_it(project, training, web):
    run = launch(project, "contrastive.train", data=f"corpus:{training.pk}")
    Run.objects.filter(pk=run.pk).update(method="retrieval.improve", state="succeeded")
    measured(run, recall_at_1=0.3, recall_at_1__baseline=0.0, recall_at_1__random_control=0.25, net=0.3)
    page = web.get(reverse("experiments:run", args=[project.slug, run.pk])).content.decode()
    readings = page.partition('class="readings"')[2].partition("</dl>")[0]
    assert readings.index("baseline") < readings.index("random control") < readings.index("Net change")


def test_a_comparison_marks_runs_that_were_not_held_out_and_shows_nothing_by_them(project, tmp_path, web):
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    wrong = dict.fromkeys(range(0, 60, 2), 3)
    one = answered(project, tmp_path, corpus, wrong, title="Plain")
    two = answered(project, tmp_path, corpus, title="Knows it all")
    Run.objects.filter(pk=two.pk).update(provenance={"held_out": "no"})
    where = f"?runs={one.pk},{two.pk}"
    web.get(reverse("verdicts:compare", args=[project.slug]) + where)
    calculating.work()
    page = web.get(reverse("verdicts:compare", args=[project.slug]) + where).content.decode()
    assert "Not held out" in page and "not judged" in page and "a model was trained on what it is evaluated on" in page
    told = web.get(reverse("verdicts:api_comparison", args=[project.slug]) + where).json()
    card = told["report"]["verdicts"][str(two.pk)]["t2i"]["all"]
    assert told["not_held_out"] == [two.pk] and not card["shown"] and card["held_out"] is False
    text = web.get(reverse("verdicts:compare_file", args=[project.slug, "numbers"]) + where).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["run"] for row in rows if row["name"] == "held_out"] == [str(two.pk)]


def test_where_the_baseline_fails_everywhere_no_page_file_or_api_tells_a_net_without_a_control(project, tmp_path, web):
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    one = answered(project, tmp_path, corpus, dict.fromkeys(range(60), 3), title="Plain", both=False)
    two = answered(project, tmp_path, corpus, title="Better", both=False)
    where = f"?runs={one.pk},{two.pk}"
    web.get(reverse("verdicts:compare", args=[project.slug]) + where)
    calculating.work()
    page = web.get(reverse("verdicts:compare", args=[project.slug]) + where).content.decode()
    net = page.partition('class="verdict-net"')[2].partition("</div>")[0]
    assert "+100" not in net and "Nothing is shown without a control" in page
    told = web.get(reverse("verdicts:api_comparison", args=[project.slug]) + where).json()
    card = told["report"]["verdicts"][str(two.pk)]["t2i"]["all"]
    assert card["net"]["value"] is None and card["p"] is None and card["selection"] == "failures"
    text = web.get(reverse("verdicts:compare_file", args=[project.slug, "numbers"]) + where).content.decode()
    values = {row["name"]: row["value"] for row in csv.DictReader(io.StringIO(text)) if row["part"] == "verdict"}
    assert values["t2i/net"] == "" and values["t2i/selection"] == "failures" and "control" in values["t2i/why"]


def test_other_queries_are_refused_by_what_the_runs_say_before_any_worker_looks(project, tmp_path, web):
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    runs = [answered(project, tmp_path, corpus, title=name, both=False) for name in ("One", "Two")]
    for number, run in enumerate(runs):
        Run.objects.filter(pk=run.pk).update(provenance={"queries": {"t2i": f"hash {number}"}})
    where = f"?runs={runs[0].pk},{runs[1].pk}"
    page = web.get(reverse("verdicts:compare", args=[project.slug]) + where).content.decode()
    assert "asked other queries than" in page and "Compare runs of the same sample" in page
    told = web.get(reverse("verdicts:api_comparison", args=[project.slug]) + where).json()
    assert told["report"] is None and "asked other queries" in told["refusals"][0]
