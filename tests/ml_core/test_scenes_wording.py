"""Captions of drawn scenes: they are true, well formed, varied, and say what they claim."""

import re
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.datasets.scenes.phrases import NOUNS
from ml_core.datasets.scenes.wording import CAPTIONS, captions
from ml_core.datasets.scenes.world import dice, family
from ml_core.failures.oracle import PRECEDENCE, holds

members = st.builds(lambda number, slot: family(7, "train", number)[slot], st.integers(0, 5000), st.integers(0, 7))
rolls = st.integers(0, 10**6)
SINGULARS = {one for pairs in NOUNS.values() for one, many in pairs}
PLURALS = {many for pairs in NOUNS.values() for one, many in pairs}


@settings(max_examples=200, deadline=None)
@given(members, rolls)
def test_everything_a_caption_claims_is_true_of_its_scene(member, roll):
    for caption in captions(member.scene, dice(roll)):
        assert caption.mentions
        for claim in caption.mentions:
            assert claim[0] in PRECEDENCE
            assert holds(claim, member.scene.facts()), (caption, claim)


@settings(max_examples=200, deadline=None)
@given(members, rolls)
def test_a_scene_has_five_different_captions(member, roll):
    texts = {caption.text.lower().rstrip(".") for caption in captions(member.scene, dice(roll))}
    assert len(texts) == CAPTIONS == 5


@settings(max_examples=300, deadline=None)
@given(members, rolls)
def test_captions_are_well_formed(member, roll):
    for caption in captions(member.scene, dice(roll)):
        text = caption.text
        words = re.findall(r"[a-z]+", text.lower())
        assert text == text.strip()
        assert not re.search(r"  | ,|,,|\{|\}", text), text
        for article, following in pairwise(words):
            if article == "a":
                assert following[0] not in "aeiou", text
            if article == "an":
                assert following[0] in "aeiou", text
            if article in ("two", "three", "four", "several"):
                assert following not in SINGULARS, text
            if article in ("a", "an", "one", "single"):
                assert following not in PLURALS, text
        assert not re.search(r"\b(is|are) (is|are)\b", text)


@settings(max_examples=200, deadline=None)
@given(members, rolls)
def test_a_claimed_colour_number_and_place_stand_in_the_text(member, roll):
    for caption in captions(member.scene, dice(roll)):
        text = caption.text.lower()
        for claim in caption.mentions:
            if claim[0] == "colour":
                words = {"orange": ("orange", "ginger"), "grey": ("grey", "gray")}.get(claim[2], (claim[2],))
                assert any(word in text for word in words), caption
            if claim[0] == "count" and claim[2] in (3, 4):
                assert {3: "three", 4: "four"}[claim[2]] in text, caption
            if claim[0] == "relation" and claim[2] in ("left of", "right of"):
                assert "left" in text or "right" in text, caption


@settings(max_examples=200, deadline=None)
@given(members, rolls)
def test_what_is_not_claimed_is_not_said(member, roll):
    for caption in captions(member.scene, dice(roll)):
        claimed = {claim[0] for claim in caption.mentions}
        text = caption.text.lower()
        if "relation" not in claimed:
            assert not re.search(r"\b(left|right|behind|in front|under|beneath|above|below|on top)\b", text), caption
        if "action" not in claimed:
            assert not re.search(r"\b(sleep|sit|run|jump|eat|fly|flies|nap|asleep|leap)", text), caption
        if "place" not in claimed:
            assert not re.search(r"\b(kitchen|park|street|beach|snow|lake|living|outside|inside|indoors)", text), (
                caption
            )


def test_captions_vary_in_length_and_detail():
    claims = Counter()
    openings = Counter()
    for number in range(150):
        for caption in captions(family(7, "heldout", number)[0].scene, dice(number)):
            claims[len(caption.mentions)] += 1
            openings[" ".join(caption.text.lower().split()[:2])] += 1
    assert min(claims) <= 2
    assert max(claims) >= 9
    assert len(openings) > 120
    assert openings.most_common(1)[0][1] < 0.12 * sum(openings.values())
