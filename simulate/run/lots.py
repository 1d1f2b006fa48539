"""Cells in lots: those of one model, one kernel and the same choices and sizes, whose real parameters are columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Value
from dynamics.kernel.kernel import Kernel

from ..ask.columns import Columns, columns_of
from ..ask.parameters import Resolved
from .problem import Problem


@dataclass(frozen=True)
class Lot:
    """R cells that differ in real parameters alone.

    `first` is the problem of the first; `values` are all cells' columns, and `places` (R,) where they stand among all.
    """

    first: Problem
    values: Columns
    places: NDArray[np.intp]

    @property
    def model(self) -> Model:
        """The cells' model."""
        return self.first.model

    @property
    def kernel(self) -> Kernel:
        """The cells' kernel."""
        return self.first.kernel

    def problem(self, row: int) -> Problem:
        """A cell's problem; what is noted of where values come from is the first's."""
        resolved = self.first.resolved
        return Problem(
            Resolved(resolved.model, self.values.at(row), resolved.notes), self.first.given, self.first.initial,
            self.first.examples, self.first.kernel,
        )

    def rows(self, which: NDArray[np.intp], places: NDArray[np.intp]) -> Lot:
        """The lot's cells `which`, which stand at `places`."""
        return Lot(self.first, self.values.rows(which), places)


class Lots(Sequence[Problem]):
    """All cells, as lots; an entry is a cell's problem, made when it is asked for."""

    def __init__(self, lots: Sequence[Lot]) -> None:
        self.lots = tuple(lots)
        count = sum(len(lot.places) for lot in self.lots)
        self._lot, self._row = np.empty(count, dtype=np.intp), np.empty(count, dtype=np.intp)
        for at, lot in enumerate(self.lots):
            self._lot[lot.places], self._row[lot.places] = at, np.arange(len(lot.places))

    @classmethod
    def of(cls, cells: Sequence[Problem]) -> Lots:
        """Problems in lots; the given ones where they are that already."""
        if isinstance(cells, Lots):
            return cells
        groups: dict[tuple[object, ...], list[int]] = {}
        for place, cell in enumerate(cells):
            plain = tuple((name, value) for name, value in cell.values.items() if not isinstance(value, float))
            key = (id(cell.model), id(cell.kernel), id(cell.initial), id(cell.examples), plain)
            groups.setdefault(key, []).append(place)
        return cls([
            Lot(cells[places[0]], columns_of([cells[place].values for place in places]), np.array(places))
            for places in groups.values()
        ])

    def __len__(self) -> int:
        return len(self._lot)

    @overload
    def __getitem__(self, place: int) -> Problem: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Problem]: ...

    def __getitem__(self, place: int | slice) -> Problem | Sequence[Problem]:
        if isinstance(place, slice):
            return self.part(np.arange(len(self))[place])
        lot: Lot = self.lots[self._lot[place]]
        return lot.problem(int(self._row[place]))

    def __iter__(self) -> Iterator[Problem]:
        return (self[place] for place in range(len(self)))

    def part(self, places: Sequence[int] | NDArray[np.intp]) -> Lots:
        """The cells at these places, in that order."""
        wanted = np.asarray(places, dtype=np.intp)
        of, lots = self._lot[wanted], list[Lot]()
        for at in dict.fromkeys(of.tolist()):
            here = np.flatnonzero(of == at)
            lots.append(self.lots[at].rows(self._row[wanted[here]], here))
        return Lots(lots)

    def values(self, name: str) -> Value | NDArray[Any] | None:
        """A parameter's value where all cells have the same, else an array over the cells; None where one has none."""
        firsts = [lot.values.alike.get(name) for lot in self.lots]
        if any(value is None for value in firsts):
            return None
        alike = all(value == firsts[0] for value in firsts)
        if alike and not any(name in lot.values.apart for lot in self.lots):
            return firsts[0]
        column: list[Any] = [None] * len(self)
        for lot in self.lots:
            for place, value in zip(lot.places.tolist(), lot.values.column(name).tolist(), strict=True):
                column[place] = value
        return np.array(column)


__all__ = ["Lot", "Lots"]
