"""Where a search begins whose start is outside: what a hypothesis says of one parameter is met by setting it.

`n >= 10 and lam == 0` is met at n = 10 and lam = 0; what is said of a run's quantities is left to the search.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from derivations.declare import Model, Statement, Value
from derivations.declare.formula import RELATIONS, FormulaError

from ..ask.formula import evaluate
from .hypotheses import Part
from .space import DIGITS, Place, rounded

BEYOND = 1.01  # times a bound, where a strict comparison has to be inside it
_TURNED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "=="}
_MET = {"<=": float.__le__, ">=": float.__ge__, "<": float.__lt__, ">": float.__gt__, "==": float.__eq__}


def aimed(place: Place, statement: Statement, parts: Sequence[Part], model: Model) -> Place:
    """The place with its parameters at values that the statement and the parts of its hypothesis admit, where told."""
    params = dict(place.params)
    for only in statement.only:
        if only.values and not only.admits(params.get(only.parameter)):
            params[only.parameter] = only.values[0]
    for name, relation, bound in _asked(parts, model):
        value, there = params.get(name), _worth(bound, params)
        if there is None or (isinstance(value, int | float) and _MET[relation](float(value), there)):
            continue
        params[name] = _inside(relation, there, model.parameter(name).counted)
    return replace(place, params=params)


def settled(parts: Sequence[Part], model: Model) -> frozenset[str]:
    """The parameters that a hypothesis gives one value."""
    return frozenset(name for name, relation, _ in _asked(parts, model) if relation == "==")


def _asked(parts: Sequence[Part], model: Model) -> Iterator[tuple[str, str, str]]:
    """A parameter, a relation and a formula: what each comparison asks of a parameter that is one of its sides."""
    numbers = {each.name for each in model.parameters if each.numeric and not each.structural}
    for part in parts:
        if not isinstance(part.node, ast.Compare):
            continue
        sides = [part.node.left, *part.node.comparators]
        for left, operator, right in zip(sides, part.node.ops, sides[1:], strict=False):
            relation = RELATIONS[type(operator)]
            if isinstance(left, ast.Name) and left.id in numbers:
                yield left.id, relation, ast.unparse(right)
            if isinstance(right, ast.Name) and right.id in numbers:
                yield right.id, _TURNED[relation], ast.unparse(left)


def _worth(formula: str, params: dict[str, Value]) -> float | None:
    """A formula's value at the parameters; None where it is about more than these."""
    try:
        return evaluate(formula, params)
    except FormulaError:
        return None


def _inside(relation: str, bound: float, counted: bool) -> Value:
    """A value that a comparison with a bound admits, near it."""
    if counted:
        whole = {"<": math.ceil(bound) - 1, ">": math.floor(bound) + 1, "<=": math.floor(bound), ">=": math.ceil(bound)}
        return whole.get(relation, round(bound))
    if relation in ("<", ">"):
        outward = (relation == ">") == (bound > 0)
        near = rounded(bound * (BEYOND if outward else 1 / BEYOND), DIGITS)
        return near if bound else BEYOND - 1 if relation == ">" else 1 - BEYOND
    return bound


__all__ = ["aimed", "settled"]
