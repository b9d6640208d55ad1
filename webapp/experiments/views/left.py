"""The files that a run left: all of them page by page, and as one download."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.files import store
from webapp.experiments.models import Artifact
from webapp.experiments.queries import left
from webapp.experiments.queries.runs import title_of
from webapp.experiments.views.found import run_or_404
from webapp.packing import zipped

_BLOCK = 2**20


@never_cache
@project_page("run.view")
def files(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Every file, or those of one kind, page by page."""
    run = run_or_404(request, run_id)
    kind = request.GET.get("like", "").replace("\0", "")[:300]
    page = left.page_of(left.artifacts_of(run), kind, _number(request))
    shown = {
        "project": request.project,
        "run": run,
        "title": title_of(run),
        "page": page,
        "kind": kind,
        "previous": _address(kind, page.number - 1) if page.number > 1 else "",
        "next": _address(kind, page.number + 1) if page.number < page.pages else "",
        "may_download": role_may(request.role, "run.download"),
        "api": api_call(request, "experiments:api_artifacts", slug=request.project.slug, run_id=run.pk),
    }
    return render(request, "experiments/files.html", shown)


@project_page("run.download")
def files_zip(request: ProjectRequest, run_id: int) -> StreamingHttpResponse:
    """Every file in one zip, written as it is sent; a file that is no longer in the store is left out."""
    run = run_or_404(request, run_id)
    rows = left.artifacts_of(run)
    if not rows:
        raise Http404("This run left no files.")
    response = StreamingHttpResponse(zipped(_entries(rows)), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="run-{run.pk}-files.zip"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _entries(rows: list[Artifact]) -> Iterator[tuple[str, Iterator[bytes]]]:
    for row in rows:
        if store().exists(row.key):
            yield row.path, _blocks(row.key)


def _blocks(key: str) -> Iterator[bytes]:
    with store().open(key) as file:
        while block := file.read(_BLOCK):
            yield block


def _number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1


def _address(kind: str, number: int) -> str:
    return "?" + urlencode({name: value for name, value in (("like", kind), ("page", number)) if value})
