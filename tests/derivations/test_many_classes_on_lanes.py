"""Class heads of many classes on lanes: as short a text as of few, the steps of training by hand, and runs together."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Activation, Event, Extreme, Model
from derivations.derive import derive
from derivations.papers.heterogeneous.model import model as heterogeneous
from dynamics.arrays import Array
from dynamics.fresh.lanelaw import FEW, MANY, packed, takes
from dynamics.fresh.normals import Normals
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from dynamics.triangular import WIDE
from simulate.ask.chosen import choose
from simulate.errors import Diverged
from simulate.run import batch, reduced
from simulate.run.asked import Asked
from simulate.run.kernels import kernel_for
from simulate.run.problem import Problem, problem_of
from simulate.testing import plain_kernel
from tests.helpers.ends import at_most
from tests.helpers.outside import same

K = 18
VALUES: dict[str, Any] = {"n": 20, "m": 1, "d": 90, "init": "gaussian", "sigma_p": 0.2, "sigma_0": 0.1, "eta": 6.0}
EVENTS = ("T_loss", "T_signal")


def timed(classes: int = K) -> Model:
    """With hitting times of the loss and of features learned."""
    signal = Extreme(name="signal", latex="s", of="u", reduce="max_abs")
    events = (
        Event(name="T_loss", latex="T", observable="loss", relation="<=", threshold="eps"),
        Event(name="T_signal", latex="T", observable="signal", relation=">=", threshold="delta"),
    )
    return replace(heterogeneous(classes), name="many_classes", observables=(signal,), events=events)


@functools.cache
def plain() -> Kernel:
    return replace(plain_kernel(timed()), lanes_from=0)


def cells(model: Model, kernel: Kernel, *more: dict[str, Any]) -> list[Problem]:
    return [replace(problem_of(choose(model, {**VALUES, **each})), loaded=kernel) for each in more]


def test_the_text_is_as_long_as_of_fewer_classes() -> None:
    """So that compiling takes no longer: what heads and classes have each is in loops."""
    few, many = (derive(heterogeneous(classes)).lanes_source() for classes in (6, 40))
    assert few is not None and many is not None and few.count("\n") == many.count("\n")


def trained(classes: int, seed: int, scale: float) -> tuple[tuple[Array, ...], Array]:
    """A start, one class without an example, and its pre-activations after three steps of training by hand."""
    rng, n, m, d, eta = np.random.default_rng(seed), 21, 2, 60, 3.0
    u, xi, w = rng.normal(size=(classes, d)), rng.normal(size=(n, d)), scale * rng.normal(size=(classes, m, d))
    y = rng.integers(0, classes - 1, n)
    vectors, start = np.concatenate([u, xi]), w
    for _ in range(3):
        patches = np.stack([u[y], xi])
        a = np.einsum("kmd,pnd->kmpn", w, patches)
        output = np.maximum(a, 0).sum(axis=(1, 2)) / m
        share = np.exp(output - output.max(axis=0))
        share /= share.sum(axis=0)
        error = share - (y == np.arange(classes)[:, None])
        w = w - eta / (n * m) * np.einsum("kn,kmpn,pnd->kmd", error, (a > 0).astype(float), patches)
    return (start @ vectors.T, vectors @ vectors.T, y.astype(float)), w @ vectors.T


def off(kernel: Kernel, seed: int, classes: int = K) -> float:
    """How far three steps of a kernel are from training's, of outputs of order one and of some that exp cannot take."""
    apart = []
    for scale in (0.1, 300.0):
        (z, gram, y), expected = trained(classes, seed, scale)
        with np.errstate(all="ignore"):
            found = kernel.run(z, 0 * z, gram, y, {"eta": 3.0, "neurons": "mean"}, 3, np.array([3])).z
        assert np.abs(expected - z).max() > 0.1
        apart.append(np.abs(found - expected).max() / np.abs(expected).max() if found.size else np.nan)
    return float(np.max(apart))


