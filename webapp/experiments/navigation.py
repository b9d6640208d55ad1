"""The places of this app in the bar on top and among the administrators' pages."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from webapp.accounts import administration, home
from webapp.accounts.administration import Entry
from webapp.accounts.navigation import project_url
from webapp.design.navigation import Section, register_section
from webapp.experiments.queries.details import running_in
from webapp.experiments.queries.waiting import waiting_for_person
from webapp.experiments.recorded.actions import PREFIX
from webapp.experiments.recorded.queries import named_keys
from webapp.experiments.sweeping import register_names


def register() -> None:
    """Add them all."""
    register_section(
        Section(
            "runs",
            gettext_noop("Runs"),
            lambda request: project_url(request, "experiments:runs", "run.view"),
            order=30,
            count=_active,
        )
    )
    register_section(
        Section(
            "failures",
            gettext_noop("Failures"),
            lambda request: project_url(request, "experiments:failures", "case.view"),
            order=40,
        )
    )
    administration.register(
        Entry(
            gettext_noop("Models"),
            gettext_noop("Which models runs may use, by name or local path."),
            "experiments:models",
            30,
        )
    )
    administration.register(
        Entry(
            gettext_noop("Model endpoint"),
            gettext_noop("Where runs that generate text ask, and with which key."),
            "experiments:endpoint",
            31,
        )
    )
    home.register(waiting_for_person)
    register_names(PREFIX, named_keys)


def _active(request: HttpRequest) -> int | None:
    project = getattr(request, "project", None)
    return running_in(project) or None if project else None
