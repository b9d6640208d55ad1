"""The true category of a failure: only what the caption mentions counts, in the stated order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.scenes.kinds import broader
from ml_core.datasets.scenes.world import FACTORS, Group, Scene, family
from ml_core.failures.oracle import PRECEDENCE, holds, label_failures, mentions_of, same_facts, true_category
from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from tests.ml_core.small_sets import coco

numbers = st.integers(0, 20_000)
CLAIM_OF = {"object": "object", "count": "count", "attribute": "colour", "action": "action", "spatial": "relation"}


def everything(scene: Scene) -> list[list]:
    """All that can be claimed of a scene."""
    claims: list[list] = [["place", scene.place]]
    for group in scene.groups:
        claims += [["object", group.kind], ["count", group.kind, group.count], ["colour", group.kind, group.colour]]
        claims += [["action", group.kind, group.action]] * (group.action is not None)
    if scene.relation:
        claims.append(["relation", scene.groups[0].kind, scene.relation, scene.groups[1].kind])
    return claims


@settings(max_examples=100, deadline=None)
@given(numbers)
def test_a_sibling_retrieved_for_a_caption_that_says_everything_has_its_factor_as_category(number):
    base, _, *siblings = family(7, "heldout", number)
    for sibling in siblings:
        for wanted, got in ((base.scene, sibling.scene), (sibling.scene, base.scene)):
            label = true_category(wanted.facts(), got.facts(), everything(wanted))
            if sibling.factor == "context" and wanted.place in broader(got.place):
                assert label == ("ambiguous", "underspecified")  # who is at the playground is in the park
            else:
                assert label == (sibling.factor, None)


@settings(max_examples=100, deadline=None)
@given(numbers)
def test_a_difference_that_the_caption_does_not_mention_leaves_it_underspecified(number):
    base, _, *siblings = family(7, "heldout", number)
    for sibling in siblings:
        mentioned = CLAIM_OF.get(sibling.factor, "place")
        claims = [claim for claim in everything(base.scene) if claim[0] != mentioned]
        if sibling.factor == "object":
            claims = [claim for claim in claims if holds(claim, sibling.scene.facts())]
        label = true_category(base.scene.facts(), sibling.scene.facts(), claims)
        assert label == ("ambiguous", "underspecified")


@settings(max_examples=100, deadline=None)
@given(numbers)
def test_equal_facts_are_a_near_duplicate_whatever_is_mentioned(number):
    base, twin, *_ = family(7, "heldout", number)
    for claims in (everything(base.scene), everything(base.scene)[:1], []):
        assert true_category(base.scene.facts(), twin.scene.facts(), claims) == ("ambiguous", "nearduplicate")


@settings(max_examples=200, deadline=None)
@given(numbers, numbers, st.integers(0, 7), st.integers(0, 7))
def test_the_category_of_two_fully_described_scenes_does_not_depend_on_which_was_wanted(one, other, a, b):
    first, second = family(7, "train", one)[a].scene, family(7, "train", other)[b].scene
    nested = first.place in broader(second.place) or second.place in broader(first.place)
    if len(first.groups) == len(second.groups) and (first.place == second.place or not nested):
        there = true_category(first.facts(), second.facts(), everything(first))
        back = true_category(second.facts(), first.facts(), everything(second))
        assert there == back


@settings(max_examples=100, deadline=None)
@given(numbers, numbers, st.data())
def test_mentioning_less_never_moves_the_category_forward(one, other, data):
    order = [*PRECEDENCE.values(), "ambiguous"]
    wanted, got = family(7, "train", one)[0].scene, family(7, "train", other)[0].scene
    claims = everything(wanted)
    fewer = data.draw(st.lists(st.sampled_from(claims), unique_by=str))
    full, less = (true_category(wanted.facts(), got.facts(), part)[0] for part in (claims, fewer))
    assert order.index(less) >= order.index(full)


def test_a_missing_object_comes_before_every_other_difference():
    wanted = Scene("park", (Group("cat", "black", 1, "sleeping"),))
    got = Scene("beach", (Group("dog", "white", 3, "running"),))
    assert true_category(wanted.facts(), got.facts(), everything(wanted)) == ("object", None)


def test_the_order_is_context_attribute_spatial_action_count():
    chair = Group("chair", "red", 1)
    wanted = Scene("park", (Group("cat", "black", 1, "sleeping"), chair), "left of")
    got = Scene("beach", (Group("cat", "white", 2, "running"), chair), "right of")
    claims = everything(wanted)
    for expected, part in (
        ("context", "place"),
        ("attribute", "colour"),
        ("spatial", "relation"),
        ("action", "action"),
        ("count", "count"),
    ):
        assert true_category(wanted.facts(), got.facts(), claims) == (expected, None)
        claims = [claim for claim in claims if claim[0] != part]


def test_broader_words_hold_for_what_they_cover():
    facts = Scene("lake", (Group("dog", "brown", 3, "eating"), Group("boat", "red", 1)), "left of").facts()
    assert holds(["object", "animal"], facts)
    assert holds(["object", "vehicle"], facts)
    assert holds(["count", "dog", "many"], facts)
    assert holds(["place", "outdoors"], facts)
    assert holds(["relation", "animal", "left of", "boat"], facts)
    assert not holds(["relation", "boat", "left of", "dog"], facts)
    assert not holds(["count", "boat", "many"], facts)
    assert not holds(["place", "indoors"], facts)


def test_a_special_place_is_the_plain_one_too_but_not_the_other_way_round():
    group = (Group("dog", "brown", 1, "eating"),)
    plain, special = Scene("park", group).facts(), Scene("playground", group).facts()
    assert holds(["place", "park"], special)
    assert holds(["place", "outdoors"], special)
    assert not holds(["place", "playground"], plain)
    assert true_category(special, plain, [["place", "playground"]]) == ("context", None)
    assert true_category(plain, special, [["place", "park"]]) == ("ambiguous", "underspecified")


def test_an_unknown_claim_is_refused():
    with pytest.raises(BadInput, match="weather"):
        holds(["weather", "rain"], Scene("park", (Group("cat", "black", 1, "sleeping"),)).facts())


@pytest.fixture(scope="module")
def scenes():
    return open_dataset("scenes:80?size=64")


def test_every_caption_holds_in_its_own_picture(scenes):
    for caption, claims in enumerate(mentions_of(scenes)):
        assert all(holds(claim, scenes.facts[scenes.caption_items[caption]]) for claim in claims)


def test_a_set_of_failures_is_labelled_in_its_order(scenes):
    captions = list(range(0, 400, 3))
    retrieved = [int(scenes.caption_items[caption]) ^ 1 for caption in captions]
    labels = label_failures(scenes, captions, retrieved)
    mentions = mentions_of(scenes)
    for caption, item, label in zip(captions, retrieved, labels, strict=True):
        wanted = scenes.facts[int(scenes.caption_items[caption])]
        assert label == true_category(wanted, scenes.facts[item], mentions[caption])
        assert label[0] in DEFAULT.keys
        assert (label[1] == "nearduplicate") == (label[0] == "ambiguous" and same_facts(wanted, scenes.facts[item]))


def test_failures_within_families_spread_over_the_whole_taxonomy(scenes):
    captions, retrieved = [], []
    for caption, item in enumerate(scenes.caption_items.tolist()):
        for sibling in range(item // 8 * 8, item // 8 * 8 + 8):
            if sibling != item:
                captions.append(caption)
                retrieved.append(sibling)
    labels = [category for category, _ in label_failures(scenes, captions, retrieved)]
    for category in DEFAULT.keys:
        assert labels.count(category) > 0.03 * len(labels), category
    assert set(FACTORS) | {"ambiguous"} == set(DEFAULT.keys)


def test_a_data_set_without_facts_has_no_true_categories(tmp_path):
    dataset = open_dataset(f"coco:{coco(tmp_path / 'set', 3)}")
    with pytest.raises(BadInput, match="not drawn by code"):
        label_failures(dataset, [0], [1])
