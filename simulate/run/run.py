"""run: a setting's trajectory as a labelled dataset, by the reduced recursion or by training the weights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Flips, GaussianLaw, LongTail, MixtureLaw, Model, Preset, TaskLaw, chosen_law
from derivations.declare.formula import FormulaError
from dynamics.chance.stepdraws import StepDraws
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.blas import one_blas_thread
from dynamics.kernel.kernel import Kernel, Trajectory

from ..ask import arguments as ask
from ..ask import arrays, digest, parameters, settings
from ..ask import values as values_of
from ..errors import InputError
from ..observe import fresh, matrices, undefined
from ..observe import observables as obs
from ..observe.sides import FlipCount, sides
from ..start import magnitudes, source
from ..start.draw import draw
from ..start.drawn import Draw
from ..work.progress import progress
from . import estimate, tasks
from . import seeds as seeds_of_a_run
from .algorithm import decays, step_draws
from .kernels import kernel_for
from .record import Steps, advance, recorded_steps

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]
ENGINES = ("reduced", "weights")
SAMPLINGS = ("vectors", "gram")
Variables = dict[str, obs.Variable]
_Found = tuple[Trajectory, dict[str, Array], dict[str, tuple[int, str]], Variables]
"""Recorded states, what was observed at them, hitting times with their meaning, and what was counted along the run."""


@one_blas_thread()
def run(
    setting: str | Model,
    params: Mapping[str, object] | None = None,
    *,
    preset: str | None = None,
    steps: int | str | None = None,
    seed: int | str = 0,
    seeds: int | str | None = None,
    engine: str = "reduced",
    sampling: str = "vectors",
    record: ask.Recorded | None = None,
    observables: ask.Names | None = None,
    until: ask.Thresholds | None = None,
    initial: Mapping[str, Any] | source.Source | None = None,
) -> xarray.Dataset:
    """Run a model and return its observables, labelled; the value at t belongs to W(t).

    Numbers may be given as text, as on the command line: "exp(100)", "0,10,100" for `record`, "loss,gamma" for
    `observables`.

    Args:
        setting: a shipped name such as "pegr", "file.py:model", or a Model.
        params: values by name, over `preset`, over the published defaults (each one used is noted in attrs["notes"]).
        preset: named published values, such as "paper".
        steps: steps of gradient descent (a preset brings its own; else the "paper" preset's).
        seed: one seed is one draw, the same in both engines; streams "labels", "label_flips", "data", "init", "test";
            "batches" and "flips" for algorithms that draw at each step (`dynamics.chance.stepdraws`).
        seeds: run seed, seed + 1, ... this many, along a `seed` dimension.  `status` (seed,) is "ok" or "diverged", and
            `message` says at which step; a diverged seed's variables are NaN.
        engine: "reduced" (the generated kernel) or "weights" (torch training of W).
        sampling: "vectors", or "gram" (the inner products alone, exact in distribution at any d; reduced only).
        record: steps to record: default 0 and 200 log-spaced ones; "all"; or a list.
        observables: the variables wanted; default all.  Hitting times are exact, whatever is recorded; -1: not reached.
        until: stop at the first step where an observable is at or below a value, such as {"loss": 1e-3}.
        initial: the caller's arrays "W" (H, m, d), "y" (n,) and one per family, (d,), (K, d) or (n, d); with tasks
            (n_tasks, d) or (n_tasks, n, d) and y (n_tasks, n), where "nu" (d,) and "z" (M, d) may come too; or examples
            such as `gammarho.images` gives, with W drawn and the test error of held-out ones.  Sizes come from them.

    Raises:
        InputError: bad input, in one sentence.  Diverged: a state that is not finite, with the step; with `seeds`, only
            where every seed diverges.
    """
    engine, sampling = parameters.choice("engine", engine, ENGINES), parameters.choice("sampling", sampling, SAMPLINGS)
    first, many = parameters.count("seed", seed), 1 if seeds is None else parameters.count("seeds", seeds, 1, 10)
    found = settings.resolve(setting)
    chosen = found.preset(preset)
    resolved = parameters.resolve(found.factory, params, chosen)
    count = total_steps(steps, chosen, found)
    wanted, examples = obs.check(resolved.model, observables), None
    record = ask.recorded("record", record)
    bounds = ask.thresholds("until", until, obs.at_every_step(resolved.model))
    if isinstance(initial, source.Source):
        resolved, examples = source.settle(resolved, params, initial)
    elif initial is not None:
        initial = values_of.mapping("initial", initial, "arrays by name", "{'W': ...}")
    asked = estimate.Request(
        resolved.model, {**resolved.values, **source.sizes_of(initial)}, sampling, engine, count,
        estimate.states(record, count), wanted,
    )  # fmt: skip
    estimate.check_run(asked, many)
    recorded = recorded_steps(record, count)  # not before: there may be too many of them
    task = _Task(
        resolved,
        count,
        engine,
        sampling,
        recorded,
        wanted,
        bounds,
        initial,
        params,
        asked=observables is not None,
        examples=examples,
    )
    if many > 1 and task.until:
        raise InputError(
            f"until: {task.until} stops each seed at its own step, so seeds ({many}) must be 1; leave one of them out"
        )
    with progress("run", count * many, "steps"):  # each seed's run counts its own
        if seeds is None:
            return _dataset(task, [task.one(first)], first, labelled=False)
        runs, said = seeds_of_a_run.each(task.one, range(first, first + many))
    return seeds_of_a_run.labelled(_dataset(task, runs, first, labelled=True), range(first, first + many), said)


def total_steps(steps: int | str | None, preset: Preset | None, setting: settings.Setting, low: int = 0) -> int:
    """The number of steps: as given, the preset's, or the first preset's.  Raises InputError where none says."""
    if steps is not None:
        return parameters.count("steps", steps, low, example=1500)
    if preset is None and not setting.presets:
        raise InputError("steps: not given; expected a whole number of gradient steps, such as 1500")
    return (preset or setting.presets[0]).steps


class _Task:
    """One run's request, checked."""

    def __init__(
        self,
        resolved: parameters.Resolved,
        steps: int,
        engine: str,
        sampling: str,
        recorded: Steps,
        wanted: tuple[str, ...],
        until: dict[str, float],
        initial: Mapping[str, Any] | source.Source | None,
        params: Mapping[str, object] | None,
        asked: bool,
        examples: source.Examples | None,
    ) -> None:
        self.resolved, self.steps, self.engine, self.sampling = resolved, steps, engine, sampling
        self.recorded, self.wanted, self.initial, self.params = recorded, wanted, initial, params
        self.until = until
        self.asked, self.notes, self.examples = asked, tuple[str, ...](), examples
        self.seed, self.digests = 0, dict[str, str]()
        if engine == "weights" and sampling == "gram":
            raise InputError(
                "sampling: 'gram' has no vectors to train weights on; use sampling='vectors' with engine='weights'"
            )
        if engine == "weights" and self.until:
            raise InputError("until: early stopping is for engine='reduced'; leave it out, or use that engine")

    @property
    def model(self) -> Model:
        """The model."""
        return self.resolved.model

    def one(self, seed: int) -> tuple[Steps, Variables, Draw]:
        """One seed's recorded steps, variables and draw."""
        self.seed = seed
        initial = source.arrays(self.model, self.resolved.values, seed, self.initial, self.examples)
        drawn = draw(self.model, self.resolved.values, seed, self.sampling, initial)
        if initial is not None:  # W of examples is drawn: the seed tells it
            told = {name: each for name, each in initial.items() if name != "W" or self.examples is None}
            self.digests = arrays.digests(told)
        if initial is not None and self.examples is None:
            self.resolved = parameters.with_sizes(self.resolved, self.params, tasks.sizes(self.model, drawn))
            for line in untold(self.model, self.resolved.values, parameters.by_name(self.params)):
                self._note(line)
        magnitudes.check_finite(self.model, self.resolved.values, drawn)
        kernel = kernel_for(self.model).bind(drawn.clean)
        if isinstance(kernel, BilevelKernel):
            kernel = kernel.through(drawn.vectors)
            self._note(tasks.note(self.model, kernel, drawn, self.resolved.values))
            if tasks.redraws(self.model, self.resolved.values):
                return self._afresh(kernel, drawn, seed)
        draws = step_draws(self.model, self.resolved.values, drawn.y, seed)
        with magnitudes.explained(self.model, self.resolved.values, drawn):
            engine = self._reduced if self.engine == "reduced" else self._weights
            path, seen, hits, counts = engine(kernel, drawn, draws)
        b, scale = path.b if path.b.size else None, path.scale if decays(self.model) else None
        states = obs.States(self.model, drawn, self.resolved.values, path.z, b, seen, scale)
        of_fresh = self._fresh(kernel, states, seed)  # first: it needs room that the variables would take
        undefined = obs.without_direction(states, self.wanted)
        for name, reason in undefined.items():
            if self.asked:
                raise InputError(reason)
            self._note(f"{name} is left out: {reason.partition(';')[0]}")
        variables = obs.evaluate(states, tuple(name for name in self.wanted if name not in undefined)) | of_fresh
        variables |= {name: obs.Variable((), np.asarray(hit), text) for name, (hit, text) in hits.items()}
        found = {**variables, **counts}
        absent = [name for name in self.wanted if name not in found]
        if self.asked and self.engine == "weights" and absent:
            cure = "take engine='reduced'"
            raise InputError(f"observables: {absent[0]!r} is not known with engine='weights' here; {cure}")
        return path.t, self._marked(found, path.t), drawn

    def _marked(self, found: Variables, t: Steps) -> Variables:
        """The variables, with what has no number said."""
        marked, said = undefined.marked(found, t)
        for line in said:
            self._note(line)
        return marked

    def _fresh(self, kernel: Kernel, states: obs.States, seed: int) -> Variables:
        """Test error and loss; where fresh examples have no known law, left out with a note, or refused if wanted."""
        wanted = [name for name in obs.fresh_names(self.model) if name in self.wanted]
        from_weights = self.examples is not None or isinstance(kernel, BilevelKernel)
        if not wanted or states.b is None or (self.engine == "weights" and from_weights):
            return {}  # the last: taken from W itself, which b determines only where the directions are independent
        values = self.resolved.values
        if isinstance(kernel, BilevelKernel):
            of_tasks, reason = tasks.on_fresh_tasks(self._network(kernel), states, seed, wanted)
            self._leave_out(reason)
            if any(not np.isfinite(variable.values).all() for variable in of_tasks.values()):
                what = "on fresh tasks outputs leave the floating-point numbers at some steps"
                self._note(f"{what}, and what needs them is NaN there; lower {kernel.cure(values)}")
            return of_tasks
        if self.examples is not None:
            through = source.through_coefficients(states.draw, states.b, states.shares, self.examples.test_x)
            return self._held_out(kernel, through, self.examples)
        reason = fresh.refusal(self.model, states.draw, values)
        self._leave_out(reason)
        if reason:
            return {}
        tails = tuple(o for o in self.model.observables if isinstance(o, LongTail) and obs.of_tail(o) & set(wanted))
        network = self._network(kernel)
        found = fresh.fresh_statistics(
            self.model,
            lambda a: network.outputs(a, values),
            states.draw,
            states.z,
            states.b,
            values,
            seed,
            shares=states.shares,
            tails=tails,
        )
        dims = {1: ("t",), 2: ("t", "class"), 3: ("t", "class", "bin")}
        said = {name: _meaning(name, tails, fresh.judged(self.model)) for name in wanted}
        return {name: obs.Variable(dims[found[name].ndim], found[name], said[name]) for name in wanted}

    def _network(self, kernel: Any) -> Any:
        """What judges fresh examples: the kernel, or with engine="weights" the network as declared, without one."""
        if self.engine == "reduced":
            return kernel
        from ..train import fresh as weights_fresh

        return weights_fresh.Network(self.model)

    def _leave_out(self, reason: str) -> None:
        """Notes why fresh examples are left out; refuses where they were asked for."""
        if reason and self.asked:
            raise InputError(reason)
        if reason:
            self._note(f"test_error, test_loss and what else needs fresh examples are left out: {reason}")

    def _note(self, line: str) -> None:
        """Keeps a line for the run's notes, once whatever the number of seeds."""
        self.notes = tuple(dict.fromkeys((*self.notes, line)))

    def _afresh(self, kernel: BilevelKernel, drawn: Draw, seed: int) -> tuple[Steps, Variables, Draw]:
        """A run whose examples are drawn again before every step: each recorded state is a draw of its own."""
        if self.engine == "weights" or self.sampling != "vectors" or self.initial is not None or self.until:
            raise InputError(
                f"{tasks.flag(self.model)}: True draws examples afresh before every step; expected engine='reduced', "
                "sampling='vectors', no initial= and no until=; leave it out, or those"
            )
        model, values, rows, hits = self.model, self.resolved.values, [], _Watch(self, kernel, drawn)
        hits.forget(tasks.lost(model))
        with progress("run", self.steps, "steps") as step:
            for now in tasks.path(kernel, model, values, drawn, seed, self.steps):
                chunk = Trajectory(np.array([now.t]), now.draw.z[None], now.b[None], -1)
                hits.at(now.draw)(chunk)
                if now.t in self.recorded:
                    seen = seen_by(kernel.through(now.draw.vectors), chunk.z, now.draw, values)
                    held = self._fresh(kernel, now.states(model, values, seen), seed)
                    rows.append({**tasks.of_renewed(now, model, values, seen, self.wanted), **held})
                step(min(now.t, 1))
        self._note(f"{tasks.flag(model)}: coefficients of past examples are not kept, nor what is made of them")
        counts = {name: obs.Variable((), np.asarray(hit), text) for name, (hit, text) in hits.hits.items()}
        return self.recorded, self._marked({**tasks.joined(rows), **counts}, self.recorded), drawn

    def _held_out(self, kernel: Kernel, preactivations: Iterable[Array], examples: source.Examples) -> Variables:
        """Test error and loss on the data's own held-out examples."""
        values, network = self.resolved.values, self._network(kernel)
        found = source.held_out_statistics(self.model, lambda a: network.outputs(a, values), preactivations, examples)
        return {
            name: obs.Variable(("t", "class")[: each.ndim], each, source.meaning(name, examples))
            for name, each in found.items()
            if name in self.wanted
        }

    def _reduced(self, kernel: Kernel, drawn: Draw, draws: StepDraws | None) -> _Found:
        watch = _Watch(self, kernel, drawn)
        watching = watch if watch.busy else None
        path = advance(kernel, drawn, self.resolved.values, self.steps, self.recorded, watching, draws)
        counted = [item for counter in watch.counters for item in counter.variables(path.t).items()]
        counts = {name: variable for name, variable in counted if name in self.wanted}
        return path, seen_by(kernel, path.z, drawn, self.resolved.values), watch.hits, counts

    def _weights(self, kernel: Kernel, drawn: Draw, draws: StepDraws | None) -> _Found:
        from ..train import flips as weights_flips
        from ..train import weights

        vectors, _ = weights.needs_vectors(drawn)
        declared = [o for o in self.model.observables if isinstance(o, Flips) and {o.name, o.last} & set(self.wanted)]
        watch = weights_flips.Watch(declared, self.recorded.tolist())
        values = self.resolved.values
        path = weights.train(self.model, drawn, values, self.steps, self.recorded, draws=draws, watch=watch)
        seen = weights.observe(self.model, vectors, drawn.y, path.W, self.resolved.values, clean=drawn.clean)
        b = np.empty(0) if path.b is None else path.b
        scale = weights.remaining(self.model, self.resolved.values, path.t)
        fresh_ones: Variables = {}
        if self.examples is not None and set(obs.fresh_names(self.model)) & set(self.wanted):
            through = source.through_weights(path.W, self.examples.test_x)
            fresh_ones = self._held_out(kernel, through, self.examples)
        told = {name: each for name, each in watch.variables().items() if name in self.wanted}
        counts = {name: obs.Variable(each.dims, each.values, each.meaning) for name, each in told.items()}
        if isinstance(kernel, BilevelKernel):
            counts |= self._from_weights(kernel, drawn, path.W, seen)
        if path.b is None:
            self._note("coefficients are left out: the directions are linearly dependent, so that W does not determine "
                       "them; engine='reduced' has them")  # fmt: skip
        return Trajectory(path.t, seen["z"], b, -1, scale), seen, {}, {**fresh_ones, **counts}

    def _from_weights(self, kernel: BilevelKernel, drawn: Draw, W: Array, seen: Mapping[str, Array]) -> Variables:
        """What W tells of vectors that runs look at, and of fresh tasks, whether or not it determines coefficients."""
        watched = tasks.watched_names(self.model, self.wanted)
        fresh_ones = [name for name in obs.fresh_names(self.model) if name in self.wanted]
        rows = []
        for at, weights_at in enumerate(W):
            state = tasks.rebased(drawn, weights_at)
            now = {name: values[at : at + 1] for name, values in seen.items()}
            rest = np.zeros((1, *state.z.shape))
            states = obs.States(self.model, state, self.resolved.values, state.z[None], rest, now)
            judge = self._network(kernel)
            found, reason = tasks.on_fresh_tasks(judge, states, self.seed, fresh_ones) if fresh_ones else ({}, "")
            if at == 0:
                self._leave_out(reason)
            rows.append({**obs.evaluate(states, watched), **found})
        return tasks.joined(rows)


def _meaning(name: str, tails: tuple[LongTail, ...], judged: str) -> str:
    """What a variable of fresh examples is; `judged` says by which label, where labels are flipped."""
    said = {
        "test_error": f"P(misclassified) for a fresh example{judged}",
        "test_loss": f"expected loss of a fresh example{judged}",
        "class_error": "P(misclassified) for a fresh example of the class",
    }
    for tail in tails:
        said |= {tail.name: "long-tail ratio, mean of a bin", f"{tail.name}_accuracy": "P(right) in the bin of ratios"}
        said[f"{tail.name}_empty"] = "P(no filter active), where the ratio is not defined"
    return said.get(name, "standard error")


def seen_by(kernel: Kernel, z: Array, drawn: Draw, values: Mapping[str, Any]) -> dict[str, Array]:
    """The kernel's observables under their public names, with margins and training error for either kind of heads."""
    seen = kernel.observe(z, drawn.gram, drawn.y, values)
    if kernel.signed:
        margins = seen.pop("margin")
        wrong = (margins < 0) + 0.5 * (margins == 0)
    else:
        outputs, label = seen.pop("F"), drawn.y.astype(np.int64)
        own = np.take_along_axis(outputs, np.broadcast_to(label, (len(outputs), 1, len(label))), axis=1)[:, 0]
        others = np.where(np.arange(kernel.heads)[:, None] == label, -np.inf, outputs)
        margins = own - others.max(axis=1)
        ties = (outputs == outputs.max(axis=1, keepdims=True)).sum(axis=1)
        wrong = np.where(margins < 0, 1.0, 1.0 - 1.0 / ties)  # as fresh examples count ties: 1 - 1/k where k heads tie
        seen["outputs"] = np.swapaxes(outputs, 1, 2)
    return {**seen, "margins": margins, "train_error": np.mean(wrong, axis=1)}


def untold(model: Model, values: Mapping[str, Any], given: Mapping[str, object]) -> list[str]:
    """What the caller's arrays do not tell and nobody gave: the deviations that thresholds and fresh examples use."""
    laws = [chosen_law(family, values) for family in model.directions]
    names = dict.fromkeys(law.std for law in laws if isinstance(law, GaussianLaw | MixtureLaw | TaskLaw))
    what = "is not told by initial's arrays, and thresholds and fresh examples use it"
    return [
        f"{name} = {values[name]:g} {what}; give {name}"
        for name in names if name not in given and values.get(name) is not None
    ]


class _Watch:
    """Hitting times, early stopping and counts, from every step's state."""

    def __init__(self, task: _Task, kernel: Kernel, drawn: Draw) -> None:
        self.task, self.kernel, self.drawn = task, kernel, drawn
        self.hits: dict[str, tuple[int, str]] = {}
        self.open: dict[str, tuple[str, str, float]] = {}
        values, n, m = task.resolved.values, drawn.examples, drawn.z.shape[1]
        for event in task.model.events:
            if event.name not in task.wanted:
                continue
            try:
                bound = obs.threshold(event, values, n, m)
            except FormulaError as error:  # such as log(n) = 0: the event has no threshold here
                self.hits[event.name] = (-1, f"no threshold: {error}")
                continue
            self.open[event.name] = (event.observable, event.relation, bound)
            said = f"first t with {event.observable} {event.relation} {bound:.4g}"
            self.hits[event.name] = (-1, f"{said}; {event.source}" if event.source else said)
        self.counters = [
            FlipCount(o, task.model, drawn.y, task.recorded)
            for o in task.model.observables
            if isinstance(o, Flips) and {o.name, o.last} & set(task.wanted)
        ]
        self.busy = bool(self.open or task.until or self.counters)

    def forget(self, lost: set[str]) -> None:
        """Drops the events whose observable is not kept."""
        for name, (observable, _, _) in list(self.open.items()):
            if observable in lost:
                self.hits[name] = (-1, f"not known: {observable} is made of coefficients that are not kept")
                del self.open[name]

    def at(self, drawn: Draw) -> _Watch:
        """The same watch on another draw's states."""
        self.drawn = drawn
        return self

    def __call__(self, chunk: Trajectory) -> int | None:
        stop = self._stop(chunk)
        upto = slice(None if stop is None else int(np.searchsorted(chunk.t, stop)) + 1)
        if self.counters:
            steep = sides(self.task.model, chunk.z[upto], self.drawn.y, self.drawn.clean)
            for counter in self.counters:
                counter.add(chunk.t[upto], steep)
        return stop

    def _stop(self, chunk: Trajectory) -> int | None:
        """Notes the hitting times in this chunk; the step at which the run ends early, if it does."""
        if not self.open and not self.task.until:
            return None
        needed = tuple({name for name, _, _ in self.open.values()} | set(self.task.until))
        model, values = self.task.model, self.task.resolved.values
        seen = seen_by(self.kernel, chunk.z, self.drawn, values) if obs.needs_seen(model, needed) else {}
        scale = chunk.scale if decays(model) else None
        states = obs.States(model, self.drawn, values, chunk.z, chunk.b, seen, scale)
        found = {name: v.values.reshape(len(chunk.t), -1) for name, v in obs.evaluate(states, needed).items()}
        for name, (observable, relation, bound) in list(self.open.items()):
            if observable not in found:  # the draw lacks what it is of
                self.hits[name] = (-1, f"not known: {observable} needs vectors that the arrays do not tell")
                del self.open[name]
                continue
            worst = found[observable].min(1) >= bound if relation == ">=" else found[observable].max(1) <= bound
            if worst.any():
                self.hits[name] = (int(chunk.t[int(np.argmax(worst))]), self.hits[name][1])
                del self.open[name]
        reached = [found[name].max(1) <= value for name, value in self.task.until.items()]
        if reached and np.any(both := np.logical_and.reduce(reached)):
            return int(chunk.t[int(np.argmax(both))])
        return None


def _dataset(task: _Task, runs: list[tuple[Steps, Variables, Draw]], first: int, labelled: bool) -> xarray.Dataset:
    import xarray

    model, values = task.model, task.resolved.values
    t, _, drawn = runs[0]
    head = "j" if model.network.heads == "signed" else "k"
    data: dict[str, Any] = {}
    known = [name for name in runs[0][1] if all(name in found[1] for found in runs)]
    for name in known:
        variable = runs[0][1][name]
        stacked = np.stack([found[1][name].values for found in runs]) if labelled else variable.values
        dims = ("seed", *variable.dims) if labelled else variable.dims
        is_event = name in {event.name for event in model.events}
        data[name] = (dims, stacked, {"event" if is_event else "meaning": variable.meaning})
    used = {dim for dims, _, _ in data.values() for dim in dims}
    coordinates: dict[str, Any] = {
        "t": t,
        head: [1, -1] if head == "j" else np.arange(model.n_heads),
        "r": np.arange(drawn.z.shape[1]),
        "i": np.arange(drawn.examples),
        "task": np.arange(drawn.tasks),
        "class": np.arange(model.network.classes),
        "seed": np.arange(first, first + len(runs)),
        "matrix": matrices.matrix_names(model.n_heads, head == "j"),
    }
    attrs = {
        "setting": model.name,
        "title": model.title,
        "engine": task.engine,
        "sampling": drawn.sampling,
        "seed": first,
        **({"seeds": len(runs)} if labelled else {}),
        **({"initial": json.dumps(task.digests)} if task.digests else {}),
        "declaration": digest.of_model(model),
        "steps": int(t[-1]),
        "parameters": json.dumps(values),
        "notes": "\n".join([*task.resolved.notes, *task.notes]),
        **({} if task.examples is None else source.attributes(task.examples)),
    }
    kept = {name: value for name, value in coordinates.items() if name in used | {"t"}}
    return xarray.Dataset(data, coords=kept, attrs=attrs)
