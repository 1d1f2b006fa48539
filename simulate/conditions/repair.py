"""The smallest joint change of named parameters that meets every clause at once, or the clauses that exclude it.

Clauses are products of powers of parameters, up to sums and maxima, so that in logarithms each is nearly a plane: the
nearest point of what they leave is found by linear programs in small steps from several starts, then rounded to
admissible values and judged by the clauses themselves.  That a point is the nearest rests on those starts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Clause, Parameter, Value
from dynamics.arrays import Array

from ..errors import InputError, nearest, quoted
from ..work.progress import doing, progress
from .conditions import admissible, counts, moves
from .point import Point
from .rows import Repair, Row

At = Callable[[Mapping[str, float]], Mapping[str, Value]]
"""Every value where some parameters have others: what follows them, by a default or an equation, moves along."""

_FAR = 700.0  # the slack, as a logarithm, of a clause without a value; exp(700) is the largest number
_NONE = 60.0  # the slack of a side that is to be above 0 and is at 0
_STEP = 1e-4  # in logarithms, for derivatives; clauses are smooth on that scale but for whole numbers
_STARTS = (2.0, 8.0)  # how far starts lie from the present values, in logarithms
_REACH, _NEAR = 3.0, 1e-4  # the largest and the least step, in logarithms
_ABOVE = 1e-4  # the slack with which a point is good enough to go on from
_MOST = 60  # steps from one start
_ENOUGH = 2  # points that are found, of which the nearest is taken
_CORNERS = 3  # parameters of which every corner is a start
_LARGE = 1e7  # from which on a whole number is as good as any


@dataclass(frozen=True)
class _Search:
    """What is searched: names with their present values, their admissible logarithms, and the clauses' slacks."""

    here: Point
    at: At
    parameters: tuple[Parameter, ...]
    start: Array
    clauses: tuple[Clause, ...]
    bounds: tuple[tuple[float, float], ...]

    def point(self, x: Array) -> Point:
        changed = {each.name: math.exp(value) for each, value in zip(self.parameters, x, strict=True)}
        return Point(self.here.declared, self.at(changed), self.here.constant, self.here.steps, self.here.measured)

    def slacks(self, x: Array, clauses: Sequence[Clause]) -> Array:
        """By how much each clause holds, as a logarithm; below 0 where it fails."""
        try:
            point = self.point(x)
        except InputError:  # a parameter that follows these leaves its range
            return np.full(len(clauses), -_FAR)
        return np.array([slack(point.row(clause), self.here.constant) for clause in clauses])

    def slopes(self, x: Array, slacks: Array, clauses: Sequence[Clause]) -> Array:
        """The derivatives of slacks (clauses, parameters) in the logarithms; 0 where a clause has no value."""
        steps = [math.log1p(math.exp(-at)) if counts(each) and at < math.log(_LARGE) else _STEP
                 for each, at in zip(self.parameters, x, strict=True)]  # of a whole number, at least 1
        moved = [(self.slacks(x + by * side, clauses) - slacks) / by
                 for by, side in zip(steps, np.eye(len(x)), strict=True)]
        slopes = np.column_stack(moved)
        return np.asarray(np.where(np.abs(slopes) < _FAR, slopes, 0.0))

    def within(self, x: Array, reach: float) -> list[tuple[float | None, float | None]]:
        """What a step from x may be, of each parameter."""
        return [(max(-reach, low - at), min(reach, high - at)) for (low, high), at in zip(self.bounds, x, strict=True)]

    def change(self, x: Array) -> float:
        """The logarithm of the product of the factors, each taken above 1, by which the parameters change."""
        return float(np.abs(x - self.start).sum())


def slack(row: Row, constant: float) -> float:
    """The factor by which a clause holds at C, as a logarithm: how much larger what there is may be asked to be."""
    if not row.counted or row.trivial:
        return _FAR
    interval = row.interval
    if interval is None:
        return -_FAR
    if row.ratio is not None and row.ratio <= 0:  # what there is is not above 0: no factor, but more is nearer
        return -_NONE - math.asinh(-row.ratio)
    if row.clause.power == 0:
        return _FAR if row.ratio is None else float(np.clip(math.log(row.ratio), -_FAR, _FAR))
    if interval.empty:
        return -_FAR
    above = math.log(interval.high / constant) if 0 < interval.high < math.inf else _FAR
    below = math.log(constant / interval.low) if interval.low > 0 else _FAR
    return float(np.clip(min(above, below), -_FAR, _FAR))


