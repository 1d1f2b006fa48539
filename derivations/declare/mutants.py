"""The mutants of a statement: its formulas changed in one place each, the ways that a slip of the pen would.

A claim's constants are halved and doubled (also those that are 1 and not written), its signs and the direction of its
comparisons turned round, an index replaced, max and min exchanged, an exponent moved by one; of the hypothesis, of the
range of steps and of the claim's own conditions one is dropped.  What a mutant is worth is for `simulate.check`.
This module imports neither NumPy nor SymPy.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .formula import QUANTITIES, labels, parse
from .statements import Statement

_SCALES = (0.5, 2.0)
_WHOLE = 1e15  # whole numbers below it are written without a point
_SWAPPED = {"max": "min", "min": "max", "any": "all", "all": "any"}
_TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.Gt: ast.Lt,
}


@dataclass(frozen=True)
class Change:
    """A kind of change, by the word of a report."""

    word: str


CONSTANT = Change("constant")
SIGN = Change("sign")
DIRECTION = Change("direction")
INDEX = Change("index")
EXTREME = Change("max and min")
EXPONENT = Change("exponent")
HYPOTHESIS = Change("hypothesis")
CHANGES = (CONSTANT, SIGN, DIRECTION, INDEX, EXTREME, EXPONENT, HYPOTHESIS)


@dataclass(frozen=True)
class Mutant:
    """A statement changed in one place: the kind of change, and before and after in words.

    `part` is the piece of the claim that is changed.  `dropped` is the condition of the hypothesis that is left out.
    Of a constant, `written` is its value, `factor` what it is multiplied by, and `times` the statement with it times
    any number; else None.
    """

    statement: Statement
    change: Change
    text: str
    dropped: str = ""
    written: float | None = None
    factor: float = 1.0
    times: Callable[[float], Statement] | None = None
    part: str = ""


def mutants_of(statement: Statement, quantities: Mapping[str, str]) -> tuple[Mutant, ...]:
    """All mutants, each once, in a fixed order; `quantities` are the formulas by name, whose logic is opened."""
    claim = opened(parse(statement.claim, QUANTITIES), quantities)
    candidates = [made for edit in _edits(claim, _labels(claim)) for made in _made(statement, edit)]
    candidates += [
        Mutant(replace(left, mutant="", mutant_given=None), HYPOTHESIS, f"without {said}", dropped)
        for said, dropped, left in _dropped(statement, quantities)
    ]
    once = {(ast.unparse(claim), statement.given, statement.since, statement.until)}
    kept = []
    for mutant in candidates:
        said = (mutant.statement.claim, mutant.statement.given, mutant.statement.since, mutant.statement.until)
        if said not in once:
            once.add(said)
            kept.append(mutant)
    return tuple(replace(mutant, statement=replace(mutant.statement, id=f"{statement.id}~{at}"))
                 for at, mutant in enumerate(kept, 1))


def _made(statement: Statement, edit: _Edit) -> Iterator[Mutant]:
    """The mutants of one edit: a constant's two, or the one."""

    def times(by: float) -> Statement:
        return replace(statement, claim=ast.unparse(edit.rebuilt(edit.new(by))), mutant="", mutant_given=None)

    constant = edit.written is not None
    for by in _SCALES if constant else (1.0,):
        part = ast.unparse(edit.node)
        text = f"{part} -> {ast.unparse(edit.new(by))}"
        yield Mutant(times(by), edit.change, text, "", edit.written, by, times if constant else None, part)


def opened(node: ast.expr, quantities: Mapping[str, str]) -> ast.expr:
    """A formula with the quantities that are comparisons, or joined of these, in place of their names."""
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(node.op, [opened(part, quantities) for part in node.values])
    if isinstance(node, ast.Name) and node.id in quantities:
        inner = parse(quantities[node.id], QUANTITIES)
        return opened(inner, quantities) if isinstance(inner, ast.BoolOp | ast.Compare) else node
    return node


