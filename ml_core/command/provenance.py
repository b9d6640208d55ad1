"""What a run's numbers depend on that no method needs to say: code, packages, machine, settings that are seeds."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ml_core.command.arguments import Request

PACKAGES = (
    "numpy",
    "scipy",
    "pyarrow",
    "pillow",
    "pydantic",
    "safetensors",
    "torch",
    "torchvision",
    "transformers",
    "open_clip_torch",
    "timm",
    "accelerate",
)


def before(request: Request) -> dict[str, Any]:
    """Facts known before the method starts."""
    return {
        "method": request.card.key,
        "fingerprint": request.spec.fingerprint(request.card.key),
        "code": code_version(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 1,
        "device": request.device,
        "packages": _packages(),
        "seeds": {name: value for name, value in request.spec.model_dump(mode="json").items() if "seed" in name},
    }


def after(request: Request) -> dict[str, Any]:
    """What only a run that is over knows: torch's facts, or that nothing but the processor was used."""
    torch = sys.modules.get("torch")
    if torch is None:  # nothing else here computes on a GPU, so one that was asked for was not used
        return {"device": "cpu"}
    facts: dict[str, Any] = {"torch_threads": torch.get_num_threads()}
    if request.device.startswith("cuda") and torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name(torch.device(request.device))
        facts["gpu_peak_bytes"] = torch.cuda.max_memory_allocated(torch.device(request.device))
    return facts


def code_version() -> str:
    """The commit of a checkout, with `+changes` where files differ from it; else the installed version."""
    root = Path(__file__).resolve().parents[2]
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return _version("nearmiss") or "unknown"


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def _packages() -> dict[str, str]:
    return {name: found for name in PACKAGES if (found := _version(name))}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
