"""A local model is asked in batches: pictures decide what is said, a seed repeats it, and nothing is asked twice."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ml_core.generators.local import Local
from ml_core.generators.types import Answer, Message, NoAnswer, Picture, Request, Sampling, ask
from ml_core.spec import BadInput, Stopped
from ml_core.store import Store
from tests import tiny_generators
from tests.tiny_generators import COLOURS, answer_of, colour_picture


def local(model: Path, folder: Path, **changes: Any) -> Local:
    return Local(str(model), device="cpu", store=Store(folder / "cache"), **changes)


def about(data: bytes, sampling: Sampling, text: str = "what colour is it?", ordinal: int = 0) -> Request:
    picture = Picture(hashlib.sha256(data).hexdigest(), lambda: data)
    return Request((Message("user", text),), sampling, (picture,), ordinal)


def texts(answers: list[Answer]) -> list[str]:
    return [answer.text for answer in sorted(answers, key=lambda answer: answer.number)]


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Local:
    return local(tiny_generators.tiny_llava(), tmp_path_factory.mktemp("seeing"), batch=3)


def test_different_pictures_give_different_and_correct_colours_whatever_the_length_of_the_question(
    seeing: Local,
) -> None:
    cold = Sampling(temperature=0, max_tokens=30)
    questions = ["what colour?", "describe the picture in one line, " * 12]
    names = [name for name in COLOURS for _ in questions]
    requests = [
        about(colour_picture(name, seed), cold, questions[seed]) for name in COLOURS for seed in range(len(questions))
    ]
    answers = list(seeing.generate(requests))
    assert texts(answers) == [answer_of(name) for name in names]
    assert all(answer.whole and answer.tokens_out == 12 for answer in answers)
    again = list(seeing.generate(requests))
    assert texts(again) == texts(answers) and all(answer.cached for answer in again)


def test_a_seed_repeats_what_is_drawn_in_whatever_batch(tmp_path: Path) -> None:
    model = tiny_generators.tiny_llava()
    requests = [about(colour_picture("red"), Sampling(3.0, 12, seed=1), ordinal=n) for n in range(5)]
    together = texts(list(local(model, tmp_path / "a", batch=5).generate(requests)))
    alone = texts(list(local(model, tmp_path / "b", batch=1).generate(requests[::-1])))[::-1]
    assert together == alone and len(set(together)) == 5
    other = [about(colour_picture("red"), Sampling(3.0, 12, seed=2), ordinal=n) for n in range(5)]
    assert texts(list(local(model, tmp_path / "c").generate(other))) != together


def test_an_answer_that_reaches_its_limit_says_so(seeing: Local) -> None:
    (answer,) = seeing.generate([about(colour_picture("blue"), Sampling(0, 4))])
    assert not answer.whole and answer_of("blue").startswith(answer.text)


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    requests = [about(colour_picture("green", n), Sampling(0, 20)) for n in range(4)]
    came: list[Answer] = []
    made = local(tiny_generators.tiny_llava(), tmp_path, batch=1, stop=lambda: len(came) >= 2)
    with pytest.raises(Stopped):
        came.extend(made.generate(requests))
    assert len(came) == 2
    rest = list(local(tiny_generators.tiny_llava(), tmp_path).generate(requests))
    assert sorted(answer.number for answer in rest if answer.cached) == [0, 1] and len(rest) == 4


def test_a_language_model_answers_text_and_refuses_pictures(tmp_path: Path) -> None:
    made = local(tiny_generators.tiny_llm(), tmp_path)
    answers = list(made.generate([ask("describe the picture", Sampling(1.0, 5)), ask("a", Sampling(1.0, 6))]))
    assert [answer.tokens_out <= limit for answer, limit in zip(answers, (5, 6), strict=True)] == [True, True]
    assert len(made.revision) == 64 and made.model_id.startswith("local:llm")
    with pytest.raises(BadInput, match="reads text alone"):
        list(made.generate([about(colour_picture("red"), Sampling())]))
    with pytest.raises(BadInput, match="holds 2,048"):
        list(made.generate([ask("a " * 1100, Sampling(0, 50))]))


def test_a_broken_picture_is_named(seeing: Local) -> None:
    with pytest.raises(NoAnswer, match="A picture cannot be shown"):
        list(seeing.generate([about(b"nothing", Sampling(0, 4))]))


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="could not be loaded") as caught:
        local(tmp_path, tmp_path)
    assert caught.value.field == "generator"
    with pytest.raises(BadInput, match="could not be loaded"):
        local(Path("nobody/no-such-model"), tmp_path)
