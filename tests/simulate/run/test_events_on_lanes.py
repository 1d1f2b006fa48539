"""Events that a kernel on lanes looks for: reached at the steps at which the same states, seen from outside, are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Event, Extreme, GradientDescent, Model, Objective
from derivations.kernel.lanes.watched import described, watched
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Sought
from simulate.ask.bounds import Bound
from simulate.ask.chosen import choose
from simulate.errors import Diverged
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import problem_of
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel
from tests.helpers.ends import at_least, at_most
from tests.helpers.outside import same, seen_from_outside

EVENTS = ("T_1", "T_2", "T_1_noise", "T_2_noise")


def test_hitting_times_are_those_seen_from_outside() -> None:
    rng, reached = np.random.default_rng(0), 0
    for seed in range(24):
        values: dict[str, Any] = {
            "n": int(rng.integers(15, 40)), "m": int(rng.integers(2, 8)), "d": 400, "eta": rng.uniform(0.01, 0.5),
            "sigma_p": 10 ** rng.uniform(-1, 0.3), "mu_norm": rng.uniform(0, 6), "sigma_0": 10 ** rng.uniform(-3, -0.5),
            "lam": [0.0, 0.01][seed % 2], "regularizer": ["none", "pegr", "fgr"][seed % 3],
            "eps": rng.uniform(0.05, 0.6), "project_noise": bool(rng.integers(2)),
        }
        start = problem_of(choose("pegr", values)).start(seed, "gram")
        asked = Asked(150, np.array([0, 150]), EVENTS, {}, named=True)
        try:
            inside = reduced.run(start, asked).variables
        except Diverged:
            continue
        watch = EventWatch(start, asked)
        assert watch.inside() is not None
        start.advance(150, np.array([0, 150]), watch)
        found = {name: int(inside[name].values) for name in EVENTS}
        assert found == {name: int(watch.times()[name].values) for name in EVENTS}, values
        assert {name: inside[name].said for name in EVENTS} == {name: watch.times()[name].said for name in EVENTS}
        reached += sum(hit >= 0 for hit in found.values())
    assert reached > 30


@pytest.mark.parametrize("near", [None, 0.3])
def test_a_run_ends_where_it_does_seen_from_outside(near: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very losses that are reported; `near` makes the kernel stop too early, which is then found out."""
    if near is not None:
        monkeypatch.setattr("simulate.run.watch.NEAR", near)
    rng, early = np.random.default_rng(1), 0
    for seed in range(12):
        values: dict[str, Any] = {
            "n": 20, "m": 4, "d": 300, "eta": rng.uniform(0.05, 0.4), "sigma_p": rng.uniform(0.5, 1.5),
            "regularizer": ["none", "pegr", "fgr"][seed % 3], "lam": 0.01, "mu_norm": rng.uniform(1, 3),
        }
        start, wanted = problem_of(choose("pegr", values)).start(seed, "gram"), ("loss", "rho", *EVENTS)
        whole = reduced.run(start, Asked(120, np.arange(121), ("loss", "max_gamma"), {}, named=True)).variables
        step = int(rng.integers(1, 120))
        loss, gamma = (float(whole[name].values[step].max()) for name in ("loss", "max_gamma"))
        grown = {"max_gamma": float(whole["max_gamma"].values[step].min())}
        for until in (at_most({"loss": loss}), at_most({"max_gamma": gamma, "loss": loss}), at_most({"loss": -1.0}),
                      at_least(grown), at_least(grown) | at_most({"loss": loss}), at_least({"loss": loss})):
            asked = Asked(120, np.array([0, 7, 64, 120]), wanted, until, named=True)
            found = reduced.run(start, asked)
            assert same(found, seen_from_outside(start, asked)), (values, until)
            early += 0 < found.t[-1] < 120
            assert until != at_most({"loss": loss}) or float(found.variables["loss"].values[-1]) <= loss
    assert early > 24


