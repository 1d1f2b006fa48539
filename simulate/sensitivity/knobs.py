"""What is moved: a parameter, a choice or a run's steps, with the values it is tried at and the problem at each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from derivations.declare import Model, Parameter, Value, idle

from ..ask import noted, parameters, reading
from ..ask.axes import Axis
from ..ask.chosen import Chosen
from ..ask.hold import Hold
from ..conditions.held import Held
from ..errors import InputError
from ..phase.grid_cells import Cells
from ..run.algorithm import step_draws
from ..run.problem import Problem
from ..values import EXACT, whole

STEPS = "steps"  # the knob of a run's length
UNREAD = "neither the run nor the claim reads it"
DECADES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""How far from the value given, in factors of ten, a number is tried on its way out."""


_WRITTEN_OUT = 1e6  # whole numbers below it are shown digit by digit


@dataclass(frozen=True)
class Spot:
    """A problem and the steps of its runs."""

    problem: Problem
    steps: int


@dataclass(frozen=True)
class MovesAsked:
    """What a sensitivity starts from: a setting at the values chosen for it, where equations hold."""

    chosen: Chosen
    equations: tuple[Hold, ...]
    steps: int

    @property
    def model(self) -> Model:
        """The model of the structural values."""
        return self.chosen.built

    def cells(self, axes: Sequence[Axis]) -> Cells:
        """Problems at values of some parameters.  Raises InputError where an equation would then have none to solve."""
        names = {each.name: each.option for each in axes}
        held = Held.of(self.chosen.setting, self.model, self.equations, self.chosen.given, names, self.steps)
        return Cells(self.chosen, axes, held)

    def base(self) -> Problem:
        """The problem at the values given."""
        return self.cells(()).at(())


@dataclass(frozen=True)
class Knob:
    """One thing that is moved alone: its name, the value given, and how what is tied to it goes along (`note`)."""

    name: str
    base: Value
    note: str

    dearer: ClassVar[float] = 6.0
    """How many times as long as at the values given a run may take."""

    def spot(self, value: Value) -> Spot:
        """The problem where it has this value.  Raises InputError where there is none."""
        raise NotImplementedError

    def taken(self, value: Value) -> Spot:
        """The same, whose algorithm takes its parameters.  Raises InputError where it does not."""
        spot = self.spot(value)
        model, values = spot.problem.model, spot.problem.values
        examples = 1 if model.algorithm.over_tasks else int(whole(values, "n"))
        step_draws(model, values, np.broadcast_to(1.0, (examples,)), 0)  # the labels are counted, and not looked at
        return spot

    def ladders(self, reach: float) -> Iterator[tuple[Value, ...]]:
        """Values on the way out, each ladder in one direction, up to a factor of `reach`."""
        raise NotImplementedError

    def between(self, inner: Value, outer: Value, tolerance: float) -> Value | None:
        """A value between two; None where they are neighbours, or within the tolerance, a share of the value."""
        return None


@dataclass(frozen=True)
class Number(Knob):
    """A number, moved by factors; of 0 by the powers of ten up to its range's end, or `reach`."""

    parameter: Parameter
    cells: Cells
    steps: int

    @property
    def whole(self) -> bool:
        """Whether its values are whole."""
        return self.parameter.whole

    def spot(self, value: Value) -> Spot:
        """As `Knob` says."""
        return Spot(self.cells.at((reading.parse(self.parameter, value),)), self.steps)

    def ladders(self, reach: float) -> Iterator[tuple[Value, ...]]:
        """Downward, and to 0 where that is its range's end and one of its values; and upward."""
        base, low, high = float(str(self.base)), self.parameter.low, self.parameter.high
        powers = [*(each for each in DECADES if 10.0**each < reach), math.log10(reach)]
        if base == 0.0:
            top = 1.0 if high is None else high
            yield self._legal([top * 10.0**-each for each in reversed(powers)] + [top], high)
            return
        down = self._legal([base * 10.0**-each for each in powers], None)
        yield (*down, 0.0) if low == 0 and not self.parameter.open_low and 0.0 not in down else down
        yield self._legal([base * 10.0**each for each in powers], high if base > 0 else low)

    def _legal(self, candidates: Sequence[float], end: float | None) -> tuple[Value, ...]:
        """The values inside its range, whole ones once each, and the range's end where they pass it."""
        inside = [each if end is None else max(each, end) if each < 0 else min(each, end) for each in candidates]
        inside = [float(round(each)) if self.whole and abs(each) < EXACT else each for each in inside]
        low, opened = self.parameter.low, self.parameter.open_low
        kept = [each for each in inside if low is None or each > low or (each == low and not opened)]
        return tuple(each for each in dict.fromkeys(kept) if each != self.base)

    def between(self, inner: Value, outer: Value, tolerance: float) -> Value | None:
        """The geometric mean, and next to 0 the arithmetic one; whole where its values are."""
        a, b = float(str(inner)), float(str(outer))
        if min(abs(a), abs(b)) == 0.0:
            return None if b == 0.0 else self._whole(a, b, (a + b) / 2)
        if abs(math.log(b / a)) <= math.log1p(tolerance):
            return None
        return self._whole(a, b, math.copysign(math.exp((math.log(abs(a)) + math.log(abs(b))) / 2), a))

    def _whole(self, a: float, b: float, middle: float) -> Value | None:
        middle = float(round(middle)) if self.whole and abs(middle) < EXACT else middle
        return middle if min(a, b) < middle < max(a, b) else None


