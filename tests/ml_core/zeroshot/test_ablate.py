"""synce.ablate: its arms are runs of synce.classify, its tests one family."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow.parquet as pq
import pytest

from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from tests.ml_core.zeroshot.made import Made, made, metrics_of, run_method
from tests.ml_core.zeroshot.test_synce_classify import both

KEY = "synce.ablate"
ARMS = {
    "both": {},
    "class-side": {"beta": 0},
    "image-side": {"alpha": 0},
    "uniform": {"weighting": "uniform"},
    "generic-template": {"template": "generic"},
    "plain-generic-template": {"template": "generic", "alpha": 0, "beta": 0},
    "class-captions=1": {"captions_per_class": 1},
    "class-captions=2": {"captions_per_class": 2},
    "image-captions=1": {"captions_per_image": 1},
    "tau=0.01": {"tau_t2t": 0.01, "tau_i2t": 0.01},
    "tau=0.05": {"tau_t2t": 0.05, "tau_i2t": 0.05},
    "tau=0.5": {"tau_t2t": 0.5, "tau_i2t": 0.5},
    "tau=1": {"tau_t2t": 1, "tau_i2t": 1},
}


TAUS = {"tau=0.1", "tau=0.5"}


def test_every_arm_is_a_run_of_its_own(small: Made, tmp_path: Path) -> None:
    given = {"alpha": 0.5, "beta": 0.3}
    found = metrics_of(run_method(KEY, tmp_path / "all", **both(small), **given))
    told = {name.partition("/")[2].replace("%3D", "=") for name in found if name.startswith("accuracy@1/")}
    assert told == {*ARMS, "plain"}
    for name in ("uniform", "class-side", "plain-generic-template", "class-captions=2", "tau=0.01"):
        one = metrics_of(run_method("synce.classify", tmp_path / "one", **both(small), **(given | ARMS[name])))
        slice_ = name.replace("=", "%3D")
        for k in (1, 5):
            assert found[f"accuracy@{k}/{slice_}"].value == one[f"accuracy@{k}"].value
    whole = metrics_of(run_method("synce.classify", tmp_path / "both", **both(small), **given))
    same = set(whole) - {"p_value"}
    assert {name: found[name] for name in same} == {name: whole[name] for name in same}


def test_tests_against_the_plain_classifier_are_one_family(small: Made, tmp_path: Path) -> None:
    run_method(KEY, tmp_path, **both(small), alpha=0.6)
    with (tmp_path / "ablation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows][:2] == ["plain", "both"] and len(rows) == len(ARMS) + 1
    assert rows[0]["repaired"] == ""
    p = [float(row["p"]) for row in rows[1:]]
    assert p == [exact_mcnemar(int(row["repaired"]), int(row["broken"])) for row in rows[1:]]
    assert [float(row["adjusted"]) for row in rows[1:]] == pytest.approx(holm(p).tolist())
    table = json.loads((tmp_path / "plots" / "ablation.json").read_text())
    assert table["arm"] == [row["arm"] for row in rows] and table["n"] == [84] * len(rows)


def test_every_arm_is_held_against_the_settings_as_given_and_any_two_can_be(small: Made, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, **both(small), alpha=0.6))
    with (tmp_path / "ablation.csv").open(newline="") as file:
        rows = {row["arm"]: row for row in csv.DictReader(file)}
    told = pq.read_table(tmp_path / "arms.parquet").to_pylist()
    right = {name: [one["given"] == one["right"] for one in told if one["arm"] == name] for name in rows}
    assert [len(one) for one in right.values()] == [84] * len(rows)
    assert all((one["rank"] == 1) == (one["given"] == one["right"]) for one in told)
    others = [name for name in rows if name != "both"]
    for name in others:
        repaired = sum(now and not was for was, now in zip(right["both"], right[name], strict=True))
        broken = sum(was and not now for was, now in zip(right["both"], right[name], strict=True))
        row = rows[name]
        assert (int(row["both/repaired"]), int(row["both/broken"])) == (repaired, broken)
        assert float(row["both/p"]) == exact_mcnemar(repaired, broken)
        assert float(row["both/net"]) == pytest.approx((repaired - broken) / 84)
        tail = quote(name, safe="")
        assert found[f"net_over_full/{tail}"].value == float(row["both/net"])
        assert found[f"p_value_over_full/{tail}"].value == float(row["both/adjusted"])
        assert float(row["both/net.low"]) <= float(row["both/net"]) <= float(row["both/net.high"])
    adjusted = [float(rows[name]["both/adjusted"]) for name in others]
    assert adjusted == pytest.approx(holm([float(rows[name]["both/p"]) for name in others]).tolist())
    assert rows["both"]["both/p"] == "" and rows["plain"]["p"] == ""
    assert rows["plain"]["both/repaired"] == rows["both"]["broken"]


def test_what_speaks_for_the_answers_of_the_settings_as_given_is_kept(small: Made, tmp_path: Path) -> None:
    run_method(KEY, tmp_path / "parts", **both(small), alpha=0.6)
    run_method("synce.classify", tmp_path / "one", **both(small), alpha=0.6)
    parts, one = (pq.read_table(tmp_path / name / "cases.parquet") for name in ("parts", "one"))
    assert parts["evidence"].to_pylist() == one["evidence"].to_pylist() and parts["evidence"].null_count == 0


def test_temperatures_of_two_sides_keep_an_arm_beside_the_tied_ones(small: Made, tmp_path: Path) -> None:
    given = {"alpha": 0.5, "beta": 0.3, "tau_t2t": 0.05, "tau_i2t": 1.0, "class_counts": [], "image_counts": []}
    for weighting, more in (("weighted", {"uniform"}), ("uniform", {"tau=0.05,1"})):
        told = run_method(KEY, tmp_path, **both(small), **given, taus=[0.05, 0.5], weighting=weighting)
        found = metrics_of(told)
        weighed = {unquote(name.partition("/")[2]) for name in found if name.startswith("accuracy@1/")}
        assert {name for name in weighed if name.startswith(("tau", "uniform"))} == {"tau=0.05", "tau=0.5", *more}
    one = metrics_of(
        run_method("synce.classify", tmp_path / "one", **both(small), alpha=0.5, beta=0.3, tau_t2t=0.05, tau_i2t=1.0)
    )
    assert found[f"accuracy@1/{quote('tau=0.05,1', safe='')}"].value == one["accuracy@1"].value


def test_what_would_only_repeat_is_left_out(tmp_path: Path) -> None:
    few = made(tmp_path, names=("ant", "bee"), pictures=3, per_class=1, per_image=1)
    one = {name: value for name, value in both(few).items() if name != "image_captions"}
    found = metrics_of(run_method(KEY, tmp_path / "out", **one, weighting="uniform", taus=[0.1]))
    told = {name.partition("/")[2] for name in found if name.startswith("accuracy@1/")}
    assert told == {"plain", "as-given", "generic-template", "plain-generic-template"}


SIDES = {"class-side", "image-side", "both"}
COUNTS = {"class-captions=1", "class-captions=2", "image-captions=1"}


@pytest.mark.parametrize(
    ("left_out", "given", "without"),
    [
        ("image_captions", {}, SIDES | {"image-captions=1"}),
        ("class_captions", {"beta": 0.3}, SIDES | {"class-captions=1", "class-captions=2"}),
        ("", {"alpha": 0.0, "beta": 0.3}, SIDES | {"class-captions=1", "class-captions=2"}),
        ("", {"beta": 0.0}, SIDES | {"image-captions=1"}),
        ("", {"alpha": 0.0, "beta": 0.0}, SIDES | COUNTS | {"generic-template", "uniform", *TAUS}),
    ],
)
def test_arms_of_a_side_that_does_not_act_are_left_out(
    small: Made, tmp_path: Path, left_out: str, given: dict[str, float], without: set[str]
) -> None:
    values = {name: value for name, value in both(small).items() if name != left_out} | {"alpha": 0.5} | given
    found = metrics_of(run_method(KEY, tmp_path, **values, tau_t2t=0.05, tau_i2t=0.05, taus=[0.05, 0.1, 0.5]))
    told = {unquote(name.partition("/")[2]) for name in found if name.startswith("accuracy@1/")}
    assert (
        told == {"plain", "as-given", "plain-generic-template", "generic-template", "uniform", *COUNTS, *TAUS} - without
    )
    table = json.loads((tmp_path / "plots" / "ablation.json").read_text())
    assert table["arm"][:2] == ["plain", "as-given"] and table["both/net"][1] is None
    if left_out:
        side = "alpha" if left_out == "class_captions" else "beta"
        assert set(table[side]) == {0.0}
    one = metrics_of(run_method("synce.classify", tmp_path / "one", **values, tau_t2t=0.05, tau_i2t=0.05))
    assert found["accuracy@1"].value == one["accuracy@1"].value == found["accuracy@1/as-given"].value
