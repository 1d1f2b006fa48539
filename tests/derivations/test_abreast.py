"""Eight runs abreast: each has the bits that it has alone, whatever runs stand beside it; mutants do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Activation, GradientDescent, Model, Network, Objective, Parameter
from derivations.derive import derive
from derivations.kernel.lanes.fits import goes_abreast
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.nearly_orthogonal.model import model as nearly_orthogonal
from derivations.papers.pegr.model import model as pegr
from dynamics.arrays import Array
from dynamics.kernel import variants
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.loading import plain_module
from simulate.run.kernels import kernel_for
from simulate.testing import plain_kernel
from tests.derivations.test_lanes_kernels import VALUES, state
from tests.helpers.mutant_kernels import ABREAST
from tests.helpers.mutants import mutants
from tests.helpers.slowly import rarely
from tests.helpers.sums_of_terms import xor

START, STEPS = 3, 4
RECORDED = np.array([3, 5, 7])
# What no run can tell: sizes of arrays, products of 0 and by signs, what stands at place 0, and labels that are 0.
SAME = re.compile(r"\.size|aligned\(|lanes\(0\.0\)|at_xi|\* j`|load\(y,|(at\d|row) \+ 0`|directions \+ 1`"
                  r"|(at_mu|at) \+ i`|width = directions|going = False|failed\[first \+ k\] < 0`|plus one in `(8|12)`"
                  r"| for wz?\d in|G_xi_xi for G_mu_xi|for packed_gram in")


def formula(power: str) -> Model:
    """PEGR's model with a formula for its activation, along a fixed vector too."""
    network = Network(heads="signed", activation=Activation(power))
    return replace(pegr("none"), network=network, parameters=())


MODELS = {
    **{f"{name} {q}": pegr(name, q) for name in ("none", "pegr", "fgr") for q in (2, 3)},
    "leaky": nearly_orthogonal(), "tanh": formula("tanh(z)"), "cubic": formula("where(z > 0, z**3, 0)"),
    "scalars": xor(), "weighted": replace(pegr("pegr"), objective=replace(
        pegr("pegr").objective, label_weights=(1.0, 2.5))),
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "ABREAST_FROM", 1)


def ensemble(model: Model, n: int, m: int, runs: int, crossed: int) -> tuple[Array, Array, Array, Array, list[Any]]:
    """States, Gram matrices, labels, scalars (C, R, n) and values of runs, the first examples of `crossed` of them."""
    starts = [state(model, n, m, seed, orthogonal=seed >= crossed) for seed in range(runs)]
    z, gram, y = (np.stack([each[part] for each in starts]) for part in range(3))
    values = [{**VALUES, "lam": 0.01 * (seed + 1), "eta": 0.1 + 0.02 * seed, "lam_until": 4} for seed in range(runs)]
    scalars = np.random.default_rng(n).normal(size=(len(model.varying), runs, n))
    return z, gram, y, scalars, values


def together(kernel: Kernel, z: Array, gram: Array, y: Array, scalars: Array, values: list[Any]) -> Any:
    """What `run_all` makes of them."""
    numbers = np.array([kernel.numbers(each, z.shape[2]) for each in values])
    limits = np.array([kernel.limit(each) for each in values])
    assert kernel.abreast(gram.shape[-1], z.shape[2], len(z))
    with np.errstate(all="ignore"):
        return kernel.run_all(
            z, gram, y, y, numbers, limits, STEPS, RECORDED, scalars=[*scalars], start=START, b=z[..., ::-1])


def alone(kernel: Kernel, z: Array, gram: Array, y: Array, scalars: dict[str, Array], values: dict[str, Any]) -> Any:
    """What `run` makes of one."""
    with np.errstate(all="ignore"):
        return kernel.bind(y, scalars).run(z, z[..., ::-1], gram, y, values, STEPS, RECORDED, START)


def alike(
    kernel: Kernel, model: Model, n: int, m: int, runs: int, fast: tuple[int, ...] = (), crossed: int = 6
) -> Iterator[bool]:
    """Whether each run has its own bits among the others; those that are `fast` diverge."""
    z, gram, y, scalars, values = ensemble(model, n, m, runs, crossed)
    for at in fast:
        values[at]["eta"] = 1e200
    states, coefficients, failed = together(kernel, z, gram, y, scalars, values)
    for at in range(runs):
        names = dict(zip(model.varying, scalars[:, at], strict=True))
        one = alone(kernel, z[at], gram[at], y[at], names, values[at])
        count = len(one.t)
        yield failed[at] == one.diverged and (count == len(RECORDED)) == (one.diverged < 0)
        yield np.array_equal(states[at, :count], one.z) and np.array_equal(coefficients[at, :count], one.b)


