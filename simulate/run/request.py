"""One run as what it will take is asked of: its sizes by name."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derivations.declare import Model, TaskLaw

from ..observe.fresh import DRAWS

STATES = 200  # recorded states by default


@dataclass(frozen=True)
class Request:
    """One run: H heads of m filters in d dimensions, B directions of n examples in all, T recorded states.

    `recorded` is T, `wanted` are the variables asked for, and `fresh` the examples that each state is judged on.
    `looked` are the variables that are looked at in every state from outside the kernel; `ends`: it may end early.
    """

    model: Model
    values: Mapping[str, Any]
    sampling: str
    engine: str
    steps: int
    recorded: float
    wanted: Collection[str]
    fresh: float = DRAWS
    looked: Collection[str] = ()
    ends: bool = False

    @property
    def tasks(self) -> float:
        """K, 1 without tasks."""
        return math.prod((size_of(self.values, name) for name in self.model.algorithm.sizes[:-1]), start=1.0)

    @property
    def examples(self) -> float:
        """All of them."""
        return math.prod((size_of(self.values, name) for name in self.model.algorithm.sizes), start=1.0)

    @property
    def lower(self) -> tuple[str, ...]:
        """What the number of examples comes from."""
        return self.model.algorithm.sizes

    @property
    def dictionaries(self) -> tuple[str, ...]:
        """The parameters that count the vectors of a dictionary, which are held beside the directions."""
        return dictionaries(self.model)

    @property
    def directions(self) -> float:
        """B."""
        return float(self.model.offsets(int(self.examples), int(self.tasks))[""])

    @property
    def m(self) -> float:
        """Filters a head."""
        return size_of(self.values, "m")

    @property
    def filters(self) -> float:
        """S = H m."""
        return self.model.n_heads * self.m

    @property
    def d(self) -> float:
        """The dimension."""
        return size_of(self.values, "d")


def dictionaries(model: Model) -> tuple[str, ...]:
    """The parameters that count the vectors of a dictionary of tasks' features."""
    return tuple(each.law.items for each in model.directions if isinstance(each.law, TaskLaw))


def recorded_states(record: object, steps: int) -> float:
    """How many states are recorded: all, the caller's list, or the default's."""
    if isinstance(record, str):
        return steps + 1.0
    return float(min(steps + 1, len(record) if isinstance(record, Sequence) else STATES + 2))


def size_of(values: Mapping[str, Any], name: str) -> float:
    """A number among the values; 1 where there is none, which the draw refuses."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0


def is_known(values: Mapping[str, Any], name: str) -> bool:
    """Whether a value is there and is a number."""
    return isinstance(values.get(name), int | float)
