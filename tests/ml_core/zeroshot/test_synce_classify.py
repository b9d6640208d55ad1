"""synce.classify on recorded captions and embeddings: numbers beside the plain classifier's, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.spec import BadInput
from ml_core.zeroshot.templates import with_caption
from tests.ml_core.zeroshot import direct
from tests.ml_core.zeroshot.made import DOMAIN, Made, class_file, image_file, made, metrics_of, run_method

KEY = "synce.classify"


def both(small: Made) -> dict[str, str]:
    return {
        "data": small.data,
        "encoder": small.encoder,
        "class_captions": small.class_file,
        "image_captions": small.image_file,
    }


def on_paper(small: Made, point: tuple, template: str = "domain") -> np.ndarray:
    domain = small.texts(*(f"An image of a {name}, a {DOMAIN}" for name in small.names))
    generic = small.texts(*(f"An image of a {name}" for name in small.names))
    of_classes = [
        small.texts(*(with_caption(name, caption) for caption in row))
        for name, row in zip(small.names, small.class_captions, strict=True)
    ]
    of_images = [small.texts(*row) for row in small.image_captions]
    classes = domain if template == "domain" else generic
    return direct.scores(small.units(), domain, classes, of_classes, of_images, point)


@pytest.mark.parametrize("template", ["domain", "generic"])
def test_accuracy_is_that_of_the_fusion_written_out(small: Made, tmp_path: Path, template: str) -> None:
    found = metrics_of(run_method(KEY, tmp_path, **both(small), template=template))
    fused_NC = on_paper(small, (0.2, 0.1, 0.1, 0.1), template)
    plain_NC = on_paper(small, (0.0, 0.0, 0.1, 0.1), template)
    was_N, is_N = ((scores.argmax(1) == small.labels_N) for scores in (plain_NC, fused_NC))
    assert found["accuracy@1"].value == is_N.mean() and found["baseline/accuracy@1"].value == was_N.mean()
    repaired, broken = int((is_N & ~was_N).sum()), int((was_N & ~is_N).sum())
    assert (found["repaired"].value, found["broken"].value) == (repaired, broken)
    assert found["p_value"].value == exact_mcnemar(repaired, broken)
    assert found["net"].value == pytest.approx((repaired - broken) / 84)


def test_without_shares_it_is_zeroshot_evaluate_to_the_bit(small: Made, tmp_path: Path) -> None:
    for template in ("domain", "generic"):
        data = {"data": small.data, "encoder": small.encoder}
        plain = metrics_of(run_method("zeroshot.evaluate", tmp_path / "plain", **data, templates=template))
        found = metrics_of(run_method(KEY, tmp_path / "none", **both(small), alpha=0, beta=0, template=template))
        assert {name: metric for name, metric in found.items() if name in plain} == plain
        assert found["repaired"].value == found["broken"].value == 0 and found["p_value"].value == 1
        same = [pq.read_table(tmp_path / where / "cases.parquet", columns=SCHEMA.names) for where in ("plain", "none")]
        assert same[0].equals(same[1])


def test_the_uniform_variant_and_one_side_alone_are_their_formulas(small: Made, tmp_path: Path) -> None:
    uniform = metrics_of(run_method(KEY, tmp_path, **both(small), weighting="uniform", alpha=0.6, beta=0.3))
    wanted = on_paper(small, (0.6, 0.3, None, None)).argmax(1) == small.labels_N
    assert uniform["accuracy@1"].value == wanted.mean()
    for side, point in (("class_captions", (0.6, 0.0, 0.1, 0.1)), ("image_captions", (0.0, 0.6, 0.1, 0.1))):
        one = {name: value for name, value in both(small).items() if name in ("data", "encoder", side)}
        found = metrics_of(run_method(KEY, tmp_path, **one, alpha=0.6, beta=0.6))
        assert found["accuracy@1"].value == (on_paper(small, point).argmax(1) == small.labels_N).mean()


def test_fewer_captions_are_the_first_ones(small: Made, tmp_path: Path) -> None:
    fewer = class_file(
        small,
        tmp_path / "one.json",
        **{name: [row[0]] for name, row in zip(small.names, small.class_captions, strict=True)},
    )
    cut = metrics_of(run_method(KEY, tmp_path / "a", **both(small), captions_per_class=1, alpha=1))
    short = metrics_of(run_method(KEY, tmp_path / "b", **(both(small) | {"class_captions": str(fewer)}), alpha=1))
    assert cut == short


def test_classes_table_tells_the_change_against_the_baseline(small: Made, tmp_path: Path) -> None:
    run_method(KEY, tmp_path, **both(small))
    table = json.loads((tmp_path / "plots" / "classes.json").read_text())
    plain_N = on_paper(small, (0.0, 0.0, 0.1, 0.1)).argmax(1)
    right_C = np.bincount(small.labels_N[plain_N == small.labels_N], minlength=7)
    assert table["baseline_right"] == right_C.tolist()


def test_one_class_and_two_classes_are_told_apart(tmp_path: Path) -> None:
    for number, names in enumerate((("ant",), ("ant", "bee"))):
        few = made(tmp_path / str(number), names=names, pictures=3, per_class=1, per_image=1)
        found = metrics_of(run_method(KEY, tmp_path / f"out{number}", **both(few)))
        assert "accuracy@5" not in found and found["accuracy@1"].n == 3 * len(names)


def test_predictions_that_are_the_labels_are_refused(small: Made, tmp_path: Path) -> None:
    labels = [small.names[label] for label in small.labels_N]
    leak = image_file(small, tmp_path / "leak.json", labels)
    with pytest.raises(BadInput, match="true one for every one of 84 pictures") as caught:
        run_method(KEY, tmp_path / "out", **(both(small) | {"image_captions": str(leak)}))
    assert caught.value.field == "image_captions"
    honest = image_file(small, tmp_path / "honest.json", [*labels[:-1], "ant"])
    run_method(KEY, tmp_path / "out", **(both(small) | {"image_captions": str(honest)}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bee": None}, "the class “bee” is missing"),
        ({"yak": ["x"]}, "“yak” is no class"),
        ({"bee": []}, "the class “bee” has no caption"),
        ({"bee": ["a", " "]}, "caption 2 is empty"),
    ],
)
def test_a_file_that_does_not_fit_the_classes_is_refused_before_anything_is_written(
    small: Made, tmp_path: Path, changes: dict, told: str
) -> None:
    wrong = class_file(small, tmp_path / "wrong.json", **changes)
    out = tmp_path / "out"
    with pytest.raises(BadInput, match=told) as caught:
        run_method(KEY, out, **(both(small) | {"class_captions": str(wrong)}))
    assert caught.value.field == "class_captions" and not any(out.iterdir())


def test_captions_of_some_side_are_needed(small: Made, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="captions of the classes, of the pictures, or both"):
        run_method(KEY, tmp_path, data=small.data, encoder=small.encoder)
