"""The starts of many runs of one shape: those there are, or each made of the runs' draws when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

from ..start.many import Drawn
from .lots import Lot
from .problem import Problem, Start


class Starts(ABC):
    """R starts, with the problem of each, the same object where several have one."""

    @property
    @abstractmethod
    def problems(self) -> Sequence[Problem]:
        """Each start's problem (R)."""

    @abstractmethod
    def one(self, at: int) -> Start:
        """The start of run number `at`."""


class Made(Starts):
    """Starts that there are."""

    def __init__(self, starts: Sequence[Start]) -> None:
        self._starts = starts

    @property
    def problems(self) -> Sequence[Problem]:
        """Each start's."""
        return [start.problem for start in self._starts]

    def one(self, at: int) -> Start:
        """It."""
        return self._starts[at]


class Waiting(Starts):
    """Starts of a lot's cells from draws that were made together: most runs give their numbers without one."""

    def __init__(self, lot: Lot, seeds: Sequence[int], drawn: Drawn) -> None:
        self._lot, self._seeds, self._drawn = lot, seeds, drawn

    @cached_property
    def problems(self) -> Sequence[Problem]:
        """A cell's problem, for each of its seeds."""
        places = self._lot.places.tolist()
        cells = {place: self._lot.problem(at) for place, at in {each: at for at, each in enumerate(places)}.items()}
        return [cells[place] for place in places]

    def one(self, at: int) -> Start:
        """Made now."""
        draw = self._drawn.one(at)
        return Start(self.problems[at], self._seeds[at], draw, self._lot.kernel.bind(draw.clean, draw.scalars))


__all__ = ["Made", "Starts", "Waiting"]
