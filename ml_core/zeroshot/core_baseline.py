"""The method core.classify (CoRE): captions retrieved from a database enter classes and pictures, near duplicates
left out.

    R_c = n(Σ softmax(s / τ_t2t) z)  over the captions z found for class c, s = z · W_c     W+ = n((1-α) W + α R)
    r   = n(Σ softmax(s / τ_i2t) z)  over those found for a picture, s = z · q              q+ = n((1-β) q + β r)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.events import Artifact, Event, Log, Progress, Provenance
from ml_core.generators.recorded import CLASS_SIDE
from ml_core.methods.core_classify import CoreClassify
from ml_core.spec import BadInput, Context, Stopped
from ml_core.zeroshot import templates
from ml_core.zeroshot.caption_database import FIELD, Database, database_of, read_database
from ml_core.zeroshot.classify import PLAIN
from ml_core.zeroshot.data import Labelled
from ml_core.zeroshot.encoding import encode_classification
from ml_core.zeroshot.evaluate import class_vectors
from ml_core.zeroshot.evidence import Told, evidence
from ml_core.zeroshot.fusion import Point, Sides, classified
from ml_core.zeroshot.material import read_captions
from ml_core.zeroshot.preparing import Ready, how_of, loaded, opened
from ml_core.zeroshot.report import Reporting, report
from ml_core.zeroshot.vectors import BLOCK, Captions

_GATHERED = 2**23  # numbers of retrieved vectors at a time


def run(spec: CoreClassify, context: Context) -> Iterator[Event]:
    """Metrics beside those of the plain classifier with the same sentence, cases.parquet, confusions, and the captions
    that were retrieved (retrieved.parquet)."""
    labelled = yield from opened(spec)
    database = yield from _database(spec, labelled)
    ready = yield from loaded(labelled, spec, context)
    bare, vectors_UE = yield from _vectors(spec, ready, database, context)
    of_classes = yield from _found(spec, bare.classes_CE, vectors_UE, context)
    of_images = yield from _found(spec, bare.images_NE, vectors_UE, context)
    sides = replace(bare, class_captions=of_classes, image_captions=of_images)
    point = Point(spec.alpha, spec.beta, spec.tau_t2t, spec.tau_i2t)
    outcome, plain = (
        classified(sides, where, labelled.labels_N, keep=spec.keep, scale=ready.scale) for where in (point, PLAIN)
    )
    told_of_classes, told_of_images = (_told(captions, database) for captions in (of_classes, of_images))
    seen = evidence(outcome, sides.images_NE, told_of_classes, told_of_images)
    yield from report(labelled, outcome, Reporting(spec.ks, how_of(spec), context.out), plain, evidence_N=seen)
    yield from _retrieved_table(sides, database, context)
    yield Log(f"{len(sides.images_NE):,} pictures told apart, {len(labelled.class_names):,} classes.")


def retrieve(owners_BE: np.ndarray, vectors_UE: np.ndarray, most: int, duplicate: float) -> np.ndarray:
    """The `most` likest of U captions for each owner by number, best first, (B, K) int32; -1 for a near duplicate.

    Captions whose cosine reaches `duplicate`, directly or through others that were retrieved with them, count as one:
    the best scored stays. Unit vectors; of equal scores the caption with the lower number comes first.
    """
    owners_BE, most = np.ascontiguousarray(owners_BE, np.float32), min(most, len(vectors_UE))
    score_BK, near_BK = faiss.knn(owners_BE, vectors_UE, most, metric=faiss.METRIC_INNER_PRODUCT)
    found_BK = np.take_along_axis(near_BK, np.lexsort((near_BK, -score_BK), axis=1), axis=1).astype(np.int32)
    for part_BK in np.array_split(found_BK, max(1, found_BK.size * vectors_UE.shape[1] // _GATHERED)):
        part_BK[~first_of_group(vectors_UE[part_BK], duplicate)] = -1
    return found_BK


def first_of_group(vectors_BKE: np.ndarray, threshold: float) -> np.ndarray:
    """Which of K unit vectors come first in their connected component, joined where the cosine reaches the threshold,
    (B, K) bool."""
    places = vectors_BKE.shape[1]
    joined_BKK = (vectors_BKE @ vectors_BKE.transpose(0, 2, 1) >= threshold) | np.eye(places, dtype=bool)
    for _ in range(max(places - 1, 1).bit_length()):  # each squaring doubles the length of the paths that are seen
        joined_BKK = joined_BKK.astype(np.float32) @ joined_BKK.astype(np.float32) > 0
    return joined_BKK.argmax(axis=2) == np.arange(places)


def _database(spec: CoreClassify, labelled: Labelled) -> Generator[Event, None, Database]:
    """The file's captions, else those of the classes and the pictures."""
    if spec.database and (spec.class_captions or spec.image_captions):
        raise BadInput("search a file of captions, or those of classes and pictures, not both", field=FIELD)
    if spec.database:
        database = read_database(spec.database)
    elif spec.class_captions or spec.image_captions:
        told = yield from read_captions(spec, labelled)
        of_classes = [
            templates.with_caption(name, caption)
            for name, row in zip(labelled.class_names, told.classes or [], strict=bool(told.classes))
            for caption in row
        ]
        database = database_of("the recorded captions", [of_classes, *(told.images or [])])
    else:
        raise BadInput(f"give captions to search in: a file ({FIELD}), or captions as {CLASS_SIDE}", field=FIELD)
    if database.repeated:
        yield Log(f"{database.name}: {database.repeated:,} captions repeat others; each is searched once.", "warning")
    facts = {"name": database.name, "captions": len(database.captions), "sha256": database.content_hash}
    yield Provenance({"database": facts})
    return database


