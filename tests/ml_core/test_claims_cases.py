"""From two real evaluations to a bundle that a clean process verifies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml_core.claims.bundle import Claim, ClaimedRun, write_bundle
from ml_core.claims.cases import outcomes_of_cases, queries_hash
from ml_core.claims.plan import Plan
from ml_core.claims.statistics import compute
from ml_core.datasets.opening import open_dataset
from ml_core.events import Metric
from ml_core.methods import card
from ml_core.spec import BadInput
from tests.ml_core.recorded import recorded, run_method


def test_two_evaluations_become_a_claim_that_verifies_and_states_their_own_numbers(tmp_path: Path) -> None:
    made = recorded(tmp_path)
    noise = np.random.default_rng(1).standard_normal(made.arrays["text_embeddings"].shape).astype(np.float32)
    other = made.with_arrays("noisy", text_embeddings=made.arrays["text_embeddings"] + noise)
    dataset = open_dataset(made.data)
    names = {"picture": dataset.item_ids, "text": dataset.caption_ids}
    runs, stated = {}, {}
    for name, encoder in (("1", made.encoder), ("2", other)):
        values = {"data": made.data, "encoder": encoder, "resamples": 300}
        events = run_method("retrieval.evaluate", tmp_path / name, **values)
        stated[name] = {event.name: event for event in events if isinstance(event, Metric)}
        runs[name] = ClaimedRun(
            title=f"Run {name}",
            method="retrieval.evaluate",
            spec=card("retrieval.evaluate").parse(values).model_dump(mode="json"),
            outcomes=outcomes_of_cases(tmp_path / name / "cases.parquet", names),
            environment={"data_hash": dataset.content_hash},
        )
    plan = Plan("1", ("1", "2"), data_hash=dataset.content_hash, resamples=300)
    statistics = compute({name: run.outcomes for name, run in runs.items()}, [], plan)
    for name, metrics in statistics["metrics"].items():
        for key, found in metrics.items():
            own = stated[name][key]
            assert found["value"] == pytest.approx(own.value)
            if found["low"] is not None:
                assert (found["low"], found["high"], found["n"]) == pytest.approx((own.low, own.high, own.n))
    write_bundle(tmp_path / "claim.zip", Claim(plan, runs, [], [], statistics))
    words = [sys.executable, "-m", "ml_core", "claims.verify", f"bundle={tmp_path / 'claim.zip'}"]
    done = subprocess.run([*words, f"out={tmp_path / 'out'}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "report.json").read_text())["verified"]


def test_runs_on_other_samples_have_other_query_hashes_and_are_refused(tmp_path: Path) -> None:
    made = recorded(tmp_path)
    ways = {}
    for name, sample in (("1", ""), ("2", "?sample=30&seed=1")):
        data = made.data + sample
        run_method("retrieval.evaluate", tmp_path / name, data=data, encoder=made.encoder, resamples=100)
        dataset = open_dataset(data)
        names = {"picture": dataset.item_ids, "text": dataset.caption_ids}
        ways[name] = outcomes_of_cases(tmp_path / name / "cases.parquet", names)
    assert queries_hash(ways["1"]["t2i"]) != queries_hash(ways["2"]["t2i"])
    with pytest.raises(BadInput, match="different queries"):
        compute(ways, [], Plan("1", ("1", "2"), resamples=100))
