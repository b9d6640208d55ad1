"""What a run will take, judged by earlier runs of its method; says on how many it rests, or that there are none."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from django.db.models import F

from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.experiments.models import Run, RunInput

RECENT = 20


@dataclass(frozen=True)
class Estimate:
    """Median seconds and memory of `count` earlier runs; `scaled` where seconds follow the size of the data set."""

    seconds: float
    memory_bytes: int | None
    count: int
    scaled: bool


def estimate(project: Project, method: str, corpus_id: int | None, queue: str) -> Estimate | None:
    """The expectation for a run of `method` on a data set; None where this project has no such run to judge by."""
    done = Run.objects.filter(
        project=project, method=method, queue=queue, state=Run.State.SUCCEEDED, attempt=1, started_at__isnull=False
    )
    rows = list(
        done.order_by("-id")
        .annotate(took=F("finished_at") - F("started_at"))
        .values_list("pk", "took", "provenance")[:RECENT]
    )
    if not rows:
        return None
    seconds = {pk: took.total_seconds() for pk, took, _ in rows if took is not None}
    memory = [facts["memory_bytes"] for _, _, facts in rows if facts.get("memory_bytes")]
    peak = int(median(memory)) if memory else None
    sizes = _sizes(list(seconds))
    found = Corpus.objects.filter(project=project, pk=corpus_id or 0)
    wanted = found.values_list("item_count", flat=True).first()
    rates = [seconds[pk] / size for pk, size in sizes.items() if size]
    if wanted and rates:
        return Estimate(median(rates) * wanted, peak, len(rates), True)
    return Estimate(median(seconds.values()), peak, len(seconds), False)


def _sizes(runs: list[int]) -> dict[int, int]:
    found = RunInput.objects.filter(run__in=runs, corpus__isnull=False).values_list("run_id", "corpus__item_count")
    return dict(found)
