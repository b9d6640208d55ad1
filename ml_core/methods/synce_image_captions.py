"""Introduces synce.image_captions: captions of pictures that a vision-language model writes."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ml_core.generating import DRAWN, WHAT, Asked, Described
from ml_core.spec import Card, setting

AGAIN = "Writing some anew"


class SynceImageCaptions(Asked, Described):
    """Which pictures are described, by whom, and after which examples."""

    class_captions: str = setting(
        "",
        "Captions of the classes, from which examples of the style are drawn, whatever a picture shows; empty: none.",
        group=WHAT,
        reference="file",
        accepts=("synce.class_captions",),
    )
    encoder: str = setting(
        "",
        "Model that measures how like each caption is to its picture; empty leaves that out.",
        group=WHAT,
        reference="encoder",
    )
    base: str = setting(
        "",
        "Captions that are there already, of which some are to be written anew; empty writes all.",
        group=AGAIN,
        reference="file",
        accepts=("synce.image_captions",),
        advanced=True,
    )
    only: tuple[str, ...] = setting(
        (), "Names of the pictures whose captions are written anew; all others stay as they are.", group=AGAIN,
        advanced=True,
    )  # fmt: skip
    count: int = setting(5, "Most captions of each picture.", group=DRAWN, unit="captions", ge=1, le=20)
    examples: int = setting(3, "Examples of the style shown for each picture.", group=DRAWN, ge=0, le=20)
    predict: bool = setting(True, "Ask which class the picture shows as well; the labels are never used.", group=DRAWN)

    @model_validator(mode="after")
    def _some_of_what_is_there(self) -> Self:
        if bool(self.base) != bool(self.only):
            raise ValueError("“base” and “only” are given together: which captions, and which of them anew")
        return self


CARD = Card(
    key="synce.image_captions",
    title="Captions of pictures",
    summary="A vision-language model describes each picture in a few short lines and names the class that it sees.",
    spec=SynceImageCaptions,
    entry="ml_core.zeroshot.captioning.image_side:run",
    queue="gpu",
    presets={"Qwen2.5-VL-7B": {"generator": "local:Qwen/Qwen2.5-VL-7B-Instruct"}},
    paper="SynCE (synthetic caption enrichment)",
    needs_model=True,
)
