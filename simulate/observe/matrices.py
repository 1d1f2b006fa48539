"""Observables of the weights as matrices: norms, stable ranks, normalised margins, the max-margin KKT conditions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.optimize

from derivations.declare import MaxMargin, NearOrthogonality, NeuronNorm, NormalisedMargin, Spectral
from dynamics.arrays import Array
from dynamics.geometry import orthogonality

from ..ask.derived import kappa
from .evaluators import OfStates, Sizes, evaluates
from .sides import patch_columns, sides, slopes
from .states import States, Variable


class _OfFrame:
    """What is of coordinates of W(0) and the directions, in a frame that all such kinds share."""

    def arrays(self, declared: object, sizes: Sizes) -> Mapping[str, float]:
        """The frame."""
        S, B = sizes.filters, sizes.directions
        return {f"the inner products of {S:.3g} filters": 3 * 8 * (S + B) * min(S + B, sizes.d)}


@evaluates(NeuronNorm)
class NeuronNorms(_OfFrame, OfStates[NeuronNorm]):
    """||w_{h,r}||."""

    def variable(self, states: States, declared: NeuronNorm) -> Variable | None:
        """(T, H, m); None without coefficients."""
        return None if states.b is None else Variable(("t", states.head, "r"), states.norms)


@evaluates(Spectral)
class Spectra(_OfFrame, OfStates[Spectral]):
    """Numbers of singular values."""

    def variable(self, states: States, declared: Spectral) -> Variable | None:
        """(T, H + 1), the last of all heads stacked; None without coefficients."""
        return None if states.b is None else Variable(("t", "matrix"), _spectral(states, declared))


@evaluates(NormalisedMargin)
class NormalisedMargins(_OfFrame, OfStates[NormalisedMargin]):
    """Margins over ||W||_F."""

    def variable(self, states: States, declared: NormalisedMargin) -> Variable | None:
        """(T,) of the spread, else (T, n); None without coefficients."""
        if states.b is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):  # W = 0 has no direction: NaN
            margins = states.seen["margins"] / np.sqrt(np.sum(states.norms**2, axis=(1, 2)))[:, None]
        return (
            Variable(("t",), np.ptp(margins, axis=1)) if declared.spread
            else Variable(("t", "i"), margins)
        )


@evaluates(MaxMargin)
class MaxMargins(_OfFrame, OfStates[MaxMargin]):
    """How far W is from the max-margin KKT conditions."""

    def variable(self, states: States, declared: MaxMargin) -> Variable | None:
        """(T,); None without coefficients."""
        return None if states.b is None else Variable(("t",), _max_margin(states, declared))


@evaluates(NearOrthogonality)
class NearOrthogonalities(OfStates[NearOrthogonality]):
    """R_min^2 / (R^2 n p)."""

    def variable(self, states: States, declared: NearOrthogonality) -> Variable | None:
        """One number of the data."""
        return Variable((), np.asarray(near_orthogonality(states, declared.of)))


def _spectral(states: States, declared: Spectral) -> Array:
    sizes = states.sizes
    if declared.what == "stable_rank":
        return 1.0 + sizes.excess
    return {"frobenius": sizes.frobenius, "spectral": sizes.spectral, "stable_rank_excess": sizes.excess}[declared.what]


def near_orthogonality(states: States, of: str) -> float:
    """R_min^2 / (R^2 n p) of a family over examples; inf where no two are correlated, NaN where one is 0."""
    rows = states.rows(of)
    gram = states.draw.gram[rows, rows]
    if not np.all(np.diag(gram) > 0):
        return float("nan")
    found = orthogonality.quantities(gram)
    below = found["R"] ** 2 * len(gram) * found["p"]
    return found["R_min"] ** 2 / below if below > 0 else float("inf")


def _max_margin(states: States, declared: MaxMargin) -> Array:
    which = ("residual", "slackness").index(declared.what)
    return np.array([_conditions(states, at)[which] for at in range(len(states.z))])


def _conditions(states: States, at: int) -> tuple[float, float]:
    """The residual over ||W||_F and the slackness at one state.

    grad z_i = sum over neurons of j y_i kappa sigma' x, so lambda solves a non-negative least squares problem in n
    variables with the inner products of these gradients (the paper's (4.1); a reading's 6.6), and what is left is again
    W(0) + b' V with b' = b - sum_i lambda_i (coefficients of grad z_i): its norm is taken as such, not by subtraction.
    """
    model, drawn = states.model, states.draw
    assert states.b is not None
    y, z, margins = drawn.y, states.z[at], states.seen["margins"][at]
    norm = float(np.sqrt(np.sum(states.norms[at] ** 2)))
    if norm == 0.0 or not np.isfinite(norm):
        return np.nan, np.nan
    factor = kappa(states.values, z.shape[1])
    columns, scales = patch_columns(model, y, drawn.clean)
    steep = sides(model, z, y, drawn.clean)
    slope = slopes(model.network.activation, steep, states.values) * scales * y[:, None]
    # Patch p adds grads[s, i, p] of direction columns[i, p] to neuron s of grad z_i.
    signs = np.array(model.network.head_axis.signs)[:, None, None, None]
    grads = (factor * signs * slope).reshape(-1, *slope.shape[2:])
    inner = np.zeros((len(y), len(y)))
    for p, q in np.ndindex(columns.shape[1], columns.shape[1]):
        inner += drawn.gram[np.ix_(columns[:, p], columns[:, q])] * (grads[..., p].T @ grads[..., q])
    if not np.isfinite(inner).all():
        return np.nan, np.nan
    try:
        multipliers = _nonnegative(inner, margins)
    except (RuntimeError, np.linalg.LinAlgError, ValueError):  # least squares did not end: nothing is known
        return np.nan, np.nan
    left = states.b[at].copy()
    for p in range(columns.shape[1]):
        np.subtract.at(left.reshape(-1, left.shape[-1]).T, columns[:, p], (multipliers[:, None] * grads[..., p].T))
    residual = float(np.linalg.norm(states.frame.at(left, states.shares[at])))
    least = float(margins.min())
    square = least * least  # least ** 2 would raise where it overflows
    slackness = float(np.max(multipliers * (margins - least))) / square if least > 0 and 0 < square < np.inf else np.nan
    return residual / norm, slackness


def _nonnegative(inner: Array, margins: Array) -> Array:
    """argmin over lambda >= 0 of ||W - sum_i lambda_i g_i||, from <g_i, g_k> and <W, g_i> = z_i (homogeneity)."""
    found, length = np.zeros(len(margins)), np.sqrt(np.diag(inner))
    live = np.flatnonzero(length > 0)  # an example at which no filter has a slope moves nothing
    if not live.size:
        return found
    unit = 1.0 / length[live]
    values, basis = np.linalg.eigh(inner[np.ix_(live, live)] * unit[:, None] * unit)
    kept = values > len(values) * np.finfo(np.float64).eps * values[-1]
    root = np.sqrt(values[kept])
    goal = (basis[:, kept].T @ (unit * margins[live])) / root
    found[live] = unit * scipy.optimize.nnls(root[:, None] * basis[:, kept].T, goal)[0]
    return found
