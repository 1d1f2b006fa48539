"""Tasks side by side on lanes: the loops but for rounding, a task's bits whoever stands beside it, runs as alone."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Activation, Model, Schedule
from derivations.papers.fomaml.model import METHODS
from derivations.papers.fomaml.model import model as fomaml
from dynamics.arrays import Array
from dynamics.fresh import taskdraws, tasklanes, taskscores
from dynamics.kernel import variants
from dynamics.kernel.bilevel import BilevelKernel
from dynamics.kernel.kernel import Kernel
from simulate.ask.columns import columns_of
from simulate.run.kernels import kernel_for
from simulate.testing import plain_kernel
from tests.helpers.slowly import rarely, where
from tests.simulate.run.test_task_events_on_lanes import weighed

EPS = float(np.finfo(np.float64).eps)
VALUES: dict[str, Any] = {"neurons": "mean", "eta": 0.2, "eta_inner": 0.3, "n_train": 2, "h": 0.5}


def of(declared: Model, **given: Any) -> tuple[BilevelKernel, dict[str, Any]]:
    kernel = kernel_for(declared)
    assert isinstance(kernel, BilevelKernel) and kernel.lanes_path is not None
    return kernel, {**VALUES, **given}


def state(declared: Model, tasks: int, n: int, m: int, seed: int) -> tuple[Array, Array, Array]:
    """z (2, m, B), gram (B, B) and y (K n,), of order one."""
    rng = np.random.default_rng([seed, tasks])
    size = declared.offsets(tasks * n, tasks)[""]
    vectors = rng.normal(size=(size, size + 3)) / np.sqrt(size)
    return rng.normal(size=(2, m, size + 3)) @ vectors.T, vectors @ vectors.T, rng.choice([-1.0, 1.0], tasks * n)


def steps_of(kernel: BilevelKernel, start: tuple[Array, Array, Array], values: dict[str, Any], steps: int) -> Any:
    z, gram, y = start
    return kernel.run(z, 0 * z, gram, y, values, steps, np.arange(steps + 1))


def growth(kernel: BilevelKernel, start: tuple[Array, Array, Array], values: dict[str, Any]) -> float:
    """By what an inner step may multiply an error in z: 1 + eta_inner max_q sum_c |G_qc| |d(dL/dz_c)/dz|.

    The loss' slope is at most 1 and bends by at most 1/4, sigma' is at most 1 and bends by at most 1/h, the label's sum
    is over a task's examples: an entry of dL/dz changes by at most (1/h + 2 m / (4 m)) of the largest change in z.
    """
    tasks = int(values["n_tasks"])
    blocks = kernel.blocks(start[1], tasks, len(start[2]) // tasks)
    widest = float(np.abs(blocks).sum(axis=2).max())
    return 1.0 + float(values["eta_inner"]) * widest * (1.0 / float(values["h"]) + 0.5)


@pytest.mark.parametrize(("method", "tasks", "by_blas"), where(
    lambda case: case[:2] == (METHODS[0], 9) or case in ((METHODS[1], 3, False), (METHODS[2], 8, False)),
    itertools.product(METHODS, (1, 3, 8, 9, 17), (False, True))))
def test_tasks_side_by_side_are_the_loops_but_for_rounding(
    method: str, tasks: int, by_blas: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One outer step: a sum of k terms is off by k eps, which every inner step multiplies by at most `growth`."""
    declared, n, m = fomaml(method=method), 5, 3
    kernel, values = of(declared, n_tasks=tasks, J=3)
    if by_blas:
        monkeypatch.setattr(variants, "LANES_UPTO", 1)
    start = state(declared, tasks, n, m, 1)
    ours, loops = (steps_of(each, start, values, 1) for each in (kernel, kernel.looped(kernel.loops)))
    sums = (4 * 2 * m + 4 * n + 2 * len(start[1])) * EPS
    grown = growth(kernel, start, values) ** 3
    adapted = float(np.abs(start[0]).max()) * grown
    of_b = 4 * sums * grown * adapted * values["eta"]
    assert loops.b[1].any() and np.abs(ours.b[1] - loops.b[1]).max() <= of_b
    bound = of_b * float(np.abs(start[1]).sum(axis=0).max()) + 4 * EPS * float(np.abs(start[0]).max())
    assert np.abs(ours.z[1] - loops.z[1]).max() <= bound


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("method", "tasks"), [(METHODS[0], 9), (METHODS[1], 3), (METHODS[2], 8)])
def test_what_is_observed_of_tasks_side_by_side_is_what_loops_observe(method: str, tasks: int, apart: bool) -> None:
    """But for rounding, where tasks weigh apart too; as plain Python, bit for bit; of vectors as of their products."""
    declared = weighed(fomaml(method=method)) if apart else fomaml(method=method)
    kernel = plain_kernel(declared) if apart or tasks == 8 else kernel_for(declared)
    assert isinstance(kernel, BilevelKernel)
    values = {**VALUES, "n_tasks": tasks, "J": 3, "sizes": ",".join(map(str, range(1, tasks + 1)))}
    z, gram, y = state(declared, tasks, 5, 3, 7)
    states = np.stack([z, -2.0 * z])
    ours, loops = (each.observe(states, gram, y, values) for each in (kernel, kernel.looped(kernel.loops)))
    bound = 1e3 * EPS * growth(kernel, (z, gram, y), values) ** 3
    assert ours.keys() == loops.keys() == {"loss", "gradient_norm", "adapted", "margin", "l1"} and bound < 1e-9
    for name, wanted in loops.items():
        assert wanted.any() and np.abs(ours[name] - wanted).max() <= bound * np.abs(wanted).max(), name
    root = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
    through = kernel.through(root).observe(states, gram, y, values)["gradient_norm"]
    assert np.abs(through - loops["gradient_norm"]).max() <= 1e-9 * loops["gradient_norm"].max()
    if not apart and tasks == 3:
        same = plain_kernel(declared).observe(states, gram, y, values)
        assert all(np.array_equal(same[name], each) for name, each in ours.items())


