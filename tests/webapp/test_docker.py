"""The container files say what the docs promise. No engine runs here: they are linted, resolved and read."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from webapp.settings import env

DOCKER = env.ROOT / "docker"
OURS = ("migrate", "web", "worker-cpu", "worker-jobs", "worker-probe", "worker-gpu", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def test_the_dockerfile_passes_its_linter():
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, str(DOCKER / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_images_end_as_a_user_without_rights():
    stages = (DOCKER / "Dockerfile").read_text().split("\nFROM ")
    for target in ("web", "worker"):
        (stage,) = [stage for stage in stages if stage.startswith(f"base AS {target}\n")]
        assert "USER 10001:10001" in stage
        assert "HEALTHCHECK" in stage
    assert "ARG TORCH_INDEX_URL" in (DOCKER / "Dockerfile").read_text()


@pytest.mark.parametrize("name", OURS)
def test_every_process_of_ours_is_locked_in(compose, name):
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]  # noqa: S108


def test_no_secret_stands_in_an_environment(compose):
    secret = {variable.name for variable in env.VARIABLES if variable.secret}
    for service in compose["services"].values():
        assert not secret & set(service.get("environment", {}))


def test_only_migrations_know_the_owner_of_the_tables(compose):
    knowing = {name for name, service in compose["services"].items() if "owner_url" in service.get("secrets", [])}
    assert knowing == {"migrate"}


def test_nothing_is_published_beyond_this_machine(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_a_worker_gets_longer_to_stop_than_a_checkpoint_may_take(compose):
    for name in ("worker-cpu", "worker-gpu", "worker-jobs"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > env.read("NEARMISS_STOP_GRACE")


def test_the_gpu_worker_waits_for_its_profile(compose):
    assert {name for name, service in compose["services"].items() if service.get("profiles")} == {"worker-gpu"}
    (device,) = compose["services"]["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_secrets_are_made_once_and_fit_each_other(tmp_path, compose):
    script = shutil.copy(DOCKER / "make-secrets", tmp_path)
    assert subprocess.run(["sh", script]).returncode == 0
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == set(compose["secrets"])
    assert f":{made['app_password']}@" in made["database_url"]
    assert f":{made['owner_password']}@" in made["owner_url"]
    assert len(made["secret_key"]) >= 100
    assert subprocess.run(["sh", script], capture_output=True).returncode == 1
    assert made == {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("profile", ["", "gpu"])
def test_the_compose_file_resolves(tmp_path, profile):
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor docker-compose is installed")
    for name in ("compose.yaml", "make-secrets", "roles.sh"):
        shutil.copy(DOCKER / name, tmp_path)
    subprocess.run(["sh", str(tmp_path / "make-secrets")], check=True)
    chosen = ["--profile", profile] if profile else []
    done = subprocess.run(
        [*command, "-f", str(tmp_path / "compose.yaml"), *chosen, "config"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    resolved = set(yaml.safe_load(done.stdout)["services"])
    assert resolved >= {"database", "redis", *OURS} - (set() if profile else {"worker-gpu"})


def compose_command() -> list[str] | None:
    """Whichever of the two command lines is there."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    return None


def test_the_images_hold_no_secret_and_no_data():
    ignored = (env.ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert not [line for line in ignored if line.startswith(("!var", "!docker", "!.venv", "!.git"))]
