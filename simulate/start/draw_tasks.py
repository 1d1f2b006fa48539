"""One draw of tasks: features shared and a task's own, examples of every task, and the initialisation.

A task's vector is nu + z_{a(k)} with a(k) uniform over a dictionary; nu and the dictionary are kept as vectors that a
run can look at though no patch holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from derivations.declare import Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

from ..errors import GramRefused, InputError
from ..values import number, whole
from .drawn import Draw, Frame, Watched
from .filters import filters
from .refusals import LARGEST, gram_refusal, too_many_entries, too_many_products
from .standard import begun, standard
from .task_layout import Layout, layout_of, split_at


def draw_tasks(model: Model, values: Mapping[str, Value], seed: int, sampling: str) -> Draw:
    """One draw of a bilevel model; streams "labels", "data", "dictionary", "tasks" and "init".

    Labels are fair coins; where the model's flag `balanced` is set, half of either split each, an odd one by a coin.
    Raises InputError where a law is not one of FixedLaw, TaskLaw and GaussianLaw, or the sizes do not fit.
    """
    layout = layout_of(model, values, seed)
    y = labels(model, values, layout.tasks, layout.n, seed).reshape(-1)
    return (_by_gram if sampling == "gram" else _by_vectors)(model, values, layout, y, seed)


def labels(model: Model, values: Mapping[str, Value], tasks: int, n: int, seed: int, *step: int) -> Array:
    """Labels (tasks, n); `step` names the outer step for which they are drawn afresh."""
    rng = stream(seed, "labels", *step)
    drawn = rng.integers(0, model.n_heads, size=(tasks, n))
    if model.balanced and values.get(model.balanced):
        train = split_at(model, values, n)
        drawn = np.hstack([_balanced(rng, model.n_heads, tasks, size) for size in (train, n - train) if size])
    return np.array(model.network.head_axis.labels)[drawn]


def _balanced(rng: np.random.Generator, heads: int, tasks: int, size: int) -> NDArray[np.int64]:
    """Heads (tasks, size) as equally often as can be, in a fresh order."""
    first = rng.integers(0, heads, size=(tasks, 1))
    return np.asarray(rng.permuted((first + np.arange(size)) % heads, axis=1))


def _by_vectors(model: Model, values: Mapping[str, Value], layout: Layout, y: Array, seed: int) -> Draw:
    """Every vector, features within the first axes."""
    entries = (len(layout.std) + model.n_heads * whole(values, "m")) * layout.d
    if entries > LARGEST:
        neurons, noise = model.n_heads * int(whole(values, "m")), np.count_nonzero(layout.std)
        gram = not gram_refusal(model, values) and (int(noise) + neurons) ** 2 <= LARGEST
        raise InputError(too_many_entries(layout.d, len(layout.std), neurons, (model.bilevel.tasks, "m"), gram))
    features = feature_vectors(layout, seed)
    vectors = layout.made_of(features) + noise_vectors(layout, features, stream(seed, "data"))
    weights = filters(model, values, seed, int(layout.d))
    watched = None
    if layout.watched:
        watched = Watched(
            layout.watched, layout.chosen, features, partial(grams.onto, weights, features),
            partial(grams.onto, vectors, features), partial(grams.own, features),
        )
    z, products = grams.onto(weights, vectors), grams.own(vectors)
    drawn = Draw(z, products, y, layout.d, "vectors", vectors, weights, tasks=layout.tasks, watched=watched)
    return drawn.framed(Frame(features[:, : layout.spanned], vectors, weights.reshape(-1, weights.shape[-1])))


def feature_vectors(layout: Layout, seed: int) -> Array:
    """The fixed vectors (f, d) within the first f axes; the dictionary is orthogonal to nu alone.

    Which f-dimensional space the features span changes no inner product's law, so the dictionary is drawn in an
    orthonormal basis built from its own vectors (`dynamics.chance.gram`), and noise off the features is 0 there.
    """
    return _features(layout, seed, int(layout.d), layout.before)


def _features(layout: Layout, seed: int, columns: int, drawn: int) -> Array:
    """The fixed vectors in so many axes, of which the first f are theirs; `drawn` normals of an entry are along them.

    So many are drawn along the vectors before the dictionary, of which a draw by inner products has one too many.
    """
    count, held = len(layout.lengths), layout.held
    features = np.zeros((count, columns))
    features[np.arange(held), np.arange(held)] = layout.lengths[:held]
    if layout.spanned == count and layout.items:
        rows = begun(seed, "dictionary", layout.items, drawn, layout.items)
        features[held:, : layout.before] = rows.rows[:, : layout.before] * layout.item_std
        rows.close(rows.generator(), layout.d - held, features[held:, held:count], layout.item_std)
    return features


def noise_vectors(layout: Layout, features: Array, rng: np.random.Generator) -> Array:
    """Fresh Gaussian vectors of every direction that has any (B, d), projected; 0 elsewhere."""
    out = np.zeros((len(layout.std), features.shape[1]))
    rows = np.flatnonzero(layout.std)
    if layout.off[rows].all():  # the axes that features lie in
        free = features.shape[1] - layout.spanned
        out[rows, layout.spanned :] = layout.std[rows, None] * rng.standard_normal((len(rows), free))
        return out
    out[rows] = layout.std[rows, None] * rng.standard_normal((len(rows), features.shape[1]))
    packed = np.packbits(layout.off[rows], axis=1)
    for key in np.unique(packed, axis=0):
        same = rows[(packed == key).all(axis=1)]
        pattern = layout.off[same[0]]
        if pattern.any():
            basis = np.linalg.qr(features[pattern].T)[0]
            for _ in range(2):  # once more for what rounding left
                out[same] -= (out[same] @ basis) @ basis.T
    return out


def _by_gram(model: Model, values: Mapping[str, Value], layout: Layout, y: Array, seed: int) -> Draw:
    """Only inner products: the dictionary by Bartlett, then noise and filters on the basis of the features."""
    neurons = model.n_heads * int(whole(values, "m"))
    noise = np.flatnonzero(layout.std)
    size = len(noise) + neurons
    if size**2 > LARGEST:
        vectors = (len(layout.std) + neurons) * layout.d <= LARGEST
        raise GramRefused(too_many_products(len(noise), neurons, (model.bilevel.tasks, "m"), vectors))
    features, axes = _features(layout, seed, layout.spanned, layout.held), layout.spanned
    drawn = standard(seed, axes, len(noise), neurons, layout.d)
    directions = np.zeros((len(layout.std), min(axes + len(noise), drawn.noise.shape[1])))
    long = np.empty((len(noise), directions.shape[1]))
    grams.lengthen(drawn.noise, ~layout.off[noise, :axes], layout.std[noise], long)
    directions[:, :axes] = layout.made_of(features)
    directions[noise] += long
    weights = number(values, model.initialisation.std) * drawn.filters
    reduced = grams.reduce(directions, weights.reshape(model.n_heads, -1, weights.shape[1]))
    frame = Frame(features, directions, weights)
    watched = None
    if layout.watched:
        watched = Watched(layout.watched, layout.chosen, None, *frame.watched(model.n_heads))
    return Draw(
        reduced.z, reduced.gram, y, layout.d, "gram", None, None, reduced.weight_gram, tasks=layout.tasks,
        watched=watched,
    ).framed(frame)