def test_a_kernel_of_many_directions_takes_small_states_the_same_way() -> None:
    """`validate` probes at small states what a large draw runs: tasks on lanes that BLAS couples."""
    kernel, values = of(fomaml(method="train-train"), n_tasks=3, J=2)
    few, many = kernel.throughout(variants.LANES_UPTO - 1, 1), kernel.throughout(variants.LANES_UPTO, 1)
    assert kernel.stepping(variants.LANES_UPTO, 1) is many.stepping(1, 1) is kernel.lanes
    assert few.on_lanes(1, 1) and not many.on_lanes(1, 1) and many.throughout(1, 1).by_blas
    _, gram, _ = state(fomaml(method="train-train"), 3, 4, 2, 5)
    assert kernel.lanes is not None and many._loop(gram, values, 3, 4, 2)[0] is kernel.lanes.run_by_blas


def test_a_task_has_the_bits_that_it_has_beside_any_others() -> None:
    declared, n, m = fomaml(method="train-train"), 4, 3
    kernel, values = of(declared, n_tasks=11, J=4)
    z, gram, y = state(declared, 11, n, m, 2)
    places, blocks = kernel.places(11, n), kernel.blocks(gram, 11, n)
    own = np.moveaxis(z[..., places], 2, 0)
    labels = y.reshape(11, n)
    whole = kernel.adapt(own, blocks, labels, range(n), values)
    assert not np.array_equal(whole, own)
    for order in (np.arange(11)[::-1], np.array([10, 0, 3]), np.array([5])):
        assert np.array_equal(kernel.adapt(own[order], blocks[order], labels[order], range(n), values), whole[order])


@pytest.mark.parametrize("method", METHODS)
def test_runs_in_one_call_have_the_bits_that_each_has_alone(method: str) -> None:
    declared, n, m, tasks = fomaml(method=method), 4, 2, 10
    kernel, _ = of(declared)
    every = [of(declared, n_tasks=tasks, J=2, eta=0.1 + 0.1 * at, eta_inner=0.4 - 0.05 * at)[1] for at in range(4)]
    starts = [state(declared, tasks, n, m, at) for at in range(4)]
    alone = [steps_of(kernel, start, values, 5) for start, values in zip(starts, every, strict=True)]
    for order in ([0, 1, 2, 3], [3, 1], [2]):
        z, gram, y = (np.stack([starts[at][part] for at in order]) for part in range(3))
        found = kernel.run_tasks(z, gram, y, columns_of([every[at] for at in order]), 5, np.arange(6))
        for place, at in enumerate(order):
            assert np.array_equal(found[0][place], alone[at].z) and np.array_equal(found[1][place], alone[at].b)
        assert (found[2] == -1).all()


