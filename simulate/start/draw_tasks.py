"""One draw of tasks: features shared and a task's own, examples of every task, and the initialisation.

A task's vector is nu + z_{a(k)} with a(k) uniform over a dictionary; nu and the dictionary are kept as vectors that a
run can look at though no patch holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import FixedLaw, GaussianLaw, Law, Model, TaskLaw, Value
from dynamics.chance import gram as grams
from dynamics.chance.streams import stream

from ..errors import InputError
from .draw import (
    LARGEST,
    Draw,
    Watched,
    array_of,
    check_keys,
    check_labels,
    check_shape,
    filters,
    gram_refusal,
    law_of,
    number,
    positive,
    too_many_entries,
    too_many_products,
    whole,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Where everything stands: the fixed vectors (shared families, then nu, then the dictionary) and the random ones.

    `lengths` (f,) are the fixed vectors' with 0 for the dictionary's `items`, which are drawn; `mixing` (B, f) is what
    each direction holds of them, `std` (B,) its own noise's standard deviation (0: none), and `off` (B, f) which fixed
    vectors that noise is projected off.  `watched` are the fixed vectors that a run can look at, by name.
    """

    n: int
    tasks: int
    d: float
    lengths: Array
    item_std: float
    items: int
    mixing: Array
    std: Array
    off: NDArray[np.bool_]
    watched: Mapping[str, slice]
    chosen: NDArray[np.int64]

    @property
    def held(self) -> int:
        """How many of the fixed vectors stand before the dictionary."""
        return len(self.lengths) - self.items

    @property
    def spanned(self) -> int:
        """The dimension that the fixed vectors span: a dictionary of deviation 0 holds zero vectors."""
        return len(self.lengths) if self.item_std else self.held


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


def split_at(model: Model, values: Mapping[str, Value], n: int) -> int:
    """How many of a task's n examples the inner loop takes.  Raises InputError where it leaves none for the outer."""
    if model.bilevel.method != "train-validation":
        return n
    name = model.bilevel.train
    train = int(whole(values, name))
    if n < 2:
        raise InputError(f"{model.bilevel.examples}: {n} example a task cannot be split in two; give at least 2")
    if not 1 <= train < n:
        raise InputError(
            f"{name}: {train} of {n} examples a task leaves nothing to validate on; expected 1 to {n - 1}; "
            f"give such a {name}, or method=train-train"
        )
    return train


def layout_of(model: Model, values: Mapping[str, Value], seed: int) -> Layout:
    """Reads and checks the declaration.  Raises InputError, in one sentence."""
    n, tasks = int(whole(values, model.bilevel.examples)), int(whole(values, model.bilevel.tasks))
    split_at(model, values, n)
    laws = {family.name: law_of(family, values) for family in model.directions}
    own = [(name, law) for name, law in laws.items() if isinstance(law, TaskLaw)]
    if len(own) > 1:
        raise InputError("directions: two families have a TaskLaw; declare one, and give the other another law")
    sizes = model.sizes(tasks * n, tasks)
    held = [(name, positive(values, law.norm)) for name, law in laws.items() if isinstance(law, FixedLaw)]
    lengths = [length for name, length in held for _ in range(sizes[name])]
    starts = np.cumsum([0, *[sizes[name] for name, _ in held]])
    spans = {name: list(range(at, at + sizes[name])) for (name, _), at in zip(held, starts.tolist(), strict=False)}
    watched, items, item_std, chosen = dict[str, slice](), 0, 0.0, np.zeros(0, dtype=np.int64)
    for name, law in own:
        if not model.family(name).index_set.per_task:
            raise InputError(f"{name}: a TaskLaw is one vector a task; declare the family over 'task'")
        items, item_std, first = int(whole(values, law.items)), number(values, law.std), len(lengths)
        chosen = stream(seed, "tasks").integers(0, items, size=tasks)
        watched = {law.shared: slice(first, first + 1), law.dictionary: slice(first + 1, first + 1 + items)}
        spans[name] = list(range(first, first + 1 + items))
        lengths += [positive(values, law.norm)] + [0.0] * items
    check_sizes(model, values)
    d = whole(values, "d")
    rows = _Rows.of(model, values, laws, spans, chosen, n, tasks)
    return Layout(n, tasks, d, np.array(lengths), item_std, items, rows.mixing, rows.std, rows.off, watched, chosen)


