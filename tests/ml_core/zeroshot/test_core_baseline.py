"""core.classify: retrieval, near duplicates, both sides against the formulas written out, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.spec import BadInput
from ml_core.zeroshot.caption_database import read_database
from ml_core.zeroshot.core_baseline import first_of_group, retrieve
from ml_core.zeroshot.templates import SETS, filled
from tests.ml_core.zeroshot import direct
from tests.ml_core.zeroshot.made import DOMAIN, WIDTH, Made, embeddings, metrics_of, run_method, warnings_of

KEY = "core.classify"


@pytest.fixture(scope="module")
def searched(small: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, str, list[str]]:
    """The small set with a database of 60 captions, every third of them nearly the one before it."""
    rng = np.random.default_rng(8)
    captions = [f"something seen {number}" for number in range(60)]
    vectors = dict(small.vectors)
    for number, text in enumerate(captions):
        centre = small.images_NE[small.labels_N == number // 3 % 7].mean(0)
        near = number % 3 == 2
        previous = vectors[captions[number - 1]] if near else None
        vectors[text] = previous + 0.01 * rng.standard_normal(WIDTH) if near else centre + rng.standard_normal(WIDTH)
    found = replace(small, vectors=vectors)
    found.encoder = embeddings(found, "searched")
    path = tmp_path_factory.mktemp("database") / "captions.txt"
    path.write_text("\n".join(captions) + "\n\n", "utf-8")
    return found, str(path), captions


def kept_of(owner: np.ndarray, captions: list[np.ndarray], most: int, limit: float) -> list[np.ndarray]:
    """The captions found for an owner, near duplicates grouped by walking from one to the next."""
    order = sorted(range(len(captions)), key=lambda number: (-float(captions[number] @ owner), number))[:most]
    kept, seen = [], set()
    for number in order:
        if number in seen:
            continue
        kept.append(captions[number])
        reached = [number]
        while reached:
            here = reached.pop()
            seen.add(here)
            reached += [other for other in order if other not in seen and captions[here] @ captions[other] >= limit]
    return kept


def on_paper(made: Made, captions: list[str], point: tuple[float, float, float, float], limit: float) -> np.ndarray:
    classes = made.texts(*(row[0] for row in filled(SETS["domain"], made.names, DOMAIN))).astype(np.float64)
    images, vectors = made.units().astype(np.float64), list(made.texts(*captions).astype(np.float64))
    of_classes, of_images = ([kept_of(row, vectors, 10, limit) for row in rows] for rows in (classes, images))
    assert any(len(row) < 10 for row in of_images)
    return direct.scores(images, classes, classes, of_classes, of_images, point)


@pytest.mark.parametrize("limit", [0.94, 0.6])
def test_accuracy_is_that_of_the_formulas_written_out(
    searched: tuple[Made, str, list[str]], tmp_path: Path, limit: float
) -> None:
    made, database, captions = searched
    shares = {"alpha": 0.5, "beta": 0.4, "tau_t2t": 0.2, "tau_i2t": 0.05}
    values = {"data": made.data, "encoder": made.encoder, "database": database, "duplicate": limit}
    found = metrics_of(run_method(KEY, tmp_path, **values, **shares))
    scores_NC = on_paper(made, captions, tuple(shares.values()), limit)
    is_N = scores_NC.argmax(1) == made.labels_N
    was_N = on_paper(made, captions, (0, 0, 0.1, 0.1), limit).argmax(1) == made.labels_N
    assert found["accuracy@1"].value == is_N.mean() and found["baseline/accuracy@1"].value == was_N.mean()
    repaired, broken = int((is_N & ~was_N).sum()), int((was_N & ~is_N).sum())
    assert repaired and found["p_value"].value == exact_mcnemar(repaired, broken)
    told = pq.read_table(tmp_path / "cases.parquet")
    right_N = np.array(told["right_score"])
    assert right_N == pytest.approx(scores_NC[np.arange(84), made.labels_N], abs=1e-5)


def test_without_shares_it_is_zeroshot_evaluate_to_the_bit(
    searched: tuple[Made, str, list[str]], tmp_path: Path
) -> None:
    made, database, _ = searched
    data = {"data": made.data, "encoder": made.encoder}
    run_method("zeroshot.evaluate", tmp_path / "plain", **data, templates="domain")
    run_method(KEY, tmp_path / "none", **data, database=database, alpha=0, beta=0)
    same = [pq.read_table(tmp_path / where / "cases.parquet", columns=SCHEMA.names) for where in ("plain", "none")]
    assert same[0].equals(same[1])


def test_near_duplicates_are_joined_through_others_and_the_first_is_kept() -> None:
    angles = np.array([[0.0, 0.6, 0.3, 1.5, 0.9], [0.0, 1.0, 2.0, 3.0, 2.1]])
    vectors_BKE = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)
    kept = first_of_group(vectors_BKE, float(np.cos(0.31)))
    assert kept.tolist() == [[True, False, False, True, False], [True, True, True, True, False]]
    assert first_of_group(vectors_BKE[:, :1], 0.9).tolist() == [[True], [True]]


def test_fewer_captions_than_are_asked_for_are_all_retrieved() -> None:
    vectors = np.eye(3, dtype=np.float32)
    found = retrieve(np.array([[0.1, 0.9, 0.4]], np.float32), vectors, 10, 0.94)
    assert found.tolist() == [[1, 2, 0]]


def test_recorded_captions_of_both_sides_can_be_searched(small: Made, tmp_path: Path) -> None:
    captions = {"class_captions": small.class_file, "image_captions": small.image_file}
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, **captions)
    assert metrics_of(events)["accuracy@1"].n == 84
    table = pq.read_table(tmp_path / "retrieved.parquet").to_pylist()
    first = [row for row in table if row["side"] == "class" and row["number"] == 0]
    assert 1 <= len(first) <= 10 and all(first[n]["score"] >= first[n + 1]["score"] for n in range(len(first) - 1))
    assert {row["side"] for row in table} == {"class", "picture"}


def test_a_database_may_be_lines_a_table_or_json(tmp_path: Path) -> None:
    wanted = ["a red ball", "the dog, asleep", "é"]
    files = {
        "a.txt": "\ufeffa red  ball\n\nthe dog, asleep\né\n",
        "b.csv": 'id,caption\n1,a red ball\n2,"the dog, asleep"\n3,é\n',
        "c.csv": 'a red ball\n"the dog, asleep"\né\n',
        "d.jsonl": '"a red ball"\n{"caption": "the dog, asleep", "id": 2}\n{"text": "é"}\n',
        "e.json": json.dumps(wanted),
        "f.txt": "a red ball\nthe dog, asleep\né\na red ball\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
        assert read_database(str(tmp_path / name)).captions == wanted
    assert read_database(str(tmp_path / "f.txt")).repeated == 1


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "\n\n", "there is no caption in it"),
        ("b.csv", "caption\nx\n\"\"\n' '\n", None),
        ("b.csv", "id,caption\n1,x\n2,\n", "line 3 has an empty caption"),
        ("c.csv", "id,name\n1,x\n", "no column is called caption or text"),
        ("d.jsonl", '"x"\n{"label": 3}\n[', "line 3: broken JSON"),
        ("e.jsonl", '"x"\n{"label": 3}\n4\n', "line 2 has no text under caption.*line 3 has no text"),
        ("f.json", "{}", "a JSON list of captions is wanted"),
        ("g.txt", "x" * 5000, "line 1 has 5,000 characters"),
        ("none.txt", None, "cannot be read"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_by_line(
    tmp_path: Path, name: str, text: str | None, told: str | None
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    if told is None:
        assert read_database(str(tmp_path / name)).captions == ["x", "' '"]
        return
    with pytest.raises(BadInput, match=told) as caught:
        read_database(str(tmp_path / name))
    assert caught.value.field == "database"


def test_one_source_of_captions_is_needed(searched: tuple[Made, str, list[str]], tmp_path: Path) -> None:
    made, database, captions = searched
    data = {"data": made.data, "encoder": made.encoder}
    for more in ({}, {"database": database, "class_captions": made.class_file}):
        with pytest.raises(BadInput, match="captions") as caught:
            run_method(KEY, tmp_path / "out", **data, **more)
        assert caught.value.field == "database" and not any((tmp_path / "out").iterdir())
    twice = tmp_path / "twice.txt"
    twice.write_text("\n".join([*captions, captions[0]]), "utf-8")
    events = run_method(KEY, tmp_path / "out", **data, database=str(twice))
    assert any("1 captions repeat" in warning for warning in warnings_of(events))
