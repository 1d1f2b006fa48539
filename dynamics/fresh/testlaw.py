"""Test laws: error and loss on fresh examples, as a function of one Gaussian per neuron.

A patch of a fresh example is fixed (its pre-activations are read off z) or holds fresh Gaussian vectors; the
pre-activations of one fresh vector with covariance std^2 P are g ~ N(0, std^2 W P W^T), S = H m numbers whatever d is
(PEGR, arXiv:2303.17940, data of Definition 2.1): `coloured`, for every Gaussian family of either kind of draw.  The
draws Z behind g are the same at every t and for every label, so curves over t are smooth and labels are compared on the
same noise.  Outputs are sums over patches, so what several labels have in a patch is put through the network once;
draws are taken a few hundred at a time, so that what is made of them stays in cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from .intervals import mean_and_error
from .normals import Normals, by_group

Outputs = Callable[[Array], Array]
Loss = Literal["logistic", "exponential", "cross_entropy"] | Callable[[Array], Array]
"""By its word, or a function of the margins of signed heads."""
_CHUNK = 2**17  # pre-activations of a vector taken in one go, 1 MB


@dataclass(frozen=True)
class Fresh:
    """Fresh examples along a trajectory of T states, for L labels, P patches and F fresh vectors.

    Patch p of an example with label l has the pre-activations `fixed`[t, l, p] + sum_f `mix`[l, p, f] g_f, where the
    g_f ~ N(0, `covariance`[t, f]) are independent of each other and of the label.

    fixed (T, L, P, H, m); mix (L, P, F + F'); covariance (T, F, S, S), positive semidefinite, S = H m; labels (L,): +-1
    for signed heads, 0..K-1 for class heads; `shares` (L,), their probabilities, equal where not given: a label may
    come twice, with other patches, as where labels are flipped.  `further`(t) gives F' more vectors of any law, those
    of class-dependent noise: (n, S) each for a slice of the N draws.  Where it `weighs`, the last patch is the second
    layer's weight, alike in all examples, by which outputs are sums over the other patches.

    For a kernel on lanes further vectors may be read as `tilt` (T, L, P, C) and `lines` (T, C, S): sum_c tilt x_c lines
    on top, by an example's own standard normals x (`spiked`).
    """

    fixed: Array
    mix: Array
    covariance: Array
    labels: Array
    further: Callable[[int], Callable[[slice], list[Array]]] | None = None
    shares: Array | None = None
    weighs: bool = False
    tilt: Array | None = None
    lines: Array | None = None


def statistics(outputs: Outputs, fresh: Fresh, loss: Loss, normals: Normals) -> dict[str, Array]:
    """Test error and test loss with their standard errors, each (T,); NaN where the state is not finite.

    The estimate is the mean over draws of the mean over labels by their shares, and the standard error is that of
    exactly this estimator: labels share the draws, and a group's examples their noise, so that they are averaged before
    the variance is taken.  With no fresh vector in any patch the result is exact and its standard error is 0. A
    standard error of 0 otherwise says only that no draw differed from another: of M groups an error probability below
    about 3/M is not resolved.

    Args:
        outputs: pre-activations (N, P, H, m) -> f (N,) for signed heads or logits (N, K), a new array; any N.
        fresh: the examples.
        loss: "logistic", "exponential" or a function of margins (signed heads), "cross_entropy" (class heads).
        normals: of N examples of F vectors to S neurons, in 2 groups or more.

    Returns:
        test_error, test_error_se, test_loss, test_loss_se; for class heads class_error, class_error_se (T, K). Error
        counts y f < 0, and y f = 0 as one half; for class heads, the label not being an arg max, with a tie of k arg
        maxima counted as 1 - 1/k.
    """
    steps, labels = len(fresh.fixed), len(np.unique(fresh.labels))
    values = {name: np.full(steps, np.nan) for name in ("test_error", "test_error_se", "test_loss", "test_loss_se")}
    if loss == "cross_entropy":
        values |= {name: np.full((steps, labels), np.nan) for name in ("class_error", "class_error_se")}
    for t, scores, _ in states(outputs, fresh, normals):
        error, cost = errors(scores, fresh.labels), costs(scores, fresh.labels, loss)
        for name, entries in (("test_error", error), ("test_loss", cost)):
            each = by_group(_over_labels(entries, fresh.shares), normals.strata)
            values[name][t], values[f"{name}_se"][t] = mean_and_error(each)
        if "class_error" in values:
            of_class = by_group(by_class(error, fresh.labels, fresh.shares), normals.strata)
            by_label = np.array([mean_and_error(column) for column in of_class.T])
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


def classes_of(labels: Array) -> list[float]:
    """The different labels, in the order in which they come first."""
    return list(dict.fromkeys(labels.tolist()))


def by_class(each: Array, labels: Array, shares: Array | None) -> Array:
    """What each label has (N, L) as the mean by shares of each class (N, K), where a class comes several times.

    Classes are in the order in which they come first (`classes_of`).
    """
    classes = classes_of(labels)
    if len(classes) == len(labels):
        return each
    weights = np.ones(len(labels)) if shares is None else shares
    columns = [labels == k for k in classes]
    return np.stack([each[:, own] @ (weights[own] / weights[own].sum()) for own in columns], axis=1)


def states(
    outputs: Outputs, fresh: Fresh, normals: Normals,
    also: Callable[[int], Callable[[list[Array]], Array]] | None = None,
) -> Iterator[tuple[int, Array, Array]]:
    """At every finite state: t, the outputs (N, L) or (N, L, K), and what is asked for `also` (N, ...), else empty.

    `also`(t) takes the fresh vectors' pre-activations, (n, S) each, of n of the draws.  The rest as in `statistics`.
    """
    count, group = normals.count, normals.strata
    size = max(1, _CHUNK // int(np.prod(fresh.fixed.shape[3:])) // group) * group
    drawn = [slice(first, first + size) for first in range(0, count, size)] if fresh.mix.any() else [slice(1)]
    for t in np.flatnonzero(np.isfinite(fresh.fixed).all(axis=(1, 2, 3, 4))):
        own = [normals.draws(f, each) for f, each in enumerate(fresh.covariance[t])]
        others = fresh.further(int(t)) if fresh.further is not None else None
        network = _Patches(outputs, fresh.fixed[t], fresh.mix, fresh.weighs)
        taken = also(int(t)) if also is not None else _nothing
        scores: list[Array] = []
        made: list[Array] = []
        for rows in drawn:
            vectors = [draws(rows) for draws in own] + (others(rows) if others is not None else [])
            if not all(np.isfinite(vector[0]).all() for vector in vectors):  # `coloured` gives all draws or none
                break
            scores.append(network.scores(vectors))
            made.append(taken(vectors))
        else:
            yield int(t), np.concatenate(scores), np.concatenate(made)


def margins(scores: Array, labels: Array) -> Array:
    """How far each score is from being wrong, (N, L): y f, or the own logit less the largest other."""
    if scores.ndim == 2:
        return np.asarray(labels * scores)
    heads, own = _by_head(scores), _own(labels)
    mine = heads[own].T
    heads[own] = -np.inf
    return np.asarray(mine - heads.max(axis=0))


def errors(scores: Array, labels: Array) -> Array:
    """Whether each score is wrong, ties shared as in `statistics`, (N, L)."""
    return (_signed_error if scores.ndim == 2 else _class_error)(scores, labels)


def costs(scores: Array, labels: Array, loss: Loss) -> Array:
    """The loss of each score, (N, L)."""
    if callable(loss):
        return loss(labels * scores)
    return _LOSSES[loss](scores, labels)


def _nothing(_: list[Array]) -> Array:
    return np.empty(0)


class _Patches:
    """The network at one state, patch by patch: fixed (L, P, H, m), mix (L, P, F)."""

    def __init__(self, outputs: Outputs, fixed: Array, mix: Array, weighs: bool) -> None:
        self.outputs, self.fixed, self.mix = outputs, fixed, mix
        self.fresh = np.asarray(mix.any(axis=2))
        self.none = np.zeros((1, *fixed.shape[1:]))  # an example whose patches are 0
        if weighs:
            self.none[:, -1] = fixed[0, -1]
        self.silence = outputs(self.none)  # 0, unless the activation is not 0 at 0
        self.still = outputs(np.where(self.fresh[..., None, None], 0.0, fixed))
        self.buffers: dict[int, Array] = {}  # by patch: examples that are 0 in every other one
        self.alike = self._alike()

    def _alike(self) -> dict[tuple[int, int], list[int]]:
        """Of each different fresh patch the first label that has it, its place, and all labels that have it alike."""
        labels: dict[tuple[int, bytes, bytes], list[int]] = {}
        for label, p in np.argwhere(self.fresh).tolist():
            labels.setdefault((p, self.fixed[label, p].tobytes(), self.mix[label, p].tobytes()), []).append(label)
        return {(own[0], p): own for (p, *_), own in labels.items()}

    def scores(self, vectors: list[Array]) -> Array:
        """Outputs (n, L) or (n, L, K) of the vectors' draws, (n, S) each; n = 1 where nothing is fresh."""
        total = np.repeat(self.still[None], len(vectors[0]) if self.fresh.any() else 1, axis=0)
        for (label, p), own in self.alike.items():
            alone = self._alone(label, p, vectors) - self.silence
            total[:, own] += alone[:, None]
        return total

    def _alone(self, label: int, p: int, vectors: list[Array]) -> Array:
        """Outputs (n,) or (n, K) of the label's fresh patch p with the other patches at 0."""
        count = len(vectors[0])
        if len(self.buffers.get(p, ())) < count:
            self.buffers[p] = np.repeat(self.none, count, axis=0)
        activations = self.buffers[p][:count]
        held = np.flatnonzero(self.mix[label, p]).tolist()
        patch, first = activations[:, p], vectors[held[0]].reshape(-1, *self.fixed.shape[2:])
        share = self.mix[label, p, held[0]]
        np.add(first if share == 1.0 else share * first, self.fixed[label, p], out=patch)
        for f in held[1:]:
            patch += self.mix[label, p, f] * vectors[f].reshape(-1, *self.fixed.shape[2:])
        return self.outputs(activations)


def _signed_error(scores: Array, labels: Array) -> Array:
    """P(y f < 0) + P(y f = 0) / 2 of each score, (N, L)."""
    margin = labels * scores
    wrong: Array = (margin < 0) + 0.5 * (margin == 0)
    return wrong


def _class_error(scores: Array, labels: Array) -> Array:
    """One minus the label's share of the arg max, (N, L)."""
    heads = _by_head(scores)
    best = heads == heads.max(axis=0)
    wrong: Array = 1.0 - best[_own(labels)].T / best.sum(axis=0)
    return wrong


def _by_head(scores: Array) -> Array:
    """(K, N, L) of (N, L, K), a new array: sums over a first axis are done whole rows at a time."""
    return np.array(np.moveaxis(scores, 2, 0), order="C")


def _own(labels: Array) -> tuple[NDArray[np.intp], slice, NDArray[np.intp]]:
    """Where scores (K, N, L) have each label's own head, (L, N)."""
    return labels.astype(np.intp), slice(None), np.arange(len(labels))


def _logistic(scores: Array, labels: Array) -> Array:
    return np.logaddexp(0.0, -labels * scores)


def _exponential(scores: Array, labels: Array) -> Array:
    with np.errstate(over="ignore"):  # e^{-yf} beyond the largest double is inf, as it should be
        return np.exp(-labels * scores)


def _cross_entropy(scores: Array, labels: Array) -> Array:
    """log(1 + sum_{k != y} e^{s_k - s_y}), accurate also where it is tiny, (N, L)."""
    gaps, own = _by_head(scores), _own(labels)
    gaps -= gaps[own].T
    gaps[own] = -np.inf
    top = gaps.max(axis=0)
    cost: Array = np.logaddexp(0.0, top + np.log(np.exp(gaps - top).sum(axis=0)))
    return cost


_LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "logistic": _logistic,
    "exponential": _exponential,
    "cross_entropy": _cross_entropy,
}
