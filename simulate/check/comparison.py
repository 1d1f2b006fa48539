"""A claim as its comparisons, entry by entry, each judged relative to what cancelled in it."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivations.declare.formula import QUANTITIES, RELATIONS, parse

from .formula import Scope, evaluate
from .indexed import HOLDS, AnyArray, Indexed, aligned, truth

UNDERFLOW = 1e-290  # differences below it are products that lost digits to underflow


@dataclass(frozen=True)
class Comparison:
    """One comparison of a claim, entry by entry: its sides and whether it holds within the tolerance, `room`."""

    text: str
    dims: tuple[str, ...]
    left: AnyArray
    right: AnyArray
    holds: AnyArray
    known: AnyArray
    room: AnyArray


def comparisons(text: str, scope: Scope, tolerance: float) -> list[Comparison]:
    """A claim as its comparisons, those joined by `and` and by chains apart; anything else counts as one of its own."""
    compared: list[Comparison] = []
    for shown, part, relation in _parts(text):
        if relation is not None:
            left, right = (evaluate(side, scope) for side in (part.left, part.comparators[0]))
            compared.append(_compared(shown, relation, left, right, tolerance))
        else:
            said = truth(evaluate(part, scope), shown)
            value = said.values.astype(float)
            compared.append(Comparison(shown, said.dims, value, np.ones_like(value), value != 0, np.isfinite(value),
                                       np.zeros_like(value)))
    return compared


def relations(text: str) -> tuple[type[ast.cmpop] | None, ...]:
    """The relation of each comparison of a claim, in the order of `comparisons`; None of what is no comparison."""
    return tuple(None if relation is None else type(relation) for _, _, relation in _parts(text))


@functools.lru_cache(maxsize=16384)
def _parts(text: str) -> tuple[tuple[str, Any, ast.cmpop | None], ...]:
    """The comparisons of a claim: each as text and as a tree, and its relation; None of what is no comparison."""
    node, parts = parse(text, QUANTITIES), list[tuple[str, Any, ast.cmpop | None]]()
    for part in node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]:
        if not isinstance(part, ast.Compare):
            parts.append((ast.unparse(part), part, None))
            continue
        sides = [part.left, *part.comparators]
        for left, relation, right in zip(sides, part.ops, sides[1:], strict=False):
            one = ast.Compare(left, [relation], [right])
            parts.append((ast.unparse(one), one, relation))
    return tuple(parts)


def _compared(text: str, relation: ast.cmpop, left: Indexed, right: Indexed, tolerance: float) -> Comparison:
    dims, (a, b) = aligned((left, right))
    x, y = np.broadcast_arrays(a.values * 1.0, b.values * 1.0)
    name = RELATIONS[type(relation)]
    with np.errstate(all="ignore"):  # infinite sides are compared below, and NaN is not known
        room = tolerance * (a.magnitude + b.magnitude) + UNDERFLOW
        if name == "==":
            holds = np.abs(x - y) <= room
        elif name in ("<=", ">="):
            holds = x <= y + room if name == "<=" else x + room >= y
        else:
            holds = HOLDS[name](x, y)
    infinite = np.isinf(x) | np.isinf(y)
    holds = np.where(infinite, HOLDS[name](x, y), holds)
    known = ~(np.isnan(x) | np.isnan(y)) & (infinite | np.isfinite(np.broadcast_to(room, x.shape)))
    return Comparison(text, dims, x, y, np.asarray(holds), known, np.broadcast_to(room, x.shape))
