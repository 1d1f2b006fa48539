"""An erratum's two forms at the numbers of its witness: the sides of each comparison, and whether it holds."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from derivations.declare.formula import FormulaError
from derivations.ledger.errata import Witness

from .comparison import comparisons
from .formula import Scope
from .indexed import Indexed, Parts

TOLERANCE = 1e-10


@dataclass(frozen=True)
class Numbers:
    """The scope of formulas over numbers alone: no indices and no steps."""

    values: Mapping[str, float]
    parts: Parts = field(default_factory=Parts)

    def named(self, name: str) -> Indexed:
        """The number of that name.  Raises FormulaError for an unknown one."""
        if name not in self.values:
            raise FormulaError(f"{name!r} is not among the witness's numbers, {', '.join(self.values)}")
        return Indexed((), np.asarray(float(self.values[name])))

    def after(self) -> Scope:
        """There are no steps."""
        raise FormulaError("a witness has no steps; write its numbers as names")

    def at(self, step: float) -> Scope:
        """There are no steps."""
        return self.after()

    def first(self, event: ast.expr) -> float:
        """There are no steps."""
        raise FormulaError("a witness has no steps; write its numbers as names")

    def past(self, summand: ast.expr) -> Indexed:
        """There are no steps."""
        raise FormulaError("a witness has no steps; write its numbers as names")


@dataclass(frozen=True)
class Told:
    """A form at the numbers: whether it holds, and both sides of its comparisons."""

    holds: bool
    sides: tuple[tuple[str, float, float], ...]

    def __str__(self) -> str:
        return "; ".join(f"{text}: {left:.4g} against {right:.4g}" for text, left, right in self.sides)


def told(witness: Witness) -> tuple[Told, Told]:
    """The printed and the corrected form.  Raises FormulaError where one cannot be evaluated."""
    scope = Numbers(dict(witness.at))
    return _form(witness.printed, scope), _form(witness.corrected, scope)


def _form(text: str, scope: Numbers) -> Told:
    compared = comparisons(text, scope, TOLERANCE)
    sides = tuple((each.text, float(each.left), float(each.right)) for each in compared)
    return Told(all(bool(each.holds) and bool(each.known) for each in compared), sides)
