"""Which runs fit what was registered: the method, every setting that was fixed, the same data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from webapp.accounts.models import Project
from webapp.experiments.models import Run, RunInput


@dataclass(frozen=True)
class Basis:
    """What a run was measured on."""

    hash: str
    name: str


def basis_of(run: Run) -> Basis:
    """The content hash and name of a run's data; an empty hash where nobody knows."""
    needed = RunInput.objects.filter(run=run, corpus__isnull=False).select_related("corpus").order_by("id").first()
    corpus = needed.corpus if needed else None
    stated = str(run.provenance.get("data_hash") or (corpus.content_hash if corpus else ""))
    return Basis(stated, corpus.name if corpus else "")


def runs_that_fit(project: Project, method: str, settings: dict[str, Any], data_hash: str) -> list[Run]:
    """Finished runs with cases that are what was registered, the first launched first."""
    on_it = Q(provenance__data_hash=data_hash) | Q(
        provenance__data_hash__isnull=True, inputs__corpus__content_hash=data_hash
    )
    rows = Run.objects.filter(
        on_it, project=project, method=method, state=Run.State.SUCCEEDED, case_count__gt=0, spec__contains=settings
    )
    found = rows.only("title", "method", "spec", "created_at", "finished_at").order_by("created_at", "pk").distinct()
    return [run for run in found if fits(run.spec, settings)]


def fits(spec: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether every fixed setting is as it was fixed."""
    return all(name in spec and spec[name] == value for name, value in settings.items())
