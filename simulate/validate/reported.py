"""What runs report of states (coefficients, declared observables, events, counts) against weight space's own account.

Two small generic draws, one in few dimensions and one in many, with states made for the purpose: coefficients of all
sizes and signs, so that no observable is 0 by law or the same at all states.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivations.declare import Event, Model, OfRun, TaskLaw, Value
from derivations.declare.formula import FormulaError
from dynamics.arrays import Array
from dynamics.chance.streams import stream
from dynamics.kernel.trajectory import Trajectory

from ..ask.bounds import AT_LEAST, Bound
from ..ask.parameters import Resolved
from ..ask.userfile import answer
from ..errors import Diverged
from ..observe import observables
from ..observe.seen import seen_by
from ..observe.sides import Along
from ..observe.states import States
from ..run.algorithm import decays
from ..run.asked import Asked
from ..run.problem import Problem, Start
from ..run.watch import EventWatch
from ..start.drawn import Draw, Watched
from ..start.neurons import on_axes
from ..start.scalars import all_scalars, any_scalars
from ..train import weights
from ..values import Values
from . import observables as validate_observables
from .engines import KernelUnderTest
from .observables import ALONG, Course, account, untold
from .probe_state import Shape, probe_values
from .report import LIMIT, LONG, SAFETY, Left, Row, parted, relative, worst_each
from .terms import CANCELLED, Terms, terms_at

STATES = 7
LOOKED = 3  # entries of a dictionary


@dataclass(frozen=True)
class _Probe:
    """The same states for both: as a run has them and as weight space has them."""

    kernel: Any
    states: States
    course: Course

    @cached_property
    def ours(self) -> dict[str, Array]:
        """Weight space's account of all that is made of what the kernel under test observes."""
        return self.told(self.course)

    @cached_property
    def nudged(self) -> dict[str, Array]:
        """The same account with every weight of a filter moved by eps ||w||."""
        return self.told(_nudged(self.course))

    @cached_property
    def terms(self) -> dict[str, Terms]:
        """The terms of all that weight space says, for whoever is over its bar: ten accounts, made once."""
        return terms_at(self.course.task, self.course.W, self.at)

    def at(self, task: weights.Training, W: Array) -> dict[str, Array] | None:
        """Weight space's account of such states; None where adaptation diverges."""
        try:
            return self.told(replace(self.course, task=task, W=W))
        except Diverged:
            return None

    def told(self, course: Course) -> dict[str, Array]:
        """Weight space's account of these states."""
        sources = {name: name for name in observables.COMMON}
        sources |= {o.name: o.definition for o in self.states.model.observables if o.definition}
        accounts = validate_observables.everything(course)
        return {name: each for name, each in accounts if sources.get(name) in (None, *self.states.seen)}


def rows(model: Model, kernel: KernelUnderTest, values: Values, device: str) -> tuple[list[Row], list[str]]:
    """A row an observable, at its worst state; and notes on what is not compared."""
    comparisons: list[Row | Left] = []
    for at in range(2):
        probe = _probe(model, kernel, values, device, at)
        try:
            _ = probe.ours, probe.nudged
        except FormulaError as error:
            comparisons.append(Left("what is reported of states", str(error)))
            break
        except Diverged:
            comparisons.append(Left("what is reported of states", "weight space's adaptation diverges"))
            break
        comparisons += [*_of_states(probe), *_of_gram(probe), *_of_blocks(probe), *_of_runs(probe), *_of_events(probe)]
    rows, notes = parted(comparisons)
    return worst_each(rows), notes


