"""The demo's own path on this machine: the small CLIP learns the scenes, and its failures spread over the taxonomy.

Seconds of the training, Recall@1 on the held-out scenes, and how many failures the oracle finds in the rarest category.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

import benchmarks._database  # noqa: F401  (Django's settings)
from benchmarks.harness import Row
from ml_core.datasets.opening import open_dataset
from ml_core.failures.oracle import label_failures
from ml_core.taxonomy import DEFAULT
from webapp.experiments.demo import HELD_OUT, TRAINING

LIMIT_S, LEAST_RECALL, MOST_RECALL, LEAST_FAILURES = 240.0, 0.05, 0.60, 20.0


def measure(quick: bool) -> list[Row]:
    training = TRAINING.replace("scenes:8000", "scenes:400") if quick else TRAINING
    held_out = HELD_OUT.replace("scenes:500", "scenes:60") if quick else HELD_OUT
    with tempfile.TemporaryDirectory() as folder:
        learnt, found = Path(folder) / "learnt", Path(folder) / "found"
        start = time.perf_counter()
        more = ["max_steps=20"] if quick else []
        _run("contrastive.train", f"data={training}", "preset=demo", *more, f"out={learnt}", f"cache={folder}/cache")
        took = time.perf_counter() - start
        model = f"encoder=checkpoint:{learnt / 'model'}"
        _run("retrieval.evaluate", f"data={held_out}", model, f"out={found}", f"cache={folder}/cache")
        recall = json.loads((found / "metrics.json").read_text())["t2i/recall@1"]
        counts = _by_category(held_out, found / "cases.parquet")
    rarest, least = min(((key, counts[key]) for key in DEFAULT.keys), key=lambda pair: pair[1])
    spread = ", ".join(f"{key} {counts[key]}" for key in DEFAULT.keys)
    return [
        Row("the demo's training", "limit", "4 minutes", took, LIMIT_S, 1.0),
        Row("Recall@1 on held-out scenes, ‰", "limit", "60 %", 1000 * recall, 1000 * MOST_RECALL, 1.0, "‰"),
        Row("Recall@1 on held-out scenes, at least, ‰", "limit", "5 %", 1000 * LEAST_RECALL, 1000 * recall, 1.0, "‰"),
        Row("failures the oracle needs a category", "limit", f"those of {rarest}", LEAST_FAILURES, float(least), 1.0,
            "cases", note=spread),
    ]  # fmt: skip


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "ml_core", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _by_category(reference: str, cases: Path) -> Counter[str]:
    """The true category of every failure of text → image, counted."""
    table = pq.read_table(cases)
    failed = table.filter(pc.and_(pc.equal(table.column("direction"), "t2i"), pc.greater(table.column("rank"), 1)))
    first = [given[0] for given in failed.column("given").to_pylist()]
    labels = label_failures(open_dataset(reference), failed.column("prompt").to_pylist(), first)
    return Counter(category for category, _ in labels)
