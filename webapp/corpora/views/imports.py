"""The way in: choose a source, see what it holds and what is wrong with it, bring it in."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ml_core.cells import safe_cell
from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.corpora.actions import imports as actions
from webapp.corpora.actions.uploads import WholeFileOnDisk, as_file, refuse_larger
from webapp.corpora.forms import ScenesForm, SourceForm, UploadForm
from webapp.corpora.models import Import
from webapp.corpora.queries import folders
from webapp.corpora.queries import imports as queries
from webapp.corpora.views.finding import import_or_404, root_or_404

NO_PROGRESS = {"stage": "Starting", "done": None, "total": None, "unit": "", "rate": None, "eta": None}
LIVE = (Import.State.CHECKING, Import.State.QUEUED, Import.State.IMPORTING)


@project_page("corpus.import")
def choose(request: ProjectRequest) -> HttpResponse:
    """Where the data set comes from: the server folders there are, and the two other ways."""
    page = {
        "project": request.project,
        "roots": folders.roots(),
        "way": "folder",
        "administrator": request.user.is_superuser,
        "api": api_call(request, "corpora:api_source_folders", slug=request.project.slug),
    }
    return render(request, "corpora/import_choose.html", page)


@project_page("corpus.import", post="corpus.import")
def from_folder(request: ProjectRequest, root_id: int) -> HttpResponse:
    """Look through a server folder and import what is there."""
    root = root_or_404(root_id)
    path = request.GET.get("path", "").strip("/")
    try:
        folder = folders.folder_at(root, path)
    except BadInput as problem:
        messages.error(request, str(problem))
        return (
            redirect("corpora:import_folder", request.project.slug, root_id)
            if path
            else redirect("corpora:import", request.project.slug)
        )
    name = (folder.parents[-1][0] if path else root.name)[:120]
    form = SourceForm(request.POST or None, initial={"name": name, "format": folder.looks_like or "auto"})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        whole = folders.resolved(root, path)
        row = _started(
            request,
            form,
            lambda: actions.start_import(
                reference=actions.folder_reference(whole, Path(root.path).resolve(), values["format"], form.options()),
                source=f"{root.name}: {path}" if path else root.name,
                **_who(request, values["name"]),
            ),
        )
        if row is not None:
            return _to(row)
    page = {
        "project": request.project,
        "folder": folder,
        "form": form,
        "way": "folder",
        "entries": _entries(request, folder),
        "api": api_call(request, "corpora:api_imports", slug=request.project.slug),
    }
    return render(request, "corpora/import_folder.html", page, status=422 if form.errors else 200)


@csrf_exempt  # the token is checked below, after the size: the check reads the whole body
@project_page("corpus.import", post="corpus.import")
def from_upload(request: ProjectRequest) -> HttpResponse:
    """Upload a zip and import it."""
    refuse_larger(request, settings.NEARMISS_UPLOAD_LIMIT)
    request.upload_handlers = [WholeFileOnDisk(request)]
    return _from_upload(request)


@csrf_protect
def _from_upload(request: ProjectRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if any(getattr(handler, "over", False) for handler in request.upload_handlers):
        form.add_error("file", _("This file is larger than this server accepts."))
    elif request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        file: UploadedFile = values["file"]
        row = _started(
            request,
            form,
            lambda: actions.start_upload(
                zip_file=as_file(file),
                reference=actions.upload_reference(values["format"], form.options()),
                source=f"upload of {Path(file.name or 'a zip').name}"[:300],
                **_who(request, values["name"]),
            ),
        )
        if row is not None:
            return _to(row)
    page = {
        "project": request.project,
        "form": form,
        "way": "upload",
        "limit": settings.NEARMISS_UPLOAD_LIMIT,
        "api": api_call(request, "corpora:api_imports", slug=request.project.slug),
    }
    return render(request, "corpora/import_upload.html", page, status=422 if form.errors else 200)


@project_page("corpus.import", post="corpus.import")
def from_scenes(request: ProjectRequest) -> HttpResponse:
    """Have scenes drawn."""
    form = ScenesForm(request.POST or None, initial={"name": "Drawn scenes"})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        row = _started(
            request,
            form,
            lambda: actions.start_import(
                reference=actions.scenes_reference(values["count"], values["seed"]),
                source=f"{values['count']:,} scenes drawn by code, seed {values['seed']}",
                **_who(request, values["name"]),
            ),
        )
        if row is not None:
            return _to(row)
    api = api_call(request, "corpora:api_imports", slug=request.project.slug)
    page = {"project": request.project, "form": form, "way": "scenes", "api": api}
    return render(request, "corpora/import_scenes.html", page, status=422 if form.errors else 200)


@project_page("corpus.import")
def one_import(request: ProjectRequest, import_id: int) -> HttpResponse:
    """An import: how far it is, what was found, and the button that brings it in."""
    row = import_or_404(request.project, import_id)
    api = api_call(request, "corpora:api_import", slug=request.project.slug, import_id=row.pk)
    return render(request, "corpora/import.html", _page(request, row) | {"api": api})


@project_page("corpus.import")
def live(request: ProjectRequest, import_id: int) -> HttpResponse:
    """The part of an import's page that changes while it runs."""
    return render(request, "corpora/_import.html", _page(request, import_or_404(request.project, import_id)))


