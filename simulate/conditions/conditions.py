"""A theorem's conditions at given parameters: sides, ratios, intervals of C, the binding clause, what would mend it.

The conditions are data (`derivations.papers.NAME.conditions`).  A clause is compared up to a constant C; the table
gives the set of C > 0 for which it holds, an interval, instead of a bare yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from derivations.declare import Clause, ClauseList, Conditions, Model, Parameter, Value
from derivations.declare.formula import FormulaError
from derivations.papers.paper import paper_of

from ..ask import reading, settings
from ..ask.values import typed
from ..errors import InputError, nearest, quoted
from .names import check_names
from .point import Point, about, interval_of
from .rows import ClauseTable, Conflict, Interval, Mend, Repair, Row
from .table import ConditionTable

__all__ = ["ConditionTable", "Interval", "Row", "conditions", "interval_of", "recorded", "tabulate"]


def conditions(
    model: Model,
    values: Mapping[str, Value],
    *,
    constant: float = 1.0,
    steps: int | None = None,
    measured: Mapping[str, object] | None = None,
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
    """The conditions beside the model in its own file.py, or those of the paper that it belongs to.

    Raises InputError where there are none, and as `stated`.
    """
    declared = stated(model, setting)
    if declared is None:
        raise InputError(
            f"model: no conditions are recorded for {model.name!r}; put CONDITIONS beside it in its file, or use a "
            "setting of a paper that states some"
        )
    return declared


def stated(model: Model, setting: object = None) -> Conditions | None:
    """As `recorded`; None where there are none.  Raises InputError where CONDITIONS of a file are something else."""
    own = settings.beside(setting, "CONDITIONS")
    if own is not None:
        if not isinstance(own, Conditions):
            place = setting.written if isinstance(setting, settings.Setting) else setting
            raise InputError(f"CONDITIONS: {quoted(own)} in {place}; expected a derivations.declare.Conditions")
        return own
    paper = paper_of(model)
    return None if paper is None else paper.conditions


def tabulate(
    declared: Conditions,
    model: Model,
    values: Mapping[str, Value],
    *,
    constant: float = 1.0,
    steps: int | None = None,
    measured: Mapping[str, object] | None = None,
    repaired: Callable[[Point], Repair] | None = None,
) -> ConditionTable:
    """`conditions` for conditions of the caller's own, whose names are checked first; with a joint repair, if asked."""
    check_names(declared, model)
    constant = reading.positive("constant", constant)
    given, notes = completed(declared, values)
    point = Point(declared, given, constant, steps, _from_data(declared, measured or {}))
    parameters = {p.name: p for p in (*declared.parameters, *model.parameters)}
    used, known = point.used(), dict.fromkeys(quantity.name for quantity in point.quantities)
    return ConditionTable(
        model=model.name, conditions=declared, constant=constant,
        values=tuple((name, given[name]) for name in parameters if given.get(name) is not None),
        quantities=tuple((name, x) for name in known if name in used and (x := point.value(name)) is not None),
        tables=tuple(_table(group, point, parameters) for group in declared.lists),
        prescribed=tuple(point.prescribed(p) for p in declared.prescriptions if about(p.only, given)),
        notes=(*declared.notes, *notes),
        measured=tuple(name for name in known if name in point.measured and name in used),
        repair=None if repaired is None else repaired(point),
    )


def _from_data(declared: Conditions, measured: Mapping[str, object]) -> dict[str, float]:
    """The measured quantities, checked."""
    known = list(dict.fromkeys(quantity.name for quantity in declared.quantities))
    signed = {quantity.name for quantity in declared.quantities if quantity.signed}
    numbers = {}
    for name, value in measured.items():
        if name not in known:
            raise InputError(f"measured: {quoted(name)} is not a quantity of these conditions; {nearest(name, known)}")
        try:
            number = typed(value)
        except FormulaError as error:
            raise InputError(f"measured: {name}: {error}; leave it out to have it computed") from error
        if number is None or (number < 0 and name not in signed):
            what = "is not a finite number" if number is None else "is below 0, and this quantity is not"
            raise InputError(f"measured: {name} = {quoted(value)} {what}; leave it out to have it computed")
        numbers[name] = number
    return numbers


def completed(declared: Conditions, values: Mapping[str, Value]) -> tuple[dict[str, Value], list[str]]:
    """The values with the conditions' own parameters at their defaults, and what has to be said about them."""
    given, notes = dict(values), []
    for own in declared.parameters:
        if given.get(own.name) is None:
            given[own.name] = own.default
            notes.append(f"{own.name} = {own.default} by default: {own.source}.")
        _check(own, given[own.name])
    for needed in declared.assumes:
        if needed.parameter in given and not about(needed, given):
            notes.append(f"Not covered: {needed.parameter} = {given[needed.parameter]}, but {needed.why}.")
    return given, notes


def _check(own: Parameter, value: Value) -> None:
    low, high = -math.inf if own.low is None else own.low, math.inf if own.high is None else own.high
    if not isinstance(value, (int, float)) or not low <= value <= high or (own.open_low and value == low):
        raise InputError(f"{own.name}: {value!r} is out of range; expected {low} {'<' if own.open_low else '<='} "
                         f"{own.name} <= {high}, such as {own.default}")


