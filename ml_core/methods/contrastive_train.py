"""Card of contrastive.train: a dual encoder for pictures and captions, from scratch or tuned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from ml_core.spec import Card, Spec, setting

_DATA, _MODEL, _TRAINING = "Data", "Model", "Training"


class Train(Spec):
    """Settings of contrastive.train."""

    data: str = setting(
        ..., "Pictures with captions to learn from.", group=_DATA, reference="dataset", accepts=("retrieval",)
    )
    val_data: str = setting(
        "",
        "Pictures that are held out to measure progress; empty: a share of the data above.",
        group=_DATA,
        reference="dataset",
        accepts=("retrieval",),
    )
    val_fraction: float = setting(
        0.1, "Share of the pictures held out where no held-out set is given.", group=_DATA, ge=0.01, le=0.5
    )
    val_limit: int = setting(
        1000, "Most held-out pictures used to measure progress.", group=_DATA, unit="pictures", ge=10, le=10_000
    )
    start: str = setting(
        "", "Encoder to go on from; empty: a small new one of the sizes below.", group=_MODEL, reference="encoder"
    )
    image_size: int = setting(64, "Edge of the pictures a new model sees.", group=_MODEL, unit="pixels", ge=16, le=384)
    patch: int = setting(
        16,
        "Edge of the squares a picture is cut into; divides the picture's edge.",
        group=_MODEL,
        unit="pixels",
        ge=4,
        le=32,
    )
    width: int = setting(128, "Width of a new model's layers.", group=_MODEL, ge=16, le=1024)
    heads: int = setting(4, "Attention heads; divides the width.", group=_MODEL, ge=1, le=16)
    vision_layers: int = setting(4, "Layers that read the picture.", group=_MODEL, unit="layers", ge=1, le=24)
    text_layers: int = setting(2, "Layers that read the caption.", group=_MODEL, unit="layers", ge=1, le=24)
    embedding: int = setting(128, "Width of the space pictures and captions share.", group=_MODEL, ge=8, le=1024)
    text_length: int = setting(
        32,
        "Most words of a caption that a new model reads, two marks included.",
        group=_MODEL,
        unit="words",
        ge=8,
        le=128,
    )
    temperature: float = setting(
        0.07, "Temperature a new model starts with; it is learned, and never below 0.01.", group=_MODEL, ge=0.01, le=1.0
    )
    epochs: int = setting(20, "Times each picture is shown.", group=_TRAINING, unit="epochs", ge=1, le=1000)
    max_steps: int = setting(
        0, "Ends training after so many steps; 0: the epochs decide.", group=_TRAINING, unit="steps", ge=0, le=1_000_000
    )
    batch_size: int = setting(
        128, "Pictures a step, each with one caption.", group=_TRAINING, unit="pictures", ge=2, le=16_384
    )
    learning_rate: float = setting(1e-3, "Highest learning rate, of AdamW.", group=_TRAINING, gt=0, le=0.1)
    warmup: float = setting(
        0.05,
        "Share of the steps in which the learning rate rises; then it falls as a cosine.",
        group=_TRAINING,
        ge=0,
        le=0.5,
    )
    weight_decay: float = setting(0.05, "Weight decay of the matrices.", group=_TRAINING, ge=0, le=1, advanced=True)
    seed: int = setting(
        0, "Decides first weights, order, captions shown and the held-out share.", group=_TRAINING, ge=0
    )
    eval_every: int = setting(
        100, "Steps between measurements on the held-out pictures.", group=_TRAINING, unit="steps", ge=1, le=100_000
    )
    checkpoint_every: int = setting(
        200, "Steps between checkpoints, from which a run can go on.", group=_TRAINING, unit="steps", ge=1, le=100_000
    )
    patience: int = setting(
        0, "Ends training after so many measurements without a better one; 0: never.", group=_TRAINING, ge=0, le=1000
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", "Number format of the arithmetic; auto: mixed on a GPU, fp32 on a CPU.", group=_TRAINING, advanced=True
    )

    @field_validator("patch")
    @classmethod
    def _patch_divides(cls, patch: int, info: ValidationInfo) -> int:
        return _divides(patch, info.data.get("image_size"), "image_size")

    @field_validator("heads")
    @classmethod
    def _heads_divide(cls, heads: int, info: ValidationInfo) -> int:
        return _divides(heads, info.data.get("width"), "width")


def _divides(value: int, whole: Any, name: str) -> int:
    if whole is not None and whole % value:
        raise ValueError(f"must divide {name} ({whole})")
    return value


CARD = Card(
    key="contrastive.train",
    title="Train a dual encoder",
    summary="Learns to bring pictures and their captions together, from scratch or from an encoder that exists.",
    spec=Train,
    entry="ml_core.contrastive.train:run",
    queue="gpu",
    headline="val/t2i/recall@1",
    presets={
        "demo": {
            "image_size": 64,
            "patch": 16,
            "epochs": 30,
            "max_steps": 1200,
            "batch_size": 64,
            "learning_rate": 1e-3,
            "warmup": 0.08,
            "val_limit": 500,
            "eval_every": 200,
            "checkpoint_every": 200,
        },
        "quick test": {
            "image_size": 32,
            "patch": 8,
            "width": 64,
            "vision_layers": 2,
            "text_layers": 1,
            "embedding": 64,
            "max_steps": 40,
            "batch_size": 32,
            "eval_every": 20,
            "checkpoint_every": 20,
        },
    },
    paper="Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision",
)
