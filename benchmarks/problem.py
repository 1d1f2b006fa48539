"""The problem every benchmark solves: a PEGR draw (Definition 2.1) and the published step sizes (Section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """Gradient descent's constants: step eta, penalty weight lam on for t <= lam_until, and the number of steps."""

    eta: float = 0.02
    lam: float = 0.01
    lam_until: int = 800
    steps: int = 1500


@dataclass(frozen=True)
class Problem:
    """One draw: labels y (n,) in {-1,+1}, signal mu (d,), noises xi (n, d) orthogonal to mu, filters weights (2, m, d).

    Head 0 is j=+1, head 1 is j=-1, and each averages its m filters.
    """

    y: Array
    mu: Array
    xi: Array
    weights: Array

    @property
    def directions(self) -> Array:
        """The signal mu and the n noises, one below the other, (1 + n, d)."""
        return np.vstack([self.mu[None], self.xi])

    @property
    def start(self) -> Array:
        """The pre-activations <w, v> of all filters and directions at t = 0, (2, m, 1 + n)."""
        z: Array = self.weights @ self.directions.T
        return z

    @property
    def gram(self) -> Array:
        """<v_b, v_c>, (1 + n, 1 + n)."""
        v = self.directions
        return np.asarray(v @ v.T)

    def rebuild(self, b: Array) -> Array:
        """W = W(0) + sum_b b_b v_b, (2, m, d), from coefficients b (2, m, 1 + n)."""
        w: Array = self.weights + b @ self.directions
        return w

    def loss(self, weights: Array) -> float:
        """The training loss L_S of filters (2, m, d), in plain NumPy."""
        signal = np.maximum(np.multiply.outer(self.y, weights @ self.mu), 0.0) ** 2
        noise = np.maximum(np.einsum("hmd,id->ihm", weights, self.xi), 0.0) ** 2
        heads = (signal + noise).mean(axis=2)
        return float(np.logaddexp(0.0, -self.y * (heads[:, 0] - heads[:, 1])).mean())


def sample(
    rng: np.random.Generator,
    *,
    n: int = 20,
    m: int = 10,
    d: int = 400,
    mu_norm: float = 1.0,
    sigma_p: float = 0.5,
    sigma_0: float = 0.01,
) -> Problem:
    """Draw a problem; the defaults are Section 4.1's.  mu lies along the first axis, so projecting is zeroing it."""
    y = rng.choice([-1.0, 1.0], size=n)
    mu = np.zeros(d)
    mu[0] = mu_norm
    xi = sigma_p * rng.standard_normal((n, d))
    xi[:, 0] = 0.0
    return Problem(y=y, mu=mu, xi=xi, weights=sigma_0 * rng.standard_normal((2, m, d)))


def parameters(schedule: Schedule, **changes: Any) -> dict[str, Any]:
    """The parameters gammarho takes for the same problem, with `changes` put over them."""
    return {
        "n": 20, "m": 10, "d": 400, "mu_norm": 1.0, "sigma_p": 0.5, "sigma_0": 0.01,
        "eta": schedule.eta, "lam": schedule.lam, "lam_until": schedule.lam_until, **changes,
    }
