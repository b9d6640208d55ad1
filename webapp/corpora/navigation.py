"""The places of this app: data sets in a project's bar, server folders among the administrators' pages."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from webapp.accounts import administration, home
from webapp.accounts.administration import Entry
from webapp.accounts.navigation import project_url
from webapp.corpora.queries.waiting import waiting_for_person
from webapp.design.navigation import Section, register_section


def register() -> None:
    """Add them all."""
    register_section(
        Section(
            "corpora",
            gettext_noop("Data sets"),
            lambda request: project_url(request, "corpora:list", "corpus.view"),
            order=20,
        )
    )
    administration.register(
        Entry(
            gettext_noop("Server folders"),
            gettext_noop("The folders of this server that people may import from."),
            "corpora:roots",
            30,
        )
    )
    home.register(waiting_for_person)
