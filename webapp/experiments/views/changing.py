"""Buttons on a run's page: cancel, resume, repeat with other seeds, mine its failures, its inputs as a file, delete."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from ml_core.methods import cards
from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.experiments import actions
from webapp.experiments.forms import SeedsForm
from webapp.experiments.models import Run
from webapp.experiments.queries import following
from webapp.experiments.references import reference_fields
from webapp.experiments.views.found import run_or_404
from webapp.experiments.views.runs import download


@project_page(post="run.launch")
def cancel(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Stop a run."""
    run = run_or_404(request, run_id)
    return _done(request, run, lambda: actions.cancel_run(run=run, actor=request.user, now=timezone.now()))


@project_page(post="run.launch")
def resume(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Let a failed or cancelled run go on."""
    run = run_or_404(request, run_id)
    return _done(request, run, lambda: actions.resume_run(run=run, actor=request.user, now=timezone.now()))


@project_page(post="run.launch")
def rerun(request: ProjectRequest, run_id: int) -> HttpResponse:
    """The same settings under other seeds."""
    run = run_or_404(request, run_id)
    form = SeedsForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for errors in form.errors.values() for text in errors))
        return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
    try:
        group = actions.rerun_with_seeds(
            run=run, seeds=form.cleaned_data["seeds"], actor=request.user, now=timezone.now()
        )
    except BadInput as problem:
        messages.error(request, _("Nothing was started: %(problem)s") % {"problem": problem})
        return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
    return redirect("experiments:group", slug=request.project.slug, group_id=group.pk)


@project_page(post="run.launch")
def mine(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Sample this run's failures: in the method's own direction, or in the one that the run has."""
    run = run_or_404(request, run_id)
    card = cards().get("failures.mine")
    if card is None:
        raise Http404("There is no failures.mine here.")
    field = next(name for name, extra in reference_fields(card).items() if extra["reference"] == "run")
    try:
        made = actions.launch_run(
            project=request.project,
            method=card.key,
            values={field: f"run:{run.pk}"} | following.direction_to_mine(run),
            title=_("Failures of run %(n)d") % {"n": run.pk},
            actor=request.user,
            now=timezone.now(),
        )
    except BadInput as problem:
        messages.error(request, _("Nothing was started: %(problem)s") % {"problem": problem})
        return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
    return redirect("experiments:run", slug=request.project.slug, run_id=made.pk)


@project_page(post="run.delete")
def delete(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Remove a run with everything it left."""
    run = run_or_404(request, run_id)
    try:
        actions.delete_run(run=run, actor=request.user, now=timezone.now())
    except actions.Refused as problem:
        messages.error(request, str(problem))
        return redirect("experiments:run", slug=request.project.slug, run_id=run_id)
    messages.success(request, _("Run %(n)d is gone.") % {"n": run_id})
    return redirect("experiments:runs", slug=request.project.slug)


@project_page("run.download", post="run.download")
def bundle(request: ProjectRequest, run_id: int) -> HttpResponseBase:
    """Everything the run reads in one file: POST has a worker make it, GET downloads it."""
    run = run_or_404(request, run_id)
    if request.method == "POST":
        actions.request_bundle(run=run, actor=request.user, now=timezone.now())
        return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
    if not run.bundle:
        raise Http404("The inputs of this run have not been put together yet.")
    return download(run.bundle["key"], f"run-{run.pk}-inputs.zip", run.bundle["byte_count"])


def _done(request: ProjectRequest, run: Run, act: Callable[[], Run]) -> HttpResponse:
    try:
        act()
    except actions.Refused as problem:
        messages.error(request, str(problem))
    return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