def parts_of(given: str, quantities: Mapping[str, str]) -> list[ast.expr]:
    """The conditions that a hypothesis joins by `and`, its quantities opened; none of an empty one."""
    return list(_parts(opened(parse(given, QUANTITIES), quantities))) if given else []


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _parts(part)
    else:
        yield node


def _dropped(statement: Statement, quantities: Mapping[str, str]) -> Iterator[tuple[str, str, Statement]]:
    """A condition of the hypothesis, or the beginning or end of the range, left out: in words and as a formula."""
    parts = [ast.unparse(part) for part in parts_of(statement.given, quantities)]
    for at, part in enumerate(parts):
        rest = " and ".join(f"({other})" for other in (*parts[:at], *parts[at + 1 :]))
        yield part, part, replace(statement, given=rest)
    if not statement.at:
        if statement.since:
            yield f"t >= {statement.since}", "", replace(statement, since="")
        if statement.until and not statement.somewhere:
            yield f"t <= {statement.until}", "", replace(statement, until="")


def _labels(tree: ast.expr) -> tuple[str, ...]:
    """The indices that a formula writes, in brackets."""
    written = [label for node in ast.walk(tree) if isinstance(node, ast.Subscript) for label in labels(node.slice)]
    return tuple(dict.fromkeys(written))


@dataclass(frozen=True)
class _Edit:
    """A node of a formula, what it becomes (a constant, for each factor), and what puts that into the formula."""

    change: Change
    node: ast.expr
    new: Callable[[float], ast.expr]
    written: float | None = None
    rebuilt: Callable[[ast.expr], ast.expr] = lambda new: new


def _edits(node: ast.expr, named: Sequence[str]) -> Iterator[_Edit]:
    """Every change of every node of a formula."""
    yield from _changes(node, named)
    for put, child in _children(node):
        for edit in _edits(child, named):
            yield replace(edit, rebuilt=_joined(put, edit.rebuilt))


def _joined(
    outer: Callable[[ast.expr], ast.expr], inner: Callable[[ast.expr], ast.expr]
) -> Callable[[ast.expr], ast.expr]:
    return lambda new: outer(inner(new))


def _changes(node: ast.expr, named: Sequence[str]) -> Iterator[_Edit]:
    """What one node may become."""
    if isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    if (value := _number(node)) is not None:
        if value:
            yield _Edit(CONSTANT, node, lambda by: _literal(by * value), value)
    elif isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield _to(SIGN, node, node.operand)
    elif isinstance(node, ast.Subscript):
        yield from (_to(INDEX, node, new) for new in _reindexed(node, named))
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _to(change: Change, node: ast.expr, new: ast.expr) -> _Edit:
    return _Edit(change, node, lambda by: new)


def _scale(node: ast.expr) -> Callable[[float], ast.expr]:
    """The factor of a constant that is not written, because it is 1."""
    return lambda by: ast.BinOp(_literal(by), ast.Mult(), node)


def _of_comparison(node: ast.Compare) -> Iterator[_Edit]:
    """Each relation turned round, and the side on its right times a constant where neither side has one."""
    sides = (node.left, *node.comparators)
    for at, relation in enumerate(node.ops):
        if type(relation) in _TURNED:
            turned = [*node.ops[:at], _TURNED[type(relation)](), *node.ops[at + 1 :]]
            yield _to(DIRECTION, node, ast.Compare(node.left, turned, node.comparators))
        if not _has_constant(sides[at]) and not _has_constant(sides[at + 1]):
            side = sides[at + 1]
            yield _Edit(CONSTANT, side, _scale(side), 1.0, _setting(node, "comparators", at))


def _of_operation(node: ast.BinOp) -> Iterator[_Edit]:
    if isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield _to(SIGN, node, ast.BinOp(node.left, other, node.right))
        for field, term in (("left", node.left), ("right", node.right)):
            if not _has_constant(term) and not (field == "left" and _is_sum(term)):
                yield _Edit(CONSTANT, term, _scale(term), 1.0, _setting(node, field))
    elif isinstance(node.op, ast.Pow) and (power := _number(node.right)) is not None:
        yield from (_to(EXPONENT, node, _power(node.left, power + by)) for by in (-1, 1))
    elif isinstance(node.op, ast.Mult | ast.Div):
        for field, side in (("left", node.left), ("right", node.right)):
            if isinstance(side, ast.Name):
                for power in (0, 2):
                    yield replace(_to(EXPONENT, side, _power(side, power)), rebuilt=_setting(node, field))


