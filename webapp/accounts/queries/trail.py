"""Reads the audit trail, page by page from the newest, by key and never by offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from webapp.accounts.models import AuditEvent

PAGE = 50

_VERBS = """
WITH RECURSIVE step(verb) AS (
    (SELECT verb FROM accounts_auditevent WHERE {here} verb > '' ORDER BY verb LIMIT 1)
    UNION ALL
    SELECT (SELECT verb FROM accounts_auditevent WHERE {here} verb > step.verb ORDER BY verb LIMIT 1)
    FROM step WHERE step.verb IS NOT NULL
)
SELECT verb FROM step WHERE verb IS NOT NULL
"""


# What details are called, where the trail's readers have words of their own for it.
DETAILS = (
    gettext_noop("administrator"), gettext_noop("annotator"), gettext_noop("annotators"), gettext_noop("answers"),
    gettext_noop("bytes"), gettext_noop("campaign"), gettext_noop("email"), gettext_noop("file"),
    gettext_noop("items"), gettext_noop("letter"), gettext_noop("overlap"), gettext_noop("path"),
    gettext_noop("quota"), gettext_noop("reason"), gettext_noop("reference"), gettext_noop("role"),
    gettext_noop("run"), gettext_noop("sample"), gettext_noop("samples"), gettext_noop("source"),
    gettext_noop("version"),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """An event in words."""

    at: datetime
    actor: str
    said: str
    target: str
    project: str
    details: str
    address: str


@dataclass(frozen=True)
class TrailPage:
    """Some events, newest first; `older` is the key to go on with (`before=`), None at the end."""

    lines: list[Line]
    older: int | None


def in_words(verb: str) -> str:
    """`member.role_changed` → `Member role changed`; a corpus is called what the pages call it."""
    thing, _, done = verb.partition(".")
    said = f"{'data set' if thing == 'corpus' else thing} {done}".replace(".", " ").replace("_", " ").capitalize()
    return gettext(said) if said.strip() else said


def detail_in_words(name: str) -> str:
    """`second_factor` → `second factor`."""
    return gettext(name.replace("_", " ")) if name else ""


def events(project_id: int | None) -> QuerySet[AuditEvent]:
    """Events of a project (None: of everything), newest first, to be narrowed and paged by the API."""
    rows = AuditEvent.objects.order_by("-id")
    return rows if project_id is None else rows.filter(project_id=project_id)


def of_verb(rows: QuerySet[AuditEvent], verb: str) -> QuerySet[AuditEvent]:
    """Events of one verb (`member.removed`) or of all verbs of a kind (`member`)."""
    return rows.filter(verb=verb) if "." in verb else rows.filter(verb__startswith=verb + ".")


def trail(
    *, project_id: int | None = None, verb: str = "", actor: str = "", before: int | None = None, size: int = PAGE
) -> TrailPage:
    """Events of a project (None: of everything), filtered by verb (`member.removed`, or all of `member`) and name."""
    rows = events(project_id)
    if verb:
        rows = of_verb(rows, verb)
    if actor:
        rows = rows.filter(actor_name=actor)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: size + 1])
    return TrailPage([_line(event) for event in found[:size]], found[size - 1].pk if len(found) > size else None)


def _told(value: object) -> object:
    words = {True: gettext("yes"), False: gettext("no"), None: "–"}
    return words[value] if value is None or isinstance(value, bool) else value


def _line(event: AuditEvent) -> Line:
    told = ", ".join(f"{detail_in_words(name)}: {_told(value)}" for name, value in event.details.items())
    return Line(
        at=event.at,
        actor=event.actor_name,
        said=in_words(event.verb),
        target=event.target,
        project=event.project_name,
        details=told,
        address=event.address or "",
    )


def verbs(*, project_id: int | None = None) -> list[str]:
    """The verbs that occur in the trail, for the filter: one step through the index for each, however long it is."""
    here, values = ("project_id = %(project)s AND", {"project": project_id}) if project_id is not None else ("", {})
    with connection.cursor() as cursor:
        cursor.execute(_VERBS.format(here=here), values)
        return [row[0] for row in cursor.fetchall()]
