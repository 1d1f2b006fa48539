"""Rows of an `align*` broken into lines that fit the column of a plain article.

TeX does not break displays, so the width of a row is estimated from its source, in points at 10pt, and a row that is
too wide continues on lines of its own: at a + or - outside parentheses, or, within a term that is still too wide,
between two factors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WIDTH = 345.0 - 12.0  # an article's column at 10pt, less a reserve
INDENT = 20.0  # \qquad

_TOKENS = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_STYLES = {r"\mathbf", r"\boldsymbol", r"\mathrm", r"\mathcal", r"\overline", r"\underline", r"\widetilde", r"\hat",
           r"\tilde", r"\sqrt"}  # fmt: skip
_SIZES = {r"\left": 5.0, r"\right": 5.0, r"\bigl": 5.0, r"\bigr": 5.0, r"\Bigl": 6.0, r"\Bigr": 6.0}
_RELATIONS = {"=", "<", ">", r"\in", r"\neq", r"\geq", r"\leq"}
_WIDTHS = {
    r"\qquad": 20.0, r"\quad": 10.0, r"\,": 1.7, r"\;": 2.8, r"\!": -1.7, r"\langle": 3.9, r"\rangle": 3.9,
    r"\|": 5.0, r"\{": 5.0, r"\}": 5.0, r"\prime": 2.9, r"\ell": 4.2, r"\log": 14.5, r"\nabla": 8.4, r"\pm": 7.8,
    "+": 12.3, "-": 12.3, "(": 3.9, ")": 3.9, "[": 2.8, "]": 2.8, ",": 4.5, "/": 5.0, "|": 2.8, "'": 2.9, "&": 0.0,
    r"\sum": 14.5, r"\times": 12.3, r"\cdot": 7.2, r"\mid": 8.4, "w": 7.3, "m": 8.8, "W": 10.9,
    **dict.fromkeys(_RELATIONS, 13.4),
}  # fmt: skip
_OPENING, _CLOSING = {"(", r"\langle", r"\{"}, {")", r"\rangle", r"\}"}
_OPERATORS = {"+", "-", r"\times", "&", "", *_RELATIONS}


def align(rows: Sequence[str]) -> str:
    """An `align*` environment of rows "left &= right", each on as many lines as it needs."""
    parted = [row.partition("&") for row in rows]
    budget = WIDTH - max(width(left) for left, _, _ in parted)
    body = " \\\\\n".join(" \\\\\n".join(_row(left, right, budget)) for left, _, right in parted)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def width(source: str) -> float:
    """The printed width of a formula, in points at 10pt: an estimate, some percent off."""
    return _Reader(_TOKENS.findall(source)).until(None)


class _Reader:
    """Tokens read from left to right, adding up widths."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    def until(self, end: str | None) -> float:
        """The width up to `end`, which is read too."""
        total = 0.0
        while self.at < len(self.tokens) and self.tokens[self.at] != end:
            total += self.item()
        self.at += 1
        return total

    def item(self) -> float:
        """One atom with its scripts."""
        limits = self.tokens[self.at] == r"\sum"
        base, scripts = self.atom(), [0.0]
        while self.at < len(self.tokens) and self.tokens[self.at] in "^_":
            self.at += 1
            scripts.append(0.72 * self.atom())
        return max(base, *scripts) + 1.7 if limits else base + max(scripts) + 0.5 * (len(scripts) > 1)

    def atom(self) -> float:
        """One symbol or group; none where a declared LaTeX ends before it."""
        if self.at >= len(self.tokens):
            return 0.0
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            return self.until("}")
        if token == r"\frac":
            return max(self.atom(), self.atom()) + 2.4
        if token in _STYLES:
            return self.atom()
        if token in _SIZES:
            self.at += 1  # the delimiter
        return _width_of(token)


def _width_of(token: str) -> float:
    """The width of one symbol."""
    known = {**_SIZES, **_WIDTHS}
    if token in known:
        return known[token]
    return 0.0 if token.isspace() else 7.6 if token.isupper() else 4.6 if token in "ijlrt" else 5.6


