"""A problem: a model at values of its parameters, with its kernel; it draws, advances, observes and judges.

Whoever iterates a recursion goes this way: `Problem.draw` gives an `Ensemble` of starts, one a seed; each start is
advanced to the steps asked for, its states are observed, and fresh examples are judged (`judge`).  One run is an
ensemble of one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivations.cache import cache_folder
from derivations.declare import Model, Value, chosen_law
from dynamics.arrays import Array, Steps
from dynamics.chance.stepdraws import StepDraws
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Sought, Trajectory

from ..ask import arrays, parameters, schedules
from ..ask import values as values_of
from ..ask.chosen import Chosen
from ..observe.observables import needs_seen
from ..observe.seen import seen_by
from ..observe.states import States
from ..start import magnitudes, source
from ..start.draw import draw
from ..start.drawn import Draw
from ..start.plan import Plan, plan_of
from ..start.replaced import replaced
from ..start.shared import Read, Shared
from ..work.memory import keep_freed
from ..work.progress import progress
from . import tasks
from .algorithm import decays, step_draws
from .kernels import kernel_for
from .record import Watch, advance

Initial = Mapping[str, Any] | source.Source | None
KEPT = 32  # problems that are kept
_PLAIN = (int, float, str, bool)


@dataclass(frozen=True)
class Problem:
    """A model at values of its parameters.

    `resolved` has the model, the values and where they come from; `given` is what the caller gave by name; `initial`
    are the caller's arrays, or where the `examples` come from.  `loaded` is the model's kernel where somebody has it.
    """

    resolved: parameters.Resolved
    given: Mapping[str, object] = field(default_factory=dict)
    initial: Initial = None
    examples: source.Examples | None = None
    loaded: Kernel | None = None

    @property
    def model(self) -> Model:
        """The model."""
        return self.resolved.model

    @property
    def values(self) -> Mapping[str, Value]:
        """The value of every parameter, by name."""
        return self.resolved.values

    @cached_property
    def kernel(self) -> Kernel:
        """The model's kernel.  Raises ModelError where the model does not close on pre-activations."""
        return self.loaded or kernel_for(self.model)

    @cached_property
    def plan(self) -> Plan:
        """The checked numbers of a draw of examples.  Raises InputError."""
        return plan_of(self.model.of_data, self.values)

    @property
    def redraws(self) -> bool:
        """Whether examples are drawn again before every step."""
        return tasks.redraws(self.model, self.values)

    @property
    def sizes(self) -> Mapping[str, Value]:
        """The values, with the sizes of the caller's arrays in place of those that they replace."""
        return {**self.values, **source.sizes_of(self.initial)}

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The parameters that play no part on the caller's arrays."""
        return replaced(self.model, self.initial) if isinstance(self.initial, Mapping) else ()

    @cached_property
    def replaced(self) -> tuple[str, ...]:
        """Those of them that nobody gave: what was given is kept as the caller's own mark of the run."""
        return tuple(name for name in self.idle if name not in self.given)

    @property
    def told(self) -> dict[str, Value]:
        """The values that play a part."""
        return {name: value for name, value in self.values.items() if name not in self.replaced}

    def on(self, initial: Initial) -> Problem:
        """The problem on the caller's arrays or examples; itself where there are none.

        Raises InputError where examples do not fit the model or the parameters given.
        """
        if initial is None:
            return self
        if isinstance(initial, source.Source):
            resolved, examples = source.settle(self.resolved, self.given, initial)
            return replace(self, resolved=resolved, initial=initial, examples=examples)
        return replace(self, initial=values_of.mapping("initial", initial, "arrays by name", "{'W': ...}"))

    def start(self, seed: int, sampling: str = "vectors", shared: Shared | None = None) -> Start:
        """One draw, by the streams of a seed, or from the caller's arrays; one of `shared` where it is alike.

        Raises InputError where it cannot be drawn, or where inner products of it are beyond the largest double.
        """
        initial = source.arrays(self.model, self.values, seed, self.initial, self.examples)
        drawn = None if shared is None else shared.find(self.values)
        if drawn is None:
            values = self.values if shared is None else Read(self.values)
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below, in a sentence
                drawn = draw(self.model, values, seed, sampling, initial, lambda: self.plan)
            if shared is not None and isinstance(values, Read):
                shared.keep(values, self.values, drawn)
        sized = self if initial is None or self.examples is not None else replace(
            self, resolved=parameters.with_sizes(self.resolved, self.given, tasks.sizes(self.model, drawn)))
        magnitudes.check_finite(sized.model, sized.values, drawn)
        told = {} if initial is None else {
            name: each for name, each in initial.items() if name != "W" or self.examples is None
        }  # W of examples is drawn: the seed tells it
        kernel = self.kernel.bind(drawn.clean, drawn.scalars).through(drawn.vectors)
        return Start(sized, seed, drawn, kernel, arrays.digests(told))

    def draw(self, seeds: Sequence[int], sampling: str = "vectors") -> Ensemble:
        """The starts of several seeds, each drawn when it is its turn."""
        if len(seeds) > 1:
            keep_freed()
        return Ensemble(self, tuple(seeds), sampling)


