"""The place of this app in the bar on top, and which files its reports name."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from webapp.accounts.navigation import project_url
from webapp.design.navigation import Section, register_section
from webapp.verdicts.reporting import files


def register() -> None:
    """Add them."""
    register_section(Section("reports", gettext_noop("Reports"), _reports, order=70))
    files.register()


def _reports(request: HttpRequest) -> str | None:
    return project_url(request, "dashboards:reports", "report.view")
