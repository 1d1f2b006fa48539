"""Formulas over quantities with named indices, as `derivations.declare` describes them, evaluated with rounding.

Every number carries the sum of the magnitudes of the terms it was made of, to first order: a comparison is then
judged relative to what cancelled in it, and not to what was left over.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dynamics.formula import FormulaError

Array = NDArray[Any]

LARGE = 1_000_000  # entries of a product that a sum takes without forming it
UNDERFLOW = 1e-290  # differences below it are products that lost digits to underflow


@dataclass(frozen=True)
class Indexed:
    """An array with the names of its indices; `size` is the sum of magnitudes behind each entry (None: exact)."""

    dims: tuple[str, ...]
    values: Array
    size: Array | None = None

    @property
    def magnitude(self) -> Array:
        """The sum of the magnitudes of the terms behind each entry; the value's own where nothing else is known."""
        return np.abs(self.values.astype(float)) if self.size is None else self.size

    def over(self, dims: tuple[str, ...]) -> Indexed:
        """The same on more indices, in that order, of length 1 where it does not depend on one."""
        order = [self.dims.index(dim) for dim in dims if dim in self.dims]
        shape = [self.values.shape[self.dims.index(dim)] if dim in self.dims else 1 for dim in dims]
        size = None if self.size is None else self.size.transpose(order).reshape(shape)
        return Indexed(dims, self.values.transpose(order).reshape(shape), size)


class Scope(Protocol):
    """Where names get their values: one set of steps of one run."""

    def named(self, name: str) -> Indexed:
        """The quantity of that name.  Raises FormulaError for an unknown one."""

    def after(self) -> Scope:
        """The same one step later."""

    def at(self, step: float) -> Scope:
        """The state at one step, without an index t."""

    def first(self, event: ast.expr) -> float:
        """The first step at which an event holds for every index; inf where none is."""


@dataclass(frozen=True)
class Comparison:
    """One comparison of a claim, entry by entry: its sides and whether it holds within the tolerance."""

    text: str
    dims: tuple[str, ...]
    left: Array
    right: Array
    holds: Array
    known: Array


@lru_cache(maxsize=1024)
def parse(text: str) -> ast.expr:
    """The syntax tree.  Raises FormulaError where it is not an expression."""
    try:
        return ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"{text!r} is not a formula; see the docstring of derivations.declare.statements") from None


def uses(text: str, function: str) -> list[ast.Call]:
    """The calls of a function, such as next, in a formula."""
    nodes = ast.walk(parse(text)) if text else []
    return [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == function]


def names(text: str) -> set[str]:
    """The names a formula mentions, indices in brackets included."""
    return {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)} if text else set()


def number(text: str, scope: Scope) -> float:
    """The value of a formula without indices.  Raises FormulaError where it has some, or no value."""
    found = evaluate(parse(text), scope)
    if found.values.size != 1:
        raise FormulaError(f"{text!r} depends on {', '.join(found.dims)}; expected one number")
    return float(found.values.reshape(()))


def comparisons(text: str, scope: Scope, tolerance: float) -> list[Comparison]:
    """A claim as its comparisons, those joined by `and` and by chains apart; anything else counts as one of its own."""
    node = parse(text)
    parts = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else [node]
    found: list[Comparison] = []
    for part in parts:
        if isinstance(part, ast.Compare):
            sides = [part.left, *part.comparators]
            for left, relation, right in zip(sides, part.ops, sides[1:], strict=False):
                shown = ast.unparse(ast.Compare(left, [relation], [right]))
                found.append(_compared(shown, relation, evaluate(left, scope), evaluate(right, scope), tolerance))
        else:
            truth = evaluate(part, scope)
            value = truth.values.astype(float)
            found.append(
                Comparison(ast.unparse(part), truth.dims, value, np.ones_like(value), value != 0, np.isfinite(value))
            )
    return found


def evaluate(node: ast.expr, scope: Scope) -> Indexed:
    """The value of an expression.  Raises FormulaError where it is outside the grammar or a name is unknown."""
    with np.errstate(all="ignore"):
        kind = _KINDS.get(type(node))
        if kind is None:
            raise FormulaError(
                f"{ast.unparse(node)!r} is not part of a formula; see the docstring of derivations.declare.statements"
            )
        return kind(node, scope)


