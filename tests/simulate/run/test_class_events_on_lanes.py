"""Events of class heads that a kernel on lanes looks for: the steps, the ends and the extremes seen from outside."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import (
    Coefficient,
    Directions,
    Event,
    Extreme,
    FixedLaw,
    GradientDescent,
    Model,
    Objective,
    Parameter,
    Patch,
)
from derivations.derive import derive
from derivations.kernel.lanes.watched import described, watched
from derivations.papers.heterogeneous.model import model as heterogeneous
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.kernel.trajectory import Sought, Trajectory
from simulate.ask.chosen import choose
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import Problem, Start, problem_of
from simulate.run.together import go_together
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from tests.helpers.ends import at_least, at_most
from tests.helpers.outside import same, seen_from_outside

_extreme: Any = Extreme  # its words come out of a product of them
_event: Any = Event
VALUES: dict[str, Any] = {"n": 9, "m": 2, "d": 60, "init": "gaussian", "sigma_p": 0.4, "sigma_0": 0.05, "eta": 0.4}


def classes() -> Model:
    """Three classes, with a vector that all examples have beside the features and the noise."""
    three = heterogeneous(3)
    mu = Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="u_norm"),
                    coefficient=Coefficient(name="delta_mu", latex=r"\delta"))
    return replace(three, name="watching_classes", directions=(three.directions[0], mu, three.directions[1]),
                   patches=(*three.patches, Patch(direction="mu")), observables=(), events=())


KINDS: list[Extreme] = [
    _extreme(name=f"e{at}", latex="e", of=of, reduce=reduce, heads=heads, per=per)
    for at, (of, reduce, heads, per) in enumerate(itertools.product(
        ("u", "mu", "xi", "gamma", "delta_mu", "rho"), ("max", "min", "max_abs"), ("all", "on_class", "off_class"),
        ((), ("head",), ("example",), ("head", "example"))))
    if of in ("xi", "rho") or (heads == "all" and "example" not in per)
]


@pytest.mark.parametrize("part", range(4))
def test_every_kind_of_extreme_is_what_it_is_elsewhere(part: int) -> None:
    """The least and the largest entry, by events whose bounds are these to the bit, or the next number beyond."""
    kinds = KINDS[part::4]
    events = tuple(_event(name=f"at_{each.name}", latex="t", observable=each.name, relation=relation, threshold="0")
                   for each, relation in zip(kinds, itertools.cycle((">=", "<=")), strict=False))
    model = replace(classes(), observables=tuple(kinds), events=events)
    assert [each.name for each in watched(model)] == [each.name for each in kinds]
    kernel = replace(plain_kernel(model), lanes_from=0)
    start = replace(problem_of(choose(model, VALUES)), loaded=kernel).start(part, "gram")
    path = start.advance(2, np.array([2]))
    asked = Asked(2, path.t, tuple(each.name for each in kinds), {}, named=True)
    entries = {name: each.values.reshape(-1)
               for name, each in reduced.declared(start.states(path, ()), asked)[0].items()}
    low = np.array([entries[each.name].min() for each in kinds])
    high = np.array([entries[each.name].max() for each in kinds])
    places = [list(kernel.watched).index(each.name) for each in kinds]
    for below, bounds, beyond in ((True, high, -np.inf), (False, low, np.inf)):
        finite = np.isfinite(bounds)
        hits = [found(kernel, path, start, places, below, each) for each in (bounds, np.nextafter(bounds, beyond))]
        assert (hits[0] == 2).all() and (hits[1][finite] == -1).all() and finite.sum() > len(kinds) // 2


def found(kernel: Kernel, path: Trajectory, start: Start, places: list[int], below: bool, bounds: Array) -> Any:
    events = Sought.of([(place, below, float(bound)) for place, bound in zip(places, bounds, strict=True)])
    kernel.run(path.z[0], path.b[0], start.draw.gram, start.draw.y, start.values, 0, np.array([2]), 2, events=events)
    return events.hits


EVENTS = ("T_loss", "T_signal", "T_memory", "T_falls")


def timed(penalty: Any = "none") -> Model:
    """With hitting times of the loss, of features learned, of noise memorised, and of a coefficient that falls."""
    extremes = (
        _extreme(name="signal", latex="s", of="u", reduce="max_abs", per=("head",)),
        _extreme(name="memory", latex="m", of="xi", reduce="max", heads="on_class"),
        _extreme(name="falling", latex="f", of="rho", reduce="max_abs", heads="off_class"),
    )
    events = (
        _event(name="T_loss", latex="T", observable="loss", relation="<=", threshold="eps"),
        _event(name="T_signal", latex="T", observable="signal", relation=">=", threshold="delta"),
        _event(name="T_memory", latex="T", observable="memory", relation=">=", threshold="delta"),
        _event(name="T_falls", latex="T", observable="falling", relation=">=", threshold="delta"),
    )
    model = classes()
    lam = Parameter(name="lam", latex="", meaning="the penalty's weight", kind="real", default=0.1, low=0)
    more = () if penalty == "none" else (lam,)
    return replace(model, observables=extremes, events=events, parameters=(*model.parameters, *more),
                   objective=Objective(loss="cross_entropy", penalty=penalty))


def cells(model: Model, kernel: Kernel, count: int = 5) -> list[Problem]:
    rng = np.random.default_rng(3)
    given = [{**VALUES, "eps": rng.uniform(0.7, 1.1), "delta": rng.uniform(0.1, 0.8), "u_norm": rng.uniform(0.5, 2.0),
              "sigma_p": rng.uniform(0.1, 0.5), "Gamma": [1.0, 5.0][at % 2]} for at in range(count)]
    return [replace(problem_of(choose(model, each)), loaded=kernel) for each in given]


@pytest.mark.parametrize("penalty", ["none", "per_example"])
def test_hitting_times_go_together_and_are_those_alone_and_from_outside(penalty: str) -> None:
    model = timed(penalty)
    kernel, names, steps = plain_kernel(model), ("loss", "rho", *EVENTS), 25
    assert go_together(model, names) and kernel.watches(VALUES["n"] + 4, VALUES["m"])
    problems = cells(model, kernel)
    made = batch.together(problems, [0, 1], steps, names)
    assert made.done.all() and made.found is not None
    times = []
    for problem, row in zip(problems, made.found, strict=True):
        for seed, run in enumerate(row):
            start, asked = problem.start(seed, "gram"), Asked(steps, np.array([steps]), names, {}, named=True)
            assert EventWatch(start, asked).inside() is not None and run is not None
            assert same(run, reduced.run(start, asked)) and same(run, seen_from_outside(start, asked))
            times.append([int(run.variables[name].values) for name in EVENTS])
    reached = np.array(times)
    assert all(len({*column}) > 3 and column.max() > 1 for column in reached.T) and (reached == -1).any()


@pytest.mark.slow
@pytest.mark.parametrize("near", [None, 0.3])
def test_a_run_ends_where_it_does_seen_from_outside(near: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very losses that are reported; `near` makes the kernel stop too early, which is then found out."""
    if near is not None:
        monkeypatch.setattr("simulate.run.watch.NEAR", near)
    model, early = timed(), 0
    problems, wanted = cells(model, plain_kernel(model), 3), ("loss", "rho", *EVENTS)
    for seed, problem in enumerate(problems):
        start = problem.start(seed, "gram")
        whole = reduced.run(start, Asked(25, np.arange(26), ("loss", "memory"), {}, named=True)).variables
        loss = float(whole["loss"].values[9])
        memory = whole["memory"].values[9].reshape(-1)
        for until in (at_most({"loss": loss}), at_most({"memory": memory.max(), "loss": loss}), at_most({"loss": -1.0}),
                      at_least({"memory": memory.min()}), at_least({"memory": memory.min()}) | at_most({"loss": loss})):
            asked = Asked(25, np.array([0, 4, 25]), wanted, until, named=True)
            run = reduced.run(start, asked)
            assert same(run, seen_from_outside(start, asked)), until
            early += 0 < run.t[-1] < 25
            assert until != at_most({"loss": loss}) or float(run.variables["loss"].values[-1]) <= loss
    assert early >= 3


