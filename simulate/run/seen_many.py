"""What states of many runs of one shape have at once: variables of fresh examples, and of the states themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model
from derivations.declare.variables import judged
from dynamics.arrays import Array, Flags, Steps
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Trajectory

from ..ask.columns import Columns
from ..errors import InputError
from ..observe import fresh_many, observables_many
from ..observe import observables as obs
from ..observe.entries import BLOCK
from ..observe.samplings import TestSampling
from ..start import many
from .judge import judge
from .problem import Start
from .starts import Starts


def fresh(
    model: Model, kernel: Kernel, drawn: many.Drawn, z: Array, b: Array, values: Columns, seeds: Sequence[int],
    left: Array, wanted: Sequence[str],
) -> dict[str, Array]:
    """What is wanted of fresh examples at the states z, b (R, T, H, m, B): (R, T), or (R, T, K) of classes.

    Fresh tasks are each run's own.
    """
    known, (runs, times) = () if model.test.of_tasks else judged(model), z.shape[:2]
    names = [name for name in wanted if name in known]
    if not names:
        return {}
    losses, each = any(name.startswith("test_loss") for name in names), np.repeat(np.arange(runs), times)
    numbers = fresh_many.judge_many(
        model, kernel, drawn if times == 1 else drawn.repeated(times), z.reshape(-1, *z.shape[2:]),
        b.reshape(-1, *b.shape[2:]), values.rows(each), [seeds[at] for at in each.tolist()], left.reshape(-1), losses,
    )
    return {name: numbers[name].reshape(runs, times, *numbers[name].shape[1:]) for name in names}


@dataclass(frozen=True)
class Seeing:
    """R runs whose states somebody looks at."""

    model: Model
    kernel: Kernel
    drawn: many.Drawn
    values: Columns
    starts: Starts
    seeds: Sequence[int]
    sampling: TestSampling

    def entries(
        self, rows: NDArray[np.intp], z: Array, b: Array, t: Steps, names: Sequence[str], there: Flags
    ) -> tuple[dict[str, Array], Flags]:
        """What observables are (R, T, ...) in the states z, b (R, T, H, m, B) of some runs at the steps t.

        And of which runs (R,) that is what it is alone: only states that are `there` (R, T) count.
        """
        if not names:
            return {}, np.ones(len(rows), dtype=np.bool_)
        model, kernel, drawn, values = self.model, self.kernel, self.drawn.rows(rows), self.values.rows(rows)
        left = kernel.scales(values, t, len(rows))
        of_fresh = fresh(model, kernel, drawn, z, b, values, [self.seeds[run] for run in rows.tolist()], left, names)
        told = np.ones(len(rows), dtype=np.bool_)
        for each in of_fresh.values():  # NaN of one that has to be judged alone
            told &= (np.isfinite(each).reshape(*there.shape, -1).all(axis=2) | ~there).all(axis=1)
        known = observables_many.of_runs(model, kernel, drawn, z, b, values, names, left)
        seen = {**of_fresh, **{name: each.values for name, each in known.items()}}
        others = tuple(name for name in names if name not in seen)
        if others:
            seen |= self._of_each(rows, z, b, left, t, others, told, there)
        return seen, told

    def _of_each(
        self, rows: NDArray[np.intp], z: Array, b: Array, left: Array, t: Steps, names: tuple[str, ...], told: Flags,
        there: Flags,
    ) -> dict[str, Array]:
        """What is worked out a run at a time; one that lacks any of it is not `told`, and has NaN."""
        found: dict[str, Array] = {}
        for row, run in enumerate(rows.tolist()):
            upto = int(there[row].sum())
            if not upto:
                continue
            path = Trajectory(t[:upto], z[row, :upto], b[row, :upto], -1, left[row, :upto])
            start = self.starts.one(run)
            try:
                variables = self._alone(start, path, names)
            except InputError:  # said where the run is made alone
                told[row] = False
                continue
            for name in names:
                if name not in variables:
                    told[row] = False
                    continue
                values = variables[name]
                if name not in found:
                    found[name] = np.full((len(rows), len(t), *values.shape[1:]), np.nan)
                found[name][row, :upto] = values
        return found

    def _alone(self, start: Start, path: Trajectory, names: tuple[str, ...]) -> dict[str, Array]:
        """What one run has, fresh tasks a block of states at a time; what it lacks is left out."""
        every = start.states(path, names)
        found = {name: each.values for name, each in obs.evaluate(every, names).items()}
        if set(names) & set(obs.fresh_names(self.model)):
            parts = [judge(start, block, names, start.kernel, self.sampling).variables for block in every.blocks(BLOCK)]
            found |= {name: np.concatenate([part[name].values for part in parts]) for name in parts[0]}
        return found


__all__ = ["Seeing", "fresh"]
