"""The sharpest constants of a statement: how far a constant can be moved before some run of the search refutes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from derivations.declare.formula import FormulaError

from .case import Case
from .family import Family, Suspect, rows_for
from .judge import judge

if TYPE_CHECKING:
    from .hunt import Hunt

PLACES = 6  # runs on which constants are moved: those where the mutants came nearest to being false
LARGEST = 1e12  # how far a constant is moved at most: beyond, the runs say nothing of it
DIGITS = 1e-3  # relative width at which a constant is known


def sharpest(family: Family, hunt: Hunt) -> None:
    """Finds, for each constant that has slack, the sharpest value that holds where its mutants came nearest."""
    slack = [each for each in family.suspects if each.alive and each.stricter and not each.looser
             and each.mutant.times is not None]
    if not slack:
        return
    nearest = [each.best for each in sorted(slack, key=lambda each: -each.score) if each.best is not None]
    places = list({id(place): place for place in nearest}.values())[:PLACES]
    cases = [case for place in places for case in hunt.cases(place, [family])]
    for each in slack:
        each.constants = _found(each, cases)


def _found(suspect: Suspect, cases: Sequence[Case]) -> tuple[float, float] | None:
    """The written constant and the sharpest; None where no factor up to LARGEST is refuted."""
    mutant = suspect.mutant
    assert mutant.times is not None and mutant.written is not None
    up = suspect.mutant.factor > 1
    low, high = abs(math.log(suspect.mutant.factor)), math.log(LARGEST)
    if _holds(suspect, high if up else -high, cases):
        return None
    while high - low > DIGITS:
        middle = (low + high) / 2 if high - low < 1 else min((low + high) / 2, 2 * low)
        low, high = (middle, high) if _holds(suspect, middle if up else -middle, cases) else (low, middle)
    return mutant.written, mutant.written * math.exp(low if up else -low)


def _holds(suspect: Suspect, by: float, cases: Sequence[Case]) -> bool:
    """Whether the statement with its constant times e^by holds on all of these runs."""
    assert suspect.mutant.times is not None
    statement = suspect.mutant.times(math.exp(by))
    try:
        return not any(judge(statement, case, rows_for(case)).failed for case in cases)
    except FormulaError:
        return False
