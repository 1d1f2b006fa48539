"""Gaussian rows in an orthonormal basis built from rows before them: Bartlett's lower trapezoidal T, row by row.

T_kk ~ chi with D - k degrees of freedom and T_kl ~ N(0, 1) for l < k (`gram` has what it is for).  A stream gives all
that is below the diagonal first, whatever D is, and then the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from .normals import standard_normal


@dataclass(frozen=True)
class Begun:
    """Standard rows (n, f + C) without the diagonal of Bartlett's T, whose entries are the stream's next numbers.

    The dimension is in them by the number C of columns alone, so that draws of many dimensions share them: not to be
    written to.  The first stands in row `first` of T; `state` is where the stream stood.
    """

    rows: Array
    f: int
    first: int
    state: Any

    @classmethod
    def of(cls, rng: np.random.Generator, n: int, f: int, columns: int, first: int) -> Begun:
        """Drawn from a stream."""
        rows = np.empty((n, f + columns))
        rows[:, :f] = standard_normal(rng, (n, f))
        rows[:, f:] = standard_normal(rng, (n, columns))
        for row in range(n):
            rows[row, f + first + row :] = 0.0
        rows.flags.writeable = False
        return cls(rows, f, first, rng.bit_generator.state)

    def generator(self) -> np.random.Generator:
        """The stream once more, from where it stood; of PCG64, as all of `streams` are."""
        bits = np.random.PCG64(0)
        bits.state = self.state
        return np.random.Generator(bits)

    def close(self, rng: np.random.Generator, left: float, out: Array, scale: float = 1.0) -> None:
        """Fills out (n, C) with rows of T in `left` dimensions, times a scale."""
        np.multiply(self.rows[:, self.f :], scale, out=out)
        diagonal = np.arange(self.first, min(self.first + len(out), out.shape[1]))
        if len(diagonal):  # no row reaches its diagonal where the rows before it already span every dimension left
            out[diagonal - self.first, diagonal] = _chi(rng, left - diagonal.astype(np.float64)) * scale

    def closed(self, rng: np.random.Generator, left: float) -> Array:
        """The rows (n, f + C), whole."""
        rows = np.empty(self.rows.shape)
        rows[:, : self.f] = self.rows[:, : self.f]
        self.close(rng, left, rows[:, self.f :])
        return rows


def columns_of(f: int, n: int, filters: int, d: float) -> int:
    """C, the coordinates beside the fixed directions."""
    return int(min(n + filters, d - f))


def trapezoid(rng: np.random.Generator, rows: int, columns: int, left: float, first: int) -> Array:
    """Rows first, first + 1, ... of Bartlett's T, cut to `columns`, for Gaussian rows in `left` dimensions."""
    normals = np.empty((rows, columns))
    Begun.of(rng, rows, 0, columns, first).close(rng, left, normals)
    return normals


def _chi(rng: np.random.Generator, freedom: Array) -> Array:
    """Chi variables; numpy's gamma sampler is exact to rounding for any number of degrees of freedom > 0."""
    drawn: Array = np.sqrt(rng.chisquare(freedom))
    return drawn


__all__ = ["Begun", "columns_of", "trapezoid"]
