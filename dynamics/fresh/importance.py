"""Rare errors of fresh examples: half of the draws from Gaussians about the likeliest wrong ones.

A fresh example is a function of D standard normals, p their density.  For a label that few of the plain draws are
judged wrong with, the points nearest to the origin at which its margin is 0 are looked for from many starts, one a
direction in which it may go wrong (Hasofer and Lind 1974, Rackwitz and Fiessler 1978); Gaussians about them are a
mixture q, which is fitted to the wrong ones among its own draws, again in their light.  The wrong draws are then
counted among N plain ones and 4 N of q, each weighted by p / (p/5 + 4 q/5): without bias whatever q is, and as no
weight is above 5, never worse than N plain draws; errors of 1e-9 and below are resolved where q fits.  How good q is
decides how small the standard error is, and nothing else; a direction that no start leads to is seen by the plain draws
alone.  The loss is that of the wrong draws, so weighted, and that of the plain draws that are right.  Where nearly all
draws are wrong, as with a flipped label, right ones are rare, and this is done for them: the error is 1 less theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import Array, Flags
from .intervals import upper
from .testlaw import Loss, by_class, classes_of, costs, errors, margins

Scores = Callable[[Array], Array]
"""Standard normals (n, D) -> the outputs of an example of each label, (n, L) or (n, L, K), or NaN."""
SomeScores = Callable[[Array, list[int]], Array]
"""The same of the labels at some places alone."""
Streams = Callable[[int, int], np.random.Generator]
Margin = Callable[[Array], Array]

COMMON = 0.05  # the share of wrong draws from which plain draws do
MORE = 4  # draws of q for each plain one
_PLAIN = 1.0 / (1.0 + MORE)
_TOGETHER = 8192  # draws that gradients are taken of in one call
_STARTS, _GRADIENTS = 128, 8000  # starts, of which fewer are taken where their gradients have more entries than this
_STEPS, _NUDGE, _STILL = 10, 1e-5, 1e-3
_CLOSE, _BEYOND = 0.7, 3.0  # standard deviations between parts, and from the nearest to the furthest that counts
_FITS = 2


@dataclass(frozen=True)
class Tilt:
    """q = sum_c share[c] N(mean[c], I + sum_k (spread[k]^2 - 1) v_k v_k^T); axes (k, D) are the orthonormal v_k.

    mean (C, D), share (C,), spread (k,).
    """

    mean: Array
    share: Array
    axes: Array
    spread: Array

    @classmethod
    def about(cls, mean: Array) -> Tilt:
        """As wide as N(0, I), each part with the same share."""
        size = mean.shape[1]
        return cls(mean, np.full(len(mean), 1.0 / len(mean)), np.empty((0, size)), np.empty(0))

    def fitted(self, u: Array, weights: Array) -> Tilt:
        """As wide as weighted draws (n, D) are about the nearest mean, where chance does not make N(0, I) as wide."""
        where, total = _distances(u, self.mean).argmin(axis=1), weights.sum()
        apart = u - self.mean[where]
        values, vectors = np.linalg.eigh((apart * (weights / total)[:, None]).T @ apart)
        independent = total**2 / (weights**2).sum()
        wide = values > (1.0 + np.sqrt(u.shape[1] / independent)) ** 2  # Marchenko and Pastur's edge
        share = np.bincount(where, weights, len(self.mean)) / total
        return Tilt(self.mean, 0.5 * share + 0.5 / len(share), vectors[:, wide].T, np.sqrt(values[wide]))

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Draws of q (count, D), as many of each part as its share says."""
        ends = np.rint(np.cumsum(self.share) * count).astype(int)
        mean = np.repeat(self.mean, np.diff(ends, prepend=0), axis=0)
        normals = rng.standard_normal((count, self.mean.shape[1]))
        return np.asarray(mean + normals + (normals @ self.axes.T * (self.spread - 1.0)) @ self.axes)

    def log_ratio(self, u: Array) -> Array:
        """log q - log p at u (n, D)."""
        from scipy.special import logsumexp

        thin = self.spread**-2.0 - 1.0
        along, centre = u @ self.axes.T, self.mean @ self.axes.T
        # |u|^2 less the form of each part, of which |u|^2 itself goes out.
        ahead = 2.0 * u @ self.mean.T - (self.mean**2).sum(axis=1)
        ahead -= (along**2) @ thin[:, None] - 2.0 * (along * thin) @ centre.T + (centre**2) @ thin
        return np.asarray(logsumexp(0.5 * ahead + np.log(self.share), axis=1) - np.log(self.spread).sum())

    def weights(self, u: Array) -> Array:
        """p over the density of all draws together, the plain ones among them."""
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (_PLAIN + (1.0 - _PLAIN) * np.exp(self.log_ratio(u))))


