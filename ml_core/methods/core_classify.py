"""Introduces core.classify: classes and pictures enriched by captions that are retrieved for them."""

from __future__ import annotations

from typing import Literal

from ml_core.classifying import ENCODERS, PUBLISHED, Captioned, Classified, Measured
from ml_core.spec import Card, Spec, setting

RETRIEVAL, FUSION = "Retrieval", "Fusion"


class Retrieved(Spec):
    """Which captions are found for a class or a picture, and how they enter."""

    database: str = setting(
        "",
        "File of captions that are searched: one a line (.txt), a table (.csv) or JSON lines (.jsonl); empty searches"
        " the captions of the classes and the pictures.",
        group=RETRIEVAL,
        reference="file",
        accepts=("caption_database",),
    )
    retrieved: int = setting(
        10, "Captions retrieved for each class and each picture.", group=RETRIEVAL, unit="captions", ge=1, le=100
    )
    duplicate: float = setting(
        0.94,
        "Of retrieved captions that are at least so alike (cosine), one by one, only the best is kept.",
        group=RETRIEVAL,
        gt=0,
        le=1,
    )
    alpha: float = setting(0.2, "Share of the retrieved captions in a class's vector.", group=FUSION, ge=0, le=1)
    beta: float = setting(0.1, "Share of the retrieved captions in a picture's vector.", group=FUSION, ge=0, le=1)
    tau_t2t: float = setting(
        0.1,
        "Temperature at which a class's captions are weighed by their likeness to it; small trusts the likest alone.",
        group=FUSION,
        ge=0.001,
        le=100,
    )
    tau_i2t: float = setting(
        0.1,
        "Temperature at which a picture's captions are weighed by their likeness to it.",
        group=FUSION,
        ge=0.001,
        le=100,
    )
    template: Literal["domain", "generic"] = setting(
        "domain", "Sentence around a class's name: with the phrase of the domain, or without.", group=FUSION
    )


class CoreClassify(Measured, Retrieved, Captioned, Classified):
    """What is told apart, which captions are searched, and how they enter."""


CARD = Card(
    key="core.classify",
    title="CoRE classification",
    summary="Enriches classes and pictures by captions retrieved from a database, beside the plain classifier.",
    spec=CoreClassify,
    entry="ml_core.zeroshot.core_baseline:run",
    queue="gpu",
    headline="accuracy@1",
    presets={"both sides": {}, "classes alone": {"beta": 0}, "pictures alone": {"alpha": 0}, **ENCODERS, **PUBLISHED},
    leaves_cases=True,
    paper="CoRE (retrieval-enriched zero-shot classification)",
)
