"""The max-margin conditions of networks that are homogeneous of any degree, and what formulas show of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

import gammarho as gr
from derivations.declare import Activation, MaxMargin, Network, NormalisedMargin, Parameter
from derivations.papers.pegr.model import model as pegr
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly

SIZES = {"n": 4, "m": 3, "d": 30, "eta": 0.5, "sigma_p": 0.3, "sigma_0": 0.2, "mu_norm": 1.0}
SLOPE = Parameter(name="slope", latex="", meaning="slope", kind="real", default=0.3)

DEGREES = {
    "z": 1, "z/sqrt(m)": 1, "-2*z": 1, "where(z > 0, z, a*z)": 1, "where(z >= 0, z, 0)": 1, "z**2": 2, "z*z*z": 3,
    "a*z**2 + z*z/3": 2, "where(z > 0, z**2, 0)": 2, "z**3/z": 2, "where(0 < z, z**4, -z**4)": 4,
    "z + 1": 0, "z + z**2": 0, "where(z > 1, z, 0)": 0, "where(z > 0, z, z**2)": 0, "tanh(z)": 0, "sqrt(z**2 + 1)": 0,
    "z**a": 0, "z**0.5": 0, "z*sigmoid(z)": 0, "1/(1 + z**2)": 0,
}


@pytest.mark.parametrize(("formula", "degree"), DEGREES.items(), ids=DEGREES)
def test_the_degree_is_read_off_a_formula(formula: str, degree: int) -> None:
    assert Activation(formula).kind.homogeneity == degree


CASES: dict[str, tuple[Activation, int, Callable[[torch.Tensor], torch.Tensor]]] = {
    "relu": (Activation("relu"), 1, torch.relu),
    "identity": (Activation("identity"), 1, lambda z: z),
    "relu_power": (Activation("relu_power", power=3), 3, lambda z: torch.relu(z) ** 3),
    "square": (Activation("square"), 2, lambda z: z**2),
    "formula": (Activation("where(z > 0, z, slope*z)/sqrt(m)"), 1,
                lambda z: torch.nn.functional.leaky_relu(z, 0.3) / 3.0**0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_the_conditions_are_those_of_the_gradients(name: str) -> None:
    """Against non-negative least squares on W and each margin's gradient by autograd; <W, grad z> is q z."""
    activation, q, sigma = CASES[name]
    plain = pegr("none")
    model = replace(
        plain, network=Network(heads="signed", activation=activation), parameters=(*plain.parameters, SLOPE),
        observables=(MaxMargin(name="residual", latex=""), MaxMargin(name="slack", latex="", what="slackness"),
                     NormalisedMargin(name="normed", latex="", power=q)), events=(), name=f"homogeneous_{name}")
    asked = ["residual", "slack", "normed", "gamma", "rho"]
    with plainly(plain_kernel(model)):
        data: Any = gr.run(model, SIZES, steps=40, record=[40], observables=asked)
        W, start = gr.weights(data, setting=model), gr.restart(data, setting=model)
    leaf, y = torch.tensor(W, requires_grad=True), torch.tensor(start["y"])
    mu, xi = (torch.tensor(np.atleast_2d(start[each])) for each in ("mu", "xi"))
    of_mu, of_xi = (torch.einsum("jrd,id->ijr", leaf, each) for each in (mu, xi))
    f = (sigma(y[:, None, None] * of_mu) + sigma(of_xi)).mean(2)
    margins = y * (f[:, 0] - f[:, 1])
    rows = np.array([torch.autograd.grad(each, leaf, retain_graph=True)[0].numpy().ravel() for each in margins])
    z = margins.detach().numpy()
    np.testing.assert_allclose(rows @ W.ravel(), q * z, rtol=1e-10)
    multipliers, left = nnls(rows.T, W.ravel())
    norm, least = np.linalg.norm(W), z.min()
    assert abs(data["residual"].item() - left / norm) <= 1e-9
    np.testing.assert_allclose(data["normed"].values.ravel(), z / norm**q, rtol=1e-10)
    assert least > 0
    # At W / least^(1/q) margins are at least 1, and gradients, and so the multipliers, change by their own powers.
    scaled = multipliers * least ** ((q - 1) / q) / least ** (1 / q)
    np.testing.assert_allclose(data["slack"].item(), np.max(scaled * (z / least - 1)), rtol=1e-7)
