"""Answers of models in whatever dress: lines, bullets, fences, JSON; captions that differ; the class that is named."""

from __future__ import annotations

import pytest

from ml_core.zeroshot.captioning.reading import captions_of, class_of, distinct, lines_of


@pytest.mark.parametrize(
    "text",
    [
        "a long barrel\nsix wheels",
        "- a long barrel\n- six wheels",
        "1. a long barrel\n2) six wheels\n",
        "Here are two descriptions:\n\n* **a long barrel**\n* six wheels",
        '["a long barrel", "six wheels"]',
        '```json\n["a long barrel", "six wheels"]\n```',
        '{"captions": ["a long barrel", " six  wheels "]}',
        '“a long barrel”\n"six wheels",\n',
        "```\na long barrel\nsix wheels\n```",
        'Here are the captions:\n```json\n["a long barrel", "six wheels"]\n```\nClass: tank',
        'Here they are:\n\n```json\n{"captions": ["a long barrel", "six wheels"], "class": "tank"}\n```\nMore?',
        '{"1": "a long barrel", "2": "six wheels"}',
        '[\n {"caption": "a long barrel"},\n {"caption": "six wheels"}\n]',
        '{"captions": {"1": "a long barrel", "2": "six wheels"}}',
        '{"1": "a long barrel", "2": "six wheels", "class": "tank"}',
        '["a long barrel", "six wheels", ]',
        'Captions: ["a long barrel","six wheels"]',
        "[1] a long barrel\n[2] six wheels",
    ],
)
def test_one_answer_in_many_dresses(text: str) -> None:
    assert lines_of(text) == ["a long barrel", "six wheels"]


def test_numbers_that_belong_to_a_caption_stay() -> None:
    assert lines_of("8 wheels in two rows\n1.5 m high\n- 2 barrels") == [
        "8 wheels in two rows",
        "1.5 m high",
        "2 barrels",
    ]


def test_what_was_cut_off_is_left_out() -> None:
    assert lines_of("a long barrel\nsix whe", whole=False) == ["a long barrel"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{\n  "captions": [\n    "a long barrel",\n    "six whe', ["a long barrel"]),
        (
            '```json\n{\n  "class": "tank",\n  "sure": 0.9,\n  "captions": [\n    "a long barrel",\n    "si',
            ["a long barrel"],
        ),
        ('["a long barrel", "six whe', []),
    ],
)
def test_of_json_that_was_cut_off_no_piece_is_a_caption(text: str, kept: list[str]) -> None:
    assert captions_of(text, whole=False) == kept


@pytest.mark.parametrize(
    "text",
    [
        "| part | look |\n|---|---|\n| barrel | long and thin |",
        '["a long barrel", "six wheels"',
        '{"1": "a long barrel", "2": 6}',
        '[\n {"part": "barrel", "look": "long and thin"},\n {"part": "wheels", "look": "six"}\n]',
        'so: "captions": ["a long barrel", 6',
        "The class is: tank",
        "The predicted class is: tank",
    ],
)
def test_tables_pieces_of_json_and_the_class_are_no_captions(text: str) -> None:
    assert captions_of(text) == []


def test_lines_that_are_no_captions_are_left_out() -> None:
    text = "---\n42\n" + "x" * 500 + "\na green hull\nClass: tank\n高い塔\n塔"
    assert captions_of(text) == ["a green hull", "高い塔"]


@pytest.mark.parametrize("text", ["", "\n\n", "???", "<html>", "{}", "[]", "[1, 2]", '{"a": 1}', "Sure:", "Sure!"])
def test_nonsense_holds_no_caption(text: str) -> None:
    assert captions_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot see pictures.\nThe request goes against the policy.",
        "I am unable to view images.",
        "Sorry, no.",
        "As an AI language model, I have no eyes.",
        "As an AI, I cannot look at it.\nPlease provide a description of it.",
        "Unfortunately the picture did not load",
        "No image was provided",
        "Sure! Here are five descriptions of it.",
        "Here are the captions that you asked for",
        "<html><head><title>502 Bad Gateway</title></head>\n<body>\nWelcome to the proxy\n</body></html>",
        "<!DOCTYPE html>\nplain words of a page",
        "502 Bad Gateway",
        "Error: upstream timed out",
        "<p>a hull</p>",
        "<think>a red hull\nor a green one",
        "抱歉，我无法查看图片。",
        '["I apologize, I cannot do that."]',
    ],
)
def test_apologies_and_error_pages_are_no_captions(text: str) -> None:
    assert captions_of(text) == []


def test_captions_between_courtesies_stay() -> None:
    text = "Sure! Here are two descriptions.\n- a long barrel\n- six wheels\nLet me know if you need more."
    assert captions_of(text) == ["a long barrel", "six wheels"]
    assert captions_of("I'm sorry, I may be wrong.\na long barrel\nsix wheels") == ["a long barrel", "six wheels"]
    assert captions_of("<think>\nlet me see\n</think>\n\na long barrel") == ["a long barrel"]


@pytest.mark.parametrize(
    "line",
    ["Surely a long barrel", "a sorry state of paint", "okapi stripes", "great white shark", "here the hull is red",
     "no picture frame around it", "width < height", "error marks on the hull", "ice cannot form on it",
     "greatly worn paint", "these wheels are black", "an air vent", "100 seats in rows", "sure-footed goat",
     "Here is a white car with black lines"],
)  # fmt: skip
def test_captions_that_look_like_courtesies_stay(line: str) -> None:
    assert captions_of(line) == [line]


def test_capitals_blanks_and_points_make_no_caption_new() -> None:
    assert distinct(["A red hull.", "a  red hull", "A RED-HULL!", "a blue hull"], ["a blue hull"]) == ["A red hull."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a hull\nClass: T-90", "T-90"),
        ("**Class:** t 90.", "T-90"),
        ("Class: unknown", None),
        ("Class: a submarine", None),
        ("Class: tank\nClass: T-90", "T-90"),
        ("a class: of its own", None),
        ("a hull", None),
        ("The class is: tank.", "tank"),
        ("Predicted class: “Étang”", "Étang"),
    ],
)
def test_the_class_is_the_data_sets_own_or_none(text: str, expected: str | None) -> None:
    assert class_of(text, ["T-90", "tank", "Étang"]) == expected
