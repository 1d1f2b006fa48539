"""A hypothesis part by part, its quantities opened: how far each part is from its edge, on either side of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare.formula import QUANTITIES, RELATIONS, parse
from dynamics.arrays import Array

from .formula import evaluate
from .indexed import aligned
from .view import View

_UP = (">=", ">")


@dataclass(frozen=True)
class Part:
    """One condition that a hypothesis joins by `and`, under the name of the quantity that it stands in."""

    name: str
    node: ast.expr

    @property
    def text(self) -> str:
        """The formula."""
        return ast.unparse(self.node)

    def room(self, view: View) -> float:
        """How far inside it the nearest entry to being met is, relative to its sides: 0 on the edge, below 0 outside.

        A condition that is no comparison has no edge: 1 where it holds for some entry, -1 where it never does.
        """
        if not isinstance(self.node, ast.Compare):
            return 1.0 if np.any(evaluate(self.node, view).values) else -1.0
        sides = [evaluate(side, view) for side in (self.node.left, *self.node.comparators)]
        _, same = aligned(sides)
        values = np.broadcast_arrays(*(side.values * 1.0 for side in same))
        links = zip(values, self.node.ops, values[1:], strict=False)
        least = np.minimum.reduce([_room(RELATIONS[type(relation)], x, y) for x, relation, y in links])
        known = least[~np.isnan(least)]
        return float(known.max()) if known.size else -1.0

    def has_edge(self, view: View) -> bool:
        """Whether it is one comparison of numbers, not of entries."""
        if not isinstance(self.node, ast.Compare):
            return False
        return all(evaluate(side, view).values.size == 1 for side in (self.node.left, *self.node.comparators))


def _room(relation: str, x: Array, y: Array) -> Array:
    """How far inside `x relation y` each entry is, relative to its sides."""
    with np.errstate(all="ignore"):
        gap = np.where(x == y, 0.0, (y - x) / (np.abs(x) + np.abs(y)))
    return -np.abs(gap) if relation == "==" else -gap if relation in _UP else gap


def parts(given: str, quantities: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a hypothesis; none of an empty one."""
    return tuple(_opened(parse(given, QUANTITIES), "", quantities)) if given else ()


def _opened(node: ast.expr, name: str, quantities: Mapping[str, str]) -> Iterator[Part]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for each in node.values:
            yield from _opened(each, name, quantities)
    elif isinstance(node, ast.Name) and node.id in quantities:
        inner = parse(quantities[node.id], QUANTITIES)
        if isinstance(inner, ast.BoolOp | ast.Compare):
            yield from _opened(inner, node.id, quantities)
        else:
            yield Part(name or node.id, node)
    else:
        yield Part(name or ast.unparse(node), node)

