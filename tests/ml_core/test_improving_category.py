"""Categories predicted from captions: learnt from other pictures' labels alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml_core.retrieval.improving.category import Labels, predicted, read_labels
from ml_core.spec import BadInput

IDS = [str(number) for number in range(6)]


def told(count: int = 120, seed: int = 0) -> tuple[list[str], Labels, np.ndarray, list[str]]:
    """Captions of two kinds, three a picture, whose words tell the kind; every other one labelled."""
    rng = np.random.default_rng(seed)
    kind_M = rng.integers(0, 2, count)
    words = [["red", "green", "striped", "wooden"], ["runs", "jumps", "sleeps", "throws"]]
    texts = [f"a dog {rng.choice(words[kind])} number {n}" for n, kind in enumerate(kind_M)]
    label_M = np.where(np.arange(count) % 2, kind_M, -1)
    items_M = np.arange(count) // 3
    return texts, Labels(("action", "attribute"), label_M), items_M, [str(n) for n in range(count // 3)]


def test_words_tell_the_category() -> None:
    texts, labels, items_M, ids = told()
    found_M = predicted(texts, labels, items_M, ids, 5, 0)
    labelled_M = labels.label_M >= 0
    assert (found_M[labelled_M] == labels.label_M[labelled_M]).mean() > 0.95


@pytest.mark.parametrize("picture", [0, 7, 21])
def test_a_pictures_own_labels_never_say_anything_about_it(picture: int) -> None:
    """Turning the labels of one picture over moves no prediction for its captions."""
    texts, labels, items_M, ids = told()
    mine_M = items_M == picture
    assert (labels.label_M[mine_M] >= 0).any()
    turned_M = np.where(mine_M & (labels.label_M >= 0), 1 - labels.label_M, labels.label_M)
    before = predicted(texts, labels, items_M, ids, 40, 0)
    after = predicted(texts, Labels(labels.names, turned_M), items_M, ids, 40, 0)
    assert np.array_equal(before[mine_M], after[mine_M])


def test_labels_that_say_nothing_predict_no_better_than_chance() -> None:
    """A leak would show here: labels drawn at random, learnt from words that only their own picture has."""
    texts, labels, items_M, ids = told(600)
    own = [f"{text} picture{item}" for text, item in zip(texts, items_M, strict=True)]
    random_M = np.random.default_rng(9).integers(0, 2, 200)[items_M]
    found_M = predicted(own, Labels(labels.names, random_M), items_M, ids, 5, 0)
    assert 0.4 < (found_M == random_M).mean() < 0.6


def test_too_few_labels_are_refused() -> None:
    texts, labels, items_M, ids = told(6)
    one = Labels(labels.names, np.array([0, 1, -1, -1, -1, -1]))
    with pytest.raises(BadInput, match="too few labels") as refusal:
        predicted(texts, one, items_M, ids, 2, 0)
    assert refusal.value.field == "labels"


@pytest.mark.parametrize("name", ["set.json", "labels.csv"])
def test_labels_are_read_as_the_web_writes_them_and_from_tables(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    ways = {"t2i": {"1": "count", "4": "action"}, "i2t": {"0": "object"}}
    table = "id,category,note\n1,count,\n4,action,x\n5,,\n"
    path.write_text(json.dumps({"name": "all", "t2i": ["1", "4"], "categories": ways}) if "json" in name else table)
    labels = read_labels(str(path), IDS)
    assert labels.names == ("action", "count") and labels.label_M.tolist() == [-1, 1, -1, -1, 0, -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"categories": {"t2i": {"77": "count", "1": "object"}}}', "does not have: 77"),
        ('{"categories": {"t2i": {"1": "count"}}}', "at least two categories"),
        ('{"t2i": ["1"]}', "no categories"),
        ('{"categories": {"t2i": {"1": 3}}}', "no categories"),
        ("[1]", "no categories"),
        ("{", "cannot read"),
    ],
)
def test_labels_that_cannot_be_are_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text(content)
    with pytest.raises(BadInput, match=message) as refusal:
        read_labels(str(tmp_path / "set.json"), IDS)
    assert refusal.value.field == "labels"


def test_a_table_without_the_columns_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for name in ("x.csv", "nowhere.json"):
        with pytest.raises(BadInput, match="cannot read"):
            read_labels(str(tmp_path / name), IDS)
