"""The categories of failures: their keys, keyboard keys, colours, names and one-line guide, in English and Chinese."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

LANGUAGES = ("en", "zh-hans")
RESERVED = ("all", "none")  # name every sample, and those without a label, wherever a category may be named


class Words(BaseModel):
    """How one language names a category and says when to use it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    long_name: str = Field(min_length=1, max_length=120)
    use_when: str = Field(max_length=300)
    not_when: str = Field("", max_length=300)


class Choice(BaseModel):
    """Something an annotator may choose: its stable key, its keyboard key, its words by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    hotkey: str = Field(pattern=r"^[0-9A-Z]$")
    words: dict[str, Words]

    @field_validator("key")
    @classmethod
    def _is_free(cls, key: str) -> str:
        if key in RESERVED:
            said = "{key} is no key: it stands for every sample or for those without a label. Choose another."
            raise PydanticCustomError("reserved_key", said, {"key": key})
        return key

    @model_validator(mode="after")
    def _has_english(self) -> Self:
        if "en" not in self.words:
            raise ValueError(f"{self.key} needs its words in English (en)")
        return self

    def say(self, language: str) -> Words:
        """The words in `language`, or in English where there are none."""
        return self.words.get(language.lower(), self.words["en"])


class Subtype(Choice):
    """A finer choice within a category."""


class Category(Choice):
    """One kind of failure, with a colour for light and one for dark pages (never its only mark)."""

    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    colour_dark: str = Field(pattern=r"^#[0-9a-f]{6}$")
    subtypes: tuple[Subtype, ...] = ()


class Taxonomy(BaseModel):
    """An ordered set of categories; `version` changes whenever a word of it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1, max_length=40)
    categories: tuple[Category, ...] = Field(min_length=2)
    rules: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # by language: what holds for every label

    @model_validator(mode="after")
    def _no_choice_twice(self) -> Self:
        for what, values in (
            ("key", [c.key for c in self.choices]),
            ("keyboard key", [c.hotkey for c in self.choices]),
        ):
            twice = [value for value, times in Counter(values).items() if times > 1]
            if twice:
                raise ValueError(f"{what} {twice[0]!r} stands for two choices")
        return self

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Every category and subtype, each category before its subtypes."""
        return tuple(choice for category in self.categories for choice in (category, *category.subtypes))

    @property
    def keys(self) -> tuple[str, ...]:
        """The categories' keys in their order."""
        return tuple(category.key for category in self.categories)

    def category(self, key: str) -> Category:
        """The category with this key. Raises KeyError if there is none."""
        return next((c for c in self.categories if c.key == key), None) or _missing(key)

    def recognise(self, text: str) -> str | None:
        """The key of the category or subtype that `text` spells: a key, name or long name in any language, or None.

        Case, accents of width, spaces and punctuation do not matter.
        """
        wanted = _plain(text)
        for choice in self.choices:
            names = [choice.key, *(name for words in choice.words.values() for name in (words.name, words.long_name))]
            if wanted and wanted in map(_plain, names):
                return choice.key
        return None


def _missing(key: str) -> Category:
    raise KeyError(f"no category {key!r}")


def _plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _words(en: tuple[str, str, str, str], zh: tuple[str, str, str, str]) -> dict[str, Words]:
    return {
        language: Words(name=name, long_name=long_name, use_when=use_when, not_when=not_when)
        for language, (name, long_name, use_when, not_when) in zip(LANGUAGES, (en, zh), strict=True)
    }


