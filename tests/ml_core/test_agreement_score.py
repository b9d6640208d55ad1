"""agreement.score against published tables and crowds, on files as people save them; what it refuses."""

from __future__ import annotations

import csv
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml_core.events import Event, Log, Metric
from ml_core.spec import BadInput
from tests.ml_core.recorded import run_method
from tests.workbooks import workbook

DOGS_BY_CROWD_KIT = 680 / 807  # crowd-kit 1.4.2, DawidSkene(n_iter=100)
GAPS = {"layout": "wide", "item_column": "Units"}


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    return {event.name: event for event in events if isinstance(event, Metric)}


def warnings_of(events: list[Event]) -> str:
    return "\n".join(event.message for event in events if isinstance(event, Log))


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        (
            "gwet_4raters_12units",
            GAPS,
            {"percent_agreement": 0.8181818, "krippendorff_alpha": 0.743421052631579, "fleiss_kappa": 0.76117,
             "gwet_ac1": 0.77544},
        ),
        (
            "gwet_5observers_15units",
            {"layout": "wide", "item_column": "Unit"},
            {"percent_agreement": 0.61556, "krippendorff_alpha": 0.48053024026512003, "fleiss_kappa": 0.45762,
             "gwet_ac1": 0.49662},
        ),
        (
            "fleiss1971_psychiatric_30x6",
            {"layout": "wide"},
            {"fleiss_kappa": 0.43024452006014074, "gwet_ac1": 0.44788, "krippendorff_alpha": 0.4334098282820289},
        ),
        ("fleiss_wikipedia_10x5_counts", {"layout": "counts"}, {"fleiss_kappa": 0.20993070442195522}),
        (
            "gwet_distrib_6raters",
            {"layout": "counts", "item_column": "Subject"},
            {"gwet_ac1": 0.4448007, "fleiss_kappa": 0.41392649903288237, "krippendorff_alpha": 0.4204384,
             "percent_agreement": 0.5511111},
        ),
        (
            "gwet_cont3x3abstractors",
            {"layout": "table"},
            {"cohen_kappa/columns-rows": 0.7964094, "fleiss_kappa": 0.7962397, "gwet_ac1": 0.8493305,
             "krippendorff_alpha": 0.7972585, "percent_agreement": 0.89},
        ),
        (
            "gwet_cont4x4diagnosis",
            {"layout": "table"},
            {"cohen_kappa/columns-rows": 0.4315, "gwet_ac1": 0.45616, "krippendorff_alpha": 0.43162},
        ),
        (
            "anxiety_20x3",
            {"layout": "wide"},
            {"cohen_kappa/rater2-rater3": -0.0062893081761006275, "gwet_ac1": 0.03137, "fleiss_kappa": -0.04108,
             "krippendorff_alpha": -0.02373},
        ),
    ],
)  # fmt: skip
def test_published_values(
    real_data: Path, tmp_path: Path, name: str, settings: dict[str, Any], expected: dict[str, float]
) -> None:
    labels = str(real_data / "agreement" / "worked_examples" / f"{name}.csv")
    found = metrics_of(run_method("agreement.score", tmp_path, labels=labels, resamples=200, **settings))
    for metric, value in expected.items():
        digits = max(5e-6, 10.0 ** -len(str(value).partition(".")[2]))
        assert found[metric].value == pytest.approx(value, abs=digits), metric
        assert found[metric].low <= found[metric].value <= found[metric].high and found[metric].n > 0