def _probe(model: Model, kernel: KernelUnderTest, values: Values, device: str, at: int) -> _Probe:
    rng, bilevel = stream(0, "validate", 30, at), model.algorithm.over_tasks
    n, tasks, m = model.n_heads + 3 + at, 2 + at if bilevel else 1, 3 - at
    size = model.offsets(n * tasks, tasks)[""]
    d = size + (model.n_heads * m + 5) * at  # fewer dimensions than filters and directions, and more
    own: dict[str, Value] = dict(probe_values(model, values, Shape(n, m, d, tasks), at == 0, at))
    count = n * tasks
    known = np.array(model.network.head_axis.labels)
    y = rng.permutation(known[np.arange(count) % len(known)])
    clean = np.where(np.arange(count) % 3 == 0, -y, y) if model.follows_clean else y
    axes = len(model.network.axes)
    vectors = on_axes(rng.uniform(0.7, 1.5, (size, 1)) * (rng.standard_normal((size, d)) + 0.3) / np.sqrt(d), axes)
    start = rng.standard_normal((model.n_heads, m, d))
    shares: Array = np.asarray((0.9 if decays(model) else 1.0) ** np.arange(STATES))
    grown = np.array([0.05, 0.1, 0.3, 1.0, 1.5, 2.0, 1.2])[:, None, None, None]
    b = grown * rng.standard_normal((STATES, model.n_heads, m, size))
    W = shares[:, None, None, None] * start + b @ vectors
    if at and any(each.of_separated for each in model.observables):
        y = _feasible(model, own, vectors, y, W[3])
    scalars = any_scalars(model, own, y, clean, rng)
    looked, watched = _looked(model, vectors, start, tasks, rng)
    gram = vectors @ vectors.T
    drawn = Draw(z=start @ vectors.T, gram=gram, y=y, d=float(d - axes), sampling="vectors", vectors=vectors,
                 weights=start, clean=clean, tasks=tasks, watched=watched, scalars=scalars, axes=axes)
    bound = kernel.bind(clean, scalars).through(vectors)
    z = W @ vectors.T
    seen = seen_by(bound, z, drawn, own)  # type: ignore[arg-type]
    states = States(model, drawn, own, z, b, seen, shares if decays(model) else None)
    task = weights.problem(model, vectors, y, own, device, None, clean, scalars)
    return _Probe(bound, states, Course(task, vectors, y, clean, scalars, W, start, shares, looked))


def _feasible(model: Model, values: Values, vectors: Array, y: Array, W: Array) -> Array:
    """Labels (n,) that W predicts, so that every margin is positive there, where no patch goes by its label."""
    if model.scalars or any(patch.by_label for patch in model.patches):
        return y
    task = weights.problem(model, vectors, y, values)
    with weights.one_thread():
        outputs = weights.outputs(task, task.vectors.new_tensor(W), task.patches).cpu().numpy()
    return np.where(outputs[:, 0] >= outputs[:, 1], 1.0, -1.0)


def _looked(
    model: Model, vectors: Array, start: Array, tasks: int, rng: np.random.Generator
) -> tuple[dict[str, Array], Watched | None]:
    """Vectors that a law of tasks lets runs look at."""
    laws = [family.law for family in model.directions if isinstance(family.law, TaskLaw)]
    if not laws:
        return {}, None
    held = rng.standard_normal((1 + LOOKED, vectors.shape[1]))
    names = {laws[0].shared: slice(0, 1), laws[0].dictionary: slice(1, 1 + LOOKED)}
    chosen = np.arange(tasks) % LOOKED
    watched = Watched(names, chosen, held, start @ held.T, vectors @ held.T, held @ held.T)
    return {name: held[at] for name, at in names.items()}, watched


def _of_states(probe: _Probe) -> Iterator[Row | Left]:
    """Every variable of the states."""
    model = probe.states.model
    said = observables.evaluate(probe.states, (*probe.ours, "zeta"))
    ours = dict(probe.ours)
    nudged = dict(probe.nudged)
    entrywise = {each.name for each in model.observables if each.entrywise}
    ours |= {"zeta": probe.states.seen["zeta"]} if "zeta" in said else {}  # its values are judged as the kernel's
    nudged |= {"zeta": probe.states.seen["zeta"]} if "zeta" in said else {}
    for observable in [o for o in model.observables if o.known_from not in ALONG]:
        if why := untold(observable, ours):
            yield Left(f"reported: {observable.name}", why)
    for name, dims in _dimensions(probe, ours).items():
        same = name in said and said[name].dims == dims
        yield Row("dimensions of what is reported", 0.0 if same else np.inf, LONG, 0, "fixed")
    for name, wanted in ours.items():
        given = np.asarray(said[name].values) if name in said else np.zeros(0)
        gap = _gap(given, wanted, name in entrywise)
        measured = SAFETY * _gap(nudged[name], wanted, name in entrywise)
        if not measured <= LIMIT and np.isfinite(gap):
            yield Left(f"reported: {name}", f"rounding alone moves it by more than {LIMIT:.0e}")
            continue
        bar, origin = max(LONG, measured), "fixed" if measured <= LONG else "10 x its own response to rounding"
        if not gap <= bar and name != "zeta" and given.shape == wanted.shape:
            terms = probe.terms.get(name)
            if terms is not None and terms.decided:
                gap, bar, origin = _gap(given, wanted, name in entrywise, terms.over(LONG)), LONG, CANCELLED
        yield Row(f"reported: {name}", gap, bar if np.isfinite(gap) else LONG, 0, origin)


