"""One draw of a model's data and initialisation: from vectors, from Gram matrices alone, or the caller's own arrays."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from derivations.declare import (
    ClassNoiseLaw,
    Directions,
    EntryInitialisation,
    FixedLaw,
    GaussianInitialisation,
    GaussianLaw,
    Law,
    MixtureLaw,
    Model,
    Value,
    chosen_law,
)
from dynamics.chance import gram as grams
from dynamics.chance.covariances import spike
from dynamics.chance.streams import stream
from dynamics.fresh.classnoise import Matrices, Spiked, standardised
from dynamics.kernel.blas import one_blas_thread

from ..ask import arrays as arrays_of
from ..ask import values as values_of
from ..ask.parameters import counts_of
from ..errors import InputError

Array = NDArray[np.float64]
Sampling = Literal["vectors", "gram", "initial"]

LARGEST = 2e8  # entries of directions and filters together, 1.6 GB
_WHOLE = 2.0**53  # every double from here on is a whole number


@dataclass(frozen=True)
class Centre:
    """A mixture's mean mu, which training does not see: z (H, m) = <w_s(0), mu>, across (B,) = <v_b, mu>.

    `vector` (d,) is None for a Gram draw.
    """

    z: Array
    across: Array
    vector: Array | None


@dataclass(frozen=True)
class Watched:
    """Vectors that runs look at though no patch holds them, such as a feature that all tasks share.

    `names` says where each name's vectors stand among V: z (H, m, V) = <w_s(0), x>, across (B, V) with the directions,
    gram (V, V); `chosen` (K,) is each task's entry of the dictionary; `vectors` (V, d) is None for a Gram draw.
    """

    names: Mapping[str, slice]
    z: Array
    across: Array
    gram: Array
    chosen: NDArray[np.int64]
    vectors: Array | None


@dataclass(frozen=True)
class Draw:
    """The start of a run; S = H m filters, B directions, in the order of the model's families.

    z (H, m, B) = <w_s(0), v_b>; gram (B, B) = <v_b, v_c>; y (n,): +-1 or 0..K-1, as observed; clean (n,), as given: the
    labels before flips, y where not given; vectors (B, d) and weights (H, m, d)
    are None for a Gram draw, which has `filter_gram` (S, S) instead; `centres` are the mixtures' means and `noise` the
    matrices of class-dependent noise, by family.  `d` is a float: a Gram draw may have d = e^100.  Examples are those
    of every one of `tasks` tasks, one after another; `watched` are vectors to look at.
    """

    z: Array
    gram: Array
    y: Array
    d: float
    sampling: Sampling
    vectors: Array | None
    weights: Array | None
    filter_gram: Array | None = None
    centres: Mapping[str, Centre] = field(default_factory=dict)
    noise: Mapping[str, Spiked | Matrices] = field(default_factory=dict)
    clean: Array = field(default_factory=lambda: np.empty(0))
    tasks: int = 1
    watched: Watched | None = None

    def __post_init__(self) -> None:
        if not self.clean.size:
            object.__setattr__(self, "clean", self.y)

    @property
    def examples(self) -> int:
        """n: examples of one task, all of them where there is one."""
        return len(self.y) // self.tasks

    @cached_property
    def squared_lengths(self) -> Array:
        """||v_b||^2 (B,), from the vectors where the Gram matrix is left out."""
        if self.gram.size or self.vectors is None:
            return np.diag(self.gram)
        found: Array = np.einsum("bd,bd->b", self.vectors, self.vectors)
        return found

    @cached_property
    def weight_gram(self) -> Array:
        """W(0) W(0)^T, (S, S); from vectors it is computed when asked for: a wide network may not afford it."""
        if self.filter_gram is not None:
            return self.filter_gram
        assert self.weights is not None
        return grams.own(self.weights.reshape(-1, self.weights.shape[-1]))


@one_blas_thread()
def draw(
    model: Model,
    values: Mapping[str, Value],
    seed: int,
    sampling: str = "vectors",
    initial: Mapping[str, Any] | None = None,
) -> Draw:
    """One draw; the same model, values and seed give the same draw, whichever engine runs it.

    Labels are uniform over +-1 or the classes, or sorted with the declared class sizes, and each is then flipped with
    the probability that `Model.label_flips` names, if any; fixed directions are mutually orthogonal of their declared
    lengths; Gaussian families are N(0, std^2 P) a vector, mixtures yhat_i mu + N(0, std^2 I) by the label before the
    flip, class noise A_y zeta with the spikes on axes, so that a spike's coordinate has zeta's own law; filters have
    i.i.d. entries of standard deviation sigma_0.

    Args:
        model: the declaration.
        values: parameters by name: "n", "m", "d", each fixed family's length, each Gaussian family's std and flag, the
            initialisation's std.  Sizes are read from the arrays where `initial` is given.
        seed: a whole number >= 0; streams "labels", "label_flips", "data", "init" and, for a mixture's mean, "centre".
        sampling: "vectors" draws every vector; "gram" draws the inner products alone, exactly in distribution and at
            any d, for Gaussian laws.
        initial: the caller's arrays "W" (H, m, d), "y" (n,) and one per family: (d,), (K, d) or (n, d); for class noise
            its matrices (K, d, d) too, or instead: its vectors are then drawn from them.  Labels are taken as they are,
            never flipped; "clean" (n,) may bring those before flips, y where it is left out.

    Raises:
        InputError: a parameter or array is missing, out of range or does not fit the others, or the sampling is
            inexact or too large for this model.
    """
    if sampling not in ("vectors", "gram"):
        raise InputError(f"sampling: {sampling!r} is not known; expected 'vectors' or 'gram'")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed: {seed!r}; expected a whole number from 0, such as 0")
    if initial is not None:
        initial = values_of.mapping("initial", initial, "arrays by name", "{'W': ...}")
        if sampling == "gram":
            raise InputError("sampling: 'gram' draws its own data, but initial= brings arrays; leave one of them out")
        return _from_arrays(model, values, initial, seed)
    reason = gram_refusal(model, values) if sampling == "gram" else ""
    if reason:
        raise InputError(reason)
    if model.algorithm.over_tasks:
        from .draw_tasks import draw_tasks

        return draw_tasks(model, values, seed, sampling)
    plan = _plan(model, values)
    clean = _labels(model, values, plan.n, seed)
    labels = clean * _flips(model, values, plan.n, seed)
    if sampling == "gram":
        drawn = _by_gram(plan, clean, seed)
    else:
        drawn = _by_vectors(model, values, plan, clean, seed)
    return replace(drawn, y=labels)


@dataclass(frozen=True)
class _ClassNoise:
    """A class-noise family: its rows, `spread`, own spike's `size`, directions it is off, and its spikes' columns."""

    rows: slice
    spread: float
    size: float
    off: NDArray[np.intp]
    columns: slice

    def scale(self, classes: int) -> Array:
        """(K, C): A_k on each spike; C = 0 where there is none."""
        count = self.columns.stop - self.columns.start
        scale: Array = np.where(np.eye(classes, count, dtype=bool), self.size, self.spread)
        return scale


@dataclass(frozen=True)
class _Plan:
    """Checked numbers of a draw: per direction its fixed length (0: random) or std (0: fixed), and `along`.

    `along` (number of random directions, f) tells which fixed directions a random one has a component along;
    `centres` has, for every mixture, its rows and its mean's standard deviation a coordinate.  `shapes` has the
    number of vectors and the shape of the coordinates of every random family, `shape` that of the filters' entries.
    """

    heads: int
    n: int
    m: int
    d: float
    length: Array
    std: Array
    along: NDArray[np.bool_]
    sigma_0: float
    shape: str
    centres: Mapping[str, tuple[slice, float]]
    shapes: tuple[tuple[int, str], ...]
    class_noise: Mapping[str, _ClassNoise]

    @property
    def spikes(self) -> int:
        """Spikes of all class-noise families."""
        return max((noise.columns.stop for noise in self.class_noise.values()), default=0)

    def stretch(self, y: Array) -> Array:
        """(random directions, spikes): each vector's standard deviation along each spike over its std elsewhere."""
        stretch = np.ones((len(self.std), self.spikes))
        for noise in self.class_noise.values():
            stretch[noise.rows, noise.columns] = noise.scale(self.heads)[y.astype(np.intp)] / noise.spread
        found: Array = stretch[self.noise]
        return found

    def realised(self, z: Array, across: Array, spikes: Array | None) -> dict[str, Spiked | Matrices]:
        """The class noises of a draw, from inner products (S, C) and (B, C) with all spikes, (C, d) or None."""
        return {
            name: Spiked(
                noise.spread, noise.scale(self.heads), noise.off, z[:, noise.columns], across[:, noise.columns],
                None if spikes is None else spikes[noise.columns],
            )
            for name, noise in self.class_noise.items()
        }

    @property
    def fixed(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.length)

    @property
    def noise(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.std)