def repair(here: Point, at: At, names: Sequence[str], known: Mapping[str, Parameter]) -> Repair:
    """The nearest values of the named parameters at which every counted clause of every list holds at the point's C.

    Nearest is the least product of the factors by which they change, each taken above 1, so that few of them change.

    Args:
        here: the present point.
        at: every value where some parameters have others.
        names: the parameters that may change.
        known: every parameter by name.

    Raises:
        InputError: for a name that is no parameter, one that has no number above 0 here, and no name at all.
    """
    chosen = tuple(_parameter(name, known, here) for name in dict.fromkeys(names))
    if not chosen:
        raise InputError("solve: no parameter is named; give some, such as d,sigma_p")
    every = [clause for group in here.declared.lists for clause in group.clauses]
    without = {clause.id for clause in every if here.steps is None and "T" in moves(clause, here)}
    clauses = tuple(clause for clause in every if here.row(clause).counted and clause.id not in without)
    start = np.log([here.scope[each.name] for each in chosen])
    bounds = tuple((math.log(low), math.log(high)) for low, high in map(admissible, chosen))
    search = _Search(here, at, chosen, start, clauses, bounds)
    with doing("seeking the nearest values at which every clause holds"):
        repaired = _met(search)
    printed = {clause.id for clause in here.declared.lists[0].clauses}
    alone = None
    if repaired != {} and len(here.declared.lists) > 1:
        of_print = replace(search, clauses=tuple(clause for clause in clauses if clause.id in printed))
        alone = _met(of_print)
    return Repair(
        present={each.name: here.scope[each.name] for each in chosen}, values=repaired, constant=here.constant,
        excluded=() if repaired is not None else _excluded(search), left_out=tuple(sorted(without)), alone=alone)


def _met(search: _Search) -> dict[str, float] | None:
    """The nearest values at which every clause of the search holds; {} where they hold already, None for none found."""
    if not search.clauses or search.slacks(search.start, search.clauses).min() >= 0:
        return {}
    return next((there for x in _nearest(search) if (there := _offered(search, x)) is not None), None)


def _parameter(name: str, known: Mapping[str, Parameter], here: Point) -> Parameter:
    if name not in known:
        raise InputError(f"solve: {quoted(name)} is not a parameter here; {nearest(name, known)}")
    if not here.scope.get(name, 0.0) > 0:
        raise InputError(f"solve: {name} has no number above 0 here, and factors are what is searched; give it one")
    return known[name]


def _nearest(search: _Search) -> Iterator[Array]:
    """Points where every clause holds, the nearest first."""
    points: list[Array] = []
    starts = [*_starts(search)]
    with progress("solve", len(starts), "starts") as step:
        for start in starts:
            least, x = _best(search, search.clauses, start)
            if least >= 0:
                points.append(_nearer(search, x))
            if len(points) == _ENOUGH:
                break
            step()
    yield from sorted(points, key=search.change)


def _starts(search: _Search) -> Iterator[Array]:
    """The present point, and others on every side of it."""
    low, high = np.array(search.bounds).T
    yield search.start
    for far in _STARTS:
        for sides in _sides(len(search.start)):
            yield np.clip(search.start + far * sides, low, high)


def _sides(size: int) -> Array:
    """Directions of starts, (count, size): all corners of up to three parameters; of more, each alone, both ways."""
    if size <= _CORNERS:
        return np.array(list(itertools.product((-1.0, 1.0), repeat=size)))
    return np.concatenate([np.eye(size), -np.eye(size)])


def _best(
    search: _Search, clauses: Sequence[Clause], start: Array
) -> tuple[float, Array]:
    """The largest least slack that these clauses reach from `start`, or a little above 0 where they do; and where.

    A clause without a value there cannot be followed: the others are, until it has one.
    """
    x, reach, slacks = start, _REACH, search.slacks(start, clauses)
    for _ in range(_MOST):
        if reach <= _NEAR or slacks.min() >= _ABOVE:
            break
        slopes, size = search.slopes(x, slacks, clauses), len(x)
        known = slacks > -_FAR
        rows = np.column_stack([-slopes, np.ones(len(slacks))])[known]
        least = np.block([[rows[:, :size], np.zeros((len(rows), size)), rows[:, size:]], *_absolute(size, 1)])
        step = _linear(
            np.concatenate([np.zeros(size), np.full(size, 1e-3), [-1.0]]), least,
            np.concatenate([slacks[known], np.zeros(2 * size)]),
            [*search.within(x, reach), *[(0.0, None)] * size, (None, 2 * _ABOVE)])
        there = None if step is None else x + step[:size]
        new = None if there is None else search.slacks(there, clauses)
        if there is None or new is None or not _better(new, slacks):
            reach /= 3.0
            continue
        x, slacks, reach = there, new, min(2.0 * reach, _REACH)
    return float(slacks.min()), x


def _better(new: Array, old: Array) -> bool:
    """Whether fewer slacks are without a value, or as many and the least of the others is larger by what is visible."""
    (more, least), (some, before) = (
        (int((each > -_FAR).sum()), float(each[each > -_FAR].min(initial=0.0))) for each in (new, old))
    return more > some or (more == some and least > before + _ABOVE / 10)


