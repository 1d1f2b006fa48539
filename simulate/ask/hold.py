"""Equations that hold at every point, such as sigma_p*sqrt(d) = 20: parsed, and solved for a parameter of each."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from derivations.declare import Parameter
from derivations.declare.formula import FormulaError, names, parse

from ..errors import InputError, nearest, quoted
from ..values import EXACT
from . import formula, values

EXAMPLE = "'sigma_p: sigma_p*sqrt(d)=20'"
_WHOLE = 1e-3  # how far the sides may be apart, relatively, where the solution had to be made a whole number
_SPAN, _RUNGS = 50, 4  # decades to either side of 1 in which an equation is searched, and values a decade
_EVEN = 64  # values between two finite ends
_NO_ROOM = "expected an equation and the parameter it is solved for, such as "

Sides = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Hold:
    """An equation of two formulas, and the name of the parameter that it is solved for, where it was given."""

    text: str
    left: str
    right: str
    parameter: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it."""
        return tuple(dict.fromkeys([*names(self.left), *names(self.right)]))

    @property
    def alone(self) -> bool:
        """Whether it is a name alone, of a quantity that is held at the value of the axis of its name."""
        return self.left == self.right


def holds(given: object) -> tuple[Hold, ...]:
    """The equations in a text or a list of texts, each LEFT=RIGHT, NAME: LEFT=RIGHT, or NAME: QUANTITY.

    A quantity alone is held at the value of the axis of its name.

    Raises:
        InputError: for anything else.
    """
    if given is None:
        return ()
    one = values.text(given)
    listed = [one] if one is not None else values.listed(given)
    if listed is None or any(values.text(each) is None for each in listed):
        raise InputError(f"hold: {quoted(given)}; {_NO_ROOM}{EXAMPLE}")
    return tuple(_hold(str(values.text(each))) for each in listed)


def _hold(text: str) -> Hold:
    solved, colon, equation = text.rpartition(":")
    name, (left, equals, right) = solved.strip(), equation.partition("=")
    if colon and not name.isidentifier():
        raise InputError(f"hold: {quoted(text)} names {quoted(name)} to solve for; {_NO_ROOM}{EXAMPLE}")
    left, right = left.strip(), right.strip() if equals else left.strip()
    try:
        hold = Hold(text, left, right, name or None)
        if not left or not right or not hold.names or (not equals and not left.isidentifier()):
            raise InputError(f"hold: {quoted(text)}; {_NO_ROOM}{EXAMPLE}")
    except FormulaError as error:
        raise InputError(f"hold: {error}; {_NO_ROOM}{EXAMPLE}") from error
    return hold


def solved_for(
    hold: Hold, declared: Sequence[Parameter], reads: Sequence[str], taken: Mapping[str, str]
) -> Parameter:
    """The parameter that an equation is solved for: the one it names, or the only one that it leaves open.

    Args:
        hold: the equation.
        declared: the model's parameters.
        reads: the parameters that its sides depend on.
        taken: what sets a parameter already, by name, in words such as "given as 2".

    Raises:
        InputError: where that parameter is none, is no number, is set already, or is not the only one.
    """
    numeric = {each.name: each for each in declared if each.numeric}
    used = [name for name in reads if name in numeric]
    name, said = hold.parameter, f"hold: {quoted(hold.text)}"
    if name is None:
        free = [each for each in used if each not in taken]
        if len(free) != 1:
            which = f"leaves {', '.join(free)} open" if free else "leaves no parameter open"
            given = [f"{each}, which is {taken[each]}" for each in used if each in taken]
            cure = f"say which is solved for, as in '{free[0]}: {hold.text}'" if free else (
                f"leave {' or '.join(given)}, to it" if given else "hold something of the parameters")
            raise InputError(f"{said} {which}; {cure}")
        name = free[0]
    if name not in numeric:
        raise InputError(f"{said} is to be solved for {quoted(name)}, which is no number's name; "
                         f"{nearest(name, numeric)}")
    if name in taken:
        raise InputError(f"{said} is to be solved for {name}, which is {taken[name]}; leave one of the two out")
    if name not in used:
        cure = f"name one of {', '.join(used)}" if used else "hold something of the parameters"
        raise InputError(f"{said} is to be solved for {name}, on which it does not depend; {cure}")
    return numeric[name]


def solution(hold: Hold, parameter: Parameter, sides: Sides, power: float | None, where: str) -> float:
    """The value of the parameter at which the two sides are equal, the only one in its range.

    Args:
        hold: the equation.
        parameter: what it is solved for; a whole number gets the nearest one, where the sides differ by 1e-3 at most.
        sides: the left and the right side at a value.  Raises FormulaError or InputError where one has none.
        power: k, where the left side over the right one is a multiple of value^k, else None.
        where: the point, for a sentence.

    Raises:
        InputError: where there is none, or more than one.
    """
    try:
        root = _of_power(parameter, sides, power) if power else _searched(hold, parameter, sides, where)
    except InputError:  # where a default that follows the parameter is out of its own range at 1
        root = _searched(hold, parameter, sides, where)
    except (FormulaError, OverflowError, ZeroDivisionError):
        root = None
    if root is None or not _inside(parameter, root):
        searched = "" if power else ", as far as a change of sign was searched"
        raise InputError(
            f"hold: {quoted(hold.text)} holds at no {parameter.name} in its range"
            f"{searched if root is None else f' (it would be {root:.6g})'}{where}; give other values"
        )
    if not parameter.whole or root >= EXACT:
        return root
    rounded = float(round(root))
    left, right = sides(rounded)
    if not _inside(parameter, rounded) or abs(left - right) > _WHOLE * max(abs(left), abs(right)):
        raise InputError(
            f"hold: {quoted(hold.text)} holds at {parameter.name} = {root:.6g}, which is no whole number{where}; "
            "solve for another parameter, or give other values"
        )
    return rounded


