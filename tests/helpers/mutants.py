"""Mutants of source text: every function of a module changed in one place, the ways that a slip of the pen would.

The changes: an operator or a sign turned round, a term dropped, a constant doubled or shifted, a comparison made strict
or not, an index replaced or two swapped, a loop that ends or begins one off, one name for another of its kind, a
statement left out, a condition negated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OPPOSITE: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Pow: ast.Mult,
}
_KIND = re.compile(r"^([A-Za-z]+?)(\d+|_[A-Za-z]\w*)$")  # w0 and w1, relu_mu and relu_xi


@dataclass(frozen=True)
class Mutant:
    """One change of a function of a source text: at the node `at` in the order of `ast.walk`, the change `which`."""

    name: str
    function: str
    original: str
    at: int
    which: int

    @property
    def source(self) -> str:
        """The changed text."""
        tree = ast.parse(self.original)
        node = list(ast.walk(tree))[self.at]
        function = next(each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and node in ast.walk(each))
        _, change = list(_changes(node, _names(function)))[self.which]
        change(node)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(source: str, only: Callable[[str], bool] = lambda function: True) -> list[Mutant]:
    """All mutants of the functions that `only` takes by name, in a fixed order."""
    tree, found = ast.parse(source), []
    places = {id(node): at for at, node in enumerate(ast.walk(tree))}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and only(node.name)]:
        names = _names(function)
        for node in [each for statement in _body(function) for each in ast.walk(statement)]:
            for which, (how, _) in enumerate(_changes(node, names)):
                line = getattr(node, "lineno", function.lineno)
                name = f"{function.name}, line {line}: {how} in `{_line(node)}`"
                found.append(Mutant(name, function.name, source, places[id(node)], which))
    return found


def _names(function: ast.FunctionDef) -> list[str]:
    """The names that a function's body reads or writes."""
    marked = [node for statement in _body(function) for node in ast.walk(statement)]
    return sorted({node.id for node in marked if isinstance(node, ast.Name)})


def _body(function: ast.FunctionDef) -> list[ast.stmt]:
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented else function.body


def _line(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 60 else f"{text[:57]}..."


def _changes(  # noqa: PLR0912  # one branch a kind of node
    node: ast.AST, names: list[str]
) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """(what is changed, how), for one node."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPPOSITE:
        yield "operator turned", _set_operator
        if isinstance(node.op, ast.Add | ast.Sub):
            yield "left term dropped", lambda each: _become(each, _without_left(each))
            yield "right term dropped", lambda each: _become(each, each.left)  # type: ignore[attr-defined]
        if isinstance(node.op, ast.Mult):
            yield "factor dropped", lambda each: _become(each, each.left)  # type: ignore[attr-defined]
    if isinstance(node, ast.AugAssign) and type(node.op) in _OPPOSITE:
        yield "operator turned", _set_operator
        yield "assigned instead", _assign
        yield "statement left out", _skip
    if isinstance(node, ast.Assign):
        if not _allocates(node):
            yield "statement left out", _skip
            yield "value doubled", _double
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "statement left out", _skip
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign dropped", lambda each: _become(each, each.operand)  # type: ignore[attr-defined]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        yield "comparison moved", _set_comparison
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition negated", _negate
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield "constant plus one", _plus_one
        if isinstance(node.value, float) and node.value:
            yield "constant doubled", _twice
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        yield "range one shorter", _shorter
        yield "range begins at one", _later
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) > 1:
        yield "indices swapped", _swap
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        kind = _KIND.match(node.id)
        if kind is not None:
            alike = [name for name in names if name != node.id and _same_kind(name, kind.group(1))]
            for other in alike[:1]:
                yield f"{other} for {node.id}", _renamed(other)


def _renamed(other: str) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Name)
        node.id = other

    return change


def _same_kind(name: str, prefix: str) -> bool:
    found = _KIND.match(name)
    return found is not None and found.group(1) == prefix


def _allocates(node: ast.Assign) -> bool:
    return "np.zeros" in ast.unparse(node.value) or "np.empty" in ast.unparse(node.value)


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turns the node into the other one in place."""
    node.__class__ = other.__class__
    node.__dict__ = dict(other.__dict__)


def _without_left(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BinOp)
    return node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(op=ast.USub(), operand=node.right)


def _set_operator(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp | ast.AugAssign)
    node.op = _OPPOSITE[type(node.op)]()


def _set_comparison(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops = [_OPPOSITE[type(node.ops[0])]()]


def _assign(node: ast.AST) -> None:
    assert isinstance(node, ast.AugAssign)
    _become(node, ast.Assign(targets=[node.target], value=node.value, lineno=node.lineno))


def _skip(node: ast.AST) -> None:
    _become(node, ast.Pass(lineno=getattr(node, "lineno", 0)))


def _double(node: ast.AST) -> None:
    assert isinstance(node, ast.Assign)
    node.value = ast.BinOp(left=ast.Constant(value=2), op=ast.Mult(), right=node.value)


def _negate(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)


def _plus_one(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    node.value = node.value + 1  # type: ignore[operator]


def _twice(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    node.value = 2 * node.value  # type: ignore[operator]


def _shorter(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    at = 1 if len(node.args) > 1 else 0
    node.args[at] = ast.BinOp(left=node.args[at], op=ast.Sub(), right=ast.Constant(value=1))


def _later(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    if len(node.args) == 1:
        node.args = [ast.Constant(value=1), *node.args]
    else:
        node.args[0] = ast.BinOp(left=node.args[0], op=ast.Add(), right=ast.Constant(value=1))


def _swap(node: ast.AST) -> None:
    assert isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple)
    node.slice.elts[-2:] = node.slice.elts[:-3:-1]
