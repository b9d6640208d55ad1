"""ranking.fuse against plain Python, by hand, and through files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.events import Metric
from ml_core.ranking.fuse import fuse, ranks
from ml_core.ranking.trec import Entries, Names
from ml_core.spec import BadInput
from tests.ml_core.recorded import run_method

NAMES = Names([f"q{n}" for n in range(3)], list("abcdefgh"))
Scores = dict[tuple[int, int], float]


def entries(scores: Scores) -> Entries:
    pairs = sorted(scores)
    columns = np.array(pairs).T if pairs else np.empty((2, 0), int)
    return Entries(NAMES, columns[0], columns[1], np.array([scores[pair] for pair in pairs]))


def plainly(runs: list[Scores], method: str, norm: str, k: int) -> Scores:
    """The definitions, one document after the other."""
    fused: Scores = {}
    named: Scores = {}
    for scores in runs:
        for query in {query for query, _ in scores}:
            mine = {document: value for (q, document), value in scores.items() if q == query}
            order = sorted(mine, key=lambda document: (np.float32(mine[document]), document), reverse=True)
            values = list(mine.values())
            mean = math.fsum(values) / len(values)
            shift, scale = {
                "minmax": (min(values), max(values) - min(values)),
                "zscore": (mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))),
                "none": (0.0, 1.0),
            }[norm]
            for rank, document in enumerate(order, 1):
                score = (mine[document] - shift) / scale if scale > 1e-12 else 0.0
                gain = {"rrf": 1 / (k + rank), "isr": 1 / rank**2}.get(method, score)
                fused[query, document] = fused.get((query, document), 0.0) + gain
                named[query, document] = named.get((query, document), 0) + 1
    return {pair: value * (named[pair] if method in ("isr", "combmnz") else 1) for pair, value in fused.items()}


runs_of_scores = st.lists(
    st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 7)), st.integers(-4, 4).map(float), min_size=1),
    min_size=2,
    max_size=4,
)


@given(
    runs_of_scores, st.sampled_from(["rrf", "combsum", "combmnz", "isr"]), st.sampled_from(["minmax", "zscore", "none"])
)
@settings(max_examples=200, deadline=None)
def test_fusion_is_what_its_definition_says(runs: list[Scores], method: str, norm: str) -> None:
    found = fuse([entries(run) for run in runs], method=method, norm=norm, k=60)
    expected = plainly(runs, method, norm, 60)
    pairs = list(zip(found.query_P.tolist(), found.document_P.tolist(), strict=True))
    assert pairs == sorted(expected)
    assert found.value_P == pytest.approx([expected[pair] for pair in pairs], abs=1e-9)


def test_equal_scores_rank_by_document_id_descending() -> None:
    assert ranks(entries({(0, 0): 1.0, (0, 1): 1.0, (0, 2): 2.0, (2, 5): 0.0})).tolist() == [3, 2, 1, 1]


def write(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_files_are_fused_into_a_run_that_can_be_scored(tmp_path: Path) -> None:
    one = write(tmp_path / "one", ["1 Q0 a 1 9 x", "1 Q0 b 2 8 x", "2 Q0 a 1 1 x"])
    two = write(tmp_path / "two", ["1 Q0 b 1 3 y", "1 Q0 c 2 2 y"])
    qrels = write(tmp_path / "qrels", ["1 0 b 1", "2 0 a 1"])
    events = run_method("ranking.fuse", tmp_path, runs=f"{one},{two}", qrels=qrels, k=60)
    lines = [line.split() for line in (tmp_path / "fused.run").read_text().splitlines()]
    assert [(q, d, r) for q, _, d, r, _, _ in lines] == [
        ("1", "b", "1"),
        ("1", "a", "2"),
        ("1", "c", "3"),
        ("2", "a", "1"),
    ]
    assert float(lines[0][4]) == pytest.approx(1 / 61 + 1 / 62)
    found = {event.name: event.value for event in events if isinstance(event, Metric)}
    assert found["mrr"] == 1.0 and found["queries"] == 2 and found["retrieved"] == 4
    scored = run_method("ranking.score", tmp_path, run=str(tmp_path / "fused.run"), qrels=qrels, measures="mrr")
    assert scored[0].value == 1.0


def test_one_run_cannot_be_fused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        run_method("ranking.fuse", tmp_path, runs="only-one")
    assert refusal.value.field == "runs"
