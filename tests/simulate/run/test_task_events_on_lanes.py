"""Events over tasks that a kernel on lanes looks for: the steps, the ends and the extremes seen from outside."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    Event,
    Extreme,
    FixedLaw,
    Model,
    Parameter,
    Patch,
    Schedule,
)
from derivations.derive import derive
from derivations.kernel.lanes.watched import beside, described, watched
from derivations.papers.fomaml.model import METHODS
from derivations.papers.fomaml.model import model as fomaml
from dynamics.arrays import Array
from dynamics.kernel import variants
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.kernel.trajectory import Sought, Trajectory
from simulate.ask.bounds import Bound
from simulate.ask.chosen import choose
from simulate.run import batch, reduced
from simulate.run.asked import Asked, Found
from simulate.run.kernels import kernel_for
from simulate.run.problem import Problem, Start, problem_of
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from tests.helpers.ends import at_least, at_most
from tests.helpers.outside import same, seen_from_outside
from tests.helpers.slowly import one_in, rarely, where

_extreme: Any = Extreme  # its words come out of a product of them
_event: Any = Event
VALUES: dict[str, Any] = {
    "n_tasks": 3, "n": 3, "n_train": 2, "m": 2, "d": 60, "M": 4, "J": 2, "eta_inner": 0.4, "eta": 0.8, "sigma_s": 0.1,
    "sigma_xi": 0.2, "sigma_0": 0.1,
}
EVENTS = ("T_loss", "T_noise", "T_signal", "T_both")
STEPS = 20


def timed(method: str = "train-validation", activation: str = "huberized") -> Model:
    """With hitting times of the loss, of noise memorised and of the shared feature, the latter at two levels."""
    model = fomaml(method, activation)
    more = [Parameter(name=name, latex="", meaning="a level", kind="real", default=0.5) for name in ("eps", "delta")]
    events = (
        _event(name="T_loss", latex="T", observable="loss", relation="<=", threshold="eps"),
        _event(name="T_noise", latex="T", observable="Xi", relation=">=", threshold="delta/4"),
        _event(name="T_signal", latex="T", observable="Lambda", relation=">=", threshold="delta"),
        _event(name="T_both", latex="T", observable="Lambda", relation=">=", threshold="2*delta"),
    )
    return replace(model, events=events, parameters=(*model.parameters, *more))


def cells(model: Model, kernel: Kernel, count: int = 6, **given: Any) -> list[Problem]:
    rng = np.random.default_rng(3)
    every = [{**VALUES, "eps": rng.uniform(0.1, 0.55), "delta": rng.uniform(0.1, 0.6), "nu_norm": rng.uniform(0.5, 1.5),
              "sigma_xi": rng.uniform(0.1, 0.4), "eta": rng.uniform(0.3, 1.5), **given} for _ in range(count)]
    return [replace(problem_of(choose(model, each)), loaded=kernel) for each in every]


def asked_of(*names: str, until: Mapping[str, Bound] = MappingProxyType({})) -> Asked:
    return Asked(STEPS, np.array([0, 4, STEPS]), (*names, *EVENTS), until, named=True)


def times_of(run: Found) -> list[int]:
    return [int(run.variables[name].values) for name in EVENTS]


@pytest.mark.parametrize(("method", "activation"), where(
    lambda case: case[1] == "huberized" or case[0] == "train-train", itertools.product(METHODS, ("huberized", "relu"))))
def test_hitting_times_go_together_and_are_those_alone_and_from_outside(method: str, activation: str) -> None:
    """Of compiled code where every test compiles it; the states have the bits that they have where nobody looks."""
    model, names = timed(method, activation), ("loss", "g", "rho", *EVENTS)
    compiled = activation == "huberized"
    kernel, times = (kernel_for if compiled else plain_kernel)(model), []
    problems = cells(model, kernel, 6 if compiled else 3)
    made = batch.together(problems, [0, 1], STEPS, names)
    assert made.done.all() and made.found is not None
    for problem, row in zip(problems, made.found, strict=True):
        for seed, run in enumerate(row):
            start, asked = problem.start(seed, "gram"), Asked(STEPS, np.array([STEPS]), names, {}, named=True)
            assert EventWatch(start, asked).inside() is not None and run is not None
            assert same(run, reduced.run(start, asked)) and same(run, seen_from_outside(start, asked))
            plain = reduced.run(start, replace(asked, wanted=("loss", "g", "rho")))
            assert all(np.array_equal(plain.variables[name].values, run.variables[name].values)
                       for name in ("loss", "g", "rho"))
            times.append(times_of(run))
    reached = np.array(times)
    moving = reached if method != "train-validation" else np.delete(reached, 1, axis=1)  # half the noise is not moved
    assert all(len({*column}) > 2 and column.max() > 1 for column in moving.T) and (reached == -1).any()


@pytest.mark.parametrize("by_blas", [False, True])
@pytest.mark.parametrize("near", [None, 0.3])
def test_a_run_ends_where_it_does_seen_from_outside(
    near: float | None, by_blas: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the very losses that are reported; `near` makes the kernel stop too early, which is then found out."""
    if near is not None:
        monkeypatch.setattr("simulate.run.watch.NEAR", near)
    if by_blas:
        monkeypatch.setattr(variants, "LANES_UPTO", 1)
    early = 0
    for method in METHODS:
        model = timed(method)
        for seed, problem in enumerate(cells(model, kernel_for(model), 2)):
            start = problem.start(seed, "vectors" if by_blas else "gram")
            whole = reduced.run(start, Asked(STEPS, np.arange(STEPS + 1), ("loss", "Xi"), {}, named=True)).variables
            loss, noise = float(whole["loss"].values[9]), float(whole["Xi"].values[9].max())
            grown = at_least({"Xi": whole["Xi"].values[9].min()})
            for until in (at_most({"loss": loss}), at_most({"Xi": noise, "loss": loss}), at_most({"loss": -1.0}), grown,
                          grown | at_most({"loss": loss})):
                asked = asked_of("loss", "rho", until=until)
                run = reduced.run(start, asked)
                assert same(run, seen_from_outside(start, asked)), (method, until)
                early += 0 < run.t[-1] < STEPS
                assert until != at_most({"loss": loss}) or float(run.variables["loss"].values[-1]) <= loss
    assert early >= 6


