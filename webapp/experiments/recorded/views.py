"""Caption files: what a project has, bringing one, looking at what was found in it, letting it go."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.corpora.actions.uploads import refuse_larger
from webapp.experiments.actions import Refused
from webapp.experiments.models import CaptionFile
from webapp.experiments.recorded import actions, queries
from webapp.experiments.recorded.forms import CaptionsForm
from webapp.experiments.views.runs import download

# What a file is for: a method, and its setting that names the file; captions of a data set are for synce.classify.
USES = {
    CaptionFile.Side.DATABASE: ("core.classify", "database"),
    CaptionFile.Side.TEMPLATES: ("zeroshot.evaluate", "template_file"),
}


@never_cache
@csrf_exempt  # the token is checked below, after the size: the check reads the whole body
@project_page("corpus.view", post="corpus.import")
def files(request: ProjectRequest) -> HttpResponse:
    """Every caption file of the project, and the form for another."""
    refuse_larger(request, actions.MOST_BYTES)
    return _files(request)


@csrf_protect
def _files(request: ProjectRequest) -> HttpResponse:
    corpora = queries.corpora_of(request.project)
    first = corpora[0][0] if corpora else ""
    initial = {"corpus": request.GET.get("data", first), "side": request.GET.get("side", CaptionFile.Side.CLASSES)}
    form = CaptionsForm(request.POST or None, request.FILES or None, corpora=corpora, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            file = _kept(request, form)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return redirect("experiments:caption_file", request.project.slug, file.pk)
    page = {
        "project": request.project,
        "files": queries.files_of(request.project)[:200],
        "form": form,
        "corpora": corpora,
        "may_bring": role_may(request.role, "corpus.import"),
        "limit": actions.MOST_BYTES,
        "api": api_call(request, "experiments:api_caption_files", slug=request.project.slug),
    }
    return render(request, "experiments/recorded/files.html", page, status=422 if form.errors else 200)


def _kept(request: ProjectRequest, form: CaptionsForm) -> CaptionFile:
    values = form.cleaned_data
    corpus = queries.corpus_of(request.project, values["corpus"]) if values["corpus"] else None
    if corpus is None and values["corpus"]:
        raise BadInput(_("This data set is no longer there."), field="corpus")
    upload = values["file"]
    return actions.keep_captions(
        project=request.project,
        corpus=corpus,
        side=values["side"],
        name=str(upload.name or ""),
        data=upload.read(),
        actor=request.user,
        now=timezone.now(),
    )


@never_cache
@project_page("corpus.view")
def file(request: ProjectRequest, file_id: int) -> HttpResponse:
    """What a worker found in one file."""
    row = _file_or_404(request, file_id)
    method, field = USES.get(CaptionFile.Side(row.side), ("synce.classify", row.side))
    asked = {"data": f"corpus:{row.corpus_id}"} if row.corpus_id else {}
    chosen = {"templates": "file"} if field == "template_file" else {}
    page = {
        "project": request.project,
        "file": row,
        "method": method,
        "use": urlencode(asked | chosen | {field: f"captions:{row.pk}"}, safe=":"),
        "measures": f"synce.{row.side}" if row.corpus_id else "",
        "may_remove": role_may(request.role, "corpus.import"),
        "may_launch": role_may(request.role, "run.launch"),
        "may_download": role_may(request.role, "run.download"),
        "api": api_call(request, "experiments:api_caption_file", slug=request.project.slug, file_id=row.pk),
    }
    return render(request, "experiments/recorded/file.html", page)


@project_page("run.download")
def content(request: ProjectRequest, file_id: int) -> HttpResponseBase:
    """The file as it was brought."""
    row = _file_or_404(request, file_id)
    return download(row.key, queries.download_name(row), row.byte_count)


@project_page(post="corpus.import")
def remove(request: ProjectRequest, file_id: int) -> HttpResponse:
    """Lets a file go."""
    row = _file_or_404(request, file_id)
    try:
        actions.remove_captions(file=row, actor=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("experiments:caption_file", request.project.slug, file_id)
    messages.success(request, _("The caption file is gone."))
    return redirect("experiments:caption_files", request.project.slug)


def _file_or_404(request: ProjectRequest, file_id: int) -> CaptionFile:
    row = queries.file_of(request.project, file_id)
    if row is None:
        raise Http404("No such caption file in this project.")
    return row
