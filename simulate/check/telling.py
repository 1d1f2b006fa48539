"""Runs that tell a mutant from its statement: places inside the hypothesis where it says more, then where it is false.

How a mutant differs is taken for one more condition, which the search of `outside` leaves inside all the others.  A
mutant that leaves a factor out says more only where that factor is on the other side of 1; one that changes a small
term of a sum is false only where that term outweighs what the statement has to spare.  Both differences are nearly
powers of the parameters, however small they are beside the sides that are compared.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from derivations.declare import Statement
from derivations.declare.formula import QUANTITIES, parse
from derivations.declare.mutants import HYPOTHESIS

from .comparison import Comparison, comparisons, relations
from .family import SAME, Family
from .hypotheses import Part, parts
from .indexed import Indexed, aligned
from .outside import chosen
from .space import Place
from .suspect import Suspect
from .view import View

if TYPE_CHECKING:
    from .hunt import Hunt

PLACES = 3  # runs where a mutant says more than its statement, from hardly to by far
ROUNDS = 3  # places at which slopes are taken on the way
CLIMBS = 8  # moves from where it came nearest to being false
ROUNDING = 0.1  # share of the sides that their tolerance is at most, where they tell
FAR, TINY = 80.0, 1e-290  # logarithms are cut at the one, what is divided by at the other


@dataclass(frozen=True)
class Difference(Part):
    """How a mutant differs from its statement, as a condition: it is left where the mutant says more.

    With s and s' what each has to spare at an entry, by log(s/s').  Where `false` it is left where the mutant is
    false, by log((s - s')/s) or the logarithm of its sides' ratio, whichever is the less: the one is flat where s' is
    most of a side, the other where one term is most of both sides.  Sides that are mostly rounding tell nothing.
    """

    own: Statement
    other: Statement
    false: bool

    def logs(self, view: View) -> Indexed:
        """The negative of that logarithm, entry by entry: FAR where a side is on its edge, or has no value."""
        pairs = zip(_spare(self.own, view), _spare(self.other, view), strict=True)
        dims, same = aligned([self._log(one, other) for one, other in pairs])
        return Indexed(dims, np.minimum.reduce(np.broadcast_arrays(*(each.values for each in same))))

    def _log(self, own: Indexed, other: Indexed) -> Indexed:
        dims, (one, two) = aligned([own, other])
        spare, less, sides, others = np.broadcast_arrays(one.values, two.values, one.magnitude, two.magnitude)
        with np.errstate(all="ignore"):
            beyond = spare - less
            known = (spare > 0) & np.isfinite(beyond) & ((beyond > SAME * sides) | (not self.false))
            logs = np.log(spare / beyond) if self.false else np.log(np.maximum(less, TINY) / spare)
            ratio = np.log((others + less) / (others - less))  # infinite where the sides differ in sign
            logs = np.maximum(logs, np.where(np.isfinite(ratio), ratio, -FAR)) if self.false else logs
        return Indexed(dims, np.clip(np.where(known, logs, FAR), -FAR, FAR))


def difference(said: Statement, other: Statement, false: bool) -> Difference:
    """How a mutant differs from its statement."""
    return Difference("", parse(other.claim, QUANTITIES), said, other, false)


def tell(hunt: Hunt) -> None:
    """Aims at each mutant that says something else than its statement and was not refuted by the moves at random."""
    for family in hunt.families if hunt.draws == 1 else ():
        for suspect in family.suspects:
            if _wanted(family, suspect):
                _tell(hunt, family, suspect)


def _wanted(family: Family, suspect: Suspect) -> bool:
    """Whether a mutant that says something else is left, by degrees."""
    return suspect.apart and family.violated is None and graded(family, suspect)


def graded(family: Family, suspect: Suspect) -> bool:
    """Whether a mutant says more or less than its statement by degrees: all of both claims are inequalities."""
    said, other = family.statement, suspect.mutant.statement
    if said.somewhere or suspect.mutant.change is HYPOTHESIS:
        return False
    return not any(each in (None, ast.Eq) for claim in (said.claim, other.claim) for each in relations(claim))


def _tell(hunt: Hunt, family: Family, suspect: Suspect) -> None:
    """Runs where it is false; first, where none is in sight, runs where it says more than its statement."""
    if suspect.best is not None and _left(hunt, family, suspect, suspect.best, false=True):
        return
    where = suspect.more or next(reversed(_left(hunt, family, suspect, family.best, false=False)), None)
    if where is not None and where is not suspect.best and _wanted(family, suspect):
        _left(hunt, family, suspect, where, false=True)


def _left(hunt: Hunt, family: Family, suspect: Suspect, start: Place | None, false: bool) -> list[Place]:
    """Places on the way out that were run, from the least far; none where none was found."""
    said, other = family.statement, suspect.mutant.statement
    apart = difference(said, other, false)
    search = hunt.outside(family, (apart, *parts(said.given, family.quantities)), start or hunt.start)
    places = chosen(replace(search, rounds=ROUNDS, part_way=True, blind=False).left(apart.text).places, PLACES)
    for place in places:
        if _wanted(family, suspect):
            hunt.hold(place, [family])
    for _ in range(CLIMBS if places else 0):
        if _wanted(family, suspect):
            hunt.aim(family, suspect, [family])
    return places


def _spare(said: Statement, view: View) -> list[Indexed]:
    """By how much each comparison of a claim holds, entry by entry, and the size of its sides; NaN where none tells."""
    compared = zip(comparisons(said.claim, view, said.tolerance), relations(said.claim), strict=True)
    return [_room(one, relation in (ast.GtE, ast.Gt)) for one, relation in compared]


def _room(one: Comparison, above: bool) -> Indexed:
    with np.errstate(all="ignore"):
        room, sides = one.left - one.right if above else one.right - one.left, np.abs(one.left) + np.abs(one.right)
        return Indexed(one.dims, np.where(one.known & (one.room <= ROUNDING * sides), room, np.nan), sides)
