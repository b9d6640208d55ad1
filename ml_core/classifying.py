"""Settings that the methods of zero-shot classification share, by fieldset. Light: no arrays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ml_core.encoded import Encoded
from ml_core.spec import Spec, setting

K = Annotated[int, Field(ge=1, le=100_000)]
KNOWN_SETS = ("military-vehicles", "patch-camelyon", "parasitic-egg")
WHAT = "What is classified"
Published = Literal["", "military-vehicles", "patch-camelyon", "parasitic-egg"]


def expected(group: str) -> Any:
    """The setting that names a published data set."""
    return setting(
        "",
        "A published data set that this one is checked against: its classes, its phrase where none is given, and names"
        " for classes that are bare numbers.",
        group=group,
        advanced=True,
    )


class Classified(Spec):
    """Which pictures are told apart by which model."""

    data: str = setting(
        ...,
        "Pictures with a class each.",
        group=WHAT,
        reference="dataset",
        accepts=("classification",),
        min_length=1,
    )
    encoder: str = setting(
        ..., "Model that turns pictures and texts into vectors.", group=WHAT, reference="encoder", min_length=1
    )
    domain: str = setting(
        "",
        "What all the pictures are, as in “An image of a T-90, a military vehicle”; empty takes the data set's own.",
        group=WHAT,
        max_length=200,
    )
    expects: Published = expected(WHAT)
    overlap: Literal["refuse", "content", "allow"] = setting(
        "refuse",
        "What to do about pictures that the encoder was trained on, by id or bytes: refuse; refuse by bytes (content)"
        " alone, where equal ids mean different pictures; or allow, which marks every number as not held out.",
        group=WHAT,
        advanced=True,
    )


class Captioned(Spec):
    """Captions of either side, or of one alone."""

    class_captions: str = setting(
        "",
        "File with captions of the classes; empty leaves the classes as they are.",
        group="Captions",
        reference="file",
        accepts=("synce.class_captions",),
    )
    image_captions: str = setting(
        "",
        "File with captions of the pictures; empty leaves the pictures as they are.",
        group="Captions",
        reference="file",
        accepts=("synce.image_captions",),
    )
    captions_per_class: int = setting(
        0, "How many captions of a class are used, from the first on; 0 uses all.", group="Captions", ge=0, le=1000
    )
    captions_per_image: int = setting(
        0, "How many captions of a picture are used, from the first on; 0 uses all.", group="Captions", ge=0, le=100
    )


class Fused(Spec):
    """How captions enter the vectors."""

    alpha: float = setting(0.2, "Share of the captions in a class's vector.", group="Fusion", ge=0, le=1)
    beta: float = setting(0.1, "Share of the captions in a picture's vector.", group="Fusion", ge=0, le=1)
    tau_t2t: float = setting(
        0.1,
        "Temperature at which a class's captions are weighed by their likeness to it; small trusts the likest alone.",
        group="Fusion",
        ge=0.001,
        le=100,
    )
    tau_i2t: float = setting(
        0.1,
        "Temperature at which a picture's captions are weighed by their likeness to it.",
        group="Fusion",
        ge=0.001,
        le=100,
    )
    weighting: Literal["weighted", "uniform"] = setting(
        "weighted", "Weigh captions by likeness, or all alike (uniform).", group="Fusion"
    )
    template: Literal["domain", "generic"] = setting(
        "domain", "Sentence around a class's name: with the phrase of the domain, or without.", group="Fusion"
    )


class Counted(Spec):
    """How numbers are made."""

    ks: tuple[K, ...] = setting(
        (1, 5), "Depths at which accuracy is reported.", group="Numbers", min_length=1, max_length=50
    )
    resamples: int = setting(
        2000, "Bootstrap resamples of pictures behind each interval.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Numbers", ge=0, le=2**31 - 1)
    keep: int = setting(10, "First answers kept for every picture.", group="Numbers", unit="answers", ge=1, le=100)


class Measured(Encoded, Counted):
    """How numbers are made, and how pictures are encoded."""


CLIP = "hf:openai/clip-vit-base-patch32"
ENCODERS = {
    "CLIP ViT-B/32": {"encoder": CLIP},
    "SigLIP SO400M-14-384": {"encoder": "open_clip:ViT-SO400M-14-SigLIP-384/webli"},
    "PE-Core-L-14-336": {"encoder": "open_clip:PE-Core-L-14-336/meta"},
    "PE-Core-bigG-14-448": {"encoder": "open_clip:PE-Core-bigG-14-448/meta"},
}
PUBLISHED = {
    "Military-Vehicles": {"expects": "military-vehicles"},
    "Patch-Camelyon": {"expects": "patch-camelyon"},
    "Parasitic Egg": {"expects": "parasitic-egg"},
}
