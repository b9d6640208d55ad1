"""Runs that belong together, and the models that runs may use."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.spec import BadInput
from webapp.accounts.doors import PersonRequest, ProjectRequest, administrator_page, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.actions import register_model, remove_model
from webapp.experiments.forms import ModelForm
from webapp.experiments.models import RegisteredModel
from webapp.experiments.queries.groups import group_of


@never_cache
@project_page("run.view")
def group(request: ProjectRequest, group_id: int) -> HttpResponse:
    """A group's runs and each metric as mean with its interval over them."""
    found = group_of(request.project, group_id, now=timezone.now())
    if found is None:
        raise Http404("No such group in this project.")
    api = api_call(request, "experiments:api_runs", query=f"group={found.id}", slug=request.project.slug)
    return render(request, "experiments/group.html", {"project": request.project, "group": found, "api": api})


@never_cache
@administrator_page(methods=("GET", "POST"))
def models(request: PersonRequest) -> HttpResponse:
    """The models that specs may name, and a form for another one."""
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            model = register_model(**form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("Runs may now use “%(name)s”.") % {"name": model.name})
            return redirect("experiments:models")
        except BadInput as problem:
            form.add_error(problem.field or None, str(problem))
    found = list(RegisteredModel.objects.order_by("name"))
    page = {"models": found, "form": form, "api": api_call(request, "experiments:api_models")}
    return render(request, "experiments/models.html", page, status=422 if form.errors else 200)


@administrator_page(methods=("POST",))
def model_remove(request: PersonRequest, model_id: int) -> HttpResponse:
    """Take a model back."""
    model = get_object_or_404(RegisteredModel, pk=model_id)
    remove_model(model=model, actor=request.user, now=timezone.now())
    messages.success(request, _("Runs may no longer use “%(name)s”.") % {"name": model.name})
    return redirect("experiments:models")