@pytest.mark.parametrize("name", [*["none 2", "pegr 2", "fgr 2", "leaky", "tanh", "scalars", "weighted"],
                                  *map(rarely, ("none 3", "pegr 3", "fgr 3", "cubic"))])
def test_a_run_has_the_bits_that_it_has_alone(name: str) -> None:
    """Plain Python; one to nine examples, even and odd filters a head, eight runs, fewer and more."""
    model = MODELS[name]
    assert goes_abreast(model)
    kernel = plain_kernel(model)
    for n, m, runs in ((1, 2, 1), (3, 1, 9), (9, 3, 8)):
        assert all(alike(replace(kernel, lanes_from=0), model, n, m, runs))


@pytest.mark.parametrize("name", ["none 2", rarely("pegr 2"), rarely("leaky"), rarely("tanh"), rarely("scalars")])
def test_compiled_runs_have_the_bits_that_they_have_alone(name: str) -> None:
    model = MODELS[name]
    for n, m, runs in ((2, 3, 9), (13, 4, 17)):
        assert all(alike(kernel_for(model), model, n, m, runs))


def test_runs_that_diverge_stop_no_other_and_say_when() -> None:
    model = MODELS["none 2"]
    kernel = replace(plain_kernel(model), lanes_from=0)
    assert all(alike(kernel, model, 3, 2, 9, fast=(0, 5)))
    assert all(alike(kernel, model, 3, 2, 3, fast=(0, 1, 2)))


def test_only_runs_that_look_for_nothing_and_share_a_last_step_of_the_penalty_go_abreast() -> None:
    model = MODELS["pegr 2"]
    kernel = replace(plain_kernel(model), lanes_from=0)
    z, gram, y, scalars, values = ensemble(model, 3, 2, 3, 1)
    values[1]["lam_until"] = 5
    found = together(kernel, z, gram, y, scalars, values)
    for at, each in enumerate(values):
        assert np.array_equal(found[0][at], alone(kernel, z[at], gram[at], y[at], {}, each).z)
    other = alone(kernel, z[1], gram[1], y[1], {}, {**values[1], "lam_until": 4})
    assert not np.array_equal(found[0][1], other.z)


def test_which_models_and_shapes_go_abreast() -> None:
    bend = Parameter(name="bend", latex="b", meaning="of the curve", kind="real", default=1.0)
    network = Network(heads="signed", activation=Activation("tanh(bend*z)"))
    curved = replace(pegr("none"), network=network, parameters=(*pegr("none").parameters, bend))
    momentum = replace(pegr("none"), algorithm=GradientDescent.by_option({"momentum": "momentum"}), parameters=())
    assert not any(map(goes_abreast, (heterogeneous(), curved, momentum)))
    hinge = replace(pegr("none"), objective=Objective(loss="log(1 + exp(-z))"))
    assert goes_abreast(hinge)
    kernel = kernel_for(pegr("none"))
    assert kernel.abreast(variants.ABREAST_UPTO, 1, 1) and not kernel.abreast(variants.ABREAST_UPTO + 1, 1, 1)


def seen(kernel: Kernel, model: Model) -> bool:
    """Whether a kernel of PEGR's is told from the right one, by runs that go through every block and every gradient."""
    try:
        held = (*alike(kernel, model, 15, 2, 9, fast=(2, 8), crossed=0), *alike(kernel, model, 6, 3, 9, crossed=3),
                *alike(kernel, model, 4, 1, 1, crossed=0))
    except (LookupError, ValueError, TypeError, NameError, AttributeError, ArithmeticError):
        return True
    return not all(held)


@pytest.mark.parametrize("count", [6, rarely(200)])
def test_mutants_of_what_advances_eight_runs_differ_from_the_run_alone(count: int) -> None:
    model = MODELS["pegr 2"]
    kernel, source = replace(plain_kernel(model), lanes_from=0), derive(model).lanes_source() or ""
    wanted = {name for name in re.findall(r"^def (\w+)\(", source, re.MULTILINE) if ABREAST.fullmatch(name)}
    assert len(wanted) > 10 and not seen(kernel, model)
    every = [each for each in mutants(source, wanted.__contains__) if not SAME.search(each.name)]
    chosen = [every[at] for at in np.random.default_rng(0).permutation(len(every))[:count]]
    wrong = {each.name: replace(kernel, lanes_plain=plain_module(each.source, "pegr")) for each in chosen}
    held = [name for name, each in wrong.items() if not seen(each, model)]
    assert len(held) <= count // 40, held  # what computes the same beside those set apart
