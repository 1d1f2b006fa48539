"""Test laws: error and loss on fresh examples, as a function of one Gaussian per neuron.

A patch of a fresh example is fixed (its pre-activations are read off z) or holds fresh Gaussian vectors; the
pre-activations of one fresh vector with covariance std^2 P are g ~ N(0, std^2 W P W^T), S = H m numbers whatever d is
(PEGR, arXiv:2303.17940, data of Definition 2.1).  The draws Z behind g are the same at every t and for every label, so
curves over t are smooth and labels are compared on the same noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Outputs = Callable[[Array], Array]
Loss = Literal["logistic", "exponential", "cross_entropy"]


@dataclass(frozen=True)
class Fresh:
    """Fresh examples along a trajectory of T states, for L labels, P patches and F fresh vectors.

    Patch p of an example with label l has the pre-activations `fixed`[t, l, p] + sum_f `mix`[l, p, f] g_f, where the
    g_f ~ N(0, `covariance`[t, f]) are independent of each other and of the label.

    fixed (T, L, P, H, m); mix (L, P, F + F'); covariance (T, F, S, S), positive semidefinite, S = H m; labels (L,): +-1
    for signed heads, 0..K-1 for class heads; `shares` (L,), their probabilities, equal where not given: a label may
    come twice, with other patches, as where labels are flipped.  `further`(t) gives F' more vectors, (N, S) each, of
    any law: those of class-dependent noise.
    """

    fixed: Array
    mix: Array
    covariance: Array
    labels: Array
    further: Callable[[int], list[Array]] | None = None
    shares: Array | None = None


def statistics(outputs: Outputs, fresh: Fresh, loss: Loss, normals: Array) -> dict[str, Array]:
    """Test error and test loss with their standard errors, each (T,); NaN where the state is not finite.

    The estimate is the mean over draws of the mean over labels by their shares, and the standard error is that of
    exactly this estimator: labels share the draws, so they are averaged before the variance is taken.  With no fresh
    vector in any patch the result is exact and its standard error is 0. A standard error of 0 otherwise says only that
    no draw differed from another: an error probability below about 3/N is not resolved.

    Args:
        outputs: pre-activations (N, P, H, m) -> f (N,) for signed heads or logits (N, K), a new array; any N.
        fresh: the examples.
        loss: "logistic" or "exponential" (signed heads), "cross_entropy" (class heads).
        normals: (N, F, S) independent standard normals, N >= 2.

    Returns:
        test_error, test_error_se, test_loss, test_loss_se; for class heads class_error, class_error_se (T, L). Error
        counts y f < 0, and y f = 0 as one half; for class heads, the label not being an arg max, with a tie of k arg
        maxima counted as 1 - 1/k.
    """
    steps, labels = len(fresh.fixed), len(fresh.labels)
    values = {name: np.full(steps, np.nan) for name in ("test_error", "test_error_se", "test_loss", "test_loss_se")}
    if loss == "cross_entropy":
        values |= {name: np.full((steps, labels), np.nan) for name in ("class_error", "class_error_se")}
    for t, scores, _ in states(outputs, fresh, normals):
        error, cost = errors(scores, fresh.labels), costs(scores, fresh.labels, loss)
        for name, each in (("test_error", error), ("test_loss", cost)):
            values[name][t], values[f"{name}_se"][t] = _mean_and_error(_over_labels(each, fresh.shares))
        if "class_error" in values:
            by_label = np.array([_mean_and_error(column) for column in error.T])
            values["class_error"][t], values["class_error_se"][t] = by_label.T
    return values


def _over_labels(each: Array, shares: Array | None) -> Array:
    """The mean over labels (N,) of what each has (N, L); a label of share 0 stays out of it, infinite or not."""
    if shares is None:
        mean: Array = each.mean(axis=1)
        return mean
    there = shares > 0
    weighted: Array = each[:, there] @ shares[there]
    return weighted


def states(outputs: Outputs, fresh: Fresh, normals: Array) -> Iterator[tuple[int, Array, list[Array]]]:
    """At every finite state: t, the outputs (N, L) or (N, L, K), and the fresh vectors' pre-activations (N, S).

    Arguments as in `statistics`.
    """
    finite = np.isfinite(fresh.fixed).all(axis=(1, 2, 3, 4)) & np.isfinite(fresh.covariance).all(axis=(1, 2, 3))
    with threadpool_limits(limits=1, user_api="blas"):  # matrices this small are slower, never faster, on more threads
        for t, roots in zip(np.flatnonzero(finite), square_roots(fresh.covariance[finite]), strict=True):
            vectors = [normals[:, f] @ root.T for f, root in enumerate(roots)]
            vectors += fresh.further(int(t)) if fresh.further is not None else []
            yield int(t), _scores(outputs, fresh.fixed[t], fresh.mix, vectors), vectors


def errors(scores: Array, labels: Array) -> Array:
    """Whether each score is wrong, ties shared as in `statistics`, (N, L)."""
    return (_signed_error if scores.ndim == 2 else _class_error)(scores, labels)


def costs(scores: Array, labels: Array, loss: Loss) -> Array:
    """The loss of each score, (N, L)."""
    return _LOSSES[loss](scores, labels)


def square_roots(covariance: Array) -> Array:
    """C with C C^T = covariance (..., S, S), symmetric positive semidefinite; negative eigenvalues count as 0.

    C = D R^(1/2) with D the standard deviations and R the correlations: the symmetric root depends continuously on the
    covariance (an eigenvector basis does not), and small neurons next to large ones keep their own relative accuracy.
    """
    deviation = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    inverse = np.where(deviation > 0, 1.0 / np.where(deviation > 0, deviation, 1.0), 0.0)  # a zero neuron stays out
    values, vectors = np.linalg.eigh(covariance * inverse[..., :, None] * inverse[..., None, :])
    scaled = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    roots: Array = deviation[..., :, None] * (scaled @ np.swapaxes(vectors, -1, -2))
    return roots


def _scores(outputs: Outputs, fixed: Array, mix: Array, vectors: list[Array]) -> Array:
    """Network outputs at one state, (N, L) or (N, L, K); N = 1 where nothing is fresh."""
    drawn = [vector.reshape(-1, *fixed.shape[2:]) for vector in vectors]
    activations = np.empty((len(drawn[0]) if mix.any() else 1, *fixed.shape[1:]))
    columns: list[Array] = []
    for label in range(len(mix)):
        same = label > 0
        for p, weights in enumerate(mix[label]):
            # A patch that is the same for the label before (noise does not depend on the label) already stands there.
            known = label > 0 and np.array_equal(weights, mix[label - 1, p])
            if not (known and np.array_equal(fixed[label, p], fixed[label - 1, p])):
                same = False
                activations[:, p] = fixed[label, p]
                for f in np.flatnonzero(weights):
                    activations[:, p] += weights[f] * drawn[f]
        columns.append(columns[-1] if same else outputs(activations))
    return np.stack(columns, axis=1)


def _signed_error(scores: Array, labels: Array) -> Array:
    """P(y f < 0) + P(y f = 0) / 2 of each score, (N, L)."""
    margin = labels * scores
    wrong: Array = (margin < 0) + 0.5 * (margin == 0)
    return wrong


def _class_error(scores: Array, labels: Array) -> Array:
    """One minus the label's share of the arg max, (N, L)."""
    best = scores == scores.max(axis=2, keepdims=True)
    wrong: Array = 1.0 - _own(best.astype(np.float64), labels) / best.sum(axis=2)
    return wrong


def _own(scores: Array, labels: Array) -> Array:
    """scores[n, l, labels[l]], (N, L)."""
    return scores[:, np.arange(len(labels)), labels.astype(np.intp)]


def _logistic(scores: Array, labels: Array) -> Array:
    return np.logaddexp(0.0, -labels * scores)


def _exponential(scores: Array, labels: Array) -> Array:
    with np.errstate(over="ignore"):  # e^{-yf} beyond the largest double is inf, as it should be
        return np.exp(-labels * scores)


def _cross_entropy(scores: Array, labels: Array) -> Array:
    """log(1 + sum_{k != y} e^{s_k - s_y}), accurate also where it is tiny, (N, L)."""
    gaps = scores - _own(scores, labels)[:, :, None]
    gaps[:, np.arange(len(labels)), labels.astype(np.intp)] = -np.inf
    top = gaps.max(axis=2)
    cost: Array = np.logaddexp(0.0, top + np.log(np.exp(gaps - top[:, :, None]).sum(axis=2)))
    return cost


_LOSSES: dict[Loss, Callable[[Array, Array], Array]] = {
    "logistic": _logistic,
    "exponential": _exponential,
    "cross_entropy": _cross_entropy,
}


def _mean_and_error(draws: Array) -> tuple[float, float]:
    """Mean and standard error over draws (N,); a single draw is exact (nothing was random)."""
    if len(draws) == 1:
        return float(draws[0]), 0.0
    with np.errstate(invalid="ignore"):  # inf - inf in the variance of an infinite loss is NaN
        return float(draws.mean()), float(draws.std(ddof=1) / np.sqrt(len(draws)))