@project_page(post="corpus.import")
def confirm(request: ProjectRequest, import_id: int) -> HttpResponse:
    """Bring it in."""
    row = import_or_404(request.project, import_id)
    try:
        actions.confirm_import(
            row=row, leave_out=request.POST.get("leave_out") == "on", actor=request.user, now=timezone.now()
        )
    except BadInput as problem:
        messages.error(request, str(problem))
    return _to(row)


@project_page(post="corpus.import")
def cancel(request: ProjectRequest, import_id: int) -> HttpResponse:
    """Stop it; nothing of it stays."""
    row = import_or_404(request.project, import_id)
    try:
        actions.cancel_import(row=row, actor=request.user, now=timezone.now())
    except BadInput as problem:
        messages.error(request, str(problem))
    return _to(row)


@project_page("corpus.import")
def problems_csv(request: ProjectRequest, import_id: int) -> HttpResponse:
    """Everything that is wrong with a source, as a table."""
    row = import_or_404(request.project, import_id)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="problems-{row.pk}.csv"'
    writer = csv.writer(response)
    writer.writerow(["severity", "code", "place", "message"])
    for problem in queries.problems_of(row, limit=None):
        writer.writerow([safe_cell(text) for text in (problem.severity, problem.code, problem.place, problem.message)])
    return response


def _page(request: ProjectRequest, row: Import) -> dict[str, Any]:
    code = request.GET.get("kind", "")[:40]
    return {
        "project": request.project,
        "row": row,
        "is_live": row.state in LIVE,
        "progress": NO_PROGRESS | row.progress,
        "preview": row.preview,
        "counts": queries.problem_counts(row),
        "kind": code,
        "problems": queries.problems_of(row, code),
        "shown": queries.SHOWN,
        "may_import": role_may(request.role, "corpus.import"),
    }


def _started(request: ProjectRequest, form: Form, start: Any) -> Import | None:
    """The import that `start` makes; None, with the reason at its field, where it cannot."""
    try:
        row: Import = start()
    except BadInput as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return None
    return row


def _who(request: ProjectRequest, name: str) -> dict[str, Any]:
    return {"project": request.project, "name": name, "actor": request.user, "now": timezone.now()}


def _to(row: Import) -> HttpResponse:
    return redirect("corpora:import_one", slug=row.project.slug, import_id=row.pk)


def _entries(request: ProjectRequest, folder: folders.Folder) -> list[tuple[str, str]]:
    """(name, address) of the folders inside."""
    base = reverse("corpora:import_folder", args=[request.project.slug, folder.root.pk])
    inside = [(name, f"{folder.path}/{name}".strip("/")) for name in folder.folders]
    return [(name, f"{base}?{urlencode({'path': path})}") for name, path in inside]
