"""The space of a search: parameter values on a log scale, the run's steps and its draw, and the moves in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Model, Statement, Value

from .bent import Bends

STEPS = "steps"  # the coordinate of the run's length
DIMENSION = "d"  # a size that may be any number
LARGEST = 200  # of examples, filters, tasks and the like that a search goes to; more where it starts from more
DIGITS = 4  # significant digits of a number that a search tries: they are printed, and run again, as they are
_SIZES = (0.03, 0.1, 0.3, 1.0, 2.5)  # of a move, in logarithms
_SHARES = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)  # of a second coordinate that moves with the first


@dataclass(frozen=True)
class Place:
    """Where a run is made: the parameters that are given, the steps, the seed of the draw and how it is bent."""

    params: Mapping[str, Value]
    steps: int
    seed: int
    bends: Bends = ()

    def at(self, name: str) -> float:
        """A coordinate."""
        return float(self.steps if name == STEPS else self.params[name])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Space:
    """The coordinates that a search moves: positive numbers that the statement does not fix, and the steps."""

    model: Model
    names: tuple[str, ...]

    @property
    def reals(self) -> tuple[str, ...]:
        """Those that may lie on either side of 1: no sizes, and no probabilities."""
        declared = [self.model.parameter(name) for name in self.names if name != STEPS]
        return tuple(each.name for each in declared if not each.whole and (each.high is None or each.high > 1))

    def set(self, place: Place, name: str, value: float) -> Place:
        """A place with one coordinate changed: a whole number where it is one, kept inside the parameter's range."""
        if name == STEPS:
            return replace(place, steps=max(1, round(min(value, 2.0**53))))
        declared = self.model.parameter(name)
        number: Value = max(1, round(value)) if declared.counted else rounded(value, DIGITS)
        if declared.high is not None and float(number) > declared.high:  # type: ignore[arg-type]
            number = declared.high
        return replace(place, params={**place.params, name: number})

    def affordable(self, place: Place, start: Place) -> bool:
        """Whether no whole number but the steps is beyond LARGEST and four times what it is at the start."""
        counts = [name for name in self.names if name != STEPS and self.model.parameter(name).counted]
        return all(place.at(name) <= max(LARGEST, 4 * start.at(name)) for name in counts)

    def moved(self, place: Place, rng: np.random.Generator) -> Place:
        """One to three coordinates times random factors, or two together along a power law; sometimes another draw."""
        target = place if rng.random() < 0.5 else replace(place, seed=int(rng.integers(1 << 31)))
        if rng.random() < 0.1:
            return target
        size = float(rng.choice(_SIZES)) * float(rng.normal())
        if len(self.names) > 1 and rng.random() < 0.4:
            one, other = (str(name) for name in rng.choice(self.names, 2, replace=False))
            target = self.scaled(target, one, size)
            return self.scaled(target, other, size * float(rng.choice(_SHARES)))
        count = min(len(self.names), int(rng.integers(1, 4)))
        for name in rng.choice(self.names, count, replace=False):
            target = self.scaled(target, str(name), float(rng.choice(_SIZES)) * float(rng.normal()))
        return target

    def scaled(self, place: Place, name: str, by: float) -> Place:
        """A place with one coordinate times e^by; a whole number moves by one at least."""
        old = place.at(name)
        new = old * math.exp(max(-50.0, min(50.0, by)))
        whole = name == STEPS or self.model.parameter(name).counted
        if whole and round(new) == old and by:
            new = old + math.copysign(1.0, by)
        return self.set(place, name, new)


def space_of(model: Model, values: Mapping[str, Value], statement: Statement, steps: bool) -> Space:
    """Every positive number among the parameters' values that the statement does not fix; the steps where asked.

    What a kernel is compiled for stays as it is.
    """
    fixed = {only.parameter for only in statement.only if only.values}
    names = [
        each.name for each in model.parameters
        if each.numeric and not each.structural and each.name not in fixed
        and _positive(values.get(each.name))
    ]
    return Space(model, (*names, *((STEPS,) if steps else ())))


def _positive(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits}g}")
