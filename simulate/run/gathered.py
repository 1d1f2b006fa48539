"""What went together of cells and seeds: runs' variables, or the numbers that are read of many runs' at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Variable
from dynamics.arrays import Array, Flags

from ..errors import Diverged, InputError
from .asked import Found
from .problem import Start

Reduce = Callable[[Mapping[str, Variable], Callable[[], Start]], tuple[Mapping[str, Array], Flags]]
"""Numbers (R,) by name, and of which runs (R,) they are to be had, of variables (R, ...) at one step without t, their
dimensions without the runs', and a start of one of the runs.  Raises InputError where none are."""


@dataclass
class Together:
    """What went together of C cells and S seeds: `done` (C, S), and `numbers` (C, S) by name, NaN elsewhere.

    Where more than numbers is wanted, `found` has every run's variables instead, (C, S), None where a run is left over.
    `diverged` has those that did, by cell and seed.
    """

    done: Flags
    reduce: Reduce | None = None
    found: list[list[Found | None]] | None = None
    numbers: dict[str, Array] = field(default_factory=dict)
    diverged: dict[tuple[int, int], Diverged] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: int, seeds: int, reduce: Reduce | None) -> Together:
        """Nothing yet."""
        found: list[list[Found | None]] = [[None] * seeds for _ in range(cells)]
        return cls(np.zeros((cells, seeds), dtype=np.bool_), reduce, found if reduce is None else None)

    def take(self, cell: int, seed: int, run: Found | Diverged) -> None:
        """A run of one recorded step that has every variable; one of which a number is not to be had is left over."""
        if isinstance(run, Diverged):
            self.diverged[cell, seed], self.done[cell, seed] = run, True
        elif self.found is not None:
            self.found[cell][seed], self.done[cell, seed] = run, True
        else:
            one = {name: at_last(each) for name, each in run.variables.items()}
            self.put(np.array([cell]), np.array([seed]), one, lambda: run.start)

    def put(
        self, cells: NDArray[np.intp], seeds: NDArray[np.intp], variables: Mapping[str, Variable],
        start: Callable[[], Start],
    ) -> None:
        """The numbers of the variables (R, ...) of runs of one shape; those not to be had are left over."""
        assert self.reduce is not None
        try:
            numbers, told = self.reduce(variables, start)
        except InputError:  # said where a run is made alone
            return
        place = cells[told], seeds[told]
        self.done[place] = True
        for name, each in numbers.items():
            self.numbers.setdefault(name, np.full(self.done.shape, np.nan))[place] = each[told]


def at_last(variable: Variable) -> Variable:
    """A run's variable at its last step, without t, as one of one run: (1, ...)."""
    if variable.dims[:1] == ("t",):
        return Variable(variable.dims[1:], variable.values[-1:])
    return Variable(variable.dims, variable.values[None])


def plainly(names: Sequence[str]) -> Reduce:
    """These variables themselves, where each is one number."""
    def reduce(variables: Mapping[str, Variable], _: Callable[[], Start]) -> tuple[Mapping[str, Array], Flags]:
        each = {name: variables[name].values for name in names}
        if any(values.size != len(values) for values in each.values()):
            raise InputError(f"{', '.join(names)}: expected one number of each")
        numbers = {name: values.reshape(-1).astype(np.float64) for name, values in each.items()}
        return numbers, np.logical_and.reduce([np.isfinite(values) for values in numbers.values()])

    return reduce


__all__ = ["Reduce", "Together", "at_last", "plainly"]
