"""A paper's numbered statements: what executes each of them, and what of it is not executed, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..declare.choices import Declared


@dataclass(frozen=True, kw_only=True)
class Numbered(Declared):
    """One numbered statement.

    name: as the paper numbers it.  statements: the ids of the `Statement`s that execute it.
    lacks: what of it is not executed, or why nothing is; "" where all of it is, hypotheses included.
    """

    name: str
    statements: tuple[str, ...] = ()
    lacks: str = ""


def counts(entries: Sequence[Numbered]) -> tuple[int, int, int, int]:
    """How many are numbered, executed in full, in part, and not at all."""
    full = sum(bool(entry.statements) and not entry.lacks for entry in entries)
    part = sum(bool(entry.statements) and bool(entry.lacks) for entry in entries)
    return len(entries), full, part, len(entries) - full - part


def row(paper: str, entries: Sequence[Numbered]) -> str:
    """The paper's row of the table in docs/statements.md."""
    numbered, full, part, none = counts(entries)
    return f"| {paper} | {numbered} | {full} ({full / numbered:.0%}) | {part} | {none} |"
