"""Introduces zeroshot.evaluate: pictures told apart by the names of their classes alone."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from ml_core.classifying import ENCODERS, PUBLISHED, Classified, Measured
from ml_core.spec import Card, Spec, setting


class Prompted(Spec):
    """Sentences that each class's name is put into."""

    templates: Literal["generic", "domain", "photo", "ensemble", "own", "file"] = setting(
        "generic",
        "Sentences around a class's name: “An image of a …” (generic), the same with the phrase of the domain,"
        " “a photo of a ….”, eighty sentences of many kinds (ensemble), your own, or those of a file.",
        group="Templates",
    )
    own_templates: str = setting(
        "",
        "Your own sentences with {c} where the name goes and {domain} where the phrase goes, | between them.",
        group="Templates",
        max_length=20_000,
    )

    template_file: str = setting(
        "",
        "File of sentences with {} or {c} where the name goes: one a line, or JSON with a list of them or several lists"
        " by name.",
        group="Templates",
        reference="file",
        accepts=("templates",),
    )
    template_set: str = setting("", "Which list of the file, where it has several.", group="Templates", max_length=200)

    @model_validator(mode="after")
    def _own_ones_are_given(self) -> Self:
        if (self.templates == "own") != bool(self.own_templates.strip()):
            raise ValueError("own_templates are written with templates “own”, and only with it")
        if (self.templates == "file") != bool(self.template_file) or (self.template_set and not self.template_file):
            raise ValueError("template_file is named with templates “file”, and only with it")
        return self


class ZeroshotEvaluate(Measured, Prompted, Classified):
    """What is told apart, by which sentences, and how the numbers are made."""


CARD = Card(
    key="zeroshot.evaluate",
    title="Zero-shot classification",
    summary="Tells pictures apart by the names of their classes, in one sentence or many, and keeps each answer.",
    spec=ZeroshotEvaluate,
    entry="ml_core.zeroshot.evaluate:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "one sentence": {},
        "domain": {"templates": "domain"},
        "prompt ensemble": {"templates": "ensemble"},
        **ENCODERS,
        **{name: {**values, "templates": "domain"} for name, values in PUBLISHED.items()},
    },
    leaves_cases=True,
    paper="Radford et al. 2021 (prompt ensembling)",
)
