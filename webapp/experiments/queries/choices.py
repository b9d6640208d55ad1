"""What a project's forms offer where a setting names something: its data sets, its runs, the registered models."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.experiments.models import CaptionFile, RegisteredModel, Run
from webapp.experiments.queries.runs import cards, title_of
from webapp.experiments.references import endpoint_models, kinds_of, offered, sides_of, writes_text

Options = list[tuple[str, str]]
NEWEST = 100
USABLE = (Run.State.SUCCEEDED, Run.State.RUNNING, Run.State.QUEUED)


def choices_for(project: Project, extra: dict[str, Any]) -> list[Any]:
    """Options (value, words) for a field with these `reference` and `accepts`, grouped where there are two kinds."""
    accepts = tuple(extra.get("accepts") or ())
    match extra["reference"]:
        case "dataset":
            return list(datasets(project, accepts))
        case "encoder":
            return [(_("Models"), models()), (_("Trained here"), trained(project, accepts))]
        case "generator":
            there = [(_("There already, to be measured"), files(project, accepts))] if accepts else []
            return [(_("At the endpoint"), at_endpoint()), (_("Models"), models(writing=True)), *there]
        case "run":
            return list(runs(project, accepts))
        case "subset":
            return offered("set", project)
        case "file" if accepts:
            return captions(project, accepts)
    return []


def datasets(project: Project, accepts: tuple[str, ...]) -> Options:
    """Data sets that are ready or on their way in."""
    found = Corpus.objects.filter(project=project, state__in=[Corpus.State.READY, Corpus.State.IMPORTING])
    if accepts:
        found = found.filter(task__in=accepts)
    return [(f"corpus:{corpus.pk}", _dataset_words(corpus)) for corpus in found.order_by("name")]


def models(*, writing: bool = False) -> Options:
    """The models that an administrator registered: those that write text, or those that make vectors."""
    found = [model for model in RegisteredModel.objects.order_by("name") if writes_text(model) == writing]
    return [(f"model:{model.slug}", model.name) for model in found]


def at_endpoint() -> Options:
    """The models of the endpoint."""
    return [(f"endpoint:{name}", name) for name in endpoint_models()]


def trained(project: Project, accepts: tuple[str, ...]) -> Options:
    """Runs that leave a model."""
    return runs(project, accepts or tuple(key for key in cards() if key.endswith(".train")))


def runs(project: Project, accepts: tuple[str, ...]) -> Options:
    """The newest runs of these methods that have succeeded or still may."""
    found = Run.objects.filter(project=project, state__in=USABLE)
    if accepts:
        found = found.filter(method__in=accepts)
    return [(f"run:{run.pk}", _run_words(run)) for run in found.order_by("-id")[:NEWEST]]


def captions(project: Project, accepts: tuple[str, ...]) -> list[Any]:
    """Caption files that can be used or are being checked, and runs that leave such; grouped where there are both."""
    there = files(project, accepts)
    written = runs(project, accepts) if any("." in one for one in accepts) else []
    return [(_("Files"), there), (_("Written here"), written)] if there and written else [*there, *written]


def files(project: Project, accepts: tuple[str, ...]) -> Options:
    """Caption files of these sides that can be used or are being checked."""
    found = CaptionFile.objects.filter(project=project, side__in=sides_of(accepts)).exclude(
        state=CaptionFile.State.REFUSED
    )
    return [(f"captions:{file.pk}", _file_words(file)) for file in found.select_related("corpus").order_by("-id")]


def model_slug(reference: str) -> str | None:
    """The registered name of a model reference, for presets that name `hf:…`."""
    return RegisteredModel.objects.filter(reference=reference).values_list("slug", flat=True).first()


def takes(extra: dict[str, Any], kind: str) -> bool:
    """Whether a field may name this kind."""
    return kind in kinds_of(extra)


def _dataset_words(corpus: Corpus) -> str:
    count = (
        _("%(n)s pictures") % {"n": f"{corpus.item_count:,}"}
        if corpus.state == Corpus.State.READY
        else _("being imported")
    )
    return f"{corpus.name} ({count})"


def _file_words(file: CaptionFile) -> str:
    state = "" if file.state == CaptionFile.State.READY else f", {file.get_state_display().lower()}"
    where = file.corpus.name if file.corpus else file.get_side_display()
    return f"{file.name} ({where}{state})"


def _run_words(run: Run) -> str:
    state = "" if run.state == Run.State.SUCCEEDED else f", {run.get_state_display().lower()}"
    return f"{run.pk} · {title_of(run)}{state}"
