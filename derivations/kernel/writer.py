"""The lines of a kernel's module: indented, at most 120 columns wide, with the imports that its functions need."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 120
_MATH = ("exp", "inf", "isfinite", "log1p", "sqrt")


class Writer:
    """Lines of a module, in order; `need` collects what it imports from math, which stands where `imports` is put."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.needed: set[str] = set()
        self.place: int | None = None

    def put(self, depth: int, *lines: str) -> None:
        """Append code at a depth of four-space indents; a line that is too long goes on below, inside its brackets."""
        for line in lines:
            self.lines += laid_out("    " * depth + line)

    def say(self, depth: int, *lines: str) -> None:
        """Append prose, wrapped under its own beginning."""
        for line in lines:
            text = "    " * depth + line
            start = " " * (len(text) - len(text.lstrip()))
            self.lines += textwrap.wrap(
                text, WIDTH, subsequent_indent=f"{start}    ", break_long_words=False, break_on_hyphens=False,
            ) or [""]  # fmt: skip

    def compiled(self, result: str, types: Iterable[str], options: str) -> None:
        """Append the decorator of a function that is compiled for these types of its arguments."""
        types = list(types)
        line = f'@njit("{result}({", ".join(types)})", {options})'
        if len(line) <= WIDTH:
            self.lines.append(line)
            return
        rows = list(filled([f"{each}, " for each in types[:-1]] + [f"{types[-1]})"], f"{result}(", WIDTH - 8))
        self.lines += ["@njit(", *[f'    "{row}"' for row in rows[:-1]], f'    "{rows[-1]}",', f"    {options},", ")"]

    def need(self, *names: str) -> None:
        """Says that functions of the math module are called."""
        self.needed |= set(names)

    def imports(self) -> None:
        """Marks where the imports stand."""
        self.place = len(self.lines)

    def text(self) -> str:
        """The module's text."""
        math = [f"from math import {', '.join(name for name in _MATH if name in self.needed)}", ""]
        found = ["import numpy as np", "from numba import njit", ""]
        at = 0 if self.place is None else self.place
        return "\n".join([*self.lines[:at], *(math if self.needed else []), *found, *self.lines[at:]]) + "\n"


def laid_out(line: str) -> list[str]:
    """The line, or where it is too long several: broken after the commas and before the sums inside its brackets."""
    if len(line) <= WIDTH:
        return [line.rstrip()]
    start = " " * (len(line) - len(line.lstrip()) + 4)
    parts = list(_parts(line))
    if len(parts) == 1 and " = " in line:  # a sum without brackets gets some
        left, right = line.split(" = ", 1)
        parts = list(_parts(f"{left} = ({right})"))
    indent = f"{start}    " if line.lstrip().startswith(("def ", "if ")) else start
    rows = list(filled(parts, "", WIDTH - len(indent)))
    return [rows[0].rstrip(), *(indent + row.strip() for row in rows[1:])]


def filled(parts: Iterable[str], first: str, width: int) -> Iterator[str]:
    """The parts in rows of at most `width` characters, or of one part that is longer; `first` begins the first row."""
    row, empty = first, True
    for part in parts:
        if not empty and len(row) + len(part.rstrip()) > width:
            yield row
            row = ""
        row, empty = row + part, False
    yield row


def _parts(line: str) -> Iterator[str]:
    """The line cut after each comma and before each sum or difference that stands inside one pair of brackets."""
    depth, part = 0, ""
    for at, sign in enumerate(line):
        depth += (sign in "([") - (sign in ")]")
        if depth == 1 and sign in "+-" and line[at - 1 : at + 2] == f" {sign} ":
            yield part
            part = ""
        part += sign
        if depth == 1 and line[at - 1 : at + 1] == ", ":
            yield part
            part = ""
    yield part
