"""Introduces synce.ablate: what each part of the enrichment is worth, one run for all of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_core.classifying import ENCODERS, PUBLISHED, Captioned, Classified, Fused, Measured
from ml_core.spec import Card, Spec, setting

Count = Annotated[int, Field(ge=1, le=1000)]
Tau = Annotated[float, Field(ge=0.001, le=100)]


class Ablated(Spec):
    """What is varied beside the sides, the weights and the sentence."""

    class_counts: tuple[Count, ...] = setting(
        (1, 2, 5, 10, 20),
        "Numbers of captions of a class that are tried, from the first on; what no class has is left out.",
        group="Ablation",
        max_length=20,
    )
    image_counts: tuple[Count, ...] = setting(
        (1, 3), "Numbers of captions of a picture that are tried.", group="Ablation", max_length=20
    )
    taus: tuple[Tau, ...] = setting(
        (0.01, 0.05, 0.5, 1.0), "Temperatures that are tried, on both sides at once.", group="Ablation", max_length=20
    )


class SynceAblate(Measured, Ablated, Fused, Captioned, Classified):
    """What is told apart, with which captions and settings, and what is varied."""


CARD = Card(
    key="synce.ablate",
    title="SynCE ablation",
    summary="Leaves out and varies each part of the enrichment, each against the plain classifier.",
    spec=SynceAblate,
    entry="ml_core.zeroshot.ablate:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "all": {},
        "sides and weights": {"class_counts": (), "image_counts": (), "taus": ()},
        **ENCODERS,
        **PUBLISHED,
    },
    leaves_cases=True,
    paper="SynCE (synthetic caption enrichment)",
)