def test_a_run_with_momentum_and_decay_ends_with_its_velocity() -> None:
    like = pegr("none").parameters[-2:]
    rates = [replace(each, name=name) for each, name in zip(like, ("beta", "decay"), strict=True)]
    algorithm = GradientDescent(momentum="beta", weight_decay="decay")
    model = replace(pegr("none"), algorithm=algorithm, parameters=(*pegr("none").parameters, *rates))
    values = {"n": 9, "m": 2, "d": 60, "sigma_p": 0.5, "mu_norm": 2.0, "eta": 0.2, "beta": 0.5, "decay": 0.01}
    kernel = replace(plain_kernel(model), lanes_from=0)
    start = replace(problem_of(choose(model, values)), loaded=kernel).start(0, "gram")
    whole = start.advance(12, np.arange(13))
    loss = float(start.observe(whole.z)["loss"][5])
    events = EventWatch(start, Asked(12, np.array([3]), (), at_most({"loss": loss}), named=True)).inside()
    assert events is not None
    path = start.advance(12, np.array([3]), events=events)
    assert path.t.tolist() == [3, 5] == [3, events.stopped] and path.velocity is not None and whole.velocity is not None
    for name in ("z", "b", "velocity", "scale"):
        assert np.array_equal(getattr(path, name), getattr(whole, name)[path.t])


WEIGHTS = (2.5, "rare")


def weighed(plus: Any, minus: Any) -> Model:
    """PEGR's network without penalty, whose labels' losses count differently."""
    model = pegr("none")
    rare = replace(model.parameters[-1], name="rare", kind="real", default=0.3)
    return replace(model, name="weighed", parameters=(*model.parameters, rare),
                   objective=Objective(loss="logistic", label_weights=(plus, minus)))


def test_losses_that_labels_weigh_are_looked_at_in_the_kernel() -> None:
    """A grid goes together, each run with the numbers that it has alone and the hitting times seen from outside."""
    model = weighed(*WEIGHTS)
    kernel, names, times = replace(plain_kernel(model), lanes_from=0), ("loss", "rho", *EVENTS), set[int]()
    given = {"n": 11, "m": 2, "d": 60, "sigma_p": 0.5, "mu_norm": 2.0, "eta": 0.3}
    cells = [replace(problem_of(choose(model, {**given, "rare": rare, "eps": eps})), loaded=kernel)
             for rare, eps in itertools.product((0.1, 2.0), (0.3, 0.6))]
    made = batch.together(cells, [0, 1], 30, names)
    assert made.done.all() and made.found is not None
    for cell, row in zip(cells, made.found, strict=True):
        for seed, found in enumerate(row):
            start, asked = cell.start(seed, "gram"), Asked(30, np.array([30]), names, {}, named=True)
            assert found is not None and same(found, reduced.run(start, asked))
            assert same(found, seen_from_outside(start, asked))
            until = replace(asked, until=at_most({"loss": float(found.variables["loss"].values[-1]) * 1.5}))
            ended = reduced.run(start, until)
            assert same(ended, seen_from_outside(start, until))
            times |= {int(found.variables["T_1"].values), int(ended.t[-1])}
    assert len(times) > 4 and max(times) < 30


@pytest.mark.slow  # compiles a model of its own
def test_compiled_losses_that_labels_weigh_are_those_of_plain_python() -> None:
    model = weighed(*WEIGHTS)
    cells = [replace(problem_of(choose(model, {"n": 11, "m": 2, "d": 60, "eta": 0.3, "eps": 0.5})), loaded=each)
             for each in (replace(kernel, lanes_from=0) for kernel in (kernel_for(model), plain_kernel(model)))]
    asked = Asked(30, np.array([10, 30]), ("loss", "rho", *EVENTS), {}, named=True)
    assert same(*[reduced.run(each.start(0, "gram"), asked) for each in cells])


_extreme: Any = Extreme  # its words come out of a product of them
_event: Any = Event

KINDS: list[Extreme] = [
    _extreme(name=f"e{at}", latex="e", of=of, reduce=reduce, heads=heads, per=per, signed=signed)
    for at, (of, reduce, heads, per, signed) in enumerate(itertools.product(
        ("mu", "xi", "gamma", "rho"), ("max", "min", "max_abs"), ("all", "on_class", "off_class", "plus", "minus"),
        ((), ("head",), ("example",), ("head", "example")), (False, True)))
    if of in ("xi", "rho") or (heads in ("all", "plus", "minus") and "example" not in per)
    if not ("head" in per and heads in ("plus", "minus"))
]


