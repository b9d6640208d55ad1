"""`python -m benchmarks [NAME …] [--quick] [--list]`: prints tables, writes var/bench/*.json, exits 1 on a miss."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import benchmarks
from benchmarks.harness import Row, circumstances, table

OUT = Path("var/bench")
_PARTS = {"harness", "__main__"}


def names() -> list[str]:
    """Every benchmark there is: the modules here but for the harness."""
    found = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return sorted(name for name in found if name not in _PARTS and not name.startswith("_"))


def main(words: list[str]) -> int:
    quick = "--quick" in words
    wanted = [word for word in words if not word.startswith("--")]
    if "--list" in words:
        print("\n".join(names()))
        return 0
    if unknown := [name for name in wanted if name not in names()]:
        print(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    if strange := [word for word in words if word.startswith("--") and word != "--quick"]:
        print(f"there is no option {strange[0]}; there are --quick and --list", file=sys.stderr)
        return 2
    missed = 0
    print(json.dumps(circumstances()), flush=True)
    for name in wanted or names():
        missed += _run(name, quick)
    return 1 if missed else 0


def _run(name: str, quick: bool) -> int:
    """Runs one benchmark, prints and keeps its rows; how many missed their target."""
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        print(f"\n{name}: left out, {error.name} is not installed (pip install -r requirements/bench.txt)", flush=True)
        return 0
    start = time.perf_counter()
    rows: list[Row] = module.measure(quick)
    if quick:  # targets are for full sizes
        rows = [replace(row, target=None) for row in rows]
    print(
        f"\n{name} ({time.perf_counter() - start:.0f} s{', quick: sizes are small' if quick else ''})\n{table(rows)}",
        flush=True,
    )
    OUT.mkdir(parents=True, exist_ok=True)
    report = {
        "benchmark": name,
        "quick": quick,
        "circumstances": circumstances(),
        "rows": [row.as_dict() for row in rows],
    }
    (OUT / f"{name}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return sum(row.passed is False for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
