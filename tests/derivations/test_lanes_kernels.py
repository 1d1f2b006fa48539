"""Kernels on lanes: the bits of plain Python, of every run alone, and of the loops as far as rounding goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.calculus.recursion import of_model
from derivations.declare import (
    Activation,
    Coefficient,
    Directions,
    FixedLaw,
    GradientDescent,
    Model,
    Objective,
    Parameter,
    Patch,
)
from derivations.kernel.lanes import blocks
from derivations.kernel.lanes.fits import fits_lanes, marks
from derivations.kernel.lanes.marked import WORD
from derivations.kernel.lanes.uncrossed import uncrossed
from derivations.kernel.schedule import schedule
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from dynamics.arrays import Array
from dynamics.fresh.lanelaw import Parts, by_name, judged, packed, parts_of, together
from dynamics.fresh.normals import Normals
from dynamics.fresh.roots import CLOSE, led, lower_root
from dynamics.fresh.testlaw import Fresh, statistics
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import _execute
from dynamics.kernel.variants import LANES_UPTO, MARKED_UPTO
from dynamics.lanes import plain
from simulate.ask.chosen import choose
from simulate.run.kernels import kernel_for
from simulate.run.problem import problem_of
from simulate.testing import plain_kernel

VALUES: dict[str, Any] = {
    "lam": 0.05, "eta": 0.1, "lam_until": 7, "neurons": "mean", "penalty_half": True, "slope": 0.3,
}
PEGR = [pegr(name, q) for name in ("none", "pegr", "fgr") for q in (2, 3)]
LONG = pytest.mark.slow  # for what compiles a kernel that no other test needs
EVERY = [
    pytest.param(each, marks=LONG if each.network.activation.power == 3 else ())
    for each in (*PEGR, nearly_orthogonal())
]


def state(model: Model, n: int, m: int, seed: int, orthogonal: bool = False) -> tuple[Array, Array, Array]:
    """z (2, m, B), gram (B, B) and y (n,), of order one; an example's own directions orthogonal where asked for."""
    rng = np.random.default_rng(seed)
    offsets = model.offsets(n)
    vectors = rng.normal(size=(offsets[""], n + 9)) / np.sqrt(n + 9)
    if orthogonal:
        vectors[0, 1:], vectors[1:, 0] = 0.0, 0.0
    return rng.normal(size=(2, m, n + 9)) @ vectors.T, vectors @ vectors.T, rng.choice([-1.0, 1.0], size=n)


def runs(kernel: Kernel, model: Model, n: int, orthogonal: bool, steps: int = 12) -> Any:
    z, gram, y = state(model, n, 3, n, orthogonal)
    return kernel.bind(y).run(z, 0 * z, gram, y, VALUES, steps, np.arange(steps + 1))


@pytest.mark.parametrize("n", [49, 57])
def test_compiled_equals_plain_where_rows_are_of_two_parts_and_marks_of_two_words(n: int) -> None:
    model = pegr("none")
    for orthogonal in (False, True):
        one, two = (runs(each, model, n, orthogonal, 3) for each in (kernel_for(model), plain_kernel(model)))
        assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and one.b[-1].any()


