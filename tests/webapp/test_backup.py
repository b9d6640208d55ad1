"""A backup holds database and store whole; restoring it gives both back, or changes nothing."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from webapp.accounts.models import AuditEvent, Project
from webapp.corpora import partitions
from webapp.local import backup, embedded

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAMS = embedded.programs_of_the_wheel()


@pytest.fixture
def here() -> str:
    """Address of the test database as its owner."""
    return settings.PLACES.database_url(embedded.OWNER, connection.settings_dict["NAME"])


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Address of a fresh database."""
    name = connection.settings_dict["NAME"] + "_restored"
    embedded.drop_database(settings.PLACES, name)
    embedded.make_database(settings.PLACES, name)
    yield settings.PLACES.database_url(embedded.OWNER, name)
    embedded.drop_database(settings.PLACES, name)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Rows, a partition and files; returns the store."""
    now = datetime.now(UTC)
    project = Project.objects.create(slug="birds", name="Birds – 鳥", created_at=now)
    AuditEvent.objects.create(at=now, verb="project made", project_id=project.pk)
    table = partitions.create_partition(connection, "corpora_caption", 4)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for number in range(300):
            copy.write_row((4, number, number // 5, str(number), f"a bird, {number} of them\tor \\N"))
    partitions.attach_partition(connection, "corpora_caption", 4)
    store = tmp_path / "store"
    (store / "corpora" / "4").mkdir(parents=True)
    (store / "corpora" / "4" / "a.jpg").write_bytes(bytes(range(256)) * 5000)
    (store / "empty.json").write_bytes(b"")
    return store


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Number of rows and a hash over all of them, for every table."""
    found = {}
    with psycopg.connect(url) as line:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        for (name,) in line.execute(query).fetchall():
            rows = sorted(str(row) for row in line.execute(f'SELECT * FROM "{name}"').fetchall())
            found[name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


def schema(url: str) -> list[tuple]:
    """Every index and constraint of every table, in words (casts and brackets aside: a dump spells them out)."""
    with psycopg.connect(url) as line:
        indexes = line.execute("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'").fetchall()
        rules = line.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        ).fetchall()
    return sorted(tuple(re.sub(r"::[a-z ]+(\[\])?|[()]", "", word) for word in row) for row in indexes + rules)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_restored_site_equals_the_saved_one(site, here, elsewhere, tmp_path):
    about = backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    assert about["files"] == 2
    backup.restore(tmp_path / "b.tar", elsewhere, str(tmp_path / "other"), PROGRAMS)
    assert contents(elsewhere) == contents(here)
    assert contents(elsewhere)["corpora_caption"][0] == 300
    assert schema(elsewhere) == schema(here)
    assert files(tmp_path / "other") == files(site)


def test_restoring_replaces_what_was_written_since(site, here, elsewhere, tmp_path):
    backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    for _ in range(2):
        backup.restore(tmp_path / "b.tar", elsewhere, str(site), PROGRAMS)
        assert contents(elsewhere) == contents(here)
        with psycopg.connect(elsewhere) as line:
            line.execute("UPDATE accounts_project SET name = 'Later'; DROP TABLE corpora_caption_p4")


def test_a_damaged_file_is_found_before_anything_is_changed(site, here, elsewhere, tmp_path):
    backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    data = bytearray((tmp_path / "b.tar").read_bytes())
    data[data.index(bytes(range(256)) * 4) + 100] ^= 1
    (tmp_path / "b.tar").write_bytes(data)
    with pytest.raises(backup.BackupError, match=r"a\.jpg is damaged"):
        backup.restore(tmp_path / "b.tar", elsewhere, str(tmp_path / "other"), PROGRAMS)
    assert contents(elsewhere) == {}
    assert not (tmp_path / "other").exists()


def test_a_damaged_database_is_found_before_anything_is_changed(site, here, elsewhere, tmp_path):
    backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    with tarfile.open(tmp_path / "b.tar") as archive:
        dump = archive.getmember("database.dump")
    data = bytearray((tmp_path / "b.tar").read_bytes())
    data[dump.offset_data + dump.size // 2] ^= 1
    (tmp_path / "b.tar").write_bytes(data)
    with pytest.raises(backup.BackupError, match="The database is damaged"):
        backup.restore(tmp_path / "b.tar", elsewhere, str(tmp_path / "other"), PROGRAMS)
    assert contents(elsewhere) == {}


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "store/../../escape"])
def test_an_archive_cannot_write_outside_the_store(site, here, elsewhere, tmp_path, name):
    backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    with tarfile.open(tmp_path / "b.tar", "a") as archive:
        archive.add(site / "empty.json", name)
    with tarfile.open(tmp_path / "b.tar") as archive:
        assert len(archive.getnames()) == 6
    with pytest.raises(backup.BackupError):
        backup.restore(tmp_path / "b.tar", elsewhere, str(tmp_path / "other"), PROGRAMS)
    assert contents(elsewhere) == {}


def test_what_is_no_backup_is_refused_with_a_reason(elsewhere, tmp_path):
    (tmp_path / "x.tar").write_bytes(b"hello")
    with pytest.raises(backup.BackupError, match="cannot be read as a backup"):
        backup.restore(tmp_path / "x.tar", elsewhere, str(tmp_path), PROGRAMS)
    with tarfile.open(tmp_path / "y.tar", "w"):
        pass
    with pytest.raises(backup.BackupError, match="no backup of Nearmiss"):
        backup.restore(tmp_path / "y.tar", elsewhere, str(tmp_path), PROGRAMS)


def test_a_backup_never_overwrites_another(site, here, tmp_path):
    backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
    with pytest.raises(backup.BackupError, match="already there"):
        backup.save(tmp_path / "b.tar", here, str(site), PROGRAMS)
