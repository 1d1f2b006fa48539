"""The influence score of every example and the noise correlations between classes, from images and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from dynamics.arrays import Array, Indices
from dynamics.blas import one_blas_thread

from ..ask import arrays, reading
from ..errors import InputError
from ..run import estimate
from ..run.seconds import RATE
from ..work import html, memory, progress

_CHUNK = 2**22  # float64 numbers of a chunk of images: 32 MiB
_BLOCK = 2**26  # float64 numbers of all classes' scatter rows held at once: 512 MiB


@dataclass(frozen=True)
class InfluenceScores:
    """What `influence_scores` found; the K classes stand in increasing order of their labels.

    Attributes:
        scores: (N,), equation (10) for every example, in the images' unit to the fourth power.
        pairs: (K, K), the estimate of ||A_i^T A_j||_F^2 = <Sigma_i, Sigma_j>_F, in the same unit.
        classes: (K,) int64, the labels.
        counts: (K,) int64, the examples of each class.
        effective_rank: (K,), Tr(Sigma^)^2 / ||Sigma^||_F^2 of the sample covariance Sigma^, 0 for a class without
            variation.  Divided by the class's count it is, to leading order, the part of the plug-in diagonal that is
            bias.
        corrected: whether scores and diagonal are the bias-corrected ones.
    """

    scores: Array
    pairs: Array
    classes: NDArray[np.int64]
    counts: NDArray[np.int64]
    effective_rank: Array
    corrected: bool

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The scores, so that np.asarray gives them."""
        return np.array(self.scores, dtype=dtype, copy=True if copy is None else copy)

    def __len__(self) -> int:
        return len(self.scores)

    def _repr_html_(self) -> str:
        """A row a class, and the covariances' products."""
        rows, labels = [], [str(label) for label in self.classes]
        for at, label in enumerate(labels):
            rows.append((label, str(self.counts[at]), f"{self.effective_rank[at]:.4g}",
                         *(f"{value:.4g}" for value in self.pairs[at])))
        kind = "bias-corrected" if self.corrected else "plug-in"
        return "\n".join([
            html.heading(f"{len(self)} influence scores, {kind}: {self.scores.min():.4g} to {self.scores.max():.4g}"),
            html.table(("class", "examples", "effective rank", *(f"<Sigma, Sigma_{label}>" for label in labels)), rows,
                       note="<Sigma_i, Sigma_j> estimates ||A_i^T A_j||_F^2"),
        ])


@dataclass(frozen=True)
class _Sums:
    """For c_i = x_i - (its class's mean) and S_k = sum of c_i c_i^T over class k, what every score is made of."""

    square: Array  # (N,)    h_i = ||c_i||^2
    scatter: Array  # (N,)   q_i = c_i^T S c_i
    third: Array  # (N,)     p_i = <c_i, sum_j h_j c_j>
    products: Array  # (K, K) <S_i, S_j>_F


@one_blas_thread()
def influence_scores(images: ArrayLike, labels: ArrayLike, *, corrected: bool = True) -> InfluenceScores:
    """Equation (10)'s score of every example, and the matrix ||A_i^T A_j||_F^2 over pairs of classes.

    The score of (x, y) is inf(x) = ||Sigma^(S_y)||_F^2 - ||Sigma^(S_y without x)||_F^2, where Sigma^ estimates the
    covariance of class y's images, mean removed.  Nothing is estimated again for the left-out examples: with the
    class's n examples, r = n/(n-1), c = x - mean, S = sum c c^T, h = ||c||^2 and q = c^T S c,

        S_without_x = S - r c c^T,     ||S_without_x||_F^2 = ||S||_F^2 - 2 r q + r^2 h^2,

    so one centred Gram matrix of all images (where they are no more than their pixels) or one covariance a class is
    enough: O(N^2 d) or O(N d^2) operations.  Beyond what is passed in it holds K + 1 matrices of d x d, in row
    blocks of at most half a GiB together, or the N x N Gram matrix, in float64; images are converted a chunk at a time.

    Plug-in (`corrected=False`) puts the sample covariance (divisor n - 1) into the formula.  ||Sigma^||_F^2 is then
    too large by about Tr(Sigma)^2/n, scores of independent images are negative on average, and the diagonal of
    `pairs`, where K or n is small, is mostly bias.  Corrected replaces ||Sigma^||_F^2 by

        [(n-2) ||S||_F^2 + Tr(S)^2/(n-1) - n sum h_i^2] / (n (n-2) (n-3)),

    which is unbiased for independent, identically distributed images of a class, whatever their law (fourth moments
    finite); the scores of a class then sum to 0.  It is an estimate like any other: where the count is far below the
    effective rank it can be negative.  Off the diagonal the plug-in is unbiased already and is used in both.  Only the
    order of scores within a class means something; they grow with the image's distance from the mean.

    Args:
        images: (N, ...), numbers: flattened to (N, d) and used as they are, so a factor s in the pixels is s^4 in
            the scores.
        labels: (N,), whole numbers, any two or one or more distinct ones.
        corrected: the unbiased estimates, needing 5 examples a class; otherwise plug-in, needing 3.

    Raises:
        InputError: for shapes that do not fit, values that are not finite numbers (or whose fourth powers are not),
            labels that are not whole numbers, and a class with too few examples.

    Source:
        The heterogeneous noise paper, equation (10) and footnote 5, with the divisor n - 1, which it leaves open; a
        divisor n would leave the order within a class as it is.  The closed forms are this package's own.
    """
    corrected = reading.switch("corrected", corrected)
    flat, kinds = _flat(images), arrays.whole("labels", labels)
    if len(flat) != len(kinds):
        raise InputError(
            f"labels: {len(kinds)} labels for {len(flat)} images; expected one label an image, in the same order"
        )
    classes, of = np.unique(kinds, return_inverse=True)
    counts = np.bincount(of, minlength=len(classes))
    _check_counts(classes, counts, corrected)
    _check_cost(len(flat), flat.shape[1], len(classes))
    groups = [np.flatnonzero(of == k) for k in range(len(classes))]
    with np.errstate(over="ignore", invalid="ignore"):  # reported below, in a sentence
        means = np.stack([_mean(flat, members) for members in groups])
        sums = _by_gram(flat, groups, means) if len(flat) <= flat.shape[1] else _by_covariance(flat, groups, means)
        influence = _assemble(sums, groups, classes, counts, corrected)
    if not (np.isfinite(influence.scores).all() and np.isfinite(influence.pairs).all()):
        raise InputError(
            f"images: values of {_largest(flat):.3g}, whose fourth powers leave float64; divide the images by it"
        )
    return influence


