"""Penalties of class heads on lanes: the loops' numbers, plain Python's bits, each run's own ones, and training's."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.calculus.idealised import Dropped, idealised
from derivations.calculus.recursion import of_model
from derivations.declare import Activation, FreshLaw, GaussianLaw, GradientDescent, Model, Objective, Parameter
from derivations.derive import derive
from derivations.kernel.emit import module, on_lanes
from derivations.papers.heterogeneous.model import model as heterogeneous
from dynamics.arrays import Array
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from simulate.ask.chosen import choose
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import problem_of
from simulate.start.draw import draw
from simulate.testing import Instance, plain_kernel, residual
from simulate.validate.compare import compare
from tests.helpers.slowly import one_in

VALUES: dict[str, Any] = {"lam": 0.2, "eta": 0.3, "lam_until": 9, "neurons": "mean", "penalty_half": True}
ACTIVATIONS = {
    "relu": Activation(name="relu", at_kink=0), "power": Activation(name="relu_power", power=2),
    "tanh": Activation(name="tanh"),
}
KINDS = ("per_example", "full")


def penalised(kind: Any, activation: str, K: int = 3) -> Model:
    """Heterogeneous noise, with a penalty and with noise that is not orthogonal to the features."""
    model = heterogeneous(K)
    lam = Parameter(name="lam", latex="", meaning="the penalty's weight", kind="real", default=0.1, low=0)
    noise = replace(model.directions[1], law=GaussianLaw(std="sigma_p"))
    return replace(
        model, name="penalised", objective=Objective(loss="cross_entropy", penalty=kind), observables=(), events=(),
        parameters=(*model.parameters, lam), directions=(model.directions[0], noise),
        network=replace(model.network, activation=ACTIVATIONS[activation]),
    )


def state(K: int, n: int, m: int, seed: int, orthogonal: bool = False) -> tuple[Array, Array, Array]:
    """z (K, m, K + n), gram and y (n,), of order one; noise orthogonal to the features where asked for."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n + K, n + K + 9)) / np.sqrt(n + K)
    if orthogonal:
        vectors[:K, K:], vectors[K:, :K] = 0.0, 0.0
    y = rng.integers(0, K, n).astype(float)
    return rng.normal(size=(K, m, n + K + 9)) @ vectors.T, vectors @ vectors.T, y


def along(kernel: Kernel, of: tuple[Array, Array, Array], steps: int, **values: Any) -> Any:
    z, gram, y = of
    return kernel.run(z, 0 * z, gram, y, {**VALUES, **values}, steps, np.arange(steps + 1))


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize(("kind", "activation", "K"), [
    *[(*each, 3) for each in itertools.product(KINDS, ACTIVATIONS)], ("per_example", "power", 2),
    ("full", "tanh", 20),
])
def test_a_step_is_that_of_the_loops_but_for_the_order_of_sums(
    kind: str, activation: str, K: int, orthogonal: bool
) -> None:
    """An entry sums at most m + n terms and a coupled one B; the penalty's is a product of three such sums of K heads.

    Each is off by so many eps of what it sums, which is taken for fifty times the sum where terms cancel.
    """
    kernel, n, m = plain_kernel(penalised(kind, activation, K)), 11, 3
    assert kernel.lanes is not None
    of = state(K, n, m, 4, orthogonal)
    loops, lanes = (along(each, of, 1) for each in (kernel.looped(kernel.loops), replace(kernel, lanes_from=0)))
    of_b = 50 * 4 * (3 * m + n + K + len(of[1])) * np.finfo(float).eps * np.abs(loops.b[1]).max()
    assert np.abs(loops.b - lanes.b).max() <= of_b and loops.b[1].any()
    bound = of_b * np.abs(of[1]).sum(axis=0).max() + 4 * np.finfo(float).eps * np.abs(of[0])
    assert (np.abs(loops.z - lanes.z) <= bound).all()
    without = along(kernel, of, 1, lam=0.0)
    assert np.abs(without.b[1] - lanes.b[1]).max() > 1e-3 * np.abs(lanes.b[1]).max()


COMPILED = [
    pytest.param(kind, activation, marks=() if (kind, activation) == ("per_example", "power") else pytest.mark.slow)
    for kind, activation in itertools.product(KINDS, ACTIVATIONS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "activation"), COMPILED)
