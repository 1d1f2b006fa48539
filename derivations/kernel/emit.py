"""Kernel source: a recursion's schedule printed as one self-contained Python module of explicit loops.

The same text runs compiled by Numba and as plain Python, bit for bit: options are literal, floating point is strict,
sums run in one order, integer powers are products, and nothing is allocated inside the time loop.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence

from ..calculus.recursion import Recursion
from ..declare import Model
from .bilevel import TwoLevels
from .lanes.classes import ClassLanes
from .lanes.fits import fits_lanes, fits_task_lanes
from .lanes.loops import LaneDescent
from .lanes.printer import FUNCTIONS, PRIMITIVES, NoLanes
from .lanes.tasks import TaskLanes
from .layout import COLUMNS, Writer, names, reached, wrapped
from .nest_writer import scalars
from .nests import Emitter, observed
from .operations import of_step
from .timeloop import Descent

GENERATOR = 1


ENTRIES = ("directions", "run", "observe", "outputs", "adapt_all", "run_by_blas", "run_all", "run_all_abreast",
           "judge", "judge_all", "given_parts", "drawn_parts", "adapted_outputs")
TABLES = ("by_tables", "laid_out")
FROM_MATH = ("atan", "cos", "erf", "erfc", "exp", "inf", "isfinite", "log", "log1p", "sin", "sqrt", "tanh")


def module(recursion: Recursion, shown: Sequence[str], blas: bool = False, lanes: bool = False) -> str:
    """The kernel module of a recursion.

    `blas` for the variant that contracts by BLAS (large shapes), `lanes` for the one that takes eight examples at a
    time, where there is one (`on_lanes`).  `shown`: the recursion's lines in plain text, which stand in the
    module's docstring.
    """
    signed = recursion.model.network.head_axis.signed
    one_level = (LaneDescent if signed else ClassLanes) if lanes else Descent
    two_levels = TaskLanes if lanes else TwoLevels
    emitter: Emitter = (two_levels if recursion.model.algorithm.over_tasks else one_level)(recursion, blas)
    emitter.shape()
    emitter.helpers()
    emitter.loop()
    emitter.outputs_function()
    body = reached(emitter.out.text(), ENTRIES)
    out, model, used = Writer(), recursion.model, names(ast.parse(body))
    out.put(0, f'"""{model.name}: {emitter.what}, through the Gram matrix (generated; do not edit).', "")
    out.put(0, *[part for line in shown for part in wrapped(quotable(line))])
    if not lanes:
        out.put(0, "", *[part for line in operation_lines(body, model) for part in wrapped(line)])
    out.put(0, "", f"Generator {GENERATOR}, from the declaration by `python -m derivations.generate`.", '"""', "")
    out.put(0, "# ruff: noqa", "# mypy: ignore-errors")
    from_math = ", ".join(name for name in FROM_MATH if name in used)
    out.put(0, *([f"from math import {from_math}", ""] if from_math else []))
    out.put(0, "import numpy as np", "from dynamics.lazily import njit", "")
    for home, names_there in (("compiled", PRIMITIVES), ("functions", FUNCTIONS)) if lanes else ():
        out.put(0, *_imported(home, sorted(name for name in names_there if name in used)))
    tables = [name for name in TABLES if name in used]
    out.put(0, *_imported("tabled", tables))
    out.put(0, *["", ""] * bool(lanes or tables))
    return out.text() + body


def _imported(home: str, names: Sequence[str]) -> list[str]:
    """The lines that import these names of `dynamics.lanes`; none where there are none."""
    begun, listed = f"from dynamics.lanes.{home} import ", ", ".join(names)
    if len(begun + listed) <= COLUMNS:
        return [begun + listed] * bool(names)
    return [f"{begun}(", *textwrap.wrap(f"{listed},", COLUMNS, initial_indent="    ", subsequent_indent="    "), ")"]


def on_lanes(recursion: Recursion, shown: Sequence[str]) -> str | None:
    """The kernel module that takes eight examples at a time; None for a model that has none."""
    if not (fits_lanes(recursion.model) or fits_task_lanes(recursion.model)):
        return None
    try:
        return module(recursion, shown, lanes=True)
    except NoLanes:
        return None


def operation_lines(body: str, model: Model) -> list[str]:
    """What a step costs, for the module's docstring."""
    count, said = of_step(body, model)
    return [
        f"Operations of a step, at most, of {said}",
        f"  {count.additions} additions and subtractions",
        f"  {count.multiplications} multiplications and divisions",
    ]


def quotable(line: str) -> str:
    """A line as it may stand inside a docstring: no quote ends it, and nothing in it is an escape or unprintable."""
    escaped = line.replace("\\", r"\\").replace('"', r"\"")
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode() for each in escaped
    )


__all__ = ["GENERATOR", "module", "observed", "on_lanes", "scalars"]