def _plan(model: Model, values: Mapping[str, Value]) -> _Plan:
    """Reads and checks the declaration; the messages are the ones a user meets."""
    n, m, d = int(whole(values, "n")), int(whole(values, "m")), whole(values, "d")
    sizes, offsets = model.sizes(n), model.offsets(n)
    length, std = np.zeros(offsets[""]), np.zeros(offsets[""])
    centres: dict[str, tuple[slice, float]] = {}
    shapes: list[tuple[int, str]] = []
    class_noise: dict[str, _ClassNoise] = {}
    for family in model.directions:
        rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
        law = law_of(family, values)
        if isinstance(law, FixedLaw):
            length[rows] = positive(values, law.norm)
        elif isinstance(law, GaussianLaw):
            std[rows] = positive(values, law.std)
        elif isinstance(law, MixtureLaw):
            _check_mixture(model, family)
            std[rows] = positive(values, law.std)
            centres[family.name] = (rows, number(values, law.mean_norm) / np.sqrt(d))
        elif isinstance(law, ClassNoiseLaw):
            first = max((noise.columns.stop for noise in class_noise.values()), default=0)
            class_noise[family.name] = _class_noise(model, family, law, values, rows, first)
            std[rows] = class_noise[family.name].spread
        else:
            raise InputError(f"{family.name}: the family has no law to draw from; give its vectors in initial=")
        if not isinstance(law, FixedLaw):
            shapes.append((sizes[family.name], entries_of(law, values)))
    fixed = np.flatnonzero(length)
    along = _along(model, values, n, d, fixed)
    if d < len(fixed):
        raise InputError(
            f"d: {d:g} is below the number of mutually orthogonal fixed directions; give d of at least {len(fixed)}"
        )
    plan = _Plan(
        model.n_heads, n, m, d, length, std, along[std > 0], number(values, model.initialisation.std),
        _initial_shape(model, values), centres, tuple(shapes), class_noise,
    )
    if d < len(fixed) + plan.spikes:
        raise InputError(
            f"d: {d:g} has no room for {len(fixed)} fixed directions and {plan.spikes} directions of stronger noise; "
            f"give d of at least {len(fixed) + plan.spikes}"
        )
    return plan


