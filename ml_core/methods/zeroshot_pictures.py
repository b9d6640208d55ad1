"""Introduces zeroshot.pictures: a classification with pictures of what its answers rest on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml_core.classifying import ENCODERS, Captioned, Classified, Fused, Measured
from ml_core.spec import Card, Spec, setting

ATTENTION, SHEET = "Attention", "Sheet of vectors"
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Looked(Spec):
    """Whose attention is drawn, and how."""

    looked_at: int = setting(
        8,
        "Pictures whose attention is drawn, those with the worst margins first; 0 draws none.",
        group=ATTENTION,
        unit="pictures",
        ge=0,
        le=500,
    )
    items: tuple[Name, ...] = setting(
        (), "Ids of pictures to draw instead of those with the worst margins.", group=ATTENTION, max_length=500
    )
    about: Literal["given", "true"] = setting(
        "given", "Class whose margin is watched: the one that is answered (given), or the true one.", group=ATTENTION
    )
    mode: Literal["margin", "flip"] = setting(
        "margin",
        "What makes a place hot: how much of the margin is lost without it, or that another class is answered (flip).",
        group=ATTENTION,
    )
    square: int = setting(
        0,
        "Edge of the square that is blanked; 0 takes a seventh of what the model sees.",
        group=ATTENTION,
        unit="pixels",
        ge=0,
        le=2048,
        advanced=True,
    )
    stride: int = setting(
        0,
        "Steps from one square to the next; 0 takes half of the square.",
        group=ATTENTION,
        unit="pixels",
        ge=0,
        le=2048,
        advanced=True,
    )
    fill: Literal["grey", "mean", "black"] = setting(
        "grey", "Colour of the square: middle grey, the mean of the picture, or black.", group=ATTENTION, advanced=True
    )
    words: bool = setting(True, "Leave out the words of captions one by one, too.", group=ATTENTION)


class Projected(Spec):
    """What is laid out on one sheet by t-SNE."""

    sheet_pictures: int = setting(
        400,
        "Pictures on the sheet, sampled; 0 makes no sheet.",
        group=SHEET,
        unit="pictures",
        ge=0,
        le=5000,
    )
    sheet_captions: int = setting(
        1500, "Captions on the sheet at most, sampled.", group=SHEET, unit="captions", ge=0, le=10_000
    )
    perplexity: float = setting(
        30,
        "Neighbours that count for a place on the sheet; at most a third of what lies on it.",
        group=SHEET,
        ge=1,
        le=500,
    )


class ZeroshotPictures(Projected, Looked, Measured, Fused, Captioned, Classified):
    """What is told apart, with which captions, and what is drawn of it."""

    seed: int = setting(
        0, "Seed of the bootstrap, of what is sampled and of the sheet.", group="Numbers", ge=0, le=2**31 - 1
    )


CARD = Card(
    key="zeroshot.pictures",
    title="Pictures of a classification",
    summary="Shows what answers rest on: parts of pictures, words of captions, and where everything lies in the space.",
    spec=ZeroshotPictures,
    entry="ml_core.zeroshot.picturing.run:run",
    queue="gpu",
    headline="accuracy@1",
    presets={
        "worst margins": {},
        "where answers flip": {"mode": "flip"},
        "what speaks for the true class": {"about": "true"},
        "sheet alone": {"looked_at": 0},
        **ENCODERS,
    },
    leaves_cases=True,
    paper="Zeiler & Fergus 2014 (occlusion); van der Maaten & Hinton 2008 (t-SNE)",
)
