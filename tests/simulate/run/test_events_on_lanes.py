"""Events that a kernel on lanes looks for: reached at the steps at which the same states, seen from outside, are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Event, Extreme, GradientDescent, Model
from derivations.kernel.lanes.watched import described, watched
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.trajectory import Watched
from simulate.ask import settings
from simulate.errors import Diverged
from simulate.run import reduced
from simulate.run.asked import Asked
from simulate.run.problem import problem_of
from simulate.run.watch import EventWatch
from simulate.testing import plain_kernel

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
        start = problem_of(settings.resolve("pegr"), values).start(seed, "gram")
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
    start = replace(problem_of(settings.resolve(model), values), loaded=kernel).start(part, "gram")
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
    events = Watched.of([(place, below, float(bound)) for place, bound in zip(places, bounds, strict=True)])
    kernel.run(path.z[0], path.b[0], start.draw.gram, start.draw.y, start.values, 0, np.array([2]), 2, events=events)
    return events.hits


def test_what_a_kernel_is_not_made_for_is_looked_at_from_outside() -> None:
    assert described(replace(pegr("none"), algorithm=GradientDescent(batch="batch"), parameters=())) == {}
    values = {"n": 17, "m": 3, "d": 60, "sigma_p": 0.5, "eta": 0.3}
    declared = pegr("none").observables[-2]
    assert isinstance(declared, Extreme)
    other = replace(declared, reduce="min")  # another max_gamma, on the kernel that is shipped
    model = replace(pegr("none"), observables=(*pegr("none").observables[:-2], other, pegr("none").observables[-1]))
    for each, inside in ((pegr("none"), True), (model, False)):
        start = problem_of(settings.resolve(each), values).start(0, "gram")
        asked = Asked(5, np.array([5]), ("T_1",), {}, named=True)
        assert (EventWatch(start, asked).inside() is not None) is inside
        assert start.kernel.path == problem_of(settings.resolve(pegr("none")), values).start(0, "gram").kernel.path
    asked = Asked(5, np.array([5]), ("T_1",), {"loss": 0.1}, named=True)
    start = problem_of(settings.resolve("pegr"), values).start(0, "gram")
    assert EventWatch(start, asked).inside() is None  # a run that stops at a threshold


def test_a_model_without_events_watches_the_loss_alone() -> None:
    assert list(described(replace(nearly_orthogonal(), events=()))) == ["loss"]
