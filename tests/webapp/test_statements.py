"""Statements that every request runs are planned once a connection."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.utils import DataError

from webapp.statements import rows


@pytest.mark.django_db
def test_a_statement_that_is_run_twice_was_planned_once_and_for_all_values():
    text = "SELECT %(number)s::bigint * 2"
    assert rows(text, {"number": 2}) == [(4,)]
    assert rows(text, {"number": 21}) == [(42,)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = %s",
            ["SELECT $1::bigint * 2"],
        )
        assert cursor.fetchall() == [(2, 0)]


@pytest.mark.django_db
def test_djangos_own_statements_are_not_kept():
    with connection.cursor() as cursor:
        for _ in range(8):
            cursor.execute("SELECT %s::bigint + 7", [1])
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 7%%'", [])
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_errors_are_djangos():
    with pytest.raises(DataError):
        rows("SELECT 1 / %(number)s::int", {"number": 0})