def aligned(parts: Iterable[Indexed]) -> tuple[tuple[str, ...], list[Indexed]]:
    """All on the indices of any of them, t first."""
    found = list(parts)
    dims = tuple(dict.fromkeys(dim for part in found for dim in part.dims))
    dims = tuple(sorted(dims, key=lambda dim: dim != "t"))
    try:
        np.broadcast_shapes(*(part.over(dims).values.shape for part in found))
    except ValueError:
        shapes = ", ".join(f"{dict(zip(part.dims, part.values.shape, strict=True))}" for part in found)
        raise FormulaError(
            f"an index runs over different lengths here: {shapes}; rename one, as in gamma[j,q]"
        ) from None
    return dims, [part.over(dims) for part in found]


def _constant(node: Any, _: Scope) -> Indexed:
    if type(node.value) not in (int, float):
        raise FormulaError(f"{node.value!r} is not a number")
    return Indexed((), np.asarray(float(node.value)))


def _name(node: Any, scope: Scope) -> Indexed:
    return Indexed((), np.asarray(np.inf)) if node.id == "inf" else scope.named(node.id)


def _renamed(node: Any, scope: Scope) -> Indexed:
    """x[j,r,k]: indices renamed in order, a repeated one on the diagonal."""
    whole, labels = evaluate(node.value, scope), _labels(node.slice)
    own = [dim for dim in whole.dims if dim != "t"]
    if len(labels) != len(own):
        raise FormulaError(
            f"{ast.unparse(node)}: {len(labels)} indices; expected {len(own)} ({', '.join(own) or 'none'})"
        )
    dims = tuple("t" if dim == "t" else labels[own.index(dim)] for dim in whole.dims)
    kept = tuple(dict.fromkeys(dims))
    letter = {dim: chr(97 + at) for at, dim in enumerate(kept)}
    taken = "".join(letter[dim] for dim in dims) + "->" + "".join(letter[dim] for dim in kept)

    def pick(values: Array) -> Array:
        return values if kept == dims else np.einsum(taken, values)

    return Indexed(kept, pick(whole.values), None if whole.size is None else pick(whole.size))


def _labels(node: ast.expr) -> list[str]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    if not all(isinstance(part, ast.Name) for part in parts):
        raise FormulaError(f"[{ast.unparse(node)}]: expected names of indices, such as [j,r]")
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _binary(node: Any, scope: Scope) -> Indexed:
    dims, (a, b) = aligned((evaluate(node.left, scope), evaluate(node.right, scope)))
    x, y, p, q = a.values * 1.0, b.values * 1.0, a.magnitude, b.magnitude
    if isinstance(node.op, ast.Add | ast.Sub):
        return Indexed(dims, x + y if isinstance(node.op, ast.Add) else x - y, p + q)
    if isinstance(node.op, ast.Mult):
        return Indexed(dims, x * y, np.abs(x) * q + p * np.abs(y))
    if isinstance(node.op, ast.Div):
        value = x / y
        return Indexed(dims, value, (p + np.abs(value) * q) / np.abs(y))
    if isinstance(node.op, ast.Pow):
        value = np.power(x, y)
        slope = np.where(x == 0, 0.0, np.abs(value * y) / np.abs(x)) * p
        other = 0.0 if b.size is None else np.where(value == 0, 0.0, np.abs(value * np.log(np.abs(x)))) * q
        return Indexed(dims, value, np.abs(value) + slope + other)
    raise FormulaError(f"{ast.unparse(node)}: the operations are + - * / **")


