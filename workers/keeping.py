"""Files between a run's folder and the store: checkpoints and artifacts up, what an earlier run left down."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from pathlib import Path

from ml_core import events
from ml_core.spec import BadInput
from webapp.experiments import models
from webapp.experiments.files import attempt_prefix, store

BLOCK = 2**20


def inside(folder: Path, relative: str) -> Path:
    """A path that a method named, which must stay in its folder; BadInput where it does not or nothing is there."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInput(f"the method named {relative[:200]!r}, which is outside of its folder")
    if not path.exists():
        raise BadInput(f"the method named {relative[:200]!r}, which it did not write")
    return path


def keep_folder(folder: Path, prefix: str) -> None:
    """Copies a folder below a prefix of the store; OSError where the method took it away in the meantime."""
    keeper = store()
    before = _files(folder)
    for path in before:
        keeper.put_file(f"{prefix}/{path.relative_to(folder).as_posix()}", path)
    if not before or _files(folder) != before:
        raise OSError(f"{folder.name} changed while it was copied")


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def keep_checkpoint(run: models.Run, out: Path, event: events.Checkpoint) -> str:
    """Puts a checkpoint into the store, whole before anybody hears of it; returns its key."""
    key = f"{attempt_prefix(run.pk, run.attempt)}/checkpoint-{event.step}"
    keep_folder(inside(out, event.path), key)
    return key


def keep_artifact(run: models.Run, out: Path, event: events.Artifact) -> list[models.Artifact]:
    """Puts a file, or every file of a folder, into the store; returns unsaved rows with sizes and hashes."""
    path = inside(out, event.path)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    rows = []
    for file in files:
        relative = file.relative_to(out.resolve()).as_posix()
        key = f"{attempt_prefix(run.pk, run.attempt)}/{relative}"
        store().put_file(key, file)
        name = event.name if len(files) == 1 else f"{event.name}: {file.relative_to(path).as_posix()}"
        rows.append(
            models.Artifact(
                run_id=run.pk,
                attempt=run.attempt,
                path=relative[:300],
                name=name[:160],
                role=event.role,
                media_type=event.media_type,
                key=key,
                byte_count=file.stat().st_size,
                sha256=file_hash(file),
            )
        )
    return rows


def fetch(prefix: str, folder: Path) -> Path:
    """Copies everything below a prefix of the store into a folder; returns the folder."""
    keeper = store()
    for key in keeper.list(prefix):
        fetch_file(key, folder / key.removeprefix(prefix).lstrip("/"))
    return folder


def fetch_file(key: str, path: Path) -> Path:
    """Copies one file of the store to a path, whole or not at all; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with store().open(key) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target, BLOCK)
    return part.replace(path)


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
