"""How far the weights are from the conditions of Karush, Kuhn and Tucker for the largest margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..choices import Name
from ..observable import OfStates
from ..views import Array, Sizes, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class MaxMargin(OfStates):
    """How far W is from satisfying the KKT conditions of min ||W||_F^2 / 2 over margins of at least 1 (signed heads).

    "residual": min over lambda >= 0 of ||W - sum_i lambda_i grad z_i||_F / ||W||_F, z_i the margins; "slackness":
    max_i lambda_i (z_i / min z - 1) at the feasible W / (min z)^(1/q), NaN where min z is not above 0 and no multiple
    of W is feasible.  Of an activation that is homogeneous of degree q, relu, leaky_relu, relu_power or a formula such
    as z, z**2 or where(z > 0, z, a*z).
    """

    decomposes = True
    of_separated = True
    of_one_loop = True

    name: Name
    latex: str
    what: Literal["residual", "slackness"] = "residual"
    source: str = ""

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """A norm, or a maximum."""
        return {self.name: ("t",)}

    def words(self, model: Any) -> dict[str, str]:
        """Which of the conditions, and where it has no value."""
        where = "; NaN until every margin is positive" if self.what == "slackness" else ""
        what = {
            "residual": "distance of W to the nonnegative combinations of the margins' gradients, over ||W||_F",
            "slackness": "largest lambda_i (margin_i / least margin - 1), lambda the weights of the combination "
                         "nearest to W at least margin 1",
        }[self.what]
        return {self.name: what + where}

    def refusal(self, model: Any) -> str:
        """Its gradients are of margins y f, of a network that is homogeneous."""
        if model.network.axes:
            return f"{self.name}: max-margin conditions are known where filters alone are trained; leave it out"
        if model.network.head_axis.signed and model.network.activation.kind.homogeneity:
            return ""
        return (f"{self.name}: max-margin conditions need signed heads and sigma(c z) = c^q sigma(z), as of relu, "
                "leaky_relu, relu_power, identity, square and cubic; leave it out")

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """Coordinates of W(0) and the directions."""
        return sizes.frame

    def value(self, states: StateView) -> Array | None:
        """(T,); None without coefficients."""
        if states.b is None:
            return None
        which = ("residual", "slackness").index(self.what)
        return np.array([_conditions(states, states.b, at)[which] for at in range(len(states.z))])

    def by_weights(self, course: WeightView) -> Array:
        """Least squares in W itself, on the margins' gradients."""
        import scipy.optimize

        out, q = [], course.model.network.activation.kind.homogeneity
        for t, W in enumerate(course.W):
            margins, slopes = course.margin_gradients(t)
            multipliers, left = scipy.optimize.nnls(slopes.T, W.ravel())
            slack = max(lam * (each - margins.min()) for lam, each in zip(multipliers, margins, strict=True))
            feasible = slack / margins.min() ** (2 / q) if margins.min() > 0 else np.nan
            out.append(left / np.linalg.norm(W.ravel()) if self.what == "residual" else feasible)
        return np.array(out)


def _conditions(states: StateView, coefficients: Array, at: int) -> tuple[float, float]:
    """The residual over ||W||_F and the slackness at one state.

    lambda solves a non-negative least squares problem in n variables with the inner products of the margins' gradients
    (the paper's (4.1); a reading's 6.6), and what is left is again W(0) + b' V with b' = b - sum_i lambda_i
    (coefficients of grad z_i): its norm is taken as such, not by subtraction.
    """
    margins, q = states.seen["margins"][at], states.model.network.activation.kind.homogeneity
    norm = float(states.norm[at])
    if norm == 0.0 or not np.isfinite(norm):
        return np.nan, np.nan
    columns, grads = states.margin_gradients(at)
    inner = np.zeros((len(margins), len(margins)))
    for p, o in np.ndindex(columns.shape[1], columns.shape[1]):
        inner += states.gram[np.ix_(columns[:, p], columns[:, o])] * (grads[..., p].T @ grads[..., o])
    if not np.isfinite(inner).all():
        return np.nan, np.nan
    try:
        multipliers = _nonnegative(inner, q * margins)
    except (RuntimeError, np.linalg.LinAlgError, ValueError):  # least squares did not end: nothing is known
        return np.nan, np.nan
    left = coefficients[at].copy()
    for p in range(columns.shape[1]):
        np.subtract.at(left.reshape(-1, left.shape[-1]).T, columns[:, p], (multipliers[:, None] * grads[..., p].T))
    residual, least = states.length(at, left), float(margins.min())
    square = least * least if q == 1 else max(least, 0.0) ** (2 / q)  # least ** 2 would raise where it overflows
    slackness = float(np.max(multipliers * (margins - least))) / square if least > 0 and 0 < square < np.inf else np.nan
    return residual / norm, slackness


def _nonnegative(inner: Array, along: Array) -> Array:
    """argmin over lambda >= 0 of ||W - sum_i lambda_i g_i||, from <g_i, g_k> and <W, g_i> = q z_i (homogeneity)."""
    import scipy.optimize

    multipliers, length = np.zeros(len(along)), np.sqrt(np.diag(inner))
    live = np.flatnonzero(length > 0)  # an example at which no filter has a slope moves nothing
    if not live.size:
        return multipliers
    unit = 1.0 / length[live]
    values, basis = np.linalg.eigh(inner[np.ix_(live, live)] * unit[:, None] * unit)
    kept = values > len(values) * np.finfo(np.float64).eps * values[-1]
    root = np.sqrt(values[kept])
    goal = (basis[:, kept].T @ (unit * along[live])) / root
    multipliers[live] = unit * scipy.optimize.nnls(root[:, None] * basis[:, kept].T, goal)[0]
    return multipliers