def _along(
    model: Model, values: Mapping[str, Value], n: int, d: float, fixed: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """(B, f): which fixed directions each direction has a component along, by the families that are projected off."""
    sizes, offsets = model.sizes(n), model.offsets(n)
    along = np.ones((offsets[""], len(fixed)), dtype=bool)
    for family in model.directions:
        law = law_of(family, values)
        if isinstance(law, GaussianLaw | ClassNoiseLaw):
            off = off_indices(model, law, n, values)
            along[offsets[family.name] : offsets[family.name] + sizes[family.name]] = ~np.isin(fixed, off)
            if len(off) and d - len(fixed) < 1:
                raise InputError(
                    f"d: {d:g} leaves no dimension for {family.name!r}, which is projected off fixed directions (there "
                    f"are {len(fixed)}); give d of at least {len(fixed) + 1}"
                )
    return along


def _class_noise(
    model: Model, family: Directions, law: ClassNoiseLaw, values: Mapping[str, Value], rows: slice, first: int
) -> _ClassNoise:
    """The family's numbers; no spikes where the ratio is 1, which is the same noise for every class."""
    if not family.index_set.per_example or model.network.head_axis.signed:
        raise InputError(f"{family.name}: class noise A_y zeta is over examples with class labels; declare another law")
    spread, ratio, n = positive(values, law.spread), number(values, law.ratio), rows.stop - rows.start
    off = off_indices(model, law, n, values)
    rank = max(whole(values, "d") - len(off), 1.0)  # fewer dimensions are refused with the directions' own reason
    try:
        own = spread if ratio == 1 else float(np.sqrt(spike(ratio, rank, spread)))
    except ValueError as error:
        raise InputError(f"{error}; give {law.ratio} of at least 1, or matrices {law.matrices} in initial=") from error
    return _ClassNoise(rows, spread, own, off, slice(first, first + (model.network.classes if ratio != 1 else 0)))


def entries_of(law: Law | None, values: Mapping[str, Value]) -> str:
    """The shape of a random family's coordinates: "gaussian", "uniform" or "rademacher"."""
    return str(values.get(law.entries)) if isinstance(law, ClassNoiseLaw) else "gaussian"


def law_of(family: Directions, values: Mapping[str, Value]) -> Law | None:
    """The family's law at these values.  Raises InputError where the choice has no law of that name."""
    try:
        return chosen_law(family, values)
    except ValueError as error:
        raise InputError(str(error)) from error


def _check_mixture(model: Model, family: Directions) -> None:
    if not (family.index_set.per_example and model.network.head_axis.signed):
        raise InputError(f"{family.name}: a mixture y_i mu + noise is for examples with labels +-1; declare another")


def _initial_shape(model: Model, values: Mapping[str, Value]) -> str:
    if isinstance(model.initialisation, EntryInitialisation):
        return str(values.get(model.initialisation.shape))
    if not isinstance(model.initialisation, GaussianInitialisation):
        raise InputError("initialisation: filters of this law are not drawn; give W in initial=")
    return "gaussian"


def off_indices(
    model: Model, law: GaussianLaw | ClassNoiseLaw, n: int, values: Mapping[str, Value]
) -> NDArray[np.intp]:
    """Where on the direction axis the directions are that `law` projects off; empty where its flag is not set.

    Raises:
        InputError: a family projected off is not a fixed one.
    """
    wanted = law.off if not law.off_when or values.get(law.off_when) else ()
    for name in wanted:
        if not isinstance(model.family(name).law, FixedLaw):
            raise InputError(f"off: {name!r} is drawn at random; noise is projected off fixed families only")
    sizes, offsets = model.sizes(n), model.offsets(n)
    spans = [np.arange(offsets[name], offsets[name] + sizes[name]) for name in wanted]
    return np.concatenate(spans) if spans else np.empty(0, dtype=np.intp)


def _labels(model: Model, values: Mapping[str, Value], n: int, seed: int) -> Array:
    if model.class_sizes:
        return sized_labels(model, values, n)
    return np.array(model.network.head_axis.labels)[stream(seed, "labels").integers(0, model.n_heads, size=n)]


def _flips(model: Model, values: Mapping[str, Value], n: int, seed: int) -> Array:
    """-1 where a label is flipped, 1 elsewhere, (n,); the same examples stay flipped as the probability grows."""
    chance = stream(seed, "label_flips").random(n) if model.label_flips else np.ones(n)
    return np.where(chance < flip_probability(model, values), -1.0, 1.0)


def flip_probability(model: Model, values: Mapping[str, Value]) -> float:
    """The probability that a label is flipped; 0 where the model flips none.  Raises InputError outside 0 to 1."""
    if not model.label_flips:
        return 0.0
    probability = number(values, model.label_flips)
    if probability > 1:
        raise InputError(
            f"{model.label_flips}: {probability:g}; expected a probability from 0 to 1; give such a {model.label_flips}"
        )
    return probability


def sized_labels(model: Model, values: Mapping[str, Value], n: int) -> Array:
    """Class by class, of the sizes given, or as equal as possible with the first classes one larger."""
    name, heads = model.class_sizes, model.n_heads
    sizes = counts_of(values.get(name))
    if sizes is None:
        sizes = tuple(n // heads + (k < n % heads) for k in range(heads))
    if len(sizes) != heads or sum(sizes) != n:
        equal = ",".join(str(n // heads + (k < n % heads)) for k in range(heads))
        raise InputError(
            f"{name}: {values.get(name)} has {len(sizes)} sizes that sum to {sum(sizes)}; expected {heads} that sum to "
            f"n = {n}, such as {name}={equal}"
        )
    return np.repeat(model.network.head_axis.labels, sizes)


def filters(model: Model, values: Mapping[str, Value], seed: int, d: int) -> Array:
    """W(0) (H, m, d) of the model's initialisation, by the seed's stream "init"; a drawn run starts from the same.

    Raises:
        InputError: `values` lack the number of filters or their standard deviation, or the law is not drawn.
    """
    size = (model.n_heads, int(whole(values, "m")), d)
    drawn = standardised(stream(seed, "init"), _initial_shape(model, values), size)
    drawn *= number(values, model.initialisation.std)
    return drawn


def _by_vectors(model: Model, values: Mapping[str, Value], plan: _Plan, y: Array, seed: int) -> Draw:
    """Every vector drawn for the clean labels y, fixed directions along the first axes.

    Training sees inner products only, and noise and filters are isotropic, so which orthogonal set the fixed directions
    are changes no law; on axes the projection off them is setting coordinates to 0, exact to the last bit.
    """
    entries = (len(plan.length) + plan.heads * plan.m) * plan.d
    if entries > LARGEST:
        raise InputError(
            too_many_entries(
                plan.d, len(plan.length), plan.heads * plan.m, ("n", "m"),
                not gram_refusal(model, values) and (plan.n + plan.heads * plan.m) ** 2 <= LARGEST,
            )
        )
    d, fixed, noise = int(plan.d), plan.fixed, plan.noise
    vectors = np.zeros((len(plan.length), d))
    vectors[fixed, np.arange(len(fixed))] = plan.length[fixed]
    rng = stream(seed, "data")
    parts = [standardised(rng, shape, (count, d)) for count, shape in plan.shapes] or [np.empty((0, d))]
    drawn = parts[0] if len(parts) == 1 else np.vstack(parts)
    drawn *= plan.std[noise, None]
    drawn[:, : len(fixed)][~plan.along] = 0.0
    spiked = slice(len(fixed), len(fixed) + plan.spikes)
    drawn[:, spiked] *= plan.stretch(y)
    vectors[noise] = drawn
    means: dict[str, Array] = {}
    for at, (name, (rows, std)) in enumerate(plan.centres.items()):
        means[name] = std * stream(seed, "centre", at).standard_normal(d)
        vectors[rows] += y[:, None] * means[name]
    weights = filters(model, values, seed, d)
    on_spikes = weights[..., spiked].reshape(plan.heads * plan.m, plan.spikes)
    realised = plan.realised(on_spikes, vectors[:, spiked], np.eye(plan.spikes, d, k=len(fixed)))
    centres = {name: Centre(weights @ mu, vectors @ mu, mu) for name, mu in means.items()}
    return _from_vectors(vectors, weights, y, "vectors", centres, realised)


def too_many_products(examples: int, filters: int, sizes: tuple[str, str], vectors: bool) -> str:
    """Why so many inner products are not drawn, with a cure that works: `vectors` tells whether these could be."""
    name = sizes[1] if filters >= examples else sizes[0]
    cure = "use sampling='vectors', or lower" if vectors else "lower"
    return (
        f"sampling: 'gram' draws the inner products of all {filters} filters and {examples} examples, more than "
        f"{LARGEST:.0e} entries; {cure} {name}"
    )


def too_many_entries(d: float, directions: int, filters: int, sizes: tuple[str, str], gram: bool) -> str:
    """Why so many vector entries are not drawn, with a cure that works: `gram` tells whether inner products could be.

    Else the sizes of the directions or of the filters, whichever are more, are what has to come down; or d.
    """
    entries = (directions + filters) * d
    said = f"{entries:.2g} vector entries, and more than {LARGEST:.0e} are not held"
    if gram:
        return f"d: {d:g} makes {said}; give sampling='gram', which draws the inner products alone"
    name, count = (sizes[1], filters) if filters >= directions else (sizes[0], directions)
    if d <= count:
        return f"{name}: {count:g} {'filters' if name == sizes[1] else 'directions'} make {said}; lower {name}"
    return f"d: {d:g} makes {said}; lower d to at most {LARGEST / (directions + filters):.0f}"


def _by_gram(plan: _Plan, y: Array, seed: int) -> Draw:
    """Only inner products for the clean labels y, by Bartlett; no array has an axis of length d.

    Spikes are further fixed directions of length one, along which a vector's standard deviation is its class's.
    """
    filters = plan.heads * plan.m
    if (plan.n + filters) ** 2 > LARGEST:
        raise InputError(
            too_many_products(
                plan.n, filters, ("n", "m"), (len(plan.length) + filters) * plan.d <= LARGEST
            )
        )
    fixed, noise, means = plan.fixed, plan.noise, np.array([std for _, std in plan.centres.values()])
    ensemble = grams.Ensemble(
        fixed_gram=np.diag(np.concatenate([plan.length[fixed] ** 2, np.ones(plan.spikes)])),
        fixed_root=np.diag(np.concatenate([plan.length[fixed], np.ones(plan.spikes)])),
        noise_std=np.concatenate([plan.std[noise], means]),
        along=np.vstack([np.hstack([plan.along, plan.stretch(y)]), np.ones((len(means), len(fixed) + plan.spikes))]),
        filters=filters,
        filter_std=plan.sigma_0,
        d=plan.d,
    )
    whole_draw = grams.sample(stream(seed, "data"), stream(seed, "init"), ensemble)
    drawn, on_spikes, across_spikes = _split(whole_draw, len(fixed), plan.spikes)
    order = np.argsort(np.concatenate([fixed, noise]))  # from fixed first, then noise, to the families' order
    size = len(order)
    gram = drawn.gram[np.ix_(order, order)]
    z = np.ascontiguousarray(drawn.z[:, order]).reshape(plan.heads, plan.m, -1)
    if not plan.centres:
        realised = plan.realised(on_spikes, across_spikes[order], None)
        return Draw(z, gram, y, plan.d, "gram", None, None, drawn.weight_gram, noise=realised)
    # x = noise + y mu row by row: x = T (noise, mu), so its inner products are T G T^T.
    mixing = np.hstack([np.eye(size), np.zeros((size, len(means)))])
    for at, (rows, _) in enumerate(plan.centres.values()):
        mixing[rows, size + at] = y
    whole = np.concatenate([order, size + np.arange(len(means))])
    inner, onto = drawn.gram[np.ix_(whole, whole)], drawn.z[:, whole]
    mixed, z = mixing @ inner, (onto @ mixing.T).reshape(plan.heads, plan.m, -1)
    gram = mixed @ mixing.T
    centres = {
        name: Centre(onto[:, size + at].reshape(plan.heads, plan.m), mixed[:, size + at], None)
        for at, name in enumerate(plan.centres)
    }
    return Draw(z, 0.5 * (gram + gram.T), y, plan.d, "gram", None, None, drawn.weight_gram, centres)


def gram_refusal(model: Model, values: Mapping[str, Value]) -> str:
    """Why inner products alone cannot be drawn exactly at these values, in one sentence; empty where they can."""
    if model.algorithm.redrawn and values.get(model.algorithm.redrawn):
        fresh = model.algorithm.redrawn
        return (
            f"sampling: 'gram' draws the inner products of one set of examples, and {fresh} = true draws new ones "
            "before every step; give sampling='vectors'"
        )
    laws = [law_of(family, values) for family in model.directions]
    shapes = [("filters", _initial_shape(model, values)), *(("noise", entries_of(law, values)) for law in laws)]
    for what, shape in shapes:
        if shape != "gaussian":
            return (
                f"sampling: 'gram' needs {what} that no rotation changes, so Gaussian, and {shape} {what} would come "
                "out wrong; give sampling='vectors'"
            )
    return ""


def _split(drawn: grams.Reduced, first: int, spikes: int) -> tuple[grams.Reduced, Array, Array]:
    """A draw without the spikes, which stand after the `first` fixed directions; and inner products with them."""
    kept = np.delete(np.arange(len(drawn.gram)), slice(first, first + spikes))
    at = slice(first, first + spikes)
    rest = grams.Reduced(drawn.z[:, kept], drawn.gram[np.ix_(kept, kept)], drawn.weight_gram)
    return rest, drawn.z[:, at], drawn.gram[kept, at]


def _from_vectors(
    vectors: Array, weights: Array, y: Array, sampling: Sampling, centres: Mapping[str, Centre] | None = None,
    noise: Mapping[str, Spiked | Matrices] | None = None,
) -> Draw:
    z, d = grams.onto(weights, vectors), float(vectors.shape[1])
    return Draw(z, grams.own(vectors), y, d, sampling, vectors, weights, None, centres or {}, noise or {})


def _from_arrays(model: Model, values: Mapping[str, Value], initial: Mapping[str, Any], seed: int) -> Draw:
    """The caller's arrays, checked against the model and each other, copied to float64."""
    if model.algorithm.over_tasks:
        from .draw_tasks import tasks_from_arrays

        return tasks_from_arrays(model, initial)
    names = [family.name for family in model.directions]
    laws = {family.name: law for family in model.directions if isinstance(law := family.law, ClassNoiseLaw)}
    given = {name: law.matrices for name, law in laws.items() if law.matrices in initial}
    from_matrices = [name for name in given if name not in initial]
    needed = [name for name in (*names, "W", "y") if name not in from_matrices]
    clean = ["clean"] if model.follows_clean or model.label_flips else []
    check_keys(needed, [*names, *(law.matrices for law in laws.values()), *clean], initial)
    brought = [name for name in clean if name in initial]
    arrays = {name: array_of(name, initial[name]) for name in dict.fromkeys((*needed, *given.values(), *brought))}
    known: dict[str, tuple[int, str]] = {"H": (model.n_heads, f"the model has {model.n_heads} heads")}
    if not model.network.head_axis.signed:
        known["K"] = (model.n_heads, f"the model has {model.network.head_axis.kinds}")
    for family in model.directions:
        if family.name in arrays:
            check_shape(family.name, arrays[family.name], (*family.index_set.index("K", "n"), "d"), known)
    check_shape("W", arrays["W"], ("H", "m", "d"), known)
    for name in ("y", *brought):
        check_shape(name, arrays[name], ("n",), known)
    for name in dict.fromkeys(given.values()):
        check_shape(name, arrays[name], ("K", "d", "d"), known)
    for name in ("y", *brought):
        check_labels(model, name, arrays[name])
    rng = stream(seed, "data")
    for name in from_matrices:
        zeta = standardised(rng, entries_of(laws[name], values), (len(arrays["y"]), known["d"][0]))
        arrays[name] = np.einsum("nab,nb->na", arrays[given[name]][arrays["y"].astype(np.intp)], zeta, optimize=True)
    vectors = np.concatenate([arrays[name].reshape(-1, known["d"][0]) for name in names])
    noise = {name: Matrices(arrays[key]) for name, key in given.items()}
    drawn = _from_vectors(vectors, arrays["W"], arrays["y"], "initial", None, noise)
    return replace(drawn, clean=arrays["clean"]) if brought else drawn


def check_keys(expected: list[str], optional: list[str], initial: Mapping[str, Any]) -> None:
    """Refuses unknown keys, with the nearest, and missing ones.  Raises InputError."""
    listed = ", ".join(expected)
    for key in initial:
        if key not in (*expected, *optional):
            near = difflib.get_close_matches(str(key), expected, n=1, cutoff=0.5)
            cure = f"did you mean {near[0]!r}?" if near else "leave it out"
            raise InputError(f"initial: unknown key {key!r}; expected {listed}; {cure}")
    for key in expected:
        if key not in initial:
            raise InputError(f"initial: {key!r} is missing; expected {listed}; give all of them")


def array_of(name: str, value: Any) -> Array:
    """The caller's array as float64.  Raises InputError where it is not one of finite real numbers."""
    return arrays_of.real(f"initial[{name!r}]", value)


def check_shape(name: str, array: Array, axes: tuple[str, ...], known: dict[str, tuple[int, str]]) -> None:
    """Compares with the lengths known so far and adds this array's; `known` maps an axis to (length, where from)."""
    form = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    shape = f"initial[{name!r}]: shape {array.shape}"
    if array.ndim != len(axes) or 0 in array.shape:
        raise InputError(f"{shape}, which is not {form} with every length above 0; give {name} as {form}")
    for axis, length in zip(axes, array.shape, strict=True):
        expected, origin = known.setdefault(axis, (length, f"{name} has {axis} = {length}"))
        if length != expected:
            # The axis in question as its number, the others by name.
            cure = ", ".join(str(expected) if each == axis else each for each in axes)
            raise InputError(f"{shape}, but {origin}; give {name} as ({cure}{',' if len(axes) == 1 else ''})")


def check_labels(model: Model, name: str, y: Array) -> None:
    """Refuses labels (n,) that the model's heads do not have.  Raises InputError."""
    axis = model.network.head_axis
    wrong = np.flatnonzero(~np.isin(y, axis.labels))
    if len(wrong):
        label = f"initial[{name!r}]: label {y[wrong[0]]:g} at index {wrong[0]}"
        raise InputError(f"{label}; expected {axis.allowed}; recode {name}")


def number(values: Mapping[str, Value], name: str) -> float:
    """A finite number >= 0 from `values`.  Raises InputError."""
    value = values.get(name)
    if isinstance(value, bool | str) or value is None:
        raise InputError(f"{name}: {value!r}; expected a number; give {name}=...")
    if not 0 <= float(value) < np.inf:
        raise InputError(f"{name}: {value}; expected a finite number that is not negative; give such a {name}")
    return float(value)


def positive(values: Mapping[str, Value], name: str) -> float:
    """A finite number > 0 from `values`.  Raises InputError."""
    value = number(values, name)
    if value == 0:
        raise InputError(f"{name}: 0, which makes every vector 0; give a {name} above 0, or the vectors in initial=")
    return value


def whole(values: Mapping[str, Value], name: str) -> float:
    """A whole number >= 1 from `values`, as a float."""
    value = number(values, name)
    if value < 1 or (value < _WHOLE and value != int(value)):
        raise InputError(f"{name}: {value:g}; expected a whole number from 1; give {name}={max(1, round(value))}")
    return value