def test_the_dogs_of_a_crowd(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "agreement" / "dog"
    events = run_method(
        "agreement.score", tmp_path,
        labels=str(folder / "answer.csv"), columns="question,worker,answer",
        truth=str(folder / "truth.csv"), truth_columns="question,truth", resamples=100,
    )  # fmt: skip
    found = metrics_of(events)
    assert round(found["majority_accuracy"].value, 4) == 0.8222 and found["majority_accuracy"].n == 807
    assert found["dawid_skene_accuracy"].value == pytest.approx(DOGS_BY_CROWD_KIT, abs=1e-9)
    assert sum(name.startswith("cohen_kappa/") for name in found) <= 300 and "pairs" in warnings_of(events)


@pytest.mark.filterwarnings("ignore")  # its pandas is of an earlier year
def test_the_dogs_accuracy_is_what_crowd_kit_finds(real_data: Path) -> None:
    try:
        pandas, crowdkit = importlib.import_module("pandas"), importlib.import_module("crowdkit.aggregation")
    except ModuleNotFoundError:
        pytest.skip("crowd-kit is not installed (requirements/dev.txt)")
    folder = real_data / "agreement" / "dog"
    answers = pandas.read_csv(folder / "answer.csv").set_axis(["task", "worker", "label"], axis=1)
    truth = pandas.read_csv(folder / "truth.csv").set_index("question")["truth"]
    theirs = crowdkit.DawidSkene(n_iter=100).fit_predict(answers)
    both = truth.index.intersection(theirs.index)
    assert len(both) == 807
    assert (theirs[both] == truth[both]).mean() == pytest.approx(DOGS_BY_CROWD_KIT, abs=1e-9)


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


LABELS = "item,annotator,label\n1,Ann/e,x\n1,Bob,x\n2,Ann/e,y\n2,Bob,x\n3,Ann/e,y\n3,Bob,y\n4,Ann/e,x\n"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_as_people_save_them(tmp_path: Path, separator: str, encoding: str) -> None:
    labels = write(tmp_path / "l.csv", LABELS.replace(",", separator).replace("\n", "\r\n"), encoding)
    truth = write(tmp_path / "t.csv", "label,item\nx,1\ny,2\ny,3\nx,99\n", encoding)
    events = run_method("agreement.score", tmp_path, labels=labels, truth=truth, resamples=100)
    found = metrics_of(events)
    assert found["percent_agreement"].value == pytest.approx(2 / 3) and found["percent_agreement"].n == 3
    assert found["cohen_kappa/Ann%2Fe-Bob"].n == 3
    assert found["majority_accuracy"].value == pytest.approx(2.5 / 3)
    with (tmp_path / "consensus.csv").open(newline="") as file:
        rows = {row["item"]: row for row in csv.DictReader(file)}
    assert rows["2"]["tie"] == "yes" and rows["1"]["majority"] == "x" and float(rows["1"]["posterior"]) > 0.5
    with (tmp_path / "confusion.csv").open(newline="") as file:
        cells = {(row["a_said"], row["b_said"]): int(row["items"]) for row in csv.DictReader(file)}
    assert cells == {("x", "x"): 1, ("x", "y"): 0, ("y", "x"): 1, ("y", "y"): 1}
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["overlap"] == 3 and "Only 3 items" in warnings_of(events)


def test_a_workbook_counts_like_its_csv(tmp_path: Path) -> None:
    rows = [[int(cell) if cell.isdecimal() else cell for cell in line.split(",")] for line in LABELS.split()]
    (tmp_path / "l.xlsx").write_bytes(workbook(rows))
    (tmp_path / "t.xlsx").write_bytes(workbook([["item", "label"], [1, "x"], [2, "y"], [], [3, "y"]]))
    truth = write(tmp_path / "t.csv", "item,label\n1,x\n2,y\n3,y\n")
    sheets = {"labels": str(tmp_path / "l.xlsx"), "truth": str(tmp_path / "t.xlsx")}
    found = metrics_of(run_method("agreement.score", tmp_path, **sheets, resamples=100))
    texts = {"labels": write(tmp_path / "l.csv", LABELS), "truth": truth}
    assert found == metrics_of(run_method("agreement.score", tmp_path, **texts, resamples=100)) and found


def test_a_broken_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.xlsx").write_bytes(workbook([["item", "annotator", "label"]])[:-40])
    with pytest.raises(BadInput, match="no workbook that can be read") as refusal:
        run_method("agreement.score", tmp_path, labels=str(tmp_path / "l.xlsx"))
    assert refusal.value.field == "labels"


def test_an_answer_twice_counts_once_and_an_empty_one_not_at_all(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.csv", LABELS + "4,Ann/e,x\n5,Bob,\n\n")
    events = run_method("agreement.score", tmp_path, labels=labels, resamples=100)
    assert "1 rows repeat an answer" in warnings_of(events) and "1 rows have no label" in warnings_of(events)


def test_what_cannot_be_measured_is_left_out_with_its_reason(tmp_path: Path) -> None:
    one = write(tmp_path / "l.csv", "item,annotator,label\n1,A,x\n1,B,x\n2,A,x\n2,B,x\n")
    events = run_method("agreement.score", tmp_path, labels=one, resamples=100)
    assert metrics_of(events)["percent_agreement"].value == 1.0
    assert not {"fleiss_kappa", "krippendorff_alpha", "cohen_kappa/A-B"} & set(metrics_of(events))
    assert "only one category occurs" in warnings_of(events)
    alone = write(tmp_path / "l.csv", "item,annotator,label\n1,A,x\n2,A,y\n")
    events = run_method("agreement.score", tmp_path, labels=alone, resamples=100)
    assert not metrics_of(events) and "No item has labels of two annotators" in warnings_of(events)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("item,annotator,label\n", "no row with a label"),
        ("item,worker,label\n1,A,x\n", "no column 'annotator'; its columns are 'item', 'worker', 'label'"),
        ("item,annotator,label,label\n1,A,x,y\n", "more than one column 'label'"),
        ("item,annotator,label\n1,A,x\n2,A,y\n1,A,z\n", "lines 2 and 4: A labelled item 1 as 'x' and as 'z'"),
        ("item,annotator,label\n1,,x\n", "'annotator' is empty in line 2"),
        ("item,annotator,label\n1,A,x,more\n", "more cells than its header has columns in line 2"),
        ('item,annotator,label\n1,A,"x\n', "line 2: unexpected end of data"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, text: str, message: str) -> None:
    labels = write(tmp_path / "l.csv", text)
    with pytest.raises(BadInput, match=message) as refusal:
        run_method("agreement.score", tmp_path, labels=labels)
    assert refusal.value.field == "labels"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,label\n1,x\n1,y\n", "lines 2 and 3: item 1 is true as 'x' and as 'y'"),
        ("item,label\n77,x\n", "no item in common"),
        ("item,label\n1,\n", "no row with a label"),
    ],
)
def test_a_truth_that_does_not_fit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    labels, truth = write(tmp_path / "l.csv", LABELS), write(tmp_path / "t.csv", text)
    with pytest.raises(BadInput, match=message) as refusal:
        run_method("agreement.score", tmp_path, labels=labels, truth=truth)
    assert refusal.value.field == "truth"


