"""Files of sentences: one a line or JSON, all that is wrong told with its place, the same numbers as own sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ml_core.methods import card
from ml_core.spec import BadInput
from ml_core.zeroshot.template_files import read_template_sets, templates_from
from tests.ml_core.zeroshot.made import Made, metrics_of, run_method

WANTED = ("my {c}", "one {c} here")


def written(folder: Path, content: Any, name: str = "told.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("content", "name", "chosen"),
    [
        ("my {}\n\n  one {c} here \r\nmy {}\n", "told.txt", ""),
        ("\ufeffmy {}\none {} here", "told", ""),
        (["my {}", "one {} here"], "told.json", ""),
        ({"classes": ["ant"], "templates": ["my {}", "one {} here"]}, "told.json", ""),
        ({"CIFAR10": {"templates": ["my {}", "one {} here"]}}, "told.json", ""),
        ({"CIFAR10": {"templates": ["my {}", "one {} here"]}, "MNIST": ["{}"]}, "told.json", "CIFAR10"),
    ],
)
def test_sentences_in_many_layouts(tmp_path: Path, content: Any, name: str, chosen: str) -> None:
    assert templates_from(written(tmp_path, content, name), chosen) == WANTED


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        ("a {}\na cat\nin {place} a {}", "told.txt", r"line 2: “a cat” has no \{c\}.*; line 3: .*belongs to neither"),
        (
            {"A": ["a {}", 3, " "], "B": []},
            "told.json",
            "“A”, sentence 2: no text; “A”, sentence 3: no.*; “B” holds",
        ),
        ({"A": "a {}"}, "told.json", "“A” holds no list"),
        ("3", "told.json", "a JSON list of sentences is wanted"),
        ("{", "told.json", "told.json, line 1"),
        ("", "told.txt", "it holds 0 sentences"),
        (["a {} " + str(n) for n in range(501)], "told.json", "it holds 501 sentences; one to 500"),
    ],
)
def test_all_that_is_wrong_is_told_with_its_place(tmp_path: Path, content: Any, name: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        read_template_sets(written(tmp_path, content, name))
    assert caught.value.field == "template_file"


def test_one_of_several_lists_is_chosen_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, {"A": ["a {}"], "B": ["the {}"]})
    for chosen, told in (("", "has 2 lists: choose one; there is “A”, “B”"), ("C", "has no list “C”")):
        with pytest.raises(BadInput, match=told) as caught:
            templates_from(path, chosen)
        assert caught.value.field == "template_set"
    with pytest.raises(BadInput, match="leave this empty"):
        templates_from(written(tmp_path, ["a {}"]), "A")


def test_a_file_gives_the_numbers_of_the_same_sentences_written_by_hand(small: Made, tmp_path: Path) -> None:
    given = {"data": small.data, "encoder": small.encoder}
    own = run_method(
        "zeroshot.evaluate", tmp_path / "a", **given, templates="own", own_templates="my {} | one {c} here"
    )
    file = written(tmp_path, {"A": ["my {}", "one {} here"], "B": ["{}"]})
    named = {"templates": "file", "template_file": file, "template_set": "A"}
    assert metrics_of(own) == metrics_of(run_method("zeroshot.evaluate", tmp_path / "b", **given, **named))


@pytest.mark.parametrize("values", [{"templates": "file"}, {"template_file": "a.txt"}, {"template_set": "A"}])
def test_a_file_is_named_where_it_is_asked_for_alone(values: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="template_file is named with templates “file”"):
        card("zeroshot.evaluate").parse({"data": "imagefolder:a", "encoder": "hf:b"} | values)
