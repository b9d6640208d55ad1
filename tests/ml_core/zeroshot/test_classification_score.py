"""classification.score against scikit-learn on files of every form, and what it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score

from ml_core.events import Cases
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.metrics.uncertainty import wilson
from ml_core.spec import BadInput
from tests.ml_core.zeroshot.made import metrics_of, run_method, warnings_of

KEY = "classification.score"
NAMES = [f"class {number}" for number in range(8)]
RNG = np.random.default_rng(4)
LABEL_N = RNG.integers(0, 8, 120)
SCORES_NC = RNG.standard_normal((120, 8)) + 2 * np.eye(8)[LABEL_N]
CHANCE_NC = np.exp(SCORES_NC) / np.exp(SCORES_NC).sum(1, keepdims=True)


def table(path: Path, header: list[str], rows: list[list[Any]]) -> str:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    return str(path)


@pytest.fixture
def truth(tmp_path: Path) -> str:
    return table(tmp_path / "truth.csv", ["item", "label"], [[f"i{n}", NAMES[c]] for n, c in enumerate(LABEL_N)])


def answers(tmp_path: Path, values_NC: np.ndarray, names: list[str] = NAMES) -> str:
    rows = [[f"i{n}", *map(repr, map(float, row))] for n, row in enumerate(values_NC)]
    return table(tmp_path / "answers.csv", ["item", *names], rows[::-1])


def test_probabilities_in_any_order_are_scored_as_scikit_learn_does(tmp_path: Path, truth: str) -> None:
    found = metrics_of(run_method(KEY, tmp_path, predictions=answers(tmp_path, CHANCE_NC), labels=truth))
    given_N = CHANCE_NC.argmax(1)
    assert found["accuracy@1"].value == pytest.approx(accuracy_score(LABEL_N, given_N))
    assert found["accuracy@5"].value == pytest.approx(top_k_accuracy_score(LABEL_N, CHANCE_NC, k=5))
    assert found["f1/macro"].value == pytest.approx(f1_score(LABEL_N, given_N, average="macro"))
    assert found["f1/class%203"].value == pytest.approx(f1_score(LABEL_N, given_N, average=None)[3])
    scored = metrics_of(
        run_method(KEY, tmp_path, predictions=answers(tmp_path, SCORES_NC), labels=truth, values="scores")
    )
    assert scored["ece"].value == pytest.approx(found["ece"].value) and scored["ece"].value > 0


def test_predicted_classes_have_no_depth_and_no_calibration(tmp_path: Path, truth: str) -> None:
    rows = [[f"i{n}", NAMES[c]] for n, c in enumerate(CHANCE_NC.argmax(1))]
    events = run_method(KEY, tmp_path, predictions=table(tmp_path / "p.csv", ["id", "predicted"], rows), labels=truth)
    found = metrics_of(events)
    assert found["accuracy@1"].value == (CHANCE_NC.argmax(1) == LABEL_N).mean()
    assert "ece" not in found and "accuracy@5" not in found
    assert any("Only accuracy@1" in warning for warning in warnings_of(events))


def test_an_npz_may_hold_everything(tmp_path: Path, truth: str) -> None:
    path = tmp_path / "all.npz"
    np.savez(path, probabilities=CHANCE_NC, labels=LABEL_N)
    found = metrics_of(run_method(KEY, tmp_path, predictions=str(path)))
    assert found["accuracy@1"].value == (CHANCE_NC.argmax(1) == LABEL_N).mean() and "f1/3" in found
    items = np.array([f"i{n}" for n in range(120)])
    np.savez(path, items=items, classes=np.array(NAMES), scores=SCORES_NC.astype(np.float32))
    with_truth = metrics_of(run_method(KEY, tmp_path, predictions=str(path), labels=truth, values="scores"))
    assert with_truth["accuracy@1"].value == found["accuracy@1"].value


@pytest.mark.parametrize(
    ("change", "told", "field"),
    [
        (lambda t: {"predictions": answers(t, SCORES_NC)}, "are no probabilities", "predictions"),
        (lambda t: {"predictions": answers(t, CHANCE_NC[:118])}, "2 of 120 items have no answer", "predictions"),
        (lambda t: {"predictions": answers(t, CHANCE_NC, ["x", *NAMES[1:]])}, "no column among", "labels"),
        (lambda t: {"predictions": answers(t, CHANCE_NC, [*NAMES[:7], NAMES[0]])}, "two columns", "predictions"),
        (lambda t: {"predictions": answers(t, CHANCE_NC), "labels": ""}, "name the file", "labels"),
        (lambda t: {"predictions": table(t / "a", ["item", "x"], [["i0", "y"]])}, "not a number", "predictions"),
        (lambda t: {"predictions": table(t / "a", ["x", "y"], [])}, "a header is wanted", "predictions"),
        (
            lambda t: {"predictions": table(t / "a", ["id", "class"], [["i", "y"]] * 2)},
            "stand in it twice",
            "predictions",
        ),
        (lambda t: {"predictions": str(t / "none.csv")}, "none.csv", "predictions"),
        (lambda t: {"predictions": answers(t, CHANCE_NC), "values": "labels"}, "numbers for every class", "values"),
    ],
)
def test_what_cannot_be_scored_is_named(tmp_path: Path, truth: str, change: Any, told: str, field: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        run_method(KEY, tmp_path / "out", **({"labels": truth} | change(tmp_path)))
    assert caught.value.field == field
    assert not any((tmp_path / "out").iterdir())


def test_the_truth_is_never_taken_for_the_answer(tmp_path: Path, truth: str) -> None:
    wrong = [[f"i{n}", NAMES[c], NAMES[(c + 1) % 8]] for n, c in enumerate(LABEL_N)]
    beside = table(tmp_path / "beside.csv", ["image_id", "label", "predicted"], wrong)
    for labels in ("", truth):
        assert metrics_of(run_method(KEY, tmp_path, predictions=beside, labels=labels))["accuracy@1"].value == 0
    assert metrics_of(run_method(KEY, tmp_path, predictions=beside, labels=beside))["accuracy@1"].value == 0
    path = tmp_path / "all.npz"
    np.savez(path, items=np.array([row[0] for row in wrong]), labels=LABEL_N, predictions=(LABEL_N + 1) % 8)
    assert metrics_of(run_method(KEY, tmp_path, predictions=str(path), labels=str(path)))["accuracy@1"].value == 0


@pytest.mark.parametrize(
    ("header", "cells", "told"),
    [
        (["file", "label", "cat", "dog"], ["cat", 0.1, 0.9], "'label' stands beside columns of numbers .'cat', 'dog'"),
        (["file", "predicted", "cat"], ["cat", 0.1], "'predicted' stands beside columns of numbers .'cat'"),
        (["file", "predicted", "predicted class"], ["cat", "dog"], "any of the columns 'predicted', 'predicted class'"),
        (["file", "label", "class"], ["cat", "dog"], "any of the columns 'label', 'class'"),
        (["file", "label", "answer"], ["cat", "dog"], "'label' may be the answer or the truth beside 'answer'"),
    ],
)
@pytest.mark.parametrize("with_labels", [False, True])
def test_columns_that_may_be_either_are_refused_by_name(
    tmp_path: Path, header: list[str], cells: list[Any], told: str, with_labels: bool
) -> None:
    labels = table(tmp_path / "truth.csv", ["file", "label"], [["a", "cat"]]) if with_labels else ""
    with pytest.raises(BadInput, match=told) as caught:
        run_method(KEY, tmp_path, predictions=table(tmp_path / "p.csv", header, [["a", *cells]]), labels=labels)
    assert caught.value.field == "predictions"


def test_a_truth_that_may_be_any_of_two_columns_is_refused(tmp_path: Path) -> None:
    answers_ = table(tmp_path / "p.csv", ["file", "label", "class", "predicted"], [["a", "cat", "dog", "dog"]])
    with pytest.raises(BadInput, match="name the file with the true classes"):
        run_method(KEY, tmp_path, predictions=answers_)
    with pytest.raises(BadInput, match=r"one column with the true class .* there are 'label', 'class'"):
        run_method(KEY, tmp_path, predictions=answers_, labels=answers_)
    path = tmp_path / "two.npz"
    np.savez(path, predictions=LABEL_N, probabilities=CHANCE_NC, labels=LABEL_N)
    with pytest.raises(BadInput, match="any of 'predictions', 'probabilities'"):
        run_method(KEY, tmp_path, predictions=str(path))


def test_a_baseline_is_scored_on_the_same_items_and_paired(tmp_path: Path, truth: str) -> None:
    other_N = np.where(np.arange(120) % 3, CHANCE_NC.argmax(1), (LABEL_N + 1) % 8)
    rows = [[f"i{n}", NAMES[c] if n else "none of them"] for n, c in enumerate(other_N)]
    beside = table(tmp_path / "other.csv", ["id", "prediction"], rows)
    values = {"predictions": answers(tmp_path, CHANCE_NC), "labels": truth, "baseline": beside}
    found = metrics_of(run_method(KEY, tmp_path, **values))
    assert "baseline_right" not in json.loads((tmp_path / "plots" / "classes.json").read_text())
    was_N, now_N = other_N == LABEL_N, CHANCE_NC.argmax(1) == LABEL_N
    was_N[0] = False
    assert found["baseline/accuracy@1"].value == was_N.mean() and found["accuracy@1"].value == now_N.mean()
    repaired, broken = int((now_N & ~was_N).sum()), int((was_N & ~now_N).sum())
    assert (found["repaired"].value, found["broken"].value) == (repaired, broken) and repaired and "accuracy@5" in found
    assert found["p_value"].value == exact_mcnemar(repaired, broken)
    swapped = metrics_of(run_method(KEY, tmp_path, predictions=beside, labels=truth, baseline=values["predictions"]))
    assert swapped["broken"].value == repaired and swapped["baseline/ece"].value == found["ece"].value
    run_method(KEY, tmp_path, **(values | {"baseline": values["predictions"]}))
    per_class = json.loads((tmp_path / "plots" / "classes.json").read_text())
    assert per_class["baseline_right"] == per_class["right"]
    for name, counted in (("precision", "given"), ("recall", "pictures")):
        ends = [wilson(right, n) for right, n in zip(per_class["right"], per_class[counted], strict=True)]
        assert list(zip(per_class[f"{name}_low"], per_class[f"{name}_high"], strict=True)) == ends
    assert per_class["f1_change"] == [0] * 8
    assert max(per_class["f1_change_low"]) < 0 < min(per_class["f1_change_high"])
    short = table(tmp_path / "short.csv", ["id", "prediction"], rows[:-2])
    with pytest.raises(BadInput, match="2 of 120 items have no answer") as caught:
        run_method(KEY, tmp_path, **(values | {"baseline": short}))
    assert caught.value.field == "baseline"


def test_every_item_with_an_id_is_a_case(tmp_path: Path, truth: str) -> None:
    events = run_method(KEY, tmp_path, predictions=answers(tmp_path, CHANCE_NC), labels=truth, keep=3)
    assert Cases("cases.parquet", 120) in events
    cases = pq.read_table(tmp_path / "cases.parquet")
    order_NC = np.argsort(-CHANCE_NC, axis=1)
    assert cases["given"].to_pylist() == order_NC[:, :3].tolist() and cases["right"].to_pylist() == LABEL_N.tolist()
    assert cases["rank"].to_pylist() == (np.argmax(order_NC == LABEL_N[:, None], axis=1) + 1).tolist()
    assert pq.read_table(tmp_path / "queries.parquet")["id"].to_pylist() == [f"i{n}" for n in range(120)]
    rows = [["a", "cat", "cat"], ["b", "cat", "dog"]]
    run_method(KEY, tmp_path, predictions=table(tmp_path / "p.csv", ["id", "class", "predicted"], rows))
    cases = pq.read_table(tmp_path / "cases.parquet")
    assert [cases[name].to_pylist() for name in ("given", "rank", "margin")] == [[[0], [1]], [1, 2], [1, -1]]
    path, out = tmp_path / "bare.npz", tmp_path / "bare"
    np.savez(path, probabilities=CHANCE_NC, labels=LABEL_N)
    assert any("No case is kept" in told for told in warnings_of(run_method(KEY, out, predictions=str(path))))
    assert not (out / "cases.parquet").exists()


def test_answers_without_a_label_are_left_out_and_told(tmp_path: Path) -> None:
    short = table(tmp_path / "short.csv", ["item", "label"], [["i0", NAMES[0]], ["i1", NAMES[1]]])
    events = run_method(KEY, tmp_path, predictions=answers(tmp_path, CHANCE_NC), labels=short)
    assert metrics_of(events)["accuracy@1"].n == 2
    assert any("118 answered items have no label" in warning for warning in warnings_of(events))


def test_predicted_classes_that_no_item_has_are_told(tmp_path: Path) -> None:
    rows = [["a", "ant", "Ant"], ["b", "bee", "bee"], ["c", "bee", "wasp"]]
    path = table(tmp_path / "p.csv", ["id", "class", "predicted"], rows)
    (told,) = [one for one in warnings_of(run_method(KEY, tmp_path, predictions=path)) if "none" in one]
    assert told == "p.csv: 2 predicted classes are none of the true ones: 'Ant' (is 'ant' meant?), 'wasp'."
    np.savez(tmp_path / "p.npz", predictions=np.array(["ant "]), labels=np.array(["ant"]))
    warned = warnings_of(run_method(KEY, tmp_path, predictions=str(tmp_path / "p.npz")))
    assert "p.npz: 1 predicted class is none of the true ones: 'ant ' (is 'ant' meant?)." in warned


def test_of_one_class_there_is_only_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", probabilities=np.ones((3, 1)), labels=np.zeros(3, int))
    events = run_method(KEY, tmp_path / "out", predictions=str(tmp_path / "p.npz"))
    assert "accuracy@5 is left out, there is only one class" in warnings_of(events)


def test_no_class_takes_the_name_of_another_number(tmp_path: Path) -> None:
    names = ["macro", "a", "a.low", "a.high", "a.n", "b.low.x", "50 %"]
    rows = [[f"i{n}", names[n % 7], names[n % 7 if n < 7 + n % 7 else (n + 1) % 7]] for n in range(49)]
    path = table(tmp_path / "p.csv", ["id", "class", "predicted"], rows)
    found = metrics_of(run_method(KEY, tmp_path, predictions=path))
    assert found["f1/macro"].n == 49 and found["f1/%6Dacro"].n == 7
    assert {unquote(name.partition("/")[2]) for name in found if name.startswith("f1/")} == set(names)
    cells = [name for name in found for name in (name, *(f"{name}.{end}" for end in ("low", "high", "n")))]
    assert len(set(cells)) == len(cells) and "f1/a%2Elow" in found and "f1/b.low.x" in found
    assert found["f1/macro"].value == pytest.approx(np.mean([one.value for one in found.values() if one.n == 7]))


def test_no_model_library_is_loaded() -> None:
    code = (
        "import sys; from ml_core.methods import card; card('classification.score').load(); "
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
