"""The method synce.classify: zero-shot classification enriched by captions of classes and of pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ml_core.classifying import Fused
from ml_core.events import Event, Log
from ml_core.methods.synce_classify import SynceClassify
from ml_core.spec import Context
from ml_core.zeroshot.evidence import evidence, told_of
from ml_core.zeroshot.fusion import Point, classified
from ml_core.zeroshot.material import gather, read_captions
from ml_core.zeroshot.preparing import how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report

PLAIN = Point(0.0, 0.0, None, None)


def run(spec: SynceClassify, context: Context) -> Iterator[Event]:
    """Metrics beside those of the plain classifier with the same sentence, cases.parquet, confusions and classes."""
    labelled = yield from opened(spec)
    told = yield from read_captions(spec, labelled)
    ready = yield from loaded(labelled, spec, context)
    sides = yield from gather(ready, told, spec.template, context)
    point = point_of(spec)
    outcome, plain = (
        classified(sides, where, labelled.labels_N, keep=spec.keep, scale=ready.scale) for where in (point, PLAIN)
    )
    classes, pictures = told_of(sides.class_captions, told.classes), told_of(sides.image_captions, told.images)
    seen = evidence(outcome, sides.images_NE, classes, pictures)
    yield from report(labelled, outcome, Reporting(spec.ks, how_of(spec), context.out), plain, evidence_N=seen)
    yield Log(f"{len(sides.images_NE):,} pictures told apart, {len(labelled.class_names):,} classes.")


def point_of(spec: Fused) -> Point:
    """The settings of the fusion."""
    if spec.weighting == "uniform":
        return Point(spec.alpha, spec.beta, None, None)
    return Point(spec.alpha, spec.beta, spec.tau_t2t, spec.tau_i2t)
