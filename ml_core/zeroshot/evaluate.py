"""The method zeroshot.evaluate: classes by their names alone, in one sentence or the mean of many."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ml_core.events import Event, Log, Provenance
from ml_core.methods.zeroshot_evaluate import ZeroshotEvaluate
from ml_core.spec import Context
from ml_core.zeroshot import templates
from ml_core.zeroshot.encoding import encode_classification
from ml_core.zeroshot.outcome import classify
from ml_core.zeroshot.preparing import how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report
from ml_core.zeroshot.template_files import templates_from
from ml_core.zeroshot.vectors import Texts, ensemble


def run(spec: ZeroshotEvaluate, context: Context) -> Iterator[Event]:
    """Metrics, with several sentences beside those of the plain one; cases.parquet, confusions and classes."""
    if spec.templates == "file":
        sentences = templates_from(spec.template_file, spec.template_set)
    else:
        sentences = templates.templates_of(spec.templates, spec.own_templates)
    labelled = yield from opened(spec)
    sentences, remarks = templates.usable(sentences, labelled.domain)
    yield from (Log(remark, "warning") for remark in remarks)
    ready = yield from loaded(labelled, spec, context)
    yield Provenance({"templates": list(sentences)})
    prompts = templates.filled(sentences, labelled.class_names, labelled.domain)
    plain = templates.filled((templates.GENERIC,), labelled.class_names, labelled.domain)
    beside = [] if len(sentences) == 1 else [plain]
    told = [prompts, *beside]
    groups = [[text for row in rows for text in row] for rows in told]
    images_NE, texts = yield from encode_classification(labelled.dataset, ready.encoder, groups, ready.store, context)
    outcome, *baseline = (
        classify(images_NE, class_vectors(found, rows), labelled.labels_N, keep=spec.keep, scale=ready.scale)
        for found, rows in zip(texts, told, strict=True)
    )
    yield from report(labelled, outcome, Reporting(spec.ks, how_of(spec), context.out), *baseline)
    yield Log(f"{len(images_NE):,} pictures told apart, {len(labelled.class_names):,} classes.")


def class_vectors(texts: Texts, prompts: list[list[str]]) -> np.ndarray:
    """The mean of each class's sentences, (C, E)."""
    return ensemble(np.stack([texts.of(row) for row in prompts]))