def test_steps_are_those_of_training_by_hand() -> None:
    assert max(off(plain(), seed) for seed in range(2)) < 1e-13


MUTANTS = [
    ("where(score > top, score, top)", "where(score < top, score, top)"),
    (f"for h in range({K}):\n            share = load(e", f"for h in range({K - 2}):\n            share = load(e"),
    ("whole = whole + share", "whole = share"),
    ("others = others + where(load(y, i) == float(h), 0.0, share)", "others = others + share"),
    ("where(load(y, i) == float(h), -others, share)", "where(load(y, i) == 0.0, -others, share)"),
]


@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_a_wrong_softmax_is_seen(right: str, wrong: str) -> None:
    """Mutants of the text."""
    text = derive(timed()).lanes_source()
    assert text is not None and right in text
    mutant = replace(plain(), lanes_plain=plain_module(text.replace(right, wrong), "mutant"))
    assert not off(mutant, 0) <= 1e-6


def alone(cell: Problem, seed: int, asked: Asked) -> Any:
    return reduced.run(cell.start(seed, "gram"), asked)


def test_runs_go_together_with_the_bits_alone() -> None:
    """Their states, hitting times, and where they end."""
    steps, names = 8, ("loss", "rho", *EVENTS)
    of = cells(timed(), plain(), {"eps": 1.5, "delta": 1.0}, {"eta": 3.0, "eps": 1.2, "delta": 0.8})
    until = at_most({"loss": 1.4})
    for ends in ({}, until):
        made = batch.together(of, [0, 1], steps, names, until=ends)
        asked = Asked(steps, np.array([steps]), names, ends, named=True)
        assert made.done.all() and made.found is not None
        runs = [(of[row], seed, made.found[row][seed]) for row in range(2) for seed in range(2)]
        assert all(run is not None and same(run, alone(cell, seed, asked)) for cell, seed, run in runs)
        hits = {int(run.variables[name].values) for _, _, run in runs if run is not None for name in EVENTS}
        last = {int(run.t[-1]) for _, _, run in runs if run is not None}
        assert len(hits) > 2 and (len(last) > 1) == bool(ends)


def test_runs_diverge_together_as_alone() -> None:
    """Of an activation that grows faster than its argument; the kernel says where."""
    model = timed()
    model = replace(model, network=replace(model.network, activation=Activation(name="relu_power", power=2)))
    kernel, steps = replace(plain_kernel(model), lanes_from=0), 10
    told = {"eps": 1.0, "delta": 1.0, "sigma_0": 0.5}
    of = cells(model, kernel, told, {**told, "eta": 1e30}, {**told, "eta": 1e60})
    made, asked = batch.together(of, [3], steps, ("loss",)), Asked(steps, np.array([steps]), ("loss",), {}, named=True)
    assert made.done.all() and {row for row, _ in made.diverged} == {1, 2}
    for row in (1, 2):
        with np.errstate(all="ignore"), pytest.raises(Diverged) as of_one:
            alone(of[row], 3, asked)
        assert str(of_one.value) == str(made.diverged[row, 0])
    assert len({each.step for each in made.diverged.values()}) == 2


@pytest.mark.slow  # compiles a model of its own
@pytest.mark.parametrize("classes", [20, 32])
def test_compiled_runs_have_the_bits_alone_and_those_of_plain_python(classes: int) -> None:
    """Fresh examples too, of more neurons than few heads are judged with on lanes, and noise that differs by class."""
    model = timed(classes)
    kernel, fresh = kernel_for(model), ("test_error", "test_error_se", "test_loss", "test_loss_se", "class_error")
    names, steps = ("loss", "rho", *EVENTS, *fresh), 12
    wide = {"n": 40, "m": 9, "d": 700.0}
    of = cells(model, kernel, wide, {**wide, "Gamma": 9.0}, {**wide, "u_norm": 3.0})
    made = batch.together(of, [0, 4], steps, names)
    asked = Asked(steps, np.array([steps]), names, {}, named=True)
    assert made.done.all() and made.found is not None
    for row in range(3):
        for at, seed in enumerate((0, 4)):
            run = made.found[row][at]
            assert run is not None and same(run, alone(of[row], seed, asked))
    (z, gram, y), _ = trained(classes, 2, 0.1)
    one, two = (
        each.run(z, 0 * z, gram, y, {"eta": 3.0, "neurons": "mean"}, 2, np.arange(3))
        for each in (kernel, replace(plain_kernel(model), lanes_from=0))
    )
    assert np.array_equal(one.z, two.z) and np.array_equal(one.b, two.b) and off(kernel, 2, classes) < 1e-13


