"""Test laws of fresh tasks: losses and errors before and after adaptation, without a vector of length d.

A fresh example sees a trajectory's filters W(t) through inner products with vectors that stay (shared features and a
dictionary, of which a fresh task takes one entry) and with fresh Gaussian vectors, which may be projected off some of
them.  Of the filters this needs their coordinates in the span of the vectors that stay, and W_perp W_perp^T of what is
left (Zuo, Chen, Yao, Cao and Gu, ICLR 2023: Definitions 3.1 and 3.2 are the case of one shared nu and a dictionary z).

Unadapted, outputs are a sum over patches, so one set of Gaussians serves every entry, label and state.  Adapted, the
inner loop needs the fresh vectors' own inner products as well.  In an orthonormal basis of R^d that begins with the
span of the vectors that stay and goes on with as many dimensions as there are filters, W_perp = (C, 0) with
C C^T = W_perp W_perp^T, and a fresh vector has coordinates (e, a, x) with a of that number and x in the D' dimensions
left: its products with the filters are e . along + a C^T, and the x have the Gram matrix T T^T of Bartlett's lower
trapezoidal T, (p, min(p, D')), with T_kk ~ chi with D' - k degrees of freedom and T_kl ~ N(0, 1) below it.  This is
exact in law at every t for any d, however singular W_perp W_perp^T is.  The normals are the same at every t.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np

from ..arrays import Array
from . import pairs, testlaw
from .intervals import mean_and_error
from .roots import square_root
from .taskdraws import TaskDrawLaw, Tasks, TaskSizes
from .taskscores import Keys, Roots, Scores, keys_of
from .taskspan import Filters

WHAT = ("loss", "error")
_CHUNK = 2**17  # numbers handled in one go: they stay in cache


def unadapted(
    scores: Scores, law: TaskDrawLaw, filters: Filters, wanted: Collection[str] = WHAT
) -> dict[str, Array]:
    """Those `wanted` of loss and error of an example of a fresh task, not adapted, with standard errors, each (T,).

    The mean over draws of the exact mean over dictionary entries and labels; the standard error is that of this
    estimator over draws, and 0 where nothing is fresh.  Ties count one half, or 1 - 1/k for k best classes.

    Args:
        scores: outputs of the fresh vectors' draws and of what stays.
        law: the fresh tasks.
        filters: the trajectory.
        wanted: which of them; a loss is of every draw with every entry of the dictionary.
    """
    slots, steps = law.slots(), len(filters.products)
    values = _none_yet(steps, wanted)
    for t in range(steps):
        roots: dict[tuple[int, int], Array] = {}
        for f, k in slots:
            family = law.families[f]
            inside = filters.along[t] @ family.kept if family.kept.shape[1] else family.kept[:0]
            covariance = filters.rest[t] + inside @ inside.T if inside.size else filters.rest[t]
            roots[f, k] = family.std * _root(covariance, len(covariance))
        if not all(np.isfinite(root).all() for root in roots.values()):
            continue
        for name, each in _unadapted_at(scores, law, filters.products[t], roots, wanted).items():
            values[name][t], values[f"{name}_se"][t] = mean_and_error(each)
    return values


def _none_yet(steps: int, wanted: Collection[str]) -> dict[str, Array]:
    return {f"{name}{end}": np.full(steps, np.nan) for name in WHAT if name in wanted for end in ("", "_se")}


def _unadapted_at(
    scores: Scores, law: TaskDrawLaw, products: Array, roots: Roots, wanted: Collection[str]
) -> dict[str, Array]:
    """Loss and error (N,) of each draw at one state, a mean over entries and labels; N = 1 where nothing is fresh."""
    noises: dict[Keys, Array] = {}
    sums: dict[str, Array | float] = dict.fromkeys(wanted, 0.0)
    for at, label in enumerate(law.labels):
        keys, features = keys_of(law, float(label), at), scores.held(law, products, float(label), at)
        if keys not in noises:
            noises[keys] = scores.fresh(law, keys, roots)
        for name, total in sums.items():
            sums[name] = total + _mean_over_entries(name, noises[keys], features, float(label), law)
    return {name: np.asarray(total) / len(law.labels) for name, total in sums.items()}


def _mean_over_entries(what: str, noise: Array, features: Array, label: float, law: TaskDrawLaw) -> Array:
    """Loss or error of noise (N,) or (N, K) with each of the entries' features (M,) or (M, K), their mean (N,)."""
    if law.signed:
        of_pairs = pairs.mean_errors(noise, features, label) if what == "error" else pairs.mean_costs(
            noise, features, label, law.loss)
        if of_pairs is not None:
            return of_pairs
    total = np.zeros(len(noise))
    width = max(1, _CHUNK // noise.size)
    for first in range(0, len(features), width):
        scores = noise[:, None] + features[first : first + width]
        total += _judge(what, scores, np.full(scores.shape[1], label), law).sum(axis=1)
    return total / len(features)


def _judge(what: str, scores: Array, labels: Array, law: TaskDrawLaw) -> Array:
    """Loss or error of scores (N, L) or (N, L, K)."""
    return _errors(scores, labels) if what == "error" else testlaw.costs(scores, labels, law.loss)


def adapted(
    scores: Scores, law: TaskDrawLaw, filters: Filters, sizes: TaskSizes, drawn: Callable[[int], Iterable[Tasks]],
    wanted: Collection[str] = WHAT,
) -> dict[str, Array]:
    """Those `wanted` of loss and error on query examples of tasks adapted on their support, with standard errors, (T,).

    Standard errors are over tasks.  NaN where a state or an adapted one is not finite.  Labels are uniform; with
    `sizes.balanced` those of the support are as equally frequent as can be.

    Args:
        scores: outputs of tasks that are adapted.
        law: the fresh tasks; the axis of length L has its families one after another.
        filters: the trajectory.
        sizes: how many.
        drawn: the tasks, a part of them after another, with so many coordinates along the filters (`drawn_tasks`).
        wanted: which of them.
    """
    width = along_filters(filters)
    roots = [_root(each, width) for each in filters.rest]
    means = {name: np.full((len(roots), sizes.tasks), np.nan) for name in WHAT if name in wanted}
    first = 0
    for tasks in drawn(width):
        here = slice(first, first + len(tasks.labels))
        first = here.stop
        for t, root in enumerate(roots):
            if not (np.isfinite(root).all() and np.isfinite(filters.products[t]).all()):
                continue
            states = tasks.states(filters.products[t], lambda t=t: filters.along[t], root)  # type: ignore[misc]
            with np.errstate(all="ignore"):  # a diverging inner loop is NaN
                found = scores.adapted(law, sizes, tasks, states)
                for name, each in _judged(found, tasks.labels[:, sizes.support :], law, means).items():
                    means[name][t, here] = each.mean(axis=1)
    values = _none_yet(len(roots), wanted)
    for name, by_state in means.items():
        for t, row in enumerate(by_state):
            values[name][t], values[f"{name}_se"][t] = mean_and_error(row)
    return values


def along_filters(filters: Filters) -> int:
    """How many coordinates along the filters fresh vectors have: beyond the span there may be fewer dimensions."""
    return int(min(filters.rest.shape[1], filters.left))


def _root(covariance: Array, width: int) -> Array:
    """C (S, width) with C C^T = covariance (S, S), whose rank is at most `width`."""
    if not np.isfinite(covariance).all():
        return np.full((len(covariance), width), np.nan)
    if width == len(covariance):
        return square_root(covariance)
    values, vectors = np.linalg.eigh(covariance)
    kept = slice(len(values) - width, len(values))
    root: Array = vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0))
    return root


def _judged(scores: Array, labels: Array, law: TaskDrawLaw, wanted: Collection[str]) -> dict[str, Array]:
    """Loss and error (K, query) of scores (K, query) or (K, query, classes) with their labels, NaN where a score is."""
    flat, each_score = labels.reshape(-1), scores.reshape(labels.size, *scores.shape[2:])
    found = {name: np.empty(flat.size) for name in wanted}
    for label in law.labels:
        rows = flat == label
        for name, each in found.items():
            each[rows] = _judge(name, each_score[rows][:, None], np.array([label]), law)[:, 0]
    return {name: each.reshape(labels.shape) for name, each in found.items()}


def _errors(scores: Array, labels: Array) -> Array:
    """As `testlaw.errors`, NaN where a score is."""
    errors = testlaw.errors(scores, labels)
    lost = np.isnan(scores) if scores.ndim == 2 else np.isnan(scores).any(axis=2)
    return np.where(lost, np.nan, errors) if lost.any() else errors
