"""What speaks for an answer: the nearest caption of the class given and of the true one, held to a plain loop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA, write_cases
from ml_core.zeroshot.evidence import evidence, nearest, own, told_of, wrong
from ml_core.zeroshot.outcome import classify
from ml_core.zeroshot.templates import with_caption
from ml_core.zeroshot.vectors import Captions, unit
from tests.ml_core.zeroshot.made import Made, run_method


def cases(out: Path) -> list[dict]:
    """Rows of cases.parquet, their evidence read."""
    rows = pq.read_table(out / "cases.parquet").to_pylist()
    return [row | {"evidence": row["evidence"] and json.loads(row["evidence"])} for row in rows]


def looped(small: Made, picture: int, wanted: int) -> tuple[str, float]:
    """The caption of a class that is nearest a picture, one by one."""
    name = small.names[wanted]
    found = [
        (float(small.texts(with_caption(name, caption))[0] @ small.units()[picture]), caption)
        for caption in small.class_captions[wanted]
    ]
    cosine, caption = max(found, key=lambda pair: pair[0])
    return caption, cosine


@pytest.mark.parametrize(("key", "more"), [("synce.classify", {}), ("synce.sweep", {"alphas": [0.2], "betas": [0.1]})])
def test_each_case_tells_the_nearest_captions_as_a_loop_finds_them(
    small: Made, tmp_path: Path, key: str, more: dict
) -> None:
    run_method(
        key, tmp_path, data=small.data, encoder=small.encoder, class_captions=small.class_file,
        image_captions=small.image_file, **more,
    )  # fmt: skip
    rows = cases(tmp_path)
    assert rows
    for row in rows:
        rival = next(number for number in row["given"] if number != row["right"])
        for side, number in (("given", rival), ("right", row["right"])):
            caption, cosine = looped(small, row["unit"], number)
            assert row["evidence"][side] == caption
            assert row["evidence"][f"{side}_cosine"] == pytest.approx(cosine, abs=1e-4)
        own_captions = small.image_captions[row["unit"]]
        nearest_own = (small.texts(*own_captions) @ small.units()[row["unit"]]).argmax()
        assert row["evidence"]["picture"] == own_captions[nearest_own]


def test_a_side_without_captions_tells_nothing(small: Made, tmp_path: Path) -> None:
    data = {"data": small.data, "encoder": small.encoder}
    run_method("synce.classify", tmp_path / "a", **data, class_captions=small.class_file)
    assert {tuple(row["evidence"]) for row in cases(tmp_path / "a")} == {
        ("given", "given_cosine", "right", "right_cosine")
    }
    run_method("synce.classify", tmp_path / "b", **data, image_captions=small.image_file)
    assert {tuple(row["evidence"]) for row in cases(tmp_path / "b")} == {("picture",)}
    run_method("zeroshot.evaluate", tmp_path / "c", **data)
    assert pq.read_schema(tmp_path / "c" / "cases.parquet").names == SCHEMA.names


def test_retrieved_and_described_classes_tell_theirs(small: Made, tmp_path: Path) -> None:
    data = {"data": small.data, "encoder": small.encoder, "class_captions": small.class_file}
    data["image_captions"] = small.image_file
    run_method("core.classify", tmp_path / "core", **data)
    known = {with_caption(n, text) for n, row in zip(small.names, small.class_captions, strict=True) for text in row}
    known |= {text for row in small.image_captions for text in row}
    assert all({row["evidence"]["given"], row["evidence"]["picture"]} <= known for row in cases(tmp_path / "core"))
    run_method("wdys.classify", tmp_path / "wdys", **data, classes_as="named", use_prediction=False)
    for row in cases(tmp_path / "wdys"):
        caption, cosine = looped(small, row["unit"], row["right"])
        assert row["evidence"]["right"] == with_caption(small.names[row["right"]], caption)
        assert row["evidence"]["right_cosine"] == pytest.approx(cosine, abs=1e-4)
    run_method(
        "wdys.classify", tmp_path / "bare", **data, classes_as="domain", use_description=False, use_prediction=False
    )
    assert pq.read_schema(tmp_path / "bare" / "cases.parquet").names == SCHEMA.names


def test_owners_with_fewer_captions_or_none_are_passed_over() -> None:
    rng = np.random.default_rng(0)
    images_NE, vectors_UE = unit(rng.standard_normal((6, 8))), unit(rng.standard_normal((5, 8)))
    captions = Captions(vectors_UE, np.array([[-1, 3, 0], [-1, -1, -1], [2, -1, 4]], np.int32))
    place_N, cosine_N = nearest(images_NE, captions, np.array([0, 1, 2, -1, 2, 0]))
    for n, owner in enumerate([0, 1, 2, -1, 2, 0]):
        there = [k for k in range(3) if owner >= 0 and captions.text_NK[owner, k] >= 0]
        scores = {k: float(images_NE[n] @ vectors_UE[captions.text_NK[owner, k]]) for k in there}
        assert place_N[n] == (max(scores, key=scores.__getitem__) if scores else -1)
        assert cosine_N[n] == pytest.approx(max(scores.values(), default=0.0))
    assert own(images_NE[:3], captions)[1] == -1


def test_with_one_class_only_the_true_one_is_told() -> None:
    images_NE = unit(np.random.default_rng(1).standard_normal((2, 4)))
    outcome = classify(images_NE, images_NE[:1], np.zeros(2, np.int64), keep=3, scale=100.0)
    assert wrong(outcome).tolist() == [-1, -1]
    classes = told_of(Captions(images_NE, np.array([[1]], np.int32)), [["a “round” one"]])
    assert [set(json.loads(one or "")) for one in evidence(outcome, images_NE, classes, None)] == [
        {"right", "right_cosine"}
    ] * 2


def test_cases_without_evidence_are_written_as_ever(tmp_path: Path) -> None:
    write_cases(tmp_path / "cases.parquet", [pa.Table.from_pylist([], schema=SCHEMA)])
    assert pq.read_schema(tmp_path / "cases.parquet").equals(SCHEMA)
