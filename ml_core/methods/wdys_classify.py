"""Introduces wdys.classify: a picture, what a model says of it and what it takes it for, as one vector."""

from __future__ import annotations

from typing import Literal

from ml_core.classifying import ENCODERS, PUBLISHED, Captioned, Classified, Measured
from ml_core.spec import Card, Spec, setting

PICTURES, CLASSES = "Pictures", "Classes"


class Described(Spec):
    """What enters the vector of a picture and that of a class."""

    use_description: bool = setting(True, "Add the captions of a picture to its vector.", group=PICTURES)
    use_prediction: bool = setting(
        True, "Add the class that a model predicted for a picture, as text, to its vector.", group=PICTURES
    )
    predicted_as: Literal["name", "generic", "domain"] = setting(
        "name",
        "How the predicted class is written: its name, “An image of a …” (generic), or the same with the domain.",
        group=PICTURES,
    )
    classes_as: Literal["descriptions", "named", "name", "generic", "domain"] = setting(
        "descriptions",
        "What stands for a class: the mean of its captions as they are, or with its name before each (named), its"
        " name, “An image of a …” (generic), or the same with the domain.",
        group=CLASSES,
    )


class WdysClassify(Measured, Described, Captioned, Classified):
    """What is told apart, by which texts."""


CARD = Card(
    key="wdys.classify",
    title="WDYS classification",
    summary="Adds what a model says of a picture and takes it for to its vector, beside the plain classifier.",
    spec=WdysClassify,
    entry="ml_core.zeroshot.wdys:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "all three": {},
        "classes by name": {"classes_as": "name"},
        "without the prediction": {"use_prediction": False},
        **ENCODERS,
        **PUBLISHED,
    },
    leaves_cases=True,
    paper="What Do You See? (zero-shot classification with multimodal language models)",
)
