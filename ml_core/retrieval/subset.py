"""Reads which queries are to be reported on their own: a file of caption ids, picture ids, or both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ml_core.spec import BadInput


@dataclass(frozen=True)
class Subset:
    """A named choice of queries: ids of captions for text→picture, of pictures for picture→text."""

    name: str
    ids: dict[str, list[str]]  # direction -> ids

    def mask(self, direction: str, query_ids: list[str]) -> np.ndarray | None:
        """Which queries (Q,) belong to it; None where it says nothing of this direction; BadInput for an unknown id."""
        if direction not in self.ids:
            return None
        wanted = set(self.ids[direction])
        if unknown := sorted(wanted.difference(query_ids)):
            shown = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
            raise BadInput(
                f"the subset names {len(unknown):,} queries that the data set does not have: {shown}", field="subset"
            )
        return np.fromiter((name in wanted for name in query_ids), dtype=bool, count=len(query_ids))

    @property
    def slice(self) -> str:
        """Its name as a metric's slice, percent-encoded."""
        return quote(self.name, safe="")


def read_subset(path: str, directions: tuple[str, ...]) -> Subset:
    """A file of queries: one id a line or a JSON list (captions, or pictures where only i2t is evaluated), or a JSON
    object {"name": …, "t2i": [caption ids], "i2t": [picture ids]}. BadInput where it holds none."""
    file = Path(path)
    if path.startswith("set:") and not file.exists():
        raise BadInput(
            f"{path} names a set in the web; here write the path of a file with the ids of its queries", field="subset"
        )
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the subset {path}: {error}", field="subset") from error
    content: Any = text.split()
    if file.suffix == ".json":
        try:
            content = json.loads(text)
        except ValueError as error:
            raise BadInput(f"{path} is not JSON: {error}", field="subset") from error
    if isinstance(content, list):
        content = {"t2i" if "t2i" in directions else "i2t": content}
    if not isinstance(content, dict):
        raise BadInput(f"{path} must hold a list of ids, or an object with lists under t2i and i2t", field="subset")
    ids = {way: [str(name) for name in content[way]] for way in ("t2i", "i2t") if isinstance(content.get(way), list)}
    if not any(ids.values()):
        raise BadInput(f"{path} names no query", field="subset")
    return Subset(str(content.get("name") or file.stem), {way: names for way, names in ids.items() if names})
