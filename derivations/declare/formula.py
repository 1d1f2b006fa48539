"""The grammar of formulas: text to a checked syntax tree, by Python's parser; a text is walked, never executed.

`PARAMETERS` are arithmetic of parameters, such as "1/(sqrt(2*log(8*m/delta))*log(n))": thresholds, conditions,
defaults, prescriptions.  `QUANTITIES` are statements' formulas over quantities with named indices, which hold all of
that and comparisons, logic, indices, reductions and steps besides (`derivations.declare.statements`).  What a formula
is worth is for its evaluators: `simulate.ask.formula` gives numbers, `simulate.check.formula` arrays with rounding.
This module imports neither NumPy nor SymPy.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from functools import lru_cache

from ..errors import ModelError

LITERAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")  # Python's own are wider: 0x10, 1_000, 1j
OPERATIONS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
RELATIONS: Mapping[type[ast.cmpop], str] = {
    ast.LtE: "<=", ast.Lt: "<", ast.GtE: ">=", ast.Gt: ">", ast.Eq: "==",
}
REDUCTIONS = ("max", "min", "sum", "mean", "any", "all")
STEPS: Mapping[str, int] = {"next": 1, "start": 1, "at": 2, "first": 1, "past": 1}
"""What moves a formula to other steps of a run, and how many arguments it takes."""


class FormulaError(ModelError):
    """A formula that cannot be read or has no value here; one sentence with the formula and the culprit."""


class Vanishes(FormulaError):
    """A number that is not 0 as it is written, and 0 in float64."""


class Grammar:
    """Arithmetic of parameters: numbers, names, + - * / **, functions of one argument, max and min of several."""

    functions: tuple[str, ...] = ("log", "exp", "sqrt", "abs")
    variadic: tuple[str, ...] = ("max", "min")
    written: str = "write numbers, names, + - * / ** and calls"

    @property
    def callables(self) -> tuple[str, ...]:
        """Every function's name."""
        return (*self.functions, *self.variadic)

    def operands(self, node: ast.expr, text: str) -> list[ast.expr]:
        """The parts of a node that are formulas themselves.  Raises FormulaError for a node outside the grammar."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, OPERATIONS):
            return [node.left, node.right]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise FormulaError(f"{short(text)} uses ^; write ** for a power")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            return [node.operand]
        if isinstance(node, ast.Call):
            whose = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(whose, ast.Name) and whose.id in ("np", "numpy"):
                number = short(ast.unparse(node))
                raise FormulaError(f"{number} is how NumPy writes a number; write that alone, float(x)")
            return self.arguments(node, text)
        raise self.stranger(node, text)

    def arguments(self, node: ast.Call, text: str) -> list[ast.expr]:
        """The arguments of a call that the grammar knows."""
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.stranger(node, text)
        name, count = node.func.id, len(node.args)
        if name not in self.callables:
            raise FormulaError(f"{short(text)} calls {name}; the functions are {', '.join(self.callables)}")
        if count != 1 and not (name in self.variadic and count):
            wanted = "at least one argument" if name in self.variadic else "one argument"
            raise FormulaError(f"{short(text)} gives {name} {count} arguments; it takes {wanted}")
        return node.args

    def stranger(self, node: ast.expr, text: str) -> FormulaError:
        """What is said of a node that is no part of the grammar."""
        return FormulaError(f"{short(text)} holds {short(ast.unparse(node))}, which is not arithmetic of parameters")


class QuantityGrammar(Grammar):
    """The same over quantities with indices, and comparisons, and, or, not, x[j,r], max[j,r](x, own) and steps."""

    functions = (*Grammar.functions, "sign", "relu")
    written = "docs/lemmas.md has the grammar"

    def operands(self, node: ast.expr, text: str) -> list[ast.expr]:
        """As for arithmetic."""
        if isinstance(node, ast.Compare):
            for relation in node.ops:
                if type(relation) not in RELATIONS:
                    raise FormulaError("the comparisons are <=, <, >=, > and ==; write `not` for the others")
            return [node.left, *node.comparators]
        if isinstance(node, ast.BoolOp):
            return node.values
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return [node.operand]
        if isinstance(node, ast.Subscript):
            labels(node.slice)
            return [node.value]
        return super().operands(node, text)

    def arguments(self, node: ast.Call, text: str) -> list[ast.expr]:
        """As for arithmetic; max and min of one argument reduce over indices, which are then to be named."""
        said, count = ast.unparse(node), len(node.args)
        if node.keywords or not node.args:
            raise FormulaError(f"{said}: a function takes plain arguments")
        if isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
            labels(node.func.slice)
            if node.func.value.id not in REDUCTIONS or count > 2:
                listed = ", ".join(REDUCTIONS)
                raise FormulaError(f"{said}: the reductions are {listed}, of one quantity and one condition")
            return node.args
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        fits = {**dict.fromkeys(self.functions, count == 1), **dict.fromkeys(self.variadic, count > 1)}
        if not {**fits, **{step: count == wanted for step, wanted in STEPS.items()}}.get(name, False):
            known = ", ".join([*self.callables, *STEPS])
            raise FormulaError(
                f"{said}: {name or 'this'} is not a function of {count} argument{'s' * (count > 1)}; there are "
                f"{known}, and max[r](x)"
            )
        return node.args

    def stranger(self, node: ast.expr, text: str) -> FormulaError:
        """As for arithmetic."""
        said = short(ast.unparse(node))
        return FormulaError(f"{said!r} is not part of a formula; {self.written}")


PARAMETERS, QUANTITIES = Grammar(), QuantityGrammar()


@lru_cache(maxsize=16384)
def parse(text: str, grammar: Grammar = PARAMETERS) -> ast.expr:
    """The syntax tree of a formula, checked against the grammar.  Raises FormulaError otherwise."""
    flat = " ".join(text.split())
    try:
        tree = ast.parse(flat, mode="eval").body
        _check(tree, flat, grammar)
    except (SyntaxError, MemoryError, RecursionError, ValueError) as error:
        if isinstance(error, FormulaError):
            raise
        raise FormulaError(f"{short(text)} is not a formula; {_meant(flat) or grammar.written}") from None
    return tree


@lru_cache(maxsize=16384)
def names(text: str, grammar: Grammar = PARAMETERS) -> tuple[str, ...]:
    """The names that a formula uses, indices with them and functions not, in order of appearance.

    Raises FormulaError for a text outside the grammar.
    """
    tree = parse(text, grammar)
    called = {id(_called(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in nodes))


_SIGNS = {"≤": "<=", "≥": ">=", "≠": "not x == y", "∧": "and", "∨": "or", "¬": "not", "·": "*", "−": "-",  # noqa: RUF001
          "&&": "and", "||": "or"}
_IMPLIES = ("->", "=>", "→", "⇒")


def _meant(text: str) -> str:
    """What to write in place of a sign of paper or of another language; empty where there is none."""
    if any(sign in text for sign in _IMPLIES):
        return "an implication is a claim and what it is given, or `not (x) or (y)`"
    for sign, written in _SIGNS.items():
        if sign in text:
            return f"write {written} for {sign}"
    return "write == for equality" if re.search(r"(?<![<>=!])=(?!=)", text) else ""


def labels(node: ast.expr) -> list[str]:
    """The indices in brackets.  Raises FormulaError where they are not names."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    if not all(isinstance(part, ast.Name) for part in parts):
        written = ",".join(ast.unparse(part) for part in parts)
        raise FormulaError(f"[{written}]: expected names of indices, such as [j,r]; which entries a statement is about "
                           "is for its hypothesis, as given='own', or for a condition, as one class is in "
                           "max[k,r,i](x[k,r,k], own and y == 0)")
    return [part.id for part in parts if isinstance(part, ast.Name)]