def _assemble(
    sums: _Sums, groups: list[Indices], classes: NDArray[np.int64], counts: NDArray[np.int64], corrected: bool
) -> InfluenceScores:
    scores = np.empty(len(sums.square))
    pairs = sums.products / np.outer(counts - 1.0, counts - 1.0)
    traces = np.array([sums.square[members].sum() for members in groups])
    squares = np.diag(sums.products)
    for k, members in enumerate(groups):
        of_class = sums.square[members], sums.scatter[members], sums.third[members]
        scores[members] = _score(*of_class, squares[k], len(members), corrected)
        own = np.array([squares[k], traces[k] ** 2, np.sum(of_class[0] ** 2)])
        pairs[k, k] = np.array(_weights(len(members), corrected), dtype=np.float64) @ own
    rank = np.divide(traces**2, squares, out=np.zeros_like(traces), where=squares > 0)
    return InfluenceScores(scores, pairs, classes, counts.astype(np.int64), rank, corrected)


def _weights(n: int, corrected: bool) -> tuple[Fraction, Fraction, Fraction]:
    """The factors of ||S||_F^2, Tr(S)^2 and sum h_i^2 in the estimate of ||Sigma||_F^2 from n examples."""
    if not corrected:
        return Fraction(1, (n - 1) ** 2), Fraction(0), Fraction(0)
    below = n * (n - 2) * (n - 3)
    return Fraction(n - 2, below), Fraction(1, (n - 1) * below), Fraction(-n, below)


def _score(h: Array, q: Array, p: Array, square: float, n: int, corrected: bool) -> Array:
    """The estimate from all n examples of a class less that without each.

    Each term is (change of the factor) x (sum over all) + (factor without) x (change of the sum), the change of the
    factor exact: the estimates themselves, of which a score is about the n-th part, are never subtracted.
    """
    r, s = n / (n - 1), 1 / (n - 1)
    trace, fourth = np.sum(h), np.sum(h**2)
    without = _weights(n - 1, corrected)
    factor = [float(each) for each in without]
    change = [float(a - b) for a, b in zip(_weights(n, corrected), without, strict=True)]
    # c_j becomes c_j + s c_i for those who stay, and c_i itself was r c_i away from their mean.
    of_square = 2 * r * q - r**2 * h**2
    of_trace = r * h * (2 * trace - r * h)
    of_fourth = (r**4 - n * s**4) * h**2 - 4 * s**2 * q - 4 * s * p - 2 * s**2 * trace * h
    whole = change[0] * square + change[1] * trace**2 + change[2] * fourth
    scores: Array = whole + factor[0] * of_square + factor[1] * of_trace + factor[2] * of_fourth
    return scores