def of_kinds(kinds: list[Extreme]) -> Model:
    """A model whose events are of these."""
    events = tuple(_event(name=f"at_{each.name}", latex="t", observable=each.name, relation=relation, threshold="0")
                   for each, relation in zip(kinds, itertools.cycle((">=", "<=")), strict=False))
    return replace(pegr("none"), name="watching", observables=tuple(kinds), events=events)


@pytest.mark.parametrize("part", range(6))
def test_every_kind_of_extreme_is_what_it_is_elsewhere(part: int) -> None:
    """The least and the largest entry, by events whose bounds are these to the bit, or the next number beyond."""
    kinds = KINDS[part::6]
    model = of_kinds(kinds)
    assert [each.name for each in watched(model)] == [each.name for each in kinds]
    values = {"n": 11, "m": 3, "d": 60, "sigma_p": 0.5, "mu_norm": 1.0, "sigma_0": 0.2, "eta": 0.3}
    kernel = replace(plain_kernel(model), lanes_from=0)
    start = replace(problem_of(choose(model, values)), loaded=kernel).start(part, "gram")
    path = start.advance(2, np.array([2]))
    entries = {name: each.values.reshape(-1) for name, each in _observed(start, path, kinds).items()}
    low = np.array([entries[each.name].min() for each in kinds])
    high = np.array([entries[each.name].max() for each in kinds])
    places = [list(kernel.watched).index(each.name) for each in kinds]
    for below, bounds, beyond in ((True, high, -np.inf), (False, low, np.inf)):
        finite = np.isfinite(bounds)
        hits = [_hits(kernel, path, start, places, below, each) for each in (bounds, np.nextafter(bounds, beyond))]
        assert (hits[0] == 2).all() and (hits[1][finite] == -1).all() and finite.sum() > len(kinds) // 2


def _observed(start: Any, path: Any, kinds: list[Extreme]) -> dict[str, Any]:
    return reduced.declared(start.states(path, ()), Asked(2, path.t, tuple(each.name for each in kinds), {}, True))[0]


def _hits(kernel: Kernel, path: Any, start: Any, places: list[int], below: bool, bounds: Any) -> Any:
    events = Sought.of([(place, below, float(bound)) for place, bound in zip(places, bounds, strict=True)])
    kernel.run(path.z[0], path.b[0], start.draw.gram, start.draw.y, start.values, 0, np.array([2]), 2, events=events)
    return events.hits


def test_what_a_kernel_is_not_made_for_is_looked_at_from_outside() -> None:
    values = {"n": 17, "m": 3, "d": 60, "sigma_p": 0.5, "eta": 0.3}
    declared = pegr("none").observables[-2]
    assert isinstance(declared, Extreme)
    other = replace(declared, reduce="min")  # another max_gamma, on the kernel that is shipped
    model = replace(pegr("none"), observables=(*pegr("none").observables[:-2], other, pegr("none").observables[-1]))
    for each, inside in ((pegr("none"), True), (model, False)):
        start = problem_of(choose(each, values)).start(0, "gram")
        asked = Asked(5, np.array([5]), ("T_1",), {}, named=True)
        assert (EventWatch(start, asked).inside() is not None) is inside
        assert start.kernel.path == problem_of(choose(pegr("none"), values)).start(0, "gram").kernel.path
    for until, inside in ((at_most({"loss": 0.1}), True), (at_most({"loss": 0.1, "gradient_norm": 0.1}), False),
                              ({"max_gamma:min": Bound(0.1, ">=", "min", "max_gamma")}, True),
                          ({"max_gamma:max": Bound(0.1, ">=", "max", "max_gamma")}, True),
                              ({"max_gamma:mean": Bound(0.1, ">=", "mean", "max_gamma")}, False)):
        asked = Asked(5, np.array([5]), ("T_1",), until, named=True)
        start = problem_of(choose("pegr", values)).start(0, "gram")
        assert (EventWatch(start, asked).inside() is not None) is inside


def test_a_model_without_events_watches_the_loss_margins_and_coefficients() -> None:
    assert list(described(replace(nearly_orthogonal(), events=()))) == ["loss", "margins", "rho"]