def test_the_shipped_kernel_ends_a_run_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look from outside at any step but the last, over more steps than one piece of the run has."""
    seen: list[int] = []
    look = EventWatch._values

    def counted(watch: EventWatch, block: Trajectory, names: Any) -> Any:
        seen.extend(block.t.tolist())
        return look(watch, block, names)

    monkeypatch.setattr(EventWatch, "_values", counted)
    asked: dict[str, Any] = {"steps": 400, "observables": ["loss", "T_2"], "record": "all"}
    whole = gr.run("fomaml", VALUES, **asked)["loss"]
    run = gr.run("fomaml", VALUES, until={"loss": 0.55}, **asked)
    last = int(run["t"].values[-1])
    assert seen == [last] and 0 < last < 400 and np.array_equal(run["loss"], whole[: last + 1])
    assert float(whole[last]) <= 0.55 < float(whole[last - 1])


def test_seeds_and_grids_with_hitting_times_are_calls_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, run_tasks = list[int](), BilevelKernel.run_tasks

    def counted(kernel: BilevelKernel, z: Array, *given: Any) -> Any:
        calls.append(len(z))
        return run_tasks(kernel, z, *given)

    monkeypatch.setattr(BilevelKernel, "run_tasks", counted)
    names = ["T_1", "T_2", "T_3"]
    asked: dict[str, Any] = {"steps": STEPS, "sampling": "gram", "observables": ["loss", *names]}
    runs = gr.run("fomaml", VALUES, seeds=3, **asked)
    assert calls == [3] and len({*runs["T_2"].values.tolist()}) > 1
    for seed in range(3):
        one = gr.run("fomaml", VALUES, seed=seed, **asked)
        assert all(np.array_equal(runs[name].isel(seed=seed), one[name]) for name in ("loss", *names))
    calls.clear()
    axes: dict[str, Any] = {"x": ("eta", [0.4, 0.8]), "y": ("eta_inner", [0.1, 0.4])}
    fixed = {name: value for name, value in VALUES.items() if name not in ("eta", "eta_inner")}
    asked = {**axes, "steps": STEPS, "seeds": 2, "params": fixed}
    both, one = (gr.phase("fomaml", observable=names, workers=1, **asked) for names in (["T_1", "T_2"], "T_2"))
    assert calls == [8, 8] and np.array_equal(both["T_2"].values, one["T_2"].values)


def test_a_run_without_a_threshold_is_left_to_itself() -> None:
    """Beside others that go together: log(eps - 0.3) is none from eps = 0.3 down."""
    model = timed()
    model = replace(model, events=(replace(model.events[2], threshold="log(eps - 0.3)"), model.events[3]))
    given = [{**VALUES, "eps": eps} for eps in (0.9, 0.2, 0.5)]
    problems = [replace(problem_of(choose(model, each)), loaded=kernel_for(model)) for each in given]
    made = batch.together(problems, [0], 3, ("T_signal", "T_both"))
    assert made.done.tolist() == [[True], [False], [True]]


def kinds_of_vectors() -> Model:
    """A vector that all examples have beside each task's and the noise; coefficients have scales and signs."""
    model = fomaml()
    mu = Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="nu_norm"),
                    coefficient=Coefficient(name="delta", latex=r"\delta"))
    nu_k, xi = (replace(family, coefficient=replace(family.coefficient, scaled=True)) for family in model.directions)
    return replace(model, name="watching_tasks", directions=(nu_k, mu, xi), observables=(), events=(),
                   patches=(*model.patches, Patch(direction="mu")))


