"""The mix of failures as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from webapp.annotation.sets.queries import Share
from webapp.design.plots import Plot, Series


def mix(shares: Sequence[Share]) -> Plot:
    """Each category's share of all failures beside its share of the sample."""
    names = tuple(share.name for share in shares)
    series = (
        _series(_("Among all failures"), [share.all for share in shares]),
        _series(_("Among the labelled samples"), [share.sample for share in shares]),
    )
    return Plot("bars", _("Failure mix"), _("Category"), _("Share"), names, series, "percent", x_scale="category")


def _series(name: str, found: Sequence[dict[str, Any]]) -> Series:
    def column(key: str) -> tuple[Any, ...]:
        return tuple(est.get(key) for est in found)

    return Series(name, column("value"), column("low"), column("high"), column("n"))
