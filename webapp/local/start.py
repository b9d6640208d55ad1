"""`python -m webapp.local.start NAME`: becomes one process of the site. What a container runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from webapp.local import processes
from webapp.settings import env


def main(name: str) -> None:
    """Replaces this process by web, runs, jobs, probe or beat; exits with 2 for another name."""
    kinds = {process.name: process for process in processes.everything(Path(env.read("NEARMISS_STATE")))}
    if name not in kinds:
        sys.exit(f"{name} is none of {', '.join(kinds)}.")
    process = kinds[name]
    os.execve(process.command[0], process.command, env.passed_on() | process.environment)  # noqa: S606 (no shell is meant)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