def test_compiled_kernels_have_the_bits_of_plain_python(kind: str, activation: str) -> None:
    """Whatever stands past the last example, with and without what an example's own directions have in common."""
    model = penalised(kind, activation)
    compiled, plain = (replace(each, lanes_from=0) for each in (kernel_for(model), plain_kernel(model)))
    for n, orthogonal in itertools.product((1, 8, 13), (False, True)):
        one, two = (along(each, state(3, n, 3, n, orthogonal), 8, lam_until=5) for each in (compiled, plain))
        assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and one.b[-1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_runs_together_have_the_bits_that_each_has_alone(kind: str) -> None:
    kernel, n, m = replace(plain_kernel(penalised(kind, "tanh")), lanes_from=0), 9, 2
    assert kernel.runs_together(n + 3, m)
    starts = [state(3, n, m, seed, orthogonal=seed == 1) for seed in range(3)]
    values = [{**VALUES, "lam": 0.1 * seed, "eta": 0.2 + 0.1 * seed, "lam_until": 2 + seed} for seed in range(3)]
    z, gram, y = (np.stack(each) for each in zip(*starts, strict=True))
    numbers = np.array([kernel.numbers(each, m) for each in values])
    limits = np.array([kernel.limit(each) for each in values])
    made = kernel.run_all(z, gram, y, y, numbers, limits, 6, np.array([3, 6]))
    for at, (of, given) in enumerate(zip(starts, values, strict=True)):
        alone = along(kernel, of, 6, **given)
        assert np.array_equal(made[0][at], alone.z[[3, 6]]) and np.array_equal(made[1][at], alone.b[[3, 6]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_grid_goes_together(kind: str) -> None:
    """Of drawn examples; each cell has the losses and coefficients that its run alone has."""
    model = penalised(kind, "tanh")
    kernel, given = plain_kernel(model), {"n": 7, "m": 2, "d": 30, "eta": 0.2, "init": "gaussian", "sigma_p": 0.3}
    cells = [replace(problem_of(choose(model, {**given, "lam": lam, "u_norm": length})), loaded=kernel)
             for lam, length in ((0.0, 1.0), (0.3, 1.0), (0.3, 2.0))]
    names = ("loss", "rho")
    made = batch.together(cells, [0, 1], 5, names)
    assert made.done.all() and made.found is not None
    for cell, row in zip(cells, made.found, strict=True):
        for seed, found in enumerate(row):
            asked = Asked(5, np.array([5]), names, {}, named=True)
            alone = reduced.run(cell.start(seed, "gram"), asked).variables
            assert found is not None
            assert all(np.array_equal(found.variables[name].values, alone[name].values) for name in names)


OPTIONS: list[dict[str, str]] = [
    {"batch": "size"}, {"label_noise": "flipped"}, {"momentum": "beta_1", "weight_decay": "decay"},
    {"radius": "radius"}, {"clip": "cut"},
]


@pytest.mark.parametrize(("kind", "options"), [
    *[("per_example", each) for each in OPTIONS], ("full", OPTIONS[0]), ("full", OPTIONS[3])], ids=str)
def test_a_step_with_options_is_training(kind: str, options: dict[str, str]) -> None:
    """Against the weights, which never see the formulas."""
    model = replace(penalised(kind, "tanh"), algorithm=GradientDescent.by_option(options), parameters=())
    rng = np.random.default_rng(7)
    values = {**VALUES, "n": 7, "m": 2, "d": 9, "size": 3, "flipped": 0.4, "beta_1": 0.8, "decay": 0.05,
              "radius": 0.05, "cut": 0.1}
    of = Instance(model, values, rng.normal(size=(10, 9)) / 3, rng.normal(size=(3, 2, 9)),
                  rng.integers(0, 2, 7).astype(np.float64), seed=2)
    kernel = plain_kernel(model)
    assert kernel.lanes is not None and residual(of, replace(kernel, lanes_from=0)) <= 1e-12


MUTANTS = [
    ("per_example", "G_u_xi[i] = entry(gram, (at_u + y[i]) * width", "G_u_xi[i] = entry(gram, (at_u) * width"),
    ("per_example", "where(load(y, i) == float(q), entry(z, at + at_u + q), z_u_own)", "z_u_own"),
    ("per_example", "ws0_i = ws0_i + (", "ws0_i = ("),
    ("per_example", "store(p, h * length + i, share)", "store(p, h * length + i, top)"),
    ("per_example", "load(u_terms, i), 0.0)", "-load(u_terms, i), 0.0)"),
    ("per_example", "(g[at + at_u + q] + along_u)", "(along_u)"),
    ("per_example", "crossed = some(G_u_xi)", "crossed = False"),
    ("full", "entry(u, at + at_u + q)", "entry(u, at + at_u)"),
    ("full", "load(u, at + at_xi + i)", "load(z, at + at_xi + i)"),
    ("full", "ws0_i = ws0_i + (", "ws0_i = ("),
]


def verdict(kind: str, right: str = "", wrong: str = "") -> str:
    """Of `validate`, on a draw whose noise is not orthogonal to its features; of training examples alone."""
    model = replace(penalised(kind, "tanh"), test=FreshLaw())
    problem = problem_of(choose(model, {"n": 7, "m": 3, "d": 20, "eta": 0.2, "lam": 0.1, "init": "gaussian",
                                        "sigma_p": 0.5, "sigma_0": 0.3}))
    source = derive(model).lanes_source()
    assert source is not None and right in source
    text = source.replace(right, wrong) if right else source
    kernel = replace(plain_kernel(model), lanes_plain=plain_module(text, "mutant"), lanes_from=0)
    return compare(model, kernel, draw(model, problem.values, 1), problem.values, 4).verdict


@pytest.mark.parametrize("kind", KINDS)
def test_validate_passes_what_is_derived(kind: str) -> None:
    assert verdict(kind) == "pass"


@pytest.mark.parametrize(("kind", "right", "wrong"), one_in(4, MUTANTS))
def test_a_wrong_formula_is_seen_by_validate(kind: str, right: str, wrong: str) -> None:
    assert verdict(kind, right, wrong) == "fail"


@pytest.mark.parametrize("kind", [*KINDS, "none"])
def test_a_frozen_softmax_has_a_form_too(kind: str) -> None:
    """As a proof iterates it, p = 1/K throughout: by loops and on lanes."""
    model = penalised(kind, "tanh")
    frozen = idealised(of_model(model), Dropped(frozen=True))
    text = on_lanes(frozen, [])
    assert text is not None
    loops = plain_kernel(model).looped(plain_module(module(frozen, []), "loops"))
    lanes, of = replace(loops, lanes_plain=plain_module(text, "frozen")), state(3, 9, 2, 5)
    found = [along(each, of, 3) for each in (loops, lanes, plain_kernel(model))]
    np.testing.assert_allclose(found[0].b, found[1].b, rtol=1e-12, atol=1e-14)
    assert np.abs(found[0].b - found[2].b).max() > 1e-3