def test_a_run_that_diverges_says_when_and_leaves_the_others_alone() -> None:
    declared, n, m, tasks = fomaml(method="train-train"), 4, 2, 3
    kernel, values = of(declared, n_tasks=tasks, J=2)
    start = state(declared, tasks, n, m, 0)
    wild = (1e200 * start[0], start[1] * 1e200, start[2])
    z, gram, y = (np.stack([each[part] for each in (start, wild)]) for part in range(3))
    _, _, failed = kernel.run_tasks(z, gram, y, columns_of([values, {**values, "eta": 1e200}]), 4, np.array([4]))
    assert failed[0] == -1 and failed[1] == steps_of(kernel, wild, {**values, "eta": 1e200}, 4).diverged > 0


def test_an_inner_step_that_changes_goes_side_by_side_where_nothing_is_watched() -> None:
    """Its loss is not at hand in a step, and without an event there is nothing else to look at."""
    one = fomaml(method="train-train")
    slower = replace(one.bilevel, schedules=(Schedule(of="eta_inner", formula="eta_inner/(1 + t)"),))
    kernel = plain_kernel(replace(one, name="slower_tasks", events=(), algorithm=slower))
    assert isinstance(kernel, BilevelKernel) and kernel.has_lanes(1) and not kernel.watched
    start, values = state(one, 3, 4, 2, 6), {**VALUES, "n_tasks": 3, "J": 2}
    ours, loops = (steps_of(each, start, values, 2) for each in (kernel, kernel.looped(kernel.loops)))
    assert loops.b[2].any() and np.abs(ours.b[2] - loops.b[2]).max() <= 1e-12 * np.abs(loops.b[2]).max()


@pytest.mark.slow
def test_a_formula_goes_side_by_side_too_and_class_heads_do_not() -> None:
    one = fomaml(method="train-validation")
    written = replace(one, name="tanh_tasks", network=replace(one.network, activation=Activation(name="tanh(z)")))
    compiled, plain = kernel_for(written), plain_kernel(written)
    values = {**VALUES, "n_tasks": 9, "J": 2}
    start = state(written, 9, 4, 2, 3)
    ours, same = (steps_of(each, start, values, 3) for each in (compiled, plain))  # type: ignore[arg-type]
    assert np.array_equal(ours.z, same.z) and np.array_equal(ours.b, same.b) and ours.b[-1].any()
    loops = steps_of(compiled.looped(compiled.loops), start, values, 3)  # type: ignore[arg-type]
    assert np.abs(ours.z - loops.z).max() <= 1e-12 * np.abs(loops.z).max()



WAYS: dict[str, tuple[Model, int]] = {
    "huberized": (fomaml(method="train-train"), 3), "relu": (fomaml("reptile", "relu"), 2),
    "formula": (replace(fomaml(method="train-validation"), name="tanh_tasks", network=replace(
        fomaml().network, activation=Activation(name="tanh(z)"))), 1),
}


def plain_of(way: str) -> Kernel:
    return plain_kernel(WAYS[way.partition(",")[0]][0])


def taken(way: str) -> Kernel:
    """The compiled kernel, but for the formula's, which nothing else compiles: that is a slow case of its own."""
    return plain_of(way) if way == "formula" else kernel_for(WAYS[way.partition(",")[0]][0])


def laws_of(declared: Model, m: int) -> tuple[taskdraws.TaskDrawLaw, Array, Array]:
    """A patch of what stays and one of noise, times the label; products (S, 37) and a root (S, S)."""
    rng = np.random.default_rng(m)
    nu, xi = (family.index_set for family in declared.directions)
    families = (taskdraws.Family(nu, np.arange(37)[::-1], 0.0, np.zeros((1, 0))),
                taskdraws.Family(xi, np.arange(0), 1.0, np.zeros((1, 0))))
    law = taskdraws.TaskDrawLaw(2, m, families, ((0, True), (1, True)), np.array([1.0, -1.0]), "logistic", 1,
                                np.zeros((37, 1)))
    return law, rng.normal(size=(2 * m, 37)), np.tril(rng.normal(size=(2 * m, 2 * m)))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("way", [*WAYS, rarely("formula, compiled")])
