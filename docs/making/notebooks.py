"""Notebooks as pages: their cells run in order in one namespace, each with what it prints and what it ends in."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .markdown import fenced

FOLDER = Path(__file__).parents[1] / "notebooks"


@dataclass(frozen=True)
class Cell:
    """A cell: Markdown, or code."""

    code: bool
    source: str


@dataclass(frozen=True)
class Ran:
    """A cell, what it printed, and the value of its last expression (None where it ends in none)."""

    cell: Cell
    printed: str = ""
    value: Any = None


def notebooks() -> list[Path]:
    """All notebooks."""
    return sorted(FOLDER.glob("*.ipynb"))


def cells(notebook: Path) -> list[Cell]:
    """A notebook's cells, in order."""
    document = json.loads(notebook.read_text(encoding="utf-8"))
    return [Cell(each["cell_type"] == "code", "".join(each["source"])) for each in document["cells"]]


def ran(notebook: Path) -> Iterator[Ran]:
    """The cells one after the other, the code run as Python runs a notebook's: in one namespace, stdout caught."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    for at, cell in enumerate(cells(notebook)):
        yield _run(cell, scope, f"{notebook.name}, cell {at}") if cell.code else Ran(cell)


def _run(cell: Cell, scope: dict[str, Any], where: str) -> Ran:
    body = ast.parse(cell.source, where)
    last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        exec(compile(body, where, "exec"), scope)
        value = eval(compile(ast.Expression(last.value), where, "eval"), scope) if isinstance(last, ast.Expr) else None
    return Ran(cell, caught.getvalue(), value)


def page(notebook: Path, pictures: Path) -> str:
    """The notebook as Markdown, with what its cells gave; figures go to `pictures`, a folder beside the pages'."""
    parts = [f"The notebook itself is [{notebook.name}](../notebooks/{notebook.name}); `make docs` has run its cells."]
    for at, outcome in enumerate(ran(notebook)):
        if not outcome.cell.code:
            parts.append(outcome.cell.source)
            continue
        parts.append(fenced(outcome.cell.source, "python"))
        if outcome.printed.strip():
            parts.append(fenced(outcome.printed, "text"))
        parts += _shown(outcome.value, pictures / f"{notebook.stem}-{at}.png")
    head, *rest = parts[1:]
    return "\n\n".join([head, parts[0], *rest]) + "\n"


def _shown(value: Any, picture: Path) -> list[str]:
    """What a notebook shows of a value: a figure, HTML (equations, a table), or text."""
    from matplotlib.figure import Figure

    if value is None:
        return []
    if isinstance(value, Figure):
        value.savefig(picture, dpi=160)
        return [f"![What the cell draws](/pictures/{picture.parent.name}/{picture.name})"]
    if hasattr(value, "_repr_html_"):
        return [f'<div class="shown">\n{value._repr_html_()}\n</div>'.replace("\n\n", "\n")]
    return [fenced(str(value), "text")]
