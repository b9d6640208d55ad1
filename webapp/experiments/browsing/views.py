"""The pages on which captions are looked through and changed."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.browsing import actions, pictures, queries
from webapp.experiments.browsing.queries import Source
from webapp.experiments.recorded.queries import corpus_of


@never_cache
@project_page("run.view")
def captions(request: ProjectRequest, kind: str, source_id: int) -> HttpResponse:
    """Captions by class or picture, with a search."""
    source = _source_or_404(request, kind, source_id)
    words, label = _words(request), _label(request)
    number = queries.number_in(request.GET.get("page", "")) or 1
    shown: queries.Page | None
    try:
        shown = queries.page_of(source, words=words, label=label, number=number)
    except queries.TooLarge:
        shown = None
    query = _asked(words, label)
    page = {
        "project": request.project,
        "source": source,
        "page": shown,
        "words": words,
        "label": label,
        "classes": pictures.classes_of(source.corpus_id) if source.of_pictures else [],
        "previous": f"?{_asked(words, label, shown.number - 1)}" if shown and shown.number > 1 else "",
        "next": f"?{_asked(words, label, shown.number + 1)}" if shown and shown.number < shown.pages else "",
        "may_change": role_may(request.role, "run.launch"),
        "may_rewrite": source.writer is not None and role_may(request.role, "corpus.import"),
        "may_keep": source.corpus_id is not None and role_may(request.role, "corpus.import"),
        "api": api_call(
            request, "experiments:api_captions", query=query, slug=request.project.slug, kind=kind, source_id=source_id
        ),
    }
    return render(request, "experiments/browsing/captions.html", page)


@project_page(post="run.launch")
def change(request: ProjectRequest, kind: str, source_id: int) -> HttpResponse:
    """Another version of one caption."""
    source = _source_or_404(request, kind, source_id)
    number = queries.number_in(request.POST.get("number", ""))
    try:
        kept = actions.change_caption(
            source=source,
            entry=request.POST.get("entry", ""),
            number=-1 if number is None else number,
            text=request.POST.get("text", ""),
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, _("Kept beside the first version.") if kept else _("Nothing changed."))
    except (BadInput, queries.TooLarge) as problem:
        messages.error(request, str(problem) or _("This file is too large to be changed here."))
    return _back(request, source)


@project_page(post="corpus.import")  # what was changed by hand becomes a caption file on the way
def anew(request: ProjectRequest, kind: str, source_id: int) -> HttpResponse:
    """Has the captions of one class or picture written anew."""
    source = _source_or_404(request, kind, source_id)
    entry = request.POST.get("entry", "")
    try:
        run = actions.write_anew(source=source, entry=entry, actor=request.user, now=timezone.now())
    except (BadInput, queries.TooLarge) as problem:
        messages.error(request, str(problem) or _("This file is too large to be changed here."))
        return _back(request, source)
    return redirect("experiments:run", request.project.slug, run.pk)


@project_page(post="corpus.import")
def keep(request: ProjectRequest, kind: str, source_id: int) -> HttpResponse:
    """Makes a caption file of what stands."""
    source = _source_or_404(request, kind, source_id)
    corpus = corpus_of(request.project, source.corpus_id or 0)
    try:
        if corpus is None:
            raise BadInput(_("Their data set is no longer there."))
        file = actions.keep_as_file(source=source, corpus=corpus, actor=request.user, now=timezone.now())
    except BadInput as problem:
        messages.error(request, str(problem))
        return _back(request, source)
    return redirect("experiments:caption_file", request.project.slug, file.pk)


def _source_or_404(request: ProjectRequest, kind: str, source_id: int) -> Source:
    source = queries.source_of(request.project, kind, source_id)
    if source is None:
        raise Http404("No such captions in this project.")
    return source


def _words(request: ProjectRequest) -> str:
    return (request.GET.get("words") or request.POST.get("words") or "").replace("\0", "").strip()[:200]


def _label(request: ProjectRequest) -> int | None:
    """The true class whose pictures are asked for."""
    return queries.number_in(request.GET.get("class") or request.POST.get("class") or "")


def _asked(words: str, label: int | None, page: int | None = None) -> str:
    """The part of the address behind the question mark."""
    where = {"words": words or None, "class": label, "page": page}
    return urlencode({name: value for name, value in where.items() if value is not None})


def _back(request: ProjectRequest, source: Source) -> HttpResponse:
    """Where the person was."""
    place = reverse("experiments:captions", args=[request.project.slug, source.kind, source.id])
    query = _asked(_words(request), _label(request), queries.number_in(request.POST.get("page", "")))
    return redirect(f"{place}?{query}" if query else place)
