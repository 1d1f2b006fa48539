"""The value of a formula over quantities with named indices (`derivations.declare.formula`), with its rounding.

Every number carries the sum of the magnitudes of the terms it was made of, to first order: a comparison is then
judged relative to what cancelled in it, and not to what was left over.  log(1 + x), log(1 - x) and exp(x) - 1 are
taken without forming the sum; a logarithm, a quotient or a power of what cancelled to nothing has no value.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from derivations.declare.formula import QUANTITIES, RELATIONS, STEPS, FormulaError, labels, names, parse

from .indexed import HOLDS, AnyArray, Indexed, Parts, aligned, resolved

LARGE = 1_000_000  # entries of a product that a sum takes without forming it


class Scope(Protocol):
    """Where names get their values: one set of steps of one run; `parts` are the values of parts of formulas there."""

    @property
    def parts(self) -> Parts:
        """What was evaluated here."""

    def named(self, name: str) -> Indexed:
        """The quantity of that name.  Raises FormulaError for an unknown one."""

    def after(self) -> Scope:
        """The same one step later."""

    def at(self, step: float) -> Scope:
        """The state at one step, without an index t."""

    def first(self, event: ast.expr) -> float:
        """The first step at which an event holds for every index; inf where none is."""

    def past(self, summand: ast.expr) -> Indexed:
        """The sum of an expression over the steps before t."""


@functools.lru_cache(maxsize=16384)
def uses(text: str, function: str) -> tuple[ast.Call, ...]:
    """The calls of a function, such as next, in a formula."""
    calls = [node for node in ast.walk(parse(text, QUANTITIES)) if isinstance(node, ast.Call)] if text else []
    return tuple(call for call in calls if isinstance(call.func, ast.Name) and call.func.id == function)


@functools.lru_cache(maxsize=4096)
def conditioned(text: str) -> tuple[str, ...]:
    """The reductions in a formula that go over the entries of a condition alone, such as max[r](x, own)."""
    calls = [node for node in ast.walk(parse(text, QUANTITIES)) if isinstance(node, ast.Call) and len(node.args) == 2]
    return tuple(call.func.value.id for call in calls
                 if isinstance(call.func, ast.Subscript) and isinstance(call.func.value, ast.Name))


def mentioned(text: str) -> tuple[str, ...]:
    """The names in a formula, indices in brackets included; none where there is no formula."""
    return names(text, QUANTITIES) if text else ()


def number(text: str, scope: Scope) -> float:
    """The value of a formula without indices.  Raises FormulaError where it has some, or no value."""
    return single(parse(text, QUANTITIES), scope)


def single(node: ast.expr, scope: Scope) -> float:
    """The value of an expression without indices.  Raises FormulaError as `number`."""
    indexed = evaluate(node, scope)
    if indexed.values.size != 1:
        raise FormulaError(f"{ast.unparse(node)!r} depends on {', '.join(indexed.dims)}; expected one number")
    return float(indexed.values.reshape(()))


def evaluate(node: ast.expr, scope: Scope) -> Indexed:
    """An expression's value.  Raises FormulaError where a name is unknown or indices do not fit."""
    with np.errstate(all="ignore"):
        return _value(node, scope)


def _value(node: Any, scope: Scope) -> Indexed:
    """The same inside a formula: parts that formulas share are taken once in a scope."""
    if isinstance(node, ast.Constant | ast.Name):
        return _KINDS[type(node)](node, scope)
    text = _written(node)
    part = scope.parts.get(text)
    if part is None:
        part = _KINDS[type(node)](node, scope)
        scope.parts.keep(text, part)
    return part


def _written(node: Any) -> str:
    """A node as text, written once: the trees of formulas are kept."""
    written: str | None = getattr(node, "written", None)
    if written is None:
        written = node.written = ast.unparse(node)
    return written


def _constant(node: Any, _: Scope) -> Indexed:
    return Indexed((), np.asarray(float(node.value)))


def _name(node: Any, scope: Scope) -> Indexed:
    return Indexed((), np.asarray(np.inf)) if node.id == "inf" else scope.named(node.id)


def _renamed(node: Any, scope: Scope) -> Indexed:
    """x[j,r,k]: indices renamed in order, a repeated one on the diagonal."""
    whole, renamed = _value(node.value, scope), labels(node.slice)
    own = [dim for dim in whole.dims if dim != "t"]
    if len(renamed) != len(own):
        raise FormulaError(
            f"{ast.unparse(node)}: {len(renamed)} {'index' if len(renamed) == 1 else 'indices'}; "
            f"expected {len(own)} ({', '.join(own) or 'none'})"
        )
    dims = tuple("t" if dim == "t" else renamed[own.index(dim)] for dim in whole.dims)
    kept = tuple(dict.fromkeys(dims))
    letter = {dim: chr(97 + at) for at, dim in enumerate(kept)}
    taken = "".join(letter[dim] for dim in dims) + "->" + "".join(letter[dim] for dim in kept)

    def pick(values: AnyArray) -> AnyArray:
        return values if kept == dims else np.einsum(taken, values)

    return Indexed(kept, pick(whole.values), None if whole.size is None else pick(whole.size))