def _unary(node: Any, scope: Scope) -> Indexed:
    part = evaluate(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return Indexed(part.dims, part.values == 0)
    if isinstance(node.op, ast.USub):
        return Indexed(part.dims, -1.0 * part.values, part.size)
    raise FormulaError(f"{ast.unparse(node)}: the operations on one number are - and not")


def _junction(node: Any, scope: Scope) -> Indexed:
    dims, parts = aligned(evaluate(part, scope) for part in node.values)
    join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
    value = parts[0].values != 0
    for part in parts[1:]:
        value = join(value, part.values != 0)
    return Indexed(dims, value)


def _comparison(node: Any, scope: Scope) -> Indexed:
    """A comparison inside a formula or an event: exact, without tolerance; false where a side has no value."""
    sides = [evaluate(part, scope) for part in (node.left, *node.comparators)]
    dims, parts = aligned(sides)
    value: Array = np.asarray(True)
    for left, relation, right in zip(parts, node.ops, parts[1:], strict=False):
        value = value & _RELATIONS[_relation(relation)](left.values, right.values)
    return Indexed(dims, np.broadcast_to(value, np.broadcast_shapes(*(part.values.shape for part in parts))))


def _compared(text: str, relation: ast.cmpop, left: Indexed, right: Indexed, tolerance: float) -> Comparison:
    dims, (a, b) = aligned((left, right))
    x, y = np.broadcast_arrays(a.values * 1.0, b.values * 1.0)
    room = tolerance * (a.magnitude + b.magnitude) + UNDERFLOW
    name = _relation(relation)
    if name == "==":
        holds = np.abs(x - y) <= room
    elif name in ("<=", ">="):
        holds = x <= y + room if name == "<=" else x + room >= y
    else:
        holds = _RELATIONS[name](x, y)
    infinite = np.isinf(x) | np.isinf(y)
    holds = np.where(infinite, _RELATIONS[name](x, y), holds)
    known = ~(np.isnan(x) | np.isnan(y)) & (infinite | np.isfinite(np.broadcast_to(room, x.shape)))
    return Comparison(text, dims, x, y, np.asarray(holds), known)


def _relation(node: ast.cmpop) -> str:
    name = {ast.LtE: "<=", ast.Lt: "<", ast.GtE: ">=", ast.Gt: ">", ast.Eq: "=="}.get(type(node))
    if name is None:
        raise FormulaError("the comparisons are <=, <, >=, > and ==; write `not` for the others")
    return name


_RELATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "<=": np.less_equal,
    "<": np.less,
    ">=": np.greater_equal,
    ">": np.greater,
    "==": np.equal,
}


def _call(node: Any, scope: Scope) -> Indexed:
    if node.keywords or not node.args:
        raise FormulaError(f"{ast.unparse(node)}: a function takes plain arguments")
    if isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
        return _reduced(node, node.func.value.id, _labels(node.func.slice), scope)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _STEPS and len(node.args) == _STEPS[name]:
        if name == "first":
            return Indexed((), np.asarray(scope.first(node.args[0])))
        if name == "next":
            return evaluate(node.args[0], scope.after())
        return evaluate(node.args[0], scope.at(0.0 if name == "start" else number(ast.unparse(node.args[1]), scope)))
    parts = [evaluate(part, scope) for part in node.args]
    if name in ("max", "min") and len(parts) > 1:
        dims, same = aligned(parts)
        value, size = same[0].values * 1.0, same[0].magnitude
        for part in same[1:]:
            value = (np.maximum if name == "max" else np.minimum)(value, part.values)
            size = np.maximum(size, part.magnitude)
        return Indexed(dims, value, np.broadcast_to(size, value.shape))
    if name in _FUNCTIONS and len(parts) == 1:
        x, part = parts[0].values * 1.0, parts[0]
        value, slope = _FUNCTIONS[name](x)
        return Indexed(part.dims, value, np.abs(value) + np.where(part.magnitude == 0, 0.0, slope * part.magnitude))
    known = ", ".join([*_FUNCTIONS, "max", "min", *_STEPS])
    raise FormulaError(
        f"{ast.unparse(node)}: {name or 'this'} is not a function of {len(parts)} arguments; "
        f"there are {known}, and max[r](x)"
    )


_STEPS = {"next": 1, "start": 1, "at": 2, "first": 1}
_FUNCTIONS: dict[str, Callable[[Array], tuple[Array, Array]]] = {  # value and the size of the slope
    "log": lambda x: (np.log(x), 1 / np.abs(x)),
    "exp": lambda x: (np.exp(x), np.exp(x)),
    "sqrt": lambda x: (np.sqrt(x), 0.5 / np.sqrt(x)),
    "abs": lambda x: (np.abs(x), np.ones_like(x)),
    "sign": lambda x: (np.sign(x), np.zeros_like(x)),
    "relu": lambda x: (np.maximum(x, 0.0), np.where(x > 0, 1.0, 0.0)),
}


