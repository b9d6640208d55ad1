"""The list of data sets, a data set with its pictures, one picture, and putting a data set away."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.corpora.actions import corpora as actions
from webapp.corpora.files import store
from webapp.corpora.models import Corpus
from webapp.corpora.queries import corpora as lists
from webapp.corpora.queries import imports as imports_
from webapp.corpora.queries import items
from webapp.corpora.queries.uses import uses_of
from webapp.corpora.views.finding import corpus_or_404, visible_or_404, whole_number


@project_page("corpus.view")
def corpora(request: ProjectRequest) -> HttpResponse:
    """Every data set of a project, and what is on its way in."""
    archived = request.GET.get("show") == "archived"
    page = {
        "project": request.project,
        "corpora": lists.corpora_of(request.project, archived=archived),
        "archived": archived,
        "archived_count": lists.archived_count(request.project),
        "imports": imports_.open_imports(request.project),
        "refused": imports_.ended_badly(request.project),
        "may_import": role_may(request.role, "corpus.import"),
        "may_manage": role_may(request.role, "corpus.manage"),
        "api": api_call(
            request, "corpora:api_corpora", query="state=archived" if archived else "", slug=request.project.slug
        ),
    }
    return render(request, "corpora/list.html", page)


@project_page("corpus.view")
def corpus(request: ProjectRequest, corpus_id: int) -> HttpResponse:
    """A data set: its numbers and its pictures."""
    found = visible_or_404(request.project, corpus_id)
    filters = filters_of(request)
    after, before = whole_number(request.GET.get("after")), whole_number(request.GET.get("before"))
    shown = items.page_of(found, filters, after=after, before=before)
    page = {
        "project": request.project,
        "corpus": found,
        "page": shown,
        "filters": filters,
        "count": items.count_of(found, filters),
        "limit": items.COUNT_LIMIT,
        "categories": lists.categories_of(found),
        "run_count": lists.run_count(found),
        "may_manage": role_may(request.role, "corpus.manage"),
        "uses": uses_of(found) if found.state == Corpus.State.READY and role_may(request.role, "run.launch") else [],
        "previous": page_url(request, filters, before=shown.before) if shown.before is not None else "",
        "next": page_url(request, filters, after=shown.after) if shown.after is not None else "",
        "api": request.build_absolute_uri(api_url(found, filters)),
    }
    return render(request, "corpora/corpus.html", page)


@project_page("corpus.view")
def item(request: ProjectRequest, corpus_id: int, number: int) -> HttpResponse:
    """One picture with its captions and boxes."""
    found = visible_or_404(request.project, corpus_id)
    picture = items.picture_of(found, number) if number < 2**31 else None
    if picture is None:
        raise Http404("No such picture.")
    page = {
        "project": request.project,
        "corpus": found,
        "picture": picture,
        "previous": number - 1 if number else None,
        "next": number + 1 if number + 1 < found.item_count else None,
        "api": api_call(
            request, "corpora:api_item", slug=request.project.slug, corpus_id=found.pk, number=picture.number
        ),
    }
    return render(request, "corpora/item.html", page)


@project_page("corpus.view")
def order(request: ProjectRequest, corpus_id: int) -> HttpResponse:
    """The frozen order as a file: `meta_*.json`."""
    return order_of(visible_or_404(request.project, corpus_id))


def order_of(found: Corpus) -> HttpResponse:
    """The file, the same for a page and for a program; Http404 where it is gone."""
    name = str(found.about.get("meta", ""))
    try:
        data = store().read_bytes(f"{found.prefix}/{name}")
    except (FileNotFoundError, BadInput):
        raise Http404("The frozen order is not there.") from None
    response = HttpResponse(data, content_type="application/json")
    file_name = f"{name.removesuffix('.json')}-{slugify(found.name) or found.pk}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@project_page(post="corpus.manage")
def archive(request: ProjectRequest, corpus_id: int) -> HttpResponse:
    """Hide a data set from new runs."""
    return _changed(request, corpus_id, actions.archive_corpus, "“{name}” is put away. Runs on it stay as they are.")


@project_page(post="corpus.manage")
def restore(request: ProjectRequest, corpus_id: int) -> HttpResponse:
    """Offer a data set to new runs again."""
    return _changed(request, corpus_id, actions.restore_corpus, "“{name}” can be used by runs again.")


@project_page(post="corpus.manage")
def delete(request: ProjectRequest, corpus_id: int) -> HttpResponse:
    """Remove a data set with its pictures."""
    found = corpus_or_404(request.project, corpus_id)
    try:
        actions.delete_corpus(corpus=found, actor=request.user, now=timezone.now())
    except BadInput as problem:
        messages.error(request, str(problem))
        if not found.content_hash:
            return redirect("corpora:list", slug=request.project.slug)
        return redirect("corpora:corpus", slug=request.project.slug, corpus_id=corpus_id)
    messages.success(request, _("“%(name)s” is being deleted; its space is free in a moment.") % {"name": found.name})
    return redirect("corpora:list", slug=request.project.slug)


def _changed(request: ProjectRequest, corpus_id: int, action: object, told: str) -> HttpResponse:
    found = corpus_or_404(request.project, corpus_id)
    try:
        action(corpus=found, actor=request.user, now=timezone.now())  # type: ignore[operator]
        messages.success(request, told.format(name=found.name))
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("corpora:corpus", slug=request.project.slug, corpus_id=corpus_id)


def filters_of(request: ProjectRequest) -> items.Filters:
    """What the address narrows the pictures to; what makes no sense there is left out."""
    return items.Filters(
        category=whole_number(request.GET.get("category")),
        words=request.GET.get("words", "").replace("\0", "").strip()[:200],
    )


def query_of(filters: items.Filters, **more: int | None) -> dict[str, object]:
    """Filters as they stand in an address."""
    named = {"category": filters.category, "words": filters.words, **more}
    return {name: value for name, value in named.items() if value not in (None, "")}


def page_url(request: ProjectRequest, filters: items.Filters, **where: int | None) -> str:
    """The address of a neighbouring page, with the filters kept."""
    return f"{request.path}?{urlencode(query_of(filters, **where))}"


def api_url(corpus: Corpus, filters: items.Filters) -> str:
    """The call that returns what the page shows."""
    path = reverse("corpora:api_items", kwargs={"slug": corpus.project.slug, "corpus_id": corpus.pk})
    query = urlencode(query_of(filters))
    return f"{path}?{query}" if query else path
