"""What a plot is made of: a small table, drawn in the browser by static/js/plots.js and shown as a table beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from webapp.design.numbers import written

Kind = Literal["curve", "histogram", "bars"]
Tone = Literal["", "near", "repaired", "broken"]
Number = float | int | None


@dataclass(frozen=True)
class Series:
    """One line of a curve or one group of bars: a value for each x, its interval's ends and its n where known."""

    name: str
    values: tuple[Number, ...]
    low: tuple[Number, ...] = ()
    high: tuple[Number, ...] = ()
    n: tuple[int | None, ...] = ()
    tone: Tone = ""


@dataclass(frozen=True)
class Plot:
    """A curve (bands where intervals are), a histogram (bars that touch) or bars (whiskers where intervals are).

    `x` are numbers or words, one for each value of every series. Raises ValueError where lengths differ.
    `x_scale` "category" keeps numbers as words (k = 1, 5, 10). `format` is one of webapp.design.numbers.FORMATS.
    """

    kind: Kind
    title: str
    x_label: str
    y_label: str
    x: tuple[float | int | str, ...]
    series: tuple[Series, ...]
    format: str = "decimal"
    x_scale: Literal["linear", "log", "category"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    y_range: tuple[float, float] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for series in self.series:
            for name, column in (
                ("values", series.values),
                ("low", series.low),
                ("high", series.high),
                ("n", series.n),
            ):
                if column and len(column) != len(self.x):
                    raise ValueError(f"{self.title}: {series.name} has {len(column)} {name} for {len(self.x)} x")

    def as_json(self) -> dict[str, Any]:
        """What plots.js reads; numbers that are not finite become null."""
        return {
            "kind": self.kind, "title": self.title, "xLabel": self.x_label, "yLabel": self.y_label, "x": list(self.x),
            "format": self.format, "xScale": self.x_scale, "yScale": self.y_scale,
            "yRange": list(self.y_range) if self.y_range else None,
            "series": [
                {"name": s.name, "tone": s.tone, "values": _finite(s.values), "low": _finite(s.low),
                 "high": _finite(s.high), "n": list(s.n)}
                for s in self.series
            ],
        }  # fmt: skip

    @property
    def head(self) -> list[str]:
        """The heads of the table's columns."""
        heads = [self.x_label]
        for series in self.series:
            heads.append(series.name)
            heads += [f"{series.name}: 95 % interval"] if series.low else []
            heads += [f"{series.name}: n"] if series.n else []
        return heads if len(self.series) > 1 else [head.split(": ")[-1] for head in heads]

    @property
    def rows(self) -> list[list[str]]:
        """The table as written text, one row for each x."""
        return [[str(x), *self._cells(index)] for index, x in enumerate(self.x)]

    def _cells(self, index: int) -> list[str]:
        cells = []
        for series in self.series:
            cells.append(self._text(series.values[index]))
            if series.low:
                cells.append(f"{self._text(series.low[index])} to {self._text(series.high[index])}")
            if series.n:
                count = series.n[index]
                cells.append("–" if count is None else f"{count:,}")
        return cells

    def _text(self, value: Number) -> str:
        return " ".join(part for part in written(value, self.format) if part)


def _finite(values: tuple[Number, ...]) -> list[Number]:
    return [value if value is not None and math.isfinite(value) else None for value in values]
