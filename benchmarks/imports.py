"""Start-up of what the web process imports of ml_core, against pydantic alone and against torch."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.harness import Row, interleaved

LIGHT = "import ml_core.spec, ml_core.events, ml_core.taxonomy, ml_core.methods as m; m.cards()"
HEAVY = ("numpy", "torch", "transformers", "scipy", "pandas", "sklearn", "pyarrow", "PIL")


def measure(quick: bool) -> list[Row]:
    loaded = _python(f"{LIGHT}; import sys; print(*[n for n in {HEAVY} if n in sys.modules])").split()
    assert not loaded, f"the light modules load {loaded}"
    contenders = {"ours": LIGHT, "pydantic": "import pydantic; pydantic.BaseModel", "torch": "import torch"}
    took = interleaved({name: lambda code=code: _python(code) for name, code in contenders.items()}, 3 if quick else 7)
    work = "import of specs, events and every card, whole process"
    return [
        Row(work, "bound", "pydantic alone", took["ours"], took["pydantic"], 2.0),
        Row(work, "naive", "importing torch", took["ours"], took["torch"], 3.0),
    ]


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