def _binary(node: Any, scope: Scope) -> Indexed:
    if (power := _of_exp_less_one(node)) is not None:
        return _mapped(_value(power, scope), lambda x: (np.expm1(x), np.exp(x)))
    dims, (a, b) = aligned((_value(node.left, scope), _value(node.right, scope)))
    x, y, p, q = a.values * 1.0, b.values * 1.0, a.magnitude, b.magnitude
    if isinstance(node.op, ast.Add | ast.Sub):
        return Indexed(dims, x + y if isinstance(node.op, ast.Add) else x - y, p + q)
    if isinstance(node.op, ast.Mult):
        return Indexed(dims, x * y, np.abs(x) * q + p * np.abs(y))
    if isinstance(node.op, ast.Div):
        if not np.any(y) and not any(isinstance(each, ast.Name) for each in ast.walk(node.right)):
            raise FormulaError(f"{_written(node)!r} divides by 0 whatever the run; write inf for what has no bound")
        value = x / resolved(b)
        return Indexed(dims, value, (p + np.abs(value) * q) / np.abs(y))
    value = np.power(np.where(y < 0, resolved(a), x), y)
    slope = np.where(x == 0, 0.0, np.abs(value * y) / np.abs(x)) * p
    other = 0.0 if b.size is None else np.where(value == 0, 0.0, np.abs(value * np.log(np.abs(x)))) * q
    return Indexed(dims, value, np.abs(value) + slope + other)


def _of_exp_less_one(node: Any) -> ast.expr | None:
    """x, where the formula is exp(x) - 1."""
    less_one = isinstance(node.op, ast.Sub) and isinstance(node.right, ast.Constant) and node.right.value == 1
    called = node.left if less_one and isinstance(node.left, ast.Call) else None
    return called.args[0] if called and isinstance(called.func, ast.Name) and called.func.id == "exp" else None


