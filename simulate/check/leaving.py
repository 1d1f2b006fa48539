"""Mutants that drop a condition: runs outside it and inside the others, which refute the claim there or do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derivations.declare.formula import FormulaError
from derivations.declare.mutants import HYPOTHESIS

from ..errors import Diverged, InputError
from .family import Family
from .outside import chosen
from .space import Place
from .suspect import Suspect

if TYPE_CHECKING:
    from .hunt import Hunt

PLACES, CLIMBS = 6, 10  # runs outside a condition, and moves from where the claim was nearest to failing
OF_DRAWS = 2  # runs, and no moves, where a statement takes several draws
LATER = (1.5, 4.0, 20.0)  # times the range of steps whose end is dropped

Member = tuple[Family, Suspect]


def leave(hunt: Hunt, step: Callable[[], object]) -> None:
    """Runs where each dropped condition fails, held against every statement that has it; `step` after each of them."""
    for members in by_condition(hunt.families).values():
        for member in members:
            if _wanted(member):
                _leave(hunt, member, [each for each in members if each[1].alive])
            step()


def by_condition(families: Sequence[Family]) -> dict[tuple[str, int], list[Member]]:
    """The mutants that drop a condition, by the condition; those that drop an end of the range each by itself."""
    members: dict[tuple[str, int], list[Member]] = {}
    for family in families:
        for suspect in family.suspects:
            if suspect.mutant.change is HYPOTHESIS:
                alone = 0 if suspect.mutant.dropped else id(suspect)
                members.setdefault((suspect.mutant.dropped, alone), []).append((family, suspect))
    return members


def _wanted(member: Member) -> bool:
    family, suspect = member
    return suspect.alive and suspect.outside < PLACES and bool(family.runs) and family.violated is None


def _leave(hunt: Hunt, member: Member, members: list[Member]) -> None:
    """Runs outside the condition of one mutant, those of the others held beside it."""
    family, suspect = member
    many = PLACES if hunt.draws == 1 else OF_DRAWS
    if suspect.mutant.dropped:
        left = hunt.searched(family).left(suspect.mutant.dropped)
        suspect.looked = left.looked
        places = chosen(left.places, many)
    else:
        places = _later(hunt, family)
    for place in places:
        if suspect.alive:
            hunt.hold_dropped(place, members)
    for _ in range(CLIMBS if hunt.draws == 1 else 0):
        if suspect.alive and suspect.best is not None and suspect.outside:
            hunt.hold_dropped(hunt.spaces[family.statement.id].moved(suspect.best, hunt.rng), members)


def _later(hunt: Hunt, family: Family) -> list[Place]:
    """Runs that are longer than the range whose end is dropped; of a beginning, those of the search as they are."""
    start = family.best or hunt.start
    try:
        _, place = hunt.ground.bench(start, family.statement, hunt.work)
    except (InputError, FormulaError, Diverged, OverflowError):
        return []
    longer = [start, *(replace(place, steps=math.ceil(by * place.steps)) for by in LATER)]
    return [replace(each, seed=each.seed + more) for more in range(2) for each in longer]
