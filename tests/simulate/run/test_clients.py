"""Tasks of different shares, and tasks that are sampled for a step: against weight space, by hand, and as refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from derivations.declare import Population
from derivations.derive import derive
from derivations.errors import ModelError
from derivations.papers.fomaml.model import model as fomaml
from dynamics.chance.stepdraws import StepDraws
from dynamics.errors import RangeError
from simulate.errors import InputError
from simulate.testing import Instance, one_step, plain_kernel, residual

METHODS = ("train-train", "train-validation", "reptile")
TASKS, OWN = 3, 4


def of_clients(method: str, **named: Any) -> Instance:
    """FOMAML's model on three tasks at a state of order one, with fields of its algorithm."""
    base, rng = fomaml(method, "huberized"), np.random.default_rng(3)
    chosen = replace(base, algorithm=replace(base.bilevel, redrawn="", **named), parameters=())
    values: dict[str, Any] = {each.name: each.default for each in base.parameters}
    values |= {"n_tasks": TASKS, "n": OWN, "n_train": 2, "m": 2, "d": 40, "J": 2, "M": 5, "eta": 0.5, "eta_inner": 0.3,
               "lam_until": None, "sizes": "1,2,5", "clients": 2}
    vectors = rng.standard_normal((chosen.offsets(TASKS * OWN, TASKS)[""], 20)) / 4
    weights, y = rng.standard_normal((2, 2, 20)), rng.choice([-1.0, 1.0], TASKS * OWN)
    return Instance(chosen, values, vectors, weights, y, seed=5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("named", [{"shares": "sizes"}, {"sampled": "clients"},
                                   {"shares": "sizes", "sampled": "clients"}], ids=" ".join)
def test_steps_are_those_of_weight_space_and_not_of_the_plain_mean(named: dict[str, str], method: str) -> None:
    """Fails on a kernel, and on a twin, that takes 1/K of every task."""
    instance, plain = of_clients(method, **named), of_clients(method)
    assert residual(instance, plain_kernel(instance.model)) <= 1e-13
    assert residual(instance, plain_kernel(plain.model)) > 1e-3


def test_one_task_alone_moves_the_coefficients_of_its_own_noise_by_its_own_step() -> None:
    """With one task a step, W moves by that task's change, whatever the shares: p_k is 1 of it and 0 of the others."""
    instance = of_clients("reptile", shares="sizes", sampled="clients")
    instance.values["clients"] = 1
    assert instance.draws is not None
    (taken,) = np.flatnonzero(instance.draws.taking_part(0, 1)[0])
    kernel = plain_kernel(instance.model)
    z, noise = instance.z, instance.model.offsets(TASKS * OWN, TASKS)["xi"]
    run = kernel.run(z, np.zeros_like(z), instance.gram, instance.y, instance.values, 1, np.array([1]),
                     draws=instance.draws)
    moved = np.abs(run.b[0][..., noise:]).reshape(2, 2, TASKS, OWN).max((0, 1, 3)) > 0
    assert moved.tolist() == [k == taken for k in range(TASKS)]
    assert np.isfinite(one_step(instance, kernel)[0]).all()


def test_as_many_tasks_as_are_asked_for_take_part_and_others_in_another_step() -> None:
    draws = StepDraws(0, np.ones(4), tasks=9, sampled=4)
    part = draws.taking_part(0, 50)
    assert (part.sum(1) == 4).all() and len(np.unique(part, axis=0)) > 20 and (part.mean(0) > 0.2).all()
    assert (draws.taking_part(7, 3) == part[7:10]).all()


def test_shares_and_samples_are_told() -> None:
    shown = derive(of_clients("reptile", shares="sizes", sampled="clients").model)
    assert "p_k = sizes_k / sum sizes over S of the n_tasks tasks" in str(shown)
    assert r"p_k &\propto \mathrm{sizes}_k" in shown.latex()
    assert "p_k = sizes_k / sum_k sizes_k" in str(derive(of_clients("train-train", shares="sizes").model))


def test_what_does_not_go_is_refused_in_a_sentence() -> None:
    instance = of_clients("reptile", shares="sizes", sampled="clients")
    z, values = instance.z, instance.values
    for wrong in ("1,2", "0,1,2"):
        with pytest.raises(RangeError, match=r"sizes: .* for 3 tasks; expected a whole number from 1 for each"):
            plain_kernel(instance.model).observe(z[None], instance.gram, instance.y, {**values, "sizes": wrong})
    for wrong_count in (0, 4):
        values["clients"] = wrong_count
        with pytest.raises(InputError, match=rf"clients: {wrong_count} of 3 tasks that take part"):
            _ = instance.draws
    base = fomaml("reptile", "relu")
    with pytest.raises(ModelError, match="tasks that are sampled where examples are drawn again"):
        replace(base, algorithm=replace(base.bilevel, sampled="n_train"))


def test_the_population_risk_is_refused_with_what_comes_near_it() -> None:
    with pytest.raises(ModelError, match="declare OnePass, whose steps on n fresh examples have this gradient as"):
        replace(fomaml("reptile", "relu"), algorithm=Population())  # type: ignore[arg-type]
