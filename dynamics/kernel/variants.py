"""The variants of a generated kernel: the same file compiled by Numba or run as plain Python, by BLAS, and on lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..blas import scipy_linalg
from .loading import BESIDE, module_of, remember

BLAS_FROM = 96  # directions from which a BLAS contraction beats the loops (benchmarks/RESULTS.md)
LANES_UPTO = 400  # directions from which BLAS beats eight at a time
MARKED_UPTO = 1100  # the same where a step goes over what moves alone, which BLAS does not (`rungs variants`)
CLASSES_UPTO = 128  # directions up to which class heads go on lanes whatever their filters
ENTRIES_UPTO = 50_000  # from there on, filters of a class times directions up to which they do (`rungs variants`)
TABLED_UPTO = 8_000  # the same where BLAS has tables of partial sums, and lanes no marks or a crowded cache
CROWDED = 256  # entries of a row, multiples of which fall on few sets of the nearest cache

ABREAST_UPTO = 18  # directions up to which eight runs together beat eight examples of one (`rungs abreast`)
ABREAST_FROM = 32  # runs: with fewer the time goes into what stands around them, and into compiling one variant more


def lanes_take(directions: float, filters: float, *, signed: bool, marked: bool, tabled: bool) -> bool:
    """Whether states of B directions and m filters a head are advanced eight entries at a time, and not by BLAS.

    A filter's step is B^2 products.  BLAS takes about as long for them as lanes do, which leave out what does not
    move, half or more, where they go over marks (`marked`).  By tables of partial sums (`tabled`: slopes of ReLU) a
    filter takes about half as long as by its products, and a class's tables as long as twenty filters.  Between such
    equals the state decides: lanes go over a class's m B entries once for every few directions, and many of them do
    not stay close by.  So class heads go on lanes below a number of entries; a smaller one where tables stand against
    all the products, or where the Gram matrix's rows fall on one another in the cache.  Signed heads move along fewer
    directions and go by these alone.
    """
    most = MARKED_UPTO if marked else LANES_UPTO
    if signed or directions < CLASSES_UPTO:
        return directions < most
    crowded = math.ceil(directions / 8) * 8 % CROWDED == 0
    entries = TABLED_UPTO if tabled and (crowded or not marked) else ENTRIES_UPTO
    return directions < most and filters * directions < entries


@dataclass(frozen=True, kw_only=True)
class Variants:
    """A kernel's files and modules, of signed heads or of class ones, and which of them takes a shape.

    `marked`: on lanes its coupling goes over what moves; `tabled`: by BLAS it goes by tables of partial sums.
    """

    path: Path
    heads: int
    signed: bool
    marked: bool
    tabled: bool
    loops: ModuleType
    blas_path: Path | None
    lanes_path: Path | None = None
    lanes_plain: ModuleType | None = None
    lanes_from: int = 0

    @property
    def patches(self) -> int:
        """Patches an example is made of."""
        return int(self.loops.PATCHES)

    @property
    def lanes(self) -> ModuleType | None:
        """The variant that takes eight examples at a time, and many runs in a call; None where there is none."""
        return self.lanes_plain or (None if self.lanes_path is None else module_of(self.lanes_path))

    @property
    def texts(self) -> str:
        """The texts of all variants."""
        paths = [each for each in (self.path, self.blas_path, self.lanes_path) if each is not None]
        return "".join(remember(each, BESIDE) for each in paths)

    def stepping(self, directions: int, filters: int) -> ModuleType:
        """The variant that advances a state of so many directions and filters a head."""
        variant = self.lanes if self.on_lanes(directions, filters) else None
        return self.module(directions) if variant is None else variant

    def on_lanes(self, directions: int, filters: int) -> bool:
        """Whether such states are advanced on lanes; asked before they are loaded."""
        return self.has_lanes(directions) and lanes_take(
            directions, filters, signed=self.signed, marked=self.marked, tabled=self.tabled)

    def told(self, directions: int, filters: int) -> list[str]:
        """A line on which variant advances such states, where that goes by their filters too; none elsewhere."""
        if self.signed or directions < CLASSES_UPTO or self.blas_path is None or not self.has_lanes(directions):
            return []
        ways = ("eight directions at a time", "by BLAS")
        taken, left = ways if self.on_lanes(directions, filters) else ways[::-1]
        return [f"steps go {taken}, faster than {left} for {directions} directions and {filters} filters a class"]

    def abreast(self, directions: int, filters: int, runs: int) -> bool:
        """Whether so many runs of such states are advanced eight at a time, each with the bits it has alone."""
        return (self.on_lanes(directions, filters) and hasattr(self.lanes, "run_all_abreast")
                and directions <= ABREAST_UPTO and runs >= ABREAST_FROM)

    def has_lanes(self, directions: int) -> bool:
        """Whether there is a variant on lanes for states of so many directions."""
        return (self.lanes_plain is not None or self.lanes_path is not None) and self.lanes_from <= directions

    def judges(self, directions: int) -> bool:
        """Whether it judges fresh examples of states of so many directions on lanes."""
        return self.has_lanes(directions)

    def throughout(self, directions: int, filters: int) -> Self:
        """The kernel that advances states of every size as this one does those of so many directions and filters."""
        if self.stepping(directions, filters) is self.loops:
            return self.looped(self.loops)
        if self.on_lanes(directions, filters):
            return replace(self, lanes_from=0)
        return replace(self, lanes_path=None, lanes_plain=None)

    def looped(self, loops: ModuleType) -> Self:
        """The kernel with these loops at every size."""
        return replace(self, loops=loops, blas_path=None, lanes_path=None, lanes_plain=None)

    @property
    def source(self) -> str:
        """The text that runs."""
        return remember(self.path, BESIDE)

    def module(self, directions: int) -> ModuleType:
        """What looks at states of so many directions: loops where shapes are small, BLAS where large."""
        if self.blas_path is None or directions < BLAS_FROM:
            return self.loops
        scipy_linalg()  # Numba's products are its BLAS's
        return module_of(self.blas_path)

    def labels(self, y: Array) -> NDArray[Any]:
        """Labels as the kernel takes them: +-1 as floats, classes as integers."""
        return np.ascontiguousarray(y, dtype=np.float64 if self.signed else np.int64)
