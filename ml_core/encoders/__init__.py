"""Opens an encoder by its reference `family:rest`; a family is a module in `families` or an entry point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from ml_core.encoders import families
from ml_core.spec import BadInput

ENTRY_POINT_GROUP = "nearmiss.encoders"
_OF_THE_WEB = {
    "run": "names a run in the web; here write checkpoint:PATH, the folder that the training wrote",
    "model": "names a model registered in the web; here write hf:NAME_OR_PATH or open_clip:NAME/PRETRAINED_OR_PATH",
}


def load_encoder(reference: str, device: str = "cpu", *, exact: bool = False, precision: str = "auto") -> Any:
    """The encoder that `reference` names, on `device`: an `Encoder` or `Recorded` of `ml_core.encoders.types`.

    `hf:NAME_OR_PATH[@REVISION]`, `open_clip:NAME/PRETRAINED_OR_PATH` or `open_clip:FOLDER`, `embeddings:FILE.npz`,
    `checkpoint:FOLDER`. `exact` decodes pictures in full instead of in draft mode; `precision` is auto (mixed on a
    GPU), fp32, bf16 or fp16. BadInput (field "encoder") where it cannot be opened.
    """
    family, colon, rest = reference.partition(":")
    if colon and family in _OF_THE_WEB:
        raise BadInput(f"{reference[:200]} {_OF_THE_WEB[family]}", field="encoder")
    if not colon or not rest or family not in family_names():
        known = ", ".join(f"{name}:…" for name in family_names())
        raise BadInput(f"unknown encoder {reference[:200]!r}: write one of {known}", field="encoder")
    load = _loader(family)
    return load(rest, device=device, exact=exact, precision=precision)


def family_names() -> list[str]:
    """Every family there is, in order."""
    own = [module.name for module in pkgutil.iter_modules(families.__path__)]
    return sorted({*own, *(point.name for point in entry_points(group=ENTRY_POINT_GROUP))})


def _loader(family: str) -> Callable[..., Any]:
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name == family:
            return point.load()
    return importlib.import_module(f"{families.__name__}.{family}").load
