"""Captions tried on a case: what may be asked, who sees what, pins, files and the API. Workers answer elsewhere."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import people
from tests.webapp.case_parts import evaluated
from webapp.accounts.models import AuditEvent, Project, User
from webapp.experiments.cases.queries import Row, case_of
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing import actions, queries
from webapp.experiments.probing.words import Part, difference

pytestmark = pytest.mark.django_db
FACTS = {"data_hash": "d" * 64, "model": "hf:tiny", "model_revision": "r" * 64, "preprocessing_hash": "p" * 64}


@pytest.fixture
def owner() -> User:
    return people.person("olga")


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


@pytest.fixture
def run(project: Project, tmp_path: Path) -> Run:
    """A finished evaluation of a model that takes text."""
    run = evaluated(project, tmp_path)
    Run.objects.filter(pk=run.pk).update(provenance=FACTS)
    run.refresh_from_db()
    return run


@pytest.fixture
def case(run: Run) -> Row:
    """A failure: its right picture has rank 5."""
    found = case_of(run, 4)
    assert found is not None
    assert found.rank == 5
    return found


@pytest.fixture
def browser(owner: User) -> Client:
    return people.browser(owner)


def tried(run: Run, case: Row, person: User, text: str = "a red ball", **values: Any) -> Probe:
    """An answered caption, as a worker leaves it."""
    answer = {"rank": 1, "right_score": 0.5, "given": [case.right, 1, 2], "scores": [0.5, 0.4, 0.3]}
    about = {"state": "ready", "created_at": timezone.now(), "model": {"source": "encoder"}} | answer | values
    return Probe.objects.create(
        run=run, attempt=run.attempt, case_number=case.number, text=text, created_by=person, **about
    )


def asked(run: Run, case: Row, person: User, text: str) -> Probe:
    """A caption that waits."""
    return actions.ask(run=run, case=case, text=text, actor=person, now=timezone.now())


def address(run: Run, name: str, **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": run.project.slug, "run_id": run.pk} | more)


def panel(browser: Client, run: Run, case: Row, text: str | None = None) -> Any:
    """What a page gets that asks for the panel, or sends a caption."""
    there = address(run, "probes", number=case.number)
    headers = {"HX-Request": "true"}
    return browser.get(there, headers=headers) if text is None else browser.post(there, {"text": text}, headers=headers)


# What may be asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a caption"),
        (" \n\t ", "write a caption"),
        ("ball " * 20_000, "99,999 characters"),
        ("a\0ball", "zero byte"),
        ("\ud800 ball", "half a character"),
    ],
)
def test_a_caption_that_cannot_be_asked_is_refused_at_its_field(
    run: Run, case: Row, browser: Client, owner: User, text: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as problem:
        asked(run, case, owner, text)
    assert problem.value.field == "text"
    if "\ud800" not in text:  # a form cannot hold half a character
        answer = panel(browser, run, case, text.replace("ball " * 20_000, "b" * 100_000))
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.content.decode()
    assert not Probe.objects.exists()


def test_the_same_caption_is_asked_once_however_often_it_is_sent(run: Run, case: Row, browser: Client) -> None:
    for text in ("a red ball", "a red ball", "  a red ball\r\n"):
        assert panel(browser, run, case, text).status_code == 200
    assert [probe.text for probe in Probe.objects.all()] == ["a red ball"]


def test_the_database_keeps_a_caption_once_for_each_person(run: Run, case: Row, owner: User) -> None:
    tried(run, case, owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        tried(run, case, owner)
    tried(run, case, people.person("rita"))
    assert Probe.objects.count() == 2


def test_other_space_around_the_same_words_is_the_unchanged_caption(run: Run, case: Row, owner: User) -> None:
    text = "  " + case.prompt_text.replace(" ", "\n ") + " "
    assert asked(run, case, owner, text).text == case.prompt_text


def test_a_caption_that_failed_may_be_tried_again_and_takes_its_place(run: Run, case: Row, owner: User) -> None:
    earlier = tried(run, case, owner, state="failed", rank=None, right_score=None, given=[], scores=[], failure="Gone.")
    later = asked(run, case, owner, earlier.text)
    assert (later.state, list(Probe.objects.all())) == ("wanted", [later])


def test_why_there_is_no_answer_is_told_in_the_readers_language(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    why = "The embeddings that are kept give rank 4, the run said 2; run it again."
    tried(run, case, owner, state="failed", rank=None, right_score=None, given=[], scores=[], failure=why)
    assert why in browser.get(address(run, "case", number=case.number)).content.decode()
    User.objects.filter(pk=owner.pk).update(language="zh-hans")
    page = browser.get(address(run, "case", number=case.number)).content.decode()
    assert why not in page and "现存的向量给出名次 4，而运行记录的是 2" in page


def test_who_has_asked_much_waits_for_the_answers(run: Run, case: Row, owner: User) -> None:
    for number in range(actions.MOST_WAITING):
        asked(run, case, owner, f"ball {number}")
    with pytest.raises(BadInput, match="wait for their answer"):
        asked(run, case, owner, "one more")
    Probe.objects.update(state="failed")
    asked(run, case, owner, "one more")


def test_a_case_holds_so_many_captions_of_a_person_and_pinned_ones_do_not_count(
    run: Run, case: Row, owner: User
) -> None:
    probes = [tried(run, case, owner, f"ball {number}") for number in range(actions.MOST_KEPT)]
    with pytest.raises(BadInput, match="remove or pin"):
        asked(run, case, owner, "one more")
    actions.pin(probe=probes[0], note="", actor=owner, now=timezone.now())
    asked(run, case, owner, "one more")


def test_an_encoder_that_is_a_file_of_vectors_says_so_and_takes_no_caption(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    Run.objects.filter(pk=run.pk).update(provenance=FACTS | {"model": "embeddings"})
    page = browser.get(address(run, "case", number=case.number)).content.decode()
    assert "file of vectors" in page
    assert "<textarea" not in page
    assert panel(browser, run, case, "a red ball").status_code == 422
    assert not Probe.objects.exists()


def test_a_run_that_does_not_say_what_it_used_is_told_apart(run: Run, case: Row, browser: Client) -> None:
    Run.objects.filter(pk=run.pk).update(provenance={})
    assert "does not say which embeddings" in panel(browser, run, case, "a red ball").content.decode()


def test_only_text_to_image_cases_of_an_evaluation_have_the_panel(run: Run, browser: Client) -> None:
    pictures = next(number for number in range(10**4) if _direction(run, number) == "i2t")
    assert "Try another caption" not in browser.get(address(run, "case", number=pictures)).content.decode()
    there = address(run, "api_case_probes", number=pictures)
    answer = browser.post(there, {"text": "a ball"}, content_type="application/json")
    assert answer.status_code == 400
    Run.objects.filter(pk=run.pk).update(method="ranking.fusion")
    assert "Try another caption" not in browser.get(address(run, "case", number=4)).content.decode()


def _direction(run: Run, number: int) -> str:
    found = case_of(run, number)
    return found.direction if found else ""


def test_a_case_of_another_project_or_none_is_not_there(run: Run, case: Row, browser: Client, tmp_path: Path) -> None:
    other = people.project("Garden", people.person("gina"))
    foreign = evaluated(other, tmp_path / "garden") if (tmp_path / "garden").mkdir() is None else None
    assert foreign is not None
    kwargs = {"slug": run.project.slug, "run_id": foreign.pk, "number": case.number}
    assert browser.post(reverse("experiments:probes", kwargs=kwargs), {"text": "a"}).status_code == 404
    for number in (10**6, 2**40):
        there = address(run, "probes", number=number)
        assert browser.post(there, {"text": "a"}, headers={"HX-Request": "true"}).status_code == 404
    assert browser.get(address(run, "probe", probe_id=2**70)).status_code == 404


def test_a_viewer_sees_what_is_pinned_and_may_try_nothing(run: Run, case: Row, owner: User) -> None:
    viewer = people.person("vera")
    people.member(run.project, viewer, "viewer")
    tried(run, case, owner, "a red ball", pinned_at=timezone.now(), note="Colour decides")
    tried(run, case, owner, "a secret ball")
    page = people.browser(viewer).get(address(run, "case", number=case.number)).content.decode()
    assert "Colour decides" in page
    assert "secret" not in page
    assert "<textarea" not in page
    assert panel(people.browser(viewer), run, case, "a blue ball").status_code == 403


# What is seen --------------------------------------------------------------------------------------------------------


def test_captions_stand_side_by_side_with_what_changed_in_words_and_ranks(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    tried(run, case, owner, case.prompt_text + " at night")
    tried(run, case, owner, "a blue ball", rank=12, given=[1, 2, 3])
    page = browser.get(address(run, "case", number=case.number)).content.decode()
    assert page.count("<article") == 3
    assert "<ins>" in page
    assert "4 nearer" in page
    assert "badge-repaired" in page
    assert "7 further" in page
    assert "below these" in page
    assert "answer-right" in page.partition('id="probe"')[2]


def test_a_hit_that_is_lost_reads_as_broken_and_a_near_miss_as_neither(run: Run, browser: Client, owner: User) -> None:
    hit = case_of(run, 0)
    assert hit is not None
    assert hit.rank == 1
    tried(run, hit, owner, rank=2)
    assert "badge-broken" in browser.get(address(run, "case", number=0)).content.decode()
    far = case_of(run, 8)
    assert far is not None
    tried(run, far, owner, rank=3)
    page = browser.get(address(run, "case", number=8)).content.decode().partition('id="probe"')[2]
    assert "badge-repaired" not in page
    assert "badge-broken" not in page


def test_a_caption_that_waits_is_looked_for_again_and_again_at_first_soon_then_less_often(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    probe = asked(run, case, owner, "a red ball")
    there = address(run, "probe", probe_id=probe.pk)

    def seen(look: str) -> str:
        return str(browser.get(f"{there}?look={look}", headers={"HX-Request": "true"}).content.decode())

    assert "delay:60ms" in seen("0")
    assert "look=1" in seen("0")
    assert "delay:1000ms" in seen("50")
    assert "delay:1000ms" in seen("nonsense")
    Probe.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "No probe worker has taken this up" in seen("50")
    Probe.objects.update(state="working")
    assert "Loading the encoder" in seen("50")
    Probe.objects.update(state="failed", failure="The model is gone.")
    assert "The model is gone." in seen("50")
    assert "hx-trigger" not in seen("50")


def test_scores_made_in_another_precision_are_said_to_be(run: Run, case: Row, browser: Client, owner: User) -> None:
    tried(run, case, owner, model={"source": "encoder", "same_preparation": False, "precision": "fp32"})
    assert "encoded in fp32, not as the run was" in panel(browser, run, case).content.decode()


def test_the_number_of_captions_does_not_raise_the_number_of_questions_to_the_database(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            panel(browser, run, case)
        return len(found)

    count()
    tried(run, case, owner, "one")
    one = count()
    for number in range(10):
        tried(run, case, owner, f"more {number}")
    assert count() == one


def test_what_somebody_writes_into_a_caption_or_a_note_stays_text(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    probe = tried(run, case, owner, "<script>alert(1)</script>")
    actions.pin(probe=probe, note='"><img src=x>', actor=owner, now=timezone.now())
    page = panel(browser, run, case).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("a red ball", "a red ball", [("same", "a red ball")]),
        ("a red ball", "a blue ball", [("same", "a "), ("gone", "red"), ("new", "blue"), ("same", " ball")]),
        ("a ball", "a red ball", [("same", "a "), ("new", "red "), ("same", "ball")]),
        ("", "ball", [("new", "ball")]),
        ("一只红猫", "一只黑猫", [("same", "一只"), ("gone", "红"), ("new", "黑"), ("same", "猫")]),
    ],
)
def test_changes_are_told_word_by_word_and_in_chinese_sign_by_sign(
    before: str, after: str, parts: list[tuple[str, str]]
) -> None:
    assert difference(before, after) == [Part(*part) for part in parts]


def test_texts_of_thousands_of_words_are_compared_in_a_moment() -> None:
    before, after = "ball " * 4000, "cube " * 4000
    assert difference(before, after) == [Part("gone", before), Part("new", after)]


# Pins ----------------------------------------------------------------------------------------------------------------


def test_a_pinned_caption_stands_for_everybody_and_is_noted_in_the_trail(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    probe = tried(run, case, owner)
    there = address(run, "probe_pin", probe_id=probe.pk)
    answer = browser.post(there, {"note": " Colour \n decides "}, headers={"HX-Request": "true"})
    assert "Colour decides" in answer.content.decode()
    probe.refresh_from_db()
    assert probe.pinned_at is not None
    assert AuditEvent.objects.filter(verb="probe.pinned", project_id=run.project_id).count() == 1
    browser.post(address(run, "probe_unpin", probe_id=probe.pk))
    probe.refresh_from_db()
    assert (probe.pinned_at, AuditEvent.objects.filter(verb="probe.unpinned").count()) == (None, 1)


def test_what_is_pinned_cannot_be_taken_away_and_what_is_not_can_be_brought_back(
    run: Run, case: Row, browser: Client, owner: User
) -> None:
    probe = tried(run, case, owner)
    actions.pin(probe=probe, note="", actor=owner, now=timezone.now())
    there = address(run, "probe_remove", probe_id=probe.pk)
    answer = browser.post(there, headers={"HX-Request": "true"})
    assert (answer.status_code, "take the pin off first" in answer.content.decode()) == (422, True)
    actions.unpin(probe=probe, actor=owner, now=timezone.now())
    page = browser.post(there, headers={"HX-Request": "true"}).content.decode()
    assert "Bring it back" in page
    assert 'value="a red ball"' in page
    assert not Probe.objects.exists()


def test_nobody_changes_what_somebody_else_tried(run: Run, case: Row, owner: User) -> None:
    rita = people.person("rita")
    people.member(run.project, rita, "reviewer")
    probe = tried(run, case, owner, pinned_at=timezone.now())
    for name in ("probe_pin", "probe_unpin", "probe_remove"):
        answer = people.browser(rita).post(address(run, name, probe_id=probe.pk), headers={"HX-Request": "true"})
        assert answer.status_code == 422
    hidden = tried(run, case, owner, "a blue ball")
    assert people.browser(rita).post(address(run, "probe_remove", probe_id=hidden.pk)).status_code == 404
    assert Probe.objects.count() == 2


def test_a_caption_without_an_answer_is_no_evidence(run: Run, case: Row, owner: User) -> None:
    probe = asked(run, case, owner, "a red ball")
    with pytest.raises(BadInput, match="only an answered"):
        actions.pin(probe=probe, note="", actor=owner, now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Probe.objects.update(pinned_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Probe.objects.update(state="ready")


def test_captions_that_nobody_pinned_go_after_a_month(run: Run, case: Row, owner: User) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    tried(run, case, owner, "old", created_at=long_ago)
    kept = [tried(run, case, owner, "kept", created_at=long_ago, pinned_at=long_ago), tried(run, case, owner, "new")]
    assert queries.forget_unpinned(now=timezone.now()) == 1
    assert list(Probe.objects.order_by("pk")) == kept


def test_captions_go_with_their_run(run: Run, case: Row, owner: User) -> None:
    tried(run, case, owner, pinned_at=timezone.now())
    run.delete()
    assert not Probe.objects.exists()


# Files and the API ---------------------------------------------------------------------------------------------------


def test_the_files_hold_what_is_pinned_and_escape_formulas(run: Run, case: Row, browser: Client, owner: User) -> None:
    tried(run, case, owner, "=cmd()", pinned_at=timezone.now(), note="+why")
    tried(run, case, owner, "not pinned")
    rows = list(csv.DictReader(io.StringIO(browser.get(address(run, "probes_csv")).content.decode())))
    assert [row["place"] for row in rows] == ["1", "2", "3"]
    assert {row["text"] for row in rows} == {"'=cmd()"}
    assert rows[0]["rank_before"] == str(case.rank)
    document = json.loads(browser.get(address(run, "probes_json")).content)
    (probe,) = document["probes"]
    assert (document["model_revision"], probe["text"], probe["rank_before"]) == ("r" * 64, "=cmd()", case.rank)
    assert probe["given"][0] == {"number": case.right, "score": 0.5}


def test_programs_try_look_pin_and_take_away(run: Run, case: Row, browser: Client) -> None:
    there = address(run, "api_case_probes", number=case.number)
    sent = browser.post(there, {"text": "a red ball"}, content_type="application/json")
    assert (sent.status_code, sent.json()["state"]) == (202, "wanted")
    one = address(run, "api_probe", probe_id=sent.json()["id"])
    assert browser.patch(one, {"pinned": True}, content_type="application/json").status_code == 409
    Probe.objects.update(state="ready", rank=2, right_score=0.4, given=[1, 2], scores=[0.5, 0.4])
    assert browser.get(one).json()["given"] == [{"number": 1, "score": 0.5}, {"number": 2, "score": 0.4}]
    pinned = browser.patch(one, {"pinned": True, "note": "Why"}, content_type="application/json").json()
    assert (pinned["note"], pinned["pinned_at"] is not None) == ("Why", True)
    listed = browser.get(address(run, "api_probes") + "?pinned=yes").json()["results"]
    assert [row["id"] for row in listed] == [pinned["id"]]
    assert browser.delete(one).status_code == 409
    browser.patch(one, {"pinned": False}, content_type="application/json")
    assert browser.delete(one).status_code == 204
    assert browser.get(there).json() == []


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 100_000}, {"text": "a\0b"}, {"text": 5, "more": 1}])
def test_programs_hear_what_is_wrong_with_a_caption(run: Run, case: Row, browser: Client, body: dict[str, Any]) -> None:
    there = address(run, "api_case_probes", number=case.number)
    answer = browser.post(there, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_without_scripts_the_form_leads_back_to_the_case(run: Run, case: Row, browser: Client) -> None:
    answer = browser.post(address(run, "probes", number=case.number), {"text": "a red ball"})
    assert (answer.status_code, answer["Location"]) == (302, address(run, "case", number=case.number))
    assert Probe.objects.count() == 1
