"""The ensembles that are measured: a model at fixed sizes, and the cells of a grid of two of its parameters.

A run draws its examples and filters, takes `steps` steps, and gives one number: the test error on `TEST` fresh noises,
each judged with every label.  Filters are ordered by head, directions as gammarho orders them: signals, then noises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TEST = 4096


@dataclass(frozen=True)
class Axis:
    """A parameter, by gammarho's name, with its lowest and highest value and the one at which means are compared."""

    name: str
    low: float
    high: float
    usual: float

    def values(self, count: int) -> Array:
        """`count` values from the lowest to the highest; the usual one alone where `count` is 1."""
        return np.linspace(self.low, self.high, count) if count > 1 else np.array([self.usual])


@dataclass(frozen=True)
class Cells:
    """What differs from run to run, each (R,): the signal's length, the noise's deviation, the penalty's weight."""

    mu: Array
    sigma_p: Array
    lam: Array

    def part(self, at: slice) -> Cells:
        """Some of the runs."""
        return Cells(self.mu[at], self.sigma_p[at], self.lam[at])


@dataclass(frozen=True)
class Shape:
    """An ensemble's sizes; `side` cells along each axis.  `chunks` are the numbers of runs that a batch may hold."""

    name: str
    n: int
    m: int
    d: int
    steps: int
    eta: float
    sigma_0: float
    x: Axis
    y: Axis
    side: int
    chunks: tuple[int, ...]
    heads: ClassVar[int] = 2
    signals: ClassVar[int] = 1
    flips: ClassVar[float] = 0.0
    lam_until: ClassVar[int] = 0

    def __str__(self) -> str:
        """The sizes in a line."""
        return f"{self.name}, n={self.n} m={self.m} d={self.d:g} T={self.steps}"

    @property
    def filters(self) -> int:
        """S, of all heads."""
        return self.heads * self.m

    @property
    def runs(self) -> int:
        """Cells of the grid."""
        return self.side**2

    def cells(self, runs: int) -> Cells:
        """The grid's cells, row by row; where `runs` are fewer, as many of them, evenly spaced."""
        rows, columns = np.meshgrid(self.y.values(self.side), self.x.values(self.side), indexing="ij")
        at = np.arange(runs) * self.runs // runs
        return self.at(columns.ravel()[at], rows.ravel()[at])

    def usual(self, runs: int) -> Cells:
        """`runs` runs at the usual values."""
        return self.at(np.full(runs, self.x.usual), np.full(runs, self.y.usual))

    def at(self, x: Array, y: Array) -> Cells:
        """The cells with these values of the axes' parameters."""
        raise NotImplementedError


@dataclass(frozen=True)
class Kou(Shape):
    """Kou et al. 2023: ReLU, the mean over m filters a head, labels flipped with probability 0.1."""

    flips = 0.1

    def at(self, x: Array, y: Array) -> Cells:
        """x is the signal's length, y the noise's deviation."""
        return Cells(x, y, np.zeros_like(x))


@dataclass(frozen=True)
class Pegr(Shape):
    """Meng et al. 2023: ReLU^2, the per-example gradient penalty up to step `lam_until`."""

    lam_until = 800

    def at(self, x: Array, y: Array) -> Cells:
        """x is the penalty's weight, y the noise's deviation."""
        return Cells(np.ones_like(x), y, x)


@dataclass(frozen=True)
class Classes(Shape):
    """Xu and Chen 2025 at Gamma = 1: K classes, ReLU, the sum over m filters a class, softmax cross-entropy."""

    heads = 5
    signals = 5

    def at(self, x: Array, y: Array) -> Cells:
        """x is the signals' length, y the noise's deviation."""
        return Cells(x, y, np.zeros_like(x))


_SIGNAL, _NOISE = Axis("mu_norm", 0.5, 9.9, 3.0), Axis("sigma_p", 0.8, 1.2, 1.0)
SHAPES: dict[str, Shape] = {
    "kou": Kou("Kou", 20, 10, 600, 100, 0.1, 0.01, _SIGNAL, _NOISE, side=48, chunks=(1, 8, 64)),
    "pegr": Pegr(
        "PEGR", 20, 10, 400, 1500, 0.2, 0.01, Axis("lam", 0.05, 0.15, 0.1), Axis("sigma_p", 0.4, 0.6, 0.5), side=24,
        chunks=(1, 8, 48),
    ),
    "large": Kou("Kou", 100, 20, 2000, 100, 0.1, 0.01, _SIGNAL, _NOISE, side=16, chunks=(1, 8, 32)),
    "classes": Classes(
        "five classes", 500, 100, 1000, 20, 0.05, 3000**-0.5, Axis("u_norm", 0.5, 1.5, 1.0),
        Axis("sigma_p", 0.25, 0.5, 0.4), side=4, chunks=(1, 2),
    ),
}
SHAPES["few"] = replace(
    SHAPES["classes"], name="few of five classes", n=20, m=10, steps=100, side=16, chunks=(1, 8, 64))

# Small ones, by which the programs are held to each other where nothing is measured.
SHAPES |= {
    f"small {name}": replace(SHAPES[name], n=12, m=5, d=60, steps=steps, side=2, chunks=(1, 2))
    for name, steps in (("kou", 40), ("pegr", 60))
}
SHAPES["small classes"] = replace(SHAPES["classes"], n=15, m=4, d=60, steps=20, side=2, chunks=(2,))


def _at_dimension(d: int) -> Shape:
    """Kou's sizes at another d: the noises and the filters are as long as at d = 600."""
    kou, scale = SHAPES["kou"], (600 / d) ** 0.5
    noise = Axis("sigma_p", 0.8 * scale, 1.2 * scale, scale)
    return replace(kou, d=d, y=noise, sigma_0=0.01 * scale)


FLAT = {f"kou, d={d:.0e}": _at_dimension(d) for d in (10**3, 10**6, 10**9, 10**12)}
SHAPES |= FLAT
