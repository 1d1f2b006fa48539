"""How a kernel's text is laid out: no line is too long, nothing is imported or defined that nothing uses."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from derivations.generate import GENERATED
from derivations.kernel.writer import WIDTH, Writer, laid_out

KERNELS = sorted(path for path in GENERATED.glob("*.py") if path.stem != "__init__")
ENTRIES = {"directions", "run", "observe", "outputs", "adapt_all", "direction"}


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_a_kernel_is_tidy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [line for line in text.split("\n") if len(line) > WIDTH or line != line.rstrip()] == []
    tree = ast.parse(text)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    made = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    brought = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
               for alias in node.names}  # fmt: skip
    assert (made - ENTRIES | brought) - used == set()


LONG = [
    "    x[i] = " + " + ".join(f"weight_{k}*value_{k}[i]" for k in range(12)),
    "def run(" + ", ".join(f"argument_{k}" for k in range(20)) + "):\n    return 0",
    "    call(" + ", ".join(f"f(a_{k}, b_{k})" for k in range(20)) + ")",
]


@pytest.mark.parametrize("line", LONG)
def test_a_long_line_means_the_same_in_several(line: str) -> None:
    first, *rest = line.split("\n")
    rows = laid_out(first)
    assert len(rows) > 1 and max(map(len, rows)) <= WIDTH

    def parsed(text: str) -> str:
        import textwrap

        return ast.dump(ast.parse(textwrap.dedent(text)))

    assert parsed("\n".join([*rows, *rest])) == parsed(line)


def test_imports_are_those_that_are_needed() -> None:
    out = Writer()
    out.imports()
    out.need("sqrt")
    assert out.text().startswith("from math import sqrt\n\nimport numpy")
