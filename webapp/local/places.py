"""Where the local set-up keeps things: folders, sockets, generated secrets. Starts nothing, imports nothing heavy."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import stat
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes; some room for Redis's and for temporary names
SERVICE_USER = "nobody"  # who runs PostgreSQL and Redis when we are root: PostgreSQL refuses to be root


class Places:
    """The folders of one local set-up under `var`. Two set-ups with different `var` never meet."""

    def __init__(self, var: Path):
        self.var = Path(var).resolve()
        if not self.var.exists():
            self.var.mkdir(parents=True)
            self.var.chmod(0o755)  # whatever the umask: servers started as somebody else walk through it
        self.store = self.var / "store"
        self.cache = self.var / "cache"
        self.logs = self.var / "log"
        self.state = self.var / "state"

    @cached_property
    def as_root(self) -> bool:
        """Whether servers have to be started as somebody else."""
        return os.geteuid() == 0

    @cached_property
    def _tag(self) -> str:
        return hashlib.sha256(str(self.var).encode()).hexdigest()[:10]

    @cached_property
    def services(self) -> Path:
        """Folder of the servers' data: under var/, or, where their user cannot reach that, under /var/lib."""
        inside = self.var / "services"
        if not self.as_root or open_to_others(self.var):
            return inside
        return Path("/var/lib") / f"nearmiss-{self._tag}"

    @cached_property
    def sockets(self) -> Path:
        """Folder of the sockets: under the servers' data, or a private one in /tmp where that path is too long."""
        inside = self.services / "run"
        if len(str(inside / "postgres" / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return inside
        return Path("/tmp") / f"nearmiss-{os.geteuid()}-{self._tag}"  # noqa: S108 (private_folder refuses a stranger's)

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.services / "postgres"

    @property
    def redis_data(self) -> Path:
        """Redis's data folder."""
        return self.services / "redis"

    @property
    def postgres_socket(self) -> Path:
        """Folder of PostgreSQL's socket."""
        return self.sockets / "postgres"

    @property
    def redis_socket(self) -> Path:
        """Redis's socket."""
        return self.sockets / "redis" / "redis.sock"

    def database_url(self, role: str, name: str) -> str:
        """Address of a database on the embedded server, with the role's generated password."""
        return f"postgresql://{role}:{self.secret(role)}@/{name}?host={quote(str(self.postgres_socket), safe='')}"

    def redis_url(self) -> str:
        """Address of the embedded Redis, for Celery."""
        return f"redis+socket://:{self.secret('redis')}@{self.redis_socket}"

    def secret(self, name: str) -> str:
        """A generated secret, made on first use and kept readable for us alone under var/secrets/."""
        path = self.var / "secrets" / name
        if path.exists():
            return path.read_text().strip()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48) + "\n")
        try:
            os.link(draft, path)  # whoever comes second takes the first one's secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text().strip()


def open_to_others(path: Path) -> bool:
    """Whether a user without rights can walk down to `path` (which may not exist yet)."""
    return all(not (folder.exists() and not folder.stat().st_mode & stat.S_IXOTH) for folder in [path, *path.parents])


def private_folder(path: Path, owner: pwd.struct_passwd | None = None, mode: int = 0o700) -> Path:
    """Makes `path` a real folder (not a link) of its owner's with `mode`; PermissionError if somebody else holds it."""
    wanted = owner.pw_uid if owner else os.geteuid()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=mode)
        if owner:
            os.chown(path, owner.pw_uid, owner.pw_gid)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != wanted:
            raise PermissionError(
                f"{path} belongs to somebody else. Remove it, or set NEARMISS_VAR elsewhere."
            ) from None
    path.chmod(mode)
    return path
