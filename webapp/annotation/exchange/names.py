"""Which files of the store label files name, so that the sweep removes what nothing names any more."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.annotation.exchange.keeping import rows_key
from webapp.annotation.models import LabelFile


def kept_files() -> Iterable[str]:
    """Every key below `labels/` that a row names."""
    for key in LabelFile.objects.values_list("key", flat=True).iterator():
        yield key
        yield rows_key(key)
