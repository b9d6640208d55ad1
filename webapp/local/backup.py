"""One file with everything: the database (pg_dump) and the store; and back again. `make backup`, `make restore`.

A tar with `about.json`, `database.dump` (pg_dump's custom format, as the owner role; its SHA-256 in `about.json`) and
`store/…` with the SHA-256 of every file in `store.json`. The dump is taken before the files are read, so every file
that a row of the dump names is in the archive, but for what was deleted in between (a run's old checkpoint). Secrets
are not: a restored site gets new ones.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

FORMAT = 1
BLOCK = 2**20
_OURS = {"about.json", "store.json", "database.dump"}


class BackupError(Exception):
    """Why a backup could not be made or put back, and what to do."""


def save(path: Path, owner_url: str, store_url: str, programs: Path | None = None) -> dict[str, Any]:
    """Writes database and store to `path` (a new tar); returns what it holds. BackupError if pg_dump refuses."""
    if path.exists():
        raise BackupError(f"{path} is already there. Choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with tempfile.TemporaryDirectory(prefix="nearmiss-backup-") as folder:
        dump = Path(folder) / "database.dump"
        _postgres(
            "pg_dump",
            ["--format=custom", "--no-privileges", "--exclude-extension=*", f"--file={dump}"],
            owner_url,
            programs,
        )
        with dump.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        about = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "database": digest}
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(dump, "database.dump")
            about["files"] = _add_store(archive, store_url, Path(folder))
            _add_json(archive, "about.json", about, Path(folder))
    draft.chmod(0o600)
    draft.rename(path)
    return about


def restore(path: Path, owner_url: str, store_url: str, programs: Path | None = None) -> dict[str, Any]:
    """Puts a backup in place of what the database holds and adds its files to the store; returns `about.json`.

    Everything is read and every file's hash compared before anything is changed. BackupError for a file that is no
    backup of ours, or is damaged. Rights are given again by `prepare_database` afterwards.
    """
    try:
        with tarfile.open(path, "r:") as archive, tempfile.TemporaryDirectory(prefix="nearmiss-restore-") as folder:
            about = _verified(archive)
            dump = Path(folder) / "database.dump"
            _extract(archive, "database.dump", dump)
            _put_back(dump, owner_url, programs)
            _write_store(archive, store_url)
    except (tarfile.TarError, OSError) as problem:
        raise BackupError(f"{path} cannot be read as a backup: {problem}") from problem
    return about


def _put_back(dump: Path, owner_url: str, programs: Path | None) -> None:
    """Empties the schema and fills it from the dump, in one transaction: all of it or nothing."""
    drops, script = dump.with_suffix(".drops.sql"), dump.with_suffix(".sql")
    _postgres("pg_restore", ["--no-owner", "--no-privileges", f"--file={script}", str(dump)], "", programs)
    drops.write_text(_drops(owner_url))
    arguments = ["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    _postgres("psql", [*arguments, f"--file={drops}", f"--file={script}"], owner_url, programs)


def _drops(owner_url: str) -> str:
    """Statements that drop every table, sequence and function of the owner's in `public`; extensions stay."""
    with psycopg.connect(owner_url) as line:
        tables = line.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relowner = current_user::regrole"
        ).fetchall()
        functions = line.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proowner = current_user::regrole"
        ).fetchall()
        statement = sql.SQL("DROP TABLE IF EXISTS public.{} CASCADE;\n")
        drops = [statement.format(sql.Identifier(name)).as_string(line) for (name,) in tables]
    return "SET lock_timeout = '10s';\n" + "".join(drops) + "".join(f"DROP FUNCTION {name};\n" for (name,) in functions)


