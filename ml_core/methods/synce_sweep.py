"""Introduces synce.sweep: every share and temperature of the fusion, chosen on some pictures and told of others."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ml_core.classifying import ENCODERS, PUBLISHED, Captioned, Classified, Measured
from ml_core.spec import Card, Spec, setting

Share = Annotated[float, Field(ge=0, le=1)]
Tau = Annotated[float, Field(ge=0.001, le=100)]
_MOST = 20_000


class Swept(Spec):
    """What is tried, and on what it is chosen."""

    template: Literal["domain", "generic"] = setting(
        "domain", "Sentence around a class's name: with the phrase of the domain, or without.", group="Sweep"
    )
    alphas: tuple[Share, ...] = setting(
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
        "Shares of the captions in a class's vector; 0 is always tried.",
        group="Sweep",
        min_length=1,
        max_length=101,
    )
    betas: tuple[Share, ...] = setting(
        (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7),
        "Shares of the captions in a picture's vector; 0 is always tried.",
        group="Sweep",
        min_length=1,
        max_length=101,
    )
    taus_t2t: tuple[Tau, ...] = setting(
        (0.01, 0.05, 0.1, 1.0),
        "Temperatures at which a class's captions are weighed.",
        group="Sweep",
        min_length=1,
        max_length=50,
    )
    taus_i2t: tuple[Tau, ...] = setting(
        (0.01, 0.05, 0.1, 1.0),
        "Temperatures at which a picture's captions are weighed.",
        group="Sweep",
        min_length=1,
        max_length=50,
    )
    uniform: bool = setting(False, "Also try captions weighed all alike, on either side.", group="Sweep")
    select: Literal["accuracy@1", "f1/macro"] = setting(
        "accuracy@1", "What the best point has most of; of equal ones the least enriched is taken.", group="Sweep"
    )
    split: Literal["dev-test", "folds"] = setting(
        "dev-test",
        "Choose on a part and report on the rest, or choose for each fold on the others and report on all.",
        group="Sweep",
    )
    dev_share: float = setting(
        0.3, "Share of the pictures on which settings are chosen.", group="Sweep", ge=0.05, le=0.9, advanced=True
    )
    folds: int = setting(5, "Parts that pictures are split into.", group="Sweep", ge=2, le=10, advanced=True)

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        taus = (len(self.taus_t2t) + self.uniform) * (len(self.taus_i2t) + self.uniform)
        points = taus * (len(self.alphas) + 1) * (len(self.betas) + 1)
        if points > _MOST:
            raise ValueError(f"the grid has {points:,} points; {_MOST:,} are the most")
        return self


class SynceSweep(Measured, Swept, Captioned, Classified):
    """What is told apart, with which captions, over which settings."""


CARD = Card(
    key="synce.sweep",
    title="SynCE sweep",
    summary="Tries every share and temperature of the fusion, chooses on some pictures and reports on the others.",
    spec=SynceSweep,
    entry="ml_core.zeroshot.sweep.run:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "784 points": {},
        "small": {
            "alphas": (0, 0.2, 0.5),
            "betas": (0, 0.1, 0.3),
            "taus_t2t": (0.05, 0.1),
            "taus_i2t": (0.05, 0.1),
        },
        "3,024 points": {
            "alphas": (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1),
            "betas": (0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7),
            "taus_t2t": (0.01, 0.03, 0.05, 0.1, 0.3, 1),
            "taus_i2t": (0.01, 0.03, 0.05, 0.1, 0.3, 1),
        },
        **ENCODERS,
        **PUBLISHED,
    },
    leaves_cases=True,
    paper="SynCE (synthetic caption enrichment)",
)
