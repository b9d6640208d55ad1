"""Introduces synce.image_captions: captions of pictures that a vision-language model writes."""

from __future__ import annotations

from ml_core.generating import DRAWN, WHAT, Anew, Described, there_already, writer
from ml_core.spec import Card, setting


class SynceImageCaptions(Anew, Described):
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
    generator: str = writer("synce.image_captions")
    base: str = there_already("synce.image_captions")
    count: int = setting(5, "Most captions of each picture.", group=DRAWN, unit="captions", ge=1, le=20)
    examples: int = setting(3, "Examples of the style shown for each picture.", group=DRAWN, ge=0, le=20)
    predict: bool = setting(True, "Ask which class the picture shows as well; the labels are never used.", group=DRAWN)


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
