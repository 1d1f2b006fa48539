"""A theorem's conditions at given parameters: sides, ratios, intervals of C, the binding clause, what would mend it.

The conditions are data (`derivations.papers.NAME.conditions`).  A clause is compared up to a constant C; the table
gives the set of C > 0 for which it holds, an interval, instead of a bare yes or no.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, Literal

from derivations.conditions import Clause, ClauseList, Conditions, Only, Prescription
from derivations.model import Model, Parameter, Value
from dynamics.formula import FormulaError, evaluate, names

from . import settings
from .conditions_text import interval_text, lines, number
from .errors import InputError, nearest, quoted


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

    def __str__(self) -> str:
        return interval_text(self)

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

    `value` is the smallest one for "raise" and the largest for "lower".  At it, `breaks` are the counted clauses of
    all lists that held before and do not now, and `also` those that failed before and now hold.
    """

    clause: str
    parameter: str
    direction: Literal["raise", "lower"]
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
        """Whether every counted clause holds at the chosen constant.

        None where no clause is about this run, or one has no value and none fails.
        """
        verdicts = [row.holds for row in self.rows if row.counted]
        if self.rows and not verdicts:
            return None
        return False if False in verdicts else None if None in verdicts else True


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
class ConditionTable:
    """A paper's conditions at given parameters; `str` is a plain text table, `to_dict` goes to JSON.

    `tables` holds the printed condition first; `rows`, `interval`, `binding` and `mends` are that table's.
    `quantities` are those that some clause or prescription stands on; `measured` names the ones taken from data.
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

    def __str__(self) -> str:
        return "\n".join(lines(self))

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON: every number is finite, null stands for "none"."""
        return {
            "model": self.model, "paper": self.conditions.paper, "title": self.conditions.title,
            "constant": self.constant, "values": dict(self.values), "quantities": dict(self.quantities),
            "measured": list(self.measured),
            "tables": [_table_dict(table) for table in self.tables],
            "prescribed": [
                {"name": row.prescription.name, "source": row.prescription.source, "used": row.used,
                 "value": row.value, "ratio": _finite(row.ratio), "steps_ratio": _finite(row.steps_ratio),
                 "problem": row.problem}
                for row in self.prescribed
            ],
            "notes": list(self.notes),
        }


def conditions(
    model: Model,
    values: Mapping[str, Value],
    *,
    constant: float = 1.0,
    steps: int | None = None,
    measured: Mapping[str, float] | None = None,
) -> ConditionTable:
    """The conditions of the model's paper at `values`, judged at C = `constant`, for a run of `steps` steps.

    `measured` gives quantities of the conditions by name, taken from data (such as R_min, R_max and p of a Gram
    matrix) instead of from the parameters; they stay as they are where a mend moves a parameter.

    Raises InputError where no conditions are recorded for the model, C is not a positive number, a parameter of the
    conditions themselves (alpha) is out of range, or a measured quantity is unknown or is not a finite number.  A
    clause that has no value says so in its row.
    """
    return tabulate(recorded(model), model, values, constant=constant, steps=steps, measured=measured)


def recorded(model: Model, setting: object = None) -> Conditions:
    """The conditions beside the model in its own file.py, or those recorded for its name.

    Raises InputError where there are none.
    """
    own = settings.beside(setting, "CONDITIONS")
    if own is not None:
        if not isinstance(own, Conditions):
            raise InputError(f"CONDITIONS: {quoted(own)} in {setting}; expected a derivations.conditions.Conditions")
        return own
    place = f"derivations.papers.{model.name}.conditions"
    try:
        found = importlib.import_module(place).CONDITIONS
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        raise InputError(
            f"model: no conditions are recorded for {model.name!r}; put CONDITIONS beside it in its file, or use a "
            "setting of a paper that states some"
        ) from None
    assert isinstance(found, Conditions)
    return found


