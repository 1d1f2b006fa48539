"""What many runs of one shape give in one call: advanced, looked at on their way, and judged; or how they diverged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Value, Variable
from dynamics.arrays import Array, Flags, Steps
from dynamics.kernel.chunks import heard
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Sought, Trajectory

from ..ask.bounds import observables
from ..ask.columns import Columns, columns_of
from ..errors import Diverged, InputError
from ..observe import observables_many
from ..start import many
from ..start.magnitudes import AT_ONCE
from ..work.divergence import divergence
from .asked import Asked, Found, Variables
from .counted import Counts
from .course import course_of
from .problem import Problem, Start
from .reduced import along
from .seen_many import Seeing, fresh
from .starts import Made, Starts
from .stretches import looked_at
from .watch_many import Looks


@dataclass(frozen=True)
class Advanced:
    """R runs at recorded steps: which are whole (R,), their states (R, T, ...), fresh variables (R, T), and events.

    Those of classes are (R, T, K).  `known` are the others that are worked out of many runs at once, (R, T, ...), their
    dimensions without the runs'; what is counted along them may have no T.  `diverged` are the runs that left the
    finite numbers, each with what it says.
    """

    asked: Asked
    whole: Flags
    diverged: Mapping[int, Diverged]
    z: Array
    b: Array
    left: Array
    fresh: Mapping[str, Array]
    known: Mapping[str, Variable]
    looks: Looks

    def last(self) -> dict[str, Variable]:
        """What is known of all runs at once, (R, ...) at each one's last step, hitting times and where they end too."""
        fresh = {name: Variable(("class",) * (each.ndim - 2), each[:, -1]) for name, each in self.fresh.items()}
        known = {name: _at(each, slice(None), -1) for name, each in self.known.items()}
        return {**fresh, **known, **{name: Variable((), each) for name, each in self.looks.hits().items()}}

    def ends_told(self, seeing: Seeing) -> Flags:
        """Which runs (R,) end where the kernel says, by what is reported there, or do not end."""
        told, events = np.ones(len(self.z), dtype=np.bool_), self.looks.events
        until = self.asked.until
        if events is None or not until or self.looks.waited is not None:
            return told
        rows = np.flatnonzero(self.whole & (events.ends >= 0))
        if rows.size:
            seen, known = seeing.entries(rows, self.z[rows, -1:], self.b[rows, -1:], self.asked.recorded[-1:],
                                              observables(until), np.ones((len(rows), 1), dtype=np.bool_))
            met = [bound.met(seen[name].reshape(len(rows), -1)) if name in seen else ~known
                   for name, bound in zip(observables(until), until.values(), strict=True)]
            told[rows] = known & np.logical_and.reduce(met)
        return told

    def found(self, start: Start, at: int) -> Found | Diverged | None:
        """A run's variables, or how it diverged; None where one of them is not to be had."""
        if not self.whole[at]:
            return self.diverged.get(at)
        asked, dims, every = self.asked, ("t", "class"), self.asked.recorded
        path = self.looks.ended(at, Trajectory(every, self.z[at], self.b[at], -1, self.left[at]))
        if path is None:
            return None
        rows = np.searchsorted(every, path.t)
        variables: Variables = {
            name: Variable(dims[: each.ndim - 1], each[at, rows]) for name, each in self.fresh.items()
        } | self.looks.times(at)
        variables |= {name: _at(each, at, rows) for name, each in self.known.items()}
        run, others = Found(start, path.t, variables, ()), tuple(n for n in asked.wanted if n not in variables)
        if others:
            try:
                rest = along(start, replace(asked, wanted=others), path)
            except InputError:  # said where the run is made alone
                return None
            run = replace(rest, variables={**variables, **rest.variables})
        return run if all(name in run.variables for name in asked.wanted) else None


