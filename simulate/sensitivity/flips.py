"""What became of a knob: rows of flips, of what never flips in its range, and of what was not moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from derivations.declare import Value

from .knobs import Choice, Knob
from .search import Side, counted
from .thresholds import threshold


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A knob, moved alone from `value` in one direction, and where the claim flips.

    `at` is the first value seen at which half of the draws have flipped, `low` and `high` the interval of the median of
    draws (None: beyond the range), covered with probability `coverage`; `factor` is at/value (None of a choice, or from
    0).  `becomes` counts what the draws come to be, each at its own flip, and those that do not flip; `refused` counts
    runs that could not be made on the way, by the first sentence of those that differ in numbers alone.
    `choice`: it is one of several values, not a number moved out.  `why`: what is said of draws that neither hold nor
    fail there.
    """

    knob: str
    note: str
    value: Value
    at: Value
    factor: float | None
    low: Value
    high: Value
    coverage: float
    becomes: Mapping[str, int]
    refused: Mapping[str, int]
    choice: bool = False
    why: str = ""

    @property
    def fragility(self) -> float:
        """How near the flip is: |log factor|; numbers come before choices, and what flips at 0 between them."""
        if self.choice:
            return math.inf
        if self.factor is None:
            return abs(_number(self.at))
        return abs(math.log(self.factor)) if self.factor else _FURTHEST


@dataclass(frozen=True, kw_only=True)
class Steady:
    """A knob, moved alone from `value` as far as `reached`, where less than half of the draws flip.

    `ended` says why the range ends there, where that is not its bound or the reach that was asked for.
    """

    knob: str
    note: str
    value: Value
    reached: Value
    ended: str
    becomes: Mapping[str, int]
    refused: Mapping[str, int]


def row(side: Side) -> Flip | Steady:
    """What a side says."""
    knob, flat = side.knob, isinstance(side.knob, Choice)
    distances = {seed: _distance(knob, side.outer[seed]) if seed in side.outer else math.inf for seed in side.seeds}
    at = {distance: side.outer.get(seed) for seed, distance in distances.items()}
    median = threshold(list(distances.values()))
    still = len(side.seeds) - len(side.outer)
    becomes = {**counted(side.becomes), **({f"still {side.start.value}": still} if still else {})}
    if math.isinf(median.at):
        return Steady(knob=knob.name, note=knob.note, value=knob.base, ended=_ended(side),
                      reached=side.ladder[0] if flat else side.reached,
                      becomes=becomes, refused=side.refused)
    ends = (at[median.near], at[median.far])
    low, high = ends if flat or _number(at[median.at]) > _number(knob.base) else ends[::-1]
    return Flip(
        knob=knob.name, note=knob.note, value=knob.base, at=at[median.at],
        factor=None if flat or not knob.base else _number(at[median.at]) / _number(knob.base),
        low=None if flat else low, high=None if flat else high, coverage=median.coverage, becomes=becomes,
        refused=side.refused, choice=flat,
        why=next((told.said for told in side.becomes.values() if told.said), ""),
    )


def _ended(side: Side) -> str:
    """Why the range ends before the ladder does; empty where it does not."""
    if side.ended or not side.ladder or side.reached == side.ladder[-1]:
        return side.ended
    said, _, cure = side.beyond.rpartition("; ")
    return side.beyond if not said or cure.startswith("expected") else said  # a table asks for no cure


def _distance(knob: Knob, value: Value) -> float:
    """How far a value is from the one given: |log factor|; from 0 its own size, and to 0 further than anything."""
    if isinstance(knob, Choice):
        return 1.0
    base, there = _number(knob.base), _number(value)
    if not base:
        return abs(there)
    return abs(math.log(there / base)) if there else _FURTHEST


def _number(value: Value) -> float:
    return float(str(value))


_FURTHEST = 1e300
