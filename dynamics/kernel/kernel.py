"""A generated kernel, loaded: the same file compiled by Numba or run as plain Python.

A kernel is a Python module beside a JSON description of the declaration it came from; `dynamics.kernel.load` opens it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Steps
from ..blas import one_blas_thread, scipy_linalg
from ..chance.stepdraws import StepDraws
from ..errors import RangeError
from .chunks import After, heard, in_chunks
from .loading import BESIDE, module_of, remember
from .trajectory import Beside, Sought, Trajectory, ended, until_failure

ALWAYS = 2**62
BLAS_FROM = 96  # directions from which a BLAS contraction beats the loops (benchmarks/RESULTS.md)
LANES_UPTO = 400  # directions from which BLAS beats eight at a time
CLASSES_UPTO = 128  # the same of class heads, most of whose sums are of zeros that loops skip (benchmarks/README.md)


def lanes_take(directions: float, signed: bool, first: int = 0) -> bool:
    """Whether so many directions, `first` or more, are advanced eight at a time, of signed heads or of class heads."""
    return first <= directions < (LANES_UPTO if signed else CLASSES_UPTO)


@dataclass(frozen=True)
class Kernel:
    """A loaded kernel.  `scalars` and `observed` name its arguments and outputs, `step` the step size's parameter.

    `options` are the algorithm's, as in `derivations.declare.GradientDescent.options`: parameters by option;
    `numbers_of_step` those of them that the time loop takes as numbers, in its order.
    `schedules` are the numbers that change with the step ("eta", "lam" or an option), with the parameters that the
    functions of t which the file has of them take.  A kernel with patches that follow the clean labels
    (`follows_clean`) runs on those that `bind` gave it, `clean` (n,), and one with scalars that examples differ in
    (`varying`, by name) on `scalars_of`, (n,) each, or (n, n) of a mixing matrix.
    """

    path: Path
    scalars: tuple[str, ...]
    observed: tuple[str, ...]
    heads: int
    signed: bool
    step: str
    loops: ModuleType
    blas_path: Path | None
    lanes_path: Path | None = None
    lanes_plain: ModuleType | None = None
    lanes_from: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    numbers_of_step: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    watched: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    follows_clean: bool = False
    varying: tuple[str, ...] = ()
    clean: Array | None = None
    scalars_of: tuple[Array, ...] = ()

    def bind(self, clean: Array, scalars: Mapping[str, Array] = MappingProxyType({})) -> Kernel:
        """The kernel for examples of these clean labels (n,), +-1, and scalars (n,) or matrices (n, n) by name.

        Itself where no patch follows them.  Raises RangeError for a scalar that is not given.
        """
        if not (self.follows_clean or self.varying):
            return self
        for name in self.varying:
            if name not in scalars:
                raise RangeError(f"kernel {self.path.stem}: its patches hold {name!r} of each example; give it to bind")
        given = tuple(np.array(scalars[name], dtype=np.float64, order="C") for name in self.varying)
        return replace(self, clean=np.array(clean, dtype=np.float64), scalars_of=given)

    def through(self, factor: Array | None) -> Kernel:
        """The kernel itself: only tasks are coupled through a factor of the Gram matrix."""
        return self

    def cure(self, values: Mapping[str, Any]) -> str:
        """The step sizes with their values, to say which to lower where a run diverges."""
        return f"{self.step} ({float(values[self.step]):g})"

    @property
    def patches(self) -> int:
        """Patches an example is made of."""
        return int(self.loops.PATCHES)

    @property
    def lanes(self) -> ModuleType | None:
        """The variant that takes eight examples at a time, and many runs in a call; None where there is none."""
        return self.lanes_plain or (None if self.lanes_path is None else module_of(self.lanes_path))

    @property
    def texts(self) -> str:
        """The texts of all variants."""
        paths = [each for each in (self.path, self.blas_path, self.lanes_path) if each is not None]
        return "".join(remember(each, BESIDE) for each in paths)

    def stepping(self, directions: int) -> ModuleType:
        """The variant that advances a state of so many directions."""
        variant = self.lanes if self.on_lanes(directions) else None
        return self.module(directions) if variant is None else variant

    def on_lanes(self, directions: int) -> bool:
        """Whether states of so many directions are advanced on lanes; asked before they are loaded."""
        return self.has_lanes(directions) and lanes_take(directions, self.signed, self.lanes_from)

    def has_lanes(self, directions: int) -> bool:
        """Whether there is a variant on lanes for states of so many directions."""
        return (self.lanes_plain is not None or self.lanes_path is not None) and self.lanes_from <= directions

    def judges(self, directions: int) -> bool:
        """Whether it judges fresh examples of states of so many directions on lanes."""
        return self.has_lanes(directions)

    def throughout(self, directions: int) -> Self:
        """The kernel that advances states of every size as this one does those of so many directions."""
        if self.stepping(directions) is self.loops:
            return self.looped(self.loops)
        if self.on_lanes(directions):
            return replace(self, lanes_from=0)
        return replace(self, lanes_path=None, lanes_plain=None)

    def looped(self, loops: ModuleType) -> Self:
        """The kernel with these loops at every size."""
        return replace(self, loops=loops, blas_path=None, lanes_path=None, lanes_plain=None)

    @property
    def source(self) -> str:
        """The text that runs."""
        return remember(self.path, BESIDE)

    def module(self, directions: int) -> ModuleType:
        """What looks at states of so many directions: loops where shapes are small, BLAS where large."""
        if self.blas_path is None or directions < BLAS_FROM:
            return self.loops
        scipy_linalg()  # Numba's products are its BLAS's
        return module_of(self.blas_path)

    def labels(self, y: Array) -> NDArray[Any]:
        """Labels as the kernel takes them: +-1 as floats, classes as integers."""
        return np.ascontiguousarray(y, dtype=np.float64 if self.signed else np.int64)

    def run(
        self, z: Array, b: Array, gram: Array, y: Array, values: Mapping[str, Any], steps: int,
        recorded: NDArray[np.int64], start: int = 0, velocity: Array | None = None, draws: StepDraws | None = None,
        after: After | None = None, events: Sought | None = None,
    ) -> Trajectory:
        """Run `steps` steps of gradient descent from step `start`, keeping the states at `recorded` steps.

        z, b (H, m, B), gram (B, B), y (n,); z and b are left as they are.  `velocity` (H, m, B) is momentum's, 0 where
        not given; `draws` are the batches and labels of kernels that take them; `after` is called with the number of
        steps of each piece of the run (`chunks`); `events` are looked for, only where `watches` says so; where they end
        the run, its last state is the one there, recorded or not.  Raises
        RangeError where shapes disagree or draws are missing: compiled code checks nothing.
        """
        self._check(z, gram, y)
        state, coefficients = np.array(z, dtype=np.float64, order="C"), np.array(b, dtype=np.float64, order="C")
        at_rest = np.zeros_like(state) if velocity is None else np.array(velocity, dtype=np.float64, order="C")
        moving = [at_rest] if "momentum" in self.options else []
        steps_at = np.ascontiguousarray(recorded, dtype=np.int64)
        z_out = np.empty((steps_at.size, *state.shape))
        b_out = np.empty_like(z_out)
        velocity_out = [np.empty_like(z_out) for _ in moving]
        module = self.stepping(gram.shape[0])
        data = [np.ascontiguousarray(gram, dtype=np.float64), self.labels(y), *self._bound()]
        numbers = (*self.numbers(values, z.shape[1]), self.limit(values))
        sought = events or Sought.of(())
        looked = self._looked(sought) if self.watches(gram.shape[0]) else []
        with one_blas_thread(module is not self.loops):
            failed = self._advanced(
                module, [state, coefficients, *moving], data, draws, numbers, (start, steps), steps_at,
                [z_out, b_out, *velocity_out], looked, sought, after,
            )
        path = Trajectory(steps_at, z_out, b_out, failed, self.scale(values, steps_at), *velocity_out)
        if sought.stopped >= 0:
            scale = self.scale(values, np.array([sought.stopped]))
            path = ended(path, sought.stopped, scale, state, coefficients, *moving)
        return until_failure(path)

    def _advanced(
        self, module: ModuleType, state: Sequence[Array], data: Sequence[NDArray[Any]], draws: StepDraws | None,
        numbers: Sequence[float], span: tuple[int, int], recorded: Steps, outs: Sequence[Array],
        looked: Sequence[NDArray[Any] | int], sought: Sought, after: After | None = None,
    ) -> int:
        """Advances z, b and the velocity in place, a piece at a time, as many steps from the first as `span` says.

        Returns the step at which the run ended, by what it was looked at for or with a non-finite output; -1: neither.
        What is drawn is of a piece alone: a run may end long before its last step.
        """

        def piece(first: int, count: int, rows: slice) -> int:
            drawn = self._drawn(draws, data[1].size, first, count)
            failed = int(module.run(*state, *data, *drawn, *numbers, first, count, recorded[rows],
                                    *(out[rows] for out in outs), *looked))
            return sought.stopped if failed == -1 else failed  # a number that is no step stays, for validate to see

        return in_chunks(piece, *span, recorded, after, state[0].size * len(data[0]))

    def run_all(
        self, z: Array, gram: Array, y: Array, clean: Array, numbers: Array, limits: Steps, steps: int,
        recorded: Steps, events: Sought | None = None, draws: Sequence[StepDraws] = (), scalars: Sequence[Array] = (),
        start: int = 0, b: Array | None = None,
    ) -> tuple[Array, Array, Steps]:
        """R runs on lanes: z and b (R, T, H, m, B) at recorded steps, where each diverged, or -1 (R,).

        z (R, H, m, B), gram (R, B, B), y and clean (R, n); numbers (R, ...) and limits (R,) as `numbers` and `limit` of
        each run.  `events` have bounds and hits (R, E), and a run that they end stays in its last state; `draws` are of
        each run, where steps draw something; `scalars` (R, n) are the `varying` ones.  b (R, H, m, B) at step `start`,
        0 where not given, which has to be for draws and momentum.  Every run has the bits that it has alone.  Only for
        a kernel that `runs_together`.
        """
        assert self.lanes is not None
        states, coefficients = np.array(z, order="C"), np.zeros(z.shape) if b is None else np.array(b, order="C")
        others = [*([clean] if self.follows_clean else []), *scalars]
        data = [np.ascontiguousarray(each) for each in (gram, self.labels(y), *others)]
        z_out, b_out = np.empty((2, len(z), len(recorded), *z.shape[1:]))
        failed, sought = np.empty(len(z), dtype=np.int64), events or Sought.none(len(z))
        for k, of in enumerate(draws):  # what steps draw is as large as a run, so that runs are calls of their own
            moving = [np.zeros(z.shape[1:])] * ("momentum" in self.options)
            own, outs = sought.one(k), [z_out[k], b_out[k], *(np.empty_like(z_out[k]) for _ in moving)]
            last = self._advanced(
                self.lanes, [states[k], coefficients[k], *moving], [each[k] for each in data], of,
                [*numbers[k].tolist(), int(limits[k])], (0, steps), recorded, outs,
                self._looked(own) if self.watched else [], own,
            )
            failed[k] = -1 if own.stopped >= 0 else last
        if not draws:
            self.lanes.run_all(
                states, coefficients, *data, np.ascontiguousarray(numbers), limits, start, steps, recorded, z_out,
                b_out, failed, *(self._looked(sought) if self.watched else []),
            )
        sought.stay(recorded, states, z_out)
        sought.stay(recorded, coefficients, b_out)
        return z_out, b_out, failed

    def watches(self, directions: int) -> bool:
        """Whether runs of so many directions look for events, of the observables `watched`, in every step."""
        return bool(self.watched) and self.on_lanes(directions)

    def _looked(self, events: Sought) -> list[NDArray[Any] | int]:
        """Events as the time loop takes them."""
        looked: list[NDArray[Any] | int] = [events.which, events.below, events.bounds, events.hits, events.stops]
        if not self.beside:
            return looked
        vectors = events.beside or Beside.none(len(self.beside), *events.bounds.shape[:-1])
        return [*looked, vectors.onto, vectors.across, vectors.spans]

    def runs_together(self, directions: int) -> bool:
        """Whether runs of so many directions go in one call: on lanes."""
        return self.on_lanes(directions)

    def scale(self, values: Mapping[str, Any], t: NDArray[np.int64]) -> Array:
        """(1 - eta weight_decay)^t (T,), the share of W(0) that is left at step t.

        A product over the steps before t where the two change with them.
        """
        name = self.options.get("weight_decay")
        if name is not None and {"eta", "weight_decay"} & self.schedules.keys():
            steps = np.arange(int(t.max(initial=0)))
            moved = self._at("eta", self.step, values, steps) * self._at("weight_decay", name, values, steps)
            return np.concatenate([[1.0], np.cumprod(1.0 - moved)])[t]
        decay = 0.0 if name is None else float(values[self.step]) * float(values[name])
        return np.asarray((1.0 - decay) ** t.astype(np.float64))

    def _at(self, role: str, name: str, values: Mapping[str, Any], t: Steps) -> Array:
        """A number of the step, of this role and the parameter `name`, in the steps t (T,)."""
        if role not in self.schedules:
            return np.full(len(t), float(values[name]))
        given = [float(values[each]) for each in self.schedules[role]]
        at = getattr(self.loops, f"{role}_at")
        return np.array([at(float(step), *given) for step in t])

    def numbers(self, values: Mapping[str, Any], m: int) -> tuple[float, ...]:
        """The time loop's numbers: the kernel's scalars, the step size, and the rates of the algorithm's options."""
        return (*map(float, self._named(values, m)), float(values[self.step]), *self._rates(values))

    def columns(self, values: Mapping[str, Any], m: int, runs: int) -> Array:
        """`numbers` of many runs, (R, ...): each of the values is a number, or one a run, (R,)."""
        named = [*self._named(values, m), values[self.step], *(values[name] for name in self.numbers_of_step.values())]
        return np.stack([np.broadcast_to(np.asarray(each, dtype=np.float64), (runs,)) for each in named], axis=1)

    def limits(self, values: Mapping[str, Any], runs: int) -> Steps:
        """`limit` of many runs, (R,)."""
        lam, until = values.get("lam"), values.get("lam_until")
        on = np.asarray(0.0 if lam is None else lam) != 0.0
        last = np.where(on | ("lam" in self.schedules), ALWAYS if until is None else until, -1)
        return np.array(np.broadcast_to(last, (runs,)), dtype=np.int64)

    def scales(self, values: Mapping[str, Any], t: Steps, runs: int) -> Array:
        """`scale` of many runs, (R, T)."""
        if "weight_decay" not in self.options:
            return np.ones((runs, len(t)))
        names = dict.fromkeys((self.step, self.options["weight_decay"], *itertools.chain(*self.schedules.values())))
        columns = [np.broadcast_to(values[name], (runs,)).tolist() for name in names]
        return np.array([self.scale(dict(zip(names, pair, strict=True)), t) for pair in zip(*columns, strict=True)])

    def limit(self, values: Mapping[str, Any]) -> int:
        """The last step with the penalty; -1 where there is none."""
        return int(self.limits(values, 1)[0])

    def _rates(self, values: Mapping[str, Any]) -> list[float]:
        return [float(values[name]) for name in self.numbers_of_step.values()]

    def _bound(self) -> list[Array]:
        return [*([self.clean] if self.follows_clean and self.clean is not None else []), *self.scalars_of]

    def _drawn(self, draws: StepDraws | None, n: int, start: int, steps: int) -> list[NDArray[Any]]:
        """The batches and labels of the steps, as the kernel takes them."""
        wanted = [name for name in ("batch", "label_noise") if name in self.options]
        if not wanted:
            return []
        if draws is None or len(draws.y) != n:
            names = " and ".join(wanted)
            raise RangeError(f"kernel {self.path.stem}: each step draws its {names}; expected draws= for {n} examples")
        batches: list[NDArray[Any]] = [*draws.batches(start, steps)] if "batch" in wanted else []
        return [*batches, *([self.labels(draws.labels(start, steps))] if "label_noise" in wanted else [])]

    def observe(self, z: Array, gram: Array, y: Array, values: Mapping[str, Any]) -> dict[str, Array]:
        """Observables of states z (T, H, m, B): loss, gradient_norm (T,), each of `observed` (T, n) or (T, H, n)."""
        self._check(z[0] if len(z) else np.zeros((self.heads, 1, gram.shape[0])), gram, y)
        count, n = z.shape[0], y.size
        risk, norm = np.empty(count), np.empty(count)
        outs = [np.empty((count, n) if self.signed else (count, self.heads, n)) for name in self.observed]
        module = self.module(gram.shape[0])
        states, inner, labels = np.ascontiguousarray(z), np.ascontiguousarray(gram, dtype=np.float64), self.labels(y)
        numbers = self.arguments(values, z.shape[2])

        def piece(first: int, size: int, _: slice) -> int:
            rows = slice(first, first + size)
            parts = [each[rows] for each in (risk, norm, *outs)]
            module.observe(states[rows], inner, labels, *self._bound(), *numbers, *parts)
            return -1

        with one_blas_thread(module is not self.loops):
            in_chunks(piece, 0, count, np.empty(0, dtype=np.int64), each=states.size / max(count, 1) * len(inner))
        return {"loss": risk, "gradient_norm": norm, **dict(zip(self.observed, outs, strict=True))}

    def outputs(self, a: Array, values: Mapping[str, Any]) -> Array:
        """Network outputs (N,) or (N, K) of examples given by patch pre-activations a (N, P, H, m)."""
        if a.ndim != 4 or a.shape[1:3] != (self.patches, self.heads):
            shape = f"(N, {self.patches}, {self.heads}, m)"
            raise RangeError(f"kernel {self.path.stem}: a {a.shape} has other patches or heads; expected {shape}")
        heard()
        out = np.empty(a.shape[0] if self.signed else (a.shape[0], self.heads))
        self.loops.outputs(np.ascontiguousarray(a, dtype=np.float64), *self.arguments(values, a.shape[3]), out)
        return out

    def arguments(self, values: Mapping[str, Any], m: int) -> tuple[float, ...]:
        """The kernel's scalars: kappa = 1/m or 1, c = 1/2 or 1, and parameters by name."""
        return tuple(map(float, self._named(values, m)))

    def _named(self, values: Mapping[str, Any], m: int) -> list[Any]:
        derived = {
            "kappa": 1.0 if values.get("neurons", "mean") == "sum" else 1.0 / m,
            "c": 0.5 if values.get("penalty_half", False) else 1.0,
        }
        return [derived[name] if name in derived else values[name] for name in self.scalars]

    def _check(self, z: Array, gram: Array, y: Array) -> None:
        size = self.loops.directions(y.size)
        if z.ndim != 3 or (z.shape[0], z.shape[2]) != (self.heads, size) or gram.shape != (size, size) or y.ndim != 1:
            raise RangeError(
                f"kernel {self.path.stem}: z {z.shape}, gram {gram.shape} and y {y.shape} disagree; "
                f"expected z ({self.heads}, m, B), gram (B, B) and y (n,)"
            )
        if self.follows_clean and (self.clean is None or self.clean.shape != y.shape):
            raise RangeError(
                f"kernel {self.path.stem}: a patch follows the clean labels, and none are bound for {y.size} examples; "
                "take kernel.bind(draw.clean)"
            )
        known = (y.shape, 2 * y.shape)  # an array an example, or a mixing matrix
        if len(self.scalars_of) != len(self.varying) or any(each.shape not in known for each in self.scalars_of):
            raise RangeError(
                f"kernel {self.path.stem}: its patches hold {', '.join(self.varying)} of each example, and none are "
                f"bound for {y.size} examples; take kernel.bind(draw.clean, draw.scalars)"
            )
