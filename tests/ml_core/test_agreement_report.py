"""The agreement report: its shape, plain JSON, leaning, windows over time, and what it says of little."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ml_core.agreement.report import agreement_report
from ml_core.spec import BadInput

KEYS = ["x", "y", "z"]


def rows(items: int = 40) -> list[tuple[str, str, str, float, float]]:
    """A and B agree; C says z wherever the item's number is a multiple of four."""
    found = []
    for item in range(items):
        for place, name in enumerate("ABC"):
            label = "z" if name == "C" and item % 4 == 0 else KEYS[item % 2]
            found.append((f"{item:03}", name, label, 1e9 + 10 * item + place, 2000.0 + 100 * place))
    return found


def test_it_holds_every_number_and_is_plain_json() -> None:
    report = agreement_report(rows(), taxonomy_keys=KEYS, truth={"000": "x", "001": "y"}, resamples=200)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["items"], report["overlap"], report["answers"]) == (40, 40, 120)
    pair = next(one for one in report["pairs"] if (one["a"], one["b"]) == ("A", "C"))
    assert pair["confusion"] == [[10, 0, 10], [0, 20, 0], [0, 0, 0]] and pair["n"] == 40
    assert report["accuracy"]["annotators"]["C"]["value"] == 0.5
    assert report["consensus"]["000"]["dawid_skene"] == "x" and report["consensus"]["000"]["answers"]["C"] == "z"
    assert report["tie_share"] == 0 and report["dawid_skene"]["converged"]


def test_an_annotator_may_be_held_against_the_truth_with_what_they_said_before_they_were_told_it() -> None:
    truth = {"000": "x", "001": "y", "gone": "z"}
    held = {("000", "A"): "y", ("gone", "B"): "x"}
    report = agreement_report(rows(), taxonomy_keys=KEYS, truth=truth, held=held, resamples=100)
    without = agreement_report(rows(), taxonomy_keys=KEYS, truth={"000": "x", "001": "y"}, resamples=100)
    shares = {name: (one["value"], one["n"]) for name, one in report["accuracy"]["annotators"].items()}
    assert shares == {"A": (0.5, 2), "B": (2 / 3, 3), "C": (0.5, 2)}
    assert without["accuracy"]["annotators"]["A"]["value"] == 1
    assert report["accuracy"]["majority_accuracy"] == without["accuracy"]["majority_accuracy"]
    assert (report["consensus"], report["pairs"]) == (without["consensus"], without["pairs"])


def test_a_leaning_is_against_what_the_others_said_of_the_same_items() -> None:
    report = agreement_report(rows(), taxonomy_keys=KEYS, resamples=400)
    leaning = {(one["annotator"], one["category"]): one for one in report["bias"]}
    found = leaning["C", "z"]["difference"]
    assert leaning["C", "z"]["said"] == 0.25 and leaning["C", "z"]["others"] == 0
    assert found["value"] == 0.25 and 0 < found["low"] < 0.25 < found["high"] and found["n"] == 40
    assert leaning["A", "y"]["difference"]["value"] == 0
    assert leaning["A", "y"]["difference"]["high"] > 0  # forty items alike are no proof


def test_windows_go_by_completion_and_hold_every_item_once() -> None:
    report = agreement_report(list(reversed(rows())), taxonomy_keys=KEYS, windows=4, resamples=100)
    assert [(one["first"], one["last"]) for one in report["over_time"]] == [(1, 10), (11, 20), (21, 30), (31, 40)]
    assert report["over_time"][0]["start"] == 1e9 + 2
    own = next(one for one in report["drift"] if one["annotator"] == "C")["windows"]
    assert sum(round(window["shares"]["z"] * 10) for window in own) == 10 and own[0]["seconds"] == 2.2
    untimed = agreement_report([row[:3] for row in rows()], taxonomy_keys=KEYS, resamples=100)
    assert untimed["over_time"] == [] and untimed["drift"][0]["windows"] == []


@pytest.mark.parametrize("labelled", [[], [("1", "A", "x")], [("1", "A", "x"), ("1", "B", "x")]])
def test_little_is_said_of_little(labelled: list[tuple[str, str, str]]) -> None:
    report = agreement_report(labelled, taxonomy_keys=KEYS, resamples=100)
    json.dumps(report, allow_nan=False)
    assert report["warnings"] and report["coefficients"]["krippendorff_alpha"]["value"] is None
    assert all(one["estimated_accuracy"] is None for one in report["annotators_measured"] if not one["overlap"])


def test_two_answers_in_one_place_and_unknown_categories_are_refused() -> None:
    with pytest.raises(BadInput, match="A has two answers for item 1"):
        agreement_report([("1", "A", "x"), ("1", "A", "x")], taxonomy_keys=KEYS)
    with pytest.raises(BadInput, match="no such category"):
        agreement_report([("1", "A", "q")], taxonomy_keys=KEYS)
    with pytest.raises(BadInput, match="truth of item 1"):
        agreement_report([("1", "A", "x")], taxonomy_keys=KEYS, truth={"1": "q"})


def test_who_errs_most_is_estimated_to_be_right_least() -> None:
    report = agreement_report(rows(), taxonomy_keys=KEYS, resamples=100)
    estimated = {one["annotator"]: one for one in report["annotators_measured"]}
    assert estimated["C"]["estimated_accuracy"] < estimated["A"]["estimated_accuracy"]
    assert np.allclose(np.sum(estimated["A"]["errors"], axis=1), 1)


def test_times_are_medians_with_an_interval_of_order_statistics() -> None:
    timed = [(f"{n}", "A", "x", None, 1000 * (n + 1), 100 * (n + 1), "y" if n < 3 else "x") for n in range(20)]
    timed += [(f"{n}", "B", "x", None, 4000 if n < 5 else None) for n in range(20)]
    a, b = agreement_report(timed, taxonomy_keys=KEYS, resamples=100)["annotators_measured"]
    # of 20 the 6th and 15th hold the median with 95.9 % (Conover 1999, table A3)
    assert [a["answering"][key] for key in ("value", "low", "high", "n")] == [10.5, 6.0, 15.0, 20]
    assert a["first_choice"]["value"] == pytest.approx(1.05) and a["first_choice"]["n"] == 20
    assert a["changed"]["value"] == 0.15 and 0 < a["changed"]["low"] < 0.15 < a["changed"]["high"]
    assert (b["answering"]["value"], b["answering"]["low"], b["answering"]["n"]) == (4.0, None, 5)
    assert b["answering"]["code"] == "few_times" and b["first_choice"]["code"] == "no_times"
    assert b["changed"]["value"] is None and b["changed"]["code"] == "no_first_choice"