def statistics(
    scores: Scores, plain: Array, labels: Array, shares: Array, loss: Loss, streams: Streams,
    some: SomeScores | None = None,
) -> dict[str, Array]:
    """test_error and test_loss with standard errors that cover (`covering`), by label (L,) class_error, and bounds.

    Args:
        scores: of standard normals.
        plain: (N, D) standard normals, N >= 2.
        labels: (L,).
        shares: (L,), their probabilities.
        loss: see `testlaw.statistics`.
        streams: the generators of a label's further normals, by its place: of fitting q, 0, and of its draws, 1.
        some: scores of some labels, where these take less than all.
    """
    of_labels = some or (lambda u, at: scores(u)[:, at])
    made = scores(plain)
    wrong, there = errors(made, labels), shares > 0
    usual = np.where(wrong.mean(axis=0) > 1.0 - COMMON, 1.0, 0.0)  # of a flipped label nearly every answer is wrong
    ahead = margins(made, labels) * (1.0 - 2.0 * usual)  # 0 or less where the answer is not the usual one
    alike = _alike(ahead, there)
    tilts = {at: _tilt(_ahead_of(of_labels, labels, usual, at), plain, ahead[:, at], streams(at, 0)) for at in alike}
    of = {each: tilts[at] for at, several in alike.items() for each in several}
    ones = np.ones(len(plain))
    weights = np.stack(
        [ones if (tilt := of.get(at)) is None else _PLAIN * tilt.weights(plain) for at in range(len(labels))], axis=1)
    wrong = (wrong - usual) * weights
    cost = costs(made, labels, loss)
    middle = np.median(cost, axis=0)  # of which everybody has its share, so that the weights' spread stays out of it
    middle = np.where(np.isfinite(middle), middle, 0.0)
    cost = middle + (cost - middle) * np.where(ahead > 0, 1.0, weights)
    strata = {"error": [wrong[:, there] @ shares[there]], "loss": [cost[:, there] @ shares[there]]}
    by_label, place = [[column] for column in by_class(wrong, labels, shares).T], classes_of(labels)
    within = np.array([shares[at] / shares[labels == label].sum() for at, label in enumerate(labels)])
    for at, several in alike.items():
        if (tilt := tilts[at]) is None:
            continue
        u = tilt.draw(streams(at, 1), MORE * len(plain))
        tilted, share, those = of_labels(u, several), (1.0 - _PLAIN) * tilt.weights(u)[:, None], labels[several]
        own = share * (errors(tilted, those) - usual[several])
        rare = share * (margins(tilted, those) * (1.0 - 2.0 * usual[several]) <= 0)
        more = np.where(rare > 0, rare * (costs(tilted, those, loss) - middle[several]), 0.0)
        for label in dict.fromkeys(labels[several].tolist()):
            held = labels[several] == label
            by_label[place.index(label)].append(own[:, held] @ within[several][held])
        strata["error"].append(own @ shares[several])
        strata["loss"].append(more @ shares[several])
    seen = np.array([len(plain) if of.get(at) is None else np.inf for at in range(len(labels))])
    out: dict[str, Array] = {}
    for name, parts in strata.items():
        out[f"test_{name}"], out[f"test_{name}_se"] = map(np.asarray, _joined(parts))
    out["test_error"] = out["test_error"] + usual[there] @ shares[there]
    out["class_error"], out["class_error_se"] = np.array([_joined(parts) for parts in by_label]).T
    out["class_error"] += by_class(usual[None], labels, shares)[0]
    out["test_error_upper"] = upper(out["test_error"], out["test_error_se"], seen[there].min())
    of_class = np.array([seen[labels == label].min() for label in place])
    out["class_error_upper"] = upper(out["class_error"], out["class_error_se"], of_class)
    return out


def _alike(ahead: Array, there: Flags) -> dict[int, list[int]]:
    """The places of labels that are `there` (L,) and as far `ahead` (N, L) in all draws, by the first of them.

    A label and the same one flipped are: the answers that are wrong for one are right for the other, ties half for
    either, and seen in the same draws they give p + (1 - 2p) e for flips of probability p.
    """
    alike: dict[bytes, list[int]] = {}
    for at in np.flatnonzero(there).tolist():
        alike.setdefault((ahead[:, at] + 0.0).tobytes(), []).append(at)
    return {several[0]: several for several in alike.values()}


def _ahead_of(of_labels: SomeScores, labels: Array, usual: Array, at: int) -> Margin:
    """How far a label's answer is from not being the usual one, which is right or wrong."""
    return lambda u: np.asarray((1.0 - 2.0 * usual[at]) * margins(of_labels(u, [at]), labels[[at]])[:, 0])


