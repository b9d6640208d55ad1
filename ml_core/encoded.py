"""Settings that every method shares which encodes pictures. Light: no arrays."""

from __future__ import annotations

from typing import Literal

from ml_core.spec import Spec, setting

GROUP = "Encoding"


class Encoded(Spec):
    """How pictures are decoded, and in which numbers and how many at a time a model takes them."""

    exact_decoding: bool = setting(
        False,
        "Decode JPEG files in full before resizing: slower, and the pixels of other programs.",
        group=GROUP,
        advanced=True,
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", "Number format of the model; auto is mixed on a GPU and fp32 elsewhere.", group=GROUP, advanced=True
    )
    batch_size: int = setting(
        0, "Pictures encoded at a time; 0 leaves it to the model.", group=GROUP, advanced=True, ge=0, le=4096
    )
