"""The sharpest constants of a statement, and the statement that has them: what mutants does it let pass?

A constant is moved until some run of the search refutes the statement.  With all of its constants there at once, a
change that still passes is not hidden by a loose constant: the runs that the search made cannot tell it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from derivations.declare import Statement
from derivations.declare.formula import FormulaError
from derivations.declare.mutants import Mutant, mutants_of

from .case import Case
from .family import Family
from .heard import rows_for
from .judge import judge

if TYPE_CHECKING:
    from .hunt import Hunt

PLACES = 6  # runs on which constants are moved: those where the mutants came nearest to being false
LARGEST = 1e12  # how far a constant is moved at most: beyond, the runs say nothing of it
DIGITS, COARSE = 1e-3, 1e-2  # relative width at which a constant is known: to be printed, and on the way there
ROUNDS = 8  # constants that are moved one after the other
LOOSE = 0.05  # a constant that can be moved by less is sharp, as a logarithm


def sharpest(family: Family, hunt: Hunt) -> None:
    """Finds, for each constant that has slack, the sharpest value that holds where its mutants came nearest.

    Then `family.sharpened` is the family of the statement with its constants that sharp, held against these runs.
    """
    slack = [each for each in family.suspects if each.alive and each.stricter and not each.looser]
    nearest = [each.best for each in sorted(slack, key=lambda each: -each.score) if each.best is not None]
    places = list({id(place): place for place in nearest}.values())[:PLACES]
    wanted = hunt.draws == 1 or any(each.mutant.times is not None for each in slack)
    runs = hunt.held(places, family) if wanted else []
    cases = [case for _, run in runs for case in run]
    for each in slack:
        if each.mutant.times is not None and (limit := _limit(each.mutant, cases, abs(math.log(each.mutant.factor)))):
            assert each.mutant.written is not None
            each.constants = each.mutant.written, each.mutant.written * math.exp(limit)
    if hunt.draws > 1 or not cases:
        return
    statement = _sharpened(family, cases)
    if statement is not None:
        family.sharpened = Family(statement, family.quantities)
        for place, run in runs:
            family.sharpened.hold(run, place)


def _sharpened(family: Family, cases: Sequence[Case]) -> Statement | None:
    """The statement with its loosest constant at the sharpest value, then the next; None where none is loose."""
    statement = family.statement
    for _ in range(ROUNDS):
        limits = [(mutant, _limit(mutant, cases, LOOSE, COARSE))
                  for mutant in mutants_of(statement, family.quantities)
                  if mutant.times is not None and _holds(mutant, math.copysign(LOOSE, _way(mutant)), cases)]
        loosest = max(((abs(limit), limit, mutant) for mutant, limit in limits if limit is not None),
                      key=lambda each: each[0], default=None)
        if loosest is None:
            break
        _, limit, mutant = loosest
        assert mutant.times is not None
        statement = mutant.times(math.exp(limit))
    return None if statement is family.statement else statement


def _way(mutant: Mutant) -> float:
    return math.log(mutant.factor)


def _limit(mutant: Mutant, cases: Sequence[Case], low: float, digits: float = DIGITS) -> float | None:
    """The logarithm of the farthest factor that holds, the mutant's way, from `low` on, which does.

    None where no factor up to LARGEST is refuted.
    """
    way, high = math.copysign(1.0, _way(mutant)), math.log(LARGEST)
    if not cases or _holds(mutant, way * high, cases):
        return None
    while high - low > digits:
        middle = (low + high) / 2 if high - low < 1 else min((low + high) / 2, 2 * low)
        low, high = (middle, high) if _holds(mutant, way * middle, cases) else (low, middle)
    return way * low


def _holds(mutant: Mutant, by: float, cases: Sequence[Case]) -> bool:
    """Whether the statement with its constant times e^by holds on all of these runs."""
    assert mutant.times is not None
    statement = mutant.times(math.exp(by))
    try:
        return not any(judge(statement, case, rows_for(case)).failed for case in cases)
    except FormulaError:
        return False
