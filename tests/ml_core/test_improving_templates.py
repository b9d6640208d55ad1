"""The template sets: nothing in them changes what a caption says."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from ml_core import taxonomy
from ml_core.methods.retrieval_improve import TemplateSet
from ml_core.retrieval.improving.templates import CATEGORY, CATEGORY_SETS, IDENTITY, SETS, filled, templates_for

EVERY = sorted({template for found in (*SETS.values(), *CATEGORY_SETS.values()) for template in found})
# Words that would add, deny, count, colour, place or doubt something.
MEANING = """
no not none without never maybe perhaps possibly any some few several two three red green blue white black small large
big tiny left right above under behind front near old young good bad blurry close cropped dark bright clean drawing
painting sketch people person man woman indoors outdoors
""".split()  # noqa: SIM905


def test_the_settings_name_the_sets_that_there_are() -> None:
    assert set(get_args(TemplateSet)) == {*SETS, CATEGORY}


@pytest.mark.parametrize("template", EVERY)
def test_a_template_holds_the_caption_once_and_no_word_that_changes_its_meaning(template: str) -> None:
    assert template.count(IDENTITY) == 1 and template.count("{") == 1
    assert not set(re.findall("[a-z]+", template)) & set(MEANING)


@pytest.mark.parametrize("name", [*SETS, *CATEGORY_SETS])
def test_a_set_starts_with_the_caption_itself_and_says_nothing_twice(name: str) -> None:
    found = SETS.get(name) or CATEGORY_SETS[name]
    assert found[0] == IDENTITY and len(set(found)) == len(found)


def test_every_category_has_as_many_templates_as_the_others() -> None:
    assert set(CATEGORY_SETS) == set(taxonomy.DEFAULT.keys)
    assert {len(found) for found in CATEGORY_SETS.values()} == {4}
    assert templates_for("somebody's own") == CATEGORY_SETS["ambiguous"]


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("A man rides a wave.", "a photo of a man rides a wave."),
        ("Two dogs  in snow .\n", "a photo of two dogs in snow."),
        ("TV on a stand", "a photo of TV on a stand."),
        ("a {red} ball", "a photo of a {red} ball."),
        (".", "a photo of .."),
        ("", "a photo of ."),
    ],
)
def test_a_caption_reads_on_within_a_sentence(caption: str, said: str) -> None:
    assert filled("a photo of {}.", caption) == said


def test_the_caption_itself_stays_as_it_is() -> None:
    assert filled(IDENTITY, " A man. ") == " A man. "
