"""How wide LaTeX is on the page, from the metrics of Computer Modern: what stands in for TeX where there is none."""

from __future__ import annotations

import functools
import re

import matplotlib as mpl
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

COLUMN = 345.0
"""The width of a plain article's column at 10pt, in points."""

_LARGER = re.compile(r"\\(?:left|right|[bB]ig[lr])(?=\W)")
_CASES = re.compile(r"\\begin\{cases\} (.*?) \\end\{cases\}")
_BRACE, _QUAD = 9.0, 10.0
_PARSER = MathTextParser("path")


def environments(source: str) -> list[list[tuple[str, str]]]:
    """The rows of every `align*`, each as its left and its right side."""
    blocks = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", source, re.DOTALL)
    return [[_sides(row.removesuffix(r" \\")) for row in block.split("\n")] for block in blocks]


def _sides(row: str) -> tuple[str, str]:
    left, _, right = row.partition("&")
    return left, right


def widest(source: str) -> float:
    """The widest environment: its widest left side and its widest right one, which `align*` sets beside one another."""
    return max((max(map(width, left)) + max(map(width, right)) for left, right in _columns(source)), default=0.0)


def _columns(source: str) -> list[tuple[list[str], list[str]]]:
    return [([left for left, _ in rows], [right for _, right in rows]) for rows in environments(source)]


@functools.cache
def width(formula: str) -> float:
    """A formula's width in points, in display style at 10pt; an enlarged delimiter adds 2.5pt to the plain one."""
    cases = _CASES.search(formula)
    if cases is not None:  # a brace, and the widest piece beside the widest condition
        rows = [row.partition("&") for row in cases[1].split(r"\\ ")]
        pieces, conditions = max(width(row[0]) for row in rows), max(width(row[2]) for row in rows)
        return width(_CASES.sub("", formula, count=1)) + _BRACE + pieces + _QUAD + conditions
    larger = len(_LARGER.findall(formula))
    plain = _LARGER.sub("", formula).replace(r"\tfrac12", r"\frac{1}{2}").replace(r"\frac", r"\dfrac").strip()
    if not plain:
        return 0.0
    with mpl.rc_context({"mathtext.fontset": "cm"}):
        found = _PARSER.parse(f"${{}}{plain}{{}}$", dpi=720, prop=FontProperties(size=10))
    return float(found.width) / 10 + 2.5 * larger