@pytest.mark.parametrize("n", [1, 3, 8, 13])
@pytest.mark.parametrize("model", EVERY, ids=lambda each: f"{each.name} {each.objective.penalty}")
def test_compiled_equals_plain_bit_for_bit(model: Model, n: int) -> None:
    compiled, plain = kernel_for(model), plain_kernel(model)
    for orthogonal in (False, True):
        one, two = (runs(replace(each, lanes_from=0), model, n, orthogonal) for each in (compiled, plain))
        assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and one.b[-1].any()


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize("model", EVERY, ids=lambda each: f"{each.name} {each.objective.penalty}")
def test_lanes_are_the_loops_but_for_the_order_of_sums(model: Model, orthogonal: bool) -> None:
    """One step: a gradient's entry sums at most 2 S + n terms and a coupled one B, each off by that many eps."""
    kernel, n = kernel_for(model), 40
    z, gram, y = state(model, n, 4, 1, orthogonal)
    found = [each.run(z, 0 * z, gram, y, VALUES, 1, np.array([1])) for each in (
        kernel.looped(kernel.loops), replace(kernel, lanes_from=0))]
    eps = np.finfo(float).eps
    sums = 4 * (2 * 4 + n + len(gram)) * eps
    if model.objective.penalty != "none":  # what it adds is a product of three such sums, and may cancel the rest
        sums *= 50
    of_b = sums * np.abs(found[0].b[0]).max()
    assert np.all(np.abs(found[0].b[0] - found[1].b[0]) <= of_b) and found[0].b.any()
    bound = of_b * np.abs(gram).sum(axis=0).max() + 4 * eps * np.abs(z)
    assert np.all(np.abs(found[0].z[0] - found[1].z[0]) <= bound)


