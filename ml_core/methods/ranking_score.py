"""Introduces ranking.score: the measures of trec_eval for a run and its judgements, with intervals."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_core.spec import Card, Spec, setting

K = Annotated[int, Field(ge=1, le=1_000_000)]


class RankingScore(Spec):
    """Which run is scored against which judgements, by which measures."""

    qrels: str = setting(..., "TREC judgements: query 0 document grade.", group="Files", reference="file", min_length=1)
    run: str = setting(
        ..., "TREC run: query Q0 document rank score tag.", group="Files", reference="file", min_length=1
    )
    measures: tuple[str, ...] = setting(
        ("ndcg@k", "ndcg", "map", "mrr", "recall@k", "precision@k", "success@k", "rprec", "bpref"),
        "Measures: ndcg, map, mrr, recall, precision, success, judged (each also with @10 and the like, "
        "or @k for every depth), rprec, bpref.",
        group="Measures",
        min_length=1,
    )
    ks: tuple[K, ...] = setting(
        (1, 5, 10, 15, 20, 30, 100, 200, 500, 1000), "Depths that @k stands for.", group="Measures", min_length=1
    )
    level: int = setting(1, "Lowest grade that counts as relevant.", group="Measures", ge=1, le=1000)
    complete: bool = setting(
        False, "Count judged queries that the run leaves out as zero instead of leaving them out.", group="Measures"
    )
    depth: int = setting(
        0, "Documents of each query that are looked at; 0 for all.", group="Measures", ge=0, le=1_000_000
    )
    per_query: bool = setting(False, "Also write every query's values to per_query.csv.", group="Measures")
    resamples: int = setting(
        2000, "Bootstrap resamples of queries behind each interval.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap.", group="Numbers", ge=0, le=2**31 - 1)


CARD = Card(
    key="ranking.score",
    title="Score a ranking",
    summary="Scores a TREC run against judgements exactly as trec_eval does, with an interval on every mean.",
    spec=RankingScore,
    entry="ml_core.ranking.score:run",
    headline="ndcg@10",
    web=False,
)