def test_outputs_on_patches_are_the_networks_whatever_is_padded(way: str, turned: bool) -> None:
    """Sums of 2 m terms of two patches at most, each off by that many eps; a root that is not lower triangular too."""
    declared, m = WAYS[way.partition(",")[0]]
    kernel, plain = taken(way), plain_of(way)
    assert isinstance(kernel, BilevelKernel) and isinstance(plain, BilevelKernel)
    law, products, root = laws_of(declared, m)
    root = root.T + root if turned else root
    draws = np.random.default_rng(5).normal(size=(70, 2 * m))
    whole = taskscores.ByOutputs(lambda a: kernel.outputs(a, VALUES), lambda *given: given[0], lambda _: draws)
    one, other = (_on_lanes(each, draws, m) for each in (kernel, plain))
    for at, label in enumerate(law.labels.tolist()):
        keys = taskscores.keys_of(law, label, at)
        exact, ours, same = ((way.fresh(law, keys, {(1, 0): root}), way.held(law, products, label, at))
                             for way in (whole, one, other))
        for size, wanted, found, plainly in zip((np.abs(root).sum(), 6.0 * m), exact, ours, same, strict=True):
            assert np.array_equal(found, plainly) and np.abs(wanted).max() > 0.1
            assert np.abs(found - wanted).max() <= 64 * m * EPS * max(1.0, size)
    keys = taskscores.keys_of(law, 1.0, 0)
    alone = _on_lanes(kernel, draws[-1:], m).fresh(law, keys, {(1, 0): root})
    assert alone[0] == one.fresh(law, keys, {(1, 0): root})[-1]


def _on_lanes(
    kernel: BilevelKernel, draws: Array, m: int, values: dict[str, Any] = {**VALUES, "J": 3}  # noqa: B006
) -> tasklanes.OnLanes:
    found = kernel.of_fresh(values, m)
    assert found is not None
    return tasklanes.OnLanes(*found, lambda _: tasklanes.tiled(draws), len(draws))


@pytest.mark.parametrize("support", [0, 2])
@pytest.mark.parametrize("way", [*WAYS, rarely("formula, compiled")])
def test_adapted_outputs_are_of_states_that_are_adapted_and_a_lost_task_is_lost_alone(way: str, support: int) -> None:
    """Outputs sum 4 m terms in another order; bits are those of plain Python and of a task among any others."""
    (declared, m), tasks, n, values = WAYS[way.partition(",")[0]], 10, 5, {**VALUES, "n_tasks": 10, "J": 2}
    kernel, plain = taken(way), plain_of(way)
    assert isinstance(kernel, BilevelKernel) and isinstance(plain, BilevelKernel)
    z, gram, y = state(declared, tasks, n, m, 4)
    own, labels = np.moveaxis(z[..., kernel.places(tasks, n)], 2, 0), y.reshape(tasks, n)  # (K, 2, m, L)
    states = np.ascontiguousarray(np.swapaxes(own.reshape(tasks, 2 * m, -1), 1, 2))
    drawn = _drawn(kernel.blocks(gram, tasks, n), labels)
    sizes = taskdraws.TaskSizes(tasks, support, n - support)
    law, rng = replace(laws_of(declared, m)[0], patches=((0, True), (1, False))), np.random.default_rng(8)
    one, other = (_on_lanes(each, rng.normal(size=(1, 2 * m)), m, values) for each in (kernel, plain))
    found = one.adapted(law, sizes, drawn, states)
    assert np.array_equal(found, other.adapted(law, sizes, drawn, states))

    def adapt(states: Array, blocks: Array, y: Array) -> Array:
        return kernel.adapt(states, blocks, y, range(support), values) if support else states

    whole = taskscores.ByOutputs(lambda a: kernel.outputs(a, values), adapt, lambda _: states)
    wanted = whole.adapted(law, sizes, drawn, states)
    assert np.abs(found - wanted).max() <= 64 * m * EPS * max(1.0, np.abs(own).max() * 4 * m) < np.abs(wanted).max()
    for lost in (np.inf, np.nan):
        states[3, -1, 0] = lost
        again = one.adapted(law, sizes, drawn, states)
        assert np.isnan(again[3]).all() and np.array_equal(np.delete(again, 3, axis=0), np.delete(found, 3, axis=0))
    some = np.array([9, 0, 4])
    few = one.adapted(law, sizes, _drawn(drawn.blocks[some], labels[some]), states[some])
    assert np.array_equal(few, found[some])


def _drawn(blocks: Array, labels: Array) -> taskdraws.Tasks:
    """Tasks of which nothing else is read."""
    none = np.empty(0, dtype=np.intp)
    return taskdraws.Tasks(blocks, labels, none, none, np.empty(0), none, np.empty(0), np.empty(0))
