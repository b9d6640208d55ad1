"""What the bar on top shows: sections, projects and account links that apps register. Knows none of them itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext


@dataclass(frozen=True)
class Section:
    """A place in the bar; its label by gettext_noop. `url(request)` is None where this person has none."""

    key: str
    label: str
    url: Callable[[HttpRequest], str | None]
    order: int = 100
    exact: bool = False  # current only at this very address (home)
    count: Callable[[HttpRequest], int | None] | None = None


@dataclass(frozen=True)
class Choice:
    """A line in a menu."""

    label: str
    url: str
    current: bool = False
    note: str = ""


@dataclass(frozen=True)
class Link:
    """A section as the template sees it."""

    key: str
    label: str
    url: str
    current: bool
    count: int | None


Choices = Callable[[HttpRequest], list[Choice]]
_sections: dict[str, Section] = {}
_providers: dict[str, Choices] = {}


def register_section(section: Section) -> None:
    """Adds a section to the bar; the same key again replaces it."""
    _sections[section.key] = section


def register_projects(provider: Choices) -> None:
    """Names the function that lists the projects this person may switch to."""
    _providers["projects"] = provider


def register_account_links(provider: Choices) -> None:
    """Names the function that lists the pages about this person's account."""
    _providers["account"] = provider


def links(request: HttpRequest) -> list[Link]:
    """The sections this person has, in order, with the current one marked (the longest matching address wins)."""
    found = [
        (section, section.url(request)) for section in sorted(_sections.values(), key=lambda s: (s.order, s.label))
    ]
    here = [(section, url) for section, url in found if url]
    asked = getattr(request, "section", None)
    matching = [(len(url), section.key) for section, url in here if _is_here(request.path, url, section.exact)]
    current = asked or (max(matching)[1] if matching else None)
    return [
        Link(s.key, gettext(s.label), url, s.key == current, s.count(request) if s.count else None) for s, url in here
    ]


def projects(request: HttpRequest) -> list[Choice]:
    """The projects this person may switch to."""
    return _providers["projects"](request) if "projects" in _providers else []


def account_links(request: HttpRequest) -> list[Choice]:
    """The pages about this person's account."""
    return _providers["account"](request) if "account" in _providers else []


def _is_here(path: str, url: str, exact: bool) -> bool:
    return path == url if exact else path.startswith(url)