_PER = ((), ("head",), ("task",), ("example",), ("head", "task"), ("head", "example"))
_OF = {
    "nu_k": {"head", "task"}, "g": {"head", "task"}, "mu": {"head"}, "delta": {"head"}, "nu": {"head"}, "z": {"head"},
    "xi": {"head", "task", "example"}, "rho": {"head", "task", "example"},
}
KINDS: list[Extreme] = [
    _extreme(name=f"e{at}", latex="e", of=of, reduce=reduce, heads=heads, per=per, signed=signed)
    for at, (of, reduce, heads, per, signed) in enumerate(itertools.product(
        _OF, ("max", "min", "max_abs"), ("all", "on_class", "off_class", "plus", "minus"), _PER, (False, True)))
    if {*per} <= _OF[of] and (of in ("xi", "rho") or heads not in ("on_class", "off_class"))
    if not ("head" in per and heads in ("plus", "minus"))
]


@pytest.mark.parametrize("part", one_in(3, range(6)))
def test_every_kind_of_extreme_is_what_it_is_elsewhere(part: int) -> None:
    """The least and the largest entry, by events whose bounds are these to the bit, or the next number beyond.

    Of vectors that no patch holds a product is a sum in another order, of B terms: off by less than 1e-13 here.
    """
    kinds = KINDS[part::6]
    events = tuple(_event(name=f"at_{each.name}", latex="t", observable=each.name, relation=relation, threshold="0")
                   for each, relation in zip(kinds, itertools.cycle((">=", "<=")), strict=False))
    model = replace(kinds_of_vectors(), observables=tuple(kinds), events=events)
    assert [each.name for each in watched(model)] == [each.name for each in kinds] and {*beside(model)} == {"nu", "z"}
    kernel = plain_kernel(model)
    start = replace(problem_of(choose(model, VALUES)), loaded=kernel).start(part, "gram")
    path = start.advance(2, np.array([2]))
    asked = Asked(2, path.t, tuple(each.name for each in kinds), {}, named=True)
    entries = {name: each.values.reshape(-1)
               for name, each in reduced.declared(start.states(path, ()), asked)[0].items()}
    low = np.array([entries[each.name].min() for each in kinds])
    high = np.array([entries[each.name].max() for each in kinds])
    off = np.array([1e-13 * (each.of in ("nu", "z")) for each in kinds])
    for below, bounds, beyond in ((True, high, -1.0), (False, low, 1.0)):
        finite = np.isfinite(bounds)
        hits = [found(kernel, path, start, kinds, below, each)
                for each in (bounds - beyond * off, np.nextafter(bounds + beyond * off, beyond * np.inf))]
        assert (hits[0] == 2).all() and (hits[1][finite] == -1).all() and finite.sum() > len(kinds) // 2


def found(kernel: Kernel, path: Trajectory, start: Start, kinds: list[Extreme], below: bool, bounds: Array) -> Any:
    names = [each.name for each in kinds]
    vectors = EventWatch(start, Asked(2, path.t, (), {}, named=True)).beside(names)
    places = [list(kernel.watched).index(name) for name in names]
    events = Sought.of([(place, below, float(bound)) for place, bound in zip(places, bounds, strict=True)], 0, vectors)
    kernel.run(path.z[0], path.b[0], start.draw.gram, start.draw.y, start.values, 0, np.array([2]), 2, events=events)
    return events.hits


def weighed(model: Model) -> Model:
    sizes = Parameter(name="sizes", latex="", meaning="examples of a task", kind="counts", default="3,1,7")
    return replace(model, name="weighed_tasks", algorithm=replace(model.bilevel, shares="sizes"),
                   parameters=(*model.parameters, sizes))


def changing(model: Model) -> Model:
    return replace(model, name="changing_tasks", objective=replace(model.objective, loss="exp(-z)"),
                   network=replace(model.network, activation=Activation(name="tanh(z)")),
                   algorithm=replace(model.bilevel, schedules=(Schedule(of="eta", formula="eta/(1 + t/5)"),)))


