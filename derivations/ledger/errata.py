"""Errata: what a paper prints wrong, what it has to be, why, what it changes, and the commands that show it.

A formula's erratum mends claims (`derivations.ledger.claims`); a statement's quotes runs. 
`tests/derivations/test_errata.py` holds a test for each entry that fails on the printed form and passes on the
corrected one, and measures the effect's numbers. This module imports no SymPy.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..commands import command
from ..declare.choices import Declared

Kind = Literal["formula", "statement", "proof gap", "OCR"]
Severity = Literal["theorem", "proof", "constant", "typographical"]
_WIDTH = 118
_LABEL = 11
OFF_BY = (
    '"off by x": the largest absolute difference, over all entries, between what the printed formula gives and the '
    "same quantity computed from the vectors themselves by autograd in float64: the filters w after one step, unless "
    "another one is named. The state is random, with numbers of order one and eta = 1, so x has no unit and compares "
    "with 1."
)
"""What an effect's "off by" compares."""


@dataclass(frozen=True, kw_only=True)
class Witness(Declared):
    """Numbers, as small as they come, at which the printed form is false and the corrected one true.

    at: names and values.  printed, corrected: comparisons over these names, in the grammar of statements.
    """

    at: tuple[tuple[str, float], ...]
    printed: str
    corrected: str


@dataclass(frozen=True, kw_only=True)
class Erratum(Declared):
    """One error.

    where: the places in the paper.  printed, corrected: the piece itself, in ASCII.
    why: how it comes about, or what shows it wrong.  effect: what it changes, with measured numbers.
    kind: "formula"; "statement" (false under its hypotheses); "proof gap" (the statement may still be true);
    "OCR" (perhaps only the converted text's).
    severity: what it changes: the theorem, the proof alone, a constant, or nothing but the type ("": not said).
    claims: ids of the claims it mends.  statements: ids of the statements that are its printed and its corrected form,
    which `gammarho check` evaluates on `preset` ("": each at values of its own).  witness: both forms at numbers.
    runs: `gammarho run ...` commands whose results the effect quotes.
    searches: `gammarho check ... --search N` commands, each an attack on a corrected statement inside its own
    hypotheses that found no violation in N runs.
    paper: the setting's name, which the paper's own room gives all of its errata.
    """

    id: str
    kind: Kind
    where: str
    printed: str
    corrected: str
    why: str
    effect: str
    severity: Severity | Literal[""] = ""
    claims: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    preset: str = ""
    witness: Witness | None = None
    runs: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    paper: str = ""

    @property
    def evidence(self) -> tuple[str, ...]:
        """The commands that show it, in a checkout that is set up; the last one checks it and its numbers."""
        shown = tuple(command("explain", claim) for claim in self.claims[:1])
        if self.statements:
            where = {"preset": self.preset or None}
            shown = (*shown, command("check", self.paper, *self.statements, options=where))
        test = f"tests/derivations/test_errata.py::test_entry[{self.id}]"
        return (*shown, *self.runs, *self.searches, f'.venv/bin/python -m pytest "{test}"')


def text(paper: str, entries: Sequence[Erratum]) -> str:
    """A paper's ledger, under its name."""
    count = ", ".join(f"{sum(entry.kind == kind for entry in entries)} {kind}" for kind in ordered(entries))
    head = f"{paper}: {len(entries)} errata ({count})"
    legend = ["\n".join(textwrap.wrap(OFF_BY, _WIDTH))] if any(map(_off_by, entries)) else []
    return "\n\n".join([head, *legend, *map(entry_text, entries)]) + "\n"


def _off_by(entry: Erratum) -> bool:
    return " off by " in entry.effect


def ordered(entries: Iterable[Erratum]) -> tuple[str, ...]:
    """The kinds that occur, in order of first occurrence."""
    return tuple(dict.fromkeys(entry.kind for entry in entries))


def entry_text(entry: Erratum) -> str:
    """One entry: id and kind, then a labelled paragraph each."""
    rows = [("where", entry.where), ("printed", entry.printed), ("corrected", entry.corrected), ("why", entry.why),
            ("effect", entry.effect)]
    lines = [f"{entry.id} ({entry.kind}{_of(entry.severity)})"]
    for label, body in rows:
        lines += _paragraph(label, body)
    if entry.claims:
        lines += _paragraph("mends", ", ".join(entry.claims))
    if entry.witness is not None:
        numbers = ", ".join(f"{name} = {value:g}" for name, value in entry.witness.at)
        lines += _paragraph("false", f"{entry.witness.printed}, at {numbers}")
        lines += _paragraph("true", f"{entry.witness.corrected}, there")
    commands = [*entry.evidence]
    lines += [
        f"  {label:<{_LABEL}}{command}"
        for label, command in zip(["evidence", *[""] * len(commands)], commands, strict=False)
    ]
    return "\n".join(lines)


def _paragraph(label: str, body: str) -> list[str]:
    first = f"  {label:<{_LABEL}}"
    return textwrap.wrap(body, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)


CHANGES = {"theorem": "changes the theorem", "proof": "changes the proof alone", "constant": "changes a constant",
            "typographical": "typographical"}
"""What a severity says, in words."""


def _of(severity: str) -> str:
    return f", {CHANGES[severity]}" if severity else ""


def explain(entry: Erratum) -> str:
    """One erratum, whole."""
    return "\n".join([entry_text(entry), *(_paragraph("off by", OFF_BY) if _off_by(entry) else [])]) + "\n"
