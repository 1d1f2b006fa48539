"""Several seeds of one run: one that diverges has that status and no numbers, and the others keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from derivations.declare.meanings import STOPPED
from dynamics.arrays import Flags, Steps

from ..ask.bounds import at_once, said
from ..errors import Diverged
from .asked import Asked, Found
from .dataset import Data, Labelled, Runs

OK, DIVERGED = "ok", "diverged"


def all_diverged(seeds: Sequence[int], said: Sequence[Diverged | None]) -> Diverged:
    """What to raise where every seed diverges: the first one's divergence, and that the others do too."""
    first = next(error for error in said if error is not None)
    others = "" if len(said) == 1 else f" (seed {seeds[0]}; all {len(said)} seeds diverge)"
    divergence = Diverged(f"{first}{others}", first.step)
    divergence.__cause__ = first
    return divergence


def along_all(runs: Runs, seeds: Sequence[int], said: Sequence[Diverged | None]) -> Runs:
    """The runs (seed, ...) of the seeds that stayed finite, along all `seeds`, with `status` and `message` (seed,).

    A seed that diverged has NaN, in whole numbers' place too; whole numbers stay whole where every seed is ok.
    """
    finite = np.array([error is None for error in said])
    status = [OK if error is None else DIVERGED for error in said]
    message = ["" if error is None else str(error) for error in said]
    told = {"status": (status, "ok, or diverged, whose variables are NaN"), "message": (message, "of what is not ok")}
    variables, coords = ({name: _spread(each, finite) for name, each in some.items()}
                         for some in (runs.data_vars, runs.coords))
    variables |= {name: Labelled(("seed",), np.asarray(values, dtype=str), {"meaning": meaning})
                  for name, (values, meaning) in told.items()}
    known = coords["seed"].attrs if "seed" in coords else {}
    return replace(runs, data_vars=variables, coords={**coords, "seed": Labelled(("seed",), np.asarray(seeds), known)})


def side_by_side(runs: Sequence[Found], asked: Asked, seeds: int) -> list[Found]:
    """Runs of one request at the same steps: one that `until` ended stays in the state that it had there.

    `seeds` is how many were run, of which those that diverged are not among the runs.
    """
    if not asked.until or not runs:
        return list(runs)
    last = max(int(run.t[-1]) for run in runs)
    t = np.union1d(asked.recorded[asked.recorded <= last], [last])
    ends = [int(run.variables[STOPPED].values) for run in runs]
    note = f"until {said(asked.until)}: {_ended(ends, last, seeds)}"
    note += "" if any(ends) else f", {at_once(said(asked.until))}"
    return [_at(run, t, note) for run in runs]


def _ended(ends: Sequence[int], last: int, seeds: int) -> str:
    """At which steps runs of so many seeds ended, -1 of those that did not, in words."""
    reached = sorted({end for end in ends if end >= 0})
    if seeds == 1:
        return f"stopped at step {last}" if reached else f"no stop before step {last}"
    if not reached:
        return f"none of {seeds} seeds stopped before step {last}"
    count = sum(end >= 0 for end in ends)
    which = f"all {seeds}" if count == seeds else f"{count} of {seeds}"
    steps = f"step {reached[0]}" if len(reached) == 1 else f"steps {reached[0]} to {reached[-1]}"
    return f"{which} seeds stopped, at {steps}, and {'stays' if count == 1 else 'stay'} in that state"


def _at(run: Found, t: Steps, note: str) -> Found:
    """A run's variables at the steps t, its last ones past its end."""
    rows = np.minimum(np.searchsorted(run.t, t), len(run.t) - 1)
    variables = {
        name: replace(each, values=each.values[rows]) if each.dims[:1] == ("t",) else each
        for name, each in run.variables.items()
    }
    return replace(run, t=t, variables=variables, notes=(*run.notes, note))


def _spread(given: Labelled, where: Flags) -> Labelled:
    """What the seeds at `where` have, along all; NaN elsewhere, in numbers as xarray makes them that can hold it."""
    if given.dims[:1] != ("seed",) or where.all():
        return given
    kind = np.dtype(np.float64 if given.values.dtype.kind in "iu" else given.values.dtype)
    values = np.full((len(where), *given.values.shape[1:]), np.nan, dtype=kind if kind.kind == "f" else object)
    values[where] = given.values
    return given._replace(values=values)


def diverged(data: Data) -> list[tuple[int, str]]:
    """The seeds of a dataset that diverged, each with the sentence on it."""
    if "status" not in data.data_vars or data.data_vars["status"].dims != ("seed",):
        return []
    of = data.data_vars
    rows = zip(data.coords["seed"].values.tolist(), of["status"].values, of["message"].values, strict=True)
    return [(seed, str(message)) for seed, status, message in rows if str(status) != OK]
