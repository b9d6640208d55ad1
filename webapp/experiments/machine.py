"""What this machine can compute with."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def has_gpu() -> bool:
    """Whether there is a GPU for the gpu queue: by setting, or by looking for the driver."""
    if settings.NEARMISS_GPU in ("yes", "no"):
        return bool(settings.NEARMISS_GPU == "yes")
    return Path("/dev/nvidiactl").exists()


def device(queue: str) -> str:
    """Where a run of a queue computes here."""
    return "cuda" if queue == "gpu" and has_gpu() else "cpu"
