"""What answers rest on: the pictures and words that `zeroshot.pictures` leaves, shown in the run's page."""

from __future__ import annotations

import csv
import io
import json
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from ml_core.pictures.text_occlusion import Caption, Picture, packed, without_each
from tests.runs import *  # noqa: F403
from webapp.accounts.models import Membership, User
from webapp.experiments.attention.reading import tone_of, words_of
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Run
from webapp.experiments.queries import details

pytestmark = pytest.mark.django_db
TEXT = "A small, red ball."
OCCLUSION = {
    "number": [7, 2], "item": ["cat/7.jpg", "=dog/2.jpg"], "label": [0, 1], "given": [1, 1], "about": [1, 1],
    "label_name": ["cat", "dog"], "given_name": ["dog", "dog"], "about_name": ["dog", "dog"],
    "margin": [0.25, 0.5], "mode": ["margin"] * 2, "fill": ["grey"] * 2, "height": [32] * 2, "width": [32] * 2,
    "square": [5] * 2, "squares": [225] * 2, "flips": [3, 0], "greatest_drop": [0.125, 0.0625],
    "table": ["occlusion_7", "occlusion_2"],
}  # fmt: skip
WORDS = {
    "texts": [TEXT], "spans": [[[0, 1], [2, 7], [13, 17]]],
    "pictures": {
        "number": [7], "item": ["cat/7.jpg"], "label_name": ["cat"], "given_name": ["dog"], "margin": [0.25],
    },
    "captions": {
        "picture": [0], "side": ["picture"], "class_name": [None], "caption": [0], "text": [0],
        "drops": [[0.0, -0.05, 0.1]], "flips": [[2]],
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> None:
    """A store of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")


@pytest.fixture
def web(owner) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def run(project) -> Run:
    """A finished run of the method that has left nothing yet."""
    return Run.objects.create(
        project=project, method="zeroshot.pictures", title="Looked at", spec={}, fingerprint="0" * 64, queue="gpu",
        state=Run.State.SUCCEEDED, attempt=1, created_at=timezone.now(), finished_at=timezone.now(),
    )  # fmt: skip


def left(run: Run, name: str, data: bytes, media_type: str = "application/json", role: str = "plot") -> Artifact:
    key = f"run/{run.pk}/attempt-1/plots/{name}"
    store().write_bytes(key, data)
    row = {"name": name, "role": role, "media_type": media_type, "byte_count": len(data), "sha256": "ab" * 32}
    return Artifact.objects.create(run=run, attempt=1, path=f"plots/{name}", key=key, **row)


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pictured(run: Run) -> Run:
    """The same with attention on two pictures and the words of one caption."""
    left(run, "occlusion.json", json.dumps(OCCLUSION).encode())
    left(run, "occlusion_7.json", json.dumps({"top": [0, 2], "drop": [0.1, 0.2]}).encode())
    left(run, "text_occlusion.json", json.dumps(WORDS).encode())
    for number in (7, 2):
        left(run, f"occlusion_{number}.png", png("orange"), "image/png")
        left(run, f"occlusion_{number}_picture.png", png("grey"), "image/png")
    return run


def address(name: str, run: Run, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": "birds", "run_id": run.pk} | more)


def inline(run: Run, name: str) -> str:
    return address("picture", run, artifact_id=run.artifacts.get(path=f"plots/{name}").pk)


def test_each_picture_that_was_looked_at_stands_beside_its_overlay(web, pictured):
    page = web.get(address("run", pictured)).content.decode()
    for number in (7, 2):
        assert f'src="{inline(pictured, f"occlusion_{number}.png")}"' in page
        assert f'src="{inline(pictured, f"occlusion_{number}_picture.png")}"' in page
    for text in (
        "A square of 5 pixels",
        "cat/7.jpg",
        "(wrong)",
        "(right)",
        "+0.2500",
        "</strong> of 225 squares change",
    ):
        assert text in page, text
    assert address("squares_csv", pictured, number=7) in page and "squares_csv" not in page
    assert address("squares_csv", pictured, number=2) not in page  # the run left no such file
    assert address("api_artifacts", pictured) in unescape(page)


def test_words_stand_in_order_with_what_the_margin_loses_as_a_number_and_a_tone(web, pictured):
    page = web.get(address("run", pictured)).content.decode()
    shown = page.partition('class="told-text">')[2].partition("</p>")[0]
    assert '<span>A</span><span class="told-drop">0.0000' in shown
    assert 'data-tone="-2"><span>small</span><span class="told-drop">−0.0500' in shown
    assert 'data-tone="4" data-flips><span>ball</span><span class="told-drop">+0.1000 ≠' in shown
    assert "</span>, red <span" in shown and shown.endswith("</span>.")


def test_what_was_measured_comes_as_csv_that_no_spreadsheet_runs(web, pictured):
    answer = web.get(address("attention_csv", pictured))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["item"] for row in rows] == ["cat/7.jpg", "'=dog/2.jpg"] and rows[0]["greatest_drop"] == "0.125"
    assert "attachment" in answer.headers["Content-Disposition"]
    words = list(csv.DictReader(io.StringIO(web.get(address("words_csv", pictured)).content.decode())))
    assert [(row["word"], float(row["drop"])) for row in words][2] == ("ball", 0.1)
    squares = web.get(address("squares_csv", pictured, number=7)).content.decode()
    assert squares.split() == ["top,drop", "0,0.1", "2,0.2"]
    assert web.get(address("squares_csv", pictured, number=2)).status_code == 404


def test_a_picture_is_a_png_whatever_is_asked_and_nothing_else_is_shown(web, pictured):
    answer = web.get(inline(pictured, "occlusion_7.png"))
    assert answer.content == png("orange")
    wanted = {"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    assert {name: answer.headers[name] for name in wanted} == wanted
    again = web.get(inline(pictured, "occlusion_7.png"), headers={"if-none-match": answer.headers["ETag"]})
    assert again.status_code == 304
    left(pictured, "page.png", b"<html><script>alert(1)</script>", "image/png")
    left(pictured, "drawn.svg", b"<svg/>", "image/svg+xml")
    left(pictured, "table.png", png("red"), "image/png", role="table")
    left(pictured, "gone.png", png("red"), "image/png")
    store().delete_prefix(f"run/{pictured.pk}/attempt-1/plots/gone.png")
    for name in ("occlusion.json", "page.png", "drawn.svg", "table.png", "gone.png"):
        assert web.get(inline(pictured, name)).status_code == 404, name


def test_a_picture_of_another_run_is_not_shown_under_this_ones_address(web, pictured, project):
    other = Run.objects.create(
        project=project, method="zeroshot.pictures", spec={}, fingerprint="", queue="gpu", created_at=timezone.now()
    )
    theirs = pictured.artifacts.get(path="plots/occlusion_7.png").pk
    assert web.get(address("picture", other, artifact_id=theirs)).status_code == 404


def test_an_annotator_sees_no_picture_of_a_run(pictured, project):
    person = User.objects.create_user("ann", "ann@example.org", "a long password")
    Membership.objects.create(project=project, user=person, role="annotator", created_at=timezone.now())
    client = Client()
    client.force_login(person)
    assert client.get(inline(pictured, "occlusion_7.png")).status_code == 403


def test_a_run_without_attention_says_why_and_other_methods_say_nothing(web, run):
    page = web.get(address("run", run)).content.decode()
    assert "No attention was drawn" in page and "No words were left out" in page
    assert web.get(address("attention_csv", run)).status_code == 404
    Run.objects.filter(pk=run.pk).update(method="zeroshot.evaluate")
    assert "attention-head" not in web.get(address("run", run)).content.decode()


def test_tables_that_cannot_be_read_spoil_no_page(web, run):
    left(run, "occlusion.json", json.dumps({"number": [1], "item": []}).encode())
    pictures = WORDS["pictures"] | {"number": [2**40]}
    table = WORDS | {"spans": [[[0, 1], [2, 7], [13, 90]]], "pictures": pictures}
    left(run, "text_occlusion.json", json.dumps(table).encode())
    Run.objects.filter(pk=run.pk).update(case_count=1)
    answer = web.get(address("run", run))
    assert answer.status_code == 200
    assert (
        "No attention was drawn" in answer.content.decode()
        and "A page cannot show these words" in answer.content.decode()
    )


def test_what_stands_in_captions_is_text(web, run):
    evil = "<script>alert(1)</script> <b>ball</b> <i>red</i>"
    captions = WORDS["captions"] | {"drops": [[0.0]], "flips": [[]]}
    table = WORDS | {"texts": [evil], "spans": [[[26, 37]]], "captions": captions}  # a word as no method would find it
    left(run, "text_occlusion.json", json.dumps(table).encode())
    page = web.get(address("run", run)).content.decode()
    assert "&lt;b&gt;ball&lt;/b&gt;" in page.replace("</span>", "").replace("<span>", "")
    assert not any(tag in page for tag in ("<script>alert", "<b>", "<i>"))


def test_tones_are_beside_the_strongest_word_of_the_picture():
    assert [tone_of(drop, 0.4) for drop in (0.4, 0.2, 0.01, 0.0, -0.4)] == [4, 2, 0, 0, -4]
    assert tone_of(0.0, 0.0) == 0


def test_no_shade_stands_over_a_number_that_is_nought():
    table = WORDS | {"captions": WORDS["captions"] | {"drops": [[-0.00002, 0.00004, 0.0]]}}
    (caption,) = words_of(table, lambda path: "", {}).pictures[0].captions
    assert [(word.tone, word.drop) for word in caption.words] == [(-2, "−0.000020"), (4, "+0.000040"), (0, "0.0000")]


def test_captions_beyond_a_pages_measure_are_counted(monkeypatch):
    twice = {name: [*column, *column] for name, column in WORDS["captions"].items()}
    many = WORDS | {"captions": twice | {"caption": [0, 1]}}
    monkeypatch.setattr("webapp.experiments.attention.reading.MOST_WORDS", 4)
    found = words_of(many, lambda path: "", {7: "/case/"})
    assert (found.left_out, len(found.pictures[0].captions), found.pictures[0].case) == (1, 1, "/case/")


def test_the_words_of_a_thousand_pictures_are_shown_for_their_texts_are_kept_once(web, run):
    text = " ".join(f"word{n}" for n in range(60))
    spans = [(one.start, one.end) for one in without_each(text)]
    own = [Caption("picture", None, n, f"{n} {text}"[:-1], spans, [0.0123456789] * 60, [False] * 60) for n in range(2)]
    of_class = Caption("class", "dog", 3, text, spans, [-0.0123456789] * 60, [False] * 59 + [True])
    told = [(Picture(n, f"{n}.jpg", "cat", "dog", 0.5), [*own, of_class]) for n in range(1000)]
    data = json.dumps(packed(told)).encode()
    left(run, "text_occlusion.json", data)
    page = web.get(address("run", run)).content.decode()
    assert "0.jpg: cat → dog" in page and "more captions are in the CSV" in page and len(data) < details.PLOT_BYTES
    rows = web.get(address("words_csv", run)).content.decode().splitlines()
    assert len(rows) == 1 + 1000 * 3 * 60 and rows[-1].endswith(
        f"{text},word59,{spans[-1][0]},{spans[-1][1]},-0.0123457,True"
    )
