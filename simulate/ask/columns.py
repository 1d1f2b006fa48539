"""Parameter values of many cells: what all have alike, and what differs as an array over the cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Value
from dynamics.arrays import Array


@dataclass(frozen=True)
class Columns(Mapping[str, Any]):
    """R cells' values by name: `alike` is what all have, `apart` are real parameters, (R,) each.

    As a mapping it gives a value where it is alike and an array elsewhere, for what reads values of many cells at once.
    """

    alike: Mapping[str, Value]
    apart: Mapping[str, Array]
    count: int

    def __getitem__(self, name: str) -> Value | Array:
        return self.apart[name] if name in self.apart else self.alike[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.alike)

    def __len__(self) -> int:
        return len(self.alike)

    def at(self, row: int) -> dict[str, Value]:
        """A cell's own values."""
        return {**self.alike, **{name: float(column[row]) for name, column in self.apart.items()}}

    def rows(self, which: NDArray[np.intp]) -> Columns:
        """The cells `which`, in that order; one may come several times."""
        return Columns(self.alike, {name: column[which] for name, column in self.apart.items()}, len(which))

    def column(self, name: str) -> NDArray[Any]:
        """(R,), a parameter's values."""
        return np.broadcast_to(np.asarray(self[name]), (self.count,))

    def distinct(self, names: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Cells that stand for all that have the same values of `names`, and for each cell which of them does."""
        columns = [self.apart[name] for name in names if name in self.apart]
        if not columns:
            return np.zeros(min(self.count, 1), dtype=np.intp), np.zeros(self.count, dtype=np.intp)
        _, first, inverse = np.unique(np.stack(columns), axis=1, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)


def columns_of(cells: Sequence[Mapping[str, Value]]) -> Columns:
    """The cells' values as columns; they may differ in real numbers alone."""
    first = cells[0]
    apart = {
        name: np.array([cell[name] for cell in cells], dtype=np.float64)
        for name, value in first.items() if isinstance(value, float) and any(cell[name] != value for cell in cells)
    }
    return Columns(first, apart, len(cells))