DEFAULT = Taxonomy(
    version="default-1",
    rules={
        "en": (
            "One label for each sample, in about ten seconds.",
            "Judge by the caption: a difference that it does not mention does not count.",
            "Do not over-interpret small differences. Unsure: Ambiguous.",
            "A required object is missing: Object, whatever else differs.",
            "Both pictures satisfy the caption: Ambiguous.",
        ),
        "zh-hans": (
            "每个样本只选一个标签，用时约十秒。",
            "以描述文字为准：描述没有提到的差异不算。",
            "不要过度解读细小差异；拿不准时选“歧义”。",
            "缺少描述要求的物体时，无论还有什么差异，都选“物体”。",
            "两张图片都符合描述时，选“歧义”。",
        ),
    },
    categories=(
        Category(
            key="ambiguous",
            hotkey="1",
            colour="#6b7280",
            colour_dark="#9aa1ac",
            words=_words(
                (
                    "Ambiguous",
                    "Ambiguous",
                    "Both pictures satisfy the caption, or you cannot tell what went wrong.",
                    "Something that the caption asks for is plainly missing or wrong.",
                ),
                (
                    "歧义",
                    "歧义 / 无法区分",
                    "两张图片都符合描述，或者看不出错在哪里。",
                    "描述要求的内容明显缺失或不对。",
                ),
            ),
            subtypes=(
                Subtype(
                    key="underspecified",
                    hotkey="Q",
                    words=_words(
                        (
                            "Underspecified",
                            "Underspecified caption",
                            "The caption is too general: it fits different pictures.",
                            "The two pictures are nearly the same.",
                        ),
                        ("描述不足", "描述过于笼统", "描述太笼统，能对应多张不同的图片。", "两张图片几乎一样。"),
                    ),
                ),
                Subtype(
                    key="nearduplicate",
                    hotkey="W",
                    words=_words(
                        (
                            "Near duplicate",
                            "Near-duplicate pictures",
                            "The two pictures show nearly the same thing.",
                            "The pictures differ plainly, and the caption just does not say how.",
                        ),
                        (
                            "近似重复",
                            "图片近似重复",
                            "两张图片的内容几乎一样。",
                            "图片明显不同，只是描述没有说明差异。",
                        ),
                    ),
                ),
            ),
        ),
        Category(
            key="attribute",
            hotkey="2",
            colour="#7c4fa3",
            colour_dark="#b58ad9",
            words=_words(
                (
                    "Attribute",
                    "Attribute Binding",
                    "The right object has the wrong colour, size, material, state or part.",
                    "The object itself is missing (Object) or does something else (Action).",
                ),
                (
                    "属性",
                    "属性绑定",
                    "物体正确，但颜色、大小、材质、状态或部件不对。",
                    "物体本身缺失（选“物体”）或动作不同（选“动作”）。",
                ),
            ),
        ),
        Category(
            key="action",
            hotkey="3",
            colour="#0f766e",
            colour_dark="#4fb8ad",
            words=_words(
                (
                    "Action",
                    "Action / Interaction",
                    "The right objects do something else, or interact in another way.",
                    "Only their positions differ (Spatial), or who acts is missing (Object).",
                ),
                (
                    "动作",
                    "动作 / 交互",
                    "物体正确，但在做别的事，或交互方式不同。",
                    "只是位置不同（选“空间”），或动作的主体缺失（选“物体”）。",
                ),
            ),
        ),
        Category(
            key="count",
            hotkey="4",
            colour="#a8436f",
            colour_dark="#e08bb0",
            words=_words(
                (
                    "Count",
                    "Counting / Plurality",
                    "The right objects, but too many or too few of them.",
                    "There is none of them at all (Object).",
                ),
                ("数量", "计数 / 单复数", "物体正确，但数量偏多或偏少。", "一个都没有（选“物体”）。"),
            ),
        ),
        Category(
            key="context",
            hotkey="5",
            colour="#5b6b1f",
            colour_dark="#a9bd62",
            words=_words(
                (
                    "Context",
                    "Scene / Context",
                    "The right objects in the wrong place, setting, weather or time of day.",
                    "The objects stand differently to each other (Spatial).",
                ),
                (
                    "场景",
                    "场景 / 环境",
                    "物体正确，但地点、环境、天气或时间不对。",
                    "只是物体之间的位置关系不同（选“空间”）。",
                ),
            ),
        ),
        Category(
            key="spatial",
            hotkey="6",
            colour="#3d5a80",
            colour_dark="#8fb0d9",
            words=_words(
                (
                    "Spatial",
                    "Spatial Relation",
                    "The right objects, but left, right, on, under, in front or behind is wrong.",
                    "The surroundings differ (Context), or one of the objects is missing (Object).",
                ),
                (
                    "空间",
                    "空间关系",
                    "物体正确，但左右、上下、前后等位置关系不对。",
                    "周围环境不同（选“场景”），或缺少其中一个物体（选“物体”）。",
                ),
            ),
        ),
        Category(
            key="object",
            hotkey="7",
            colour="#8a4b1f",
            colour_dark="#d59a6a",
            words=_words(
                (
                    "Object",
                    "Object Confusion",
                    "An object that the caption requires is missing or is another kind of thing.",
                    "The object is there, but looks different (Attribute) or its number is wrong (Count).",
                ),
                (
                    "物体",
                    "物体混淆",
                    "描述要求的物体缺失，或变成了另一种东西。",
                    "物体在，但外观不同（选“属性”）或数量不对（选“数量”）。",
                ),
            ),
        ),
    ),
)
