"""Displayed lines as data, for either alphabet: a left side, a relation, and the terms of the right side, apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from ..calculus.symbols import Vector
from .ranges import Members, Range
from .signs import NEVER, Sign

EQUALS, BECOMES = Sign("=", "="), Sign("<-", "=")


@dataclass(frozen=True)
class Entry:
    """A coefficient or a filter at its indices and at a time."""

    sign: Sign
    at: tuple[sp.Expr, ...]
    time: Sign = NEVER


@dataclass(frozen=True)
class Velocity:
    """The velocity of a coefficient, v."""

    of: Entry


Shown: TypeAlias = Entry | Velocity | Sign | sp.Expr


@dataclass(frozen=True)
class Total:
    """A sum's sign with what it runs over; `plain` where text writes the index as any subscript, sum_i."""

    ranges: tuple[Range, ...]
    plain: bool = False


@dataclass(frozen=True)
class Within:
    """The indicator that an example is one of a set."""

    members: Members


@dataclass(frozen=True)
class Factors:
    """A term that is a few things one after another."""

    factors: tuple[Shown, ...]
    negative: bool = False


@dataclass(frozen=True)
class Share:
    """A term of a decomposition: the sum over a family of signs times coefficient times vector (over ||vector||^2)."""

    over: Total | None
    signs: tuple[sp.Expr, ...]
    coefficient: Entry
    vector: Vector
    scaled: bool


@dataclass(frozen=True)
class Change:
    """A term of an update: a common factor times a sum, of products [coefficient * factor + ...] or of one entry."""

    common: sp.Expr
    over: tuple[Total, ...] | Within
    body: tuple[tuple[sp.Expr, sp.Expr], ...] | Entry


Term: TypeAlias = Factors | Share | Change | sp.Expr


@dataclass(frozen=True)
class Line:
    """left = terms.  `stacked`: a term a row, as a paper prints it; `in_latex`: whether LaTeX shows the line too."""

    left: Shown
    terms: tuple[Term, ...]
    relation: Sign = EQUALS
    stacked: bool = False
    in_latex: bool = True


@dataclass(frozen=True)
class Said:
    """A line in words: as text, and as the two sides of a LaTeX row; absent where an alphabet leaves it out."""

    text: str | None
    latex: tuple[str, str] | None = None
