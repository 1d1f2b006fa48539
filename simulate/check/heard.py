"""What the draws of a place say of a statement and its mutants, one draw after another, so that none has to be kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivations.declare import Statement
from derivations.declare.formula import FormulaError

from .case import Case
from .judge import Outcome, judge, met, rows_of, spread
from .suspect import Suspect
from .view import View

ROWS, ENTRIES = 96, 40_000  # steps of a run at which a statement and its mutants are looked at, and entries of them


class Heard:
    """What the draws of one place say of a statement and of some of its mutants; of the draws the first alone is kept.

    `own` and `told` are outcomes, one a draw, or None where a formula has no value; `same` are the mutants whose
    dropped condition held for every entry of every draw, so that leaving it out changes nothing.
    """

    def __init__(self, statement: Statement, suspects: Sequence[Suspect]) -> None:
        self.statement, self.suspects = statement, suspects
        self.first: Case | None = None
        self.own: list[Outcome] | None = []
        self.told: list[list[Outcome] | None] = [[] for _ in suspects]
        self.same = {at for at, suspect in enumerate(suspects) if suspect.mutant.dropped}

    def add(self, case: Case) -> None:
        """One draw more."""
        if self.own is None:
            return
        self.first = case if self.first is None else self.first
        own = _outcome(self.statement, case)
        if own is None:
            self.own = None
            return
        self.own.append(own)
        looked = _looked(self.statement, case)
        for at, suspect in enumerate(self.suspects):
            told = self.told[at]
            if told is None:
                continue
            if suspect.mutant.dropped and _holds(suspect.mutant.dropped, looked):
                told.append(own)
                continue
            self.same.discard(at)
            outcome = self._outcome(suspect, case)
            if outcome is None:
                self.told[at] = None
            else:
                told.append(outcome)

    @staticmethod
    def _outcome(suspect: Suspect, case: Case) -> Outcome | None:
        try:
            return _outcome(suspect.mutant.statement, case, strict=True)
        except (FormulaError, ValueError) as error:  # indices of lengths that do not fit
            suspect.refused = str(error)
            return None


def rows_for(case: Case) -> int:
    """At how many steps of a run statements are looked at: fewer where a step has many entries, at least 16."""
    _, heads, filters, _ = case.states.z.shape
    return int(min(ROWS, max(16, ENTRIES // (heads * filters * len(case.draw.y)))))


def _looked(statement: Statement, case: Case) -> View:
    """The steps of a draw at which a statement is looked at, as `judge` takes them; all where it speaks of none."""
    try:
        return case.view(spread(rows_of(statement, case)[0], rows_for(case)))
    except FormulaError:
        return case.view()


def _holds(condition: str, view: View) -> bool:
    """Whether a condition holds for every entry of every step looked at, so that leaving it out changes nothing."""
    try:
        return bool(np.all(met(condition, view).values))
    except FormulaError:
        return False


def _outcome(statement: Statement, case: Case, strict: bool = False) -> Outcome | None:
    """The outcome on a draw; None where a formula has no value here (FormulaError where `strict`)."""
    try:
        return judge(statement, case, rows_for(case))
    except FormulaError as error:
        if strict and type(error) is FormulaError:
            raise
        return None