def _dimensions(probe: _Probe, known: dict[str, Array]) -> dict[str, tuple[str, ...]]:
    """The dimensions of coefficients and of what every run reports."""
    model, dimensions = probe.states.model, dict[str, tuple[str, ...]]()
    head = model.network.head_axis.dim
    examples = ("task", "i") if model.algorithm.over_tasks else ("i",)
    for family in model.directions:
        coef, last = family.coefficient, family.index_set.row((), ("class",), ("task",), examples)
        for name in (coef.name, *((f"{coef.name}_over", f"{coef.name}_under") if coef.split else ())):
            dimensions[name] = ("t", head, "r", *last)
    dimensions |= {"loss": ("t",), "gradient_norm": ("t",), "train_error": ("t",), "margins": ("t", *examples)}
    dimensions["zeta"] = ("t", *((head,) if known.get("zeta", np.zeros(0)).ndim == 3 else ()), *examples)
    return {name: dims for name, dims in dimensions.items() if name in known}


def _nudged(course: Course) -> Course:
    """The same states with every weight of a filter moved by eps ||w||."""
    size = np.finfo(np.float64).eps * np.linalg.norm(course.W, axis=-1, keepdims=True)
    return replace(course, W=course.W + size * stream(0, "validate", 31).standard_normal(course.W.shape))


def _gap(given: Array, wanted: Array, entrywise: bool = False, least: Array | float = 0.0) -> float:
    """The largest difference, relative to a state's largest entry, or to each, `least` at least; infinite ones agree.

    Where weight space has an infinite number, terms of the reduced sum may be infinite with both signs, which is none.
    """
    if given.shape != wanted.shape:
        return np.inf
    unknown, none = ~np.isfinite(wanted), np.isnan(wanted)
    if (np.isnan(given) & ~unknown).any() or (~np.isnan(given[none])).any() or np.isfinite(given[unknown]).any():
        return np.inf
    left, right = np.where(unknown, 0.0, given), np.where(unknown, 0.0, wanted)
    size = np.abs(right)
    if not entrywise and right.ndim:
        size = size.reshape(len(size), -1).max(1).reshape(-1, *[1] * (right.ndim - 1)) * np.ones_like(right)
    return float(np.max(relative(np.abs(left - right), np.maximum(size, least)), initial=0.0))


def _of_gram(probe: _Probe) -> Iterator[Row]:
    """Norms and singular values of the same states where only inner products are known, of independent vectors."""
    drawn, model = probe.states.draw, probe.states.model
    assert drawn.vectors is not None and drawn.weights is not None
    wanted = tuple(o.name for o in model.observables if o.by_inner_products and o.name in probe.ours)
    filters, vectors = drawn.of_data(drawn.weights), drawn.of_data(drawn.vectors)[: len(drawn.gram) - drawn.axes]
    flat = np.vstack([filters.reshape(-1, filters.shape[-1]), vectors])
    if not wanted or len(flat) > flat.shape[1]:
        return
    unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    bar = max(LONG, SAFETY * np.finfo(np.float64).eps * float(np.linalg.cond(unit @ unit.T)))
    blind = replace(drawn, vectors=None, weights=None, sampling="gram", filter_gram=drawn.weight_gram)
    for name, variable in observables.evaluate(replace(probe.states, draw=blind), wanted).items():
        gap = _gap(variable.values, probe.ours[name])
        yield Row(f"reported of a Gram draw: {name}", gap, bar, 0, "10 eps cond(Gram)")


