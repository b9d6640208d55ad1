"""Introduces synce.classify: zero-shot classification enriched by synthetic captions from both sides."""

from __future__ import annotations

from ml_core.classifying import ENCODERS, PUBLISHED, Captioned, Classified, Fused, Measured
from ml_core.spec import Card


class SynceClassify(Measured, Fused, Captioned, Classified):
    """What is told apart, with which captions, and how they enter."""


CARD = Card(
    key="synce.classify",
    title="SynCE classification",
    summary="Enriches classes and pictures by captions before they are matched, beside the plain classifier.",
    spec=SynceClassify,
    entry="ml_core.zeroshot.classify:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "weighted": {},
        "uniform": {"weighting": "uniform"},
        "generic sentence": {"template": "generic"},
        **ENCODERS,
        **PUBLISHED,
    },
    leaves_cases=True,
    paper="SynCE (synthetic caption enrichment)",
)
