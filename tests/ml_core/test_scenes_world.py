"""Families of drawn scenes: what their members share and in what they differ."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.datasets.scenes.kinds import KINDS, LANDMARKS, MARKED, PLACES, SETTINGS, setting_of
from ml_core.datasets.scenes.world import FACTORS, SLOTS, Scene, family, sensible, split_of, variants

families = st.builds(family, st.integers(0, 1000), st.sampled_from(("heldout", "train")), st.integers(0, 100_000))


def differences(one: Scene, other: Scene) -> list[str]:
    found = ["context"] * (one.place != other.place) + ["spatial"] * (one.relation != other.relation)
    for mine, its in zip(one.groups, other.groups, strict=True):
        parts = {"object": "kind", "attribute": "colour", "count": "count", "action": "action"}
        found += [factor for factor, part in parts.items() if getattr(mine, part) != getattr(its, part)]
    return found


@settings(max_examples=60, deadline=None)
@given(families)
def test_a_sibling_differs_from_the_base_in_its_factor_and_in_nothing_else(members):
    base = members[0].scene
    for member in members[2:]:
        assert differences(base, member.scene) == [member.factor]


@settings(max_examples=60, deadline=None)
@given(families)
def test_a_family_has_a_base_a_near_duplicate_of_equal_facts_and_six_different_siblings(members):
    assert [member.factor for member in members[:2]] == list(SLOTS[:2])
    assert members[0].scene == members[1].scene
    assert len({member.scene for member in members}) == 7


@settings(max_examples=60, deadline=None)
@given(families)
def test_every_scene_of_a_family_can_be_seen_and_keeps_to_its_kinds(members):
    for member in members:
        assert sensible(member.scene)
        for group in member.scene.groups:
            kind = KINDS[group.kind]
            assert group.colour in kind.colours
            assert setting_of(member.scene.place) in kind.places
            assert 1 <= group.count <= kind.most
            assert (group.action in kind.actions) if kind.actions else group.action is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 10_000))
def test_no_facts_are_in_both_splits_whatever_the_seed(seed, number):
    for split in ("heldout", "train"):
        assert {split_of(member.scene) for member in family(seed, split, number)} == {split}


@settings(max_examples=40, deadline=None)
@given(families)
def test_facts_give_the_scene_back(members):
    for member in members:
        assert Scene.from_facts(member.scene.facts()) == member.scene


def test_every_factor_varies_in_most_families():
    kept = Counter(member.factor for number in range(200) for member in family(7, "heldout", number))
    assert all(kept[factor] >= 160 for factor in FACTORS), kept


def test_every_setting_is_a_base_s_about_equally_often_and_mostly_with_its_landmark():
    places = Counter(family(7, "train", number)[0].scene.place for number in range(350))
    assert set(places) == set(PLACES)
    settings = Counter({setting: places[setting] + places[MARKED[setting]] for setting in SETTINGS})
    assert min(settings.values()) >= 25, settings
    assert 0.7 < sum(places[landmark] for landmark in LANDMARKS) / 350 < 0.95


def test_the_context_sibling_mostly_differs_by_the_landmark_alone():
    families = [family(7, "heldout", number) for number in range(100)]
    twins = [
        setting_of(members[0].scene.place) == setting_of(member.scene.place)
        for members in families
        for member in members
        if member.factor == "context"
    ]
    assert 0.6 < sum(twins) / len(twins) < 0.95


def test_variants_change_one_group_or_the_whole_scene_but_stay_sensible():
    base = family(7, "train", 3)[0].scene
    for factor in FACTORS:
        for scene in variants(base, factor):
            assert sensible(scene)
            assert differences(base, scene) == [factor]


@pytest.mark.parametrize("split", ["heldout", "train"])
def test_two_seeds_draw_different_families(split):
    assert family(1, split, 0) != family(2, split, 0)