def _of_blocks(probe: _Probe) -> Iterator[Row]:
    """The states taken two at a time, as long runs take them."""
    parts = list(probe.states.blocks(2.5 * probe.states.z[0].size))
    gaps = [_gap(np.concatenate([part.z for part in parts]), probe.states.z)]
    gaps += [_gap(np.concatenate([p.b for p in parts if p.b is not None]), np.asarray(probe.states.b))]
    for name in [name for name in ("loss", "margins") if name in probe.states.seen]:
        gaps.append(_gap(np.concatenate([part.seen[name] for part in parts]), probe.states.seen[name]))
    yield Row("states in blocks", max(gaps), LONG, 0, "fixed")


def _of_runs(probe: _Probe) -> Iterator[Row | Left]:
    """What is counted along a run, fed in three chunks and asked for at some steps."""
    states, kept = probe.states, np.array([0, 2, 3, STATES - 1])
    known = all_scalars(states.model, states.values, states.draw.scalars)
    for observable in [o for o in states.model.observables if isinstance(o, OfRun)]:
        wanted = account(observable, answer(observable.by_weights, probe.course))
        if why := untold(observable, wanted):
            yield Left(f"reported: {observable.name}", why)
            continue
        along = Along(states.model, states.draw.y, states.draw.clean, kept, known)
        count = answer(observable.counter, [observable], along)
        for part in (slice(0, 3), slice(3, STATES - 2), slice(STATES - 2, STATES)):
            answer(count.add, np.arange(STATES)[part], states.z[part])
        said = answer(count.variables, kept)
        gaps = [np.abs(said[name] - (of[kept] if of.ndim else of)).max() for name, of in wanted.items()]
        yield Row(f"reported: {observable.name}", float(max(gaps)), LONG, 0, "fixed")


def _of_events(probe: _Probe) -> Iterator[Row | Left]:
    """First steps at which observables reach thresholds that only some of the states reach, and where a run stops.

    The declared thresholds are formulas of the values, which both engines read alike; here they are numbers.
    """
    states, ours = probe.states, probe.ours
    for event in states.model.events:
        if event.observable not in ours:
            yield Left(f"reported: {event.name}", f"{event.observable} is not among what is reported of these states")
            continue
        flat = ours[event.observable].reshape(STATES, -1)
        series = flat.min(1) if event.relation == ">=" else -flat.max(1)
        step = int(np.argmax(series))
        before = series[:step].max(initial=series.min() - 1.0)
        bound = float(0.5 * (series[step] + before)) * (1.0 if event.relation == ">=" else -1.0)
        hit, _ = _watched(probe, replace(event, threshold=repr(bound)), {})
        yield Row(f"reported: {event.name}", abs(float(hit - step)), LONG, step, "fixed")
        largest, smallest = flat.max(1), flat.min(1)
        for end, wanted in (  # only one state is beyond it: one step stops the run
            (Bound(float(np.sort(largest)[:2].mean())), int(np.argmin(largest))),
            (Bound(float(np.sort(smallest)[-2:].mean()), AT_LEAST), int(np.argmax(smallest))),
        ):
            _, stop = _watched(probe, replace(event, threshold=repr(bound)), {event.observable: end})
            yield Row("where a run stops", abs(float((-1 if stop is None else stop) - wanted)), LONG, wanted, "fixed")


def _watched(probe: _Probe, event: Event, until: dict[str, Bound]) -> tuple[int, int | None]:
    """What a run's watch says of the states: the event's step, and the step to stop at."""
    states = probe.states
    model = replace(states.model, events=(event,))
    start = Start(Problem(Resolved(model, dict(states.values), ())), 0, states.draw, probe.kernel)
    asked = Asked(STATES - 1, np.arange(STATES), (event.name,), until, named=True)
    watch, stop = EventWatch(start, asked), None  # the watch of every run
    for part in (slice(0, 3), slice(3, STATES)):
        chunk = Trajectory(np.arange(STATES)[part], states.z[part], np.asarray(states.b)[part], -1, states.shares[part])
        step = watch(chunk)
        stop = step if stop is None else stop
        if stop is not None and not watch.open:
            break
    return int(watch.times()[event.name].values), stop  # as a run says it
