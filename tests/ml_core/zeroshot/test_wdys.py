"""wdys.classify: picture, description and prediction as one vector against the formula, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA
from ml_core.spec import BadInput
from ml_core.zeroshot.templates import SETS, filled, with_caption
from tests.ml_core.zeroshot.direct import n
from tests.ml_core.zeroshot.made import DOMAIN, WIDTH, Made, embeddings, image_file, metrics_of, run_method, warnings_of

KEY = "wdys.classify"


@pytest.fixture(scope="module")
def seen(small: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, list[str | None]]:
    """The small set with vectors of bare names and captions, and predictions that are right for two in three."""
    rng = np.random.default_rng(4)
    vectors = dict(small.vectors)
    for c, name in enumerate(small.names):
        centre = small.images_NE[small.labels_N == c].mean(0)
        for text in (name, *small.class_captions[c]):
            vectors[text] = centre + 1.2 * rng.standard_normal(WIDTH)
    found = replace(small, vectors=vectors)
    found.encoder = embeddings(found, "seen")
    guesses: list[str | None] = [
        small.names[(label + (number % 3 == 0)) % 7] for number, label in enumerate(small.labels_N)
    ]
    guesses[5] = None
    found.image_file = str(image_file(found, tmp_path_factory.mktemp("seen") / "images.json", guesses))
    return found, guesses


def values_of(made: Made) -> dict[str, str]:
    captions = {"class_captions": made.class_file, "image_captions": made.image_file}
    return {"data": made.data, "encoder": made.encoder} | captions


def pictures(made: Made, guesses: list[str | None], description: bool = True, prediction: bool = True) -> np.ndarray:
    rows = []
    for number, image in enumerate(made.units().astype(np.float64)):
        total = image.copy()
        if description:
            total += n(made.texts(*made.image_captions[number]).astype(np.float64).sum(0))
        if prediction and guesses[number] is not None:
            total += made.texts(guesses[number])[0]
        rows.append(n(total))
    return np.array(rows)


def classes(made: Made, kind: str) -> np.ndarray:
    if kind in SETS:
        return made.texts(*(row[0] for row in filled(SETS[kind], made.names, DOMAIN)))
    if kind == "name":
        return made.texts(*made.names)
    of_class = zip(made.names, made.class_captions, strict=True)
    texts = [[with_caption(name, t) if kind == "named" else t for t in captions] for name, captions in of_class]
    return np.array([n(made.texts(*row).astype(np.float64).sum(0)) for row in texts])


def test_without_descriptions_and_predictions_it_is_the_plain_classifier_to_the_bit(
    seen: tuple[Made, list[str | None]], tmp_path: Path
) -> None:
    made, _ = seen
    off = {"use_description": False, "use_prediction": False, "classes_as": "domain"}
    run_method(KEY, tmp_path / "off", **values_of(made), **off)
    plain = {"data": made.data, "encoder": made.encoder, "templates": "domain"}
    run_method("zeroshot.evaluate", tmp_path / "plain", **plain)
    one, other = (pq.read_table(tmp_path / name / "cases.parquet", schema=SCHEMA) for name in ("off", "plain"))
    assert one.equals(other)


@pytest.mark.parametrize("kind", ["descriptions", "named", "name", "generic", "domain"])
def test_scores_are_those_of_the_formula(seen: tuple[Made, list[str | None]], tmp_path: Path, kind: str) -> None:
    made, guesses = seen
    found = metrics_of(run_method(KEY, tmp_path, **values_of(made), classes_as=kind))
    scores_NC = pictures(made, guesses) @ classes(made, kind).T
    assert found["accuracy@1"].value == (scores_NC.argmax(1) == made.labels_N).mean()
    right_N = np.array(pq.read_table(tmp_path / "cases.parquet")["right_score"])
    assert right_N == pytest.approx(scores_NC[np.arange(84), made.labels_N], abs=1e-5)
    plain_NC = made.units() @ classes(made, "domain").T
    assert found["baseline/accuracy@1"].value == (plain_NC.argmax(1) == made.labels_N).mean()


def test_descriptions_and_predictions_can_be_left_out(seen: tuple[Made, list[str | None]], tmp_path: Path) -> None:
    made, guesses = seen
    for description, prediction in ((True, False), (False, True), (False, False)):
        use = {"use_description": description, "use_prediction": prediction, "classes_as": "name"}
        found = metrics_of(run_method(KEY, tmp_path, **values_of(made), **use))
        scores_NC = pictures(made, guesses, description, prediction) @ classes(made, "name").T
        assert found["accuracy@1"].value == (scores_NC.argmax(1) == made.labels_N).mean()


def test_without_any_of_it_it_is_zeroshot_evaluate_to_the_bit(
    seen: tuple[Made, list[str | None]], tmp_path: Path
) -> None:
    data = {"data": seen[0].data, "encoder": seen[0].encoder}
    none = {"use_description": False, "use_prediction": False, "classes_as": "domain"}
    run_method("zeroshot.evaluate", tmp_path / "plain", **data, templates="domain")
    run_method(KEY, tmp_path / "none", **data, **none)
    same = [pq.read_table(tmp_path / where / "cases.parquet", columns=SCHEMA.names) for where in ("plain", "none")]
    assert same[0].equals(same[1])


def test_pictures_without_a_prediction_are_told_of(
    seen: tuple[Made, list[str | None]], small: Made, tmp_path: Path
) -> None:
    events = run_method(KEY, tmp_path / "one", **values_of(seen[0]))
    assert any("1 of 84 pictures have no predicted class" in warning for warning in warnings_of(events))
    bare = values_of(seen[0]) | {"image_captions": small.image_file}
    events = run_method(KEY, tmp_path / "none", **bare)
    without = run_method(KEY, tmp_path / "out", **bare, use_prediction=False)
    assert any("84 of 84 pictures" in warning for warning in warnings_of(events))
    assert metrics_of(events) == metrics_of(without)


def test_predictions_that_are_the_labels_are_refused(seen: tuple[Made, list[str | None]], tmp_path: Path) -> None:
    made, _ = seen
    leak = image_file(made, tmp_path / "leak.json", [made.names[label].upper() for label in made.labels_N])
    with pytest.raises(BadInput, match="the labels") as caught:
        run_method(KEY, tmp_path / "out", **(values_of(made) | {"image_captions": str(leak)}))
    assert caught.value.field == "image_captions"


@pytest.mark.parametrize("side", ["class_captions", "image_captions"])
def test_files_that_are_needed_are_named(seen: tuple[Made, list[str | None]], tmp_path: Path, side: str) -> None:
    with pytest.raises(BadInput, match="are needed") as caught:
        run_method(KEY, tmp_path / "out", **(values_of(seen[0]) | {side: ""}))
    assert caught.value.field == side and not any((tmp_path / "out").iterdir())
