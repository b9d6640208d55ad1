"""The ledger's place in the bar on top."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from webapp.accounts.navigation import project_url
from webapp.design.navigation import Section, register_section


def register() -> None:
    """Add it behind the failures of single runs."""
    register_section(
        Section(
            "ledger",
            gettext_noop("Ledger"),
            lambda request: project_url(request, "verdicts:ledger", "case.view"),
            order=45,
        )
    )
