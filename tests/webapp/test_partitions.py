"""Big tables get a partition per data set or run, made by a role that may create no table."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from webapp.corpora import partitions
from webapp.local import embedded

ROWS = [(7, number, number % 3, f"c{number}", f"a caption {number}") for number in range(500)]
COLUMNS = "corpus_id, number, item_number, external_id, text"


def fill(table: str, rows: list[tuple]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def imported(key: int, rows: list[tuple]) -> None:
    fill(partitions.create_partition(connection, "corpora_caption", key), rows)
    partitions.attach_partition(connection, "corpora_caption", key)


def index_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = %s", [table])
        return cursor.fetchone()[0]


def caption_count(key: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM corpora_caption WHERE corpus_id = %s", [key])
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_copied_rows_show_in_the_parent_after_the_attach():
    table = partitions.create_partition(connection, "corpora_caption", 7)
    fill(table, ROWS)
    assert caption_count(7) == 0
    partitions.attach_partition(connection, "corpora_caption", 7)
    assert caption_count(7) == 500
    assert index_count(table) == index_count("corpora_caption") > 0


@pytest.mark.django_db
def test_a_row_of_another_data_set_is_refused():
    fill(partitions.create_partition(connection, "corpora_caption", 8), ROWS)
    with pytest.raises(IntegrityError):
        partitions.attach_partition(connection, "corpora_caption", 8)


@pytest.mark.django_db
def test_dropping_a_partition_removes_its_rows_and_its_table():
    imported(7, ROWS)
    assert partitions.drop_partition(connection, "corpora_caption", 7)
    assert caption_count(7) == 0
    assert not partitions.drop_partition(connection, "corpora_caption", 7)


@pytest.mark.django_db
@pytest.mark.parametrize("parent", ["accounts_user", "corpora_item; DROP TABLE accounts_user", "pg_class", "", None])
def test_no_partition_is_made_of_any_other_table(parent):
    for verb in ("create", "attach", "drop"):
        with pytest.raises(DatabaseError, match="no partitions are made"), transaction.atomic():
            connection.cursor().execute(f"SELECT nearmiss_{verb}_partition(%s, 1)", [parent])


@pytest.mark.django_db
@pytest.mark.parametrize("key", [0, -1, None])
def test_a_partition_has_a_positive_number(key):
    with pytest.raises(DatabaseError, match="positive number"), transaction.atomic():
        connection.cursor().execute("SELECT nearmiss_create_partition('corpora_item', %s)", [key])


@pytest.mark.django_db
def test_an_attached_partition_takes_no_rows_past_its_parent():
    imported(7, ROWS)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction.atomic():
        fill("corpora_caption_p7", [(7, 900, 0, "x", "y")])


@pytest.mark.django_db(transaction=True)
def test_an_import_that_fails_leaves_no_table_behind():
    with pytest.raises(RuntimeError), transaction.atomic():
        imported(7, ROWS)
        raise RuntimeError("the import went wrong")
    assert index_count("corpora_caption_p7") == 0


@pytest.mark.django_db(transaction=True)
def test_readers_of_other_data_sets_do_not_wait_for_an_attach():
    with transaction.atomic():
        imported(3, [(3, 0, 0, "a", "b")])
    name = connection.settings_dict["NAME"]
    with transaction.atomic():
        imported(7, ROWS)
        with embedded.connect(settings.PLACES, name, embedded.APP) as reader:  # while the import has not committed
            reader.execute("SET lock_timeout = '2s'")
            assert reader.execute("SELECT count(*) FROM corpora_caption").fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_drop_gives_up_rather_than_hold_up_everybody():
    with transaction.atomic():
        imported(3, [(3, 0, 0, "a", "b")])
    name = connection.settings_dict["NAME"]
    with embedded.connect(settings.PLACES, name, embedded.APP) as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM corpora_caption")
        with pytest.raises(OperationalError, match="lock timeout"):
            partitions.drop_partition(connection, "corpora_caption", 3)
    assert partitions.drop_partition(connection, "corpora_caption", 3)


def test_only_the_web_role_may_call_the_functions(owner_line: psycopg.Connection):
    query = (
        "SELECT proname FROM pg_proc WHERE proname LIKE 'nearmiss%%' AND prosecdef"
        " AND (has_function_privilege('pg_monitor', oid, 'EXECUTE') OR NOT has_function_privilege(%s, oid, 'EXECUTE'))"
    )
    assert owner_line.execute(query, [embedded.APP]).fetchall() == []
