"""The register of the errata's tests: each shows a printed form fail, the corrected one hold, and what it measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from derivations.ledger.errata import Erratum
from derivations.papers.shelf import claims

from . import printed_states as states

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


def one_step(claim: str) -> Show:
    """The claim's left side at one state by torch, against its display: the entry's slip left in, and mended."""

    def show(entry: Erratum, run: Run) -> Shown:
        pytest.importorskip("torch")
        errata = claims()[claim].errata
        printed = states.error(claim, tuple(x for x in errata if x != entry.id))
        return Shown(printed <= EXACT, states.error(claim, errata) <= EXACT, (f"{printed:.2g}",))

    return show


def shows(name: str) -> Callable[[Show], Show]:
    """The test of one entry."""

    def register(function: Show) -> Show:
        assert name not in SHOW
        SHOW[name] = function
        return function

    return register
