"""Introduces retrieval.evaluate: how often the right picture or caption comes first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml_core.encoded import Encoded
from ml_core.spec import Card, Spec, setting

K = Annotated[int, Field(ge=1, le=100_000)]


class Evaluated(Spec):
    """Pictures, model, depths and the bootstrap."""

    data: str = setting(
        ...,
        "Pictures with captions to search in.",
        group="What is evaluated",
        reference="dataset",
        accepts=("retrieval",),
        min_length=1,
    )
    encoder: str = setting(
        ...,
        "Model that turns pictures and texts into vectors.",
        group="What is evaluated",
        reference="encoder",
        min_length=1,
    )
    directions: Literal["both", "t2i", "i2t"] = setting(
        "both", "Search pictures by text (t2i), texts by picture (i2t), or both.", group="What is evaluated"
    )
    subset: str = setting(
        "",
        "Queries to report on their own as well, beside all of them.",
        group="What is evaluated",
        reference="subset",
    )
    overlap: Literal["refuse", "content", "allow"] = setting(
        "refuse",
        "What to do about pictures that the encoder was trained on, by id or bytes: refuse; refuse by bytes (content)"
        " alone, where equal ids mean different pictures; or allow, which marks every number as not held out.",
        group="What is evaluated",
        advanced=True,
    )
    ks: tuple[K, ...] = setting(
        (1, 5, 10), "Depths at which recall is reported.", group="Numbers", min_length=1, max_length=50
    )
    resamples: int = setting(
        2000, "Bootstrap resamples behind each interval; whole pictures are drawn.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Numbers", ge=0, le=2**31 - 1)
    keep: int = setting(10, "First answers kept for every query.", group="Numbers", unit="answers", ge=1, le=100)
    near_duplicate: float = setting(
        0.95,
        "Two pictures whose vectors are so alike (cosine) or more are near duplicates; recall is told with and without"
        " the queries for them.",
        group="Numbers",
        gt=0,
        le=1,
    )


class RetrievalEvaluate(Encoded, Evaluated):
    """What is evaluated on what, and how the numbers are made."""


CARD = Card(
    key="retrieval.evaluate",
    title="Retrieval evaluation",
    summary="Ranks pictures for every caption and captions for every picture, and keeps each query's outcome.",
    spec=RetrievalEvaluate,
    entry="ml_core.retrieval.evaluate:run",
    queue="gpu",
    headline="t2i/recall@1",
    presets={"standard": {}, "deep": {"ks": (1, 5, 10, 20, 50, 100), "keep": 50}},
    leaves_cases=True,
)
