"""How ranks and margins are grouped wherever they are counted, filtered or sampled. Light: no arrays."""

from __future__ import annotations

# A rank bucket is (first, last) rank, the last one open; a margin bucket (from, to) of a score margin, the ends open.
RANKS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 5), (6, 10), (11, 50), (51, 100), (101, 500), (501, None))
MARGINS: tuple[tuple[float | None, float | None], ...] = (
    (None, -0.1),
    (-0.1, -0.05),
    (-0.05, -0.02),
    (-0.02, -0.01),
    (-0.01, 0.0),
    (0.0, None),
)


def rank_names() -> list[str]:
    """`1`, `2-5`, …, `501+`."""
    return [_rank_name(first, last) for first, last in RANKS]


def margin_names() -> list[str]:
    """`below -0.1`, `-0.1 to -0.05`, …, `0 and above`."""
    return [_margin_name(low, high) for low, high in MARGINS]


def _rank_name(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}-{last}"


def _margin_name(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:g}"
    return f"{low:g} and above" if high is None else f"{low:g} to {high:g}"
