"""The method synce.sweep: the whole surface of the fusion, the best point chosen on some pictures, told of others."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from ml_core.events import Event, Log, Metric, Progress, Provenance
from ml_core.methods.synce_sweep import SynceSweep
from ml_core.metrics.significance.verdict import judged, verdict_on
from ml_core.spec import Context, Stopped
from ml_core.zeroshot.classify import PLAIN
from ml_core.zeroshot.data import Labelled
from ml_core.zeroshot.evidence import evidence, told_of
from ml_core.zeroshot.fusion import Point, Sides, classified
from ml_core.zeroshot.material import Told, gather, read_captions
from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.preparing import Ready, how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, headline, report, said, verdict_metrics
from ml_core.zeroshot.sweep import surfaces
from ml_core.zeroshot.sweep.algebra import Surface, Sweep, refuse_too_large
from ml_core.zeroshot.sweep.choosing import Choice, answered, choices
from ml_core.zeroshot.sweep.grid import grid_of
from ml_core.zeroshot.sweep.parting import dev_and_test, folds

UNTUNED = Point(0.2, 0.1, 0.1, 0.1)  # the published defaults


@dataclass(frozen=True)
class Parts:
    """Which part each picture is in, how many there are, and whether each is tested by what the others chose."""

    part_N: np.ndarray
    count: int
    crossed: bool


def run(spec: SynceSweep, context: Context) -> Iterator[Event]:
    """Metrics of the chosen point on pictures that did not choose it, of the published defaults and of the plain
    classifier on the same; the surface; cases.parquet of the tested pictures."""
    labelled = yield from opened(spec)
    told = yield from read_captions(spec, labelled)
    parts, ks = _parted(spec, labelled), _ks(spec, labelled)
    grid = grid_of(
        spec.alphas,
        spec.betas,
        spec.taus_t2t,
        spec.taus_i2t,
        uniform=spec.uniform,
        class_side=told.classes is not None,
        image_side=told.images is not None,
    )
    refuse_too_large(grid, parts.count, len(labelled.class_names), len(ks))
    ready = yield from loaded(labelled, spec, context)
    sides = yield from gather(ready, told, spec.template, context)
    surface = yield from _swept(Sweep(sides, grid, labelled.labels_N, parts.part_N, parts.count, ks), context)
    chosen = choices(surface, spec.select, parts.count, crossed=parts.crossed)
    yield from _told(spec, ready, told, sides, parts, surface, chosen, context)


def _parted(spec: SynceSweep, labelled: Labelled) -> Parts:
    hashes = labelled.dataset.file_hashes
    if spec.split == "folds":
        return Parts(folds(hashes, spec.folds, spec.seed), spec.folds, True)
    return Parts(dev_and_test(hashes, spec.dev_share, spec.seed), 2, False)


def _ks(spec: SynceSweep, labelled: Labelled) -> tuple[int, ...]:
    """Depths of the surface: those asked for that there are classes for, the first always."""
    return tuple(sorted({1, *(k for k in spec.ks if k <= len(labelled.class_names))}))


def _swept(sweep: Sweep, context: Context) -> Generator[Event, None, Surface]:
    since = time.monotonic()
    for done, total in sweep.blocks():
        rate = done / max(time.monotonic() - since, 1e-9)
        yield Progress("Sweeping", done, total, "pictures", rate, (total - done) / rate)
        if context.stop():
            raise Stopped("stopped while sweeping; every embedding is kept")
    return sweep.surface()


def _told(
    spec: SynceSweep,
    ready: Ready,
    told: Told,
    sides: Sides,
    parts: Parts,
    surface: Surface,
    chosen: list[Choice],
    context: Context,
) -> Iterator[Event]:
    labelled, how = ready.labelled, how_of(spec)
    reporting = Reporting(spec.ks, how, context.out)
    keep, scale = spec.keep, ready.scale
    numbers_N, tuned = answered(sides, labelled.labels_N, parts.part_N, chosen, keep=keep, scale=scale)
    tested, label_N = sides.of_pictures(numbers_N), labelled.labels_N[numbers_N]
    untuned, plain = (classified(tested, point, label_N, keep=keep, scale=scale) for point in (UNTUNED, PLAIN))
    pictures = [told.images[n] for n in numbers_N] if told.images is not None else None
    spoken = told_of(tested.class_captions, told.classes), told_of(tested.image_captions, pictures)
    seen = evidence(tuned, tested.images_NE, *spoken)
    yield from report(labelled, tuned, reporting, plain, numbers_N=numbers_N, evidence_N=seen)
    yield from headline(untuned.answers, reporting, "untuned/")
    yield from _changes(plain, untuned, reporting)
    yield from _points(chosen, parts)
    yield Provenance({"reported_on": _reported_on(parts, len(numbers_N))})
    yield from surfaces.kept(surface, chosen, spec.select, crossed=parts.crossed, out=context.out)
    named = {"plain": plain, "untuned": untuned, "tuned": tuned}
    points = {"plain": PLAIN, "untuned": UNTUNED} | ({} if parts.crossed else {"tuned": chosen[0].point})
    yield from surfaces.compared(named, points, reporting)
    yield Log(f"{len(surface.grid):,} points tried on {len(parts.part_N):,} pictures, told of {len(numbers_N):,}.")


def _reported_on(parts: Parts, count: int) -> str:
    """Which pictures the numbers and their intervals come from."""
    if parts.crossed:
        return f"{count:,} pictures in {parts.count} folds, each by the settings that the other folds chose"
    return f"{count:,} pictures of the test part, which chose no settings"


def _changes(plain: Outcome, untuned: Outcome, reporting: Reporting) -> Iterator[Event]:
    (verdict,) = judged([verdict_on(plain.tested(), untuned.tested(), **reporting.how)])
    yield from verdict_metrics(verdict, "/untuned")
    yield Log(f"The published defaults against the plain classifier: {said(verdict)}.")


def _points(chosen: list[Choice], parts: Parts) -> Iterator[Event]:
    """What was chosen, for people, comparisons and the record."""
    yield Provenance({"chosen": [vars(choice.point) | {"for_part": choice.for_part} for choice in chosen]})
    if not parts.crossed:
        for name, value in vars(chosen[0].point).items():
            if value is not None:
                yield Metric(f"tuned_{name}", value)
    for choice in chosen:
        where = f"fold {choice.for_part + 1}" if parts.crossed else "test"
        yield Log(f"Chosen for {where}: {surfaces.in_words(choice.point)}.")
