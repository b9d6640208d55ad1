"""Introduces agreement.score: how well annotators agree, what they agree on, and how right that is."""

from __future__ import annotations

from typing import Literal

from ml_core.spec import Card, Spec, setting


class AgreementScore(Spec):
    """Which labels are measured, how their file is laid out, and what is true where it is known."""

    labels: str = setting(
        ..., "CSV or .xlsx of labels, one a row, with a header.", group="Files", reference="file", min_length=1
    )
    truth: str = setting(
        "",
        "CSV or .xlsx of true labels, one item a row, with a header; empty for none.",
        group="Files",
        reference="file",
    )
    columns: tuple[str, ...] = setting(
        ("item", "annotator", "label"),
        "Columns of the labels that name the item, the annotator and the label.",
        group="Files",
        min_length=3,
        max_length=3,
    )
    truth_columns: tuple[str, ...] = setting(
        ("item", "label"),
        "Columns of the truth that name the item and its label.",
        group="Files",
        min_length=2,
        max_length=2,
    )
    layout: Literal["long", "wide", "counts", "table"] = setting(
        "long",
        "One label a row (long), an item a row and an annotator a column (wide), an item a row and the number of its "
        "labels by category (counts), or the table of two annotators (table).",
        group="Files",
        advanced=True,
    )
    item_column: str = setting(
        "", "In a wide or counts file, the column that names the item; empty where there is none.", group="Files"
    )
    resamples: int = setting(
        2000, "Bootstrap resamples of items behind each interval.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Numbers", ge=0, le=2**31 - 1)


CARD = Card(
    key="agreement.score",
    title="Agreement of annotators",
    summary="Measures how well annotators agree, by pairs and together, and what consensus their labels have.",
    spec=AgreementScore,
    entry="ml_core.agreement.score:run",
    headline="krippendorff_alpha",
    web=False,
    paper="Krippendorff 2011 (α); Gwet 2014 (κ and AC1 with gaps); Dawid, Skene 1979 (consensus)",
)
