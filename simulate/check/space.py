"""The space of a search: parameter values on a log scale, the run's steps and its draw, and the moves in it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Model, Statement, Value, idle

from ..ask.reading import counts_of
from .bent import Bends
from .cases import spoken

STEPS = "steps"  # the coordinate of the run's length
EXAMPLES = "n"  # the size that sizes of classes sum to
DIMENSION = "d"  # a size of any magnitude, of which nothing is made
LARGEST = 200  # of examples, filters, tasks and the like that a search goes to; more where it starts from more
DIGITS = 4  # significant digits of a number that a search tries: they are printed, and run again, as they are
AROUND, FARTHEST = 2.0, 6.0  # decades from the start: of the first tries, and of all but the dimension and the steps
ENTERS = 0.4  # how often what is 0 at the start enters a try around it
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
        if (one := _class_of(name)) is not None:
            return float(_counts(self.params[one[0]])[one[1]])
        return float(self.steps if name == STEPS else self.params[name])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Space:
    """The coordinates that a search moves: numbers above 0 that the statement does not fix, and the steps.

    A coordinate that is 0 has no logarithm: moved, it enters near its `usual` value.
    Of sizes of classes each one is a coordinate, such as `class_sizes[0]`, and n follows them.
    """

    model: Model
    names: tuple[str, ...]

    @property
    def reals(self) -> tuple[str, ...]:
        """Those that may lie on either side of 1: no sizes, and no probabilities."""
        declared = [self.model.parameter(name) for name in self.names if not self.counted(name)]
        return tuple(each.name for each in declared if not each.whole and (each.high is None or each.high > 1))

    def whole(self, name: str) -> bool:
        """Whether a coordinate is a whole number: a size, the steps, and d where float64 can tell."""
        return self.counted(name) or name == DIMENSION

    def counted(self, name: str) -> bool:
        """Whether so many things are made of it."""
        return name == STEPS or _class_of(name) is not None or self.model.parameter(name).counted

    def set(self, place: Place, name: str, value: float) -> Place:
        """A place with one coordinate changed: a whole number where it is one, kept inside the parameter's range."""
        if name == STEPS:
            return replace(place, steps=max(1, round(min(value, 2.0**53))))
        if (one := _class_of(name)) is not None:
            sizes = list(_counts(place.params[one[0]]))
            sizes[one[1]] = max(1, round(min(value, 2.0**53)))
            return replace(place, params={
                **place.params, one[0]: ",".join(map(str, sizes)), EXAMPLES: sum(sizes)})
        declared = self.model.parameter(name)
        number: Value = max(1, round(value)) if declared.counted else rounded(value, DIGITS)
        if declared.dimension and value < 2.0**53:
            number = float(max(1, round(rounded(value, DIGITS))))
        if declared.high is not None and float(number) > declared.high:  # type: ignore[arg-type]
            number = declared.high
        return replace(place, params={**place.params, name: number})

    def affordable(self, place: Place, start: Place) -> bool:
        """Whether no whole number but the steps is beyond LARGEST and four times what it is at the start."""
        counts = [name for name in self.names if name != STEPS and self.counted(name)]
        return all(place.at(name) <= max(LARGEST, 4 * start.at(name)) for name in counts)

    def usual(self, name: str) -> float:
        """A moderate value of a number: its default where that is above 0, else 1, or the end of a shorter range."""
        if name == STEPS or _class_of(name) is not None:
            return 1.0
        declared = self.model.parameter(name)
        default = declared.default if _positive(declared.default) else 1.0
        return min(float(default), math.inf if declared.high is None else declared.high)  # type: ignore[arg-type]

    def decades(self, place: Place, start: Place, name: str) -> float:
        """How far a coordinate is from where it starts; what is 0 at either place counts from its usual value."""
        here, there = (place.at(name) or self.usual(name), start.at(name) or self.usual(name))
        return math.log10(here / there)

    def distance(self, place: Place, start: Place) -> float:
        """The decades of all coordinates together, and one for each that is 0 at one of the two places alone."""
        entered = sum((place.at(name) == 0) != (start.at(name) == 0) for name in self.names)
        return entered + sum(abs(self.decades(place, start, name)) for name in self.names)

    def within(self, place: Place, start: Place) -> Place:
        """The place with no parameter farther than FARTHEST from where it starts, but for the dimension."""
        for name in self.names:
            far = 0.0 if name in (STEPS, DIMENSION) else self.decades(place, start, name)
            if abs(far) > FARTHEST:
                origin = start.at(name) or self.usual(name)
                place = self.set(place, name, origin * 10.0 ** math.copysign(FARTHEST, far))
        return place

    def around(self, start: Place, rng: np.random.Generator) -> Place:
        """One to three coordinates within AROUND decades of the start, and some of those that are 0 there."""
        reach = AROUND * math.log(10)
        target = start if rng.random() < 0.5 else replace(start, seed=int(rng.integers(1 << 31)))
        count = min(len(self.names), int(rng.integers(1, 4)))
        named = [str(name) for name in rng.choice(self.names, count, replace=False)] if count else []
        named += [name for name in self.names
                  if name not in named and start.at(name) == 0 and rng.random() < ENTERS]
        for name in named:
            by, origin = float(rng.uniform(-reach, reach)), start.at(name)
            if not origin:  # its default may be far from where it acts
                origin = float(rng.choice((self.usual(name), 1.0)))
            target = self.scaled(self.set(target, name, origin), name, by)
        return target

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
        """A place with one coordinate (its usual value for 0) times e^by; a whole number moves by one at least."""
        old = place.at(name) or self.usual(name)
        new = old * math.exp(max(-50.0, min(50.0, by)))
        if self.whole(name) and round(new) == old and by:
            new = old + math.copysign(1.0, by)
        return self.set(place, name, new)


