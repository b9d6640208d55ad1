"""Introduces synce.class_captions: captions of classes that a language model writes."""

from __future__ import annotations

from ml_core.generating import DRAWN, WHAT, Anew, Described, there_already, writer
from ml_core.spec import Card, setting


class SynceClassCaptions(Anew, Described):
    """Whose classes are described, by whom, and how many captions each gets."""

    encoder: str = setting(
        ...,
        "Model that measures how like each caption is to the name of its class.",
        group=WHAT,
        reference="encoder",
        min_length=1,
    )
    generator: str = writer("synce.class_captions")
    base: str = there_already("synce.class_captions")
    count: int = setting(20, "Captions of each class.", group=DRAWN, unit="captions", ge=1, le=100)


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
