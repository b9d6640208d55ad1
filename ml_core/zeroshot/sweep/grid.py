"""The settings that are tried: every combination of shares and temperatures, the plain classifier always among them."""

from __future__ import annotations

from dataclasses import dataclass

from ml_core.zeroshot.fusion import Point

Tau = float | None  # None: uniform weights


@dataclass(frozen=True)
class Grid:
    """Points in the order τ_t2t, τ_i2t, α, β (the last runs fastest)."""

    taus_t2t: tuple[Tau, ...]
    taus_i2t: tuple[Tau, ...]
    alphas: tuple[float, ...]
    betas: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.taus_t2t) * len(self.taus_i2t) * len(self.alphas) * len(self.betas)

    @property
    def pairs(self) -> int:
        """Combinations of α and β at one pair of temperatures."""
        return len(self.alphas) * len(self.betas)

    def points(self) -> list[Point]:
        """Every point, in order."""
        return [
            Point(alpha, beta, tau_t2t, tau_i2t)
            for tau_t2t in self.taus_t2t
            for tau_i2t in self.taus_i2t
            for alpha in self.alphas
            for beta in self.betas
        ]

    def pair(self, t2t: int, i2t: int) -> slice:
        """The places of the points at one pair of temperatures."""
        start = (t2t * len(self.taus_i2t) + i2t) * self.pairs
        return slice(start, start + self.pairs)


def grid_of(
    alphas: tuple[float, ...],
    betas: tuple[float, ...],
    taus_t2t: tuple[float, ...],
    taus_i2t: tuple[float, ...],
    *,
    uniform: bool,
    class_side: bool,
    image_side: bool,
) -> Grid:
    """Sorted and without repetition, 0 always among the shares; a side without captions has that share alone."""
    none = (None,) if uniform else ()
    return Grid(
        taus_t2t=(*sorted(set(taus_t2t)), *none) if class_side else (None,),
        taus_i2t=(*sorted(set(taus_i2t)), *none) if image_side else (None,),
        alphas=tuple(sorted({0.0, *alphas})) if class_side else (0.0,),
        betas=tuple(sorted({0.0, *betas})) if image_side else (0.0,),
    )
