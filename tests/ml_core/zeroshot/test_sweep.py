"""A sweep by algebra against the fusion itself, point by point, and what the method chooses and reports."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.events import Event, Provenance
from ml_core.methods import card
from ml_core.metrics.classification import counts, macro
from ml_core.spec import BadInput, Context, Stopped
from ml_core.zeroshot.fusion import Point, Sides, classified, enriched
from ml_core.zeroshot.sweep.algebra import Sweep, refuse_too_large, swept
from ml_core.zeroshot.sweep.choosing import best
from ml_core.zeroshot.sweep.grid import Grid, grid_of
from ml_core.zeroshot.sweep.parting import dev_and_test, folds
from ml_core.zeroshot.sweep.surfaces import in_words
from ml_core.zeroshot.vectors import Captions
from tests.ml_core.zeroshot.made import Made, embeddings, made, metrics_of, run_method
from tests.ml_core.zeroshot.test_fusion import drawn
from tests.ml_core.zeroshot.test_synce_classify import both

KEY = "synce.sweep"
GRID = Grid((0.001, 0.1, None), (0.001, 1.0), (0.0, 0.2, 1.0), (0.0, 0.3, 0.9))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 70), st.integers(0, 1), st.sampled_from([6, 17]))
def test_every_point_is_the_fusion_itself(seed: int, classes: int, least: int, width: int) -> None:
    sides = drawn(seed, pictures=7, classes=classes, least=least, width=width)
    label_N = np.random.default_rng(seed).integers(0, classes, 7)
    sweep = Sweep(sides, GRID, label_N, np.arange(7), 7, (1, 3))
    assert list(sweep.blocks()) == [(7, 7)]
    found = sweep.surface()
    given_PN = found.given_PFC.argmax(2)
    for place, point in enumerate(GRID.points()):
        images_NE, classes_CE = enriched(sides, point)
        wanted_NC = images_NE.astype(float) @ classes_CE.astype(float).T
        assert sweep.scores(place) == pytest.approx(wanted_NC, abs=3e-6)
        sorted_NC = np.sort(wanted_NC, axis=1)
        clear_N = np.ones(7, bool) if classes == 1 else sorted_NC[:, -1] - sorted_NC[:, -2] > 1e-5
        assert (given_PN[place] == wanted_NC.argmax(1))[clear_N].all()
        own_N1 = np.take_along_axis(wanted_NC, label_N[:, None], axis=1)
        near_N = (np.abs(wanted_NC - own_N1) < 1e-5).sum(1) > 1
        hits_N = (wanted_NC > own_N1).sum(1) < 3
        assert (found.hits_PFK[place, :, 1] == hits_N)[~near_N].all()


def test_without_shares_answers_are_the_plain_ones_to_the_bit() -> None:
    sides = drawn(1, pictures=1200, classes=40, width=33)
    plain = classified(sides, Point(0, 0, None, None), np.zeros(1200, np.int64), keep=1, scale=100)
    found = swept(sides, GRID, np.zeros(1200, np.int64), part_N=np.arange(1200), parts=1200, ks=(1,))
    for place, point in enumerate(GRID.points()):
        if point.alpha == point.beta == 0:
            assert (found.given_PFC[place].argmax(1) == plain.answers.given_N).all()


def test_captions_that_cancel_out_leave_an_owner_as_it_is() -> None:
    bare = drawn(3, pictures=30, classes=5)

    def cancelling(owners: int) -> Captions:
        vectors_UE = bare.images_NE[:1]
        return Captions(np.concatenate([vectors_UE, -vectors_UE]), np.tile(np.int32([0, 1]), (owners, 1)))

    sides = Sides(bare.images_NE, bare.domain_CE, bare.classes_CE, cancelling(5), cancelling(30))
    grid = Grid((None,), (None,), (0.0, 0.4, 1.0), (0.0, 0.4, 1.0))
    found = swept(sides, grid, np.zeros(30, np.int64), part_N=np.arange(30), parts=30)
    plain = classified(sides, Point(0, 0, None, None), np.zeros(30, np.int64), keep=1, scale=1).answers.given_N
    assert len(set(plain.tolist())) > 1
    for place, point in enumerate(grid.points()):
        given_N = classified(sides, point, np.zeros(30, np.int64), keep=1, scale=1).answers.given_N
        assert (given_N == plain).all() and (found.given_PFC[place].argmax(1) == plain).all()


def test_equal_scores_go_to_the_class_with_the_lower_number() -> None:
    one = drawn(2, pictures=4, classes=1)
    twice = np.repeat(one.classes_CE, 3, axis=0)
    sides = Sides(one.images_NE, twice, twice, None, None)
    grid = Grid((None,), (None,), (0.0,), (0.0,))
    for label in range(3):
        found = swept(sides, grid, np.full(4, label), ks=(1, 2, 3))
        assert found.given_PFC[0, 0].tolist() == [4, 0, 0]
        assert found.hits_PFK[0, 0].tolist() == [4 * (label < k) for k in (1, 2, 3)]
    opposite = Sides(-one.classes_CE[[0, 0]], twice, twice, None, None)
    assert swept(opposite, grid, np.array([1, 1])).given_PFC[0, 0].tolist() == [2, 0, 0]


def test_measures_are_those_of_the_answers(small: Made) -> None:
    sides = drawn(9, pictures=60, classes=6)
    label_N, part_N = np.random.default_rng(0).integers(0, 6, 60), np.arange(60) % 3
    found = swept(sides, GRID, label_N, part_N=part_N, parts=3, ks=(1, 2))
    for parts in ([0], [1, 2], [0, 1, 2]):
        which_N = np.isin(part_N, parts)
        measured = found.measures(parts)
        for place in (0, 20, len(GRID) - 1):
            answers = classified(sides, GRID.points()[place], label_N, keep=1, scale=1).answers.chosen(which_N)
            assert measured["accuracy@1"][place] == pytest.approx(answers.right_N.mean())
            assert measured["accuracy@2"][place] == pytest.approx((answers.rank_N <= 2).mean())
            wanted = macro(counts(answers))
            names = ("precision/macro", "recall/macro", "f1/macro")
            assert [measured[name][place] for name in names] == pytest.approx(wanted)


def test_the_plain_classifier_is_always_tried_and_a_bare_side_is_not_swept() -> None:
    settings_ = ((0.5,), (0.2, 0.1), (0.1, 0.05), (1.0,))
    grid = grid_of(*settings_, uniform=True, class_side=True, image_side=True)
    assert grid == Grid((0.05, 0.1, None), (1.0, None), (0.0, 0.5), (0.0, 0.1, 0.2))
    assert len(grid.points()) == len(grid) == 36
    bare = grid_of(*settings_, uniform=False, class_side=False, image_side=True)
    assert bare.alphas == (0.0,) and bare.taus_t2t == (None,)


def test_a_point_is_told_without_the_temperature_of_a_side_that_has_no_share() -> None:
    assert in_words(Point(0.2, 0.0, 0.05, None)) == "α = 0.2, β = 0, τ of classes 0.05"
    assert in_words(Point(0.2, 0.1, None, 0.1)) == "α = 0.2, β = 0.1, τ of classes uniform, τ of pictures 0.1"
    assert in_words(Point(0.0, 0.0, 0.1, 0.1)) == "α = 0, β = 0"


def test_of_equal_points_the_least_enriched_is_best() -> None:
    grid = Grid((0.1,), (0.1,), (0.0, 0.5), (0.0, 0.5))
    assert best(np.array([0.1, 0.9, 0.9, 0.9]), grid) == 1
    assert best(np.array([0.1, 0.2, 0.2, 0.9]), grid) == 3


def test_parts_stand_by_content_and_do_not_move() -> None:
    hashes = [f"{number:x}" for number in range(400)]
    part_N = dev_and_test(hashes, 0.3, 1)
    assert 80 < (part_N == 0).sum() < 160
    assert (dev_and_test(hashes[:200], 0.3, 1) == part_N[:200]).all()
    assert (dev_and_test(hashes, 0.3, 2) != part_N).any()
    assert len(set(dev_and_test(["a", "b", "a", "c"] * 2, 0.5, 0)[[0, 2, 4, 6]].tolist())) == 1
    assert set(folds(hashes, 4, 0).tolist()) == {0, 1, 2, 3}
    with pytest.raises(BadInput) as caught:
        dev_and_test(["a", "a"], 0.5, 0)
    assert caught.value.field == "dev_share"
    with pytest.raises(BadInput) as caught:
        folds(["a", "b"], 3, 0)
    assert caught.value.field == "folds"


SMALL = {"alphas": [0.2, 0.6], "betas": [0.1, 0.4], "taus_t2t": [0.05, 0.1], "taus_i2t": [0.1], "dev_share": 0.4}


def told_of(events: list[Event]) -> str:
    """What a sweep says its numbers come from."""
    facts = [event.facts for event in events if isinstance(event, Provenance)]
    (told,) = [fact["reported_on"] for fact in facts if "reported_on" in fact]
    return str(told)


def test_the_headline_is_the_chosen_point_on_pictures_that_did_not_choose_it(tmp_path: Path) -> None:
    mine = distinct(tmp_path)
    events = run_method(KEY, tmp_path / "out", **both(mine), **SMALL)
    found = metrics_of(events)
    tested = pq.read_table(tmp_path / "out" / "cases.parquet")["number"].to_numpy()
    assert 0 < len(tested) < 84 and found["accuracy@1"].n == len(tested)
    assert told_of(events) == f"{len(tested)} pictures of the test part, which chose no settings"
    point = {name: found[f"tuned_{name}"].value for name in ("alpha", "beta", "tau_t2t", "tau_i2t")}
    run_method("synce.classify", tmp_path / "at", **both(mine), **point)
    run_method("synce.classify", tmp_path / "default", **both(mine))
    for where, prefix in (("at", ""), ("default", "untuned/")):
        ranks = pq.read_table(tmp_path / where / "cases.parquet")["rank"].to_numpy()[tested]
        assert found[f"{prefix}accuracy@1"].value == (ranks == 1).mean()
    run_method("zeroshot.evaluate", tmp_path / "plain", data=mine.data, encoder=mine.encoder, templates="domain")
    ranks = pq.read_table(tmp_path / "plain" / "cases.parquet")["rank"].to_numpy()[tested]
    assert found["baseline/accuracy@1"].value == (ranks == 1).mean()
    assert {"repaired", "broken", "net", "p_value", "p_value/untuned"} < set(found)


def test_the_whole_surface_is_kept_and_the_chosen_point_is_its_best(tmp_path: Path) -> None:
    mine = distinct(tmp_path)
    found = metrics_of(run_method(KEY, tmp_path / "out", **both(mine), **SMALL, select="f1/macro", uniform=True))
    with (tmp_path / "out" / "surface.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 3 * 3 and {row["tau_i2t"] for row in rows} == {"0.1", "uniform"}
    table = json.loads((tmp_path / "out" / "plots" / "sweep.json").read_text())
    assert [float(row["dev/f1/macro"]) for row in rows] == table["f1/macro"]
    assert sum(table["chosen"]) == 1
    place = table["chosen"].index(1)
    assert table["f1/macro"][place] == max(table["f1/macro"])
    assert found["tuned_alpha"].value == table["alpha"][place]
    assert float(rows[place]["test/accuracy@1"]) == pytest.approx(found["accuracy@1"].value)
    plain = next(row for row in rows if row["alpha"] == row["beta"] == "0")
    assert float(plain["test/accuracy@1"]) == pytest.approx(found["baseline/accuracy@1"].value)
    points = json.loads((tmp_path / "out" / "plots" / "sweep_points.json").read_text())
    assert points["point"][::2] == ["plain", "untuned", "tuned"]


def test_folds_answer_for_every_picture_by_what_the_others_chose(tmp_path: Path) -> None:
    mine = distinct(tmp_path)
    events = run_method(KEY, tmp_path / "out", **both(mine), **SMALL, split="folds", folds=3)
    found = metrics_of(events)
    assert found["accuracy@1"].n == 84 and "tuned_alpha" not in found
    assert pq.read_table(tmp_path / "out" / "cases.parquet")["number"].to_pylist() == list(range(84))
    assert sum(json.loads((tmp_path / "out" / "plots" / "sweep.json").read_text())["chosen"]) == 3
    chosen = [event.facts["chosen"] for event in events if event.kind == "provenance" and "chosen" in event.facts]
    assert [choice["for_part"] for choice in chosen[0]] == [0, 1, 2]
    assert told_of(events) == "84 pictures in 3 folds, each by the settings that the other folds chose"


def test_one_side_alone_is_swept_over_its_own_settings(small: Made, tmp_path: Path) -> None:
    values = {name: value for name, value in both(small).items() if name != "image_captions"}
    run_method(KEY, tmp_path / "out", **values, **SMALL)
    table = json.loads((tmp_path / "out" / "plots" / "sweep.json").read_text())
    assert set(table["beta"]) == {0.0} and len(table["beta"]) == 6


def test_a_surface_that_would_not_fit_is_refused_by_its_numbers_before_a_model_is_loaded(
    small: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid((0.1,), (0.1,), tuple(np.linspace(0, 1, 100)), tuple(np.linspace(0, 1, 100)))
    refuse_too_large(grid, 2, 1000, 2, 768)
    with pytest.raises(BadInput, match=r"10,000 points × 10 parts of the pictures × 5,000 classes would take 3\.7 GiB"):
        refuse_too_large(grid, 10, 5000, 2, 768)
    monkeypatch.setattr("ml_core.zeroshot.sweep.algebra._MOST_BYTES", 5_000)
    with pytest.raises(BadInput, match="54 points × 2 parts of the pictures × 7 classes"):
        run_method(KEY, tmp_path, **(both(small) | {"encoder": "hf:nothing"}), **SMALL, uniform=True)
    monkeypatch.undo()
    hot = Grid(tuple(np.linspace(0.1, 1, 50)), (0.1,), (0.0,), (0.0,))
    with pytest.raises(BadInput, match="50 temperatures of the classes × 21,000 classes") as caught:
        refuse_too_large(hot, 1, 21_000, 2, 768)
    assert caught.value.field == "taus_t2t"


def test_measures_are_made_a_few_points_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = swept(drawn(9, pictures=60, classes=6), GRID, np.arange(60) % 6, part_N=np.arange(60) % 3, parts=3)
    whole = found.measures([0, 2])
    monkeypatch.setattr("ml_core.zeroshot.sweep.algebra._CELLS", 60)
    for name, values_P in found.measures([0, 2]).items():
        assert (values_P == whole[name]).all()


def test_a_grid_too_large_is_refused(small: Made, tmp_path: Path) -> None:
    many = [number / 100 for number in range(100)]
    with pytest.raises(BadInput, match="the grid has 163,216 points"):
        run_method(KEY, tmp_path, **both(small), alphas=many, betas=many)


def test_a_sweep_that_is_asked_to_stop_leaves_no_number(small: Made, tmp_path: Path) -> None:
    spec = card(KEY).parse({**both(small), **SMALL})
    context = Context(out=tmp_path, cache=str(tmp_path / "cache"), stop=lambda: True)
    with pytest.raises(Stopped, match="while sweeping"):
        list(card(KEY).load()(spec, context))
    assert not list(tmp_path.iterdir())


def distinct(root: Path) -> Made:
    """The small set with pictures of distinct bytes, so that parts are those of single pictures."""
    mine = made(root)
    for number, item in enumerate(mine.item_ids):
        path = root / "set" / item
        path.write_bytes(path.read_bytes() + bytes([number]))
    mine.encoder = embeddings(mine, "all")
    return mine
