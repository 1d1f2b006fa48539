"""How many additions and multiplications a step takes, as formulas of its sizes, from the loops of the kernel itself.

The time loop is walked with sizes in place of arrays: a loop multiplies what its body costs by its length, a call costs
what the called function does, and of two branches the costlier counts, so that the formulas are upper bounds.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..calculus.roles import MixingEntry, ScalarOfExample
from ..declare import Model, rows_of

m, n, B, K, J, L, n_1, n_2, b = sp.symbols("m n B K J L n_1 n_2 b", positive=True, integer=True)
S, A, R = sp.symbols("S A R", positive=True, integer=True)
_LARGE = 1000
FLOAT = None  # what is neither a size nor an array

Shape = tuple[Any, ...]


@dataclass(frozen=True)
class Count:
    """Additions (with subtractions) and multiplications (with divisions) of floating-point numbers."""

    additions: sp.Expr = sp.S.Zero
    multiplications: sp.Expr = sp.S.Zero

    def __add__(self, other: Count) -> Count:
        return Count(self.additions + other.additions, self.multiplications + other.multiplications)

    def times(self, length: sp.Expr) -> Count:
        """The count of a loop of this length."""
        return Count(sp.expand(self.additions * length), sp.expand(self.multiplications * length))

    def or_(self, other: Count) -> Count:
        """The count of two branches of which one is taken: of either kind of operation, the more."""
        return Count(
            max(self.additions, other.additions, key=_at_large),
            max(self.multiplications, other.multiplications, key=_at_large),
        )


def _at_large(formula: sp.Expr) -> sp.Expr:
    """A formula's value where every size is large, to compare branches by."""
    return sp.sympify(formula).xreplace(dict.fromkeys(formula.free_symbols, sp.Integer(_LARGE)))


def sizes(model: Model) -> tuple[dict[str, Any], str]:
    """What `run` is given, arrays by their shapes and integers by their symbols; and what the symbols are."""
    heads = sp.Integer(model.n_heads)
    state: dict[str, Any] = {name: (heads, m, B) for name in ("z", "b", "velocity")}
    step = {"start": sp.S.Zero, "steps": sp.S.One, "lam_until": sp.S.Zero, "gram": (B, B)}
    said = f"{model.n_heads} heads, m filters"
    if model.algorithm.over_tasks:
        given = {
            "y": (K * n,), "blocks": (K, L, L), "inner": n_1, "outer": n - n_2, "inner_steps": J,
            "head": (S, S), "active": (A,), "left": (A, R), "right": (R, B - S),
        }
        return {**state, **step, **given}, (
            f"{said}, B directions, K tasks of L directions, J inner steps on n_1 examples and an outer one on n_2; "
            "by BLAS S shared and A active directions, R the factor's rank"
        )
    batched = {"batches": (sp.S.One, b), "held": (sp.S.One,), "labels": (sp.S.One, n)}
    batch = ", b of them a batch" if model.algorithm.batched else ""
    told = {name: (n,) for name in ("y", "clean", *(ScalarOfExample(each).name for each in model.varying))}
    mixed = {MixingEntry(row.name).name: (n, n) for row in rows_of(model)}
    given = {**told, **mixed, **batched}
    return {**state, **step, **given}, f"{said}, B directions, n examples{batch}"


def of_step(source: str, model: Model) -> tuple[Count, str]:
    """The operations of one step of a kernel's time loop, and what the symbols are."""
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    known, said = sizes(model)
    walk = _Walk(functions, known)
    before = [node for node in functions["run"].body if not isinstance(node, ast.For)]
    loop = next(node for node in functions["run"].body if isinstance(node, ast.For))
    walk.block(before)
    walk.known["t"] = sp.S.Zero
    return walk.block(loop.body), said


