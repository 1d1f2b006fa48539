"""That a formula in z is a real, continuous function of every z, for every value that its parameters may have.

Roots, logarithms, divisions and powers are judged by intervals, so what is not seen to stay in its domain is refused
though it may; continuity is judged at values of the parameters.  This module imports neither NumPy nor SymPy.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ..errors import ModelError
from .arithmetic import Arithmetic, OneSided, cuts_at
from .choices import nearest_or_new
from .expression_grammar import EXPRESSIONS, VARIABLE, number_of
from .expressions import Expression
from .formula import FormulaError, short
from .parameter import Parameter

_ALIKE: Final = 1e-9
_TRIED: Final = (0.7, 1.9, 0.31)
"""What parameters are tried at, times a factor of each one's own."""


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`; `nonzero` where 0 is not among them though an end may be 0."""

    low: float
    high: float
    nonzero: bool = False

    @property
    def positive(self) -> bool:
        """Whether all are above 0."""
        return self.low > 0 or (self.low == 0 and self.nonzero)

    @property
    def has_zero(self) -> bool:
        """Whether 0 is among them."""
        return self.low <= 0 <= self.high and not self.nonzero

    def __neg__(self) -> Span:
        return Span(-self.high, -self.low, self.nonzero)

    def __add__(self, other: Span) -> Span:
        same = (self.low >= 0 and other.low >= 0) or (self.high <= 0 and other.high <= 0)
        low, high = self.low + other.low, self.high + other.high
        return Span(_real(low, -math.inf), _real(high, math.inf), same and (self.nonzero or other.nonzero))

    def __sub__(self, other: Span) -> Span:
        return self + -other

    def __mul__(self, other: Span) -> Span:
        ends = [_real(a * b, 0.0) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Span(min(ends), max(ends), not (self.has_zero or other.has_zero))

    def __truediv__(self, other: Span) -> Span:
        if other.low < 0 < other.high:
            return Span(-math.inf, math.inf, not self.has_zero)
        ends = sorted(1 / each if each else math.copysign(math.inf, other.low + other.high)
                      for each in (other.low, other.high))
        return self * Span(ends[0], ends[1], True)


_EVERY = Span(-math.inf, math.inf)


def _real(value: float, otherwise: float) -> float:
    """A value, or what stands for one that infinities leave open."""
    return otherwise if math.isnan(value) else value


def _rising(function: Callable[[float], float], low: float, high: float) -> Callable[[Span], Span]:
    """A function that rises from `low` to `high`; in floating point it may reach them."""

    def of(span: Span) -> Span:
        first, last = (low if each == -math.inf else high if each == math.inf else function(each)
                       for each in (span.low, span.high))
        return Span(first, last)

    return of


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else math.inf


_PLAIN = OneSided.functions


class Spans(Arithmetic[Span]):
    """Intervals that hold every value of a formula; raises FormulaError where a part leaves its domain."""

    functions: ClassVar[Mapping[str, Callable[[Span], Span]]] = {
        "exp": _rising(_exp, 0.0, math.inf), "log": _rising(_PLAIN["log"], -math.inf, math.inf),
        "sqrt": _rising(_PLAIN["sqrt"], 0.0, math.inf), "sin": lambda x: Span(-1.0, 1.0),
        "cos": lambda x: Span(-1.0, 1.0), "arctan": _rising(_PLAIN["arctan"], -math.pi / 2, math.pi / 2),
        "tanh": _rising(_PLAIN["tanh"], -1.0, 1.0), "sigmoid": _rising(_PLAIN["sigmoid"], 0.0, 1.0),
        "softplus": _rising(_PLAIN["softplus"], 0.0, math.inf), "erf": _rising(_PLAIN["erf"], -1.0, 1.0),
        "Phi": _rising(_PLAIN["Phi"], 0.0, 1.0),
    }

    def __init__(self, text: str) -> None:
        self.text = text

    def number(self, value: float) -> Span:
        """One number."""
        return Span(float(value), float(value), value != 0)

    def where(
        self, z: Span, cut: Span, closed: bool, above: Callable[[Span], Span], below: Callable[[Span], Span]
    ) -> Span:
        """What either side may give, each of the z that are on it."""
        upper = Span(max(z.low, cut.low), z.high, _off(z, cut, not closed and cut.low == 0))
        lower = Span(z.low, min(z.high, cut.high), _off(z, cut, closed and cut.high == 0))
        spans = [side(part) for side, part in ((above, upper), (below, lower)) if part.low <= part.high]
        return Span(min(each.low for each in spans), max(each.high for each in spans),
                    all(not each.has_zero for each in spans))

    def apply(self, node: ast.Call, at: Span) -> Span:
        """A function, where its argument is in its domain."""
        name = ast.unparse(node.func)
        if name in ("log", "sqrt") and not at.positive:
            self._leaves(f"{name} takes", node.args[0], "may be 0 or below")
        if name in ("log", "sqrt") and at.low == 0:  # which no argument reaches
            ends = self.functions[name](Span(math.ulp(0.0), at.high))
            return Span(-math.inf if name == "log" else 0.0, ends.high, name == "sqrt")
        span = super().apply(node, at)
        return Span(span.low, span.high, span.has_zero and not at.has_zero and name in ("tanh", "erf", "arctan"))

    def binary(self, node: ast.BinOp, left: Span, right: Span) -> Span:
        """An operation, where it has a value; a product of equal factors is a square."""
        if isinstance(node.op, ast.Div) and right.has_zero:
            self._leaves("it divides by", node.right, "may be 0")
        if isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right):
            return self._whole(left, 2)
        if isinstance(node.op, ast.Pow):
            whole = number_of(node.right)
            if whole is not None and whole == int(whole):
                if whole < 0 and left.has_zero:
                    self._leaves("it divides by", node.left, "may be 0")
                return self._whole(left, int(whole))
            if not left.positive:
                self._leaves("a power that is no whole number takes", node.left, "may be 0 or below")
            return Span(0.0, math.inf, True)
        return super().binary(node, left, right)

    def _whole(self, base: Span, exponent: int) -> Span:
        power = Span(1.0, 1.0, True)
        for _ in range(abs(exponent)):
            power = power * base
        if exponent % 2 == 0:
            least = 0.0 if base.low <= 0 <= base.high else min(base.low**2, base.high**2) ** (abs(exponent) // 2)
            power = Span(least, power.high if exponent else 1.0, not base.has_zero)
        return power if exponent >= 0 else self.number(1.0) / power

    def _leaves(self, what: str, node: ast.expr, why: str) -> None:
        named = [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and each.id != VARIABLE]
        given = [name for name in named if name not in EXPRESSIONS.callables]
        cure = f"; give {given[0]} a range by low, open_low or high" if given else ""
        whole = f"{short(self.text)}: {what} {short(ast.unparse(node))}, which {why}"
        raise FormulaError(f"{whole}{cure or '; write it so that it cannot'}")


def _off(z: Span, cut: Span, beyond: bool) -> bool:
    """Whether 0 is left out of one side of a cut."""
    return z.nonzero or (beyond and cut.low == cut.high)


def check(expression: Expression, parameters: Sequence[Parameter]) -> None:
    """Refuses a formula that is not real or that jumps.

    A name that none of the parameters has counts as one above 0.  Raises FormulaError, in one sentence.
    """
    known = {each.name: each for each in parameters}
    ranges = {name: _range(known.get(name)) for name in expression.constants}
    Spans(expression.text).evaluate(expression, _EVERY, ranges)
    for tried in _TRIED if expression.cuts else ():
        constants = {name: _within(ranges[name], tried * (1.0 + 0.37 * at))
                     for at, name in enumerate(expression.constants)}
        for written, at in cuts_at(expression, constants):
            sides = [_beside(expression, side, at, constants) for side in (1, -1)]
            if abs(sides[0] - sides[1]) > _ALIKE * max(1.0, *map(abs, sides)):
                said = "".join(f", {name} = {value:g}" for name, value in constants.items())
                raise FormulaError(
                    f"{short(expression.text)} jumps at z = {written} from {sides[1]:g} to {sides[0]:g}{said}; "
                    "a jump has no gradient, so make the sides meet, or give parameters a range by low and high"
                )


def _beside(expression: Expression, side: int, at: float, constants: Mapping[str, float]) -> float:
    try:
        return OneSided(side).evaluate(expression, at, constants)
    except (OverflowError, ZeroDivisionError):
        raise FormulaError(
            f"{short(expression.text)} leaves the floating-point numbers at z = {at:g}; bring its cuts nearer to 0"
        ) from None


def _range(parameter: Parameter | None) -> Span:
    if parameter is None:
        return Span(0.0, math.inf, True)
    low = -math.inf if parameter.low is None else float(parameter.low)
    high = math.inf if parameter.high is None else float(parameter.high)
    return Span(low, high, low > 0 or high < 0 or (low == 0 and parameter.open_low))


def _within(span: Span, value: float) -> float:
    """A value of a range, near the one given."""
    if span.low == -math.inf and span.high > 0:
        value = -value if round(value * 100) % 2 else value
    return min(max(value, span.low), span.high)


def check_formulas(model: Any) -> None:
    """Refuses a model's activation or loss where it is a formula that is not real or jumps, or names no parameter.

    Raises ModelError, in one sentence that begins with the field.
    """
    known = [each.name for each in model.parameters]
    kinds = {"Activation.name": model.network.activation.kind, "Objective.loss": model.objective.loss_kind}
    for field, kind in kinds.items():
        expression = getattr(kind, "expression", None)
        if expression is None:
            continue
        unknown = [name for name in expression.constants if name not in known]
        if unknown and known:
            said = f"{unknown[0]!r} in {short(expression.text)} is neither z nor a parameter of this model"
            raise ModelError(f"{field}: {said}; {nearest_or_new(unknown[0], known)}")
        try:
            check(expression, model.parameters)
        except FormulaError as error:
            raise ModelError(f"{field}: {error}") from None