def covering(draws: Array) -> tuple[float, float]:
    """The mean of draws (N,) and a standard error that covers where few of the draws carry the spread.

    The sample's standard error s / sqrt(N) is too small where the variance is itself of few draws.  It is widened as
    2.34 draws of the same weight beside the k = N / kurtosis that carry the spread would: for the share of k successes
    that is Agresti and Coull's correction at 95 % and small shares.
    """
    mean = float(draws.mean())
    if len(draws) < 2 or not np.isfinite(draws).all():
        return mean, np.nan
    if (draws == draws[0]).all():
        return float(draws[0]), 0.0
    apart = draws - mean
    largest = float(np.abs(apart).max())
    if not np.isfinite(largest):
        return mean, np.nan
    variance = float(((apart / largest) ** 2).mean())  # squares may overflow where the result does not
    kurtosis = float(((apart / largest) ** 4).mean()) / variance**2
    return mean, float(largest * np.sqrt(variance / (len(draws) - 1) * (1.0 + 2.34 * kurtosis / len(draws))))


def _joined(parts: list[Array]) -> tuple[float, float]:
    """Sum of the means of independent strata, with its standard error."""
    strata = np.array([covering(part) for part in parts])
    return float(strata[:, 0].sum()), float(np.hypot.reduce(strata[:, 1]))


def _tilt(margin: Margin, plain: Array, own: Array, rng: np.random.Generator) -> Tilt | None:
    """q for a margin, of plain draws `own` (N,); None where these do, or no start leads to 0 or less of it."""
    if not np.isfinite(own).all() or (own <= 0).mean() >= COMMON:
        return None
    count = min(_STARTS, max(8, _GRADIENTS // plain.shape[1]))
    order = np.argsort(own, kind="stable")
    half = count // 2  # the nearest draws, and others through all of them
    starts = plain[np.concatenate([order[:half], order[:: max(1, len(order) // half)][:half]])]
    mean = _apart(_nearest(margin, starts))
    if not len(mean):
        return None
    tilt = Tilt.about(mean)
    for _ in range(_FITS):
        u = tilt.draw(rng, len(plain))
        wrong = margin(u) <= 0
        if wrong.sum() < 2:
            break
        ratio = -tilt.log_ratio(u[wrong])
        tilt = tilt.fitted(u[wrong], np.exp(ratio - ratio.max()))
    return tilt


def _nearest(margin: Margin, u: Array) -> Array:
    """Points (C, D) where the margin is about 0, as near to the origin as can be about those given.

    Each goes to the nearest point where the margin, taken as linear about it, is 0; gradients are differences.  Those
    that are not wrong there, or a little further on, are left out.
    """
    nearest, moving = u.copy(), np.arange(len(u))
    for _ in range(_STEPS):
        if not len(moving):
            break
        points = nearest[moving]
        values = margin(points)
        slopes = (_nudged(margin, points) - values[:, None]) / _NUDGE
        squares = (slopes**2).sum(axis=1)
        known = (squares > 0) & np.isfinite(squares)
        ahead = ((slopes * points).sum(axis=1) - values) / np.where(known, squares, 1.0)
        moved = np.where(known[:, None], ahead[:, None] * slopes, points)
        nearest[moving] = moved
        moving = moving[((moved - points) ** 2).sum(axis=1) > _STILL**2]
    return nearest[margin(nearest * (1.0 + _CLOSE / np.sqrt(1e-300 + (nearest**2).sum(axis=1, keepdims=True)))) <= 0]


def _nudged(margin: Margin, points: Array) -> Array:
    """The margins (C, D) of points (C, D) with one of their normals a little larger."""
    count, size = points.shape
    several = max(1, _TOGETHER // size)
    chunks = [
        margin((some[:, None] + _NUDGE * np.eye(size)).reshape(-1, size)).reshape(-1, size)
        for some in (points[first : first + several] for first in range(0, count, several))
    ]
    return np.concatenate(chunks)


def _apart(points: Array) -> Array:
    """The points without those that are close to an earlier one, or further out than any wrong answer is likely."""
    length = np.sqrt((points**2).sum(axis=1))
    kept: list[int] = []
    for at in map(int, np.argsort(length, kind="stable")):
        near = bool(kept) and _distances(points[at : at + 1], points[kept]).min() <= _CLOSE**2
        if length[at] <= length.min() + _BEYOND and not near:
            kept.append(at)
    return points[kept]


def _distances(u: Array, v: Array) -> Array:
    """Squared distances (n, C) of u (n, D) and v (C, D)."""
    return np.asarray((u**2).sum(axis=1)[:, None] - 2.0 * u @ v.T + (v**2).sum(axis=1))


__all__ = ["COMMON", "Scores", "SomeScores", "Tilt", "covering", "statistics"]
