"""Recorded states of many runs of one shape, each of a draw of its own, as observables of entries ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from derivations.declare import Model
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array, Flags
from dynamics.geometry import spectrum

from ..ask import formula
from ..ask.columns import Columns
from ..errors import InputError
from ..start.drawn import Draw
from ..start.many import Drawn
from .entries import BLOCK, Entries, frame_of, looked_at


@dataclass(frozen=True)
class ManyStates(Entries):
    """T states of each of R runs one after another, z and b (R T, H, m, B), with what a kernel observed at them.

    `left` (R, T) is what is left of W(0) in each, and `values` are the runs' parameters.
    """

    model: Model
    drawn: Drawn
    values: Columns
    z: Array
    b: Array
    seen: Mapping[str, Array]
    left: Array

    @cached_property
    def y(self) -> Array:
        """Labels of each state's draw (R T, n), as observed."""
        return np.repeat(self.drawn.y, self.left.shape[1], axis=0)

    @cached_property
    def squared_lengths(self) -> Array:
        """Of the directions of each state's draw (R T, B)."""
        return np.repeat(np.diagonal(self.drawn.gram, axis1=1, axis2=2), self.left.shape[1], axis=0)

    @cached_property
    def own(self) -> Flags:
        """(R T, H, n): whether a head is an example's own."""
        return super().own

    @property
    def tasks(self) -> int:
        """Those of every run."""
        return self.drawn.tasks

    def looked(self, name: str) -> Array | None:
        """As the draws have them, those that runs share looked at together."""
        drawn, b = self.drawn, self._of_each(self.b)
        groups: dict[int, tuple[Draw, list[int]]] = {}
        for at, draw in enumerate(drawn.draws):
            groups.setdefault(id(draw), (draw, []))[1].append(at)
        parts = [(rows, looked_at(draw, name, b[rows], self.left[rows])) for draw, rows in groups.values()]
        known = [(rows, part) for rows, part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        values = np.empty((*b.shape[:-1], known[0][1].shape[-1]))
        for rows, part in known:
            values[rows] = part
        return values.reshape(-1, *values.shape[2:])

    def number(self, text: str, whose: str) -> Array:
        """A formula's value in each state (R T,), at its run's parameters; see `States.number`."""
        sizes = {"n": self.drawn.y.shape[1] // self.tasks, "m": self.z.shape[2]}
        rows, which = self.values.distinct([*self.values.apart])
        try:
            some = [formula.evaluate(text, {**self.values.at(row), **sizes}) for row in rows.tolist()]
        except FormulaError as error:
            raise InputError(f"{whose} {error}; leave it out of observables") from error
        return np.repeat(np.array(some)[which], self.left.shape[1])

    def coordinates(self) -> Iterator[Array]:
        """W in frames of each run, of as many runs or states at a time as hold about BLOCK numbers."""
        (runs, times), b = self.left.shape, self._of_each(self.b)
        filters, directions = self.z[0, ..., 0].size, self.z.shape[-1]
        of_run, of_state = (filters + directions) ** 2, filters * (filters + directions)
        some = max(1, BLOCK // max(of_run, times * of_state))
        for first in range(0, runs, some):
            part = slice(first, first + some)
            frame = self._frame(part)
            size = times if some > 1 else max(1, BLOCK // of_state)
            for at in range(0, times, size):
                moved = frame.at(b[part, at : at + size], self.left[part, at : at + size])
                yield moved.reshape(-1, *moved.shape[2:])

    def _frame(self, part: slice) -> spectrum.Frame:
        """The frames of some of the runs."""
        drawn = self.drawn
        if drawn.draws and drawn.draws[0].vectors is not None:
            every = [frame_of(draw) for draw in drawn.draws[part]]
            return spectrum.Frame(np.stack([one.filters for one in every]), np.stack([one.directions for one in every]))
        products = drawn.reduced
        return spectrum.frame_of_gram(
            replace(products, z=products.z[part], gram=products.gram[part], weight_gram=products.weight_gram[part]))

    def _of_each(self, states: Array) -> Array:
        """(R T, ...) as (R, T, ...)."""
        return states.reshape(*self.left.shape, *states.shape[1:])


__all__ = ["ManyStates"]