def _reduced(node: Any, name: str, labels: list[str], scope: Scope) -> Indexed:
    """max[j,r](x) and its kin, with the condition of a second argument."""
    if name not in _REDUCTIONS or len(node.args) > 2:
        raise FormulaError(
            f"{ast.unparse(node)}: the reductions are {', '.join(_REDUCTIONS)}, of one quantity and one condition"
        )
    reduce, empty = _REDUCTIONS[name]
    if name == "sum" and (found := _contracted(node, labels, scope)) is not None:
        return found
    part = evaluate(node.args[0], scope)
    value, size, dims = part.values * 1.0, part.magnitude, part.dims
    if len(node.args) == 2:
        dims, (first, where) = aligned((part, evaluate(node.args[1], scope)))
        wanted, value, size = np.broadcast_arrays(where.values != 0, first.values * 1.0, first.magnitude)
        value, size = np.where(wanted, value, np.nan if name == "mean" else empty), np.where(wanted, size, 0.0)
    missing = [label for label in labels if label not in dims]
    if missing:
        raise FormulaError(
            f"{ast.unparse(node)}: there is no index {missing[0]} here; there are {', '.join(dims) or 'none'}"
        )
    axes = tuple(dims.index(label) for label in labels)
    kept = tuple(dim for dim in dims if dim not in labels)
    behind = (np.sum if name == "sum" else np.max)(size, axis=axes)
    return Indexed(kept, reduce(value, axes), behind)


def _contracted(node: Any, labels: list[str], scope: Scope) -> Indexed | None:
    """sum[i](x*y/z) without forming the product where that is large; None where it is not, or not all is finite."""
    parts = _factors(node.args[0])
    factors = [_inverse(evaluate(part, scope)) if below else evaluate(part, scope) for part, below in parts]
    factors += [evaluate(part, scope) for part in node.args[1:]]
    if len(node.args) == 2:
        factors[-1] = Indexed(factors[-1].dims, (factors[-1].values != 0).astype(float))
    dims, same = aligned(factors)
    shape = np.broadcast_shapes(*(part.values.shape for part in same))
    if len(factors) < 2 or np.prod(shape) < LARGE or not set(labels) <= set(dims):
        return None
    if not all(np.isfinite(part.values).all() and np.isfinite(part.magnitude).all() for part in factors):
        return None
    letter = {dim: chr(97 + at) for at, dim in enumerate(dims)}
    kept = tuple(dim for dim in dims if dim not in labels)
    taken = ",".join("".join(letter[dim] for dim in part.dims) for part in factors)
    taken += "->" + "".join(letter[dim] for dim in kept)

    def total(arrays: list[Array]) -> Array:
        return np.asarray(np.einsum(taken, *arrays, optimize=True))

    sizes = [np.abs(part.values.astype(float)) for part in factors]
    behind = [total([*sizes[:at], part.magnitude, *sizes[at + 1 :]]) for at, part in enumerate(factors)]
    return Indexed(kept, total([part.values * 1.0 for part in factors]), np.sum(behind, axis=0))


def _factors(node: ast.expr) -> list[tuple[ast.expr, bool]]:
    """The factors of a product, in order, and whether each is one of the denominator."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [*_factors(node.left), *((part, not below) for part, below in _factors(node.right))]
    return [(node, False)]


def _inverse(part: Indexed) -> Indexed:
    value = 1.0 / part.values
    return Indexed(part.dims, value, np.abs(value) * part.magnitude / np.abs(part.values))


_REDUCTIONS: dict[str, tuple[Callable[[Array, tuple[int, ...]], Array], float]] = {
    "max": (lambda x, axes: x.max(axis=axes), -np.inf),
    "min": (lambda x, axes: x.min(axis=axes), np.inf),
    "sum": (lambda x, axes: x.sum(axis=axes), 0.0),
    "mean": (lambda x, axes: np.nanmean(x, axis=axes), 0.0),
    "any": (lambda x, axes: (x != 0).any(axis=axes), 0.0),
    "all": (lambda x, axes: (x != 0).all(axis=axes), 1.0),
}

_KINDS: dict[type[ast.expr], Callable[[Any, Scope], Indexed]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Subscript: _renamed,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _junction,
    ast.Compare: _comparison,
    ast.Call: _call,
}