def advanced(
    first: Problem, values: Columns, seeds: Sequence[int], drawn: many.Drawn, starts: Starts, asked: Asked,
) -> Advanced:
    """R runs of the model of `first`, at their values, advanced and judged."""
    model, kernel, t = first.model, first.kernel, asked.recorded
    looks, course = Looks.of(starts, model, asked, values.count), course_of(model, kernel, drawn, values, starts)
    counts = Counts.of(model, asked, drawn, values)
    # No inner product is larger than the longest vector's square, and what is not finite in z stays so.
    begun = _finite(np.einsum("rbb->rb", drawn.gram)) & looks.inside
    if looks.waited is not None and looks.events is not None:
        seeing = Seeing(model, kernel, drawn, values, starts, seeds, asked.fresh)
        z, b, failed, lost_sight = looked_at(
            course, seeing, looks.waited, asked.steps, t, begun, looks.events, counts)
        begun &= ~lost_sight
    else:
        z, b, failed = course.to_end(asked.steps, t, looks.events)
    whole = begun & _finite(z) & _finite(b) & (failed < 0)
    lost = np.flatnonzero(begun & (failed >= 0)).tolist()
    told = {run: _said(first, values.at(run), int(failed[run])) for run in lost}
    left = _left(kernel, values, t, looks.events)
    of_fresh = fresh(model, kernel, drawn, z, b, values, seeds, left, asked.wanted) if whole.any() else {}
    whole &= np.logical_and.reduce([whole, *map(_finite, of_fresh.values())])
    known: dict[str, Variable] = {}
    if whole.any():
        known = observables_many.of_runs(model, kernel, drawn, z, b, values, asked.wanted, left)
        whole = np.logical_and.reduce([whole, *(_finite(each.values) for each in known.values())])
    diverged = {run: error for run, error in told.items() if error is not None}
    return Advanced(asked, whole, diverged, z, b, left, of_fresh, {**known, **counts.variables()}, looks)


def of_starts(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
    """The runs of starts of one shape, or how they diverged; None: to be run alone."""
    heard()
    values, seeds = columns_of([start.values for start in starts]), tuple([start.seed for start in starts])
    drawn = many.stacked([start.draw for start in starts])
    with np.errstate(all="ignore"):  # what is not finite is left over
        made = advanced(starts[0].problem, values, seeds, drawn, Made(starts), asked)
    return [made.found(start, at) for at, start in enumerate(starts)]


def _at(known: Variable, runs: int | slice, t: int | NDArray[np.intp]) -> Variable:
    """A variable of all runs, of one or of all and at some recorded step or steps, where it has any."""
    if known.dims[:1] != ("t",):
        return Variable(known.dims, known.values[runs])
    return Variable(known.dims[isinstance(t, int) :], known.values[runs, t])


def _said(first: Problem, values: Mapping[str, Value], step: int) -> Diverged | None:
    """What a run at these values says whose state at a step is the first that is not finite.

    None of one that diverges at once: its start may be what is too large, which it says where it is run alone.
    """
    return None if step <= AT_ONCE else divergence(first.model, values, step, first.kernel.cure(values))


def _left(kernel: Kernel, values: Columns, t: Steps, events: Sought | None) -> Array:
    """What is left of W(0) at the steps t (R, T); a run that ended keeps what was left of it there."""
    left = kernel.scales(values, t, values.count)
    ends = np.empty(0) if events is None or "weight_decay" not in kernel.options else events.ends
    for run in np.flatnonzero(ends >= 0).tolist():
        left[run] = kernel.scale(values.at(run), np.minimum(t, ends[run]))
    return left


def _finite(arrays: Array) -> Flags:
    """(R,): whether all of a run's numbers are finite."""
    flat = arrays.reshape(len(arrays), -1)
    if math.isfinite(np.vdot(flat, flat)):  # quicker than every entry, or than every run's
        return np.ones(len(arrays), dtype=np.bool_)
    finite = np.isfinite(flat.sum(axis=1))  # what is finite may still have a sum that is not
    finite[~finite] = np.isfinite(flat[~finite]).all(axis=1)
    return np.asarray(finite)


__all__ = ["Advanced", "advanced", "of_starts"]
