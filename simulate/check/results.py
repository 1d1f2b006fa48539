"""The results of a check, and their text: a line a statement, its witness below it, and the count of verdicts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from derivations.commands import command
from derivations.declare import Quantity

from ..work import html
from .bench import Result
from .formula import mentioned
from .indexed import against, entry_text

_WIDTH = 118
_VERDICTS = ("holds", "violated", "vacuous", "undecided")


@dataclass(frozen=True, kw_only=True)
class Check:
    """The results of a check, in the order asked for; `str` is a table.

    `left_out` are the statements that are vacuous here, where they were left out (`alive`);
    `quantities` are what the statements' formulas name; `all_speak` asks that no statement be vacuous; `refused` says
    of each statement that could not be judged why, where all of a setting's were asked for.
    """

    setting: str
    paper: str
    about: str
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    left_out: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    all_speak: bool = False
    refused: tuple[str, ...] = ()

    @property
    def alive(self) -> Check:
        """The same without the statements that are vacuous: those that say something of these runs."""
        kept = tuple(result for result in self.results if result.verdict != "vacuous")
        gone = tuple(result.statement.id for result in self.results if result not in kept)
        return replace(self, results=kept, left_out=(*self.left_out, *gone))

    @property
    def passed(self) -> bool:
        """None is refused, or violated except where an erratum has it on record as false; see `all_speak`."""
        if self.refused:
            return False
        silent = self.left_out or any(result.verdict == "vacuous" for result in self.results)
        if self.all_speak and silent:
            return False
        return not any(result.verdict == "violated" and not result.statement.erratum for result in self.results)

    def __bool__(self) -> bool:
        """Whether it is passed."""
        return self.passed

    def __getitem__(self, name: str) -> Result:
        return {result.statement.id: result for result in self.results}[name]

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def _repr_html_(self) -> str:
        return _as_html(self)

    @property
    def hypotheses(self) -> tuple[Quantity, ...]:
        """The quantities that the hypotheses of the vacuous statements name."""
        named = {name for each in self.results if each.verdict == "vacuous" for name in mentioned(each.statement.given)}
        return tuple(each for each in self.quantities if each.name in named)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "setting": self.setting,
            "paper": self.paper,
            "about": self.about,
            "notes": list(self.notes),
            "passed": self.passed,
            "results": [result.to_dict() for result in self.results],
            "left_out": list(self.left_out),
            "refused": list(self.refused),
            "hypotheses": {each.name: {"formula": each.formula, "meaning": each.meaning} for each in self.hypotheses},
        }


def _lines(check: Check) -> Iterator[str]:
    """The table's lines."""
    yield f"{check.setting}: {check.paper}"
    yield check.about
    width = max((len(result.statement.id) for result in check.results), default=0)
    for result in check.results:
        yield from _rows(result, width)
    yield from _named(check)
    yield ""
    for each in check.refused:
        yield from textwrap.wrap(f"refused: {each}", _WIDTH, subsequent_indent="  ")
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


def _as_html(check: Check) -> str:
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
    for said_of, witness in (("", result.witness), ("smaller: ", result.smaller)):
        if witness is not None:
            where = entry_text(witness.index, f"seed {witness.seed}", f"t = {witness.t}")
            yield margin + f"{said_of}{witness.comparison}: {against(witness.left, witness.right)} at {where}"
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
    parts += [f"{len(check.refused)} refused"] if check.refused else []
    tail = f"; of the {total} violated {known} by recorded errata" if known else ""
    return ", ".join(parts) + tail
