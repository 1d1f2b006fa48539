"""Kernel source: a recursion's schedule printed as one self-contained Python module of explicit loops.

The same text runs compiled by Numba and as plain Python, bit for bit: options are literal, floating point is strict,
sums run in one order, integer powers are products, and nothing is allocated inside the time loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..calculus.recursion import Recursion
from .bilevel import TwoLevels
from .nests import Emitter, observed, scalars
from .timeloop import Descent

GENERATOR = 1


def module(recursion: Recursion, shown: Sequence[str], blas: bool = False) -> str:
    """The kernel module of a recursion; `blas` for the variant that contracts by BLAS (large shapes).

    `shown`: the recursion's lines in plain text, which stand in the module's docstring.
    """
    emitter: Emitter = (TwoLevels if recursion.model.algorithm.over_tasks else Descent)(recursion, blas)
    out, model = emitter.out, recursion.model
    out.say(0, f'"""{model.name}: {emitter.what}, through the Gram matrix (generated; do not edit).', "")
    out.say(0, *map(quotable, shown))
    out.put(0, "", f"Generator {GENERATOR}, from the declaration by `python -m derivations.generate`.", '"""', "")
    out.put(0, "# ruff: noqa", "# mypy: ignore-errors")
    out.imports()
    emitter.shape()
    emitter.helpers()
    emitter.loop()
    emitter.outputs_function()
    return out.text()


def quotable(line: str) -> str:
    """A line as it may stand inside a docstring: no quote ends it, and nothing in it is an escape or unprintable."""
    escaped = line.replace("\\", r"\\").replace('"', r"\"")
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode() for each in escaped
    )


__all__ = ["GENERATOR", "module", "observed", "scalars"]
