"""failures.mine on a classification: pictures that were given the wrong class."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.events import Metric
from ml_core.spec import BadInput
from tests.ml_core.test_failures_mine import rows_of
from tests.ml_core.zeroshot.made import Made, run_method


def test_pictures_that_were_given_the_wrong_class_are_mined_with_both_classes_in_words(
    small: Made, tmp_path: Path
) -> None:
    run_method("zeroshot.evaluate", tmp_path / "run", data=small.data, encoder=small.encoder, resamples=100)
    with pytest.raises(BadInput, match="there: classify") as refusal:
        run_method("failures.mine", tmp_path / "other", run=str(tmp_path / "run"))
    assert refusal.value.field == "direction"
    mined = tmp_path / "mined"
    events = run_method(
        "failures.mine", mined, run=str(tmp_path / "run"), direction="classify", size=8, overlap=2, backup=2
    )
    found = {event.name: event for event in events if isinstance(event, Metric)}
    rows = rows_of(mined / "failures.csv")
    assert 0 < found["classify/failures"].value == len(rows) < len(small.labels_N)
    for row in rows:
        assert row["id"] == small.item_ids[int(row["prompt"])]
        assert row["right_class"] == small.names[small.labels_N[int(row["prompt"])]] != row["first_class"]
    assert {row["id"] for row in rows_of(mined / "plan.csv")} < {row["id"] for row in rows}
