"""Label Studio beside ours: on gunicorn and a PostgreSQL database of its own, used through its HTTP interface.

It lives in a virtual environment apart (`make bench-peer`). It runs as its makers ship it, with what it would send
elsewhere turned off, and with as many processes and threads as our web server; its files come from itself.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from psycopg import sql

from benchmarks._crowd import Person
from tests.parts.site import free_port
from webapp.local import children, embedded
from webapp.local.places import Places
from webapp.settings import env

NAME = "test_bench_label_studio"  # of its database and of its role
PATIENCE, LONG = 180.0, 900.0  # seconds for a start, and for making its tables on a busy machine
PUT_IN_AT_ONCE = 2000


@dataclass(frozen=True)
class Work:
    """A project: its tasks' number and the answers that may be given."""

    number: int
    choices: Sequence[str]

    @property
    def page(self) -> str:
        """Where people label it."""
        return f"/projects/{self.number}/data?labeling=1"


class Annotator(Person):
    """Somebody with an account, who labels a project as its own page does: next, submit, next, submit.

    Its page asks for more beside these two (histories, links between labels), which is left out here.
    """

    def __init__(self, port: int, email: str):
        super().__init__(port, {})
        self.email = email
        self.work_on: Work | None = None
        self.seen: list[int] = []
        self._task: dict[str, Any] = {}

    def sign_up(self) -> None:
        """A new account in the one organisation, signed in."""
        self.ask("GET", "/user/signup/")
        form = {"email": self.email, "password": secrets.token_urlsafe(12), "allow_newsletters": "false"}
        form["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        self.ask("POST", "/user/signup/", urlencode(form).encode(), "application/x-www-form-urlencoded", (302,))
        assert "sessionid" in self.cookies, f"{self.email} could not sign up"

    def open(self) -> None:
        self.submits, self.nexts, self.seen, self.worked = [], [], [], 0.0
        self._next()

    def label(self) -> bool:
        assert self.work_on is not None
        answer = {
            "result": [
                {
                    "id": secrets.token_urlsafe(7), "from_name": "category", "to_name": "caption", "type": "choices",
                    "origin": "manual", "value": {"choices": [self.work_on.choices[len(self.submits) % 7]]},
                }
            ],
            "lead_time": 1.5, "draft_id": 0, "parent_prediction": None, "parent_annotation": None,
            "started_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        }  # fmt: skip
        start = time.perf_counter()
        address = f"/api/tasks/{self._task['id']}/annotations?project={self.work_on.number}"
        self.headers["X-CSRFToken"] = self.cookies["csrftoken"]
        self.post(address, answer, (201,))
        more = self._next()
        self.submits.append(time.perf_counter() - start)
        return more

    def _next(self) -> bool:
        assert self.work_on is not None
        start = time.perf_counter()
        status, data = self.ask("GET", f"/api/projects/{self.work_on.number}/next", good=(200, 404))
        self.nexts.append(time.perf_counter() - start)
        if status == 200:
            self._task = json.loads(data)
            self.seen.append(self._task["id"])
        return status == 200


class LabelStudio:
    """A server that runs; the first of its people made it."""

    def __init__(self, port: int, group: int, version: str):
        self.port, self.group, self.version = port, group, version
        self.people: list[Annotator] = []

    def annotators(self, count: int) -> list[Annotator]:
        """The first `count` people; who is not there yet signs up."""
        while len(self.people) < count:
            one = Annotator(self.port, f"person{len(self.people)}@example.org")
            one.sign_up()
            self.people.append(one)
        return self.people[:count]

    def project(self, title: str, pictures: Sequence[Path], caption: str, choices: Sequence[str], size: int) -> Work:
        """A project of `size` tasks, each a caption and two pictures, one answer wanted of each."""
        maker = self.annotators(1)[0]
        maker.headers["X-CSRFToken"] = maker.cookies["csrftoken"]
        number = int(maker.post("/api/projects", {"title": title}, (201,))["id"])
        left, right = (self._uploaded(maker, number, picture) for picture in pictures)  # refused once it has a config
        config = json.dumps({"label_config": _config(choices)}).encode()
        maker.ask("PATCH", f"/api/projects/{number}", config, "application/json")
        for begin in range(0, size, PUT_IN_AT_ONCE):
            numbers = range(begin, min(size, begin + PUT_IN_AT_ONCE))
            tasks = [{"data": {"caption": f"{n}: {caption}", "right": left, "given": right}} for n in numbers]
            maker.post(f"/api/projects/{number}/import", tasks, (201,))
        return Work(number, choices)

    def answered(self, work: Work) -> tuple[int, int]:
        """Answers kept of a project, and how many of its tasks have one."""
        maker = self.people[0]
        told = json.loads(maker.ask("GET", f"/api/projects/{work.number}/")[1])
        return int(told["total_annotations_number"]), int(told["num_tasks_with_annotations"])

    def _uploaded(self, maker: Annotator, project: int, picture: Path) -> str:
        """Where a picture lies once it is uploaded."""
        edge = secrets.token_hex(12)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{picture.name}"\r\n'
        head += "Content-Type: image/jpeg\r\n\r\n"
        body = head.encode() + picture.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        address = f"/api/projects/{project}/import?commit_to_project=false"
        kind = f"multipart/form-data; boundary={edge}"
        told = json.loads(maker.ask("POST", address, body, kind, (201,))[1])
        [number] = told["file_upload_ids"]
        kept = json.loads(maker.ask("GET", f"/api/import/file-upload/{number}")[1])["file"]
        return f"/data/{kept}"


def home() -> Path | None:
    """The virtual environment that Label Studio is installed in; None where it is not."""
    folder = Path(env.read("NEARMISS_LABEL_STUDIO"))
    return folder if all((folder / "bin" / name).exists() for name in ("label-studio", "gunicorn")) else None


def version(folder: Path) -> str:
    """Which Label Studio is installed there."""
    found = [path.name for path in folder.glob("lib/python3*/site-packages/label_studio-*.dist-info")]
    return re.sub(r"^label_studio-|\.dist-info$", "", found[0]) if found else ""


@contextlib.contextmanager
def running(folder: Path, places: Places, files: Path, threads: int) -> Iterator[LabelStudio]:
    """Label Studio with an empty database on the embedded PostgreSQL; the server, database and role go at the end."""
    port = free_port()
    with _database(places) as password:
        environment = _environment(folder, places, files, port, password)
        log = files / "log"
        with log.open("wb") as output:
            _tables(folder, environment, output, log)
            command = [str(folder / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--timeout", "120"]
            command += ["--workers", str(env.read("WEB_PROCESSES")), "--worker-class", "gthread"]
            command += ["--threads", str(threads), "--log-level", "warning", "core.wsgi:application"]
            server = _started(command, environment, output)
            found = LabelStudio(port, server.pid, version(folder))
            try:
                _wait(server, port, log)
                yield found
            finally:
                for one in found.people:
                    one.close()
                server.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(10)
                children.end_group(server.pid, signal.SIGKILL, 5)
                server.wait(5)


def _config(choices: Sequence[str]) -> str:
    """Caption, two pictures beside each other and one choice, with its keys: what our page asks."""
    words = "".join(f'<Choice value={quoteattr(word)} hotkey="{n}"/>' for n, word in enumerate(choices, 1))
    return (
        '<View><Text name="caption" value="$caption"/><View style="display:flex">'
        '<Image name="right" value="$right"/><Image name="given" value="$given"/></View>'
        f'<Choices name="category" toName="caption" choice="single" required="true">{words}</Choices></View>'
    )


@contextlib.contextmanager
def _database(places: Places) -> Iterator[str]:
    """A database and a role that owns it and nothing else; the role's password."""
    password, name = secrets.token_urlsafe(18), sql.Identifier(NAME)
    _drop(places)
    with embedded.connect(places, "postgres") as line:
        line.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB PASSWORD {}").format(name, password))
        line.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    try:
        yield password
    finally:
        _drop(places)


def _drop(places: Places) -> None:
    embedded.drop_database(places, NAME)
    with embedded.connect(places, "postgres") as line:
        line.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(NAME)))


def _environment(folder: Path, places: Places, files: Path, port: int, password: str) -> dict[str, str]:
    """Everything Label Studio is told; nothing of ours. What it would say to others over the net is turned off."""
    [package] = folder.glob("lib/python3*/site-packages/label_studio")
    said = {
        "PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(files), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(package),
        "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "core.settings.label_studio", "DJANGO_DB": "default",
        "POSTGRE_HOST": str(places.postgres_socket), "POSTGRE_NAME": NAME, "POSTGRE_USER": NAME,
        "POSTGRE_PASSWORD": password, "LABEL_STUDIO_HOST": f"http://127.0.0.1:{port}",
        "LABEL_STUDIO_BASE_DATA_DIR": str(files), "SECRET_KEY": secrets.token_urlsafe(32),
        "SKIP_TRIGRAM_EXTENSION": "full", "SKIP_BTREE_GIN_EXTENSION": "full",  # the embedded cluster has no contrib
        "DEBUG": "false", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    quiet = {
        "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",
        "FEATURE_FLAGS_OFFLINE": "true", "CHECK_FOR_UPDATES": "false", "LABEL_STUDIO_CHECK_LATEST_VERSION": "false",
    }  # fmt: skip
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return said | quiet | nowhere


def _tables(folder: Path, environment: dict[str, str], output: Any, log: Path) -> None:
    """Its tables, empty: made by its own migrations, which take minutes, and kept beside it for the next time."""
    kept = folder / f"empty-{version(folder)}.sql"
    programs = embedded.programs_of_the_wheel() or Path("/usr/bin")
    reach = environment | {
        "PGHOST": environment["POSTGRE_HOST"], "PGDATABASE": NAME, "PGUSER": NAME,
        "PGPASSWORD": environment["POSTGRE_PASSWORD"],
    }  # fmt: skip
    if kept.exists():
        _done(
            [str(programs / "psql"), "-qX", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-f", str(kept)],
            reach,
            output,
            log,
        )
        return
    manage = Path(environment["PYTHONPATH"]) / "manage.py"
    _done([str(folder / "bin" / "python"), str(manage), "migrate", "--verbosity", "0"], environment, output, log)
    draft = kept.with_suffix(".draft")
    _done([str(programs / "pg_dump"), "--no-owner", "--no-privileges", "-f", str(draft)], reach, output, log)
    draft.rename(kept)


def _done(command: list[str], environment: dict[str, str], output: Any, log: Path) -> None:
    """Runs a command to its end."""
    child = _started(command, environment, output)
    try:
        status = child.wait(LONG)
    finally:
        children.end_group(child.pid, signal.SIGKILL, 5)
        child.wait(5)
    said = log.read_text(errors="replace")[-3000:]
    assert status == 0, f"Label Studio's tables could not be made:\n{said}"


def _started(command: list[str], environment: dict[str, str], output: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=environment["PYTHONPATH"],
        process_group=0,
        preexec_fn=children.die_with_parent(signal.SIGTERM),
    )


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"Label Studio did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", "/health/")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()
