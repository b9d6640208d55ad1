"""kill -9 on the worker while it makes a claim: nothing half is left, and the next worker makes the same file once."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.http import QueryDict
from django.utils import timezone

from ml_core.claims.bundle import claim_hash
from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.test_verdicts_claims import WRONG, signed
from tests.webapp.verdict_parts import answered
from tests.workers.test_calculation_kills import ground as ground
from tests.workers.test_calculation_kills import struck
from webapp.accounts.models import AuditEvent, User
from webapp.annotation.models import Calculation
from webapp.experiments.files import store
from webapp.verdicts.claims.actions import ask_for_claim, delete_claim
from webapp.verdicts.comparing.found import look
from webapp.verdicts.models import Claim

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def runs(ground, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs that are compared, as an address names them."""
    owner = people.person("claimer", password=people.PASSWORD)
    project, folder = people.project("Claimed", owner), tmp_path_factory.mktemp("claimed")
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    before = signed(answered(project, folder, corpus, WRONG, title="Plain", spec={"seed": 0}))
    after = signed(answered(project, folder, corpus, title="Better", spec={"seed": 1}))
    return f"runs={before.pk},{after.pk}"


def asked(runs: str) -> Calculation:
    owner = User.objects.get(username="claimer")
    project = owner.memberships.get().project
    looked = look(project, owner, QueryDict(runs))
    return ask_for_claim(project=project, looked=looked, actor=owner, now=timezone.now())


@pytest.mark.parametrize("table", ["corpora_item", "verdicts_claim", "accounts_auditevent"])
def test_a_claim_whose_worker_was_killed_is_made_once_and_whole(ground, runs, table, tmp_path: Path):
    told = AuditEvent.objects.filter(verb="claim.made").count()
    ended = struck(ground, lambda: asked(runs), table)
    claim = Claim.objects.get()
    assert ended.result == {"claim": claim.pk}
    assert AuditEvent.objects.filter(verb="claim.made").count() == told + 1
    assert store().list("claims") == [claim.key]
    copy = tmp_path / "claim.zip"
    copy.write_bytes(store().read_bytes(claim.key))
    assert claim_hash(copy) == claim.digest and copy.stat().st_size == claim.byte_count
    delete_claim(claim=claim, actor=User.objects.get(username="claimer"), now=timezone.now())