def _postgres(program: str, arguments: list[str], url: str, programs: Path | None) -> None:
    """Runs a program of PostgreSQL's; the password goes by the environment, where no process list shows it."""
    settings = {"PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C.UTF-8"}
    if url:
        names = {"dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD", "host": "PGHOST", "port": "PGPORT"}
        parts = conninfo_to_dict(url)
        settings |= {names[name]: str(value) for name, value in parts.items() if name in names}
        settings |= {"PGSSLMODE": str(parts["sslmode"])} if "sslmode" in parts else {}
    command = str(programs / program) if programs else program
    done = subprocess.run([command, *arguments], env=settings, capture_output=True, text=True)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-2000:]}")


def _add_store(archive: tarfile.TarFile, store_url: str, folder: Path) -> int:
    """Adds every file of the store, and their hashes; returns how many. A file deleted meanwhile is left out."""
    hashes: dict[str, str] = {}
    for name, file in _files(store_url):
        copy = folder / "file"
        digest = hashlib.sha256()
        try:
            with file as source, copy.open("wb") as target:
                while block := source.read(BLOCK):
                    digest.update(block)
                    target.write(block)
        except FileNotFoundError:
            continue
        archive.add(copy, f"store/{name}")
        hashes[name] = digest.hexdigest()
    _add_json(archive, "store.json", hashes, folder)
    return len(hashes)


def _files(store_url: str) -> Iterator[tuple[str, Any]]:
    """Every file of the store, by its name relative to the store's root."""
    system, root = fsspec.core.url_to_fs(store_url)
    root = root.rstrip("/")
    if not system.exists(root):
        return
    for found in sorted(system.find(root)):
        yield str(found)[len(root) + 1 :], system.open(found, "rb")


def _write_store(archive: tarfile.TarFile, store_url: str) -> None:
    system, root = fsspec.core.url_to_fs(store_url)
    for member in archive.getmembers():
        if member.name.startswith("store/"):
            target = f"{root.rstrip('/')}/{member.name.removeprefix('store/')}"
            system.makedirs(target.rpartition("/")[0], exist_ok=True)
            source = archive.extractfile(member)
            assert source
            with source, system.open(f"{target}.draft", "wb") as file:
                while block := source.read(BLOCK):
                    file.write(block)
            system.mv(f"{target}.draft", target)


def _verified(archive: tarfile.TarFile) -> dict[str, Any]:
    """`about.json` of an archive all of whose files are what they were; BackupError otherwise."""
    members = {member.name: member for member in archive.getmembers()}
    if not set(members) >= _OURS:
        raise BackupError("This is no backup of Nearmiss, or not all of one.")
    about, hashes = (_read_json(archive, name) for name in ("about.json", "store.json"))
    if about.get("format") != FORMAT:
        raise BackupError(f"This backup has format {about.get('format')}; this version reads format {FORMAT}.")
    for member in members.values():
        known = member.name in _OURS or (member.name.startswith("store/") and ".." not in member.name.split("/"))
        if not member.isfile() or not known:
            raise BackupError(f"{member.name!r} has no place in a backup.")
    if {name.removeprefix("store/") for name in members if name.startswith("store/")} != set(hashes):
        raise BackupError("Files are missing in this backup, or there are too many.")
    if _hash(archive, members["database.dump"]) != about.get("database"):
        raise BackupError("The database is damaged in this backup.")
    for name, wanted in hashes.items():
        if _hash(archive, members[f"store/{name}"]) != wanted:
            raise BackupError(f"{name} is damaged in this backup.")
    return about


def _hash(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    digest = hashlib.sha256()
    source = archive.extractfile(member)
    assert source
    with source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _add_json(archive: tarfile.TarFile, name: str, value: Any, folder: Path) -> None:
    path = folder / "part.json"
    path.write_text(json.dumps(value, indent=1, sort_keys=True))
    archive.add(path, name)


def _read_json(archive: tarfile.TarFile, name: str) -> dict[str, Any]:
    source = archive.extractfile(name)
    assert source
    with source:
        return dict(json.load(source))


def _extract(archive: tarfile.TarFile, name: str, target: Path) -> None:
    source = archive.extractfile(name)
    assert source
    with source, target.open("wb") as file:
        while block := source.read(BLOCK):
            file.write(block)