def _of_call(node: ast.Call) -> Iterator[_Edit]:
    if isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
        if node.func.value.id in _SWAPPED:
            other = ast.Name(_SWAPPED[node.func.value.id])
            yield _to(EXTREME, node, ast.Call(ast.Subscript(other, node.func.slice), node.args, []))
    elif isinstance(node.func, ast.Name) and node.func.id in _SWAPPED:
        yield _to(EXTREME, node, ast.Call(ast.Name(_SWAPPED[node.func.id]), node.args, []))
    elif isinstance(node.func, ast.Name) and node.func.id == "sqrt":
        yield _to(EXPONENT, node, node.args[0])


def _reindexed(node: ast.Subscript, named: Sequence[str]) -> Iterator[ast.expr]:
    """One index replaced by another of the formula's; two of them exchanged."""
    own = labels(node.slice)
    for at, label in enumerate(own):
        for other in named:
            if other != label:
                yield _subscript(node.value, [*own[:at], other, *own[at + 1 :]])
    for at in range(len(own) - 1):
        if own[at] != own[at + 1]:
            yield _subscript(node.value, [*own[:at], own[at + 1], own[at], *own[at + 2 :]])


def _children(node: ast.expr) -> Iterator[tuple[Callable[[ast.expr], ast.expr], ast.expr]]:
    """The parts of a node that may change, each with what puts another in its place."""
    if _number(node) is not None:
        return
    for field in ("left", "right", "operand", "value"):
        child = getattr(node, field, None)
        if isinstance(child, ast.expr) and not _said_elsewhere(node, field, child):
            yield _setting(node, field), child
    for field in ("comparators", "values", "args"):
        for at, child in enumerate(getattr(node, field, ())):
            yield _setting(node, field, at), child


def _said_elsewhere(node: ast.expr, field: str, child: ast.expr) -> bool:
    """Whether a number is an exponent, or stands over a product that has a constant: changing that one is the same."""
    if not isinstance(node, ast.BinOp) or _number(child) is None:
        return False
    over = isinstance(node.op, ast.Div) and field == "left" and _has_constant(node.right)
    return over or (isinstance(node.op, ast.Pow) and field == "right")


def _setting(node: ast.expr, field: str, at: int | None = None) -> Callable[[ast.expr], ast.expr]:
    def rebuilt(new: ast.expr) -> ast.expr:
        made = copy.copy(node)
        whole = new if at is None else [*getattr(node, field)[:at], new, *getattr(node, field)[at + 1 :]]
        setattr(made, field, whole)
        return made

    return rebuilt


def _number(node: ast.expr) -> float | None:
    """The value of a number, of its negative and of a quotient of two; None of anything else."""
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        over, under = _number(node.left), _number(node.right)
        return None if over is None or not under else over / under
    return None


def _has_constant(node: ast.expr) -> bool:
    """Whether a product has a written constant, which is then the one to change; a number is one itself."""
    if isinstance(node, ast.UnaryOp):
        return _has_constant(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        return _has_constant(node.left) or _has_constant(node.right)
    return _number(node) is not None


def _is_sum(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _power(node: ast.expr, power: float) -> ast.expr:
    if power in (0, 1):
        return node if power else ast.Constant(1)
    return ast.BinOp(node, ast.Pow(), _literal(power) if power > 0 else ast.UnaryOp(ast.USub(), _literal(-power)))


def _literal(value: float) -> ast.Constant:
    """A number as it is written by hand: 4, not 4.0."""
    return ast.Constant(int(value) if value == int(value) and abs(value) < _WHOLE else value)


def _subscript(value: ast.expr, names: Sequence[str]) -> ast.Subscript:
    named: list[ast.expr] = [ast.Name(name) for name in names]
    return ast.Subscript(value, named[0] if len(named) == 1 else ast.Tuple(named))
