"""Activation flips: what a count has to satisfy, and counts that are wrong in one way each, which have to be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import gammarho as gr
from derivations.declare import Activation, Coefficient, Directions, Flips, Model, Network, Objective, Patch
from derivations.declare.observed.flips import FlipCount
from derivations.declare.views import RunView
from simulate.observe.sides import Along, sides, slopes

Array = NDArray[np.float64]
SEARCH = settings(max_examples=300, phases=[Phase.generate], database=None, derandomize=True)


def declared(signed: bool, at_kink: Literal[0, 1], leaky: bool) -> Model:
    """A signal that follows the clean label (or is the class's own) and a noise."""
    activation = Activation(name="leaky_relu" if leaky else "relu", at_kink=at_kink, slope=0.1 if leaky else 0.0)
    a, b = (Coefficient(name=name, latex=name) for name in "ab")
    mu = Directions(name="mu", over="one" if signed else "class", latex="m", coefficient=a)
    xi = Directions(name="xi", over="sample", latex="x", coefficient=b)
    heads: dict[str, Any] = {"heads": "signed"} if signed else {"heads": "class", "classes": 3}
    network = Network(activation=activation, **heads)
    return Model(
        name="sides", title="Sides", directions=(mu, xi), network=network,
        patches=(Patch(direction="mu", scale="clean" if signed else "one"), Patch(direction="xi")),
        objective=Objective(loss="logistic" if signed else "cross_entropy"), parameters=(),
    )


@dataclass(frozen=True)
class Walk:
    """Pre-activations z (T, H, m, B) on the directions, step by step, whole numbers, so that 0 itself is met often."""

    model: Model
    z: Array
    y: Array
    clean: Array
    cut: int
    heads: Literal["all", "on_class", "off_class"]

    def pattern(self, t: int) -> dict[tuple[int, int, int, str], float]:
        """sigma'(<w, x_i^(p)>) on the two sides, 1 or 0, entry by entry, from the declaration's words."""
        at_zero, signed = float(self.model.network.activation.at_kink), self.model.network.heads == "signed"
        out = {}
        for head, r, i in np.ndindex(*self.z.shape[1:3], len(self.y)):
            label = (1.0, -1.0)[head] if signed else float(head)
            if self.heads != "all" and (label == self.y[i]) != (self.heads == "on_class"):
                continue
            families = 1 if signed else 3
            signal = self.clean[i] * self.z[t, head, r, 0] if signed else self.z[t, head, r, int(self.y[i])]
            for patch, value in (("mu", signal), ("xi", self.z[t, head, r, families + i])):
                out[head, r, i, patch] = at_zero if value == 0 else float(value > 0)
        return out

    def differ(self, s: int, t: int) -> int:
        """In how many entries the patterns at two steps differ."""
        one, two = self.pattern(s), self.pattern(t)
        return sum(one[key] != two[key] for key in one)


@st.composite
def walks(draw: Any) -> Walk:
    signed, steps = draw(st.booleans()), draw(st.integers(2, 7))
    model = declared(signed, draw(st.sampled_from([0, 1])), draw(st.booleans()))
    n, rng = draw(st.integers(1, 4)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = rng.choice([1.0, -1.0], n) if signed else rng.integers(0, 3, n).astype(float)
    clean = y * rng.choice([1.0, -1.0], n) if signed else y
    z = rng.integers(-1, 2, size=(steps, 2 if signed else 3, draw(st.integers(1, 3)), (1 if signed else 3) + n))
    quiet = rng.random(steps) < 0.3  # steps at which nothing moves
    for t in range(1, steps):
        z[t] = z[t - 1] if quiet[t] else z[t]
    heads = draw(st.sampled_from(["all", "on_class", "off_class"]))
    return Walk(model, z.astype(float), y, clean, draw(st.integers(1, steps - 1)), heads)


Counted = tuple[Array, int]
Count = Callable[[Walk], Counted]


def counted(walk: Walk, counter: type[FlipCount] = FlipCount, seen: Any = sides) -> Counted:
    """The counts at every step and the last flip's, the walk handed over in two pieces."""
    steps = np.arange(len(walk.z))
    run = Along(walk.model, walk.y, walk.clean, steps)
    found = counter(Flips(name="flips", latex="f", heads=walk.heads, last="last"), run)
    for part in (slice(None, walk.cut), slice(walk.cut, None)):
        found.add(steps[part], seen(walk.model, walk.z[part], walk.y, walk.clean))
    variables = found.variables(steps)
    return variables["flips"], int(variables["last"])


def rules(walk: Walk, count: Count) -> None:
    """What makes a count of flips: these rules leave only one."""
    flips, last = count(walk)
    end = len(walk.z) - 1
    assert flips[0] == 0
    for t in range(end):  # a step's flips are the entries in which the patterns before and after it differ
        assert flips[t + 1] - flips[t] == walk.differ(t, t + 1)
    for s in range(end):  # so over several steps at least those in which the ends differ, and an even number more
        more = flips[end] - flips[s] - walk.differ(s, end)
        assert more >= 0 and more % 2 == 0
    assert all(walk.differ(t, end) == 0 for t in range(last, end + 1))
    assert last == 0 or walk.differ(last - 1, end) > 0


@settings(max_examples=60)
@given(walks())
def test_a_count_of_flips_is_the_sum_over_steps_of_changed_entries(walk: Walk) -> None:
    rules(walk, counted)
    flips, _ = counted(walk)
    split = [counted(replace(walk, heads=heads))[0] for heads in ("all", "on_class", "off_class")]
    np.testing.assert_array_equal(split[0], split[1] + split[2])
    back = counted(replace(walk, z=walk.z[::-1], cut=len(walk.z) - walk.cut))[0]
    assert back[-1] == flips[-1]
    mirrored = declared(walk.model.network.heads == "signed", 1 - walk.model.network.activation.at_kink, False)  # type: ignore[arg-type]
    np.testing.assert_array_equal(counted(replace(walk, z=-walk.z, model=mirrored))[0], flips)  # sigma'(0) changes ends
    np.testing.assert_array_equal(counted(replace(walk, z=3.0 * walk.z))[0], flips)


class _OwnHeads(FlipCount):
    """Counts the own heads alone, whatever is declared."""

    def __init__(self, given: Flips, run: RunView) -> None:
        super().__init__(replace(given, heads="on_class"), run)


class _EveryHead(FlipCount):
    """Counts all heads, whatever is declared."""

    def __init__(self, given: Flips, run: RunView) -> None:
        super().__init__(replace(given, heads="all"), run)


class _WithoutTheLastStep(FlipCount):
    """Never looks at a piece's last step."""

    def add(self, t: Any, steep: Any, rows: Any = ...) -> None:
        super().add(t, np.concatenate([steep[:-1], steep[-2:-1] if len(steep) > 1 else self._kept(steep)]))

    def _kept(self, steep: Any) -> Any:
        return steep if self.before is None else self.before[None]


class _AgainstTheStart(FlipCount):
    """Compares with step 0 and not with the step before."""

    def add(self, t: Any, steep: Any, rows: Any = ...) -> None:
        first = steep[0] if self.before is None else self.before
        for step, row in zip(t, steep, strict=True):
            self.before = first.copy()
            super().add(np.array([step]), row[None])
        self.before = first


class _Forgetful(FlipCount):
    """Forgets the last state where a new piece begins."""

    def add(self, t: Any, steep: Any, rows: Any = ...) -> None:
        self.before = None
        super().add(t, steep)


class _LastOneEarly(FlipCount):
    """Gives the step before the last flip."""

    def variables(self, t: Any) -> Any:
        self.last = np.maximum(self.last - 1, 0)
        return super().variables(t)


def _other_kink(model: Model, z: Array, y: Array, clean: Array) -> Any:
    """0 on the other side than sigma'(0) says."""
    closed = model.network.activation.at_kink == 1
    other = replace(model.network.activation, at_kink=0 if closed else 1)
    return sides(replace(model, network=replace(model.network, activation=other)), z, y, clean)


def _observed_labels(model: Model, z: Array, y: Array, clean: Array) -> Any:
    """Patches that follow the observed label in the place of the clean one."""
    return sides(model, z, y, y)


def _first_patch(model: Model, z: Array, y: Array, clean: Array) -> Any:
    """Looks at the first patch only."""
    return sides(model, z, y, clean)[..., :1]


MUTANTS: dict[str, Count] = {
    **{kind.__name__: (lambda walk, kind=kind: counted(walk, kind))  # type: ignore[misc]
       for kind in (_OwnHeads, _EveryHead, _WithoutTheLastStep, _AgainstTheStart, _Forgetful, _LastOneEarly)},
    **{seen.__name__: (lambda walk, seen=seen: counted(walk, seen=seen))  # type: ignore[misc]
       for seen in (_other_kink, _observed_labels, _first_patch)},
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_count_breaks_the_rules(name: str) -> None:
    def caught(walk: Walk) -> bool:
        try:
            rules(walk, MUTANTS[name])
        except AssertionError:
            return True
        return False

    find(walks(), caught, settings=SEARCH)


@pytest.mark.parametrize(("activation", "expected"), [
    (Activation(name="relu"), [1.0, 0.0, 0.0]),
    (Activation(name="relu", at_kink=1), [1.0, 1.0, 0.0]),
    (Activation(name="leaky_relu", slope="slope"), [1.0, 0.3, 0.3]),
    (Activation(name="relu_power", power=3), [12.0, 0.0, 0.0]),
    (Activation(name="identity"), [1.0, 1.0, 1.0]),
    (Activation(name="square"), [4.0, 0.0, -6.0]),
    (Activation(name="cubic"), [12.0, 0.0, 27.0]),
    (Activation(name="where(z >= 0, z, slope*z)/2"), [0.5, 0.5, 0.15]),
    (Activation(name="where(z > 0, slope*z**2, 0)"), [1.2, 0.0, 0.0]),
], ids=lambda each: each.name if isinstance(each, Activation) else "")
def test_slopes_at_two_at_nothing_and_at_minus_three(activation: Activation, expected: list[float]) -> None:
    found = slopes(activation, np.array([2.0, 0.0, -3.0]), {"slope": 0.3})
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0)


# ---- the weight-space engine's own count ------------------------------------------------------------------


def _problems() -> Iterator[tuple[str, dict[str, Any], int]]:
    yield "relu", {"slope": 0.0, "n": 6, "m": 5, "d": 5, "eta": 0.5, "sigma_0": 0.1}, 1
    yield "leaky", {"slope": 0.1, "n": 6, "m": 5, "d": 5, "eta": 2.0, "sigma_0": 0.1}, 2
    yield "linear", {"slope": 1.0, "n": 6, "m": 5, "d": 5, "eta": 2.0, "sigma_0": 0.1}, 3
    yield "kink", {"slope": 0.0, "n": 3, "m": 2, "d": 4, "eta": 0.5, "sigma_0": 0.0}, 4


@pytest.mark.parametrize("problem", list(_problems()), ids=lambda p: p[0])
def test_weight_space_counts_the_same_flips_by_itself(problem: tuple[str, dict[str, Any], int]) -> None:
    _, params, seed = problem
    names = ["flips", "flips_on_class", "last_flip", "last_flip_on_class"]
    given: dict[str, Any] = {"steps": 60, "seed": seed, "record": [0, 1, 7, 60], "observables": names}
    one, two = (gr.run("nearly_orthogonal", params, engine=engine, **given) for engine in ("reduced", "weights"))
    for name in names:
        np.testing.assert_array_equal(one[name].values, two[name].values, err_msg=name)
        assert one[name].dims == two[name].dims
    assert int(one["flips"][-1]) > 0 or params["sigma_0"] == 0


@pytest.mark.slow
def test_weight_space_counts_shared_filters_and_flipped_labels_too() -> None:
    """Two patches, one of them with the clean label; class heads."""
    from tests.simulate.train.test_flips import kou

    signed = kou(observables=(Flips(name="flipped", latex="f", heads="off_class", last="end"),))
    classes = replace(declared(False, 0, False), observables=(Flips(name="flipped", latex="f", last="end"),))
    rng = np.random.default_rng(3)
    y = np.array([0.0, 1.0, 2.0, 2.0])
    mu, xi = rng.normal(size=(3, 6)), rng.normal(size=(4, 6))
    initial = {"W": rng.normal(size=(3, 4, 6)) / 5, "mu": mu, "xi": xi, "y": y}
    classes = replace(classes, parameters=kou().parameters)
    for model, params, start in ((signed, {"p": 0.4, "eta": 2.0}, None), (classes, {"eta": 3.0}, initial)):
        runs = [gr.run(model, params, steps=40, seed=2, initial=start, engine=engine, observables=["flipped", "end"])
                for engine in ("reduced", "weights")]
        assert int(runs[0]["flipped"][-1]) > 0
        for name in ("flipped", "end"):
            np.testing.assert_array_equal(runs[0][name].values, runs[1][name].values)


def test_a_flip_that_only_weight_space_has_is_seen() -> None:
    """The count comes from W: a W that jumps over the kink at one step has flips there, whatever a kernel says."""
    from simulate.train import weights
    from simulate.train.flips import Watch

    model = declared(True, 0, False)
    task = weights.problem(model, np.eye(3), np.array([1.0, -1.0]), {})
    ones = np.ones((2, 2, 3))
    path = [ones, ones, -ones, -ones]
    watch = Watch([Flips(name="flips", latex="f")], [0, 2, 3])
    for t, w in enumerate(path):
        watch(task, t, task.vectors.new_tensor(w))
    (found,) = watch.counts
    assert found.at == {0: 0, 2: 16, 3: 16} and found.last == 2  # 2 heads, 2 filters, 2 examples, 2 patches
