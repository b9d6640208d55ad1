"""Finds plotly.min.js in the installed plotly wheel, and nothing else of it, without importing plotly."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "plotly.min.js"


class PlotlyFinder(BaseFinder):
    """A staticfiles finder that knows one file."""

    def __init__(self, app_names: list[str] | None = None, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        spec = find_spec("plotly")
        places = list(spec.submodule_search_locations or []) if spec else []
        self.folder = Path(places[0]) / "package_data" if places else Path("/nonexistent")
        self.storage = FileSystemStorage(location=str(self.folder))
        self.storage.prefix = ""  # type: ignore[attr-defined]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's place, for `plotly.min.js` alone."""
        file = self.folder / NAME
        found = [str(file)] if path == NAME and file.exists() else []
        if find_all or kwargs.get("all"):
            return found
        return found[0] if found else []

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        """What collectstatic copies."""
        if (self.folder / NAME).exists():
            yield NAME, self.storage
