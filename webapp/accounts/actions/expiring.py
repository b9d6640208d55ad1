"""Forgets what has expired: sessions, and invitations by which nobody came in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from webapp.accounts.models import Invitation

KEPT = timedelta(days=30)  # for so long a link that is too old says so; the audit trail keeps its story for ever


def forget_expired(*, now: datetime) -> tuple[int, int]:
    """Removes rows that open nothing any more; returns how many sessions and how many invitations."""
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    invitations, _ = Invitation.objects.filter(accepted_at=None, expires_at__lt=now - KEPT).delete()
    return sessions, invitations
