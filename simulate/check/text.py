"""The results of a check as plain text: a line a statement, its witness below it, and the count of verdicts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from derivations.commands import command

from ..work import html

if TYPE_CHECKING:
    from .check import Check, Result

_WIDTH = 118
_VERDICTS = ("holds", "violated", "vacuous", "undecided")


def lines(check: Check) -> Iterator[str]:
    """The table's lines."""
    yield f"{check.setting}: {check.paper}"
    yield check.about
    width = max((len(result.statement.id) for result in check.results), default=0)
    for result in check.results:
        yield from _rows(result, width)
    yield from _named(check)
    yield ""
    yield summary(check)
    if check.left_out:
        yield from textwrap.wrap(f"left out, vacuous here: {', '.join(check.left_out)}", _WIDTH, subsequent_indent="  ")


def _named(check: Check) -> Iterator[str]:
    """What stands behind the names in the hypotheses that were never met."""
    if check.hypotheses:
        yield from ("", "in these hypotheses:")
        width = max(len(each.name) for each in check.hypotheses)
        for each in check.hypotheses:
            said = f"{each.meaning}: {each.formula}" if each.meaning else each.formula
            yield from textwrap.wrap(f"  {each.name:<{width}}  {said}", _WIDTH, subsequent_indent=" " * (width + 4))


def as_html(check: Check) -> str:
    """A row a statement, for a notebook."""
    rows = [(each.statement.id, each.verdict, ": ".join(filter(None, (each.statement.source, each.statement.text))) or
             each.statement.claim, each.detail) for each in check.results]
    return "\n".join([
        html.heading(f"{check.setting}: {check.paper}"),
        html.table(("id", "verdict", "where and what", "seen"), rows, check.about, summary(check)),
        *([html.table(("name", "meaning", "formula"), [(q.name, q.meaning, q.formula) for q in check.hypotheses],
                      "in the hypotheses that are never met")] if check.hypotheses else []),
    ])


def _rows(result: Result, width: int) -> Iterator[str]:
    said = result.statement
    yield f"{said.id:<{width}}  {result.verdict:<9}  {said.source or said.kind}: {said.text or said.claim}"
    margin = " " * (width + 13)
    own = said.instance is not None or said.path is not None
    yield margin + ("at values of its own: " if own else "") + result.detail
    if said.erratum:
        yield margin + f"{_known(result)}: {command('explain', said.erratum)}"
    witness = result.witness
    if witness is not None:
        where = ", ".join(
            [f"seed {witness.seed}", f"t = {witness.t}", *(f"{dim} = {at}" for dim, at in witness.index.items())]
        )
        yield margin + f"{witness.comparison}: {witness.left:.6g} against {witness.right:.6g} at {where}"
        yield margin + witness.replay


def _known(result: Result) -> str:
    if result.verdict == "violated":
        return "a known error of the paper"
    if result.verdict == "holds":
        return "an error of the paper that does not show here"
    return "an error of the paper, not tested here"


def counted(number: int, what: str) -> str:
    """So many of something, such as "1 draw" or "5 tries"."""
    if number == 1:
        return f"1 {what}"
    return f"{number} {what[:-1]}ies" if what.endswith("y") else f"{number} {what}s"


def summary(check: Check) -> str:
    """How many of each verdict, with the violations that are on record apart."""
    verdicts = [result.verdict for result in check.results]
    parts = [f"{verdicts.count(name)} {name}" for name in _VERDICTS if name in verdicts]
    known = sum(result.verdict == "violated" and bool(result.statement.erratum) for result in check.results)
    total = verdicts.count("violated")
    tail = f"; of the {total} violated {known} by recorded errata" if known else ""
    return ", ".join(parts) + tail
