"""Administrators name the server folders that people may import from."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.doors import PersonRequest, administrator_page
from webapp.accounts.views.links import api_call
from webapp.corpora.actions.roots import add_root, remove_root
from webapp.corpora.forms import RootForm
from webapp.corpora.queries import folders
from webapp.corpora.views.finding import root_or_404


@administrator_page(methods=("GET", "POST"))
def roots(request: PersonRequest) -> HttpResponse:
    """Every folder that is open for imports, and a form for another."""
    form = RootForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            root = add_root(actor=request.user, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("People can now import from “%(name)s”.") % {"name": root.name})
            return redirect("corpora:roots")
        except BadInput as problem:
            form.add_error(problem.field or None, str(problem))
    page = {"roots": folders.roots(), "form": form, "api": api_call(request, "corpora:api_roots")}
    return render(request, "corpora/roots.html", page, status=422 if form.errors else 200)


@administrator_page(methods=("POST",))
def remove(request: PersonRequest, root_id: int) -> HttpResponse:
    """Close a folder for imports."""
    root = root_or_404(root_id)
    remove_root(root=root, actor=request.user, now=timezone.now())
    messages.success(
        request,
        _("Nobody can import from “%(name)s” any more. Data sets that came from it stay.") % {"name": root.name},
    )
    return redirect("corpora:roots")
