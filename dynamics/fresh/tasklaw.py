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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Indices
from ..index_set import IndexSet
from . import testlaw

Adapt = Callable[[Array, Array, Array], Array]

_INDEPENDENT = 1e-10  # squared share of a vector outside those before it, below which eigenvalues judge the rank
_SPANNED = 1e-12  # squared share of a direction outside the span, below which it lies in it
_PARALLEL = 1e-28  # squared share of a direction in the span, below which it is orthogonal to it
_CHUNK = 2**17  # numbers handled in one go: they stay in cache
_HELD = 2**23  # numbers of fresh vectors held at once, 64 MB


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the span of p vectors: `coordinates` (p, r), and `inverse` (r, p) with inverse C = 1.

    A vector's coordinates are its products with the p vectors times inverse^T.
    """

    coordinates: Array
    inverse: Array

    @property
    def rank(self) -> int:
        """r."""
        return int(self.coordinates.shape[1])

    def off(self, rows: Indices) -> Array:
        """(r, k): an orthonormal basis of what in the span is orthogonal to these of the vectors; exact for all."""
        if len(rows) == len(self.coordinates):
            return np.zeros((self.rank, 0))
        if not len(rows):
            return np.eye(self.rank)
        held = self.coordinates[rows]
        length = np.linalg.norm(held, axis=1, keepdims=True)
        _, values, right = np.linalg.svd(held / np.where(length > 0, length, 1.0))
        return np.ascontiguousarray(right[int((values > np.sqrt(_SPANNED)).sum()):].T)


def basis(gram: Array) -> Basis:
    """A basis of the span of vectors with this Gram matrix (p, p); they may be dependent or 0."""
    length = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    length = np.where(length > 0, length, 1.0)
    unit = gram / length[:, None] / length
    try:
        lower = np.linalg.cholesky(unit)
    except np.linalg.LinAlgError:
        lower = np.zeros((len(gram), len(gram)))
    if (np.diagonal(lower) ** 2 >= _INDEPENDENT).all():
        return Basis(length[:, None] * lower, np.linalg.inv(lower) / length)
    values, vectors = np.linalg.eigh(unit)
    kept = values > 8 * len(gram) * np.finfo(np.float64).eps * values[-1]
    root = np.sqrt(values[kept])
    return Basis(length[:, None] * vectors[:, kept] * root, (vectors[:, kept] / root).T / length)


@dataclass(frozen=True)
class Filters:
    """Filters along a trajectory of T states, from where the vectors that stay see them; S filters.

    `products` (T, S, q) with the q vectors that examples may hold, `along` (T, S, r) their coordinates in the span of
    all vectors that stay, `rest` (T, S, S) = W_perp W_perp^T, and `left` how many dimensions are orthogonal to that
    span.
    """

    products: Array
    along: Array
    rest: Array
    left: float


def rest(start: tuple[Array, Array, Array], across: Array, squares: Array, z: Array, b: Array, along: Array) -> Array:
    """W_perp W_perp^T (T, S, S) for W = W(0) + b V, all without what is in the span of the vectors that stay.

    Directions in the span are left out at once, so that nothing large which grows along them is subtracted later.

    Args:
        start: of W(0): its products (S, B) with V, coordinates (S, r) in the span, and W_perp W_perp^T (S, S).
        across: (B, r), the coordinates of V in the span.
        squares: (B,), the squared lengths of V.
        z: (T, S, B), products with V.
        b: (T, S, B), coefficients.
        along: (T, S, r), coordinates in the span.
    """
    onto, within, own = start
    inside = (across**2).sum(axis=1)
    rows = np.flatnonzero(squares - inside > _SPANNED * squares)
    tilted = bool((inside[rows] > _PARALLEL * squares[rows]).any())
    share = across[rows].T

    def perpendicular(products: Array, coordinates: Array) -> Array:
        return products[:, rows] - coordinates @ share if tilted else products[:, rows]

    first = perpendicular(onto, within)
    found = np.empty((len(z), len(own), len(own)))
    for t in range(len(z)):
        half = 0.5 * (first + perpendicular(z[t], along[t])) @ b[t][:, rows].T  # z(t) = z(0) + b G
        found[t] = own + (half + half.T)
    return found


@dataclass(frozen=True)
class Family:
    """Directions of a fresh task: one, one a class, one a task, or one an example.

    `held` are the vectors that stay, by their place among the q: one, one a class, or where there is one a task a
    dictionary of M entries, of which the task takes one.  Where it is empty, vectors are drawn again: `std` N(0, 1) a
    dimension, in the span only along `kept` (r, k).
    """

    index_set: IndexSet
    held: Indices
    std: float
    kept: Array

    @property
    def fresh(self) -> bool:
        """Whether the vectors are drawn again."""
        return not len(self.held)

    def count(self, heads: int, examples: int) -> int:
        """Directions of the family in one task."""
        return self.index_set.of_a_task(1, heads, examples)


@dataclass(frozen=True)
class Law:
    """Fresh tasks of a network with H heads of m filters.

    `patches` are (family, whether times the label); `gram` (q, q) and `coordinates` (q, r) are of the vectors that
    stay and examples may hold; `labels` (L,) are +-1 for signed heads, else 0..K-1, equally likely.
    """

    heads: int
    m: int
    families: tuple[Family, ...]
    patches: tuple[tuple[int, bool], ...]
    gram: Array
    coordinates: Array
    labels: Array
    loss: testlaw.Loss

    @property
    def signed(self) -> bool:
        """Whether outputs are one number, judged by its sign."""
        return self.loss != "cross_entropy"

    def slots(self) -> list[tuple[int, int]]:
        """(family, class) of the fresh vectors in one example, over all labels; class 0 where there is no other."""
        found = []
        for f in dict.fromkeys(f for f, _ in self.patches if self.families[f].fresh):
            found += [(f, k) for k in range(self.families[f].index_set.of_a_task(1, self.heads, 1))]
        return found


def unadapted(
    outputs: testlaw.Outputs, law: Law, filters: Filters, normals: Callable[[int], Array]
) -> dict[str, Array]:
    """Loss and error of an example of a fresh task, without adaptation, with standard errors, each (T,).

    The mean over normals of the exact mean over dictionary entries and labels; the standard error is that of this
    estimator over normals, and 0 where nothing is fresh.  Ties count one half, or 1 - 1/k for k best classes.

    Args:
        outputs: pre-activations (N, P, H, m) -> f (N,) or logits (N, K).
        law: the fresh tasks.
        filters: the trajectory.
        normals: slot -> (N, S) standard normals, N >= 2, for each of `law.slots()`.
    """
    slots, steps = law.slots(), len(filters.products)
    draws = [normals(at) for at in range(len(slots))]
    values = {name: np.full(steps, np.nan) for name in ("loss", "loss_se", "error", "error_se")}
    for t in range(steps):
        vectors: dict[tuple[int, int], Array] = {}
        for normal, (f, k) in zip(draws, slots, strict=True):
            family = law.families[f]
            inside = filters.along[t] @ family.kept
            root = _root(filters.rest[t] + inside @ inside.T, normal.shape[1])
            vectors[f, k] = family.std * (normal @ root.T)
        if not all(np.isfinite(vector[:1]).all() for vector in vectors.values()):
            continue
        cost, error = _unadapted_at(outputs, law, filters.products[t], vectors)
        values["loss"][t], values["loss_se"][t] = testlaw.mean_and_error(cost)
        values["error"][t], values["error_se"][t] = testlaw.mean_and_error(error)
    return values


def _unadapted_at(
    outputs: testlaw.Outputs, law: Law, products: Array, vectors: dict[tuple[int, int], Array]
) -> tuple[Array, Array]:
    """Loss and error (N,) of each draw at one state, a mean over entries and labels; N = 1 where nothing is fresh."""
    silence = outputs(np.zeros((1, len(law.patches), law.heads, law.m)))  # what the other patches give
    noises: dict[tuple[tuple[int, int, float] | None, ...], Array] = {}
    cost: Array | float = 0.0
    error: Array | float = 0.0
    for at, label in enumerate(law.labels):
        features = _feature_scores(outputs, law, products, float(label), at) - silence
        keys = _keys(law, float(label), at)
        if keys not in noises:
            noises[keys] = _noise_scores(outputs, law, keys, vectors)
        noise = noises[keys]
        width = max(1, _CHUNK // noise.size)
        for first in range(0, len(features), width):
            scores = noise[:, None] + features[first : first + width]
            labels = np.full(scores.shape[1], label)
            cost = cost + testlaw.costs(scores, labels, law.loss).sum(axis=1) / len(features)
            error = error + _errors(scores, labels).sum(axis=1) / len(features)
    return np.asarray(cost) / len(law.labels), np.asarray(error) / len(law.labels)


def _keys(law: Law, label: float, at: int) -> tuple[tuple[int, int, float] | None, ...]:
    """(family, class, scale) of the fresh vector in each patch of an example with this label, None in the others."""
    return tuple(
        (f, at * law.families[f].index_set.per_class, label if labelled else 1.0) if law.families[f].fresh else None
        for f, labelled in law.patches
    )


def _feature_scores(outputs: testlaw.Outputs, law: Law, products: Array, label: float, at: int) -> Array:
    """Outputs (M,) or (M, K) with no fresh vector, for every entry of the dictionary; M = 1 where there is none."""
    entries = max((len(law.families[f].held) for f, _ in law.patches if law.families[f].index_set.per_task), default=1)
    activations = np.zeros((max(entries, 1), len(law.patches), law.heads, law.m))
    for p, (f, labelled) in enumerate(law.patches):
        family = law.families[f]
        if not family.fresh:
            held = family.held[at : at + 1] if family.index_set.per_class else family.held
            activations[:, p] = (label if labelled else 1.0) * products[:, held].T.reshape(-1, law.heads, law.m)
    return outputs(activations)


def _noise_scores(
    outputs: testlaw.Outputs, law: Law, keys: tuple[tuple[int, int, float] | None, ...],
    vectors: dict[tuple[int, int], Array],
) -> Array:
    """Outputs (N,) or (N, K) of the fresh vectors alone."""
    count = max((len(vectors[key[:2]]) for key in keys if key is not None), default=1)
    size = max(1, _CHUNK // (len(keys) * law.heads * law.m))
    found = []
    for first in range(0, count, size):
        activations = np.zeros((min(size, count - first), len(keys), law.heads, law.m))
        for p, key in enumerate(keys):
            if key is not None:
                vector = vectors[key[:2]][first : first + size]
                activations[:, p] = key[2] * vector.reshape(-1, law.heads, law.m)
        found.append(outputs(activations))
    return np.concatenate(found)


@dataclass(frozen=True)
class Streams:
    """Where fresh tasks come from: a generator for each of what is drawn, so that none depends on another.

    Entries of the dictionary, labels of the support and of the query examples, and of the fresh vectors the coordinates
    in the span, those along the filters, and Bartlett's entries below the diagonal and on it.
    """

    entries: np.random.Generator
    support: np.random.Generator
    query: np.random.Generator
    span: np.random.Generator
    filters: np.random.Generator
    below: np.random.Generator
    diagonal: np.random.Generator


@dataclass(frozen=True)
class Sizes:
    """Fresh tasks, the examples that adapt each and the further ones that judge it."""

    tasks: int
    support: int
    query: int
    balanced: bool = False

    @property
    def examples(self) -> int:
        """Of one task."""
        return self.support + self.query


def adapted(
    outputs: testlaw.Outputs, adapt: Adapt, law: Law, filters: Filters, sizes: Sizes, streams: Streams
) -> dict[str, Array]:
    """Loss and error on query examples of tasks adapted on their support, with standard errors over tasks, each (T,).

    NaN where a state or an adapted one is not finite.  Labels are uniform; with `sizes.balanced` those of the support
    are as equally frequent as can be.

    Args:
        outputs: pre-activations (N, P, H, m) -> f (N,) or logits (N, K).
        adapt: states (K, H, m, L), blocks (K, L, L) and labels (K, n) of K tasks, support first -> states adapted.
        law: the fresh tasks; the axis of length L has its families one after another.
        filters: the trajectory.
        sizes: how many.
        streams: their randomness.
    """
    size = filters.rest.shape[1]
    width = int(min(size, filters.left))
    roots = [_root(each, width) for each in filters.rest]
    means = np.full((2, len(roots), sizes.tasks), np.nan)
    first = 0
    for tasks in _tasks(law, sizes, streams, width, filters.left - width):
        here = slice(first, first + len(tasks.labels))
        first = here.stop
        for t, root in enumerate(roots):
            states = tasks.states(filters.products[t], filters.along[t], root)
            if not np.isfinite(states).all():
                continue
            with np.errstate(all="ignore"):  # a diverging inner loop is NaN
                moved = adapt(states.reshape(-1, law.heads, law.m, states.shape[2]), tasks.blocks, tasks.labels)
                judged = _judged(outputs, law, moved, tasks.labels, sizes)
                found = np.stack([each.mean(axis=1) for each in judged])
            found[:, ~np.isfinite(moved).all(axis=(1, 2, 3))] = np.nan
            means[:, t, here] = found
    values = {name: np.full(len(roots), np.nan) for name in ("loss", "loss_se", "error", "error_se")}
    for name, each in zip(("loss", "error"), means, strict=True):
        for t, row in enumerate(each):
            values[name][t], values[f"{name}_se"][t] = testlaw.mean_and_error(row)
    return values


def _root(covariance: Array, width: int) -> Array:
    """C (S, width) with C C^T = covariance (S, S), whose rank is at most `width`."""
    if not np.isfinite(covariance).all():
        return np.full((len(covariance), width), np.nan)
    if width == len(covariance):
        return testlaw.square_root(covariance)
    values, vectors = np.linalg.eigh(covariance)
    kept = slice(len(values) - width, len(values))
    found: Array = vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0))
    return found


@dataclass(frozen=True)
class _Tasks:
    """K fresh tasks: blocks (K, L, L), labels (K, n), and what their directions are made of.

    `held` (K, l) with places `at_held` (l,); `spread` (s,) the deviations of the fresh ones at `at_fresh` (s,), with
    coordinates `within` (K, s, r) in the span (empty: none) and `across` (K, s, width) along the filters.
    """

    blocks: Array
    labels: Array
    held: Indices
    at_held: Indices
    spread: Array
    at_fresh: Indices
    within: Array
    across: Array

    def states(self, products: Array, along: Array, root: Array) -> Array:
        """Pre-activations (K, S, L) of filters with these products (S, q), coordinates (S, r) and root (S, width)."""
        states = np.empty((len(self.blocks), len(root), self.blocks.shape[1]))
        states[:, :, self.at_held] = np.moveaxis(products[:, self.held], 0, 1)
        fresh = self.across @ root.T
        if self.within.size:
            fresh += self.within @ along.T
        states[:, :, self.at_fresh] = np.swapaxes(self.spread[:, None] * fresh, 1, 2)
        return states


def _tasks(law: Law, sizes: Sizes, streams: Streams, width: int, left: float) -> Iterator[_Tasks]:
    """Fresh tasks, as many at a time as may be held; the same whatever that number is."""
    n = sizes.examples
    counts = [family.count(law.heads, n) for family in law.families]
    starts = np.concatenate([[0], np.cumsum(counts)])
    places = [np.arange(starts[f], starts[f + 1]) for f in range(len(counts))]
    fresh = [f for f, family in enumerate(law.families) if family.fresh]
    at_fresh = _joined([places[f] for f in fresh])
    at_held = _joined([places[f] for f, family in enumerate(law.families) if not family.fresh])
    spread = np.concatenate([np.full(counts[f], law.families[f].std) for f in fresh] or [np.empty(0)])
    rank = law.coordinates.shape[1] if any(law.families[f].kept.shape[1] for f in fresh) else 0
    at_once = max(1, _HELD // max(1, len(at_fresh) * (rank + width + len(at_fresh)) + int(starts[-1]) ** 2))
    for first in range(0, sizes.tasks, at_once):
        tasks = min(at_once, sizes.tasks - first)
        held = _entries(law, tasks, streams.entries)
        labels = np.concatenate(
            [_labels(law, tasks, sizes.support, streams.support, sizes.balanced),
             _labels(law, tasks, sizes.query, streams.query, False)], axis=1
        )
        within = _within([law.families[f] for f in fresh], [counts[f] for f in fresh], tasks, rank, streams.span)
        across = streams.filters.standard_normal((tasks, len(at_fresh), width))
        beyond = trapezoids(streams, tasks, len(at_fresh), left)
        inner = across @ _turned(across) + beyond @ _turned(beyond) + within @ _turned(within)
        blocks = np.empty((tasks, starts[-1], starts[-1]))
        blocks[:, at_held[:, None], at_held] = law.gram[held[:, :, None], held[:, None, :]]
        blocks[:, at_fresh[:, None], at_fresh] = spread[:, None] * spread * inner
        mixed = law.coordinates[held][:, :, :rank] @ _turned(within) * spread  # 0 where no fresh vector is in the span
        blocks[:, at_held[:, None], at_fresh] = mixed
        blocks[:, at_fresh[:, None], at_held] = _turned(mixed)
        yield _Tasks(blocks, labels, held, at_held, spread, at_fresh, within, across)


def _turned(stack: Array) -> Array:
    return np.swapaxes(stack, 1, 2)


def _joined(parts: Sequence[NDArray[np.int64]]) -> Indices:
    return np.concatenate([np.empty(0, dtype=np.intp), *parts]).astype(np.intp)


def _entries(law: Law, tasks: int, rng: np.random.Generator) -> Indices:
    """(tasks, l): the vectors that stay and a task holds, in the order of its directions; one entry of a dictionary."""
    columns = [np.empty((tasks, 0), dtype=np.intp)]
    for family in law.families:
        if family.index_set.per_task and not family.fresh:
            columns.append(family.held[rng.integers(0, len(family.held), size=tasks)][:, None])
        else:
            columns.append(np.broadcast_to(family.held, (tasks, len(family.held))))
    return np.concatenate(columns, axis=1)


def _labels(law: Law, tasks: int, count: int, rng: np.random.Generator, balanced: bool) -> Array:
    """Labels (tasks, count), uniform; or as equally frequent as can be in each task, in a fresh order."""
    kinds = len(law.labels)
    if balanced:
        first = rng.integers(0, kinds, size=(tasks, 1))
        return np.asarray(law.labels[rng.permuted((first + np.arange(count)) % kinds, axis=1)])
    return np.asarray(law.labels[rng.integers(0, kinds, size=(tasks, count))])


def _within(families: list[Family], counts: list[int], tasks: int, rank: int, rng: np.random.Generator) -> Array:
    """Coordinates (tasks, s, rank) of fresh vectors in the span, 0 along what they are projected off."""
    if not rank:
        return np.empty((tasks, sum(counts), 0))
    normals = rng.standard_normal((tasks, sum(counts), rank))
    parts = np.split(normals, np.cumsum(counts)[:-1], axis=1)
    return np.concatenate(
        [part[:, :, : family.kept.shape[1]] @ family.kept.T for family, part in zip(families, parts, strict=True)],
        axis=1,
    )


def trapezoids(streams: Streams, count: int, rows: int, left: float) -> Array:
    """Bartlett's T for `rows` Gaussian vectors in `left` dimensions, (count, rows, min(rows, left))."""
    columns = int(min(rows, left))
    found = np.tril(streams.below.standard_normal((count, rows, columns)), -1)
    at = np.arange(columns)
    found[:, at, at] = np.sqrt(streams.diagonal.chisquare(left - at, size=(count, columns)))
    return found