def _by_gram(flat: NDArray[Any], groups: list[Indices], means: Array) -> _Sums:
    """From the centred Gram matrix (N, N), the pixels added up in chunks."""
    order = np.concatenate(groups)
    mean_of = np.repeat(np.arange(len(groups)), [len(members) for members in groups])
    gram, step = np.zeros((len(order), len(order))), max(1, _CHUNK // len(order))
    starts = range(0, flat.shape[1], step)
    with progress.progress("influence scores", len(starts), "blocks") as done:
        for start in starts:
            pixels = slice(start, start + step)
            centred = flat[order, pixels].astype(np.float64)
            centred -= means[mean_of, pixels]
            gram += centred @ centred.T
            done()
    square, scatter, third = np.empty(len(order)), np.empty(len(order)), np.empty(len(order))
    ends = np.cumsum([len(members) for members in groups])
    for members, end in zip(groups, ends, strict=True):
        own = gram[end - len(members) : end, end - len(members) : end]
        square[members] = h = np.diag(own)
        scatter[members] = np.einsum("ij,ij->i", own, own)
        third[members] = own @ h
    first = np.concatenate([[0], ends[:-1]])
    np.square(gram, out=gram)
    products = np.add.reduceat(np.add.reduceat(gram, first, axis=0), first, axis=1)
    return _Sums(square, scatter, third, 0.5 * (products + products.T))


def _by_covariance(flat: NDArray[Any], groups: list[Indices], means: Array) -> _Sums:
    """From the classes' scatter matrices (d, d), as many rows of all of them at a time as memory allows."""
    total, d = flat.shape
    square, scatter, third = np.empty(total), np.zeros(total), np.empty(total)
    products, step = np.zeros((len(groups), len(groups))), max(1, _BLOCK // (len(groups) * d))
    for members, mean in zip(groups, means, strict=True):
        pull = np.zeros(d)
        for part, centred in _centred(flat, members, mean):
            square[part] = h = np.einsum("ij,ij->i", centred, centred)
            pull += h @ centred
        for part, centred in _centred(flat, members, mean):
            third[part] = centred @ pull
    starts = range(0, d, step)
    with progress.progress("influence scores", len(starts) * len(groups), "blocks") as done:
        for start in starts:
            rows = slice(start, min(start + step, d))
            block = np.zeros((len(groups), rows.stop - start, d))
            for members, mean, scatters in zip(groups, means, block, strict=True):
                for _, centred in _centred(flat, members, mean):
                    np.add(scatters, centred[:, rows].T @ centred, out=scatters)
                for part, centred in _centred(flat, members, mean):
                    scatter[part] += np.einsum("ij,ij->i", centred @ scatters.T, centred[:, rows])
                done()
            side = block.reshape(len(groups), -1)
            products += side @ side.T
    return _Sums(square, scatter, third, products)


def _centred(flat: NDArray[Any], members: Indices, mean: Array) -> Iterator[tuple[Indices, Array]]:
    """A class's images in float64 less their mean, a chunk at a time, each with the examples' indices."""
    step = max(1, _CHUNK // flat.shape[1])
    for start in range(0, len(members), step):
        part = members[start : start + step]
        centred = flat[part].astype(np.float64)
        centred -= mean
        yield part, centred


def _mean(flat: NDArray[Any], members: Indices) -> Array:
    """The mean image of a class; InputError where a value is not finite."""
    total = np.zeros(flat.shape[1])
    for part, values in _centred(flat, members, np.zeros(flat.shape[1])):
        bad = part[~np.isfinite(values).all(axis=1)]
        if len(bad):
            raise InputError(
                f"images: image {bad[0]} holds NaN or infinity; expected finite numbers, so leave that example out"
            )
        total += values.sum(axis=0)
    return total / len(members)


def _check_cost(total: int, d: int, classes: int) -> None:
    """Refuses what memory does not hold or would take more than a month.  Raises InputError."""
    least = min(total, d)  # the side of the matrices held
    held = 2 * 8.0 * total**2 if total <= d else 3 * 8.0 * max(_BLOCK, classes * d)
    needed, free = held + 8.0 * classes * d + 6 * 8.0 * total, memory.at_hand()
    size = f"images: {total} of {d} pixels in {classes} class{'es' * (classes > 1)}"
    if needed > free:
        raise InputError(
            f"{size} take about {memory.amount(needed)} beside themselves, and {memory.amount(free)} are at hand; "
            "give fewer images or classes, or fewer pixels"
        )
    expected = 4.0 * total * d * least / RATE
    if expected > estimate.LONGEST:
        raise InputError(
            f"{size} would take about {progress.duration(expected)} at {RATE:.0e} operations a second, and "
            f"what takes more than {progress.duration(estimate.LONGEST)} is not begun; give fewer images or pixels"
        )
    if expected > estimate.WORTH_SAYING:
        progress.say(f"influence_scores: this may take about {progress.duration(expected)}")


def _flat(images: ArrayLike) -> NDArray[Any]:
    """(N, d), in the type it came in."""
    array = arrays.raw("images", images, flags=True)
    if array.ndim < 2 or array.size == 0:
        raise InputError(f"images: an array of shape {array.shape}; expected (N, ...) with N images of a pixel or more")
    return array.reshape(len(array), -1)


def _check_counts(classes: NDArray[np.int64], counts: NDArray[np.int64], corrected: bool) -> None:
    least = 5 if corrected else 3  # one is left out, and the estimates need 4 or 2
    small = np.flatnonzero(counts < least)
    if len(small):
        label, n = classes[small[0]], int(counts[small[0]])
        kind, cure = ("corrected", " or corrected=False, which needs 3") if corrected else ("plug-in", "")
        raise InputError(
            f"labels: class {label} has {n} example{'s' * (n > 1)}; expected at least {least} a class for {kind} "
            f"scores, so give more of them{cure}, or leave the class out"
        )


def _largest(flat: NDArray[Any]) -> float:
    return max(float(flat.max()), -float(flat.min()))
