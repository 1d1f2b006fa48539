"""Functions of the weight-space engine against mpmath: values and derivatives up to the third, far into both tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from derivations.declare import Activation  # noqa: E402
from simulate.train import formulas, stable  # noqa: E402  # they need torch

mpmath.mp.dps = 60
PLACES = (1.0, 20.0, 36.0, 700.0)
SHARE = 1e-14
"""What exp may lose at these places."""


def logistic(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


def exact(order: int, at: float) -> float:
    """log(1 + e^x) and its derivatives up to the fourth."""
    x = mpmath.mpf(at)
    s, t = logistic(x), logistic(-x)
    return float([mpmath.log1p(mpmath.exp(x)), s, s * t, s * t * (t - s), s * t * (1 - 6 * s * t)][order])


def derivatives(f: Callable[[Any], Any], at: float, most: int) -> list[float]:
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    found = [f(x)]
    for _ in range(most):
        found.append(torch.autograd.grad(found[-1], x, create_graph=True)[0])
    return [each.item() for each in found]


@pytest.mark.parametrize("at", [sign * place for place in PLACES for sign in (1, -1)])
def test_softplus_and_sigmoid_keep_their_digits(at: float) -> None:
    """Relative to themselves, be they as small as e^-700."""
    for f, first in ((stable.softplus, 0), (stable.sigmoid, 1)):
        wanted = [exact(first + order, at) for order in range(4 - first + 1)]
        assert derivatives(f, at, 4 - first) == pytest.approx(wanted, rel=SHARE, abs=0), f.__name__


def test_torchs_own_second_derivatives_do_not() -> None:
    """Else there were no need of them."""
    assert abs(derivatives(torch.nn.functional.softplus, 18.0, 2)[2] / exact(2, 18.0) - 1) > 1e-10
    assert abs(derivatives(torch.sigmoid, 36.0, 1)[1] / exact(2, 36.0) - 1) > 1e-3


@pytest.mark.parametrize(("text", "f"), [
    ("log(1 + exp(-z/2))", lambda z: mpmath.log1p(mpmath.exp(-z / 2))),
    ("1/(1 + exp(-z))", logistic), ("log(sigmoid(z))", lambda z: -mpmath.log1p(mpmath.exp(-z))),
    ("tanh(z)", mpmath.tanh), ("z*sigmoid(z)", lambda z: z * logistic(z)),
    ("z*tanh(softplus(z))", lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z)))),
])
def test_second_derivatives_of_formulas_do_too(text: str, f: Callable[[mpmath.mpf], mpmath.mpf]) -> None:
    """However they are typed: where log(1 + e^x) stands it is softplus."""
    for at in (-36.0, -20.0, -2.0, 2.0, 20.0, 36.0):
        found = derivatives(lambda x: formulas.activation(Activation(text), x, {}), at, 2)
        wanted = [float(mpmath.diff(f, mpmath.mpf(at), order, h=mpmath.mpf(10) ** -15)) for order in range(3)]
        assert found == pytest.approx(wanted, rel=SHARE, abs=0), at


OUTPUTS = (
    [20.0, 0.0, -1.0], [0.3, -0.2, 0.1], [36.0, 0.0, 35.0], [-700.0, 0.0, 1.0], [5e5, 5.4, -0.4],
    [0.0, 664335.9, 672336.4],
)


@pytest.mark.parametrize("own", range(3))
@pytest.mark.parametrize("given", OUTPUTS, ids=str)
def test_cross_entropy_keeps_its_digits(given: list[float], own: int) -> None:
    """Its value, the softmax less 1 and each entry of the Hessian, relative to itself."""
    F = torch.tensor([given], dtype=torch.float64, requires_grad=True)
    mask = torch.zeros(1, 3, dtype=torch.bool)
    mask[0, own] = True
    apart = [mpmath.mpf(each) - mpmath.mpf(given[own]) for each in given]
    tops = [mpmath.mpf(each) - max(given) for each in given]
    total = sum(map(mpmath.exp, tops))
    p = [mpmath.exp(each) / total for each in tops]
    left = [sum(p[:k] + p[k + 1 :]) for k in range(3)]  # 1 - p_k

    value = stable.cross_entropy(F, mask)
    others = sum(mpmath.exp(each) for k, each in enumerate(apart) if k != own)
    assert value.item() == pytest.approx(float(mpmath.log1p(others)), rel=SHARE, abs=1e-320)
    (slope,) = torch.autograd.grad(value, F, create_graph=True)
    wanted = [float(-left[k] if k == own else p[k]) for k in range(3)]
    assert slope[0].tolist() == pytest.approx(wanted, rel=SHARE, abs=1e-300)
    for k in range(3):
        (row,) = torch.autograd.grad(slope[0, k], F, retain_graph=True)
        hessian = [float(p[k] * left[k] if at == k else -p[k] * p[at]) for at in range(3)]
        assert row[0].tolist() == pytest.approx(hessian, rel=SHARE, abs=1e-300), (k, p)


def test_derivatives_are_those_of_the_values() -> None:
    """By differences, first and second, for several rows at once."""
    rng = np.random.default_rng(3)
    x = torch.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    own = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=torch.bool)
    for f in (stable.softplus, stable.sigmoid, lambda at: stable.cross_entropy(at, own)):
        assert torch.autograd.gradcheck(f, (x,)) and torch.autograd.gradgradcheck(f, (x,))
