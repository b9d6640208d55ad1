"""The web and worker role owns nothing and may do exactly what it needs."""

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

pytestmark = pytest.mark.django_db


def test_tests_run_as_the_role_that_the_web_uses():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole)")
        assert cursor.fetchone() == ("nearmiss_app", 0)


def test_the_web_role_cannot_create_a_table():
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE mine (a int)")


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {}", "DROP TABLE {}"])
@pytest.mark.parametrize("table", settings.APPEND_ONLY_TABLES)
def test_a_history_cannot_be_changed_by_the_web_role(table, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


@pytest.mark.parametrize("table", settings.UNCHANGING_TABLES)
def test_what_is_kept_as_it_was_can_be_removed_but_not_changed_by_the_web_role(table):
    connection.cursor().execute(f"DELETE FROM {table}")
    for statement in ("UPDATE {} SET id = id", "TRUNCATE {}"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement.format(table))


def test_the_server_refuses_a_wrong_password():
    wrong = settings.PLACES.database_url("nearmiss_app", "postgres").replace(
        settings.PLACES.secret("nearmiss_app"), "x"
    )
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_leaves_nothing_behind():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('k', 'v', now())")


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_finds_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)