def _nearer(search: _Search, x: Array) -> Array:
    """A point where every clause holds, as near the present one as small steps from x lead."""
    reach, size = _REACH, len(x)
    slacks = search.slacks(x, search.clauses)
    for _ in range(_MOST):
        if reach <= _NEAR:
            break
        slopes = search.slopes(x, slacks, search.clauses)
        rows = np.block([[-slopes, np.zeros((len(slacks), size))], *_absolute(size, 0)])
        limits = np.concatenate([slacks - _ABOVE, search.start - x, x - search.start])
        step = _linear(np.append(np.zeros(size), np.ones(size)), rows, limits,
                       [*search.within(x, reach), *[(0.0, None)] * size])
        there = None if step is None else x + step[:size]
        better = there is not None and search.change(there) < search.change(x) - _ABOVE
        least, there = _best(search, search.clauses, there) if there is not None and better else (-1.0, x)
        if least < _ABOVE or not search.change(there) < search.change(x) - _ABOVE:
            reach /= 3.0
            continue
        x, slacks, reach = there, search.slacks(there, search.clauses), min(2.0 * reach, _REACH)
    return x


def _absolute(size: int, more: int) -> list[list[Array]]:
    """Rows that hold |x| <= u of size unknowns x and as many u, with columns of 0 for `more` unknowns."""
    one, none = np.eye(size), np.zeros((size, more))
    return [[one, -one, none], [-one, -one, none]] if more else [[one, -one], [-one, -one]]


def _linear(cost: Array, rows: Array, limits: Array, bounds: list[tuple[float | None, float | None]]) -> Array | None:
    """The point of least cost with rows x <= limits within bounds; None where there is none."""
    from scipy.optimize import linprog

    optimum = linprog(cost, A_ub=rows, b_ub=limits, bounds=bounds)
    return np.asarray(optimum.x) if optimum.status == 0 else None


def _offered(search: _Search, x: Array) -> dict[str, float] | None:
    """Values near x, whole where they have to be and of few digits elsewhere, at which every clause holds; or None."""
    whole = [at for at, each in enumerate(search.parameters) if counts(each) and x[at] < math.log(_LARGE)]
    choices = [_around(search.parameters[at], math.exp(x[at])) for at in whole]
    points = []
    for values in itertools.product(*choices):
        bounds = list(search.bounds)
        for at, value in zip(whole, values, strict=True):
            bounds[at] = (math.log(value), math.log(value))
        fixed = replace(search, bounds=tuple(bounds))
        low, high = np.array(bounds).T
        least, there = _best(fixed, search.clauses, np.clip(x, low, high))
        if least >= 0:
            points.append(_nearer(fixed, there) if len(whole) < len(x) else there)
    return next((said for there in sorted(points, key=search.change) if (said := _rounded(search, there))), None)


def _around(parameter: Parameter, value: float) -> tuple[float, ...]:
    """The admissible whole numbers next to a value."""
    low, high = admissible(parameter)
    return tuple(sorted({float(min(max(each, low), high)) for each in (math.floor(value), math.ceil(value))}))


def _rounded(search: _Search, x: Array) -> dict[str, float] | None:
    """The values to as few digits as do, at which every clause still holds."""
    for digits in (2, 3, 4, 5, 6, 9):
        values = [_to_digits(each, math.exp(at), digits) for each, at in zip(search.parameters, x, strict=True)]
        if search.slacks(np.log(values), search.clauses).min() >= 0:
            return {each.name: value for each, value in zip(search.parameters, values, strict=True)}
    return None


def _to_digits(parameter: Parameter, value: float, digits: int) -> float:
    if counts(parameter) and value < _LARGE:
        return float(round(value))
    low, high = admissible(parameter)
    short = min(max(float(f"{value:.{digits}g}"), low), high)
    return float(round(short)) if counts(parameter) else short


def _excluded(search: _Search) -> tuple[str, ...]:
    """One clause, or two, that no values of the parameters meet; () where none such was found among them."""
    with doing("looking for clauses that exclude each other"):
        return _excluding(search)


def _excluding(search: _Search) -> tuple[str, ...]:
    least, where = _most(search, search.clauses, _starts(search))
    slacks = search.slacks(where, search.clauses)
    failing = [clause for clause, each in zip(search.clauses, slacks, strict=True) if each < least + 0.5]
    for size in (1, 2):
        worst, ids = -1e-6, tuple[str, ...]()
        for some in itertools.combinations(failing, size):
            reached = _most(search, some, (search.start, where))[0]
            if reached < worst:
                worst, ids = reached, tuple(clause.id for clause in some)
        if ids:
            return ids
    return ()


def _most(search: _Search, clauses: Sequence[Clause], starts: Iterable[Array]) -> tuple[float, Array]:
    """The largest least slack of these clauses that a start leads to, and where."""
    most, where = -math.inf, search.start
    for start in starts:
        least, x = _best(search, clauses, start)
        if least > most:
            most, where = least, x
        if most >= 0:
            break
    return most, where

