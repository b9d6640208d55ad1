"""Captions tried on cases of a real evaluation, answered by the real warm process, from cache and encoder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone
from safetensors.numpy import load_file, save_file

from ml_core.events import Provenance
from ml_core.methods.retrieval_evaluate import RetrievalEvaluate
from ml_core.retrieval.evaluate import run as evaluate
from ml_core.spec import Context
from tests.tiny_models import tiny_clip
from tests.webapp.case_parts import drawn
from webapp.accounts.models import Project, User
from webapp.experiments.case_loading import load_cases
from webapp.experiments.cases.queries import case_of
from webapp.experiments.files import store
from webapp.experiments.models import Case, Probe, RegisteredModel, Run, RunInput
from webapp.experiments.probing import actions
from workers import probing

pytestmark = pytest.mark.django_db
SCENES = "scenes:60?seed=3&size=64"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, _files_of_the_run: None) -> tuple[Path, dict[str, Any]]:
    """What an evaluation of sixty drawn scenes by a tiny CLIP left: its cases and what it said it used."""
    out = tmp_path_factory.mktemp("evaluation")
    spec = RetrievalEvaluate(data=SCENES, encoder=f"hf:{tiny_clip()}", resamples=100)
    said = list(evaluate(spec, Context(out=out, cache=str(settings.NEARMISS_STORE))))
    facts = {name: fact for event in said if isinstance(event, Provenance) for name, fact in event.facts.items()}
    return out / "cases.parquet", facts


@pytest.fixture(scope="module", autouse=True)
def _no_warm_process_is_left() -> Iterator[None]:
    yield
    probing.forget()


@pytest.fixture
def run(project: Project, evaluation: tuple[Path, dict[str, Any]]) -> Run:
    """That evaluation as a finished run."""
    path, facts = evaluation
    model = {"name": "Tiny", "reference": f"hf:{tiny_clip()}", "created_at": timezone.now()}
    RegisteredModel.objects.create(slug="tiny", **model)
    corpus = drawn(project, SCENES)
    run = Run.objects.create(
        project=project, method="retrieval.evaluate", spec={"data": f"corpus:{corpus.pk}", "encoder": "model:tiny"},
        fingerprint="0" * 64, queue="cpu", state=Run.State.RUNNING, attempt=1, created_at=timezone.now(),
        provenance=facts,
    )  # fmt: skip
    RunInput.objects.create(run=run, field="data", corpus=corpus)
    count = load_cases(run.pk, run.attempt, str(path))
    Run.objects.filter(pk=run.pk).update(state=Run.State.SUCCEEDED, case_count=count)
    run.refresh_from_db()
    return run


def asked(run: Run, number: int, text: str, person: User) -> Probe:
    """A probe that waits."""
    case = case_of(run, number)
    assert case is not None
    return actions.ask(run=run, case=case, text=text, actor=person, now=timezone.now())


def answered(run: Run, number: int, text: str, person: User) -> Probe:
    """A probe with its answer."""
    probe = asked(run, number, text, person)
    probing.work()
    probe.refresh_from_db()
    return probe


def text_cases(run: Run) -> list[Case]:
    """Every text → image case."""
    return list(Case.objects.filter(run=run, direction="t2i").order_by("number"))


def test_nothing_is_started_before_somebody_tries_a_caption(project: Project):
    probing.forget()
    probing.work()
    assert probing.warm_pid() is None


def test_a_caption_that_is_encoded_again_agrees_with_the_cache_to_five_digits(run: Run, owner: User):
    probing.forget()
    warm: list[dict[str, Any]] = []
    for case in text_cases(run)[::23]:
        row = case_of(run, case.number)
        assert row is not None
        question = probing._question(run, row, row.prompt_text, unchanged=False)
        warm.append(probing._ask(question))
        assert warm[-1]["source"] == "encoder"
        assert warm[-1]["same_preparation"]
        assert warm[-1]["rank"] == case.rank
        assert warm[-1]["given"] == case.given
        np.testing.assert_allclose(warm[-1]["scores"], case.scores, atol=1e-5, rtol=0)
        assert abs(warm[-1]["score"] - case.right_score) < 1e-5
    assert [found["kept"] for found in warm] == [False, *[True] * (len(warm) - 1)]


def test_the_unchanged_caption_gives_the_runs_own_numbers_to_the_last_digit(run: Run, owner: User):
    for case in text_cases(run)[::17]:
        probe = answered(run, case.number, f"  {case.prompt_text} ", owner)
        assert (probe.state, probe.failure) == ("ready", "")
        assert (probe.rank, probe.right_score) == (case.rank, case.right_score)
        assert (probe.given, probe.scores) == (case.given, case.scores)
        assert probe.model["source"] == "cache"


def test_the_unchanged_caption_needs_no_encoder(run: Run, owner: User):
    RegisteredModel.objects.all().delete()
    case = text_cases(run)[0]
    assert answered(run, case.number, case.prompt_text, owner).rank == case.rank


def test_another_pictures_caption_finds_that_picture_as_the_run_did(run: Run, owner: User):
    one, other = text_cases(run)[0], text_cases(run)[-1]
    probe = answered(run, one.number, other.prompt_text, owner)
    assert probe.model["source"] == "encoder"
    assert probe.given == other.given
    assert (probe.rank == 1) == (other.given[0] == one.right)


def test_several_that_wait_are_answered_in_one_go_by_one_process(run: Run, owner: User):
    case = text_cases(run)[0]
    probes = [asked(run, case.number, f"{case.prompt_text} {word}", owner) for word in ("red", "blue", "dog")]
    probing.work()
    assert {Probe.objects.get(pk=probe.pk).state for probe in probes} == {"ready"}
    pid = probing.warm_pid()
    answered(run, case.number, "a cat", owner)
    assert probing.warm_pid() == pid


def test_the_encoder_is_let_go_when_nobody_has_tried_a_caption_for_long(run: Run, owner: User, settings: Any):
    case = text_cases(run)[0]
    answered(run, case.number, "a red ball", owner)
    pid = probing.warm_pid()
    assert pid is not None
    probing.work()
    assert probing.warm_pid() == pid
    settings.NEARMISS_PROBE_IDLE = 0
    probing.work()
    assert probing.warm_pid() is None
    assert not Path(f"/proc/{pid}").exists()
    settings.NEARMISS_PROBE_IDLE = 600
    assert answered(run, case.number, "a blue ball", owner).state == "ready"


def test_a_process_that_was_killed_is_started_again_for_the_next_caption(run: Run, owner: User):
    case = text_cases(run)[0]
    answered(run, case.number, "a red ball", owner)
    pid = probing.warm_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while probing.warm_pid() is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answered(run, case.number, "a green ball", owner).state == "ready"


def test_a_model_with_other_weights_is_refused(run: Run, owner: User, tmp_path: Path):

    for file in tiny_clip().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights["logit_scale"] = np.asarray(weights["logit_scale"] + 1, dtype=np.float32)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    RegisteredModel.objects.update(reference=f"hf:{tmp_path}")
    probe = answered(run, text_cases(run)[0].number, "a red ball", owner)
    assert probe.state == "failed"
    assert "other weights" in probe.failure


def test_a_model_that_is_no_longer_registered_is_named(run: Run, owner: User):
    RegisteredModel.objects.all().delete()
    probe = answered(run, text_cases(run)[0].number, "a red ball", owner)
    assert (probe.state, "tiny" in probe.failure) == ("failed", True)


def test_embeddings_that_are_gone_or_damaged_are_said_to_be(run: Run, owner: User):
    case = text_cases(run)[0]
    wholes = {key: store().read_bytes(key) for key in store().list("embeddings") if "images-" in key}
    try:
        for damaged in ({key: whole[:-4] + b"\0\0\0\0" for key, whole in wholes.items()}, dict.fromkeys(wholes, b"")):
            for key, content in damaged.items():
                store().write_bytes(key, content)
            probing.forget()
            assert "damaged" in answered(run, case.number, "a red ball", owner).failure
        for key in wholes:
            store().delete_prefix(key)
        assert "no longer kept" in answered(run, case.number, "a red ball", owner).failure
    finally:
        for key, whole in wholes.items():
            store().write_bytes(key, whole)


def test_a_probe_whose_worker_died_three_times_says_so(run: Run, owner: User):
    probe = asked(run, text_cases(run)[0].number, "a red ball", owner)
    Probe.objects.filter(pk=probe.pk).update(tries=3, state="working")
    probing.work()
    probe.refresh_from_db()
    assert (probe.state, "died" in probe.failure) == ("failed", True)


def test_a_caption_taken_away_while_it_waits_is_not_answered(run: Run, owner: User):
    probe = asked(run, text_cases(run)[0].number, "a red ball", owner)
    actions.remove(probe=probe, actor=owner)
    probing.work()
    assert not Probe.objects.exists()


def test_very_long_and_strange_captions_are_answered(run: Run, owner: User):
    number = text_cases(run)[0].number
    for text in ("ball " * 800, "𝕬 猫 \u202e مرحبا", "."):
        probe = answered(run, number, text[:4000], owner)
        assert probe.state == "ready", probe.failure
        assert timezone.now() - probe.created_at < timedelta(minutes=5)