def test_of_more_heads_more_neurons_are_judged_on_lanes() -> None:
    """Where no bits of before are to be kept."""
    assert takes(FEW, WIDE) and not takes(FEW, WIDE + 1) and takes(FEW + 1, MANY) and not takes(FEW + 1, MANY + 1)


def test_fresh_examples_are_judged_as_their_outputs_say() -> None:
    """Of labels with several parts and with none, whose scores are tied, by sums that share no code."""
    rng, groups, vectors, strata, parts, kappa = np.random.default_rng(0), 32, 2, 2, 3, 0.7
    width, lanes = -(-K // 8) * 8, plain().lanes
    of, base, y = rng.integers(0, 2, (K, parts)).astype(float), rng.normal(size=(K, K)), np.arange(K)
    of[:3], base[:3] = 0.0, 0.0
    base[1, [1, 4, K - 1]], base[2, [4, 7]] = 1.0, 1.0  # of three tied the label is one, of two it is none
    fixed, mix, tilt = (rng.normal(size=(parts, size)) for size in (K, vectors, 1))
    lines, roots, leads = rng.normal(size=(1, K)), np.zeros((vectors, K, width)), np.zeros((vectors, K, width))
    roots[..., :K], leads[..., :K] = np.tril(rng.normal(size=(vectors, K, K))), rng.normal(size=(vectors, K, K))
    normals = Normals(*(rng.normal(size=size) for size in (
        (groups, vectors, K), (groups, strata, vectors, K), (groups * strata, 1))))
    assert normals.lead is not None and normals.spikes is not None and lanes is not None
    told, errors, losses = packed(normals, K), np.zeros(K * groups), np.zeros(groups)
    lanes.judge(
        base, of, fixed, mix, tilt, lines, roots.ravel(), leads.ravel(), y.astype(float), told.rest[0], told.lead[0],
        told.spikes[0], strata, 0, groups, kappa, True, errors, losses,
    )
    g = np.einsum("qsk,mqk->mqs", roots[..., :K], normals.rest)[:, None] + np.einsum(
        "qhs,mtqh->mtqs", leads[..., :K], normals.lead)
    spiked = np.einsum("pc,mtc,cs->mtps", tilt, normals.spikes.reshape(groups, strata, 1), lines)
    seen = kappa * np.maximum(fixed + np.einsum("pq,mtqs->mtps", mix, g) + spiked, 0.0)
    scores = base + np.einsum("kp,mtph->mtkh", of, seen)
    top = scores.max(axis=-1, keepdims=True)
    own, ties = scores[:, :, y, y], (scores == top).sum(axis=-1)
    wrong = (1 - (own == top[..., 0]) / ties).mean(axis=1)
    cost = (top[..., 0] + np.log(np.exp(scores - top).sum(axis=-1)) - own).mean(axis=(1, 2))
    np.testing.assert_allclose(errors.reshape(K, groups), wrong.T, rtol=1e-13)
    np.testing.assert_allclose(losses, cost, rtol=1e-13)
    assert (wrong[:, :3] == [1 - 1 / K, 1 - 1 / 3, 1.0]).all() and 0.2 < wrong[:, 3:].mean() < 1.0
