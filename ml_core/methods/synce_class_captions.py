"""Introduces synce.class_captions: captions of classes that a language model writes."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ml_core.generating import DRAWN, WHAT, Asked, Described
from ml_core.spec import Card, setting

AGAIN = "Writing some anew"


class SynceClassCaptions(Asked, Described):
    """Whose classes are described, by whom, and how many captions each gets."""

    encoder: str = setting(
        ...,
        "Model that measures how like each caption is to the name of its class.",
        group=WHAT,
        reference="encoder",
        min_length=1,
    )
    base: str = setting(
        "",
        "Captions that are there already, of which some are to be written anew; empty writes all.",
        group=AGAIN,
        reference="file",
        accepts=("synce.class_captions",),
        advanced=True,
    )
    only: tuple[str, ...] = setting(
        (), "Names of the classes whose captions are written anew; all others stay as they are.", group=AGAIN,
        advanced=True,
    )  # fmt: skip
    count: int = setting(20, "Captions of each class.", group=DRAWN, unit="captions", ge=1, le=100)

    @model_validator(mode="after")
    def _some_of_what_is_there(self) -> Self:
        if bool(self.base) != bool(self.only):
            raise ValueError("“base” and “only” are given together: which captions, and which of them anew")
        return self


CARD = Card(
    key="synce.class_captions",
    title="Captions of classes",
    summary="A language model names what tells the classes apart, then describes each class in distinct short lines.",
    spec=SynceClassCaptions,
    entry="ml_core.zeroshot.captioning.class_side:run",
    queue="gpu",
    presets={"gpt-4o": {"generator": "endpoint:gpt-4o"}},
    paper="SynCE (synthetic caption enrichment)",
    needs_model=True,
)