def short(text: str, limit: int = 60) -> str:
    """At most `limit` characters of a text, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def _called(function: ast.expr) -> ast.expr:
    return function.value if isinstance(function, ast.Subscript) else function


def _check(node: ast.expr, text: str, grammar: Grammar) -> None:
    if isinstance(node, ast.Constant):
        _check_number(node, text)
    elif isinstance(node, ast.Name):
        if node.id in grammar.callables:
            raise FormulaError(f"{short(text)} uses {node.id} without an argument; write {node.id}(...)")
    else:
        for part in grammar.operands(node, text):
            _check(part, text, grammar)


def _check_number(node: ast.Constant, text: str) -> None:
    """Refuses what is no finite number, what is not written in decimals, and what is not 0 and reads as 0."""
    # NOTE: `type`, because True and False are ints to isinstance.
    if type(node.value) not in (int, float) or not _finite(node.value):
        raise FormulaError(f"{short(text)} holds {node.value!r}, which is not a finite number")
    written = ast.get_source_segment(text, node) or ""
    if not LITERAL.fullmatch(written):
        raise FormulaError(f"{short(text)} holds {short(written)}; write numbers in decimals, such as 1e-3")
    if node.value == 0 and re.search("[1-9]", re.split("[eE]", written)[0]):
        raise Vanishes(f"{short(text)} holds {short(written)}, which is below the smallest number above 0, 5e-324")


def _finite(value: object) -> bool:
    try:
        return math.isfinite(float(value))  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond 1.8e308
        return False
