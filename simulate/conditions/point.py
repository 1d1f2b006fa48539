"""A paper's clauses and prescriptions at one parameter point: the names in formulas, both sides, intervals of C."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from derivations.declare import Clause, Conditions, Only, Prescription, Value
from derivations.declare.formula import FormulaError, names

from ..ask.derived import kappa, penalty_constant
from ..ask.formula import evaluate
from ..ask.rounding import ULP, Bounded, bounded
from .rows import NOWHERE, Interval, PrescribedRow, Row, number

_ROUNDING = 1e-10  # two sides this close, relatively, are equal: a mend is offered to twelve digits
_GIVEN = 16 * ULP  # what a real parameter is off by, relatively, which may be a decimal or solve an equation


def about(only: Only | None, values: Mapping[str, Value]) -> bool:
    """Whether a restriction admits these values; a parameter that they do not name restricts nothing."""
    return only is None or only.parameter not in values or only.admits(values[only.parameter])


class Point:
    """One parameter point: the names that formulas may use, and the clauses' values there."""

    def __init__(
        self, declared: Conditions, values: Mapping[str, Value], constant: float, steps: int | None,
        measured: Mapping[str, float],
    ) -> None:
        self.declared, self.values, self.constant, self.steps = declared, values, constant, steps
        self.measured = measured
        # A name without a number (neurons, lam_until that is not set) is left out: a formula that needs it says so.
        self.scope: dict[str, float] = {
            name: value for name, value in values.items() if isinstance(value, (int, float))
        }
        self.problems: dict[str, str] = {"T": "T, the number of steps, is not given; name it"} if steps is None else {}
        if steps is not None:
            self.scope["T"] = steps
        if values.get("neurons") in ("mean", "sum") and self.scope.get("m"):
            self.scope["kappa"] = kappa(values, self.scope["m"])
        if isinstance(values.get("penalty_half"), bool):
            self.scope["c"] = penalty_constant(values)
        self.scope.update(measured)
        self.quantities = [q for q in declared.quantities if about(q.only, values)]
        self.formulas = {q.name: q.formula for q in self.quantities if q.name not in measured}
        self.todo = dict(self.formulas)

    def moved(self, name: str, value: Value) -> Point:
        """The point with one parameter changed."""
        return Point(self.declared, {**self.values, name: value}, self.constant, self.steps, self.measured)

    def stands_on(self, formula: str) -> set[str]:
        """Every name that a formula's value depends on: quantities, and the parameters behind those not measured."""
        needed = set(names(formula))
        for name in names(formula):
            if name in self.formulas:
                needed |= self.stands_on(self.formulas[name])
            elif name == "kappa":
                needed.add("m")
        return needed

    def used(self) -> set[str]:
        """The names that the clauses and prescriptions depend on."""
        sides = [side for group in self.declared.lists for c in group.clauses for side in (c.left, c.right)]
        sides += [side for p in self.declared.prescriptions for side in (p.used, p.formula)]
        return set().union(*(self.stands_on(side) for side in sides))

    def evaluate(self, formula: str) -> float:
        """A formula's value.  Raises FormulaError with the first reason there is none."""
        for name in names(formula):
            if name in self.todo:
                self._derive(name)
            if name in self.problems:
                raise FormulaError(self.problems[name])
        return evaluate(formula, self.scope)

    def _derive(self, name: str) -> None:
        """Put a derived quantity in the scope, or the reason that it has no value among the problems."""
        try:
            self.scope[name] = self.evaluate(self.todo.pop(name))
        except FormulaError as error:
            self.problems[name] = str(error)

    def row(self, clause: Clause) -> Row:
        """A clause's row."""
        counted = about(clause.only, self.values)
        try:
            left, right = self.evaluate(clause.left), self.evaluate(clause.right)
        except FormulaError as error:
            return Row(clause=clause, problem=str(error), counted=counted)
        big, small = (right, left) if clause.relation == "<=" else (left, right)
        equal = clause.relation == "="
        interval = within_factor(left, right) if equal else interval_of(big, small, clause.power)
        if self.constant not in interval and self._holds_but_for_rounding(clause, left, right):
            interval = Interval() if clause.power == 0 else interval.reaching(self.constant)
        ratio = big / small if small > 0 else None
        return Row(
            clause=clause, left=left, right=right, ratio=ratio, interval=interval, holds=self.constant in interval,
            trivial=not equal and clause.power != 0 and small <= 0 <= big, counted=counted,
        )

    def _holds_but_for_rounding(self, clause: Clause, left: float, right: float) -> bool:
        """Whether a clause may hold exactly, as its sides miss each other by no more than their rounding."""
        factor = float(self.constant**clause.power)
        sides = (clause.left, left), (clause.right, right)
        (big, above), (small, below) = sides if clause.relation == ">=" else sides[::-1]
        pairs = [(big, above, small, below)]
        if clause.relation == "=":  # right >= left/C, and left >= right/C
            pairs.append((small, below, big, above))
        return all(self._reaches(*pair, factor) for pair in pairs)

    def _reaches(self, big: str, above: float, small: str, below: float, factor: float) -> bool:
        """Whether big >= factor small, within the rounding of both sides."""
        off = bounded(big, self._bounded)[1] + factor * bounded(small, self._bounded)[1]
        room = off + ULP * (abs(above) + factor * abs(below))
        return math.isfinite(room) and factor * below - above <= room

    def _bounded(self, name: str) -> Bounded:
        """A name's value and how far it may be from what it stands for; whole ones, and what is measured, are exact."""
        value = self.scope[name]
        if name in self.formulas:
            return value, bounded(self.formulas[name], self._bounded)[1]
        exact = name in self.measured or float(value).is_integer()
        return value, 0.0 if exact else _GIVEN * abs(value)

    def holds(self, clause: Clause) -> bool:
        """Whether a clause has a value and holds here."""
        return self.row(clause).holds is True

    def prescribed(self, prescription: Prescription) -> PrescribedRow:
        """A prescription's row."""
        used = self.value(prescription.used)
        try:
            value = self.evaluate(prescription.formula)
        except FormulaError as error:
            return PrescribedRow(prescription=prescription, used=used, value=None, ratio=None, problem=str(error))
        if prescription.cure and value <= 0:
            problem = f"{prescription.name} is {number(value)}, which prescribes no step; {prescription.cure}"
            return PrescribedRow(prescription=prescription, used=used, value=value, ratio=None, problem=problem)
        return PrescribedRow(
            prescription=prescription, used=used, value=value, ratio=_over(used, value),
            steps_ratio=_over(self.steps, value) if prescription.duration else None,
        )

    def value(self, formula: str) -> float | None:
        """A formula's value, or None where it has none."""
        try:
            return self.evaluate(formula)
        except FormulaError:
            return None


def _over(used: float | None, value: float) -> float | None:
    return None if used is None or value == 0 else used / value


def interval_of(big: float, small: float, power: Literal[1, 0, -1] = 1) -> Interval:
    """The C > 0 with big >= C^power small, for finite numbers of any sign."""
    if power == 0:
        return Interval() if big >= small else NOWHERE
    if small > 0:
        if big <= 0:
            return NOWHERE
        return Interval(high=big / small) if power == 1 else Interval(low=small / big)
    if big >= 0:
        return Interval()
    if small == 0:
        return NOWHERE
    # Both are negative: -big <= C^power (-small).
    return Interval(low=big / small) if power == 1 else Interval(high=small / big)


def within_factor(left: float, right: float) -> Interval:
    """The C with right/C <= left <= C right, for finite numbers; two zeros are equal."""
    if left == right:
        return Interval(low=1.0) if left > 0 else Interval()
    if left <= 0 or right <= 0:
        return NOWHERE
    factor = max(left / right, right / left)
    return Interval(low=1.0 if factor <= 1 + _ROUNDING else factor)