def _inside(parameter: Parameter, value: float) -> bool:
    low, high = parameter.low, parameter.high
    above = low is None or value > low or (value == low and not parameter.open_low)
    return math.isfinite(value) and above and (high is None or value <= high)


def _of_power(parameter: Parameter, sides: Sides, power: float | None) -> float | None:
    """The solution of c value^k = right; two of them, of opposite signs, are none where both are in the range."""
    assert power
    left, right = sides(1.0)
    ratio = right / left
    if ratio <= 0:
        return None
    root = ratio ** (1.0 / power)
    return None if _inside(parameter, -root) and float(power) % 2 == 0 else float(root)


def _searched(hold: Hold, parameter: Parameter, sides: Sides, where: str) -> float | None:
    """The only change of sign of the sides' difference among values that cover the range, refined."""
    def difference(value: float) -> float:
        try:
            left, right = sides(value)
        except (FormulaError, InputError, OverflowError):
            return math.nan
        return left - right

    tried = [(value, difference(value)) for value in _ladder(parameter)]
    zeros = [value for value, height in tried if height == 0]
    crossed = [
        (one, other) for (one, below), (other, above) in pairwise(tried) if below * above < 0
    ]
    if len(zeros) + len(crossed) > 1:
        near = sorted([*zeros, *(one for one, _ in crossed)])
        raise InputError(
            f"hold: {quoted(hold.text)} holds at more than one {parameter.name}, near "
            f"{', '.join(f'{value:.3g}' for value in near[:3])}{where}; hold something that grows or falls with it"
        )
    if zeros:
        return zeros[0]
    if not crossed:
        return None
    if parameter.whole and crossed[0][1] < EXACT:
        return _between(difference, *crossed[0])
    from scipy.optimize import brentq

    return float(brentq(difference, *crossed[0], xtol=1e-300, rtol=4 * 2.0**-52))


def _between(difference: Callable[[float], float], low: float, high: float) -> float | None:
    """A whole number at which a difference of other signs at both ends is 0, else where its line between two is.

    None where it has no value between.
    """
    ends = {low: difference(low), high: difference(high)}
    while high - low > 1:
        middle = float((int(low) + int(high)) // 2)
        height = difference(middle)
        if height == 0 or math.isnan(height):
            return middle if height == 0 else None
        ends[middle] = height
        low, high = (middle, high) if height * ends[low] > 0 else (low, middle)
    return low + ends[low] / (ends[low] - ends[high])


def _ladder(parameter: Parameter) -> list[float]:
    """Values that cover a parameter's range, in increasing order; whole ones of what is whole, which has no others."""
    positive = [10.0 ** (k / _RUNGS) for k in range(-_SPAN * _RUNGS, _SPAN * _RUNGS + 1)]
    rungs = {*positive, 0.0, *(-value for value in positive)}
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        rungs |= {low + (high - low) * k / _EVEN for k in range(_EVEN + 1)}
    rungs |= {end for end in (low, high) if end is not None}
    rungs = {float(round(value)) for value in rungs} if parameter.whole else rungs
    return sorted(value for value in rungs if _inside(parameter, value))


def power_of(text: str, name: str, reads: Callable[[str], str | None]) -> float | None:
    """k, where the formula is c name^k with c free of the name; None where it is of another form.

    `reads` gives the formula that a name in it stands for, None for a plain value.
    """
    try:
        return _power(parse(text), name, reads)
    except RecursionError:
        return None


def _power(node: ast.expr, name: str, reads: Callable[[str], str | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return 0.0
    if isinstance(node, ast.Name):
        behind = None if node.id == name else reads(node.id)
        return float(node.id == name) if behind is None else power_of(behind, name, reads)
    parts = [_power(part, name, reads) for part in _operands(node)]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if not any(known):
        return 0.0
    return _combined(node, known)


def _combined(node: ast.expr, powers: Sequence[float]) -> float | None:
    """The power of an operation on parts of which at least one has the name."""
    if isinstance(node, ast.UnaryOp):
        return powers[0]
    if isinstance(node, ast.Call):
        return powers[0] / 2 if isinstance(node.func, ast.Name) and node.func.id == "sqrt" else None
    assert isinstance(node, ast.BinOp)
    if isinstance(node.op, ast.Pow):
        written = ast.unparse(node.right)
        return None if names(written) else powers[0] * formula.evaluate(written, {})
    if isinstance(node.op, ast.Add | ast.Sub):
        return powers[0] if powers[0] == powers[1] else None
    return powers[0] + (powers[1] if isinstance(node.op, ast.Mult) else -powers[1])


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Call):
        yield from node.args