def test_what_looks_like_a_slip_in_the_truth_is_told(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.csv", LABELS)
    truth = write(tmp_path / "t.csv", "item,label\n1,x\n2,Y\n3,yy\n9,x\n")
    told = warnings_of(run_method("agreement.score", tmp_path, labels=labels, truth=truth))
    assert "'Y', 'y' differ in capitals alone" in told
    assert "no annotator ever said, so each counts as a miss: 'Y' (1 items), 'yy' (1 items)" in told
    assert "1 items of the truth have no label and are left out: 9" in told


def test_a_value_without_an_interval_says_why(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.csv", "item,annotator,label\n1,A,x\n1,B,x\n2,A,x\n2,B,x\n3,A,x\n3,B,y\n")
    events = run_method("agreement.score", tmp_path, labels=labels, resamples=200)
    bare = [name for name, metric in metrics_of(events).items() if metric.low is None and name != "tie_share"]
    assert bare
    for name in bare:
        assert f"{name} has no interval: too many resamples leave it undefined" in warnings_of(events)


def test_other_layouts_name_what_is_wrong_with_them(tmp_path: Path) -> None:
    for layout, text, message in (
        ("wide", "item,A,B\n1,x,y\n1,x,x\n", r"items in more than one row: line 2 \(item 1\), line 3"),
        ("counts", "item,x,y\n1,2,some\n", "line 2: 'some' is not a number of labels"),
        ("table", "said,x,y\ny,1,2\nx,0,3\n", "rows must name the categories"),
    ):
        labels = write(tmp_path / "l.csv", text)
        column = {} if layout == "table" else {"item_column": "item"}
        with pytest.raises(BadInput, match=message):
            run_method("agreement.score", tmp_path, labels=labels, layout=layout, **column)


def test_on_the_command_line_it_loads_no_torch_and_refuses_with_two(tmp_path: Path) -> None:
    labels = write(tmp_path / "l.csv", LABELS)
    code = (
        "import sys; from ml_core.command.main import main; "
        f"rc = main(['agreement.score', 'labels={labels}', 'out={tmp_path / 'o'}', *sys.argv[1:]]); "
        "assert not {'torch', 'transformers', 'pandas', 'sklearn'} & set(sys.modules); sys.exit(rc)"
    )
    fine, bad = (
        subprocess.run([sys.executable, "-c", code, *more], capture_output=True, text=True, check=False)
        for more in ([], ["columns=a,b,c", f"out={tmp_path / 'other'}"])
    )
    assert fine.returncode == 0, fine.stderr
    assert json.loads((tmp_path / "o" / "metrics.json").read_text())["percent_agreement.n"] == 3
    assert bad.returncode == 2 and "no column 'a'" in bad.stderr and "Traceback" not in bad.stderr