@pytest.mark.parametrize("n", [1, 4, 5, 12, 13, 16, 20, 21, 27, 28, 32, 33, 41, 48, 49, 56, 57, 64, 65, 131])
@pytest.mark.parametrize("apart", [0, 1, 3])
def test_what_is_orthogonal_to_all_others_is_left_out_of_the_coupling_to_the_same_bits(n: int, apart: int) -> None:
    """The last directions alone, the others by rows over what moves: as one product over all of them, in order.

    Most of c is 0, some of it -0, and what stands past a row's end is no number.
    """
    module: Any = plain_kernel(pegr("none")).lanes_plain
    rng, rows, directions = np.random.default_rng(n), 10, n + apart
    width = -(-directions // blocks.LANES) * blocks.LANES
    gram = np.zeros((directions, width))
    gram[:n, :n] = rng.normal(size=(n, n))
    gram[range(n, directions), range(n, directions)] = rng.uniform(1.0, 2.0, size=apart)
    z, c = (np.pad(rng.normal(size=(rows, directions)), ((0, 0), (0, width - directions))) for _ in range(2))
    c *= rng.choice([1.0, 0.0, -0.0], p=[0.3, 0.4, 0.3], size=c.shape)
    c[:, directions:] = np.nan
    joint = module.entangled(gram.reshape(-1), width, directions)
    assert joint == n if n > 1 else joint == 0  # a direction that is the only one meets none but itself
    found, whole = z.copy(), z.copy()
    marks, b = np.zeros(rows * -(-width // WORD), dtype=np.int64), z.copy()
    module.follow_and_mark(b.reshape(-1), c.reshape(-1), rows, width, joint, marks)
    assert np.array_equal(b[:, :directions], (z + c)[:, :directions])
    module.couple(found.reshape(-1), c.reshape(-1), gram.reshape(-1), marks, rows, width, joint, directions)
    for q in range(directions):
        whole = plain.fused(np.repeat(c[:, q : q + 1], width, axis=1), np.tile(gram[q], (rows, 1)), whole)
    assert np.array_equal(found, whole)


def test_a_direction_is_apart_only_where_no_product_with_it_is_left() -> None:
    """In its row or in its column, of whatever other direction; and one that is no number is not 0."""
    module: Any = plain_kernel(pegr("none")).lanes_plain
    gram = np.eye(6, 8)
    assert module.entangled(gram.reshape(-1), 8, 6) == 0
    for row, column in ((4, 1), (1, 4), (0, 5), (5, 4), (2, 1)):
        for value in (1e-300, np.nan):
            one = gram.copy()
            one[row, column] = value
            assert module.entangled(one.reshape(-1), 8, 6) == max(row, column) + 1


def test_a_run_among_others_has_the_bits_that_it_has_alone() -> None:
    """Whatever runs stand beside it, and in whatever order; each with its own numbers."""
    model, n, m = pegr("pegr"), 19, 4
    kernel = kernel_for(model)
    starts = [state(model, n, m, seed, orthogonal=seed % 2 == 0) for seed in range(5)]
    values = [{**VALUES, "lam": 0.01 * seed, "eta": 0.1 + 0.02 * seed, "lam_until": seed} for seed in range(5)]
    alone = [
        kernel.run(z, 0 * z, gram, y, each, 9, np.array([4, 9]))
        for (z, gram, y), each in zip(starts, values, strict=True)
    ]
    for order in ([0, 1, 2, 3, 4], [4, 2, 0], [3]):
        z, gram, y = (np.stack([starts[at][part] for at in order]) for part in range(3))
        numbers = np.array([kernel.numbers(values[at], m) for at in order])
        limits = np.array([kernel.limit(values[at]) for at in order])
        found = kernel.run_all(z, gram, y, y, numbers, limits, 9, np.array([4, 9]))
        for place, at in enumerate(order):
            assert np.array_equal(found[0][place], alone[at].z) and np.array_equal(found[1][place], alone[at].b)
            assert found[2][place] == -1


def test_where_runs_diverge_is_what_each_says_alone() -> None:
    model, n, m = pegr("none"), 17, 3
    kernel = kernel_for(model)
    z, gram, y = state(model, n, m, 0)
    values = [{**VALUES, "eta": eta} for eta in (0.1, 1e200, 1e160)]
    alone = [kernel.run(z, 0 * z, gram, y, each, 9, np.array([9])).diverged for each in values]
    numbers = np.array([kernel.numbers(each, m) for each in values])
    states, grams, labels = (np.stack([each] * 3) for each in (z, gram, y))
    found = kernel.run_all(states, grams, labels, labels, numbers, np.full(3, -1), 9, np.array([9]))
    assert found[2].tolist() == alone and alone[0] == -1 < min(alone[1:])


OPTIONS = {
    "momentum": {"momentum": "momentum"}, "decay": {"weight_decay": "weight_decay"}, "sam": {"radius": "radius"},
    "clip": {"clip": "cut"}, "normalised": {"normalised": "cut"},
    "all": {"momentum": "momentum", "weight_decay": "weight_decay", "radius": "radius", "clip": "cut"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options_run_on_lanes_as_by_loops(options: dict[str, str]) -> None:
    model = replace(pegr("none"), algorithm=GradientDescent.by_option(options), parameters=())
    kernel, values = plain_kernel(model), {**VALUES, "momentum": 0.9, "weight_decay": 0.1, "radius": 0.05,
                                             "cut": 0.02}
    z, gram, y = state(model, 5, 2, 3)
    found = [each.run(z, 0 * z, gram, y, values, 6, np.arange(7)) for each in (
        kernel.looped(kernel.loops), replace(kernel, lanes_from=0))]
    np.testing.assert_allclose(found[1].z, found[0].z, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found[1].b, found[0].b, rtol=1e-12, atol=1e-13)
    assert found[0].b[-1].any()


@pytest.mark.parametrize("model", PEGR, ids=lambda each: f"{each.objective.penalty} {each.network.activation.power}")
def test_what_is_left_out_where_directions_are_orthogonal_is_zero(model: Model) -> None:
    stages = schedule(of_model(model), of_model(model).gradient)
    short = uncrossed(stages)
    count = [sum(len(stage.definitions) for stage in each) for each in (stages, short)]
    assert count[1] < count[0] if model.objective.penalty == "per_example" else count[1] == count[0]


@pytest.mark.parametrize("m", [2, 3])
def test_a_fresh_vector_alone_is_judged_with_the_bits_that_it_has_beside_another_part(m: int) -> None:
    rng = np.random.default_rng(m)
    kernel = kernel_for(pegr("none"))
    factor = rng.normal(size=(2, 1, 2 * m, 4 * m))
    covariance = factor @ np.swapaxes(factor, -1, -2)
    normals = packed(Normals(rng.normal(size=(64, 1, 2 * m)), rng.normal(size=(64, 8, 1, 2))), 2)
    fixed = np.stack([np.zeros((2, 2 * m)), rng.normal(size=(2, 2 * m))], axis=1)
    base, numbers = rng.normal(size=(2, 2)), np.tile(kernel.arguments(VALUES, m), (2, 1))
    of, mix = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0], [0.5]])
    alone, beside = (
        judged(kernel.lanes, Parts(base, of[:, :count].copy(), fixed[:, :count].copy(), mix[:count]),
               np.array([1.0, -1.0]), None, covariance, normals, np.zeros(2, dtype=np.int64), numbers)
        for count in (1, 2)
    )
    assert np.array_equal(alone, beside) and (alone[:, :, 0] > 0.0).all()


def test_the_parts_of_a_label_are_summed_in_one_order_whatever_labels_have_in_common() -> None:
    """The second patch's noise is both labels' at every state, the first's only where nothing stands beside it."""
    fixed = np.zeros((2, 2, 2, 2, 3))
    fixed[1, 1, 0] = 1.0
    mix = np.broadcast_to(np.array([[1.0], [0.5]]), (2, 2, 1))
    for states, count in ((slice(1), 2), (slice(2), 3)):
        fresh = Fresh(fixed[states], mix, np.ones((len(fixed[states]), 1, 6, 6)), np.array([1.0, -1.0]))
        parts = parts_of(fresh, lambda a: a.sum(axis=(1, 2, 3)))
        assert len(parts.mix) == count
        assert [parts.mix[own > 0.0, 0].tolist() for own in parts.of] == [[1.0, 0.5], [1.0, 0.5]]


@pytest.mark.parametrize(("neurons", "rank"), [(20, 60), (16, 60), (6, 14), (2, 5), (20, 12)])
def test_covariances_are_read_on_lanes_as_elsewhere(neurons: int, rank: int) -> None:
    assert blocks.CLOSE == CLOSE  # the generator writes its own, as it may not import the other
    lanes, width = plain_kernel(pegr("none")).lanes, -(-neurons // 8) * 8
    assert lanes is not None
    factor = np.random.default_rng(neurons).normal(size=(neurons, rank))
    covariance, leads, roots = factor @ factor.T, np.zeros((2, 2, width)), np.zeros((2, neurons, width))
    found, size = led(covariance[None], 2), np.sqrt(np.trace(covariance))
    for heads in (2, 0):
        settled = lanes.led(covariance, heads, width, 1, np.zeros(2 * width), leads.reshape(-1), roots.reshape(-1))
        assert settled == (rank > neurons) and not leads[0].any() and not roots[0].any()
        expected = found.root[0] if heads else lower_root(covariance)[0]
        if settled:
            assert np.abs(leads[1, :, :neurons].T - found.lead[0]).max() < 1e-13 * size
            assert np.abs(roots[1, :, :neurons] - expected).max() < 1e-13 * size and not roots[1, :, neurons:].any()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("at", [(0, 0), (1, 0), (3, 3)])
def test_a_covariance_that_is_not_finite_has_no_root(wrong: float, at: tuple[int, int]) -> None:
    lanes = plain_kernel(pegr("none")).lanes
    assert lanes is not None
    covariance = np.eye(4)
    covariance[at] = covariance[at[::-1]] = wrong
    with np.errstate(invalid="ignore"):
        for heads in (2, 0):
            assert not lanes.led(covariance, heads, 8, 0, np.zeros(16), np.zeros(16), np.zeros(32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_stands_past_the_last_example_is_no_output(value: float) -> None:
    lanes = plain_kernel(pegr("none")).lanes
    assert lanes is not None
    present, f = np.zeros(16), np.ones(16)
    present[:11] = 1.0
    f[11:] = value
    assert lanes.finite(f, present)
    f[10] = value
    assert not lanes.finite(f, present)


def test_arrays_of_lanes_lie_on_lines_of_the_cache() -> None:
    lanes = plain_kernel(pegr("none")).lanes
    assert lanes is not None
    for size in (8, 24, 1000):
        made = lanes.aligned(size)
        assert made.shape == (size,) and not made.any() and made.ctypes.data % 64 == 0
    rows = list(np.random.default_rng(0).normal(size=(3, 64, 1, 5)))
    given = together([packed(Normals(row), 2) for row in rows])
    assert given.rest.shape == (3, 64 * 5) and given.rest.ctypes.data % 64 == given.lead.ctypes.data % 64 == 0
    assert np.array_equal(given.rest[1].reshape(2, 5, 32)[1, 3], rows[1][32:, 0, 3])


def test_shapes_run_on_lanes_until_blas_is_faster() -> None:
    """Later where a step leaves out what does not move: of leaky ReLU and with momentum all of it moves."""
    descent = GradientDescent(step="eta", momentum="lam")
    moving = (nearly_orthogonal(), replace(pegr("none"), algorithm=descent))
    assert marks(pegr("none")) and not any(marks(each) for each in moving)
    for model, first in ((pegr("none"), MARKED_UPTO), (nearly_orthogonal(), LANES_UPTO)):
        kernel = kernel_for(model)
        for m in (1, 10**6):  # whatever their filters
            assert kernel.stepping(2, m) is kernel.stepping(first - 1, m) is kernel.lanes is not kernel.loops
            assert kernel.stepping(first, m) is kernel.module(first) is not kernel.loops
            assert kernel.stepping(5000, m) is kernel.module(5000) is not kernel.loops


FORMULAS = {
    "tanh": "logistic", "gelu": "log(1 + exp(-z))", "cubic": "exp(-z)", "sqrt(1 + z*z)": "logistic",
    "where(z > 0, z*z*sigmoid(z), 0.1*z)": "where(z >= 1, 0, (1 - z)**2)", "where(z > 0, z**1.5, 0)": "logistic",
    "softplus(z) - softplus(-z) + erf(z)": "1/(1 + exp(z))",
}


def formula_model(activation: str, loss: str) -> Model:
    model = pegr("none")
    return replace(model, name="formula", network=replace(model.network, activation=Activation(name=activation)),
                   objective=Objective(loss=loss), observables=(), events=())


@pytest.mark.parametrize(("activation", "loss"), FORMULAS.items(), ids=FORMULAS)
def test_formulas_run_on_lanes_as_by_loops(activation: str, loss: str) -> None:
    """Their functions are within a few units in the last place of the C library's, and so is what few steps make."""
    model = formula_model(activation, loss)
    kernel = plain_kernel(model)
    assert kernel.lanes is not None
    z, gram, y = state(model, 9, 2, 5)
    found = [each.run(z, 0 * z, gram, y, VALUES, 5, np.arange(6)) for each in (
        kernel.looped(kernel.loops), replace(kernel, lanes_from=0))]
    np.testing.assert_allclose(found[1].z, found[0].z, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found[1].b, found[0].b, rtol=1e-12, atol=1e-13)
    assert found[0].b[-1].any()


@LONG
@pytest.mark.parametrize(("activation", "loss"), FORMULAS.items(), ids=FORMULAS)
def test_formulas_on_lanes_have_the_bits_of_plain_python(activation: str, loss: str) -> None:
    model = formula_model(activation, loss)
    one, two = (runs(replace(kernel, lanes_from=0), model, 13, False) for kernel in (
        kernel_for(model), plain_kernel(model)))
    assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and one.b[-1].any()


def test_two_loops_have_no_lanes_of_one() -> None:
    assert fits_lanes(heterogeneous(3)) and not fits_lanes(fomaml()) and fits_lanes(nearly_orthogonal())


CLASSES = [pytest.param(3), pytest.param(2, marks=LONG), pytest.param(5, marks=LONG)]


@pytest.mark.parametrize("K", CLASSES)
@pytest.mark.parametrize("n", [1, 8, 13])
def test_class_heads_have_the_bits_of_plain_python_and_those_of_the_loops_but_for_the_order_of_sums(
    K: int, n: int
) -> None:
    """Eight steps, each of which sums at most m + n terms an entry and couples B: each off by that many eps."""
    model, m, steps = heterogeneous(K), 3, 8
    compiled, plain = kernel_for(model), plain_kernel(model)
    rng = np.random.default_rng([n, K])
    vectors = rng.normal(size=(n + K, n + K + 9)) / np.sqrt(n + K)
    z, gram = rng.normal(size=(K, m, n + K + 9)) @ vectors.T, vectors @ vectors.T
    y = rng.integers(0, K, n).astype(float)
    one, two, loops = (
        each.run(z, 0 * z, gram, y, {"eta": 0.3, "neurons": "sum"}, steps, np.arange(steps + 1))
        for each in (compiled, plain, compiled.looped(compiled.loops))
    )
    assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and one.b[-1].any()
    eps, size = np.finfo(float).eps, np.abs(gram).sum(axis=0).max()
    assert np.abs(one.b - loops.b).max() <= 4 * steps * (m + n + K) * eps * (1 + size)
    assert np.abs(one.z - loops.z).max() <= 8 * steps * (m + n + K) * eps * (1 + size) * np.abs(z).max()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options_of_class_heads_run_on_lanes_as_by_loops(options: dict[str, str]) -> None:
    """A class without an example among them, a vector that all examples have, and a formula for the activation."""
    model = heterogeneous(3)
    shared = Directions(name="mu", over="one", latex=r"\mu", law=FixedLaw(norm="u_norm"),
                        coefficient=Coefficient(name="delta_mu", latex=r"\delta"))
    told = [Parameter(name=name, latex="", meaning=name, kind="real", default=1.0, low=0) for name in options.values()]
    model = replace(
        model, observables=(), algorithm=GradientDescent.by_option(options), parameters=(*model.parameters, *told),
        directions=(model.directions[0], shared, model.directions[1]), patches=(*model.patches, Patch(direction="mu")),
        network=replace(model.network, activation=Activation(name="tanh" if "clip" in options else "relu", at_kink=0)),
    )
    kernel, values = plain_kernel(model), {**VALUES, "momentum": 0.9, "weight_decay": 0.1, "radius": 0.05, "cut": 0.02}
    rng, n = np.random.default_rng(2), 9
    vectors = rng.normal(size=(n + 4, n + 13)) / np.sqrt(n + 13)
    z, gram = rng.normal(size=(3, 2, n + 13)) @ vectors.T, vectors @ vectors.T
    y = rng.integers(0, 2, n).astype(float)
    found = [each.run(z, 0 * z, gram, y, values, 6, np.arange(7)) for each in (
        kernel.looped(kernel.loops), replace(kernel, lanes_from=0))]
    np.testing.assert_allclose(found[1].z, found[0].z, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found[1].b, found[0].b, rtol=1e-12, atol=1e-13)
    assert found[0].b[-1].any() and kernel.lanes is not None


@pytest.mark.parametrize("drawn", [{"label_noise": "flipped"}, {"batch": "size", "label_noise": "flipped"}])
def test_steps_of_class_heads_that_draw_run_on_lanes_as_by_loops(drawn: dict[str, str]) -> None:
    model = heterogeneous(3)
    told = [Parameter(name=name, latex="", meaning=name, kind="count" if name == "size" else "real", default=1, low=0)
            for name in drawn.values()]
    model = replace(model, observables=(), algorithm=GradientDescent.by_option(drawn),
                    parameters=(*model.parameters, *told))
    values = {"n": 9, "m": 2, "d": 40, "eta": 0.5, "init": "gaussian", "flipped": 0.3}
    problem = problem_of(choose(model, {**values, **({"size": 4} if "batch" in drawn else {})}))
    start, kernel = problem.start(1, "gram"), plain_kernel(model)
    z, gram, y, steps = start.draw.z, start.draw.gram, start.draw.y, np.arange(7)
    found = [each.run(z, 0 * z, gram, y, start.values, 6, steps, draws=start.draws) for each in (
        kernel.looped(kernel.loops), replace(kernel, lanes_from=0))]
    np.testing.assert_allclose(found[1].z, found[0].z, rtol=1e-12, atol=1e-13)
    assert found[0].b[-1].any() and kernel.lanes is not None


@pytest.mark.parametrize("K", [3, 18])
def test_class_heads_judge_as_the_law_of_fresh_examples_says(K: int) -> None:
    """Errors and losses by another sum of the same draws: ties shared, spikes and strata in their places."""
    model, m, steps = heterogeneous(K), 15 // K + 1, 2
    plain = plain_kernel(model)
    kernel, rng = kernel_for(model) if K == 3 else plain, np.random.default_rng(K)
    neurons, spikes, (groups, strata) = K * m, 2, (64, 8) if K == 3 else (32, 2)
    factor = rng.normal(size=(steps, 1, neurons, 2 * neurons))
    covariance = factor @ np.swapaxes(factor, -1, -2)
    fixed = np.zeros((steps, K, 2, K, m))
    fixed[:, :, 0] = rng.normal(size=(steps, K, K, m))
    fixed[:, 0, 0, 1] = fixed[:, 0, 0, 0]  # two heads alike in what stays
    normals = Normals(rng.normal(size=(groups, 1, neurons)), rng.normal(size=(groups, strata, 1, K)),
                      rng.normal(size=(groups * strata, spikes)))
    lines, tilt = rng.normal(size=(steps, spikes, neurons)), rng.normal(size=(steps, K, spikes))
    own = np.zeros((K, 2, K))
    own[np.arange(K), 1, np.arange(K)] = 1.0

    def outputs(a: Array) -> Array:
        return kernel.outputs(a, VALUES)

    def further(t: int) -> Any:
        shared = normals.draws(0, covariance[t, 0])
        assert normals.spikes is not None
        along = normals.spikes
        return lambda rows: [shared(rows) + (along[rows] * tilt[t, k]) @ lines[t] for k in range(K)]

    apart = Fresh(fixed, own, np.empty((steps, 0, neurons, neurons)), np.arange(float(K)), further)
    expected = statistics(outputs, apart, "cross_entropy", normals)
    mix = np.zeros((K, 2, 1))
    mix[:, 1] = 1.0
    spiked = np.zeros((steps, K, 2, spikes))
    spiked[:, :, 1] = tilt
    told = Fresh(fixed, mix, covariance, np.arange(float(K)), tilt=spiked, lines=lines)
    for lanes in {id(each): each.lanes for each in (kernel, plain)}.values():
        found = by_name(judged(
            lanes, parts_of(told, outputs), told.labels, None, covariance, packed(normals, K),
            np.zeros(steps, dtype=np.int64), np.tile(kernel.arguments(VALUES, m), (steps, 1))), len(normals.rest))
        assert found.keys() == expected.keys()
        for name, each in expected.items():
            np.testing.assert_allclose(found[name], each, rtol=1e-12, atol=1e-15, err_msg=name)
    assert 0.1 < expected["test_error"].min() < expected["test_error"].max() < 0.99


@LONG
@pytest.mark.parametrize("model", [pegr(), nearly_orthogonal(), heterogeneous(3)], ids=lambda each: each.name)
def test_what_a_step_calls_counts_no_references(model: Model) -> None:
    """Numba counts, by a locked instruction, the arguments that a function hands on: a look at events took as long."""
    import numba

    path = kernel_for(model).lanes_path
    assert path is not None
    run: Any = vars(_execute(path, cached=False))["run"]  # the loaded one may be compiled already
    options = {name: value for name, value in run.options.items() if name != "cache"}
    made = numba.njit(*run.signature, **options)(run.function)
    counted: dict[str, int] = {}
    within = ""
    for line in made.inspect_asm(made.signatures[0]).splitlines():
        if line and not line[0].isspace() and line.endswith(":") and not line.startswith(".L"):
            within = line
        counted[within] = counted.get(within, 0) + ("$NRT_incref" in line)
    steps = {name: count for name, count in counted.items() if path.stem in name and "3run" not in name}
    assert len(steps) > 2 and not any(steps.values()), steps
