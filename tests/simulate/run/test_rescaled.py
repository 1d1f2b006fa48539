"""Clipped and normalised gradient descent: in Gram form against weight space, and as they are declared and shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from derivations.declare import GradientDescent, Model, Parameter
from derivations.derive import derive
from derivations.errors import ModelError
from simulate.testing import Instance, plain_kernel, residual
from tests.simulate.validate.test_formulas import an_instance, model

OPTIONS = ({"clip": "clip"}, {"normalised": "unit"}, {"clip": "clip", "momentum": "beta_1", "radius": "rho_s"},
           {"normalised": "unit", "weight_decay": "decay", "batch": "b"})
VALUES = {"clip": 0.05, "unit": 0.2, "beta_1": 0.5, "rho_s": 0.1, "decay": 0.1, "b": 3}


def with_options(given: dict[str, str]) -> tuple[Model, Instance]:
    base = model("gelu", "logistic", "per_example")
    more = (Parameter(name=name, latex="", meaning=name, kind="count" if name == "b" else "real",
                      default=VALUES[name], low=0) for name in given.values())
    of = replace(base, algorithm=GradientDescent.by_option(given), parameters=(*base.parameters, *more))
    instance = an_instance(of)
    instance.values.update(VALUES)
    return of, instance


@pytest.mark.parametrize("given", OPTIONS, ids=str)
def test_a_step_is_one_of_weight_space(given: dict[str, str]) -> None:
    of, instance = with_options(given)
    kernel = plain_kernel(of)
    assert all(residual(instance, each) <= 1e-14 for each in (kernel, kernel.looped(kernel.loops)))
    without = {name: each for name, each in given.items() if name not in ("clip", "normalised")}
    other = replace(of, algorithm=GradientDescent.by_option(without))
    assert residual(instance, plain_kernel(other)) > 1e-3, "the option does something here"


def test_a_short_gradient_is_not_clipped_and_none_stays_none() -> None:
    of, instance = with_options({"clip": "clip"})
    instance.values["clip"] = 1e6
    plain = replace(of, algorithm=GradientDescent())
    assert residual(instance, plain_kernel(plain)) <= 1e-14
    of, instance = with_options({"normalised": "unit"})
    still = replace(instance, vectors=np.zeros_like(instance.vectors))
    assert residual(still, plain_kernel(of)) == 0.0


def test_the_share_of_the_gradient_is_shown() -> None:
    text = str(derive(with_options({"clip": "clip"})[0]))
    assert "  s_t = min(1, C/||grad O_t(W)||_F)\n" in text and "gamma_{j,r} - (||mu||^2*eta*kappa*s_t/n) sum" in text
    latex = derive(with_options({"normalised": "unit", "radius": "rho_s"})[0]).latex()
    assert r"s_{t} &= \frac{C}{\|\nabla O_t(\widetilde{\mathbf{W}}^{(t)})\|_F}" in latex
    with pytest.raises(ModelError, match="clipped or normalised; leave out"):
        GradientDescent(clip="a", normalised="b")
