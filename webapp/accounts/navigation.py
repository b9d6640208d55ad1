"""The places of this app in the bar on top, the project switcher, and the account menu."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from webapp.accounts import administration
from webapp.accounts.administration import Entry
from webapp.accounts.capabilities import role_may
from webapp.accounts.queries import memberships_of
from webapp.design.navigation import Choice, Section, register_account_links, register_projects, register_section


def project_url(request: HttpRequest, url_name: str, capability: str) -> str | None:
    """The address of a page of the project the request is in; None outside one or where the role may not go there."""
    project, role = getattr(request, "project", None), getattr(request, "role", None)
    if project is None or not role_may(role, capability):
        return None
    return reverse(url_name, kwargs={"slug": project.slug})


def register() -> None:
    """Add them all."""
    register_section(Section("project", gettext_noop("Overview"), _front, order=10, exact=True))
    register_section(
        Section(
            "people",
            gettext_noop("People"),
            lambda request: project_url(request, "accounts:people", "people.view"),
            order=80,
        )
    )
    register_section(
        Section(
            "audit",
            gettext_noop("Audit trail"),
            lambda request: project_url(request, "accounts:trail", "audit.view"),
            order=90,
        )
    )
    register_section(Section("administration", gettext_noop("Administration"), _administration, order=95))
    register_projects(_projects)
    register_account_links(_account_links)
    administration.register(
        Entry(
            gettext_noop("People"),
            gettext_noop("Accounts, invitations, lost passwords, who administers."),
            "accounts:administration_people",
            10,
        )
    )
    administration.register(
        Entry(
            gettext_noop("Projects"),
            gettext_noop("Every project and its owners."),
            "accounts:administration_projects",
            20,
        )
    )
    administration.register(
        Entry(
            gettext_noop("Audit trail"),
            gettext_noop("What was done, by whom, when, in every project."),
            "accounts:administration_trail",
            90,
        )
    )


def _front(request: HttpRequest) -> str | None:
    return project_url(request, "accounts:project", "project.view")


def _administration(request: HttpRequest) -> str | None:
    """In a project the bar is the project's; administrators reach their pages from everywhere else and their menu."""
    outside = getattr(request, "project", None) is None
    return reverse("accounts:administration") if outside and getattr(request.user, "is_superuser", False) else None


def _projects(request: HttpRequest) -> list[Choice]:
    here = getattr(request, "project", None)
    if not request.user.is_authenticated:
        return []
    return [
        Choice(
            held.project.name,
            reverse("accounts:project", kwargs={"slug": held.project.slug}),
            current=here is not None and held.project_id == here.pk,
            note=held.get_role_display(),
        )
        for held in memberships_of(request.user)
    ]


def _account_links(request: HttpRequest) -> list[Choice]:
    places = [
        (gettext_noop("Profile"), "accounts:profile"),
        (gettext_noop("Password"), "account_change_password"),
        (gettext_noop("Second factor"), "mfa_index"),
    ]
    places += [(gettext_noop("API tokens"), "accounts:tokens")]
    if getattr(request.user, "is_superuser", False):
        places.append((gettext_noop("Administration"), "accounts:administration"))
    return [Choice(gettext(label), url := reverse(name), current=request.path == url) for label, name in places]
