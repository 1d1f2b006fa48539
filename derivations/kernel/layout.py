"""A kernel's text: indented lines of at most 120 columns, arguments in groups, and only what its entry points reach."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Iterable, Sequence
from types import FunctionType, ModuleType

COLUMNS = 120
INDENT = "    "
OPTIONS = 'cache=True, fastmath=False, error_model="numpy"'
HELPER = f"@njit({OPTIONS})"
INSIDE = f"@njit({OPTIONS}, forceinline=True)"
"""Of what one place calls in a loop: a call of its own counts the references of what it hands on, by locked steps."""
JIT = f"{OPTIONS}, nogil=True"
A3, A2, A1 = "float64[:, :, ::1]", "float64[:, ::1]", "float64[::1]"

Groups = Sequence[Sequence[str]]
"""Arguments grouped by meaning, such as the state, the data, the parameters, and what is filled."""


def flat(groups: Groups) -> list[str]:
    """All arguments in order."""
    return [name for group in groups for name in group]


class Writer:
    """Lines of a module, with indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, depth: int, *lines: str) -> None:
        """Append lines at a depth of four-space indents."""
        self.lines += [(INDENT * depth + line).rstrip() for line in lines]

    def call(self, depth: int, before: str, groups: Groups, after: str = ")") -> None:
        """A call or a signature: on one line where it fits, else a line or more for each group of arguments."""
        whole = f"{INDENT * depth}{before}{', '.join(flat(groups))}{after}"
        if len(whole) <= COLUMNS:
            self.put(0, whole)
            return
        self.put(depth, before)
        for group in groups:
            pieces = [f"{name}, " for name in group]
            self.put(depth + 1, *filled(pieces, COLUMNS - len(INDENT) * (depth + 1)))
        self.put(depth, after)

    def function(self, name: str, groups: Groups, *doc: str, types: str = "") -> None:
        """The head of a compiled function; `types` is its signature where it is compiled ahead of its first call."""
        if types:
            self.put(0, "", "@njit(")
            pieces = filled(re.split(r"(?<=, )(?!:)", types), COLUMNS - 2 * len(INDENT))
            self.put(1, *[f'"{piece}"' for piece in pieces[:-1]], f'"{pieces[-1]}",', JIT)
            self.put(0, ")")
        else:
            self.put(0, "", f"@njit({JIT})")
        self.call(0, f"def {name}(", groups, "):")
        first, *more = doc
        self.put(1, *([f'"""{first}', "", *more, '"""'] if more else [f'"""{first}"""']))

    def assign(self, depth: int, target: str, value: str, said: str = "") -> None:
        """`target value`, such as `f[i] += a*b`: the value broken in brackets where it is long, `said` as a comment."""
        line = f"{INDENT * depth}{target} {value}"
        remark = f"  # {said}" if said else ""
        if len(line + remark) <= COLUMNS:
            self.put(0, line + remark)
            return
        self.put(depth, *[f"# {part}" for part in words(said, COLUMNS - len(INDENT) * depth - 2)])
        if len(line) <= COLUMNS:
            self.put(0, line)
            return
        self.put(depth, f"{target} (")
        self.put(depth + 1, *filled(re.split(r"(?<=[ *])", value), COLUMNS - len(INDENT) * (depth + 1)))
        self.put(depth, ")")

    def text(self) -> str:
        """The module's text."""
        return "\n".join(self.lines) + "\n"


def filled(pieces: Iterable[str], width: int) -> list[str]:
    """Pieces set one after another into lines of at most `width` characters; no piece is broken."""
    lines = [""]
    for piece in pieces:
        if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return lines


def words(said: str, width: int) -> list[str]:
    """Prose in lines of at most `width` characters; none for an empty text."""
    return [line.rstrip() for line in filled(re.split(r"(?<= )", said), width)] if said else []


def wrapped(line: str) -> list[str]:
    """A line of a docstring in lines of at most 120 columns, the later ones further in; a formula breaks at a term."""
    margin = line[: len(line) - len(line.lstrip())]
    width = COLUMNS - len(margin) - len(INDENT)
    terms = re.split(r"(?<= )(?=[+*\[] )", line.strip())
    pieces = [part for term in terms for part in ([term] if len(term) <= width else re.split(r"(?<= )", term))]
    first, *rest = [part.rstrip() for part in filled(pieces, width)]
    return [margin + first, *[margin + INDENT + part for part in rest]]


def copied(*modules: ModuleType) -> list[str]:
    """The functions of helper files as a kernel holds them, compiled and without types; a later name replaces."""
    functions = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }
    return [_as_held(function) for function in functions.values()]


@functools.cache
def _as_held(helper: FunctionType) -> str:
    """One function of a helper file, its annotations taken off."""
    source = inspect.getsource(helper)
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    out = Writer()
    out.put(0, HELPER)
    out.call(0, f"def {function.name}(", [[each.arg for each in function.args.args]], "):")
    out.put(0, *source.rstrip().split("\n")[function.body[0].lineno - 1 :])
    return out.text()


def reached(text: str, entries: Iterable[str]) -> str:
    """The statements of a module without the functions that no entry point calls, two blank lines between functions."""
    tree, lines = ast.parse(text), text.split("\n")
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    kept = {name for name in entries if name in functions}
    waiting = list(kept)
    while waiting:
        called = (names(functions[waiting.pop()]) & functions.keys()) - kept
        kept |= called
        waiting += sorted(called)
    blocks = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name in kept:
            decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            first = min([node.lineno, *[each.lineno for each in decorators]])
            blocks.append("\n".join(lines[first - 1 : node.end_lineno]))
    return "\n\n\n".join(blocks) + "\n"


def names(tree: ast.AST) -> set[str]:
    """Every name that code uses; read from its nodes themselves, as `ast.walk` takes five times as long."""
    found, waiting = set[str](), [tree]
    while waiting:
        node = waiting.pop()
        if type(node) is ast.Name:
            found.add(node.id)
            continue
        for part in vars(node).values():
            if isinstance(part, ast.AST):
                waiting.append(part)
            elif type(part) is list:
                waiting += [each for each in part if isinstance(each, ast.AST)]
    return found
