"""A run's outcomes are read from PostgreSQL once and from a file then; what is not whole is made anew."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.verdict_parts import answered
from webapp.experiments.files import store
from webapp.experiments.models import Case, Run
from workers.outcomes import Cases, cases_of, keep

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def run(tmp_path) -> Run:
    here = people.project("Birds", people.person("owner"))
    corpus = drawn(here, "scenes:12?seed=3&size=96")
    return answered(here, tmp_path, corpus, {4: 3, 9: 2}, title="Plain")


def read(run: Run) -> dict[str, Cases]:
    assert run.finished_at is not None
    return cases_of(run.pk, run.attempt, run.finished_at)


def files(run: Run) -> list[str]:
    return store().list(f"run/{run.pk}/outcomes")


def test_outcomes_are_those_of_the_cases(run):
    found = read(run)
    rows = Case.objects.filter(run=run, direction="t2i").order_by("number")
    assert found["t2i"].rank_Q.tolist() == [row.rank for row in rows]
    assert found["t2i"].first_Q.tolist() == [row.given[0] for row in rows]
    assert found["t2i"].unit_Q.tolist() == [row.unit for row in rows] and set(found) == {"t2i", "i2t"}


def test_the_second_time_the_file_is_read(run):
    first = read(run)
    assert len(files(run)) == 1
    Case.objects.filter(run=run).update(rank=7)  # nothing but a test changes cases
    again = read(run)
    for way, part in first.items():
        assert all(np.array_equal(getattr(part, name), getattr(again[way], name)) for name in vars(part))


def test_a_run_that_ends_keeps_its_file_before_anybody_asks(run):
    keep(run.pk, run.attempt)
    assert len(files(run)) == 1
    Case.objects.filter(run=run).update(rank=7)
    assert 7 not in read(run)["t2i"].rank_Q


def test_an_attempt_that_was_taken_over_keeps_nothing(run):
    keep(run.pk, run.attempt + 1)
    assert files(run) == []


def test_a_run_that_is_carried_out_again_has_a_file_of_its_own(run):
    read(run)
    Case.objects.filter(run=run).update(rank=7)
    Run.objects.filter(pk=run.pk).update(attempt=2, finished_at=timezone.now())
    run.refresh_from_db()
    assert set(read(run)["t2i"].rank_Q.tolist()) == {7} and len(files(run)) == 2


@pytest.mark.parametrize("damage", [b"", b"\x00" * 64, b"half"])
def test_a_file_that_is_not_whole_is_made_anew(run, damage):
    first = read(run)
    (key,) = files(run)
    whole = store().read_bytes(key)
    store().write_bytes(key, damage)
    assert np.array_equal(read(run)["t2i"].rank_Q, first["t2i"].rank_Q)
    assert store().read_bytes(key) == whole


def test_a_run_without_cases_is_told(run):
    Case.objects.filter(run=run).delete()
    with pytest.raises(BadInput, match="has no cases any more"):
        read(run)
