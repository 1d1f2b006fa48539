"""A statement and its mutants, held against the same runs: what is killed, what says no more, what says more and holds.

A mutant is compared with its statement entry by entry, inside the hypothesis.  One that is nowhere stricter is implied
by it: no run can kill it.  One that is stricter somewhere, looser nowhere, and false nowhere shows slack.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Statement
from derivations.declare.formula import QUANTITIES, FormulaError, parse
from derivations.declare.mutants import HYPOTHESIS, Mutant, mutants_of, opened
from dynamics.arrays import Array

from .case import Case
from .comparison import Comparison, comparisons, relations
from .formula import mentioned, number, uses
from .heard import Heard, rows_for
from .hypotheses import Part
from .indexed import Indexed, aligned
from .judge import Outcome, met, rows_of, spread
from .over_steps import Point
from .space import Place
from .suspect import Kill, Suspect
from .verdict import failure_limits

COMPARED = 12  # runs on which a mutant is compared with its statement; more until it is known to say something else
SAME = 1e-12  # relative difference of two values that are the same one, computed in another order
_OF_A_PATH = ("start", "at", "past", "first")


class Family:
    """A statement, its mutants, and the runs that spoke of them."""

    def __init__(self, statement: Statement, quantities: Mapping[str, str]) -> None:
        claim = ast.unparse(opened(parse(statement.claim, QUANTITIES), quantities))
        self.statement = replace(statement, claim=claim)
        self.quantities = quantities
        self.suspects = [Suspect(mutant) for mutant in mutants_of(statement, quantities)]
        self.runs = self.entries = 0
        self.violated: Kill | None = None
        self.best: Place | None = None
        self.score = 0.0
        self.sharpened: Family | None = None

    @property
    def of_a_path(self) -> bool:
        """Whether it is about a trajectory, and not about one step from any state, or about a draw."""
        said = self.statement
        if said.somewhere or said.since or said.until or said.at not in ("", "0"):
            return True
        return said.at != "0" and any(speaks_of_a_path(text, self.quantities) for text in (said.claim, said.given))

    @property
    def doubted(self) -> bool:
        """Whether a mutant is left that says more than its statement somewhere, so that a run can refute it."""
        return any(suspect.open and suspect.stricter for suspect in self.suspects)

    def forget(self) -> None:
        """Begins anew: what the runs so far said is not about this statement."""
        self.runs = self.entries = 0
        self.violated, self.best, self.score = None, None, 0.0
        self.suspects = [Suspect(suspect.mutant) for suspect in self.suspects]

    def hold(self, cases: Iterable[Case], place: Place | None, every: bool = False) -> None:
        """Holds the statement and the mutants that are open, or that `every` is left, against the draws of one place.

        The draws, one or several, are taken in turn.
        """
        heard = Heard(self.statement, [
            suspect for suspect in self.suspects
            if suspect.open or (every and suspect.alive)])
        for case in cases:
            heard.add(case)
        self.conclude(heard, place)

    def conclude(self, heard: Heard, place: Place | None) -> None:
        """Takes what all draws of a place say of the statement and of the mutants that are left."""
        own, first = heard.own, heard.first
        if not own or first is None:
            return
        if (kill := self._failing(self.statement, own, first)) is not None:
            self.violated = Kill(place, kill)
            return
        met = sum(outcome.entries for outcome in own)
        self.runs += bool(met)
        self.entries += met
        tight = _tightness(own)
        if met and place is not None and 1 + tight > self.score:
            self.score, self.best = 1 + tight, place
        known: list[_Margin] = []
        for at, suspect in enumerate(heard.suspects):
            if at in heard.same or not (met or suspect.mutant.change is HYPOTHESIS):
                continue
            spoke = self._suspect(suspect, heard.told[at], first, place, own)
            # It is aimed at from the place where it says more by most, and arbitrary states are no place.
            few = (suspect.compared if place is None else suspect.placed) < COMPARED
            wanted = few or not suspect.apart
            if spoke and suspect.mutant.change is not HYPOTHESIS and wanted:
                known = known or _margins(self.statement, first)
                _compare(suspect, known, first, place)

    def conclude_dropped(self, heard: Heard, place: Place) -> None:
        """Takes what all draws of a place say of mutants that drop a condition, in which they need not leave it."""
        if not heard.own or heard.first is None:
            return
        for at, suspect in enumerate(heard.suspects):
            if suspect.alive and self._failing(self.statement, heard.own, heard.first) is None:
                spoke = self._suspect(suspect, heard.told[at], heard.first, place, heard.own)
                suspect.looked += spoke and not suspect.mutant.dropped

    def _suspect(
        self, suspect: Suspect, outcomes: Sequence[Outcome] | None, first: Case, place: Place | None,
        own: Sequence[Outcome],
    ) -> bool:
        """Takes what the draws of a place say of one mutant; whether it spoke there and was not killed."""
        if outcomes is None:
            return False
        point = self._failing(suspect.mutant.statement, outcomes, first)
        if point is not None:
            suspect.killed = Kill(place, point)
            return False
        valueless = sum(outcome.unknown for outcome in outcomes)
        if valueless and suspect.mutant.change is not HYPOTHESIS and not any(outcome.unknown for outcome in own):
            suspect.killed = Kill(place, None, valueless)
            return False
        entries, met = (sum(outcome.entries for outcome in each) for each in (outcomes, own))
        beyond = suspect.mutant.change is HYPOTHESIS and entries > met
        suspect.outside += beyond
        if entries and place is not None:
            suspect.offered(1 + _towards(suspect.mutant, outcomes, first, beyond), place)
        return entries > 0

    def _failing(self, statement: Statement, outcomes: Sequence[Outcome], case: Case) -> Point | None:
        """A failing entry, where there are enough of them to refute the statement."""
        met = [outcome for outcome in outcomes if outcome.entries]
        bad = [outcome for outcome in met if outcome.failed]
        if statement.somewhere:
            bad = [outcome for outcome in bad if outcome.complete]
        if not bad:
            return None
        if statement.random:
            delta = number(statement.delta, case.view())
            if not failure_limits(len(bad), len(met))[0] > delta:
                return None
        return bad[0].first or Point(statement.claim, int(case.t[-1]), {}, 0.0, 0.0)


def speaks_of_a_path(text: str, quantities: Mapping[str, str]) -> bool:
    """Whether a formula speaks of other steps than t and t + 1, itself or through a quantity."""
    if any(uses(text, name) for name in _OF_A_PATH) or "T" in mentioned(text):
        return True
    return any(speaks_of_a_path(quantities[name], quantities) for name in mentioned(text) if name in quantities)


def _tightness(outcomes: Sequence[Outcome]) -> float:
    """1 where an entry that holds is an equality, towards 0 where the sides are far apart."""
    gaps = [outcome.closest.gap for outcome in outcomes if outcome.closest is not None]
    return 1 - min(gaps, default=1.0)


def _towards(mutant: Mutant, outcomes: Sequence[Outcome], first: Case, beyond: bool) -> float:
    """How near a mutant is to being refuted, from 0 to 2: by its sides; of a dropped condition first to leaving it."""
    if mutant.change is not HYPOTHESIS:
        return _tightness(outcomes)
    room = _room(mutant.dropped, first) if mutant.dropped else 0.0
    return 1 + (_tightness(outcomes) - room) / 2 if beyond else (1 - room) / 2


def _room(condition: str, case: Case) -> float:
    """How far inside a condition a run is, relative to its sides: from 1 down to 0 at the edge, and to -1 outside."""
    try:
        return max(-1.0, min(1.0, Part("", parse(condition, QUANTITIES)).room(case.view())))
    except FormulaError:
        return 0.0


@dataclass(frozen=True)
class _Margin:
    """How far inside a comparison each entry of the hypothesis is, between -1 and 1; an identity's sides themselves.

    NaN at entries outside the hypothesis, and where a side has no value or is beyond float64.
    """

    values: Array
    sides: Array | None


def _margins(statement: Statement, case: Case) -> list[_Margin]:
    """The margins of each comparison, at the entries where the hypothesis holds."""
    rows = spread(rows_of(statement, case)[0], rows_for(case))
    view = case.view(rows)
    given = met(statement.given, view)
    compared = comparisons(statement.claim, view, statement.tolerance)
    return [_margin(one, relation, given) for one, relation in zip(compared, relations(statement.claim), strict=True)]


def _margin(comparison: Comparison, relation: type[ast.cmpop] | None, given: Indexed) -> _Margin:
    _, parts = aligned([Indexed(comparison.dims, comparison.left), Indexed(comparison.dims, comparison.right), given])
    left, right, meant = np.broadcast_arrays(*(part.values for part in parts))
    keep = (meant != 0) & np.isfinite(left) & np.isfinite(right)
    left, right = np.where(keep, left, np.nan), np.where(keep, right, np.nan)
    if relation is None:
        return _Margin(left, None)
    with np.errstate(all="ignore"):
        gap = np.where(left == right, 0.0, (right - left) / (np.abs(left) + np.abs(right)))
    if relation is ast.Eq:
        return _Margin(-np.abs(gap), np.stack([left, right]))
    return _Margin(-gap if relation in (ast.GtE, ast.Gt) else gap, None)


def _compare(suspect: Suspect, own: Sequence[_Margin], case: Case, place: Place | None) -> None:
    """Whether the mutant is stricter, and whether looser, than its statement at some entry where both have sides."""
    suspect.compared += 1
    suspect.placed += place is not None
    for one, other in zip(own, _margins(suspect.mutant.statement, case), strict=True):
        if one.values.shape != other.values.shape:
            suspect.stricter = suspect.looser = True
        elif one.sides is not None and other.sides is not None:
            apart = np.abs(one.sides - other.sides) > SAME * np.abs(one.sides)
            suspect.stricter |= bool(apart.any())
            suspect.looser |= bool(apart.any())
        else:
            gain = float(np.fmax.reduce(one.values - other.values, axis=None, initial=0.0))
            suspect.said_more(gain if gain > SAME else 0.0, place)
            suspect.looser |= bool((other.values > one.values + SAME).any())