def _judged(
    outputs: testlaw.Outputs, law: Law, states: Array, labels: Array, sizes: Sizes
) -> tuple[Array, Array]:
    """Loss and error (K, query) of the examples after the support, from states (K, H, m, L) and labels (K, n)."""
    judged = labels[:, sizes.support :]
    counts = [family.count(law.heads, sizes.examples) for family in law.families]
    starts = np.concatenate([[0], np.cumsum(counts)])
    first, own = np.zeros(sizes.query, dtype=np.intp), np.arange(sizes.support, sizes.examples)
    activations = np.empty((*judged.shape, len(law.patches), law.heads, law.m))
    for p, (f, labelled) in enumerate(law.patches):
        within = law.families[f].index_set.row(first, judged.astype(np.intp), first, own)
        places = np.broadcast_to(starts[f] + within, judged.shape)
        taken = np.moveaxis(np.take_along_axis(states, places[:, None, None], axis=3), 3, 1)
        activations[:, :, p] = taken * judged[..., None, None] if labelled else taken
    scores = outputs(activations.reshape(-1, *activations.shape[2:]))
    flat = judged.reshape(-1)
    cost, error = np.empty(flat.size), np.empty(flat.size)
    for label in law.labels:
        rows = flat == label
        cost[rows] = testlaw.costs(scores[rows][:, None], np.array([label]), law.loss)[:, 0]
        error[rows] = _errors(scores[rows][:, None], np.array([label]))[:, 0]
    return cost.reshape(judged.shape), error.reshape(judged.shape)


def _errors(scores: Array, labels: Array) -> Array:
    """As `testlaw.errors`, NaN where a score is."""
    found = testlaw.errors(scores, labels)
    lost = np.isnan(scores) if scores.ndim == 2 else np.isnan(scores).any(axis=2)
    return np.where(lost, np.nan, found) if lost.any() else found
