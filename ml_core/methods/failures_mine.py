"""Introduces failures.mine: which queries a run got wrong, how badly, and which of them to look at."""

from __future__ import annotations

from typing import Literal

from ml_core.spec import Card, Spec, setting

CLASSIFICATIONS = (
    "zeroshot.evaluate",
    "synce.classify",
    "synce.sweep",
    "synce.ablate",
    "core.classify",
    "wdys.classify",
)


class FailuresMine(Spec):
    """Whose failures, and how a sample of them is split among annotators."""

    run: str = setting(
        ...,
        "Evaluation whose failures are wanted.",
        group="Failures",
        reference="run",
        accepts=("retrieval.evaluate", *CLASSIFICATIONS),
        min_length=1,
    )
    direction: Literal["t2i", "i2t", "classify"] = setting(
        "t2i",
        "Captions that found the wrong picture (t2i), pictures that found the wrong caption (i2t) or pictures that "
        "were given the wrong class (classify).",
        group="Failures",
    )
    size: int = setting(200, "Failures in the sample.", group="Sample", unit="failures", ge=0, le=100_000)
    overlap: int = setting(30, "Of these, given to every annotator.", group="Sample", unit="failures", ge=0, le=100_000)
    annotators: int = setting(3, "Annotators who share the rest equally.", group="Sample", ge=1, le=100)
    backup: int = setting(20, "Kept in reserve.", group="Sample", unit="failures", ge=0, le=100_000)
    stratify: Literal["none", "rank", "margin"] = setting(
        "none", "Draw the sample in proportion to rank buckets or to score margins.", group="Sample"
    )
    seed: int = setting(0, "Seed of the sample and of the bootstrap.", group="Sample", ge=0, le=2**31 - 1)
    resamples: int = setting(
        2000, "Bootstrap resamples behind each interval.", group="Sample", ge=100, le=100_000, advanced=True
    )


CARD = Card(
    key="failures.mine",
    title="Failure mining",
    summary="Lists the queries whose first answer is wrong, counts them by rank and margin, plans a sample to label.",
    spec=FailuresMine,
    entry="ml_core.failures.mine:run",
    headline="t2i/failures",
    higher_is_better=False,
    presets={"standard": {}, "stratified by rank": {"stratify": "rank"}},
)
