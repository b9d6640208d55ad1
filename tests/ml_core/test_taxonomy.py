"""The default taxonomy and what an edited one must keep to."""

import re

import pytest
from pydantic import ValidationError

from ml_core.taxonomy import DEFAULT, LANGUAGES, Category, Taxonomy


def test_the_default_has_seven_categories_on_keys_one_to_seven_and_two_subtypes_on_q_and_w():
    assert DEFAULT.keys == ("ambiguous", "attribute", "action", "count", "context", "spatial", "object")
    assert [category.hotkey for category in DEFAULT.categories] == list("1234567")
    subtypes = DEFAULT.category("ambiguous").subtypes
    assert [(subtype.key, subtype.hotkey) for subtype in subtypes] == [("underspecified", "Q"), ("nearduplicate", "W")]
    assert not any(category.subtypes for category in DEFAULT.categories[1:])


def test_long_names_are_those_of_the_guide():
    long = [category.say("en").long_name for category in DEFAULT.categories]
    assert long == [
        "Ambiguous",
        "Attribute Binding",
        "Action / Interaction",
        "Counting / Plurality",
        "Scene / Context",
        "Spatial Relation",
        "Object Confusion",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_says_when_to_use_it_and_when_not_in_one_line(language):
    for choice in DEFAULT.choices:
        words = choice.words[language]
        for line in (words.use_when, words.not_when):
            assert line
            assert "\n" not in line
            assert len(line) <= 110
        assert bool(re.search(r"[\u4e00-\u9fff]", words.name + words.use_when + words.not_when)) == (
            language == "zh-hans"
        )
    assert len(DEFAULT.rules["en"]) == len(DEFAULT.rules[language]) == 5


def test_a_language_that_is_not_there_falls_back_to_english():
    assert DEFAULT.category("count").say("fr").name == "Count"
    assert DEFAULT.category("count").say("zh-Hans").name == "数量"


def test_colours_are_all_different_and_readable_on_white_and_on_black():
    light = [category.colour for category in DEFAULT.categories]
    dark = [category.colour_dark for category in DEFAULT.categories]
    assert len(set(light)) == len(set(dark)) == 7
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in light)
    assert all(contrast(colour, "#17181a") >= 4.5 for colour in dark)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Attribute Binding", "attribute"),
        ("  ACTION/interaction ", "action"),
        ("counting  / plurality", "count"),
        ("Near-duplicate", "nearduplicate"),
        ("near duplicate", "nearduplicate"),
        ("空间关系", "spatial"),
        ("Ｏｂｊｅｃｔ", "object"),
        ("something else", None),
        ("", None),
    ],
)
def test_spelling_variants_are_recognised(text, key):
    assert DEFAULT.recognise(text) == key


def test_a_taxonomy_with_a_key_or_a_keyboard_key_twice_is_refused():
    plain = DEFAULT.model_dump()
    for field in ("key", "hotkey"):
        twice = {**plain, "categories": [dict(category) for category in plain["categories"]]}
        twice["categories"][3][field] = plain["categories"][1][field]
        with pytest.raises(ValidationError, match="stands for two choices"):
            Taxonomy.model_validate(twice)


@pytest.mark.parametrize("key", ["all", "none"])
def test_a_key_that_stands_for_every_sample_or_for_no_label_is_refused(key):
    plain = DEFAULT.model_dump()
    plain["categories"][0]["subtypes"][0]["key"] = key
    with pytest.raises(ValidationError, match=f"{key} is no key"):
        Taxonomy.model_validate(plain)
    with pytest.raises(ValidationError, match=f"{key} is no key"):
        Category.model_validate(DEFAULT.categories[1].model_dump() | {"key": key})


def test_a_taxonomy_survives_json():
    assert Taxonomy.model_validate_json(DEFAULT.model_dump_json()) == DEFAULT


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