def _found(
    spec: CoreClassify, owners_NE: np.ndarray, vectors_UE: np.ndarray, context: Context
) -> Generator[Event, None, Captions]:
    """The captions of all owners, a block at a time; raises Stopped between blocks when asked to stop."""
    rows = []
    for start in range(0, len(owners_NE), BLOCK):
        if context.stop():
            raise Stopped
        rows.append(retrieve(owners_NE[start : start + BLOCK], vectors_UE, spec.retrieved, spec.duplicate))
        yield Progress("Retrieving captions", start + len(rows[-1]), len(owners_NE))
    return Captions(vectors_UE, np.concatenate(rows))


def _told(captions: Captions, database: Database) -> Told:
    return Told(captions, lambda owner, place: database.captions[captions.text_NK[owner, place]])


def _vectors(
    spec: CoreClassify, ready: Ready, database: Database, context: Context
) -> Generator[Event, None, tuple[Sides, np.ndarray]]:
    """Pictures and classes without captions, and the database as unit vectors (U, E)."""
    labelled = ready.labelled
    sentences, remarks = templates.usable(templates.SETS[spec.template], labelled.domain)
    yield from (Log(remark, "warning") for remark in remarks)
    prompts = templates.filled(sentences, labelled.class_names, labelled.domain)
    images_NE, (prompted, captions) = yield from encode_classification(
        labelled.dataset,
        ready.encoder,
        [[text for row in prompts for text in row], database.captions],
        ready.store,
        context,
    )
    classes_CE = class_vectors(prompted, prompts)
    return Sides(images_NE, classes_CE, classes_CE, None, None), captions.vectors_UE


def _retrieved_table(sides: Sides, database: Database, context: Context) -> Iterator[Event]:
    """retrieved.parquet: side, number of the class or picture, caption and its score, best first."""
    parts = []
    for side, captions, owners_NE in (
        ("class", sides.class_captions, sides.classes_CE),
        ("picture", sides.image_captions, sides.images_NE),
    ):
        assert captions is not None
        there_NK = captions.text_NK >= 0
        owner_M, place_M = np.nonzero(there_NK)
        texts = pa.array(database.captions).take(pa.array(captions.text_NK[owner_M, place_M]))
        scores_M = captions.likeness(owners_NE)[owner_M, place_M]
        names = pa.array([side]).take(pa.array(np.zeros(len(owner_M), np.int32)))
        parts.append(pa.table({"side": names, "number": owner_M.astype(np.int32), "caption": texts, "score": scores_M}))
        kept = there_NK.sum() / max(len(there_NK), 1)
        yield Log(f"{kept:.1f} of {there_NK.shape[1]} retrieved captions a {side} are left without near duplicates.")
    pq.write_table(pa.concat_tables(parts), context.out / "retrieved.parquet", compression="zstd")
    yield Artifact("retrieved.parquet", "Captions that were retrieved", "data", "application/vnd.apache.parquet")
