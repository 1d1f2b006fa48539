"""Arbitrary states moved to where a mutant of a statement about one step is false.

Each mutant that says more than its statement and is not refuted is aimed at from the states where it came nearest, by
the measure of `telling.Difference`.  What is moved are the real choices of a state, most of which are decades of a
length or a size: along slopes inside the hypothesis, as `outside` moves places, and then at random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from derivations.declare.formula import FormulaError
from dynamics.arrays import Array

from ..ask.settings import Setting
from ..errors import Diverged, InputError
from .anystate import arbitrary
from .case import Case
from .family import Family
from .hypotheses import Part, parts
from .noted import Noted
from .outside import NEAR, ROOM, SHARES, cheapest, depths
from .suspect import Suspect
from .telling import difference, graded

FROM = 120  # states that speak of a statement, from some of which a mutant is aimed at
STARTS, OF_SLACK = 24, 6  # of these, for a mutant that says something else, and for one that says more alone
ROUNDS = 4  # of the moves of a state before their better half goes on, at most
AIMS = 3  # changes that are tried along the slopes of a state
MOVES = 8  # moves at random, where none of these leads on
_GRAIN = 0.02  # of the differences by which slopes are taken, mostly in decades
_BEYOND = 0.1  # how far past its edge a mutant is aimed at, as a logarithm


class Stood(NamedTuple):
    """A state, its case, the logarithm by which each condition is met, and how far a mutant is from being false."""

    state: Noted
    case: Case
    rooms: Array
    near: float


def climb(family: Family, setting: Setting, states: Sequence[Noted]) -> None:
    """Moves the states that speak of a statement to where its mutants are false, and holds these against all of it."""
    cases = [(state, case) for state in states[-FROM:] if (case := _case(state, setting)) is not None] \
        if any(_wanted(family, suspect) for suspect in family.suspects) else []
    for suspect in family.suspects:
        aim = Aim(family, suspect, setting)
        begun = [stood for state, case in cases if (stood := aim.stood(state, case)) is not None] \
            if _wanted(family, suspect) else []
        if begun:
            aim.run(begun)


def _wanted(family: Family, suspect: Suspect) -> bool:
    return suspect.open and suspect.stricter and family.violated is None and graded(family, suspect)


def _far(stood: Stood) -> float:
    return -stood.near


def _case(choices: Noted, setting: Setting) -> Case | None:
    """The case of some choices, made again; None where its step has no value."""
    try:
        with np.errstate(all="ignore"):
            return arbitrary(choices.again() if choices.made else choices, setting)
    except (InputError, Diverged, OverflowError, np.linalg.LinAlgError):
        return None


class Aim:
    """The search for a state at which one mutant is false."""

    def __init__(self, family: Family, suspect: Suspect, setting: Setting) -> None:
        self.family, self.suspect, self.setting = family, suspect, setting
        said = family.statement
        self.parts: tuple[Part, ...] = (
            difference(said, suspect.mutant.statement, false=True), *parts(said.given, family.quantities))

    def stood(self, choices: Noted, case: Case) -> Stood | None:
        """The state of some choices; None where the statement says nothing of it, or something has no value."""
        try:
            with np.errstate(all="ignore"):
                rooms, left = depths(part.logs(case.view()) for part in self.parts)
        except FormulaError:
            return None
        said, values = self.family.statement, case.states.values
        about = all(only.admits(values.get(only.parameter)) for only in said.only)
        return Stood(choices, case, rooms, float(left[0])) if about and math.isfinite(left[0]) else None

    def _at(self, choices: Noted) -> Stood | None:
        case = _case(choices, self.setting)
        return None if case is None else self.stood(choices, case)

    def run(self, begun: Sequence[Stood]) -> None:
        """Moves states until the mutant is refuted: the nearest and some others, then more often their better half."""
        starts = STARTS if self.suspect.apart else OF_SLACK
        nearest, others = sorted(begun, key=_far)[: starts // 2], begun[:: max(1, 2 * len(begun) // starts)]
        pool, rounds = list({id(each): each for each in (*nearest, *others)}.values()), 1
        while pool:
            for _ in range(rounds):
                pool = [self._moved(each) for each in pool]
            pool, rounds = sorted(pool, key=_far)[: len(pool) // 2], min(2 * rounds, ROUNDS)

    def _moved(self, stood: Stood) -> Stood:
        """A state moved along slopes, or at random where these lead no farther."""
        if not _wanted(self.family, self.suspect):
            return stood
        after = self._along(stood)
        for _ in range(MOVES if after is stood else 0):
            after = self._better(after, after.state.moved())
        return after

    def _better(self, stood: Stood, choices: Noted) -> Stood:
        """The state of these choices where the mutant is nearer to being false; what is false is held."""
        tried = self._at(choices)
        if tried is None or not tried.near > stood.near:
            return stood
        if tried.near > 0:
            self.family.hold([tried.case], None, every=True)
        return tried

    def _along(self, stood: Stood) -> Stood:
        """The best of some least changes, in weights at random, that lead out of the mutant and not of the others."""
        state, rng = stood.state, stood.state.rng
        columns = [self._slope(stood, at) for at in state.reals]
        rows = np.array(columns).T
        free = np.asarray(np.isfinite(rows).all(axis=0))
        rows = np.where(free, rows, 0.0)
        best = stood
        for _ in range(AIMS):
            price = np.exp(1.5 * rng.normal(size=len(free)))
            change = self._change(stood, rows, free, np.concatenate([price, price]))
            if change is None:
                continue
            for part in (1.0, *SHARES):
                moves = {at: float(part * by) for at, by in zip(state.reals, change, strict=True) if by}
                best, before = self._better(best, state.changed(moves)), best
                if best is not before:
                    break
        return best

    @staticmethod
    def _change(stood: Stood, rows: Array, free: NDArray[np.bool_], price: Array) -> Array | None:
        """The least change that keeps the hypothesis and leads past the mutant's edge, or a share of the way there."""
        most = NEAR * np.concatenate([free, free])
        least, both = np.minimum(stood.rooms, ROOM) - stood.rooms, np.hstack([rows, -rows])
        for share in (1.0, *SHARES):
            least[0] = share * (_BEYOND - stood.near)
            if (change := cheapest(price, both, least, np.zeros(len(most)), most)) is not None:
                return change
        return None

    def _slope(self, stood: Stood, at: int) -> Array:
        """The slopes of each condition in one choice, of the mutant how near it is; NaN where none is known."""
        beside = self._at(stood.state.changed({at: _GRAIN}))
        if beside is None:
            return np.full(len(self.parts), np.nan)
        with np.errstate(invalid="ignore"):
            slopes: Array = (beside.rooms - stood.rooms) / _GRAIN
        slopes[0] = (beside.near - stood.near) / _GRAIN
        return slopes