def _row(left: str, right: str, budget: float) -> Iterator[str]:
    """One row's lines."""
    for number, line in enumerate(_lines(right, budget)):
        yield f"{left}&{line}" if number == 0 else f"&{line}"


def _lines(right: str, budget: float) -> list[str]:
    """The right side's lines, what follows each alignment point; lines that are there already stay."""
    given = re.split(r"\s*\\\\\s*&", right)
    lines: list[str] = []
    for each in given:
        lines += [each] if width(each) <= budget else _filled(each, budget)
    return lines


def _filled(line: str, budget: float) -> list[str]:
    """As many terms a line as fit; a term too wide for a line of its own is broken between factors."""
    out: list[str] = []
    now = ""
    for term in _split(line, _terms):
        start = now if now or not out else r"\qquad "
        if width(start + term) <= budget:
            now = start + term
            continue
        if now.strip():
            out.append(now)
        start = r"\qquad " if out and not term.startswith(r"\qquad") else ""
        *whole, now = [start + term] if width(start + term) <= budget else _factored(start + term, budget)
        out += whole
    return [each.rstrip() for each in (*out, now)]


def _factored(term: str, budget: float) -> list[str]:
    """A term on several lines, broken between factors; within large parentheses only where nothing else helps."""
    pieces, out = list(_split(term, _factors)), [""]
    for piece in pieces:
        joined = out[-1] + piece
        if width(joined) <= budget or not out[-1].strip():
            out[-1] = joined
        else:
            out.append(rf"\qquad\qquad \times {piece.lstrip()}")
    if len(out) == 1 and r"\left(" in term:
        opened = term.replace(r"\left(", r"\Bigl(", 1)
        return _filled(_closed(opened), budget)
    return out


def _closed(term: str) -> str:
    """The closing parenthesis of the one just freed from stretching, freed too."""
    start, depth = term.index(r"\Bigl("), 0
    for found in re.finditer(r"\\left|\\right\)", term[start:]):
        if found[0] == r"\left":
            depth += 1
        elif depth == 0:
            at = start + found.start()
            return rf"{term[:at]}\Bigr){term[at + len(found[0]):]}"
        else:
            depth -= 1
    return term


def _split(source: str, points: object) -> Iterator[str]:
    """The pieces of a formula between its break points."""
    tokens = _TOKENS.findall(source)
    start = 0
    for at in points(tokens):  # type: ignore[operator]
        yield "".join(tokens[start:at])
        start = at
    yield "".join(tokens[start:])


def _outside(tokens: list[str]) -> Iterator[tuple[int, str]]:
    """The places outside groups and parentheses, each with the visible token before it; large brackets do not count."""
    depth, before, at = 0, "", 0
    while at < len(tokens):
        token = tokens[at]
        size = token in _SIZES
        if token == "{" or token in _OPENING or token in (r"\left", r"\bigl"):
            depth += 1
        if depth == 0:
            yield at, before
        if token == "}" or token in _CLOSING or token in (r"\right", r"\bigr"):
            depth -= 1
        if not token.isspace():
            before = "" if token == r"\Bigl" else token
        at += 2 if size else 1  # with its delimiter


def _terms(tokens: list[str]) -> Iterator[int]:
    """Places of a binary + or -."""
    for at, before in _outside(tokens):
        if tokens[at] in "+-" and before not in _OPERATORS and before not in ("^", "_"):
            yield at


def _factors(tokens: list[str]) -> Iterator[int]:
    """Places between two factors: a space, or a thin one, after neither an operator nor a sum."""
    summing = False
    for at, before in _outside(tokens):
        token = tokens[at]
        summing = token == r"\sum" or (summing and (token in "^_" or token.isspace() or before in ("^", "_")))
        following = next((each for each in tokens[at + 1 :] if not each.isspace() and each != r"\,"), "")
        spaced = token.isspace() or token == r"\,"
        if spaced and not summing and before not in _OPERATORS and following not in _OPERATORS | {r"\Bigr", r"\,"}:
            yield at
