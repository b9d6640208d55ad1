"""Writes an audit event; every action of every app ends here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.accounts.models import AuditEvent, Project, User
from webapp.accounts.origin import current_origin


def record(
    *,
    verb: str,
    actor: User | None,
    now: datetime,
    project: Project | None = None,
    target: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Add one event to the trail: `verb` as `thing.done` ("corpus.imported"), `target` in words a person can read.

    Address and API token come from the request being served. Call it inside the transaction of what it tells of.
    """
    origin = current_origin()
    told = dict(details or {})
    if origin.token:
        told["token"] = origin.token
    return AuditEvent.objects.create(
        at=now,
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else "",
        project_id=project.pk if project else None,
        project_name=project.name if project else "",
        verb=verb,
        target=target[:200],
        details=told,
        address=origin.address,
    )