@dataclass(frozen=True)
class _Rows:
    """What each direction is made of, as in `Layout`."""

    mixing: Array
    std: Array
    off: NDArray[np.bool_]

    @staticmethod
    def of(
        model: Model, values: Mapping[str, Value], laws: Mapping[str, Law | None], spans: Mapping[str, list[int]],
        chosen: NDArray[np.int64], n: int, tasks: int,
    ) -> _Rows:
        """Read from the laws.  Raises InputError for a law that tasks are not drawn from."""
        sizes, offsets = model.sizes(tasks * n, tasks), model.offsets(tasks * n, tasks)
        count = max((max(span) + 1 for span in spans.values()), default=0)
        mixing, std = np.zeros((offsets[""], count)), np.zeros(offsets[""])
        off = np.zeros((offsets[""], count), dtype=bool)
        for name, law in laws.items():
            rows = np.arange(offsets[name], offsets[name] + sizes[name])
            if isinstance(law, FixedLaw):
                mixing[rows, spans[name]] = 1.0
            elif isinstance(law, TaskLaw):
                mixing[rows, spans[name][0]] = 1.0
                mixing[rows, 1 + spans[name][0] + chosen] = 1.0
            elif isinstance(law, GaussianLaw):
                std[rows] = positive(values, law.std)
                off[np.ix_(rows, np.array(_off(law, values, spans), dtype=np.intp))] = True
            else:
                laws_known = "FixedLaw, TaskLaw and GaussianLaw"
                raise InputError(f"{name}: tasks are drawn from {laws_known}; give its vectors in initial=")
        return _Rows(mixing, std, off)


def check_sizes(model: Model, values: Mapping[str, Value]) -> None:
    """Raises InputError where a split is empty, or d has no room for the features or for noise off them; draws nothing.

    A dictionary of deviation 0 counts with all its vectors.
    """
    n, tasks = int(whole(values, model.bilevel.examples)), int(whole(values, model.bilevel.tasks))
    split_at(model, values, n)
    laws = {family.name: law_of(family, values) for family in model.directions}
    sizes, d = model.sizes(tasks * n, tasks), whole(values, "d")
    spans = {name: range(sizes[name]) for name, law in laws.items() if isinstance(law, FixedLaw)}
    spans |= {name: range(1 + int(whole(values, law.items))) for name, law in laws.items() if isinstance(law, TaskLaw)}
    features = sum(map(len, spans.values()))
    if d < features:
        raise InputError(
            f"d: {d:g} has no room for {features} independent features; give d of at least {features}, or fewer "
            "features"
        )
    for name, law in laws.items():
        away = len(_off(law, values, spans)) if isinstance(law, GaussianLaw) else 0
        if away >= d:
            raise InputError(
                f"d: {d:g} leaves no dimension for {name!r}, which is projected off {away} features; "
                f"give d of at least {away + 1}"
            )


def _off(law: GaussianLaw, values: Mapping[str, Value], spans: Mapping[str, Sequence[int]]) -> list[int]:
    """The fixed vectors that the law projects off."""
    wanted = law.off if not law.off_when or values.get(law.off_when) else ()
    for name in wanted:
        if name not in spans:
            raise InputError(f"off: {name!r} has vectors of its own law an example; noise is projected off features")
    return [at for name in wanted for at in spans[name]]


