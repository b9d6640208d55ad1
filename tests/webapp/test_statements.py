"""Statements that every request runs are planned once a connection, go together, and find it alive."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import DataError

from webapp.local import embedded
from webapp.postgres.base import _is_alive
from webapp.statements import rows, together


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


@pytest.mark.django_db
def test_statements_that_are_sent_together_are_answered_in_their_order():
    ask = "SELECT %(n)s::int + generate_series(1, 2)"
    assert together((ask, {"n": 10}), (ask, {"n": 20})) == [[(11,), (12,)], [(21,), (22,)]]


@pytest.mark.django_db
def test_each_of_them_sees_what_those_before_it_have_done():
    told = together(
        ("SELECT set_config('nearmiss.said', %(said)s, true)", {"said": "yes"}),
        ("SELECT current_setting('nearmiss.said')", {}),
    )
    assert told[1] == [("yes",)]


@pytest.mark.django_db
def test_where_one_of_them_fails_the_transaction_does():
    with pytest.raises(DataError), transaction.atomic():
        together(("SELECT 1", {}), ("SELECT 1 / %(n)s::int", {"n": 0}), ("SELECT 2", {}))
    assert rows("SELECT 3", []) == [(3,)]


@pytest.mark.django_db
def test_a_connection_whose_server_is_gone_is_seen_before_it_is_used():
    name = connection.settings_dict["NAME"]
    with psycopg.connect(settings.PLACES.database_url(embedded.SUPERUSER, name), autocommit=True) as chief:
        line = embedded.connect(settings.PLACES, name, embedded.APP)
        assert _is_alive(line)
        chief.execute("SELECT pg_terminate_backend(%s, 5000)", [line.info.backend_pid])
        assert not _is_alive(line)
        line.close()
