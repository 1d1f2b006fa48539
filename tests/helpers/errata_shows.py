"""The register of the errata's tests: each shows a printed form fail, the corrected one hold, and what it measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivations.ledger.errata import Erratum

EXACT = 1e-12
DELTA = 0.1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """Whether the printed and the corrected form hold, and the numbers that the entry's effect quotes."""

    printed: bool
    corrected: bool
    quoted: tuple[str, ...]


Run = Callable[[str], dict[str, Floats]]  # a command's variables
Show = Callable[[Erratum, Run], Shown]
SHOW: dict[str, Show] = {}


def shows(name: str) -> Callable[[Show], Show]:
    """The test of one entry."""

    def register(function: Show) -> Show:
        assert name not in SHOW
        SHOW[name] = function
        return function

    return register
