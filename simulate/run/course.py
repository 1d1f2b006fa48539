"""How many runs of one shape are advanced: to their ends in one call, or a stretch at a time; of one loop, or of two.

Every run has the bits that it has alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from dynamics.arrays import Array, Steps
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Sought

from ..ask.columns import Columns
from ..start import many
from .starts import Starts


@dataclass(frozen=True)
class Course(ABC):
    """R runs of a model that go together, and can be taken up at any step."""

    model: Model
    drawn: many.Drawn
    values: Columns
    starts: Starts

    @abstractmethod
    def to_end(self, steps: int, t: Steps, events: Sought | None) -> tuple[Array, Array, Steps]:
        """z and b (R, T, H, m, B) at the steps t, and where each run diverges, or -1 (R,).

        `events` are looked for by the kernel.
        """

    @abstractmethod
    def advanced(self, rows: NDArray[np.intp], state: Sequence[Array], t: Steps) -> tuple[list[Array], Steps]:
        """The states of some runs at the consecutive steps t, from those before them (from step 0: at it).

        A state is z, b, and with momentum its velocity, (R, H, m, B); those found are (R, T, H, m, B).  The steps at
        which runs diverge, -1 where they do not, are (R,); what comes after is anything.
        """


@dataclass(frozen=True)
class OneLoop(Course):
    """Runs on one set of examples each."""

    kernel: Kernel

    @cached_property
    def _numbers(self) -> tuple[Array, Steps]:
        count = self.values.count
        return self.kernel.columns(self.values, self.drawn.z.shape[2], count), self.kernel.limits(self.values, count)

    def to_end(self, steps: int, t: Steps, events: Sought | None) -> tuple[Array, Array, Steps]:
        """As `Course` says."""
        drawn, drawing = self.drawn, range(self.values.count) if self.model.algorithm.drawn else ()
        draws = [self.starts.one(run).draws for run in drawing]
        return self.kernel.run_all(
            drawn.z, drawn.gram, drawn.y, drawn.clean, *self._numbers, steps, t, events,
            [each for each in draws if each is not None], [drawn.scalars[name] for name in self.kernel.varying])

    def advanced(self, rows: NDArray[np.intp], state: Sequence[Array], t: Steps) -> tuple[list[Array], Steps]:
        """As `Course` says."""
        start = max(int(t[0]) - 1, 0)
        if len(state) > 2 or self.model.algorithm.drawn:
            return self._one_by_one(rows, state, t, start)
        kernel, some = self.kernel, self.drawn.rows(rows)
        numbers, limits = self._numbers
        z, b, failed = kernel.run_all(
            state[0], some.gram, some.y, some.clean, numbers[rows], limits[rows], int(t[-1]) - start, t,
            scalars=[some.scalars[name] for name in kernel.varying], start=start, b=state[1])
        return [z, b], failed

    def _one_by_one(
        self, rows: NDArray[np.intp], state: Sequence[Array], t: Steps, start: int
    ) -> tuple[list[Array], Steps]:
        """What steps draw is as large as a run, and momentum has more of a state."""
        found = [np.full((len(rows), len(t), *each.shape[1:]), np.nan) for each in state]
        failed = np.full(len(rows), -1, dtype=np.int64)
        for row, run in enumerate(rows.tolist()):
            of, (z, b, *velocity) = self.starts.one(run), (each[row] for each in state)
            path = of.kernel.run(z, b, of.draw.gram, of.draw.y, of.values, int(t[-1]) - start, t, start,
                                 next(iter(velocity), None), of.draws)
            failed[row] = path.diverged
            moving = [] if path.velocity is None else [path.velocity]
            for out, each in zip(found, (path.z, path.b, *moving), strict=True):
                out[row, : len(each)] = each
        return found, failed


@dataclass(frozen=True)
class TwoLoops(Course):
    """Runs over tasks."""

    kernel: BilevelKernel

    def to_end(self, steps: int, t: Steps, events: Sought | None) -> tuple[Array, Array, Steps]:
        """As `Course` says."""
        drawn = self.drawn
        return self.kernel.run_tasks(drawn.z, drawn.gram, drawn.y, self.values, steps, t, events)

    def advanced(self, rows: NDArray[np.intp], state: Sequence[Array], t: Steps) -> tuple[list[Array], Steps]:
        """As `Course` says."""
        start, drawn = max(int(t[0]) - 1, 0), self.drawn
        z, b, failed = self.kernel.run_tasks(
            state[0], drawn.gram[rows], drawn.y[rows], self.values.rows(rows), int(t[-1]) - start, t, start=start,
            b=state[1])
        return [z, b], failed


def course_of(
    model: Model, kernel: Kernel, drawn: many.Drawn, values: Columns, starts: Starts
) -> OneLoop | TwoLoops:
    """The course of runs of a kernel."""
    if isinstance(kernel, BilevelKernel):
        return TwoLoops(model, drawn, values, starts, kernel)
    return OneLoop(model, drawn, values, starts, kernel)


__all__ = ["Course", "OneLoop", "TwoLoops", "course_of"]