def test_the_shipped_kernel_ends_a_run_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look from outside at any step but the last."""
    seen: list[int] = []
    look = EventWatch._values

    def counted(watch: EventWatch, block: Trajectory, names: Any) -> Any:
        seen.extend(block.t.tolist())
        return look(watch, block, names)

    monkeypatch.setattr(EventWatch, "_values", counted)
    params = {"K": 3, "n": 12, "m": 4, "d": 80, "init": "gaussian", "u_norm": 2.0, "eta": 0.4}
    asked: dict[str, Any] = {"steps": 300, "sampling": "gram", "observables": ["loss"], "record": "all"}
    whole = gr.run("heterogeneous", params, **asked)["loss"]
    run = gr.run("heterogeneous", params, until={"loss": 0.5}, **asked)
    last = int(run["t"].values[-1])
    assert seen == [last] and 0 < last < 300 and np.array_equal(run["loss"], whole[: last + 1])
    assert float(whole[last]) <= 0.5 < float(whole[last - 1])


@pytest.mark.slow  # compiles models of its own
@pytest.mark.parametrize("penalty", ["none", "full"])
def test_compiled_looks_are_those_of_plain_python(penalty: str) -> None:
    model, names = timed(penalty), ("loss", *EVENTS)
    made = [batch.together(cells(model, kernel), [0, 1], 25, names) for kernel in (
        kernel_for(model), plain_kernel(model))]
    assert all(each.done.all() and each.found is not None for each in made)
    for one, two in zip(*[[run for row in each.found or [] for run in row] for each in made], strict=True):
        assert one is not None and two is not None and same(one, two)


MUTANTS = [
    ("others = others + exponential_0(top - gap)", "others = exponential_0(top - gap)"),
    ("label = where(load(y, i) == float(h), load(F, h * y.size + i), label)", "label = load(F, h * y.size + i)"),
    ("x = where(load(y, i) == float(h), x, -np.inf)", "x = where(load(y, i) == 0.0, x, -np.inf)"),
    ("x = where(abs(load(y, i) - float(h)) > 0.0, x, -np.inf)", "x = x"),
    ("x = abs(entry(z, at + at_u + q))", "x = abs(entry(z, at + at_u))"),
]


@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_a_wrong_look_is_seen(right: str, wrong: str) -> None:
    """Mutants of the text: some run has another hitting time than from outside."""
    model = timed()
    source, steps = derive(model).lanes_source(), 25
    assert source is not None and right in source
    kernel = replace(plain_kernel(model), lanes_plain=plain_module(source.replace(right, wrong), "mutant"))
    asked = Asked(steps, np.array([steps]), EVENTS, {}, named=True)
    starts = [each.start(seed, "gram") for seed, each in enumerate(cells(model, kernel))]
    assert not all(same(reduced.run(each, asked), seen_from_outside(each, asked)) for each in starts)


def test_what_is_looked_at_in_the_kernel_is_told_beside_it() -> None:
    model = timed()
    drawing = replace(model, algorithm=GradientDescent(batch="batch"), parameters=())
    assert described(drawing) == described(model)
    assert list(described(model)) == ["loss", "signal", "memory", "falling", "margins", "gamma", "delta_mu", "rho"]
    assert list(described(heterogeneous(3))) == ["loss", "margins", "gamma", "rho"]
