"""Projects, people and imported data sets for tests of the corpora app."""

from __future__ import annotations

from pathlib import Path

from django.test import Client
from django.utils import timezone

from webapp.accounts.models import Membership, Project, User
from webapp.corpora import importing
from webapp.corpora.actions.imports import start_import
from webapp.corpora.models import Corpus, Import


def project(slug: str = "birds") -> Project:
    return Project.objects.create(slug=slug, name=slug.capitalize(), created_at=timezone.now())


def person(of: Project | None = None, role: str = "owner", name: str = "", **more: object) -> User:
    name = name or f"{role}-{User.objects.count()}"
    user = User.objects.create_user(name, f"{name}@example.org", "a long password", **more)
    if of is not None:
        Membership.objects.create(project=of, user=user, role=role, created_at=timezone.now())
    return user


def started(of: Project, reference: str, name: str = "Set", **more: object) -> Import:
    given = {"actor": None, "source": "a test", "now": timezone.now()} | more
    return start_import(project=of, name=name, reference=reference, **given)


def carried_out(row: Import, **more: object) -> Import:
    """The import after one attempt of a worker."""
    claimed = importing.claim_import(only=row.pk)
    assert claimed is not None, Import.objects.get(pk=row.pk).state
    return importing.carry_out(claimed, **more)


def lost_ones(seconds: float = 0) -> list[int]:
    """The imports that wait again because no heart of theirs was heard for so long."""
    return importing.reap_imports(now=timezone.now(), seconds=seconds)


def imported(of: Project, reference: str, name: str = "Set") -> Corpus:
    """A data set that is in."""
    row = carried_out(started(of, reference, name, confirmed=True))
    assert row.state == Import.State.DONE, row.failure
    return Corpus.objects.get(pk=row.corpus_id)


def browser(who: User) -> Client:
    """A client that is checked as a real browser is."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(who)
    return client


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