def space_of(
    model: Model, values: Mapping[str, Value], statements: Sequence[Statement], quantities: Mapping[str, str],
    steps: bool, *, zeros: bool = False, fixed: Collection[str] = (),
) -> Space:
    """Every positive number among the parameters' values that the statements do not fix; the steps where asked.

    Numbers that are 0 and may be more belong to it where asked (`zeros`).  What a kernel is compiled for stays as it
    is, what is `fixed`, and what neither a run nor the statements read, such as the delta of another lemma.
    """
    fixed = {*fixed, *(only.parameter for said in statements for only in said.only if only.values)}
    fixed |= idle(model, said_by(statements, quantities))
    classes: list[str] = []
    if model.class_sizes and model.class_sizes not in fixed and values.get(model.class_sizes):
        sizes = _counts(values[model.class_sizes])
        classes = [f"{model.class_sizes}[{k}]" for k, size in enumerate(sizes) if size > 0]
        fixed.add(EXAMPLES)
    names = [
        each.name for each in model.parameters
        if each.numeric and not each.structural and each.name not in fixed
        and (_positive(values.get(each.name)) or (zeros and _nought(values.get(each.name))))
    ]
    return Space(model, (*names, *classes, *((STEPS,) if steps else ())))


def said_by(statements: Sequence[Statement], quantities: Mapping[str, str]) -> set[str]:
    """The names in the formulas of statements, those of their quantities among them."""
    return spoken([text for said in statements for text in (
        said.claim, said.given, said.at, said.since, said.until, said.delta if said.random else "")], quantities)


def _class_of(name: str) -> tuple[str, int] | None:
    """The parameter and the class of a coordinate such as class_sizes[0]; None of any other."""
    parameter, bracket, place = name.partition("[")
    return (parameter, int(place[:-1])) if bracket else None


def _counts(value: Value) -> tuple[int, ...]:
    return counts_of(value) or ()


def _positive(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _nought(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits}g}")
