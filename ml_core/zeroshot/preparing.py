"""What every method here does first: opens the set, looks at what the model saw, loads it, says what it rests on."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from ml_core.classifying import Classified
from ml_core.datasets.held_out import held_out
from ml_core.encoders import load_encoder
from ml_core.events import Event, Log, Provenance
from ml_core.metrics.uncertainty import How
from ml_core.spec import Context
from ml_core.store import Store
from ml_core.zeroshot.data import Labelled, open_classification
from ml_core.zeroshot.encoding import logit_scale
from ml_core.zeroshot.known import KNOWN


@dataclass(frozen=True)
class Ready:
    """A classification set and the model that tells its pictures apart; `scale` makes its cosines logits."""

    labelled: Labelled
    encoder: Any
    scale: float
    store: Store


def how_of(spec: Any) -> How:
    """The bootstrap of a spec."""
    return How(resamples=spec.resamples, seed=spec.seed)


def opened(spec: Classified) -> Generator[Event, None, Labelled]:
    """Use as `labelled = yield from opened(spec)`: before the encoder, which takes seconds to load."""
    labelled = open_classification(spec.data, spec.domain, spec.expects)
    yield from (Log(remark, "warning") for remark in labelled.remarks)
    if spec.expects:
        yield Log(KNOWN[spec.expects].published)
    yield from held_out(labelled.dataset, spec.encoder, spec.overlap)
    return labelled


def loaded(labelled: Labelled, spec: Any, context: Context) -> Generator[Event, None, Ready]:
    """Use as `ready = yield from loaded(labelled, spec, context)`."""
    encoder = load_encoder(spec.encoder, context.device, exact=spec.exact_decoding, precision=spec.precision)
    if spec.batch_size and hasattr(encoder, "image_batch"):
        encoder.image_batch = spec.batch_size
    scale, whose = logit_scale(encoder)
    dataset = labelled.dataset
    yield Provenance(
        {
            "data": dataset.name,
            "data_hash": dataset.content_hash,
            "pictures": len(dataset.item_ids),
            "classes": len(labelled.class_names),
            "domain": labelled.domain,
            "simulated": bool(dataset.about.get("simulated", False)),
            "model": encoder.model_id,
            "model_revision": encoder.revision,
            "preprocessing_hash": encoder.preprocessing_hash,
            "logit_scale": scale,
            "logit_scale_from": whose,
        }
    )
    return Ready(labelled, encoder, scale, Store(context.cache))
