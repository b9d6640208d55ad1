"""Launching: choose a method, fill in its form, see what it will take, start it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.methods import cards
from ml_core.spec import BadInput, Card
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.actions import launch_run
from webapp.experiments.commands import short_command
from webapp.experiments.forms import SpecForm, differences, initial_values
from webapp.experiments.machine import has_gpu
from webapp.experiments.models import Run
from webapp.experiments.queries.choices import model_slug
from webapp.experiments.queries.estimates import estimate
from webapp.experiments.queries.runs import run_of, title_of
from webapp.experiments.references import endpoint_models, reference_fields

AREAS = (  # by the first part of a method's key
    (gettext_noop("Retrieval"), ("contrastive", "retrieval")),
    (gettext_noop("Classification"), ("zeroshot", "synce", "core", "wdys")),
    (gettext_noop("Failures"), ("failures",)),
)
OTHERS = gettext_noop("Others")
SHARED_BY = 4  # a preset of so many methods is none of theirs


@dataclass(frozen=True)
class Base:
    """What the form starts from: a run that is cloned, a preset, or the defaults."""

    name: str
    values: dict[str, Any]
    run: Run | None = None


@never_cache
@project_page("run.launch")
def choose(request: ProjectRequest) -> HttpResponse:
    """Every method there is; those that read files by path are listed for the command line."""
    found = cards().values()
    shown = {
        "project": request.project,
        "areas": _areas([card for card in found if card.web]),
        "elsewhere": [card for card in found if not card.web],
        "api": api_call(request, "experiments:api_methods", slug=request.project.slug),
    }
    return render(request, "experiments/choose.html", shown)


def _areas(methods: list[Card]) -> list[tuple[str, list[tuple[Card, list[str]]]]]:
    """Methods with the presets that are theirs, by what they are for; a preset that many methods share (an encoder, a
    published data set) is left to their forms."""
    shared = Counter(name for card in methods for name in card.presets)
    found: dict[str, list[tuple[Card, list[str]]]] = {title: [] for title, _domains in AREAS}
    order = [domain for _title, domains in AREAS for domain in domains]
    for card in sorted(methods, key=lambda card: _place(order, card.key.partition(".")[0])):
        domain = card.key.partition(".")[0]
        title = next((title for title, domains in AREAS if domain in domains), OTHERS)
        own = [name for name in card.presets if shared[name] < SHARED_BY]
        found.setdefault(title, []).append((card, own))
    return [(gettext(title), some) for title, some in found.items() if some]


def _place(order: list[str], domain: str) -> int:
    return order.index(domain) if domain in order else len(order)


@never_cache
@project_page("run.launch", post="run.launch")
def new(request: ProjectRequest, method: str) -> HttpResponse:
    """The form of one method."""
    card = _card_or_404(method)
    base = _base(request, card)
    initial = initial_values(card, base.values | _asked(request, card))
    initial["run_title"] = request.GET.get("title", base.run.title if base.run else "")[:160]
    form = SpecForm(card, request.project, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and (run := _launched(request, card, form, base)):
        return redirect("experiments:run", slug=request.project.slug, run_id=run.pk)
    values = form.typed() if form.is_bound else base.values | _asked(request, card)
    shown = _aside(request, card, base, values) | {
        "form": form,
        "query": request.GET.urlencode(),
        "preset": request.GET.get("preset", ""),
        "api": api_call(request, "experiments:api_method", slug=request.project.slug, method=card.key),
    }
    return render(request, "experiments/new.html", shown, status=422 if form.errors else 200)


def _launched(request: ProjectRequest, card: Card, form: SpecForm, base: Base) -> Run | None:
    """The new run; None, with the reason at its field, where something it names went away at this moment."""
    try:
        return launch_run(
            project=request.project,
            method=card.key,
            values=form.values(form.cleaned_data),
            title=form.cleaned_data["run_title"],
            cloned_from=base.run,
            actor=request.user,
            now=timezone.now(),
        )
    except BadInput as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return None


@never_cache
@project_page(post="run.launch")
def check(request: ProjectRequest, method: str) -> HttpResponse:
    """What stands beside the form, for what is typed in it now."""
    card = _card_or_404(method)
    form = SpecForm(card, request.project, request.POST)
    return render(request, "experiments/_aside.html", _aside(request, card, _base(request, card), form.typed()))


def _aside(request: ProjectRequest, card: Card, base: Base, values: dict[str, Any]) -> dict[str, object]:
    return {
        "project": request.project,
        "card": card,
        "base": base,
        "differences": differences(card, base.values, values),
        "estimate": estimate(request.project, card.key, _corpus(card, values), card.queue),
        "command": short_command(card, values),
        "slow": card.queue == "gpu" and not has_gpu(),
        "one_worker": not has_gpu(),
        "query": request.GET.urlencode(),
    }


def _base(request: ProjectRequest, card: Card) -> Base:
    number = request.GET.get("clone", "")
    if number.isascii() and number.isdigit() and len(number) < 18:
        run = run_of(request.project, int(number))
        if run is None or run.method != card.key:
            raise Http404("No such run of this method in this project.")
        known = {name: value for name, value in run.spec.items() if name in card.spec.model_fields}
        return Base(title_of(run), known, run)
    preset = request.GET.get("preset", "")
    if preset in card.presets:
        return Base(_("the preset “%(name)s”") % {"name": _(preset)}, _with_slugs(card, card.presets[preset]))
    return Base(_("the defaults"), {})


def _with_slugs(card: Card, values: dict[str, Any]) -> dict[str, Any]:
    """A preset's model by its registered name; a model that no administrator registered is left to choose."""
    found = dict(values)
    for field in reference_fields(card):
        named = str(found.pop(field, ""))
        if slug := model_slug(named):
            found[field] = f"model:{slug}"
        elif named.removeprefix("endpoint:") in endpoint_models():
            found[field] = named
    return found


def _asked(request: ProjectRequest, card: Card) -> dict[str, Any]:
    """Settings that a link brings along, as `?data=corpus:3`."""
    return {name: request.GET[name][:400] for name in card.spec.model_fields if name in request.GET}


def _corpus(card: Card, values: dict[str, Any]) -> int | None:
    for field, extra in reference_fields(card).items():
        text = str(values.get(field) or "")
        number = text.removeprefix("corpus:").partition("?")[0]
        if extra["reference"] == "dataset" and text.startswith("corpus:") and number.isdigit() and len(number) < 18:
            return int(number)
    return None


def _card_or_404(method: str) -> Card:
    card = cards().get(method)
    if card is None or not card.web:
        raise Http404("No such method here.")
    return card
