"""What both alphabets share: which thing an expression of the calculus is, and of what parts it is written.

An alphabet is a SymPy printer at a reading.  It says how a sign, an index, a product, a sum or a term looks; what they
are of is asked of the reading, so that the two alphabets cannot tell different things.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.printing.printer import Printer

from ..calculus.roles import (
    ConstantScalar,
    Covector,
    FormalVector,
    GramEntry,
    MixingEntry,
    PatchPreactivation,
    Preactivation,
    Role,
    ScalarOfExample,
    SumPreactivation,
    role_of,
)
from ..calculus.symbols import Vector, s
from .lines import Change, Entry, Factors, Line, Share, Shown, Term, Total, Velocity, Within
from .ranges import Range
from .readings import OneLoop
from .signs import EQUAL, GRADIENT, INNER, NEVER, POWER, RATES, SQUARE, START, SUMMED, WITHIN, Applied, Sign


class Alphabet(Printer, ABC):
    """A printer of expressions, terms and lines at a reading."""

    def __init__(self, reading: OneLoop, settings: dict[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.reading = reading

    # What each alphabet writes its own way.

    @abstractmethod
    def sign(self, sign: Sign) -> str:
        """A sign in this alphabet."""

    @abstractmethod
    def sub(self, at: Sequence[Any]) -> str:
        """An index as it stands below a symbol."""

    @abstractmethod
    def entry(self, sign: Sign, at: Sequence[Any], time: Sign) -> str:
        """A symbol at its indices and a time."""

    @abstractmethod
    def velocity(self, of: Entry) -> str:
        """The velocity of a coefficient."""

    @abstractmethod
    def total(self, total: Total) -> str:
        """A sum's sign and what it runs over."""

    @abstractmethod
    def totals(self, ranges: Sequence[Range]) -> str:
        """The signs of a sum over several indices."""

    @abstractmethod
    def applied(self, function: Applied, args: Sequence[str], over: sp.Expr, power: str) -> str:
        """A function at its arguments, the last of which, `over`, it may divide by."""

    @abstractmethod
    def share(self, share: Share) -> str:
        """A term of a decomposition."""

    @abstractmethod
    def change(self, change: Change) -> str:
        """A term of an update, signed."""

    # Lines.

    def form(self, form: Sign, *parts: str) -> str:
        """A form with its parts."""
        return self.sign(form.of(*parts))

    def show(self, shown: Shown) -> str:
        """A part of a line."""
        if isinstance(shown, Sign):
            return self.sign(shown)
        if isinstance(shown, Velocity):
            return self.velocity(shown.of)
        if isinstance(shown, Entry):
            return self.entry(shown.sign, shown.at, shown.time)
        return str(self._print(shown))

    def terms(self, line: Line) -> list[str]:
        """The right side's terms, signed."""
        return self.signed([self._term(term) for term in line.terms])

    def signed(self, shown: Sequence[str]) -> list[str]:
        """Terms, every one but the first with + before it where it has no sign of its own."""
        return [term if at == 0 or term.startswith(("-", "+ ")) else f"+ {term}" for at, term in enumerate(shown)]

    def _term(self, term: Term) -> str:
        if isinstance(term, Share):
            return self.share(term)
        if isinstance(term, Change):
            return self.change(term)
        if isinstance(term, Factors):
            shown = " ".join(self.show(factor) for factor in term.factors)
            return f"- {shown}" if term.negative else shown
        return str(self._print(term))

    # Expressions.

    def vector(self, family: str, at: Sequence[Any]) -> str:
        """A direction with its index."""
        sign, place = self.reading.vector(family, tuple(at))
        return self.entry(sign, place, NEVER)

    def _filter(self, at: Sequence[Any], time: Sign) -> str:
        return self.entry(self.reading.filters, at, time)

    def _patch(self, patch: PatchPreactivation, at: tuple[sp.Expr, ...]) -> str:
        scale, vector = self.reading.patch(patch, at[2:])
        scaled = "" if scale == 1 else f"{self._print(scale)} "
        time = START if patch.start else self.reading.filter_time
        return self.form(INNER, self._filter(at[:2], time), scaled + self.vector(*vector))

    def _of_patch(self, patch: PatchPreactivation | SumPreactivation, at: tuple[sp.Expr, ...]) -> str:
        if isinstance(patch, PatchPreactivation):
            if self.reading.of_neurons(patch.family) is not None:
                return self._seen(patch.family, at)
            return self._patch(patch, at) + (self.sign(_BY_C_4) if patch.elsewhere else "")
        if (biased := self.reading.biased(patch)) is not None:
            return self.entry(biased, at, self.reading.filter_time)
        whole = self.entry(self.reading.summed(patch), at[2:], NEVER)
        return self.form(INNER, self._filter(at[:2], self.reading.filter_time), whole)

    def _seen(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        """What a neuron sees along a vector of a family; along an axis of its own, the number there."""
        time, own = self.reading.filter_time, self.reading.of_neurons(family)
        if own is not None:
            return self.entry(own, at[:2], time)
        return self.form(INNER, self._filter(at[:2], time), self.vector(family, at[2:]))

    def _product(self, left: Vector, right: Vector, power: int = 1) -> str:
        first, second = self.vector(*left), self.vector(*right)
        return self.norm(first, 2 * power) if first == second else self.form(INNER, first, second)

    def norm(self, vector: str, power: int = 2) -> str:
        """A power of a vector's norm."""
        return self.form(SQUARE, vector) if power == 2 else self.form(POWER, vector, str(power))

    def _of_role(self, role: Role, at: tuple[sp.Expr, ...]) -> str:
        match role:
            case ScalarOfExample(name) | ConstantScalar(name) | MixingEntry(name):
                return self.entry(self.reading.scalar(name), at, NEVER)
            case SumPreactivation() | PatchPreactivation():
                return self._of_patch(role, at)
            case Preactivation(family):
                return self._seen(family, at)
            case Covector(family):
                slope = self.form(GRADIENT, self.sub(at[:2]), self.sign(self.reading.risk))
                return self.form(INNER, slope, self.vector(family, at[2:]))
            case GramEntry():
                return self._product(*self.reading.sides(role, at))
            case FormalVector(family):
                return self.vector(family, at)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        role = role_of(expr)
        if role is not None:
            return self._of_role(role, expr.indices)
        if expr.base == s:
            return str(self._print(expr.indices[0]))
        sign, time = self.reading.entry(expr.base)
        return self.entry(sign, expr.indices, time)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        role, known = role_of(expr), self.reading.symbol(str(expr))
        if role is not None:
            return self._of_role(role, ())
        return self.sign(known) if known is not None else str(super()._print_Symbol(expr))

    def square(self, expr: sp.Pow) -> str | None:
        """A power of a squared norm, as one power of the norm; None of anything else."""
        role, power = role_of(expr.base), expr.exp
        if not (isinstance(role, GramEntry) and power.is_Integer and power.is_positive):
            return None
        left, right = self.reading.sides(role, getattr(expr.base, "indices", ()))
        return self._product(left, right, int(power)) if left == right else None

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta, exp: str | None = None) -> str:
        left, right = sorted(expr.args, key=lambda arg: (bool(arg.is_number), str(arg)))
        return self.form(EQUAL, self.show(left), self.show(right))

    def _print_Sum(self, expr: sp.Sum) -> str:
        ranges = [self.reading.over(limit) for limit in expr.limits]
        return self.form(SUMMED, self.totals(ranges), self.show(expr.function))

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        name, args = type(expr).__name__, [str(self._print(arg)) for arg in expr.args]
        function = RATES[int(expr.args[0])] if name == "rate" else self.reading.functions[name]
        return self.applied(function, args, expr.args[-1], exp or "")

    def below(self, over: Range) -> str:
        """What stands below a sum, or in an indicator."""
        return self.sign(over.below(self.show))

    def collected(self, change: Change) -> tuple[str, str, list[str]]:
        """An update's term: its sign, its common factor, and the sums or the indicator that follow."""
        negative = change.common.could_extract_minus_sign()
        if isinstance(change.over, Within):
            over = [self.form(WITHIN, self.below(change.over.members))]
        else:
            over = [self.total(total) for total in change.over]
        return "-" if negative else "+", self.show(-change.common if negative else change.common), over


_BY_C_4 = Sign(" by (C.4)", r"_{\text{(C.4)}}")