class _Walk:
    """Counts within one call of a function; `known` are its sizes and shapes so far."""

    def __init__(self, functions: dict[str, ast.FunctionDef], known: dict[str, Any]) -> None:
        self.functions, self.known = functions, known

    def block(self, body: list[ast.stmt]) -> Count:
        """Statements one after another."""
        total = Count()
        for node in body:
            total += self._statement(node)
        return total

    def _statement(self, node: ast.stmt) -> Count:
        match node:
            case ast.For(target=ast.Name(id=name), iter=over, body=body):
                length = self._length(over)
                self.known[name] = sp.S.Zero
                return self.block(body).times(length)
            case ast.If(test=test, body=body, orelse=other):
                return self._cost(test) + self.block(body).or_(self.block(other))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.known[name] = self._value(value)
                return self._cost(value)
            case ast.AugAssign(target=target, op=op, value=value):
                return self._cost(value) + self._in_place(target, op)
            case ast.Assign(value=value) | ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                return self._cost(value)
        return Count()

    def _in_place(self, target: ast.expr, op: ast.operator) -> Count:
        """`f *= kappa` costs an operation an entry of f."""
        at = self._value(target)
        if not (at is FLOAT or isinstance(at, tuple)):
            return Count()
        return _one(op).times(sp.Mul(*(at or ())))

    def _length(self, over: ast.expr) -> sp.Expr:
        if isinstance(over, ast.Call):
            bounds = [self._value(arg) for arg in over.args]
            return bounds[0] if len(bounds) == 1 else bounds[1] - bounds[0]
        return self._value(over)[0]

    def _cost(self, node: ast.AST) -> Count:
        """What an expression costs; indices and sizes cost nothing."""
        match node:
            case ast.Subscript() | ast.Attribute():
                return Count()
            case ast.IfExp(test=test, body=one, orelse=other):
                return self._cost(test) + self._cost(one).or_(self._cost(other))
            case ast.Call(func=ast.Name(id=name), args=args) if name in self.functions:
                called = self.functions[name]
                given = {to.arg: self._value(arg) for to, arg in zip(called.args.args, args, strict=True)}
                inner = _Walk(self.functions, given).block(called.body)
                return sum((self._cost(arg) for arg in args), inner)
            case ast.Call(func=ast.Attribute(attr="dot"), args=[one, other, _]):
                (rows, inner_size), (_, columns) = self._value(one), self._value(other)
                return Count(sp.S.One, sp.S.One).times(rows * inner_size * columns)
            case ast.Call(func=ast.Attribute()):
                return Count()
        own = Count()
        if isinstance(node, ast.BinOp) and self._value(node) is FLOAT:
            own = _one(node.op)
        return sum((self._cost(child) for child in ast.iter_child_nodes(node)), own)

    def _value(self, node: ast.expr) -> Any:
        """A size as an expression, an array as its shape, and anything else as FLOAT."""
        match node:
            case ast.Constant(value=int() as value):
                return sp.Integer(value)
            case ast.Name(id=name):
                return self.known.get(name, FLOAT)
            case ast.Attribute(value=of, attr=asked):
                return sp.Mul(*self._value(of)) if asked == "size" else self._value(of)
            case ast.Subscript():
                return self._entry(node)
            case ast.BinOp(left=left, op=op, right=right):
                return _arithmetic(op, self._value(left), self._value(right))
        return self._made(node)

    def _made(self, node: ast.expr) -> Shape | None:
        """The shape of an array that is made, or a shape as it is written."""
        match node:
            case ast.Call(func=ast.Attribute(attr="zeros"), args=[shape]):
                made = self._value(shape)
                return made if isinstance(made, tuple) else (made,)
            case ast.Tuple(elts=sizes) | ast.Call(func=ast.Attribute(attr="reshape"), args=sizes):
                return tuple(self._value(size) for size in sizes)
        return FLOAT

    def _entry(self, node: ast.Subscript) -> Any:
        """What indexing leaves of a shape; a slice whose end is data, as a batch's, leaves the whole axis."""
        shape, index = self._value(node.value), node.slice
        if isinstance(node.value, ast.Attribute) and isinstance(index, ast.Constant):  # z.shape[1]
            return shape[index.value]
        if shape is FLOAT:
            return FLOAT
        if isinstance(index, ast.Slice) and index.lower is not None and index.upper is not None:
            return (sp.expand(self._value(index.upper) - self._value(index.lower)), *shape[1:])
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        left = [size for size, part in zip(shape, parts, strict=False) if isinstance(part, ast.Slice)]
        return (*left, *shape[len(parts) :]) or FLOAT


def _one(op: ast.operator) -> Count:
    return Count(sp.S.One) if isinstance(op, ast.Add | ast.Sub) else Count(multiplications=sp.S.One)


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    """Of two sizes; of anything else a number."""
    if not (isinstance(left, sp.Expr) and isinstance(right, sp.Expr)):
        return FLOAT
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.FloorDiv():
            return left / right
    return FLOAT
