"""The administrators' page of the model endpoint."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ml_core.spec import BadInput
from webapp.accounts.doors import PersonRequest, administrator_page
from webapp.accounts.views.links import api_call
from webapp.experiments.generating.actions import forget_endpoint, set_endpoint
from webapp.experiments.generating.forms import EndpointForm
from webapp.experiments.generating.queries import endpoint_shown


@sensitive_post_parameters("key")
@never_cache
@administrator_page(methods=("GET", "POST"))
def endpoint(request: PersonRequest) -> HttpResponse:
    """Where runs that generate text ask, and the form that changes it."""
    shown = endpoint_shown()
    initial = {"base_url": "" if shown.from_environment else shown.base_url, "models": "\n".join(shown.models)}
    form = EndpointForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_endpoint(**form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("The model endpoint is set."))
            return redirect("experiments:endpoint")
        except BadInput as problem:
            form.add_error(problem.field or None, str(problem))
    page = {"endpoint": shown, "form": form, "api": api_call(request, "experiments:api_endpoint")}
    return render(request, "experiments/generating/endpoint.html", page, status=422 if form.errors else 200)


@administrator_page(methods=("POST",))
def endpoint_forget(request: PersonRequest) -> HttpResponse:
    """Forget address, key and models."""
    forget_endpoint(actor=request.user, now=timezone.now())
    messages.success(request, _("The model endpoint is forgotten."))
    return redirect("experiments:endpoint")
