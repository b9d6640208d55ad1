"""What enrichment works on: reads captions of either side and turns everything into vectors."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from ml_core.classifying import Captioned
from ml_core.events import Event, Log, Provenance
from ml_core.generators.recorded import read_image_captions, refuse_leak
from ml_core.spec import BadInput, Context
from ml_core.zeroshot import templates
from ml_core.zeroshot.data import Labelled, class_captions_of
from ml_core.zeroshot.encoding import encode_classification
from ml_core.zeroshot.evaluate import class_vectors
from ml_core.zeroshot.fusion import Sides
from ml_core.zeroshot.preparing import Ready


@dataclass(frozen=True)
class Told:
    """Captions as texts: of C classes and of N pictures, None for a side that has none."""

    classes: list[list[str]] | None
    images: list[list[str]] | None


def read_captions(spec: Captioned, labelled: Labelled) -> Generator[Event, None, Told]:
    """Use as `told = yield from read_captions(spec, labelled)`: whatever is wrong is found before a model is loaded.

    BadInput (field "class_captions" or "image_captions") where a file is not what it should be, no file is named, or
    the pictures' predictions are their labels.
    """
    if not spec.class_captions and not spec.image_captions:
        raise BadInput("give captions of the classes, of the pictures, or both", field="class_captions")
    told = Told(None, None)
    if spec.class_captions:
        classes = class_captions_of(spec.class_captions, labelled)
        yield from (Log(warning, "warning") for warning in classes.warnings)
        yield Provenance({"class_captions": classes.meta})
        most = spec.captions_per_class or None
        told = Told([row[:most] for row in classes.captions], None)
    if spec.image_captions:
        images = read_image_captions(spec.image_captions, labelled.dataset)
        refuse_leak(images.predicted, labelled.label_names)
        yield from (Log(warning, "warning") for warning in images.warnings)
        yield Provenance({"image_captions": images.meta})
        most = spec.captions_per_image or None
        told = Told(told.classes, [row[:most] for row in images.captions])
    return told


def gather(ready: Ready, told: Told, template: str, context: Context) -> Generator[Event, None, Sides]:
    """Use as `sides = yield from gather(ready, told, spec.template, context)`: `template` is "domain" or "generic"."""
    labelled = ready.labelled
    names, domain = labelled.class_names, labelled.domain
    (in_domain,), remarks = templates.usable(templates.SETS["domain"], domain)
    yield from (Log(remark, "warning") for remark in remarks)
    domain_C1 = templates.filled((in_domain,), names, domain)
    generic_C1 = templates.filled((templates.GENERIC,), names, domain)
    chosen_C1 = domain_C1 if template == "domain" else generic_C1
    of_classes = [
        [templates.with_caption(name, caption) for caption in row]
        for name, row in zip(names, told.classes or [], strict=bool(told.classes))
    ]
    groups = [
        [text for row in (*domain_C1, *chosen_C1) for text in row],
        [text for row in of_classes for text in row],
        [text for row in told.images or [] for text in row],
    ]
    images_NE, (prompts, classes, images) = yield from encode_classification(
        labelled.dataset, ready.encoder, groups, ready.store, context
    )
    return Sides(
        images_NE=images_NE,
        domain_CE=class_vectors(prompts, domain_C1),
        classes_CE=class_vectors(prompts, chosen_C1),
        class_captions=classes.ragged(of_classes) if told.classes is not None else None,
        image_captions=images.ragged(told.images) if told.images is not None else None,
    )