def _table(group: ClauseList, point: Point, parameters: Mapping[str, Parameter]) -> ClauseTable:
    rows = tuple(point.row(clause) for clause in group.clauses)
    known = [row for row in rows if row.counted and row.interval is not None]
    interval = Interval()
    for row in known:
        assert row.interval is not None
        interval &= row.interval
    binding = tuple(row.clause.id for row in known if row.interval is not None and _binds(row.interval, interval))
    failing = sorted((row for row in known if not row.holds), key=lambda row: row.clause.id not in binding)
    mends = tuple(
        _mend(row.clause, name, direction, point, parameters)
        for row in failing for name, direction in row.clause.mends
        if isinstance(point.values.get(name), (int, float)) and name in parameters and name in moves(row.clause, point)
    )
    return ClauseTable(
        title=group.title, rows=rows, interval=interval, binding=binding, mends=mends, conflicts=_conflicts(mends)
    )


def moves(clause: Clause, at: Point) -> set[str]:
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
    clause: Clause, name: str, direction: Literal["raise", "lower", "set"], point: Point,
    parameters: Mapping[str, Parameter],
) -> Mend:
    if clause.relation == "=":
        value, direction = _equalled(clause, name, direction, point, parameters[name]), "set"
    else:
        value = _threshold(clause, name, direction, point, parameters[name])
    if value is None:
        return Mend(clause=clause.id, parameter=name, direction=direction, value=None)
    there = point.moved(name, value)
    others = [
        c for group in point.declared.lists for c in group.clauses if c is not clause and about(c.only, point.values)
    ]
    return Mend(
        clause=clause.id, parameter=name, direction=direction, value=value,
        breaks=tuple(c.id for c in others if point.holds(c) and not there.holds(c)),
        also=tuple(c.id for c in others if there.holds(c) and not point.holds(c)),
    )


def _equalled(clause: Clause, name: str, direction: str, point: Point, parameter: Parameter) -> float | None:
    """The nearest value at which an equation holds; `direction` is where its left side grows over its right."""
    row = point.row(clause)
    assert row.left is not None and row.right is not None
    short = row.left < row.right
    half = replace(clause, relation=">=" if short else "<=")
    value = _threshold(half, name, direction if short else _OPPOSITE[direction], point, parameter)
    return value if value is not None and point.moved(name, value).holds(clause) else None


_OPPOSITE = {"raise": "lower", "lower": "raise"}


def _threshold(clause: Clause, name: str, direction: str, point: Point, parameter: Parameter) -> float | None:
    """The nearest value in that direction at which the clause holds, where it is monotone; None where there is none."""
    def holds(x: float) -> bool:
        return point.moved(name, x).holds(clause)

    bracket = _bracket(holds, direction, point.scope[name], parameter)
    if bracket is None:
        return None
    fails, passes = bracket
    while True:
        middle = math.sqrt(fails) * math.sqrt(passes)  # NOTE: bisection in log; the product could overflow
        if not min(fails, passes) < middle < max(fails, passes):
            break
        fails, passes = (fails, middle) if holds(middle) else (middle, passes)
    if counts(parameter):
        return _whole(holds, direction, passes)
    short = float(f"{passes:.12g}")  # 0.1 rather than 0.10000000000000007
    return short if holds(short) else passes


def _bracket(
    holds: Callable[[float], bool], direction: str, start: float, parameter: Parameter
) -> tuple[float, float] | None:
    """A value where the clause fails and one further on where it holds, among the parameter's admissible ones."""
    up = direction == "raise"
    limit = admissible(parameter)[up]
    previous = max(start, 1e-300)
    for x in _ladder(previous, limit, up):
        if holds(x):
            return previous, x
        previous = x
    return None


def admissible(parameter: Parameter) -> tuple[float, float]:
    """The least and the greatest value that may be offered: within the range, and one that a run could have.

    A theorem about many filters and examples says nothing of one, no machine holds 1e8 of them, and e^100 is the
    largest dimension in use.
    """
    low, high = (2.0 if parameter.name in _MANY else 1.0, 1e7) if parameter.counted else (1e-50, 1e50)
    return max(low, parameter.low or low), min(high, math.inf if parameter.high is None else parameter.high)


_MANY = ("n", "m", "n_train")


def _ladder(start: float, limit: float, up: bool) -> Iterator[float]:
    """Values a factor 2^16 apart, from beyond `start` to `limit`, which comes last."""
    x = start
    while x < limit if up else x > limit:
        x = min(x * 65536, limit) if up else max(x / 65536, limit)
        yield x


def counts(parameter: Parameter) -> bool:
    """Whether a parameter is a whole number: a count, or published as one (a dimension that may be e^100)."""
    return parameter.counted or type(parameter.default) is int


def _whole(holds: Callable[[float], bool], direction: str, edge: float) -> float | None:
    """The whole number next to `edge` that satisfies; the nearer one first, which rounding may have stepped over."""
    near = (math.floor(edge), math.ceil(edge))
    for x in near if direction == "raise" else near[::-1]:
        if holds(x):
            return x
    return None
