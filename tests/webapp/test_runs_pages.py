"""The pages about runs, as a browser gets them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml_core.methods import cards
from tests.runs import *  # noqa: F403
from webapp.experiments import forms, references
from webapp.experiments.actions import delete_run, rerun_with_seeds
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Metric, RegisteredModel, Run
from webapp.experiments.queries.details import metric_tables, metrics_of
from webapp.experiments.queries.runs import Measured
from workers.tasks import run_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(owner) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner)
    return client


def address(name: str, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds"} | more)


def test_an_empty_list_says_what_to_do(web):
    page = web.get(address("runs"))
    assert page.status_code == 200
    assert "No runs yet" in page.content.decode()


def test_every_web_method_can_be_chosen(web, example_package):
    page = web.get(address("choose")).content.decode()
    assert "Counts to a number and tells how it went." in page


def test_the_form_shows_bounds_units_groups_and_presets(web, example_package):
    page = web.get(address("new", method="example.count")).content.decode()
    for text in ("How far to count.", "1 to 100,000", "steps", "Counting", "Advanced", "?preset=quick"):
        assert text in page


def test_a_run_is_launched_from_the_form_and_its_page_shows_it_waiting(web, example_package):
    answer = web.post(address("new", method="example.count"), {"run_title": "Three", "steps": "3", "pause": "0"})
    run = Run.objects.get()
    assert answer.url == address("run", run_id=run.pk)
    assert (run.title, run.spec["steps"], run.spec["every"]) == ("Three", 3, 2)
    page = web.get(answer.url).content.decode()
    assert "next in the CPU queue" in page


def test_a_waiting_run_tells_of_older_runs_that_a_worker_of_both_queues_takes_first(web, launch):
    ours = launch()
    for _ in range(2):
        Run.objects.filter(pk=launch().pk).update(queue="gpu", created_at=ours.created_at - timedelta(hours=1))
    Run.objects.filter(pk=launch().pk).update(queue="gpu")
    page = web.get(address("run", run_id=ours.pk)).content.decode()
    assert "next in the CPU queue" in page
    assert "a worker that serves both queues first takes 2 older runs of the other" in page
    Run.objects.filter(queue="gpu").update(state="cancelled")
    assert "serves both queues" not in web.get(address("run", run_id=ours.pk)).content.decode()


def test_a_failure_rate_is_written_in_percent_like_every_share(web, launch):
    run = launch()
    Metric.objects.create(run=run, name="t2i/failure_rate", value=0.834, low=0.79, high=0.87, n=200)
    Run.objects.update(state="succeeded")
    page = web.get(address("run", run_id=run.pk)).content.decode()
    assert "83.4" in page and "79.0–87.0" in page and "0.834" not in page


def test_everything_wrong_is_told_at_once_and_nothing_typed_is_lost(web, example_package):
    typed = {"steps": "0", "seed": "x", "ending": "oddly", "pause": "3.5", "words": "a, b", "run_title": "Kept"}
    answer = web.post(address("new", method="example.count"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("field-invalid") == 3
    assert 'value="3.5"' in page and 'value="a, b"' in page and 'value="Kept"' in page
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [("0", "must be at least 1"), ("5,x", "must be a whole number"), (",", "a value is required")],
)
def test_a_wrong_list_is_told_once_in_plain_words(web, typed, said):
    answer = web.post(address("new", method="retrieval.evaluate"), {"ks": typed})
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert not any(word in page for word in ("tuple", "validation", "at least 1 item"))


def test_a_run_that_is_deleted_while_the_form_is_sent_is_told_at_its_field(web, launch, owner, monkeypatch):
    source, checked = launch(), forms.check_values

    def deleted_after_the_look(*given):
        found = checked(*given)
        delete_run(run=source, actor=owner, now=timezone.now())
        return found

    monkeypatch.setattr(forms, "check_values", deleted_after_the_look)
    answer = web.post(address("new", method="example.count"), {"steps": "3", "source": f"run:{source.pk}"})
    assert answer.status_code == 422
    assert f"this project has no run {source.pk}" in answer.content.decode()


def test_text_with_a_zero_byte_is_told_at_its_field(web, example_package):
    typed = {"steps": "3", "words": "a, b\0", "run_title": "ok\0"}
    answer = web.post(address("new", method="example.count"), typed)
    assert answer.status_code == 422
    assert answer.content.decode().count("Null characters are not allowed") == 4  # above, and at each
    assert not Run.objects.exists()


@pytest.mark.parametrize("query", ["?method=%00", "?q=%00", "?state=%00&before=%00"])
def test_a_zero_byte_in_an_address_is_no_fault(web, query):
    assert web.get(address("runs") + query).status_code in (200, 400)


def test_a_finished_runs_page_shows_its_numbers_with_intervals(web, finished):
    run = finished(steps=4)
    page = web.get(address("run", run_id=run.pk)).content.decode()
    for text in ("Total", "5.00–7.00", "Curves", "count.json", "python -m ml_core example.count", "Provenance"):
        assert text in page, text


def test_a_clone_starts_from_its_run_and_tells_the_difference(web, launch):
    run = launch(steps=7, words=["a", "b"])
    page = web.get(address("new", method="example.count") + f"?clone={run.pk}").content.decode()
    assert 'value="7"' in page and 'value="a, b"' in page
    assert "In nothing." in page
    typed = {"steps": "8", "pause": "0.0", "words": "a, b", "seed": "0", "every": "2", "ending": "well"}
    aside = web.post(address("check", method="example.count") + f"?clone={run.pk}", typed).content.decode()
    assert aside.count('<th scope="row">') == 1 and "steps" in aside


@pytest.mark.parametrize("method", ["retrieval.evaluate", "failures.mine"])
@pytest.mark.parametrize("gpu", ["yes", "no"])
def test_the_form_says_that_one_worker_serves_both_queues_where_there_is_no_gpu(web, settings, method, gpu):
    settings.NEARMISS_GPU = gpu
    page = web.get(address("new", method=method)).content.decode()
    assert ("one worker serves both queues" in page) == (gpu == "no")
    slow = cards()[method].queue == "gpu" and gpu == "no"
    assert ("it runs on the CPU, which takes longer" in page) == slow


def test_a_preset_fills_the_form(web, example_package):
    page = web.get(address("new", method="example.count") + "?preset=slow").content.decode()
    assert 'value="20"' in page and 'value="0.1"' in page


def test_the_estimate_rests_on_earlier_runs_or_says_that_there_are_none(web, finished):
    before = web.get(address("new", method="example.count")).content.decode()
    assert "nobody knows yet" in before
    finished()
    after = web.get(address("new", method="example.count")).content.decode()
    assert "Median of 1 earlier run of this method" in after


def test_filters_stand_in_the_address_and_narrow_the_list(web, launch):
    launch(steps=1), launch(steps=2)
    Run.objects.filter(spec__steps=1).update(state="failed", title="Lost")
    Run.objects.filter(spec__steps=2).update(title="Kept")
    page = web.get(address("runs") + "?state=failed").content.decode()
    assert "Lost" in page and "Kept" not in page
    assert '<option value="failed" selected>' in page
    assert "No run fits" in web.get(address("runs") + "?q=nothing").content.decode()


def test_the_list_asks_the_database_as_often_for_many_runs_as_for_one(web, launch):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            web.get(address("runs"))
        return len(queries)

    launch()
    count()  # a session's first page learns whose it is; the others ask for both at once
    one = count()
    for _ in range(30):
        launch()
    assert count() == one


def test_pages_of_the_list_follow_each_other_without_gap_or_repetition(web, launch):
    for _ in range(45):
        launch()
    first = web.get(address("runs")).content.decode()
    older = web.get(address("runs") + "?" + re.search(r"before=\d+", first)[0]).content.decode()
    numbers = re.findall(r"/runs/(\d+)/\"", first) + re.findall(r"/runs/(\d+)/\"", older)
    assert [int(number) for number in numbers] == sorted(Run.objects.values_list("pk", flat=True), reverse=True)


def test_the_live_part_is_silent_while_nothing_changes_and_reloads_at_the_end(web, launch):
    run = launch()
    part = web.get(address("live", run_id=run.pk))
    seen = re.search(r"seen=(\w+)", part.content.decode())[1]
    assert web.get(address("live", run_id=run.pk) + f"?seen={seen}").status_code == 204
    Run.objects.update(state="running", progress={"stage": "Counting", "done": 1, "total": 4})
    assert "Counting" in web.get(address("live", run_id=run.pk) + f"?seen={seen}").content.decode()
    Run.objects.update(state="succeeded")
    assert web.get(address("live", run_id=run.pk)).headers["HX-Refresh"] == "true"


def test_a_failed_run_shows_the_reason_the_advice_and_the_way_out(web, finished):
    run = finished(ending="refused")
    page = web.get(address("run", run_id=run.pk)).content.decode()
    for text in ("there is nothing to count", "Clone with fix", f"clone={run.pk}#id_steps", "Last lines"):
        assert text in page, text
    assert "Traceback" not in page


def test_numbers_leave_as_a_table_that_no_spreadsheet_runs(web, launch):
    run = launch()
    Metric.objects.create(run=run, name="=cmd()", value=1, step=-1)
    lines = web.get(address("metrics_csv", run_id=run.pk)).content.decode().splitlines()
    assert lines == ["metric,slice,step,value,low,high,n,held_out", "'=cmd(),,,1.0,,,,"]


def test_a_file_of_a_run_is_always_a_download(web, finished):
    run = finished()
    answer = web.get(address("artifact", run_id=run.pk, artifact_id=run.artifacts.get().pk))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content).startswith(b'{"total"')


def test_a_group_shows_the_mean_with_its_interval_over_seeds(web, finished, owner):
    run = finished(steps=2, seed=1)
    group = rerun_with_seeds(run=run, seeds=[2, 3], actor=owner, now=timezone.now())
    run_next("cpu")
    page = web.get(address("group", group_id=group.pk)).content.decode()
    assert "3.00" in page and "0.516" in page  # mean of 2, 3, 4 and the low end of its t-interval


def test_an_administrator_registers_a_model_and_takes_it_back(web, owner):
    models = reverse("experiments:models")
    assert web.get(models).status_code == 403
    type(owner).objects.update(is_superuser=True)
    assert web.post(models, {"name": "Tiny", "slug": "tiny", "reference": "/etc"}).status_code == 422
    web.post(models, {"name": "Tiny", "slug": "tiny", "reference": "hf:tiny"})
    model = RegisteredModel.objects.get()
    assert "model:tiny" in web.get(models).content.decode()
    web.post(reverse("experiments:model_remove", kwargs={"model_id": model.pk}))
    assert not RegisteredModel.objects.exists()


def test_what_waits_for_a_person_names_their_failed_and_working_runs(web, launch):
    launch(steps=1), launch(steps=2)
    failure = {"reason": "It rained."}
    Run.objects.filter(spec__steps=1).update(state="failed", failure=failure, finished_at=timezone.now())
    page = web.get("/p/birds/").content.decode()
    assert "It rained." in page and "Waiting" in page


def test_home_names_runs_at_work_runs_that_ended_and_the_demos_own(web, finished, launch):
    ended, waiting = finished(steps=2), launch(steps=3)
    Run.objects.filter(pk=waiting.pk).update(created_by=None)
    page = web.get("/").content.decode()
    assert address("run", run_id=ended.pk) in page and "Finished: its numbers are there" in page
    assert address("run", run_id=waiting.pk) in page and "Waiting" in page


def test_slices_with_one_quantity_share_a_table_in_the_order_of_their_numbers():
    def one(name: str, part: str = "") -> Measured:
        return Measured(name, part, 1.0, None, None, 5)

    parts = ["rank 101-500", "rank 2-5", "rank 11-50", "margin below -0.1", "margin -0.1 to -0.05"]
    whole = [one("t2i/failures"), one("t2i/failure_rate"), one("i2t/failures")]
    subset = [one("t2i/recall@1", "attribute"), one("t2i/mrr", "attribute")]
    tables = metric_tables(whole + subset + [one("t2i/failures", part) for part in parts])
    assert [table.title for table in tables] == ["", "attribute", "Failures"]
    assert [[cell is not None for cell in cells] for _, cells in tables[0].rows] == [[True, True], [True, False]]
    ordered = ["margin below -0.1", "margin -0.1 to -0.05", "rank 2-5", "rank 11-50", "rank 101-500"]
    assert [words for words, _ in tables[2].rows] == ordered


@pytest.mark.parametrize("direction", ["t2i", "i2t", "classify"])
def test_mined_failures_are_told_in_the_list_whatever_was_asked(web, launch, direction):
    run = launch()
    Run.objects.filter(pk=run.pk).update(method="failures.mine", state="succeeded")
    Metric.objects.create(run=run, name=f"{direction}/failures", value=37, low=30, high=44, n=200)
    Metric.objects.create(run=run, name=f"{direction}/failure_rate", value=0.185, low=0.15, high=0.22, n=200)
    assert ">37<" in web.get(address("runs")).content.decode()
    page = web.get(address("run", run_id=run.pk)).content.decode()
    read = page.partition('class="readings"')[2].partition("</dl>")[0]
    assert read.count("<dt>") == 2 and ">37<" in read and "18.5" in read


def left(run: Run, path: str, data: bytes = b"x") -> None:
    key = f"run/{run.pk}/attempt-1/{path}"
    store().write_bytes(key, data)
    row = {"name": "Left", "role": "plot", "media_type": "text/plain", "byte_count": len(data), "sha256": "0" * 64}
    run.artifacts.create(attempt=1, path=path, key=key, **row)


def test_files_that_differ_in_a_number_alone_are_one_row_and_a_page_of_their_own(web, launch):
    run = launch()
    left(run, "cases.parquet", b"12345")
    for number in range(120):
        left(run, f"plots/seen_{number}.png")
    page = web.get(address("run", run_id=run.pk)).content.decode()
    assert "cases.parquet" in page and "plots/seen_*.png" in page and "120 files of this kind" in page
    assert "plots/seen_7.png" not in page and address("files_zip", run_id=run.pk) in page
    first = web.get(address("files", run_id=run.pk), {"like": "plots/seen_*.png"}).content.decode()
    assert first.index("seen_9.png") < first.index("seen_10.png") and "cases.parquet" not in first
    assert "seen_100.png" not in first and "Page 1 of 2, 120 files" in first
    assert "seen_119.png" in web.get(address("files", run_id=run.pk), {"page": "99"}).content.decode()


def test_everything_a_run_left_comes_as_one_zip_without_what_is_gone(web, launch):
    run = launch()
    left(run, "cases.parquet", b"12345")
    left(run, "plots/seen_1.png", b"67")
    left(run, "gone.csv")
    store().delete_prefix(f"run/{run.pk}/attempt-1/gone.csv")
    answer = web.get(address("files_zip", run_id=run.pk))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "cases.parquet": b"12345",
        "plots/seen_1.png": b"67",
    }
    assert web.get(address("files_zip", run_id=launch().pk)).status_code == 404


def test_methods_stand_by_what_they_are_for_and_presets_that_many_share_are_left_to_their_forms(web):
    page = web.get(address("choose")).content.decode()
    places = [page.index(f">{title}</h2>") for title in ("Retrieval", "Classification", "Failures")]
    assert places == sorted(places) and page.index("zeroshot.evaluate") < page.index("core.classify")
    assert "784 points" in page and "SigLIP" not in page
    form = web.get(address("new", method="synce.sweep")).content.decode()
    assert "SigLIP" in form and form.count("Bring recorded captions") == 1


def test_arms_of_an_ablation_share_one_table_and_a_small_p_is_not_nought(web, launch):
    run = launch()
    Run.objects.filter(pk=run.pk).update(method="synce.ablate", state="succeeded")
    for part in ("", "class-side", "both", "tau=0.5", "image-captions=10", "image-captions=2"):
        for name, value in (("accuracy@1", 0.5), ("p_value", 3e-26)):
            Metric.objects.create(run=run, name=name, slice=quote(part, safe=""), value=value, n=9)
    tables = metric_tables(metrics_of(run))
    rows = ["Both sides", "Classes alone", "Picture captions: 2", "Picture captions: 10", "τ 0.5"]
    assert [[words for words, _ in table.rows] for table in tables] == [["Accuracy@1", "p"], rows]
    assert "&lt; 0.0001" in web.get(address("run", run_id=run.pk)).content.decode()


def test_a_run_that_leaves_no_model_is_refused_as_an_encoder_before_anything_starts(project, launch):
    card, mined = cards()["zeroshot.evaluate"], launch()
    Run.objects.filter(pk=mined.pk).update(method="retrieval.evaluate", state="succeeded")
    (problem,) = references.check(project, card, {"encoder": f"run:{mined.pk}"})[1]
    assert problem == ("encoder", f"run {mined.pk} is a retrieval.evaluate, which leaves no model: name a training")
    left(mined, "model/config.json")
    Artifact.objects.update(role="model")
    assert references.check(project, card, {"encoder": f"run:{mined.pk}"})[1] == []
