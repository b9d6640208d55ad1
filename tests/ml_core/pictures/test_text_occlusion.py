"""Words are left out one by one, and what is left reads on."""

from __future__ import annotations

import pytest

from ml_core.pictures.text_occlusion import without_each


def test_each_word_is_left_out_once() -> None:
    text = "A red, round ball."
    found = without_each(text)
    assert [one.word for one in found] == ["A", "red", "round", "ball"]
    assert [one.left for one in found] == ["red, round ball.", "A, round ball.", "A red, ball.", "A red, round."]
    assert all(text[one.start : one.end] == one.word for one in found)


@pytest.mark.parametrize("text", ["", "ball", "ball.", "—"])
def test_nothing_is_left_out_where_nothing_would_be_left(text: str) -> None:
    assert without_each(text) == []


def test_a_word_may_have_hyphens_apostrophes_and_accents() -> None:
    assert [one.word for one in without_each("the bird's red-brown été 3")] == [
        "the",
        "bird's",
        "red-brown",
        "été",
        "3",
    ]
    assert [one.left for one in without_each("ha ha ha")] == ["ha ha"] * 3
