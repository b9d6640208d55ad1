"""What comes after a classification: its failures mined, and a look at it beside the others of the same pictures."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.experiments.models import Case, Run

CLASSIFY = "classify"
PLAIN = "zeroshot.evaluate"
METHODS = (PLAIN, "synce.classify", "synce.sweep", "synce.ablate", "core.classify", "wdys.classify")
MOST = 50  # runs that are set beside each other; the newest of more


@dataclass(frozen=True)
class Beside:
    """Finished classifications of the same data by the same encoder: how many, the comparison's address behind the
    question mark, and how many more were asked other pictures, so that they cannot stand there."""

    count: int
    query: str
    others: int


def direction_to_mine(run: Run) -> dict[str, str]:
    """The direction whose failures are sampled, where it is not the usual one: a classification has one of its own."""
    return {"direction": CLASSIFY} if Case.objects.filter(run_id=run.pk, direction=CLASSIFY).exists() else {}


def beside(run: Run) -> Beside | None:
    """The run with every other like it, held against the plain classifier where there is one. One query; None where
    it has no company."""
    said = {name: run.spec.get(name) for name in ("data", "encoder")}
    if run.method not in METHODS or run.state != Run.State.SUCCEEDED or not run.case_count or not all(said.values()):
        return None
    same = {f"spec__{name}": value for name, value in said.items()}
    found = Run.objects.filter(
        project_id=run.project_id, method__in=METHODS, state=Run.State.SUCCEEDED, case_count__gt=0, **same
    )
    rows = list(found.only("method", "provenance", "case_count").order_by("-pk")[: 4 * MOST])
    alike = [row for row in rows if _asked(row) == _asked(run)]
    chosen = sorted({run.pk, *[row.pk for row in alike if row.pk != run.pk][: MOST - 1]})
    plain = [row.pk for row in alike if row.method == PLAIN and row.pk in chosen]
    others = len(rows) - len(alike)
    if len(chosen) < 2 and not others:
        return None
    named = {"runs": ",".join(map(str, chosen))} | ({"baseline": str(min(plain))} if plain else {})
    return Beside(len(chosen), urlencode(named, safe=","), others)


def _asked(run: Run) -> tuple[object, object, int]:
    """What two runs must share to be compared: the data as it was, the pictures asked, how many."""
    queries = run.provenance.get("queries") or {}
    return run.provenance.get("data_hash"), queries.get(CLASSIFY), run.case_count
