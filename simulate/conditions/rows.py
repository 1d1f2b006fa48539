"""What a condition table holds: intervals of C, a row a clause, mends, conflicts, and all of it together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any, Literal

from derivations.declare import Clause, Conditions, Prescription, Value


def number(x: float, digits: int = 4, rounding: str = "ROUND_HALF_EVEN") -> str:
    """A number to so many digits, whole numbers below 1e7 in full; `rounding` as in `decimal`."""
    if x == int(x) and abs(x) < 1e7:
        return f"{x:.0f}"
    rounded = float(Context(prec=digits, rounding=rounding).create_decimal(repr(float(x))))
    return f"{rounded:.0f}" if 1e4 <= abs(rounded) < 1e7 else f"{rounded:.{digits}g}"


@dataclass(frozen=True)
class Interval:
    """The constants C with low <= C <= high and 0 < C < infinity; possibly none."""

    low: float = 0.0
    high: float = math.inf

    def __contains__(self, constant: float) -> bool:
        return 0 < constant < math.inf and self.low <= constant <= self.high

    def __and__(self, other: Interval) -> Interval:
        return Interval(max(self.low, other.low), min(self.high, other.high))

    @property
    def empty(self) -> bool:
        """Whether no C is in it."""
        return self.low > self.high or self.high <= 0 or self.low == math.inf

    def reaching(self, constant: float) -> Interval:
        """The same up to a constant just outside it."""
        return Interval(min(self.low, constant), max(self.high, constant))

    def __str__(self) -> str:
        """Its ends rounded into it: "(0, 0.00997]", "[0.5, inf)" or "empty"."""
        if self.empty:
            return "empty"
        left = f"[{number(self.low, 3, ROUND_CEILING)}" if self.low > 0 else "(0"
        return f"{left}, inf)" if self.high == math.inf else f"{left}, {number(self.high, 3, ROUND_FLOOR)}]"

    def to_dict(self) -> dict[str, Any]:
        """low, high (null for no bound) and empty."""
        if self.empty:
            return {"low": None, "high": None, "empty": True}
        return {"low": self.low, "high": None if self.high == math.inf else self.high, "empty": False}


NOWHERE = Interval(math.inf, 0.0)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A clause at these parameters.

    `left` and `right` are its two sides, `ratio` is the larger-to-be over the smaller-to-be (None where that has no
    meaning), `holds` is the verdict at the table's C.  All are None where `problem` says why the clause has no value.
    `trivial`: the side that C multiplies is not positive, so the clause asks nothing.  `counted` is False where the
    clause is not about this run.
    """

    clause: Clause
    left: float | None = None
    right: float | None = None
    ratio: float | None = None
    interval: Interval | None = None
    holds: bool | None = None
    problem: str = ""
    trivial: bool = False
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class Mend:
    """The value of one parameter that alone satisfies a clause (None: no value does).

    `value` is the smallest one for "raise", the largest for "lower", and for "set" the nearest at which an equation
    holds.  At it, `breaks` are the counted clauses of
    all lists that held before and do not now, and `also` those that failed before and now hold.
    """

    clause: str
    parameter: str
    direction: Literal["raise", "lower", "set"]
    value: float | None
    breaks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Two clauses that both fail, one asking for a larger value of a parameter and one for a smaller.

    No value of this parameter alone satisfies both; `at_least` and `at_most` are what each asks for.
    """

    parameter: str
    raised: str
    at_least: float
    lowered: str
    at_most: float


@dataclass(frozen=True, kw_only=True)
class Repair:
    """The nearest `values` of some parameters at which every clause of every list holds, beside the `present` ones.

    None where no such values were found; then `excluded` are the clauses, one or two, that were met at none, where
    there are such.  `left_out` are those that speak of the number of steps where none is given.
    `alone` are the nearest values at which the printed condition holds, of several lists ({} where it holds as it is).
    """

    present: dict[str, float]
    values: dict[str, float] | None
    constant: float
    excluded: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    alone: dict[str, float] | None = None

    @property
    def factors(self) -> dict[str, float]:
        """By what each parameter is multiplied; {} where there are no values or nothing has to change."""
        return {name: value / self.present[name] for name, value in (self.values or {}).items()}


def short(row: Row, constant: float) -> float | None:
    """The factor that a failing clause lacks at C = `constant`; None for one that holds, or that no C would satisfy."""
    interval = row.interval
    if row.holds is not False or interval is None or interval.empty:
        return None
    return constant / interval.high if interval.high < constant else interval.low / constant


def verdict(rows: Sequence[Row]) -> bool | None:
    """Whether every counted clause holds at the chosen constant.

    None where no clause is about this run, or one has no value and none fails.
    """
    verdicts = [row.holds for row in rows if row.counted]
    if rows and not verdicts:
        return None
    return False if False in verdicts else None if None in verdicts else True


@dataclass(frozen=True, kw_only=True)
class ClauseTable:
    """The rows of one list, the constants for which all of them hold, the clauses that bind, and the mends.

    `mends` is about every clause that fails at the chosen constant, the binding one first; `conflicts` are the pairs
    of them that pull one parameter in opposite directions.
    """

    title: str
    rows: tuple[Row, ...]
    interval: Interval
    binding: tuple[str, ...]
    mends: tuple[Mend, ...]
    conflicts: tuple[Conflict, ...] = ()

    @property
    def holds(self) -> bool | None:
        """Whether every counted clause holds at the chosen constant, as `verdict` says."""
        return verdict(self.rows)

    @property
    def failing(self) -> tuple[str, ...]:
        """The ids of the counted clauses that fail at the chosen constant."""
        return tuple(row.clause.id for row in self.rows if row.counted and row.holds is False)

    def worst(self, constant: float) -> tuple[str, float | None] | None:
        """The failing clause that lacks most at C = `constant`, with the factor (None: no C satisfies it); or None."""
        lacking = [(row.clause.id, short(row, constant)) for row in self.rows if row.clause.id in self.failing]
        return max(lacking, key=lambda each: math.inf if each[1] is None else each[1]) if lacking else None


@dataclass(frozen=True, kw_only=True)
class PrescribedRow:
    """What a theorem sets and what the run uses: used over prescribed, and for a duration the run's steps over it."""

    prescription: Prescription
    used: float | None
    value: float | None
    ratio: float | None
    steps_ratio: float | None = None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A paper's conditions held against given parameters.

    `tables` holds the printed condition first; `rows`, `interval`, `binding` and `mends` are that table's.
    `quantities` are those that some clause or prescription stands on; `measured` names the ones taken from data, and
    `held` the parameters that equations were solved for.
    """

    model: str
    conditions: Conditions
    constant: float
    values: tuple[tuple[str, Value], ...]
    quantities: tuple[tuple[str, float], ...]
    tables: tuple[ClauseTable, ...]
    prescribed: tuple[PrescribedRow, ...]
    notes: tuple[str, ...]
    measured: tuple[str, ...] = ()
    repair: Repair | None = None
    held: tuple[tuple[str, float], ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The printed condition's rows."""
        return self.tables[0].rows

    @property
    def interval(self) -> Interval:
        """The constants for which every clause of the printed condition holds."""
        return self.tables[0].interval

    @property
    def binding(self) -> tuple[str, ...]:
        """The printed condition's clauses that bound that interval."""
        return self.tables[0].binding

    @property
    def mends(self) -> tuple[Mend, ...]:
        """What would mend the printed condition's failing clauses."""
        return self.tables[0].mends
