"""Rows of an `align*` on as many lines as they need, since TeX does not break displays.

A printer puts marks into what it writes, TERM before the sign of a further term and FACTOR before a further factor.  A
row that has too many symbols for a line ends lines at marks outside parentheses: before terms, and within a term that
is too long itself before factors, then in its large parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

TERM, FACTOR = "\ue000", "\ue001"  # of the private use area, which no declared LaTeX has
LONGEST = 60.0
"""The symbols that the column of a plain article at 10pt, 345pt wide, holds."""

_TOKENS = re.compile(r"\\[A-Za-z]+\*?|\\.|\S", re.DOTALL)
_UNSEEN = frozenset(
    r"\mathbf \boldsymbol \mathrm \operatorname \mathcal \overline \underline \widetilde \hat \tilde \text \left \right"
    r" \bigl \bigr \Bigl \Bigr \, \; \! & ".split()
) | {TERM, FACTOR}
_OPERATORS = (*"+-=<>", r"\leq", r"\geq", r"\in", r"\neq", r"\times", r"\sum", r"\subseteq", r"\sim")
_WIDE = {r"\qquad": 4.0, r"\quad": 2.0, r"\log": 3.0, **dict.fromkeys(_OPERATORS, 2.0)}
_GROUPS = re.compile(
    r"(?P<neutral>\\Bigl\(|\\Bigr\))|(?P<opens>\\left\(|\\bigl\(|\()|(?P<closes>\\right\)|\\bigr\)|\))"
    rf"|\\.|(?P<group>\{{)|(?P<ends>\}})|(?P<mark>{TERM}|{FACTOR})",
    re.DOTALL,
)
_NEXT_TERM, _NEXT_FACTOR = r"\qquad ", r"\qquad\qquad \times "


def align(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """An `align*` environment of rows: a left side, and a right one in the pieces that begin lines of their own."""
    longest = LONGEST - max(symbols(left) for left, _ in rows)
    lines = [
        f"{'' if number else unmarked(left)}&{line}"
        for left, right in rows
        for number, line in enumerate(_lines(right, longest))
    ]
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}\n"


def unmarked(source: str) -> str:
    """LaTeX without marks."""
    return source.replace(TERM, "").replace(FACTOR, "")


def symbols(source: str) -> float:
    """How many symbols wide a formula is: a half in an index or exponent, two for an operator with its spaces."""
    return _count(iter(_TOKENS.findall(source)))


def _count(tokens: Iterator[str]) -> float:
    """The symbols up to the end of a group, a fraction's as many as its wider half has."""
    total, script = 0.0, 1.0
    for token in tokens:
        if token == "}":
            break
        if token in ("_", "^"):
            script = 0.5
        elif token == r"\frac":
            total += script * max(_count_next(tokens), _count_next(tokens))
        elif token not in _UNSEEN:
            total += script * (_count(tokens) if token == "{" else _WIDE.get(token, 1.0))
            script = 1.0
    return total


def _count_next(tokens: Iterator[str]) -> float:
    return _count(tokens) if next(tokens, "") == "{" else 1.0


@dataclass(frozen=True)
class _Piece:
    """A part of a row; `lead` stands before it where it begins a line, as it does where it is `fresh`."""

    lead: str
    source: str
    fresh: bool


def _lines(right: Sequence[str], longest: float) -> Iterator[str]:
    for number, each in enumerate(right):
        line = start = _NEXT_TERM if number else ""
        for piece in _pieces(each, start, longest):
            if line != start and (piece.fresh or symbols(line + piece.source) > longest):
                yield unmarked(line).rstrip()
                line = piece.lead
            line += piece.source
        yield unmarked(line).rstrip()


def _pieces(source: str, lead: str, longest: float, fresh: bool = False) -> Iterator[_Piece]:
    """The parts between which lines may end; a term that needs several lines has them for itself."""

    def is_long(part: str, lead: str = lead) -> bool:
        return symbols(lead + part) > longest

    terms, factors = (_split(source, mark) if is_long(source) else [source] for mark in (TERM, FACTOR))
    if len(terms) > 1:
        apart = [is_long(terms[0]), *(is_long(term, _NEXT_TERM) for term in terms[1:])]
        for number, term in enumerate(terms):
            starts = any(apart[number - 1 : number + 1]) if number else fresh
            yield from _pieces(term, _NEXT_TERM if number else lead, longest, starts)
    elif len(factors) > 1:
        for number, factor in enumerate(factors):
            yield from _pieces(factor, _NEXT_FACTOR if number else lead, longest, fresh and number == 0)
    elif is_long(source) and _opened(source) != source:
        yield from _pieces(_opened(source), lead, longest, fresh)
    else:
        yield _Piece(lead, source, fresh)


def _split(source: str, mark: str) -> list[str]:
    """The parts between the marks of a kind outside braces and parentheses."""
    places = [match.start() for match, depth in _depths(source) if match[0] == mark and depth == 0]
    return [source[start:end].removeprefix(mark) for start, end in pairwise([0, *places, len(source)])]


def _opened(source: str) -> str:
    """With large parentheses that do not stretch for the outermost ones, so that a line may end inside."""
    out, start = "", 0
    for match, depth in _depths(source):
        if (match["opens"] and depth == 0) or (match["closes"] and depth == 1):
            out += source[start : match.start()] + (r"\Bigl(" if match["opens"] else r"\Bigr)")
            start = match.end()
    return out + source[start:]


def _depths(source: str) -> Iterator[tuple[re.Match[str], int]]:
    """Parentheses and marks outside braces, each with the number of parentheses that are open before it."""
    depth = braces = 0
    for match in _GROUPS.finditer(source):
        braces += bool(match["group"]) - bool(match["ends"])
        if braces == 0:
            yield match, depth
            depth += bool(match["opens"]) - bool(match["closes"])
