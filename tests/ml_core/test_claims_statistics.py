"""The one place where a comparison's numbers are made: what they say, what is judged, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_core.claims.difference import compare
from ml_core.claims.outcomes import RunOutcomes, aligned
from ml_core.claims.plan import Label, Plan, Registration
from ml_core.claims.ranks import rank_changes, recall_curve
from ml_core.claims.statistics import compute
from ml_core.metrics.uncertainty import by_unit, proportion
from ml_core.spec import BadInput
from tests.ml_core.claimed import DATA, comparison, way

VERDICT_KEYS = {
    "n", "units", "repaired", "broken", "still_wrong", "wrong_differently", "still_right", "net", "p", "test",
    "adjusted", "shown", "judged", "selection", "why", "against_control", "held_out",
}  # fmt: skip


def found(**changes: Any) -> dict[str, Any]:
    return compute(*comparison(**changes))


def pair(before: list[int], after: list[int], **plan: Any) -> dict[str, Any]:
    """The statistics of two picture→text runs with these ranks."""
    runs = {"a": {"i2t": way("i2t", np.array(before))}, "b": {"i2t": way("i2t", np.array(after))}}
    return compute(runs, [], Plan("a", ("a", "b"), data_hash=DATA, resamples=200, **plan))


def test_the_result_is_json_and_is_the_same_again() -> None:
    once = found()
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert compare(once, found(), 0).differences == ()


def test_every_key_stands_in_the_documentation() -> None:
    from_docs = (Path(__file__).parents[2] / "docs" / "claims.md").read_text()
    result = found()
    for key in result:
        assert f"`{key}`" in from_docs, key
    assert set(result["verdicts"]["2"]["t2i"]["all"]) == VERDICT_KEYS
    for key in VERDICT_KEYS | set(result["effects"]["2"]["t2i"]["categories"]["count"]):
        assert f'"{key}"' in from_docs, key


def test_five_repaired_and_none_broken_is_not_shown() -> None:
    card = pair([2] * 5 + [1] * 20 + [2] * 10, [1] * 5 + [1] * 20 + [2] * 10)["verdicts"]["b"]["i2t"]["all"]
    assert (card["repaired"], card["broken"], card["still_wrong"], card["still_right"]) == (5, 0, 10, 20)
    assert card["p"] == card["adjusted"] == pytest.approx(0.0625)
    assert card["test"] == "mcnemar"
    assert not card["shown"]


def test_twenty_repaired_and_none_broken_is_shown() -> None:
    card = pair([2] * 20 + [1] * 40, [1] * 60)["verdicts"]["b"]["i2t"]["all"]
    assert card["shown"] and card["judged"]
    assert card["net"]["value"] == pytest.approx(20 / 60)


def test_cells_count_every_query_once() -> None:
    for ways in found()["verdicts"].values():
        for slices in ways.values():
            for card in slices.values():
                cells = ("repaired", "broken", "still_wrong", "wrong_differently", "still_right")
                assert sum(card[cell] for cell in cells) == card["n"]


def test_another_first_answer_that_is_wrong_too_is_wrong_differently() -> None:
    before = way("i2t", np.array([2, 3, 1, 1]))
    after = way("i2t", np.array([2, 2, 1, 1]), before.first_Q + np.array([0, 1, 0, 0]))
    result = compute({"a": {"i2t": before}, "b": {"i2t": after}}, [], Plan("a", ("a", "b"), resamples=200))
    card = result["verdicts"]["b"]["i2t"]["all"]
    assert (card["still_wrong"], card["wrong_differently"], card["still_right"]) == (1, 1, 2)


def test_recall_is_the_number_that_the_run_itself_reports() -> None:
    outcomes, labels, plan = comparison()
    t2i = outcomes["2"]["t2i"]
    own = proportion(*by_unit((t2i.rank_Q <= 5).astype(int), t2i.unit_Q), resamples=plan.resamples, seed=plan.seed)
    assert compute(outcomes, labels, plan)["metrics"]["2"]["t2i/recall@5"] == own._asdict()


def test_a_run_reaches_the_same_beside_whatever_it_is_compared_with() -> None:
    whole = found(seed=17)["metrics"]
    for runs in (("1", "2"), ("1", "rnd")):
        few = found(seed=17, runs=runs, control="")["metrics"]
        assert few == {run: whole[run] for run in runs}
    assert found(seed=18)["metrics"] != whole


def test_a_slice_chosen_by_the_baselines_failures_is_never_shown_without_a_control() -> None:
    ids = tuple(f"p{number}" for number in range(20))
    before, after = [2] * 20 + [1] * 40, [1] * 60
    result = pair(before, after, slices={"wrong": {"i2t": ids}})
    card = result["verdicts"]["b"]["i2t"]["wrong"]
    assert (card["repaired"], card["broken"]) == (20, 0)
    assert card["p"] is None and card["net"] == {"value": None, "low": None, "high": None, "n": 20}
    assert not card["shown"] and not card["judged"] and card["adjusted"] is None
    assert card["selection"] == "failures" and "Nothing is shown without a control" in card["why"]
    assert result["family"]["members"] == [["b", "i2t", "all"]] and result["family"]["left_out"] == 1


def test_a_group_and_a_registration_tell_no_net_on_a_selected_slice_without_a_control() -> None:
    said = Registration("b", "i2t", "all", "recall@1", 0.1, 20, "once", DATA, "2026-01-01T00:00:00+00:00")
    result = pair([2] * 20, [1] * 20, registration=said, groups={"g": ("b",)})
    nothing = {"value": None, "low": None, "high": None, "n": 20}
    assert result["groups"]["g"]["changes"]["i2t"]["all"]["net"] == nothing
    assert result["registration"]["conclusion"] == "void" and result["registration"]["verdict"]["net"] == nothing


@pytest.mark.parametrize("seen", ["a", "b"])
def test_nothing_is_shown_by_a_run_whose_model_or_whose_baselines_saw_the_data(seen: str) -> None:
    said = Registration("b", "i2t", "all", "recall@1", 0.1, 60, "once", DATA, "2026-01-01T00:00:00+00:00")
    result = pair([2] * 20 + [1] * 40, [1] * 60, seen=(seen,), groups={"g": ("b",)}, registration=said)
    card = result["verdicts"]["b"]["i2t"]["all"]
    assert card["p"] < 0.001 and not card["judged"] and not card["shown"] and card["held_out"] is False
    assert f"the model of run {seen} was trained on" in card["why"]
    assert result["not_held_out"] == [seen] and result["family"]["size"] == 0
    assert not result["groups"]["g"]["changes"]["i2t"]["all"]["judged"]
    assert result["registration"]["conclusion"] == "void"


def test_a_selected_slice_is_judged_by_the_difference_to_the_control() -> None:
    card = found()["verdicts"]["2"]["t2i"]["attribute"]
    assert card["selection"] == "failures" and card["judged"]
    assert card["broken"] == 0 and card["against_control"]["n"] == card["n"]
    assert card["adjusted"] == card["against_control"]["adjusted"]
    control = found()["verdicts"]["rnd"]["t2i"]["attribute"]
    assert not control["judged"] and not control["shown"]


def test_what_repairs_no_more_than_the_control_is_not_shown() -> None:
    outcomes, labels, plan = comparison()
    outcomes["2"] = outcomes["rnd"]
    card = compute(outcomes, labels, plan)["verdicts"]["2"]["t2i"]["attribute"]
    assert card["repaired"] > 0
    assert card["against_control"]["p"] == 1 and not card["shown"]


def test_every_judged_verdict_is_in_one_family() -> None:
    result = found()
    members = {tuple(member) for member in result["family"]["members"]}
    judged = {
        (run, way_name, name)
        for run, ways in result["verdicts"].items()
        for way_name, named in ways.items()
        for name, card in named.items()
        if card["judged"]
    }
    assert judged == members and len(members) == result["family"]["size"]
    for run, way_name, name in judged:
        card = result["verdicts"][run][way_name][name]
        assert card["adjusted"] >= (card["against_control"] or card)["p"]


def test_runs_whose_queries_stand_in_another_order_are_aligned() -> None:
    outcomes, labels, plan = comparison()
    order = np.random.default_rng(0).permutation(300)
    t2i = outcomes["2"]["t2i"]
    turned = RunOutcomes(
        t2i.number_Q[order], [t2i.id_Q[place] for place in order], t2i.unit_Q[order], t2i.rank_Q[order],
        t2i.first_Q[order],
    )  # fmt: skip
    mixed = outcomes | {"2": outcomes["2"] | {"t2i": turned}}
    assert compute(mixed, labels, plan) == compute(outcomes, labels, plan)
    field = aligned({"2": {"t2i": turned}, "1": outcomes["1"]}, "t2i")
    np.testing.assert_array_equal(field.rank["1"], outcomes["1"]["t2i"].rank_Q[order])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runs": ("1",)}, "two runs or more"),
        ({"runs": ("1", "2", "2", "rnd")}, "named twice"),
        ({"baseline": "9"}, "the baseline 9 is none of the runs"),
        ({"control": "9"}, "the control 9 is none of the runs"),
        ({"control": "1"}, "may not be the baseline"),
        ({"runs": ("1", "2", "rnd", "4")}, "no outcomes of run 4"),
        ({"directions": ("classify",)}, "not every run has outcomes of classify"),
        ({"slices": {"all": {"t2i": ("c1",)}}}, "no slice may be called 'all'"),
        ({"slices": {"x": {"t2i": ("c1", "nope")}}}, "1 of its queries are in no run: nope"),
        ({"slices": {"x": {"t2i": ("c1", "c1")}}}, "named twice"),
        ({"groups": {"g": ("7",)}}, "names run 7"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        found(**changes)


def test_runs_with_other_queries_or_units_are_refused() -> None:
    outcomes, labels, plan = comparison()
    t2i = outcomes["2"]["t2i"]
    fewer = RunOutcomes(t2i.number_Q[:-1], list(t2i.id_Q)[:-1], t2i.unit_Q[:-1], t2i.rank_Q[:-1], t2i.first_Q[:-1])
    with pytest.raises(BadInput, match=r"answered different queries \(1 only 1, 0 only 2\)"):
        compute(outcomes | {"2": outcomes["2"] | {"t2i": fewer}}, labels, plan)
    moved = replace(t2i, unit_Q=t2i.unit_Q[::-1].copy())
    with pytest.raises(BadInput, match="different pictures"):
        compute(outcomes | {"2": outcomes["2"] | {"t2i": moved}}, labels, plan)


def test_a_run_that_lacks_a_direction_leaves_the_common_one() -> None:
    outcomes, labels, plan = comparison()
    del outcomes["2"]["i2t"]
    assert compute(outcomes, labels, plan)["directions"] == ["t2i"]


def test_labels_are_counted_with_their_shares() -> None:
    labels = found()["labels"]
    assert labels["n"] == 40 == sum(part["count"] for part in labels["categories"].values())
    count = labels["categories"]["count"]
    assert count["share"]["value"] == count["count"] / 40
    assert count["share"]["low"] < count["share"]["value"] < count["share"]["high"]
    assert labels["origins"] == {"single": 40}


def test_a_subtype_is_a_share_of_its_category() -> None:
    outcomes, _, plan = comparison()
    labels = [Label("t2i", f"c{n}", "ambiguous", "near" if n else "") for n in range(4)]
    subtypes = compute(outcomes, labels, plan)["labels"]["subtypes"]
    assert subtypes["ambiguous/near"]["share"]["value"] == 0.75


def test_seed_groups_have_a_mean_with_students_interval_and_a_band() -> None:
    result = found(groups={"seeds": ("2", "rnd"), "one": ("1",)})
    group = result["groups"]["seeds"]["metrics"]["t2i/recall@1"]
    values = [result["metrics"][run]["t2i/recall@1"]["value"] for run in ("2", "rnd")]
    assert group["value"] == pytest.approx(np.mean(values)) and group["n"] == 2
    half = 12.706204736 * np.std(values, ddof=1) / np.sqrt(2)
    assert group["high"] - group["value"] == pytest.approx(half)
    assert (group["lowest"], group["highest"]) == (min(values), max(values))
    assert result["groups"]["one"]["metrics"]["t2i/mrr"]["low"] is None
    band = result["groups"]["seeds"]["curves"]["t2i"]
    lows, means, highs = (np.array(band[part]) for part in ("lowest", "mean", "highest"))
    assert (lows <= means).all() and (means <= highs).all()


def test_a_group_of_seeds_changes_against_the_baselines_group() -> None:
    ranks = {
        "a1": [2] * 20 + [1] * 40, "a2": [2] * 18 + [1] * 42,
        "b1": [1] * 15 + [2] * 5 + [1] * 40, "b2": [1] * 60, "b3": [1] * 60,
    }  # fmt: skip
    runs = {name: {"i2t": way("i2t", np.array(of))} for name, of in ranks.items()}
    groups = {"before": ("a1", "a2"), "after": ("b1", "b2", "b3")}
    plan = Plan("a1", tuple(runs), groups=groups, resamples=200, slices={"wrong": {"i2t": ("p0", "p1", "p2")}})
    result = compute(runs, [], plan)["groups"]
    change = result["after"]["changes"]["i2t"]["all"]
    expected = np.mean([55 / 60, 1, 1]) - np.mean([40 / 60, 42 / 60])
    assert change["net"]["value"] == pytest.approx(expected)
    assert change["net"]["low"] < expected < change["net"]["high"]
    assert change["shown"] and change["p"] < 1e-4
    assert result["after"]["against"] == ["a1", "a2"] and result["before"]["changes"] == {}
    chosen = result["after"]["changes"]["i2t"]["wrong"]
    assert chosen["selection"] == "failures" and not chosen["judged"] and not chosen["shown"]


def test_a_slice_of_one_query_has_a_verdict_and_shows_nothing() -> None:
    card = found(slices={"one": {"t2i": ("c1",)}})["verdicts"]["2"]["t2i"]["one"]
    assert card["n"] == card["units"] == 1 and not card["shown"]


def registered(after: list[int], smallest: float, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "run": "b", "direction": "i2t", "slice": "all", "metric": "recall@1", "smallest_effect": smallest, "n": 60,
        "stopping_rule": "all at once", "data_hash": DATA, "registered_at": "2026-11-21T09:00:00Z",
    } | changes  # fmt: skip
    return pair([2] * 30 + [1] * 30, after, registration=Registration(**said))


@pytest.mark.parametrize(
    ("after", "smallest", "conclusion"),
    [
        ([1] * 60, 0.1, "confirmed"),
        ([1] * 10 + [2] * 20 + [1] * 30, 0.1, "shown"),
        ([2] * 60, 0.1, "refuted"),
        ([2] * 60, -0.1, "confirmed"),
        ([2] * 30 + [1] * 30, 0.2, "ruled_out"),
        ([1] * 4 + [2] * 26 + [1] * 30, 0.1, "undecided"),
    ],
)
def test_a_registered_comparison_comes_to_a_conclusion(after: list[int], smallest: float, conclusion: str) -> None:
    result = registered(after, smallest)
    assert result["mode"] == "confirmatory"
    assert result["registration"]["conclusion"] == conclusion
    assert result["registration"]["departures"] == []


@pytest.mark.parametrize(
    ("changes", "said"), [({"n": 50}, "Registered for 50 queries, compared on 60."), ({"data_hash": "q"}, "the data q")]
)
def test_a_comparison_that_departs_from_what_was_registered_is_void(changes: dict[str, Any], said: str) -> None:
    found_one = registered([1] * 60, 0.1, **changes)["registration"]
    assert found_one["conclusion"] == "void" and said in found_one["departures"][0]


def on_category(category: str, part: str, n: int, **changes: Any) -> dict[str, Any]:
    said = Registration("2", "t2i", part, "recall@1", 0.01, n, "once", DATA, "2026-01-01T00:00:00Z", category)
    return found(registration=said, **changes)


@pytest.mark.parametrize(("part", "n"), [("half", 150), ("all", 300)])
def test_a_registered_category_is_not_confirmed_on_other_queries(part: str, n: int) -> None:
    result = on_category("count", part, n)
    assert result["mode"] == "exploratory" and result["registration"]["conclusion"] == "void"
    assert f"those labelled 'count'; the slice '{part}' has others" in result["registration"]["departures"][0]
    assert on_category("attribute", "attribute", 14)["registration"]["departures"] == []


def test_a_slice_that_is_only_called_as_the_registered_category_does_not_stand_for_it() -> None:
    slices = {"count": {"t2i": tuple(f"c{number}" for number in range(13))}}
    assert on_category("count", "count", 13, slices=slices)["mode"] == "exploratory"


def test_a_registration_is_void_where_the_control_was_trained_on_the_data() -> None:
    registered_one = on_category("attribute", "attribute", 14, seen=("rnd",))["registration"]
    assert registered_one["conclusion"] == "void"
    assert "the model of run rnd was trained on" in registered_one["departures"][0]


def test_without_a_registration_a_comparison_is_exploratory() -> None:
    assert found()["mode"] == "exploratory" and found()["registration"] is None


def test_recall_at_ten_can_be_registered_and_other_metrics_cannot() -> None:
    said = registered([30] * 30 + [1] * 30, 0.1, metric="recall@10")["registration"]
    assert said["verdict"]["broken"] == 30
    with pytest.raises(BadInput, match="recall@k can be registered"):
        registered([1] * 60, 0.1, metric="mrr")


def test_rank_changes_count_doublings() -> None:
    changes = rank_changes(np.array([1, 8, 8, 8, 1, 5]), np.array([1, 4, 5, 1, 900, 5]))
    steps = {step["step"]: step["count"] for step in changes["steps"]}
    assert {step: count for step, count in steps.items() if count} == {0: 2, -2: 1, -1: 1, -4: 1, 7: 1}
    assert (changes["better"], changes["same"], changes["worse"]) == (3, 2, 1)
    assert sum(map(sum, changes["moves"])) == 6
    assert changes["moves"][0][-1] == 1


@given(st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 2000)), min_size=1, max_size=50))
def test_rank_changes_turn_around_with_the_runs(ranks: list[tuple[int, int]]) -> None:
    before, after = (np.array(part) for part in zip(*ranks, strict=True))
    there, back = rank_changes(before, after), rank_changes(after, before)
    assert there["better"] == back["worse"] and there["same"] == back["same"]
    assert [step["count"] for step in there["steps"]] == [step["count"] for step in back["steps"]][::-1]
    assert np.array_equal(there["moves"], np.transpose(back["moves"]))


def test_a_recall_curve_ends_at_its_depth() -> None:
    assert recall_curve(np.array([1, 2, 2, 60]), 3) == [0.25, 0.75, 0.75]
