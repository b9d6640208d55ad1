"""claims.verify: an honest bundle verifies in a clean process; a changed outcome, number or label is named."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_core.claims.archive import MANIFEST, manifest, pack, unpack
from ml_core.claims.bundle import Claim
from ml_core.claims.outcomes import from_parquet, to_parquet
from ml_core.claims.plan import Answer, Label
from ml_core.claims.statistics import compute
from ml_core.events import Event, Log, Metric
from ml_core.spec import BadInput, Disproved
from tests.ml_core.claimed import claim, written
from tests.ml_core.recorded import run_method

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def made() -> Claim:
    return claim()


def verify(folder: Path, path: Path) -> list[Event]:
    return run_method("claims.verify", folder / "out", bundle=str(path))


def refused(folder: Path, path: Path) -> tuple[str, dict[str, Any]]:
    """What the method says of a bundle that does not verify, and the report it keeps."""
    with pytest.raises(Disproved) as told:
        verify(folder, path)
    return str(told.value), json.loads((folder / "out" / "report.json").read_text())


def edited(folder: Path, made: Claim, change: Callable[[Files], None]) -> Path:
    """The bundle with files changed by somebody who also made the manifest fit."""
    path = written(folder, made)
    files = unpack(path)
    change(files)
    path.write_bytes(pack(files))
    return path


def test_an_honest_claim_verifies(made: Claim, tmp_path: Path) -> None:
    events = verify(tmp_path, written(tmp_path, made))
    metrics = {event.name: event.value for event in events if isinstance(event, Metric)}
    assert metrics["numbers"] > 200
    assert metrics["differing"] == metrics["checks_failed"] == metrics["largest_difference"] == 0
    assert any("none differs" in event.message for event in events if isinstance(event, Log))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["verified"] and all(check["ok"] for check in report["checks"])
    assert "Verified" in (tmp_path / "out" / "report.md").read_text()


def change_rank(files: Files) -> None:
    ways = from_parquet(files["outcomes/2.parquet"], "outcomes/2.parquet")
    rank_Q = ways["i2t"].rank_Q.copy()
    rank_Q[np.flatnonzero(rank_Q > 1)[0]] += 1
    files["outcomes/2.parquet"] = to_parquet(ways | {"i2t": replace(ways["i2t"], rank_Q=rank_Q)})


def test_an_outcome_changed_with_its_hash_is_found_by_the_numbers(made: Claim, tmp_path: Path) -> None:
    said, report = refused(tmp_path, edited(tmp_path, made, change_rank))
    assert "NOT verified" in said
    assert any(each["path"].startswith("/metrics/2/i2t~1mrr") for each in report["differences"])
    assert not report["verified"]


def test_an_outcome_changed_without_its_hash_is_refused(made: Claim, tmp_path: Path) -> None:
    path = written(tmp_path, made)
    files = unpack(path)
    kept = manifest(files)
    change_rank(files)
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in (files | {MANIFEST: kept}).items():
            bundle.writestr(name, content)
    with pytest.raises(BadInput, match=r"outcomes/2\.parquet is not the file that manifest\.json describes"):
        verify(tmp_path, path)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (("verdicts", "2", "t2i", "all", "p"), lambda p: p * 0.9),
        (("verdicts", "2", "t2i", "all", "repaired"), lambda count: count + 1),
        (("verdicts", "2", "t2i", "attribute", "shown"), lambda shown: not shown),
        (("metrics", "2", "t2i/recall@5/half", "low"), lambda low: low + 1e-6),
        (("labels", "categories", "count", "count"), lambda count: count - 1),
        (("effects", "2", "t2i", "categories", "count", "repaired"), lambda count: count + 3),
        (("slices", "t2i", "all", "selection"), lambda _: "failures"),
        (("mode",), lambda _: "confirmatory"),
    ],
)
def test_one_changed_number_is_named_with_its_place(
    made: Claim, tmp_path: Path, place: tuple[str, ...], change: Callable[[Any], Any]
) -> None:
    statistics: Any = copy.deepcopy(dict(made.statistics))
    at = statistics
    for key in place[:-1]:
        at = at[key]
    true = at[place[-1]]
    at[place[-1]] = change(true)
    said, report = refused(tmp_path, written(tmp_path, replace(made, statistics=statistics)))
    pointer = "/" + "/".join(key.replace("/", "~1") for key in place)
    assert [each["path"] for each in report["differences"]] == [pointer]
    assert report["differences"][0]["recomputed"] == true
    assert pointer in said
    assert pointer in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize("stated", [1, 3, None, "2"])
def test_numbers_made_by_other_rules_are_refused_in_one_sentence(made: Claim, tmp_path: Path, stated: Any) -> None:
    statistics = dict(made.statistics) | {"format": stated}
    with pytest.raises(BadInput, match=rf"of format {json.dumps(stated)}, and this program makes those of format 2"):
        verify(tmp_path, written(tmp_path, replace(made, statistics=statistics)))
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_number_left_out_or_added_is_named(made: Claim, tmp_path: Path) -> None:
    statistics: Any = copy.deepcopy(dict(made.statistics))
    del statistics["curves"]
    statistics["verdicts"]["2"]["t2i"]["all"]["better"] = 1.0
    _, report = refused(tmp_path, written(tmp_path, replace(made, statistics=statistics)))
    assert [each["path"] for each in report["differences"]] == ["/curves", "/verdicts/2/t2i/all/better"]


def test_a_changed_label_is_found_by_its_distribution_and_by_its_answers(made: Claim, tmp_path: Path) -> None:
    first = made.labels[0]
    labels = [replace(first, category="count"), *made.labels[1:]]
    said, report = refused(tmp_path, written(tmp_path, replace(made, labels=labels)))
    assert any(each["path"].startswith("/labels/categories/count") for each in report["differences"])
    assert f"query {first.query} is labelled count by one annotator, who did not say so" in said


def relabelled(made: Claim, labels: list[Label], answers: list[Answer]) -> Claim:
    """The claim with other labels, and the numbers that follow from them."""
    outcomes = {name: run.outcomes for name, run in made.runs.items()}
    return replace(made, labels=labels, answers=answers, statistics=compute(outcomes, labels, made.plan))


@pytest.mark.parametrize("origin", ["consensus", "majority", "single"])
def test_a_label_that_nobody_said_is_found_though_every_number_follows_from_it(
    made: Claim, tmp_path: Path, origin: Any
) -> None:
    first = replace(made.labels[0], category="count", origin=origin)
    forged = relabelled(made, [first, *made.labels[1:]], list(made.answers))
    said, report = refused(tmp_path, written(tmp_path, forged))
    assert f"query {first.query} is labelled count by" in said
    assert report["differing"] == 0


def test_a_consensus_that_knows_who_confuses_what_may_overrule_the_only_answer(made: Claim, tmp_path: Path) -> None:
    labels = [replace(label, origin="consensus") for label in made.labels if label.category != "count"]
    alone = next(label for label in labels if label.category == "spatial")  # C says count where others say spatial
    answers = [
        Answer("t2i", label.query, letter, "count" if (letter, label.category) == ("C", "spatial") else label.category)
        for label in labels
        for letter in ("C" if label == alone else "ABC")
    ]
    verify(tmp_path, written(tmp_path, relabelled(made, labels, answers)))
    other = [replace(label, category="attribute") if label.query == alone.query else label for label in labels]
    said, _ = refused(tmp_path, written(tmp_path, relabelled(made, other, answers)))
    assert f"query {alone.query} is labelled attribute by consensus, which the answers do not give" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: replace(m, labels=[*m.labels, Label("t2i", "c9999", "count")]), "are in no run: c9999"),
        (lambda m: replace(m, labels=[*m.labels, m.labels[0]]), "is labelled twice"),
        (
            lambda m: replace(m, plan=replace(m.plan, slices={"x": {"t2i": ("c0", "zz")}})),
            "slice 'x', t2i: 1 of its queries are in no run: zz",
        ),
    ],
)
def test_what_cannot_be_recomputed_is_refused_with_its_place(
    made: Claim, tmp_path: Path, change: Callable[[Claim], Claim], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        verify(tmp_path, written(tmp_path, change(made)))


def test_a_query_that_occurs_twice_is_refused(made: Claim, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        ways = from_parquet(files["outcomes/1.parquet"], "")
        number_Q = ways["i2t"].number_Q.copy()
        number_Q[1] = number_Q[0]
        files["outcomes/1.parquet"] = to_parquet(ways | {"i2t": replace(ways["i2t"], number_Q=number_Q)})

    with pytest.raises(BadInput, match="run 1, i2t: query 0 occurs 2 times"):
        verify(tmp_path, edited(tmp_path, made, change))


def with_run(made: Claim, name: str, **changes: Any) -> Claim:
    return replace(made, runs={**made.runs, name: replace(made.runs[name], **changes)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: with_run(m, "2", environment={"data_hash": "e" * 64}), "run 2 was evaluated on data eeeeeeeeeeee"),
        (lambda m: with_run(m, "2", environment={}), "run 2 does not say which data set"),
        (lambda m: with_run(m, "2", fingerprint="f" * 64), "do not have the fingerprint"),
        (lambda m: replace(m, answers=m.answers[1:]), "who did not say so"),
        (
            lambda m: replace(m, answers=[*m.answers, Answer("t2i", m.labels[0].query, "A", "count")]),
            "annotator A answered query",
        ),
    ],
)
def test_a_bundle_that_contradicts_itself_fails_a_check(
    made: Claim, tmp_path: Path, change: Callable[[Claim], Claim], said: str
) -> None:
    told, report = refused(tmp_path, written(tmp_path, change(made)))
    assert said in told
    assert report["differing"] == 0


def test_a_rank_that_the_first_answer_contradicts_fails_a_check(made: Claim, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        ways = from_parquet(files["outcomes/2.parquet"], "")
        first_Q = ways["t2i"].first_Q.copy()
        first_Q[np.flatnonzero(ways["t2i"].rank_Q == 1)[0]] += 1
        files["outcomes/2.parquet"] = to_parquet(ways | {"t2i": replace(ways["t2i"], first_Q=first_Q)})

    told, _ = refused(tmp_path, edited(tmp_path, made, change))
    assert "t2i: 1 queries have a rank that their first answer contradicts" in told


def command(path: Path, out: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "ml_core", "claims.verify", f"bundle={path}", f"out={out}"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_clean_process_ends_with_0_1_or_2_and_keeps_what_it_found(made: Claim, tmp_path: Path) -> None:
    path = written(tmp_path, made)
    good = command(path, tmp_path / "good")
    assert good.returncode == 0, good.stderr
    assert json.loads((tmp_path / "good" / "metrics.json").read_text())["differing"] == 0
    statistics: Any = copy.deepcopy(dict(made.statistics))
    statistics["verdicts"]["2"]["t2i"]["all"]["p"] = 0.001
    bad = command(written(tmp_path, replace(made, statistics=statistics)), tmp_path / "bad")
    assert bad.returncode == 1
    assert "The claim is NOT verified. 1 stated values differ" in bad.stderr
    assert json.loads((tmp_path / "bad" / "metrics.json").read_text())["differing"] == 1
    assert (tmp_path / "bad" / "report.md").exists()
    assert not (tmp_path / "bad" / "error.log").exists()
    path.write_bytes(b"no zip")
    assert command(path, tmp_path / "none").returncode == 2