@dataclass(frozen=True)
class Length(Number):
    """The steps of a run."""

    def spot(self, value: Value) -> Spot:
        """As `Knob` says."""
        return Spot(self.cells.at(()), int(float(str(value))))


@dataclass(frozen=True)
class Choice(Knob):
    """One of several values, each tried."""

    parameter: Parameter
    others: tuple[Value, ...]
    cells: Cells
    steps: int

    dearer: ClassVar[float] = 100.0  # each value is one run a draw, and not a way out

    def spot(self, value: Value) -> Spot:
        """As `Knob` says."""
        return Spot(self.cells.at((value,)), self.steps)

    def ladders(self, reach: float) -> Iterator[tuple[Value, ...]]:
        """A ladder of one rung each."""
        return ((each,) for each in self.others)


@dataclass(frozen=True)
class Unmoved:
    """A parameter that is left where it is, and why."""

    name: str
    base: Value
    reason: str


def knobs_of(asked: MovesAsked, base: Problem, read: Collection[str]) -> tuple[list[Knob], list[Unmoved]]:
    """Every parameter, and the steps, as what can be moved and what cannot; `read` are the claim's own names.

    What neither a run nor the claim reads is not moved, unless something that is read follows it.
    """
    moved, left = list[Knob](), list[Unmoved]()
    unused = idle(base.model, read)
    for parameter in base.model.parameters:
        knobs = _of_parameter(asked, base, parameter, unused)
        if isinstance(knobs, Unmoved):
            left.append(knobs)
        else:
            moved += knobs
    length = Parameter(name=STEPS, latex="T", meaning="steps of a run", kind="count", default=asked.steps, low=1)
    return [*moved, Length(STEPS, asked.steps, "", length, asked.cells(()), asked.steps)], left


def _of_parameter(
    asked: MovesAsked, base: Problem, parameter: Parameter, unused: set[str]
) -> list[Knob] | Unmoved:
    """A knob, or two where others follow it: once with these, once with these held where they are."""
    name, value = parameter.name, base.values[parameter.name]
    values = _values(asked, parameter)
    if value is None:
        return Unmoved(name, value, "it is absent; give it a value to have it moved")
    if isinstance(values, str):
        return Unmoved(name, value, values)
    axis = (Axis("x", parameter, (value,)),)
    try:
        cells = asked.cells(axis)
    except InputError:
        held = asked.cells(())
        return Unmoved(name, value, f"it solves {held.formulas().get(name, 'an equation')}")
    following = [follower for follower in cells.following(name) if follower != name]
    if name in unused and unused.issuperset(following):
        return Unmoved(name, value, UNREAD)
    knobs = [_knob(parameter, value, values, cells, asked.steps, _instead(asked, parameter))]
    if following:
        texts, values_now = cells.formulas(), base.values
        kept = _with(asked, {follower: values_now[follower] for follower in following}, following)
        along = ", ".join(f"{follower} goes along ({texts[follower]})" for follower in following)
        stays = ", ".join(f"{follower} stays at {shown(values_now[follower])}" for follower in following)
        knobs = [_knob(parameter, value, values, cells, asked.steps, along),
                 _knob(parameter, value, values, kept.cells(axis), asked.steps, stays)]
    return knobs


def shown(value: Value) -> str:
    """A value to four digits, a whole number whole."""
    if isinstance(value, float) and not (value.is_integer() and abs(value) < _WRITTEN_OUT):
        return f"{value:.4g}"
    return noted.show(value)


def _with(asked: MovesAsked, values: Mapping[str, object], without: Sequence[str]) -> MovesAsked:
    """The same with some parameters given as values, and no equation solved for them."""
    held = Held.of(asked.chosen.setting, asked.model, asked.equations, asked.chosen.given, {}, asked.steps)
    kept = tuple(hold for hold, parameter in held.equations if parameter.name not in without)
    return MovesAsked(asked.chosen.over({**asked.chosen.given, **values}), kept, asked.steps)


def _instead(asked: MovesAsked, parameter: Parameter) -> str:
    """What a parameter's own value comes from, where that is a formula which the knob takes the place of."""
    text = parameters.formula_of(asked.model, parameter, asked.chosen.stated)
    return f"in place of {text}" if text is not None else ""


def _values(asked: MovesAsked, parameter: Parameter) -> tuple[Value, ...] | str:
    """A choice's values, none of a number; or why it is not moved."""
    shipped = asked.chosen.setting.structural.get(parameter.name)
    if parameter.structural and shipped is not None:
        return tuple(shipped)
    if parameter.structural and not parameter.listed:
        return "each of its values is a recursion of its own, and none is listed with the setting"
    if parameter.kind == "counts":
        return "it is a list; move its entries by phase"
    return {"choice": parameter.choices, "flag": (False, True)}.get(parameter.kind, ())


def _knob(
    parameter: Parameter, value: Value, values: tuple[Value, ...], cells: Cells, steps: int, note: str
) -> Knob:
    if values:
        return Choice(parameter.name, value, note, parameter, tuple(each for each in values if each != value), cells,
                      steps)
    return Number(parameter.name, value, note, parameter, cells, steps)