@dataclass(frozen=True)
class Start:
    """One draw of a problem, with the kernel bound to it; `digests` are those of the caller's arrays."""

    problem: Problem
    seed: int
    draw: Draw
    kernel: Kernel
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The problem's model."""
        return self.problem.model

    @property
    def values(self) -> Mapping[str, Value]:
        """The problem's values; sizes are those of the draw where the caller's arrays say them."""
        return self.problem.values

    @cached_property
    def draws(self) -> StepDraws | None:
        """The batches and labels of each step; None for an algorithm that draws nothing."""
        return step_draws(self.model, self.values, self.draw.y, self.seed)

    def explained(self) -> AbstractContextManager[None]:
        """Says of a run inside that diverges at its start what is too large there."""
        return magnitudes.explained(self.model, self.values, self.draw)

    def advance(
        self, steps: int, recorded: Steps, watch: Watch | None = None, events: Sought | None = None
    ) -> Trajectory:
        """The states at the recorded steps; `watch` may end the run early.  Raises Diverged, naming what to lower.

        `events` are looked for by the kernel; only without `watch`, and where the kernel `watches`.
        """
        draws = self.draws
        schedules.check(self.model, self.values, steps)
        with self.explained():
            return advance(self.model, self.kernel, self.draw, self.values, steps, recorded, watch, draws, events)

    def up_to(self, recorded: Steps) -> Trajectory:
        """The states at the recorded steps, up to where the run leaves the finite numbers (`Trajectory.diverged`)."""
        last, drawn = int(recorded[-1]), self.draw
        schedules.check(self.model, self.values, last)
        with progress("run", last, "steps") as after:
            return self.kernel.run(
                drawn.z, np.zeros_like(drawn.z), drawn.gram, drawn.y, self.values, last, recorded, draws=self.draws,
                after=after,
            )

    def again(self, z: Array, b: Array, steps: int, recorded: Steps, first: int) -> Trajectory:
        """`steps` steps from z, b (H, m, B) at step `first`, a state that need not be one of the run's."""
        drawn = self.draw
        return self.kernel.run(z, b, drawn.gram, drawn.y, self.values, steps, recorded, first, draws=self.draws)

    def observe(self, z: Array) -> dict[str, Array]:
        """What the kernel observes of states z (T, H, m, B), by public name."""
        return seen_by(self.kernel, z, self.draw, self.values)

    def states(self, path: Trajectory, wanted: Iterable[str] | None = None) -> States:
        """The states, with what the kernel observes of them where any variable of `wanted` (None: all) needs it."""
        needed = wanted is None or needs_seen(self.model, wanted)
        return self.seen(path, self.observe(path.z) if needed else {})

    def seen(self, path: Trajectory, looked: Mapping[str, Array]) -> States:
        """The states with what somebody has observed of them."""
        b, scale = path.b if path.b.size else None, path.scale if decays(self.model) else None
        return States(self.model, self.draw, self.values, path.z, b, looked, scale)

    def untold(self) -> list[str]:
        """What the caller's arrays replace, and what nobody told: deviations that thresholds and fresh examples use."""
        initial = self.problem.initial
        if not isinstance(initial, Mapping):
            return []
        laws = [chosen_law(family, self.values) for family in self.model.directions]
        names = dict.fromkeys(name for law in laws if law is not None for name in law.deviations)
        what = "is not told by initial's arrays, and thresholds and fresh examples use it"
        unread = self.problem.idle
        said = [f"W and vectors are not drawn, so {', '.join(unread)} play no part"] if unread else []
        if self.values.get(self.model.label_flips) and "clean" not in initial:
            said.append("initial's arrays tell no labels before flips, so none of y counts as flipped; give clean (n,)")
        return said + [
            f"{name} = {self.values[name]:g} {what}; give {name}"
            for name in names
            if name not in (*self.problem.given, *unread) and self.values.get(name) is not None
        ]


@dataclass(frozen=True)
class Ensemble:
    """Draws of one problem, one a seed."""

    problem: Problem
    seeds: tuple[int, ...]
    sampling: str

    def __iter__(self) -> Iterator[Start]:
        """The starts, in the seeds' order."""
        return (self.problem.start(seed, self.sampling) for seed in self.seeds)


def problem_of(chosen: Chosen) -> Problem:
    """The problem of a setting at the values chosen for it.

    Problems of what does not change, a paper's setting or a Model, are kept: their values, kernel and plan are worked
    out once for all the runs of them.

    Raises:
        InputError: for a parameter that is unknown or out of its range.
    """
    given = chosen.given
    if chosen.setting.lasting and all(type(value) in _PLAIN for value in given.values()):
        told = tuple((name, type(value), repr(value)) for name, value in given.items())  # 1, 1.0 and True are apart
        return _kept(_Written((id(chosen.setting.factory), id(chosen.preset), told, cache_folder()), chosen))
    return Problem(chosen.resolved, given)


@dataclass(frozen=True)
class _Written:
    """What was chosen, equal where it is written alike; who keeps it keeps the objects whose ids are in `key`."""

    key: tuple[object, ...]
    chosen: Chosen = field(compare=False)


@functools.lru_cache(maxsize=KEPT)
def _kept(written: _Written) -> Problem:
    return Problem(written.chosen.resolved, written.chosen.given)
