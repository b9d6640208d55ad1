"""Puts everything that a run reads into one zip, so that its exact command runs elsewhere."""

from __future__ import annotations

import json
import logging
import tempfile
import zipfile
from pathlib import Path

from django.conf import settings

from ml_core.spec import BadInput
from webapp.away import AWAY
from webapp.experiments.commands import command_of
from webapp.experiments.files import run_prefix, store
from webapp.experiments.models import Run
from workers.alone import alone
from workers.inputs import Plan, planned
from workers.keeping import BLOCK, file_hash

logger = logging.getLogger(__name__)
INPUTS = "inputs"


def make_bundle(run_id: int) -> None:
    """Makes the zip of a run that somebody asked for; nothing where it is there, unwanted or being made."""
    with alone(f"bundle of run {run_id}") as ours:
        run = Run.objects.select_related("project").filter(pk=run_id, bundle_requested_at__isnull=False).first()
        if ours and run is not None and not run.bundle:
            _make(run)


def _make(run: Run) -> None:
    Path(settings.NEARMISS_CACHE).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.NEARMISS_CACHE) as folder:
        path = Path(folder) / "inputs.zip"
        key = f"{run_prefix(run.pk)}/inputs.zip"
        try:
            write_bundle(run, planned(run, root=INPUTS, carry_data=True), path)
            store().put_file(key, path)
        except AWAY:
            raise  # the clock asks again
        except Exception as problem:
            logger.exception("run %s: its inputs could not be put together", run.pk)
            Run.objects.filter(pk=run.pk).update(bundle_requested_at=None, bundle_failure=_reason(problem))
            return
        about = {"key": key, "byte_count": path.stat().st_size, "sha256": file_hash(path)}
    if not Run.objects.filter(pk=run.pk).update(bundle=about, bundle_requested_at=None):
        store().delete(key)  # the run was deleted meanwhile


def _reason(problem: Exception) -> str:
    """Why there is no bundle, for people: no path of this server in it."""
    match problem:
        case BadInput():
            return str(problem)
        case FileNotFoundError():
            return "A file that the run reads is no longer in the store."
        case OSError():
            return f"The file could not be written: {problem.strerror or type(problem).__name__}."
    return f"It stopped at an unexpected fault ({type(problem).__name__}). The log of the worker says more."


def waiting_bundles() -> list[int]:
    """Runs whose inputs somebody asked for and nobody has put together."""
    return list(Run.objects.filter(bundle_requested_at__isnull=False, bundle={}).values_list("pk", flat=True)[:100])


def write_bundle(run: Run, plan: Plan, path: Path) -> None:
    """The zip itself: README.md, spec.json, and the inputs as they lie in the store."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as bundle:
        bundle.writestr("README.md", _readme(run, plan))
        bundle.writestr("spec.json", json.dumps(plan.values, indent=1))
        for name, key in sorted(plan.files.items()):
            with store().open(key) as source, bundle.open(f"{INPUTS}/{name}", "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    target.write(block)


def _readme(run: Run, plan: Plan) -> str:
    models = "".join(
        f"Before that, replace `{name}` in spec.json: the model “{words}” lies on the server itself and is not "
        "in here. Write where your copy is, as `hf:FOLDER` or `open_clip:NAME/FILE`.\n\n"
        for name, words in plan.absent.items()
    )
    facts = run.provenance
    packages = "".join(f"- {name} {version}\n" for name, version in (facts.get("packages") or {}).items())
    return (
        f"# {run.title or run.method}\n\nRun {run.pk} of the project “{run.project.name}”, method `{run.method}`.\n\n"
        "With Nearmiss installed, in this folder:\n\n"
        f"    {command_of(run)}\n\nThe numbers are then in `results/metrics.json`.\n\n"
        f"{models}"
        f"Code: {facts.get('code', 'unknown')}\nPython: {facts.get('python', 'unknown')}\n"
        f"Fingerprint of the settings: {run.fingerprint}\n\n{packages}"
    )
