"""Errors seeded into a printed formula: a line of its display changed in one place, as a slip of the pen would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from .claims import Claim, Slip


@dataclass(frozen=True)
class Seeded:
    """A claim with one error: what was done to which line, as the claim that has it."""

    claim: Claim
    kind: str
    text: str


def seeded(claim: Claim) -> tuple[Seeded, ...]:
    """Every error of one place in the mended claim, in a fixed order; none that leaves the line as it is."""
    lines = claim.lines(claim.errata)
    errors = []
    for at, line in enumerate(lines):
        for kind, text, new in _errors(line):
            if new != line:
                changed = (*lines[:at], new, *lines[at + 1 :])
                errors.append(Seeded(_with(claim, changed), kind, f"line {at + 1}: {text}"))
        if len(lines) > 1:
            errors.append(Seeded(_with(claim, (*lines[:at], *lines[at + 1 :])), "term", f"line {at + 1} left out"))
    return tuple(errors)


def _with(claim: Claim, lines: tuple[sp.Expr, ...]) -> Claim:
    def display(slip: Slip) -> tuple[sp.Expr, ...]:
        return lines

    return replace(claim, display=display, errata=())


def _errors(line: sp.Expr) -> Iterator[tuple[str, str, sp.Expr]]:
    yield "constant", "twice", 2 * line
    yield "constant", "half", line / 2
    yield "sign", "negative", -line
    for node in dict.fromkeys(sp.preorder_traversal(line)):
        if isinstance(node, sp.Mul):
            for factor in node.args:
                if isinstance(factor, sp.Symbol | sp.Indexed):
                    yield "factor", f"without {factor}", line.xreplace({node: node / factor})
        if isinstance(node, sp.Pow) and node.exp.is_Integer:
            yield "exponent", f"{node} to the power {node.exp + 1}", line.xreplace({node: node.base ** (node.exp + 1)})
        if isinstance(node, sp.Indexed):
            yield from _indices(line, node)


def _indices(line: sp.Expr, node: sp.Indexed) -> Iterator[tuple[str, str, sp.Expr]]:
    """One index replaced by another that stands in the same place of another entry of that name, or exchanged."""
    for at, own in enumerate(node.indices):
        others = {entry.indices[at] for entry in line.atoms(sp.Indexed) if entry.base == node.base}
        for other in sorted(others - {own}, key=str):
            indices = [*node.indices[:at], other, *node.indices[at + 1 :]]
            yield "index", f"{node} with {other} for {own}", line.xreplace({node: node.base[tuple(indices)]})
