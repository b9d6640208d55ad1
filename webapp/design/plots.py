"""What a plot is made of: a small table, drawn in the browser by static/js/plots.js and shown as a table beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from django.utils.translation import gettext as _

from webapp.design.numbers import written

Kind = Literal["curve", "histogram", "bars"]
Tone = Literal["", "near", "repaired", "broken"]
Number = float | int | None
TABLED = 200  # points of a scatter that its table shows


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


@dataclass(frozen=True)
class Mark:
    """A place on a heat map that has a name: the best point, the default."""

    x: str
    y: str
    name: str
    chosen: bool = False  # drawn so that it is seen first


@dataclass(frozen=True)
class Heat:
    """A value for each x of each y, drawn as shaded cells; `ends` are those of the shading, so that several compare.

    `links` (a row for each y) are addresses that cells open. Raises ValueError where lengths differ.
    """

    title: str
    x_label: str
    y_label: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    values: tuple[tuple[Number, ...], ...]
    format: str = "decimal"
    marks: tuple[Mark, ...] = ()
    ends: tuple[float, float] | None = None
    links: tuple[tuple[str, ...], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.values) != len(self.y) or any(len(row) != len(self.x) for row in self.values):
            raise ValueError(f"{self.title}: {len(self.y)} rows of {len(self.x)} values are wanted")

    def as_json(self) -> dict[str, Any]:
        """What plots.js reads."""
        return {
            "kind": "heat", "title": self.title, "xLabel": self.x_label, "yLabel": self.y_label, "x": list(self.x),
            "y": list(self.y), "values": [_finite(row) for row in self.values], "format": self.format,
            "ends": list(self.ends) if self.ends else None, "links": [list(row) for row in self.links],
            "marks": [{"x": mark.x, "y": mark.y, "name": mark.name, "chosen": mark.chosen} for mark in self.marks],
        }  # fmt: skip

    @property
    def head(self) -> list[str]:
        """The heads of the table's columns."""
        return [f"{self.y_label} ↓ {self.x_label} →", *self.x]

    @property
    def rows(self) -> list[list[str]]:
        """The table as written text, one row for each y."""
        return [
            [name, *(" ".join(part for part in written(value, self.format) if part) for value in row)]
            for name, row in zip(self.y, self.values, strict=True)
        ]


@dataclass(frozen=True)
class Dots:
    """Some points of a scatter that belong together: where they are, what each is, and a picture to show with it."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    texts: tuple[str, ...]
    pictures: tuple[str, ...] = ()  # addresses of thumbnails, "" where there is none
    shape: int = 0  # which of the shapes
    colour: int = 0  # which of the colours, however many there are


@dataclass(frozen=True)
class Scatter:
    """Points on a sheet whose axes mean nothing but nearness."""

    title: str
    groups: tuple[Dots, ...]
    note: str = ""
    shapes: tuple[str, ...] = ()  # what each shape and each colour is, for the legend
    colours: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What plots.js reads."""
        return {
            "kind": "scatter",
            "title": self.title,
            "shapes": list(self.shapes),
            "colours": list(self.colours),
            "groups": [
                {"name": g.name, "x": list(g.x), "y": list(g.y), "texts": list(g.texts), "pictures": list(g.pictures),
                 "shape": g.shape, "colour": g.colour}
                for g in self.groups
            ],
        }  # fmt: skip

    @property
    def head(self) -> list[str]:
        """The heads of the table's columns."""
        return [_("Group"), "x", "y", _("What it is")]

    @property
    def rows(self) -> list[list[str]]:
        """The first points as written text; the file has all."""
        found = (
            [group.name, f"{x:.2f}", f"{y:.2f}", text]
            for group in self.groups
            for x, y, text in zip(group.x, group.y, group.texts, strict=True)
        )
        return list(islice(found, TABLED))


def _finite(values: tuple[Number, ...]) -> list[Number]:
    return [value if value is not None and math.isfinite(value) else None for value in values]
