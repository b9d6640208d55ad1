"""Introduces ranking.fuse: several rankings of the same queries made into one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml_core.spec import Card, Spec, setting


class RankingFuse(Spec):
    """Which runs are fused and how."""

    runs: tuple[Annotated[str, Field(min_length=1)], ...] = setting(
        ..., "TREC runs to fuse.", group="Files", reference="file", min_length=2, max_length=100
    )
    qrels: str = setting("", "TREC judgements; where given, the fused run is scored.", group="Files", reference="file")
    method: Literal["rrf", "combsum", "combmnz", "isr"] = setting(
        "rrf",
        "Reciprocal ranks (rrf), sums of scores (combsum), the same times the number of runs that agree (combmnz), "
        "or inverse squared ranks times that number (isr).",
        group="Fusion",
    )
    norm: Literal["minmax", "zscore", "none"] = setting(
        "minmax", "How each run's scores are made comparable, query by query; for combsum and combmnz.", group="Fusion"
    )
    k: int = setting(60, "Constant of reciprocal rank fusion, added to every rank.", group="Fusion", ge=0, le=100_000)
    depth: int = setting(1000, "Documents kept for each query; 0 for all.", group="Fusion", ge=0, le=1_000_000)
    resamples: int = setting(
        2000, "Bootstrap resamples of queries behind each interval.", group="Fusion", ge=100, le=100_000, advanced=True
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Fusion", ge=0, le=2**31 - 1, advanced=True)


CARD = Card(
    key="ranking.fuse",
    title="Fuse rankings",
    summary="Fuses TREC runs of the same queries into one, and scores it where judgements are given.",
    spec=RankingFuse,
    entry="ml_core.ranking.fuse:run",
    headline="ndcg@10",
    web=False,
    paper="Cormack, Clarke, Büttcher 2009 (rrf); Fox, Shaw 1994 (comb*); Mourão, Martins, Magalhães 2014 (isr)",
)