@pytest.mark.parametrize(("declared", "method", "given"), [
    (weighed, "reptile", {}), rarely(changing, "train-train", {"eta": 0.6, "eta_inner": 0.05}),
])
def test_losses_that_shares_weigh_or_formulas_say_are_looked_at(
    declared: Any, method: str, given: dict[str, float]
) -> None:
    model, ends = declared(timed(method)), set[int]()
    for seed, problem in enumerate(cells(model, plain_kernel(model), 2, eps=0.4, **given)):
        start, asked = problem.start(seed + 1, "gram"), asked_of("loss", "rho")
        assert EventWatch(start, asked).inside() is not None
        run = reduced.run(start, asked)
        assert same(run, seen_from_outside(start, asked))
        until = asked_of("loss", "rho", until=at_most({"loss": run.variables["loss"].values[1:].mean()}))
        ended = reduced.run(start, until)
        assert same(ended, seen_from_outside(start, until))
        ends |= {int(ended.t[-1]), *times_of(run)}
    assert len(ends) > 3


MUTANTS = [
    ("train-train", "x = where(y[k * examples + i] * (1.0 - 2.0 * h) > 0.0, x, -np.inf)", "x = x"),
    ("train-train", "x = entry(z, at + places[k, at_xi + i])", "x = entry(z, at + places[k, at_xi])"),
    ("train-validation", "summed = total(added)", "summed = 0.0"),
    ("train-validation", "x = product * (1.0 - 2.0 * h)", "x = product"),
    ("train-validation", "losses = losses + weights[k] * risk[k]", "losses = weights[k] * risk[k]"),
    ("train-validation", "loss_each(f, y, outer, examples)", "loss_each(f, y, 0, inner)"),
    ("reptile", "store(risk, k, loss_each(f, y, outer, examples))", "store(risk, k, loss_each(f, y, 0, 1))"),
]


@pytest.mark.parametrize(("method", "right", "wrong"), MUTANTS)
def test_a_wrong_look_is_seen(method: str, right: str, wrong: str) -> None:
    """Mutants of the text: some run has another hitting time than from outside."""
    model = timed(method)
    source = derive(model).lanes_source()
    assert source is not None and right in source
    kernel = replace(plain_kernel(model), lanes_plain=plain_module(source.replace(right, wrong), "mutant"))
    starts = [each.start(1, "gram") for each in cells(model, kernel)]
    assert not all(same(reduced.run(each, asked_of()), seen_from_outside(each, asked_of())) for each in starts)


def test_rest_of_a_row_by_blas_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve directions are eight and four, noise that nu has products with: they count."""
    monkeypatch.setattr(variants, "LANES_UPTO", 1)
    model = timed()
    source, right = derive(model).lanes_source(), "for q in range(width // 8 * 8, width):"
    assert source is not None and right in source
    for text, agrees in ((source, True), (source.replace(right, "for q in range(0):"), False)):
        kernel = replace(plain_kernel(model), lanes_plain=plain_module(text, "blas"))
        starts = [each.start(1, "gram") for each in cells(model, kernel, 3, project_noise=False)]
        pairs = [(reduced.run(each, asked_of()), seen_from_outside(each, asked_of())) for each in starts]
        assert all(same(*pair) for pair in pairs) is agrees


def test_compiled_looks_are_those_of_plain_python() -> None:
    model = timed()
    for seed in range(2):
        runs = [reduced.run(cells(model, kernel, 2)[seed].start(seed, "gram"), asked_of("loss", "rho"))
                for kernel in (kernel_for(model), plain_kernel(model))]
        assert same(*runs) and max(times_of(runs[0])) > 0


def test_what_a_kernel_is_not_made_for_is_looked_at_from_outside() -> None:
    model = timed()
    assert list(described(model)) == ["loss", "Xi", "Lambda"] and beside(model) == ("nu",)
    assert list(described(replace(model, events=()))) == ["loss"] and beside(replace(model, events=())) == ()
    inner = replace(model.bilevel, schedules=(Schedule(of="eta_inner", formula="eta_inner/(1 + t)"),))
    assert list(described(replace(model, algorithm=inner))) == ["Xi", "Lambda"]  # what is reported adapts as given
    assert described(replace(model, algorithm=replace(model.bilevel, sampled="n_train", redrawn=""))) == {}
    floored = (*model.events, _event(name="T_hat", latex="T", observable="Xi_hat", relation=">=", threshold="1"))
    for each, wanted, inside in ((model, "T_noise", True), (replace(model, events=floored), "T_hat", False)):
        start = problem_of(choose(each, VALUES)).start(0, "gram")
        asked = Asked(5, np.array([5]), (wanted,), {}, named=True)
        assert (EventWatch(start, asked).inside() is not None) is inside
        assert batch.size_of(start, asked) > 1