def _by_vectors(model: Model, values: Mapping[str, Value], layout: Layout, y: Array, seed: int) -> Draw:
    """Every vector, features within the first axes."""
    entries = (len(layout.std) + model.n_heads * whole(values, "m")) * layout.d
    if entries > LARGEST:
        neurons, noise = model.n_heads * int(whole(values, "m")), np.count_nonzero(layout.std)
        gram = not gram_refusal(model, values) and (int(noise) + neurons) ** 2 <= LARGEST
        raise InputError(too_many_entries(layout.d, len(layout.std), neurons, (model.bilevel.tasks, "m"), gram))
    features = feature_vectors(layout, seed)
    vectors = layout.mixing @ features + noise_vectors(layout, features, stream(seed, "data"))
    weights = filters(model, values, seed, int(layout.d))
    z = grams.onto(weights, vectors)
    watched = None
    if layout.watched:
        watched = Watched(
            layout.watched, grams.onto(weights, features), vectors @ features.T, grams.own(features), layout.chosen,
            features,
        )
    return Draw(z, grams.own(vectors), y, layout.d, "vectors", vectors, weights, tasks=layout.tasks, watched=watched)


def feature_vectors(layout: Layout, seed: int) -> Array:
    """The fixed vectors (f, d) within the first f axes; the dictionary is orthogonal to nu alone.

    Which f-dimensional space the features span changes no inner product's law, so the dictionary is drawn in an
    orthonormal basis built from its own vectors (`dynamics.chance.gram`), and noise off the features is 0 there.
    """
    count, held = len(layout.lengths), layout.held
    features = np.zeros((count, int(layout.d)))
    features[np.arange(held), np.arange(held)] = layout.lengths[:held]
    if layout.spanned == count and layout.items:
        rng = stream(seed, "dictionary")
        # nu, the last of the held ones, is left out
        features[held:, : held - 1] = rng.standard_normal((layout.items, held - 1))
        features[held:, held:count] = grams.trapezoid(rng, layout.items, layout.items, layout.d - held, first=0)
        features[held:] *= layout.item_std
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
    """Only inner products: the dictionary's by Bartlett, then noise and filters on the basis of the features."""
    neurons = model.n_heads * int(whole(values, "m"))
    noise = np.flatnonzero(layout.std)
    size = len(noise) + neurons
    if size**2 > LARGEST:
        vectors = (len(layout.std) + neurons) * layout.d <= LARGEST
        raise InputError(too_many_products(len(noise), neurons, (model.bilevel.tasks, "m"), vectors))
    features, live, fixed = _feature_rows(layout, seed), slice(0, layout.spanned), len(layout.lengths)
    feature_gram = grams.own(features)
    ensemble = grams.Ensemble(
        fixed_gram=feature_gram[live, live], noise_std=layout.std[noise], along=~layout.off[noise][:, live],
        filters=neurons, filter_std=number(values, model.initialisation.std), d=layout.d,
        fixed_root=features[live, live],
    )
    drawn = _with_zeros(grams.sample(stream(seed, "data"), stream(seed, "init"), ensemble), layout)
    # Each direction is its features and its noise: v = T (features, noises), so inner products are T G T^T.
    mixing = np.hstack([layout.mixing, np.eye(len(layout.std))[:, noise]])
    z = (drawn.z @ mixing.T).reshape(model.n_heads, -1, len(mixing))
    gram = mixing @ drawn.gram @ mixing.T
    across = mixing @ drawn.gram[:, :fixed]
    watched = None
    if layout.watched:
        onto = np.ascontiguousarray(drawn.z[:, :fixed]).reshape(model.n_heads, -1, fixed)
        watched = Watched(layout.watched, onto, across, feature_gram, layout.chosen, None)
    return Draw(
        np.ascontiguousarray(z), 0.5 * (gram + gram.T), y, layout.d, "gram", None, None, drawn.weight_gram,
        tasks=layout.tasks, watched=watched,
    )


def _with_zeros(drawn: grams.Reduced, layout: Layout) -> grams.Reduced:
    """The draw with a row for every vector of a dictionary of zeros, which the sampler leaves out."""
    absent = len(layout.lengths) - layout.spanned
    if not absent:
        return drawn
    at = np.full(absent, layout.spanned)
    gram = np.insert(np.insert(drawn.gram, at, 0.0, axis=0), at, 0.0, axis=1)
    return grams.Reduced(np.insert(drawn.z, at, 0.0, axis=1), gram, drawn.weight_gram)


