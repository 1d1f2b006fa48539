"""The variants of a generated kernel: the same file compiled by Numba or run as plain Python, by BLAS, and on lanes."""

from __future__ import annotations

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
CLASSES_UPTO = 128  # the same of class heads, most of whose sums are of zeros that loops skip (benchmarks/README.md)

ABREAST_UPTO = 22  # directions up to which eight runs together beat eight examples of one (benchmarks/README.md)
ABREAST_FROM = 32  # runs: with fewer the time goes into what stands around them, and into compiling one variant more


def lanes_take(directions: float, signed: bool, marked: bool, first: int = 0) -> bool:
    """Whether so many directions, `first` or more, are advanced eight at a time, of signed heads or of class heads.

    `marked`: their coupling goes over what moves.
    """
    return first <= directions < ((MARKED_UPTO if marked else LANES_UPTO) if signed else CLASSES_UPTO)


@dataclass(frozen=True, kw_only=True)
class Variants:
    """A kernel's files and modules, of signed heads or of class ones, and which of them takes a shape.

    `marked`: on lanes its coupling goes over what moves.
    """

    path: Path
    heads: int
    signed: bool
    marked: bool
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

    def stepping(self, directions: int) -> ModuleType:
        """The variant that advances a state of so many directions."""
        variant = self.lanes if self.on_lanes(directions) else None
        return self.module(directions) if variant is None else variant

    def on_lanes(self, directions: int) -> bool:
        """Whether states of so many directions are advanced on lanes; asked before they are loaded."""
        return self.has_lanes(directions) and lanes_take(directions, self.signed, self.marked, self.lanes_from)

    def abreast(self, directions: int, runs: int) -> bool:
        """Whether so many runs of so many directions are advanced eight at a time, each with the bits it has alone."""
        return (self.on_lanes(directions) and hasattr(self.lanes, "run_all_abreast")
                and directions <= ABREAST_UPTO and runs >= ABREAST_FROM)

    def has_lanes(self, directions: int) -> bool:
        """Whether there is a variant on lanes for states of so many directions."""
        return (self.lanes_plain is not None or self.lanes_path is not None) and self.lanes_from <= directions

    def judges(self, directions: int) -> bool:
        """Whether it judges fresh examples of states of so many directions on lanes."""
        return self.has_lanes(directions)

    def throughout(self, directions: int) -> Self:
        """The kernel that advances states of every size as this one does those of so many directions."""
        if self.stepping(directions) is self.loops:
            return self.looped(self.loops)
        if self.on_lanes(directions):
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