def tabulate(
    declared: Conditions,
    model: Model,
    values: Mapping[str, Value],
    *,
    constant: float = 1.0,
    steps: int | None = None,
    measured: Mapping[str, float] | None = None,
) -> ConditionTable:
    """`conditions` for conditions of the caller's own."""
    if not 0 < constant < math.inf:
        raise InputError(f"constant: {constant} is not a positive number; give a C > 0, such as 1")
    given, notes = _completed(declared, values)
    at = _Point(declared, given, constant, steps, _from_data(declared, measured or {}))
    parameters = {p.name: p for p in (*declared.parameters, *model.parameters)}
    used, known = at.used(), dict.fromkeys(quantity.name for quantity in at.quantities)
    return ConditionTable(
        model=model.name, conditions=declared, constant=constant,
        values=tuple((name, given[name]) for name in parameters if given.get(name) is not None),
        quantities=tuple((name, x) for name in known if name in used and (x := at.value(name)) is not None),
        tables=tuple(_table(group, at, parameters) for group in declared.lists),
        prescribed=tuple(at.prescribed(p) for p in declared.prescriptions if _about(p.only, given)),
        notes=(*declared.notes, *notes),
        measured=tuple(name for name in known if name in at.measured and name in used),
    )


def _from_data(declared: Conditions, measured: Mapping[str, float]) -> dict[str, float]:
    """The measured quantities, checked."""
    known = list(dict.fromkeys(quantity.name for quantity in declared.quantities))
    for name, value in measured.items():
        if name not in known:
            raise InputError(f"measured: {quoted(name)} is not a quantity of these conditions; {nearest(name, known)}")
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise InputError(
                f"measured: {name} = {quoted(value)} is not a finite number; leave it out to have it computed"
            )
    return {name: float(value) for name, value in measured.items()}


def _completed(declared: Conditions, values: Mapping[str, Value]) -> tuple[dict[str, Value], list[str]]:
    """The values with the conditions' own parameters at their defaults, and what has to be said about them."""
    given, notes = dict(values), []
    for own in declared.parameters:
        if given.get(own.name) is None:
            given[own.name] = own.default
            notes.append(f"{own.name} = {own.default} by default: {own.source}.")
        _check(own, given[own.name])
    for needed in declared.assumes:
        if needed.parameter in given and not _about(needed, given):
            notes.append(f"Not covered: {needed.parameter} = {given[needed.parameter]}, but {needed.why}.")
    return given, notes


def _check(own: Parameter, value: Value) -> None:
    low, high = -math.inf if own.low is None else own.low, math.inf if own.high is None else own.high
    if not isinstance(value, (int, float)) or not low <= value <= high or (own.open_low and value == low):
        raise InputError(f"{own.name}: {value!r} is out of range; expected {low} {'<' if own.open_low else '<='} "
                         f"{own.name} <= {high}, such as {own.default}")


def _about(only: Only | None, values: Mapping[str, Value]) -> bool:
    return only is None or only.parameter not in values or only.admits(values[only.parameter])