def _feature_rows(layout: Layout, seed: int) -> Array:
    """The fixed vectors (f, f) in a basis built from them, lower triangular, the dictionary orthogonal to nu alone."""
    held = layout.held
    along = np.ones((layout.items, held), dtype=bool)
    if layout.items:
        along[:, held - 1] = False
    ensemble = grams.Ensemble(
        fixed_gram=np.diag(layout.lengths[:held] ** 2), noise_std=np.full(layout.items, layout.item_std), along=along,
        filters=0, filter_std=0.0, d=layout.d, fixed_root=np.diag(layout.lengths[:held]),
    )
    rng = stream(seed, "dictionary")
    return grams.coordinates(rng, rng, ensemble)[0]


def tasks_from_arrays(model: Model, initial: Mapping[str, Any]) -> Draw:
    """The caller's arrays: W (H, m, d), y (n_tasks, n) and one per family, with the axes of what it is over.

    These are (d,), (K, d), (n_tasks, d) and (n_tasks, n, d).  The vectors of a TaskLaw that runs look at may come too,
    as (d,) and (M, d).  Raises InputError in one sentence.
    """
    axis = model.bilevel.tasks
    laws = [law for family in model.directions if isinstance(law := family.law, TaskLaw)]
    own = {family.name: (*family.index_set.index("K", "n", axis), "d") for family in model.directions}
    needed = {"W": ("H", "m", "d"), **own, "y": (axis, "n")}
    optional = {law.shared: ("d",) for law in laws} | {law.dictionary: (law.items, "d") for law in laws}
    check_keys(list(needed), list(optional), initial)
    brought = {name: axes for name, axes in (needed | optional).items() if name in initial}
    known: dict[str, tuple[int, str]] = {"H": (model.n_heads, f"the model has {model.n_heads} heads")}
    if not model.network.head_axis.signed:
        known["K"] = (model.n_heads, f"the model has {model.network.head_axis.kinds}")
    arrays = {name: array_of(name, initial[name]) for name in brought}
    for name, axes in brought.items():
        check_shape(name, arrays[name], axes, known)
    check_labels(model, "y", arrays["y"].reshape(-1))
    d, tasks = known["d"][0], known[axis][0]
    vectors = np.concatenate([arrays[family.name].reshape(-1, d) for family in model.directions])
    watched, start, features = {}, 0, []
    for name in optional:
        if name in arrays:
            rows = arrays[name].reshape(-1, d)
            watched[name] = slice(start, start + len(rows))
            start += len(rows)
            features.append(rows)
    seen = None
    _check_features(model, arrays)
    if features:
        stack = np.concatenate(features)
        seen = Watched(watched, grams.onto(arrays["W"], stack), vectors @ stack.T, grams.own(stack),
                       np.zeros(0, dtype=np.int64), stack)
    return Draw(
        grams.onto(arrays["W"], vectors), grams.own(vectors), arrays["y"].reshape(-1), float(d), "initial", vectors,
        arrays["W"], tasks=tasks, watched=seen,
    )


def _check_features(model: Model, arrays: Mapping[str, Array]) -> None:
    """Refuses tasks that are not the shared feature plus an entry of the dictionary, where both are given."""
    for family in model.directions:
        law = family.law
        if isinstance(law, TaskLaw) and {law.shared, law.dictionary} <= arrays.keys():
            sums = arrays[law.shared] + arrays[law.dictionary]
            size = np.abs(sums).max() + np.abs(arrays[family.name]).max()
            for k, task in enumerate(arrays[family.name]):
                if not (np.abs(sums - task).max(axis=1) <= 1e-12 * size).any():
                    raise InputError(
                        f"initial[{family.name!r}]: row {k} is not {law.shared} plus a row of {law.dictionary}, so "
                        f"fresh tasks would be others; give tasks made of these, or leave {law.dictionary} out"
                    )
