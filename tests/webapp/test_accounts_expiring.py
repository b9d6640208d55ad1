"""What has expired goes; what still opens something stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from tests.webapp import people
from webapp.accounts.actions.expiring import KEPT, forget_expired
from webapp.accounts.actions.invitations import accept_as_newcomer, invite
from webapp.accounts.models import AuditEvent, Invitation

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_expired_sessions_go_and_others_stay():
    now = timezone.now()
    for key, left in (("old", -DAY), ("open", DAY)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + left)
    assert forget_expired(now=now) == (1, 0)
    assert list(Session.objects.values_list("pk", flat=True)) == ["open"]


def test_invitations_that_nobody_used_go_a_month_after_they_expired_and_the_trail_stays():
    now = timezone.now()
    actor = people.person("olga")
    for mail, age in (("long@example.org", KEPT + 2 * DAY), ("late@example.org", 2 * DAY)):
        invite(project=None, role="", email=mail, actor=actor, now=now - age, lifetime=DAY)
    _, secret = invite(project=None, role="", email="", actor=actor, now=now - 3 * KEPT, lifetime=DAY)
    accept_as_newcomer(
        secret=secret, username="nina", email="nina@example.org", password="a long password", language="en",
        now=now - 3 * KEPT,
    )  # fmt: skip
    assert forget_expired(now=now) == (0, 1)
    assert sorted(Invitation.objects.values_list("email", flat=True)) == ["", "late@example.org"]
    assert AuditEvent.objects.filter(verb="invitation.made", target="long@example.org").exists()