class _Point:
    """One parameter point: the names that formulas may use, and the clauses' values there."""

    def __init__(
        self, declared: Conditions, values: Mapping[str, Value], constant: float, steps: int | None,
        measured: Mapping[str, float],
    ) -> None:
        self.declared, self.values, self.constant, self.steps = declared, values, constant, steps
        self.measured = measured
        # A name without a number (neurons, lam_until that is not set) is left out: a formula that needs it says so.
        self.scope: dict[str, float] = {
            name: value for name, value in values.items() if isinstance(value, (int, float))
        }
        self.problems: dict[str, str] = {"T": "T, the number of steps, is not given; name it"} if steps is None else {}
        if steps is not None:
            self.scope["T"] = steps
        if values.get("neurons") in ("mean", "sum") and self.scope.get("m"):
            self.scope["kappa"] = 1 / self.scope["m"] if values["neurons"] == "mean" else 1.0
        if isinstance(values.get("penalty_half"), bool):
            self.scope["c"] = 0.5 if values["penalty_half"] else 1.0
        self.scope.update(measured)
        self.quantities = [q for q in declared.quantities if _about(q.only, values)]
        self.formulas = {q.name: q.formula for q in self.quantities if q.name not in measured}
        self.todo = dict(self.formulas)

    def moved(self, name: str, value: Value) -> _Point:
        """The point with one parameter changed."""
        return _Point(self.declared, {**self.values, name: value}, self.constant, self.steps, self.measured)

    def stands_on(self, formula: str) -> set[str]:
        """Every name that a formula's value depends on: quantities, and the parameters behind those not measured."""
        found = set(names(formula))
        for name in names(formula):
            if name in self.formulas:
                found |= self.stands_on(self.formulas[name])
            elif name == "kappa":
                found.add("m")
        return found

    def used(self) -> set[str]:
        """The names that the clauses and prescriptions depend on."""
        sides = [side for group in self.declared.lists for c in group.clauses for side in (c.left, c.right)]
        sides += [side for p in self.declared.prescriptions for side in (p.used, p.formula)]
        return set().union(*(self.stands_on(side) for side in sides))

    def evaluate(self, formula: str) -> float:
        """A formula's value.  Raises FormulaError with the first reason there is none."""
        for name in names(formula):
            if name in self.todo:
                self._derive(name)
            if name in self.problems:
                raise FormulaError(self.problems[name])
        return evaluate(formula, self.scope)

    def _derive(self, name: str) -> None:
        """Put a derived quantity in the scope, or the reason that it has no value among the problems."""
        try:
            self.scope[name] = self.evaluate(self.todo.pop(name))
        except FormulaError as error:
            self.problems[name] = str(error)

    def row(self, clause: Clause) -> Row:
        """A clause's row."""
        counted = _about(clause.only, self.values)
        try:
            left, right = self.evaluate(clause.left), self.evaluate(clause.right)
        except FormulaError as error:
            return Row(clause=clause, problem=str(error), counted=counted)
        big, small = (left, right) if clause.relation == ">=" else (right, left)
        interval = interval_of(big, small, clause.power)
        ratio = big / small if small > 0 else None
        return Row(clause=clause, left=left, right=right, ratio=ratio, interval=interval,
                   holds=self.constant in interval, trivial=clause.power != 0 and small <= 0 <= big, counted=counted)

    def holds(self, clause: Clause) -> bool:
        """Whether a clause has a value and holds here."""
        return self.row(clause).holds is True

    def prescribed(self, prescription: Prescription) -> PrescribedRow:
        """A prescription's row."""
        used = self.value(prescription.used)
        try:
            value = self.evaluate(prescription.formula)
        except FormulaError as error:
            return PrescribedRow(prescription=prescription, used=used, value=None, ratio=None, problem=str(error))
        if prescription.cure and value <= 0:
            problem = f"{prescription.name} is {number(value)}, which prescribes no step; {prescription.cure}"
            return PrescribedRow(prescription=prescription, used=used, value=value, ratio=None, problem=problem)
        return PrescribedRow(
            prescription=prescription, used=used, value=value, ratio=_over(used, value),
            steps_ratio=_over(self.steps, value) if prescription.duration else None,
        )

    def value(self, formula: str) -> float | None:
        """A formula's value, or None where it has none."""
        try:
            return self.evaluate(formula)
        except FormulaError:
            return None


def _over(used: float | None, value: float) -> float | None:
    return None if used is None or value == 0 else used / value


def interval_of(big: float, small: float, power: Literal[1, 0, -1] = 1) -> Interval:
    """The C > 0 with big >= C^power small, for finite numbers of any sign."""
    if power == 0:
        return Interval() if big >= small else NOWHERE
    if small > 0:
        if big <= 0:
            return NOWHERE
        return Interval(high=big / small) if power == 1 else Interval(low=small / big)
    if big >= 0:
        return Interval()
    if small == 0:
        return NOWHERE
    # Both are negative: -big <= C^power (-small).
    return Interval(low=big / small) if power == 1 else Interval(high=small / big)


def _table(group: ClauseList, at: _Point, parameters: Mapping[str, Parameter]) -> ClauseTable:
    rows = tuple(at.row(clause) for clause in group.clauses)
    known = [row for row in rows if row.counted and row.interval is not None]
    interval = Interval()
    for row in known:
        assert row.interval is not None
        interval &= row.interval
    binding = tuple(row.clause.id for row in known if row.interval is not None and _binds(row.interval, interval))
    failing = sorted((row for row in known if not row.holds), key=lambda row: row.clause.id not in binding)
    mends = tuple(
        _mend(row.clause, name, direction, at, parameters)
        for row in failing for name, direction in row.clause.mends
        if isinstance(at.values.get(name), (int, float)) and name in parameters and name in _moves(row.clause, at)
    )
    return ClauseTable(
        title=group.title, rows=rows, interval=interval, binding=binding, mends=mends, conflicts=_conflicts(mends)
    )


def _moves(clause: Clause, at: _Point) -> set[str]:
    """The names that a clause depends on here: what was measured does not move with a parameter."""
    return at.stands_on(clause.left) | at.stands_on(clause.right)


def _conflicts(mends: tuple[Mend, ...]) -> tuple[Conflict, ...]:
    """The pairs of failing clauses that ask for a parameter's values on opposite sides of its present one."""
    return tuple(
        Conflict(parameter=up.parameter, raised=up.clause, at_least=up.value, lowered=down.clause, at_most=down.value)
        for up in mends for down in mends
        if up.parameter == down.parameter and up.direction == "raise" and down.direction == "lower"
        and up.value is not None and down.value is not None
    )


