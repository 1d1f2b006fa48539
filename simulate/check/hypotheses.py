"""A hypothesis part by part, its quantities opened: how far each part is from its edge, on either side of it."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare.formula import QUANTITIES, RELATIONS, labels, parse
from dynamics.arrays import Array

from .formula import evaluate
from .indexed import Indexed, aligned
from .view import View

_UP, _STRICT = (">=", ">"), (">", "<")
MOST = 20.0  # logarithms of ratios are cut here
JUST = 1e-12  # how far outside a strict comparison of equal sides is


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
        rooms = self.rooms(view).values
        known = rooms[~np.isnan(rooms)]
        return float(known.max()) if known.size else -1.0

    def rooms(self, view: View) -> Indexed:
        """The same entry by entry; NaN where a side has no value."""
        return _rooms(self.node, view)

    def logs(self, view: View) -> Indexed:
        """The logarithm of its sides' ratio, cut at MOST, entry by entry: above 0 inside; -MOST without a value."""
        rooms, edge = self.rooms(view), math.tanh(MOST / 2)
        values = np.where(np.isnan(rooms.values), -edge, np.clip(rooms.values, -edge, edge))
        return Indexed(rooms.dims, 2 * np.arctanh(values))

    def has_edge(self, view: View) -> bool:
        """Whether it is one comparison of numbers, not of entries."""
        if not isinstance(self.node, ast.Compare):
            return False
        return all(evaluate(side, view).values.size == 1 for side in (self.node.left, *self.node.comparators))


def _rooms(node: ast.expr, view: View) -> Indexed:
    """How far inside a formula of comparisons each entry is: the least of those joined by `and` or all[...]."""
    if isinstance(node, ast.Name) and node.id in view.case.quantities:
        return _rooms(parse(view.case.quantities[node.id], QUANTITIES), view)
    if isinstance(node, ast.Compare):
        sides = [evaluate(side, view) for side in (node.left, *node.comparators)]
        dims, same = aligned(sides)
        values = np.broadcast_arrays(*(side.values * 1.0 for side in same))
        links = zip(values, node.ops, values[1:], strict=False)
        return Indexed(dims, np.minimum.reduce([_room(RELATIONS[type(relation)], x, y) for x, relation, y in links]))
    if isinstance(node, ast.BoolOp):
        dims, same = aligned([_rooms(part, view) for part in node.values])
        joined = np.minimum if isinstance(node.op, ast.And) else np.maximum
        return Indexed(dims, joined.reduce(np.broadcast_arrays(*(each.values for each in same))))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
        reduced = _reduced(node, node.func.value.id, labels(node.func.slice), view)
        if reduced is not None:
            return reduced
    truth = evaluate(node, view)
    return Indexed(truth.dims, np.where(truth.values, 1.0, -1.0))


def _reduced(node: ast.Call, name: str, over: list[str], view: View) -> Indexed | None:
    """all[...] and any[...] of comparisons, over indices that these have; None of anything else."""
    if name not in ("all", "any") or len(node.args) != 1 or not isinstance(node.args[0], ast.Compare | ast.BoolOp):
        return None
    inner = _rooms(node.args[0], view)
    if not set(over) <= set(inner.dims):
        return None
    axes = tuple(inner.dims.index(label) for label in over)
    kept = tuple(dim for dim in inner.dims if dim not in over)
    return Indexed(kept, (np.min if name == "all" else np.max)(inner.values, axis=axes))


def _room(relation: str, x: Array, y: Array) -> Array:
    """How far inside `x relation y` each entry is, relative to its sides; on the edge of < and > it is outside."""
    with np.errstate(all="ignore"):
        gap = np.where(x == y, 0.0, (y - x) / (np.abs(x) + np.abs(y)))
    room = -np.abs(gap) if relation == "==" else -gap if relation in _UP else gap
    return np.where(x == y, -JUST, room) if relation in _STRICT else room


def parts(given: str, quantities: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a hypothesis; none of an empty one."""
    return tuple(_opened(parse(given, QUANTITIES), "", quantities)) if given else ()


def _opened(node: ast.expr, name: str, quantities: Mapping[str, str]) -> Iterator[Part]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _opened(part, name, quantities)
    elif isinstance(node, ast.Name) and node.id in quantities:
        inner = parse(quantities[node.id], QUANTITIES)
        if isinstance(inner, ast.BoolOp | ast.Compare):
            yield from _opened(inner, node.id, quantities)
        else:
            yield Part(name or node.id, node)
    else:
        yield Part(name or ast.unparse(node), node)

