"""The split of failures among annotators: sizes, disjoint, and nobody moves when one item comes or goes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.failures.sampling import Plan, plan, share_names
from ml_core.spec import BadInput

IDS = [f"caption-{n}" for n in range(3000)]
DEFAULT = {"size": 200, "overlap": 30, "annotators": 3, "backup": 20, "seed": 1}


def members(chosen: Plan) -> dict[str, str]:
    return {name: group for group, names in chosen.groups().items() for name in names}


def test_the_default_gives_thirty_to_all_fifty_to_each_and_twenty_in_reserve() -> None:
    chosen = plan(IDS, **DEFAULT)
    assert {group: len(names) for group, names in chosen.groups().items()} == {
        "overlap": 30,
        "A": 50,
        "B": 50,
        "C": 50,
        "backup": 20,
    }
    assert len(members(chosen)) == len(chosen) == 200


def test_the_order_of_the_ids_does_not_matter_and_the_seed_does() -> None:
    assert plan(IDS[::-1], **DEFAULT) == plan(IDS, **DEFAULT)
    assert plan(IDS, **DEFAULT | {"seed": 2}) != plan(IDS, **DEFAULT)


def test_losing_or_gaining_an_id_moves_no_other() -> None:
    before = members(plan(IDS, **DEFAULT))
    moved = 0
    for name in list(before)[::10]:
        after = members(plan([other for other in IDS if other != name], **DEFAULT))
        kept = {other: group for other, group in before.items() if other in after}
        assert len(kept) == 199
        moved += sum(after[other] != group for other, group in kept.items())
    assert moved <= 2  # only where the one that comes in had another place before


@given(st.integers(0, 120), st.integers(0, 60), st.integers(0, 20), st.integers(1, 5), st.integers(0, 10))
@settings(max_examples=200, deadline=None)
def test_groups_are_disjoint_of_equal_shares_and_as_many_as_wanted(
    count: int, size: int, overlap: int, annotators: int, backup: int
) -> None:
    if overlap + backup > size:
        return
    ids = IDS[:count]
    strata = {name: "ab"[n % 3 == 0] for n, name in enumerate(ids)}
    for chosen in (
        plan(ids, size=size, overlap=overlap, annotators=annotators, backup=backup, seed=3),
        plan(ids, size=size, overlap=overlap, annotators=annotators, backup=backup, seed=3, strata=strata),
    ):
        assert len(chosen) == len(members(chosen)) == min(size, count)
        assert len({len(share) for share in chosen.shares}) == 1
        assert len(chosen.overlap) == min(overlap, count)
        if count >= size:
            assert backup <= len(chosen.backup) < backup + annotators


def test_strata_are_drawn_in_proportion_in_every_group() -> None:
    strata = {name: "rare" if n % 10 == 0 else "common" for n, name in enumerate(IDS)}
    chosen = plan(IDS, **DEFAULT, strata=strata)
    for names in chosen.groups().values():
        assert Counter(strata[name] for name in names)["rare"] == len(names) // 10


def test_plans_that_cannot_be_are_refused() -> None:
    for changes, field in (({"overlap": 190}, "size"), ({"annotators": 0}, "annotators"), ({"size": -1}, "size")):
        with pytest.raises(BadInput) as refusal:
            plan(IDS, **DEFAULT | changes)
        assert refusal.value.field == field
    with pytest.raises(BadInput, match="differ"):
        plan(["a", "a"], **DEFAULT)


def test_shares_are_named_by_letters() -> None:
    assert share_names(3) == ["A", "B", "C"]
    assert share_names(28)[25:] == ["Z", "AA", "AB"]