def _binds(one: Interval, all_together: Interval) -> bool:
    """Whether a clause's interval gives an end of the intersection."""
    upper = one.high < math.inf and one.high == all_together.high
    return upper or (one.low > 0 and one.low == all_together.low)


def _mend(
    clause: Clause, name: str, direction: Literal["raise", "lower"], at: _Point, parameters: Mapping[str, Parameter]
) -> Mend:
    value = _threshold(clause, name, direction, at, parameters[name])
    if value is None:
        return Mend(clause=clause.id, parameter=name, direction=direction, value=None)
    there = at.moved(name, value)
    others = [c for group in at.declared.lists for c in group.clauses if c is not clause and _about(c.only, at.values)]
    return Mend(
        clause=clause.id, parameter=name, direction=direction, value=value,
        breaks=tuple(c.id for c in others if at.holds(c) and not there.holds(c)),
        also=tuple(c.id for c in others if there.holds(c) and not at.holds(c)),
    )


def _threshold(
    clause: Clause, name: str, direction: Literal["raise", "lower"], at: _Point, parameter: Parameter
) -> float | None:
    """The nearest value in that direction at which the clause holds, where it is monotone; None where there is none."""
    def holds(x: float) -> bool:
        return at.moved(name, x).holds(clause)

    bracket = _bracket(holds, direction, at.scope[name], parameter)
    if bracket is None:
        return None
    fails, found = bracket
    while True:
        middle = math.sqrt(fails) * math.sqrt(found)  # NOTE: bisection in log; the product could overflow
        if not min(fails, found) < middle < max(fails, found):
            break
        fails, found = (fails, middle) if holds(middle) else (middle, found)
    if _counts(parameter):
        return _whole(holds, direction, found)
    short = float(f"{found:.12g}")  # 0.1 rather than 0.10000000000000007
    return short if holds(short) else found


def _bracket(
    holds: Callable[[float], bool], direction: str, start: float, parameter: Parameter
) -> tuple[float, float] | None:
    """A value where the clause fails and one further on where it holds, within the parameter's range."""
    up = direction == "raise"
    limit = (parameter.high if up else parameter.low) or (1e300 if up else 1e-300)
    previous = max(start, 1e-300)
    for x in _ladder(previous, limit, up):
        if holds(x):
            return previous, x
        previous = x
    return None


def _ladder(start: float, limit: float, up: bool) -> Iterator[float]:
    """Values a factor 2^16 apart, from beyond `start` to `limit`, which comes last."""
    x = start
    while x < limit if up else x > limit:
        x = min(x * 65536, limit) if up else max(x / 65536, limit)
        yield x


def _counts(parameter: Parameter) -> bool:
    """Whether a parameter is a whole number: a count, or published as one (a dimension that may be e^100)."""
    return parameter.kind == "count" or type(parameter.default) is int


def _whole(holds: Callable[[float], bool], direction: str, found: float) -> float | None:
    """The whole number next to `found` that satisfies; the nearer one first, which rounding may have stepped over."""
    near = (math.floor(found), math.ceil(found))
    for x in near if direction == "raise" else near[::-1]:
        if holds(x):
            return x
    return None


def _finite(x: float | None) -> float | None:
    return None if x is None or math.isinf(x) else x


def _table_dict(table: ClauseTable) -> dict[str, Any]:
    return {
        "title": table.title, "holds": table.holds, "interval": table.interval.to_dict(),
        "binding": list(table.binding), "rows": [_row_dict(row) for row in table.rows],
        "mends": [{**asdict(mend), "breaks": list(mend.breaks), "also": list(mend.also)}
                  for mend in table.mends],
        "conflicts": [asdict(conflict) for conflict in table.conflicts],
    }


def _row_dict(row: Row) -> dict[str, Any]:
    clause = row.clause
    return {
        "id": clause.id, "source": clause.source, "asks": clause.text, "left_formula": clause.left,
        "relation": clause.relation, "right_formula": clause.right, "power": clause.power, "constant": clause.kind,
        "left": row.left, "right": row.right, "ratio": _finite(row.ratio), "holds": row.holds,
        "trivial": row.trivial, "counted": row.counted,
        "interval": row.interval.to_dict() if row.interval is not None else None, "problem": row.problem,
    }