def _beside_one(node: ast.expr) -> tuple[ast.expr, float] | None:
    """x and its sign, where the formula is 1 + x or 1 - x."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add | ast.Sub):
        return None
    if not isinstance(node.left, ast.Constant) or node.left.value != 1:
        return None
    return node.right, 1.0 if isinstance(node.op, ast.Add) else -1.0


def _log_beside_one(part: Indexed, sign: float) -> Indexed:
    """log(1 + x) or log(1 - x); no value where x is within its rounding of what makes it log(0)."""
    x = sign * part.values * 1.0
    rest = resolved(Indexed(part.dims, 1 + x, None if part.size is None else 1 + part.size))
    value = np.where(np.isnan(rest), np.nan, np.log1p(x))
    reach = np.where(part.magnitude == 0, 0.0, part.magnitude / np.abs(rest))
    return Indexed(part.dims, value, np.abs(value) + reach)


def _mapped(part: Indexed, function: Callable[[AnyArray], tuple[AnyArray, AnyArray]]) -> Indexed:
    """A function of one argument, which gives its value and the size of its slope."""
    value, slope = function(part.values * 1.0)
    return Indexed(part.dims, value, np.abs(value) + np.where(part.magnitude == 0, 0.0, slope * part.magnitude))


def _unary(node: Any, scope: Scope) -> Indexed:
    part = _value(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return Indexed(part.dims, part.values == 0)
    sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
    return Indexed(part.dims, sign * part.values, part.size)


def _junction(node: Any, scope: Scope) -> Indexed:
    dims, parts = aligned(_value(part, scope) for part in node.values)
    join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
    value = parts[0].values != 0
    for part in parts[1:]:
        value = join(value, part.values != 0)
    return Indexed(dims, value)


def _comparison(node: Any, scope: Scope) -> Indexed:
    """A comparison inside a formula or an event: exact, without tolerance; false where a side has no value."""
    sides = [_value(part, scope) for part in (node.left, *node.comparators)]
    dims, parts = aligned(sides)
    value: AnyArray = np.asarray(True)
    for left, relation, right in zip(parts, node.ops, parts[1:], strict=False):
        value = value & HOLDS[RELATIONS[type(relation)]](left.values, right.values)
    return Indexed(dims, np.broadcast_to(value, np.broadcast_shapes(*(part.values.shape for part in parts))))


def _call(node: Any, scope: Scope) -> Indexed:
    if isinstance(node.func, ast.Subscript):
        return _reduced(node, scope)
    name = node.func.id
    if name in STEPS:
        return _at_another_step(node, name, scope)
    if name in _EXTREMES:
        dims, same = aligned(_value(part, scope) for part in node.args)
        value, size = same[0].values * 1.0, same[0].magnitude
        for part in same[1:]:
            value, size = _EXTREMES[name](value, part.values), np.maximum(size, part.magnitude)
        return Indexed(dims, value, np.broadcast_to(size, value.shape))
    if name == "log" and (beside := _beside_one(node.args[0])) is not None:
        return _log_beside_one(_value(beside[0], scope), beside[1])
    part = _value(node.args[0], scope)
    if name == "log":
        part = Indexed(part.dims, resolved(part), part.size)
    return _mapped(part, _FUNCTIONS[name])


def _at_another_step(node: Any, name: str, scope: Scope) -> Indexed:
    if name == "first":
        return Indexed((), np.asarray(scope.first(node.args[0])))
    if name == "next":
        return _value(node.args[0], scope.after())
    if name == "past":
        return scope.past(node.args[0])
    if name == "at" and "t" in evaluate(node.args[1], scope).dims:
        raise FormulaError(f"{ast.unparse(node)!r} is at another step for every t, and at takes one, as in at(x, 10); "
                           "beside t there are next(x), at t + 1, and past(x)")
    return _value(node.args[0], scope.at(0.0 if name == "start" else single(node.args[1], scope)))


_EXTREMES: dict[str, Callable[[AnyArray, AnyArray], AnyArray]] = {"max": np.maximum, "min": np.minimum}
_FUNCTIONS: dict[str, Callable[[AnyArray], tuple[AnyArray, AnyArray]]] = {  # value and the size of the slope
    "log": lambda x: (np.log(x), 1 / np.abs(x)),
    "exp": lambda x: (np.exp(x), np.exp(x)),
    "sqrt": lambda x: (np.sqrt(x), 0.5 / np.sqrt(x)),
    "abs": lambda x: (np.abs(x), np.ones_like(x)),
    "sign": lambda x: (np.sign(x), np.zeros_like(x)),
    "relu": lambda x: (np.maximum(x, 0.0), np.where(x > 0, 1.0, 0.0)),
}


def _reduced(node: Any, scope: Scope) -> Indexed:
    """max[j,r](x) and its kin, with the condition of a second argument."""
    name, over = node.func.value.id, labels(node.func.slice)
    reduce, empty = _REDUCTIONS[name]
    if name == "sum" and (contracted := _contracted(node, over, scope)) is not None:
        return contracted
    part = _value(node.args[0], scope)
    value, size, dims = part.values * 1.0, part.magnitude, part.dims
    if len(node.args) == 2:
        dims, (first, where) = aligned((part, _value(node.args[1], scope)))
        wanted, value, size = np.broadcast_arrays(where.values != 0, first.values * 1.0, first.magnitude)
        value, size = np.where(wanted, value, np.nan if name == "mean" else empty), np.where(wanted, size, 0.0)
    missing = [label for label in over if label not in dims]
    if missing:
        raise FormulaError(
            f"{ast.unparse(node)}: there is no index {missing[0]} here; there are {', '.join(dims) or 'none'}"
        )
    axes = tuple(dims.index(label) for label in over)
    kept = tuple(dim for dim in dims if dim not in over)
    behind = (np.sum if name == "sum" else np.max)(size, axis=axes)
    return Indexed(kept, reduce(value, axes), behind)


def _contracted(node: Any, over: list[str], scope: Scope) -> Indexed | None:
    """sum[i](x*y/z) without forming the product where that is large; None where it is not, or not all is finite."""
    parts = _factors(node.args[0])
    factors = [_inverse(_value(part, scope)) if below else _value(part, scope) for part, below in parts]
    factors += [_value(part, scope) for part in node.args[1:]]
    if len(node.args) == 2:
        factors[-1] = Indexed(factors[-1].dims, (factors[-1].values != 0).astype(float))
    dims, same = aligned(factors, whole=False)
    shape = np.broadcast_shapes(*(part.values.shape for part in same))
    if len(factors) < 2 or np.prod(shape) < LARGE or not set(over) <= set(dims):
        return None
    if not all(np.isfinite(part.values).all() and np.isfinite(part.magnitude).all() for part in factors):
        return None
    letter = {dim: chr(97 + at) for at, dim in enumerate(dims)}
    kept = tuple(dim for dim in dims if dim not in over)
    taken = ",".join("".join(letter[dim] for dim in part.dims) for part in factors)
    taken += "->" + "".join(letter[dim] for dim in kept)

    def total(arrays: list[AnyArray]) -> AnyArray:
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
    value = 1.0 / resolved(part)
    return Indexed(part.dims, value, np.abs(value) * part.magnitude / np.abs(part.values))


def _mean(x: AnyArray, axes: tuple[int, ...]) -> AnyArray:
    """The mean of what is meant; NaN where nothing is, such as over an empty class."""
    with np.errstate(invalid="ignore"):
        mean: AnyArray = np.nansum(x, axis=axes) / np.count_nonzero(~np.isnan(x), axis=axes)
    return mean


_REDUCTIONS: dict[str, tuple[Callable[[AnyArray, tuple[int, ...]], AnyArray], float]] = {
    "max": (lambda x, axes: x.max(axis=axes), -np.inf),
    "min": (lambda x, axes: x.min(axis=axes), np.inf),
    "sum": (lambda x, axes: x.sum(axis=axes), 0.0),
    "mean": (_mean, 0.0),
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
