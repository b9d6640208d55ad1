"""Introduces classification.score: answers of any classifier, from a file, against the truth."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml_core.spec import Card, Spec, setting

K = Annotated[int, Field(ge=1, le=100_000)]


class ClassificationScore(Spec):
    """Which answers are scored against which labels."""

    predictions: str = setting(
        ...,
        "Answers: a CSV of item and predicted class, or of item and a column for each class; or an NPZ with items and "
        "predictions, or items, classes and probabilities or scores.",
        group="Files",
        reference="file",
        min_length=1,
    )
    labels: str = setting(
        "",
        "Truth: a CSV of item and class. Empty where the answers' own file holds labels.",
        group="Files",
        reference="file",
    )
    baseline: str = setting(
        "",
        "Answers of another classifier to the same items: scored beside these, with what changed against them.",
        group="Files",
        reference="file",
    )
    values: Literal["auto", "labels", "probabilities", "scores"] = setting(
        "auto", "What the answers are; auto finds out, and refuses numbers that are no probabilities.", group="Files"
    )
    scale: float = setting(
        1.0, "What scores are multiplied by before they become probabilities.", group="Files", gt=0, le=10_000
    )
    ks: tuple[K, ...] = setting(
        (1, 5), "Depths at which accuracy is reported.", group="Numbers", min_length=1, max_length=50
    )
    resamples: int = setting(
        2000, "Bootstrap resamples of items behind each interval.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Numbers", ge=0, le=2**31 - 1)
    keep: int = setting(10, "First answers kept for every item.", group="Numbers", unit="answers", ge=1, le=100)


CARD = Card(
    key="classification.score",
    title="Score a classification",
    summary="Scores predicted classes or probabilities against the truth, with an interval on every number.",
    spec=ClassificationScore,
    entry="ml_core.zeroshot.score:run",
    headline="accuracy@1",
    web=False,
    leaves_cases=True,
)
