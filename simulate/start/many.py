"""Many draws by Gram at once: runs of one shape, each with the bits that `draw` gives it alone.

What is random of a draw depends on its seed and sizes only, so cells of a grid share it, whatever their lengths and
deviations are; the inner products are those of a whole batch of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare import ClassNoiseLaw, FixedLaw, GaussianLaw, MixtureLaw, Model, Value
from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.fresh.classnoise import Spiked
from dynamics.later import Later

from ..ask.columns import Columns
from ..values import number
from .declared import law_of, numbers
from .drawn import Centre, Draw, without_axes
from .examples import split, with_means
from .labels import flips, labels_of
from .plan import ClassNoise, Plan, along, plan_of, spike_size
from .refusals import LARGEST
from .standard import standard


@dataclass(frozen=True)
class Plans:
    """Plans of R cells: `first` is that of the cell of least d, in whose shape all are.

    length and std (R, B), along (R, random directions, f), sigma_0 and d (R,): see `Plan`; means (R, M) are the
    deviations of the mixtures' means; `class_noise` are the class noises, by family.
    """

    first: Plan
    length: Array
    std: Array
    along: NDArray[np.bool_]
    sigma_0: Array
    d: Array
    means: Array
    class_noise: Mapping[str, ClassNoise] = field(default_factory=dict)

    def rows(self, which: NDArray[np.intp]) -> Plans:
        """The cells `which`, in that order; one may come several times."""
        return replace(
            self, length=self.length[which], std=self.std[which], along=self.along[which],
            sigma_0=self.sigma_0[which], d=self.d[which], means=self.means[which],
            class_noise={
                name: replace(each, spread=np.asarray(each.spread)[which], size=np.asarray(each.size)[which])
                for name, each in self.class_noise.items()
            },
        )

    @property
    def columns(self) -> Array:
        """(R,), coordinates of a draw beside the fixed directions."""
        first = self.first
        vectors = len(first.noise) + len(first.centres) + first.heads * first.m
        return np.minimum(vectors, self.d - len(first.fixed) - first.spikes)


def plans_of(model: Model, values: Columns) -> Plans | None:
    """The plans of cells; None where a draw has more to it than lengths and deviations, or is too large.

    Raises InputError where a cell has no plan.
    """
    if model.network.axes or model.varying:
        return None
    d = np.array(values.column("d"), dtype=np.float64)
    first = plan_of(model, values.at(int(np.argmin(d))))  # a d that is too small for any cell is so for this one
    if first.root is not None or (first.n + first.heads * first.m) ** 2 > LARGEST:
        return None
    class_noise: dict[str, ClassNoise] = {}
    length, std = (np.zeros((values.count, len(first.std))) for _ in range(2))
    means: list[Array] = []
    offsets, sizes = model.offsets(first.n), model.sizes(first.n)
    for family in model.directions:
        law, offset = law_of(family, values.alike), offsets[family.name]
        rows = slice(offset, offset + sizes[family.name])
        if isinstance(law, FixedLaw):
            length[:, rows] = numbers(values, law.norm, number)[:, None]
        elif isinstance(law, GaussianLaw | MixtureLaw):
            std[:, rows] = numbers(values, law.std, number)[:, None]
            if isinstance(law, MixtureLaw):
                means.append(numbers(values, law.mean_norm, number) / np.sqrt(d))
        elif isinstance(law, ClassNoiseLaw):
            noise = first.class_noise[family.name]
            spread, ratio = (numbers(values, name, number) for name in (law.spread, law.ratio))
            if ((ratio != 1) != bool(first.spikes)).any():
                return None
            rank = np.maximum(d - len(noise.off), 1.0)
            std[:, rows] = spread[:, None]
            each = zip(ratio.tolist(), rank.tolist(), spread.tolist(), strict=True)
            size = np.array([spike_size(law, *of) for of in each])
            class_noise[family.name] = replace(noise, spread=spread, size=size)
        else:  # drawn cell by cell, by what knows the law
            return None
    null, which = distinct(length[:, first.fixed] == 0)
    of_null = [along(model, values.alike, first.n, first.d, first.fixed, 1.0 - each)[first.noise] for each in null]
    sigma_0 = numbers(values, model.initialisation.std, number)
    deviations = np.stack(means, axis=1) if means else np.empty((values.count, 0))
    return Plans(first, length, std, np.stack(of_null)[which], sigma_0, d, deviations, class_noise)


@dataclass(frozen=True)
class Drawn:
    """R draws: z (R, H, m, B), gram (R, B, B), weight_gram (R, S, S), labels as observed and as given, (R, n).

    `centres` has the mixtures' means: z (R, H, m) and across (R, B) of each, by family; `noise` the class noises, of
    arrays with a leading axis; `scalars` (R, n) those that examples differ in.  The last `axes` directions are those of
    numbers that neurons have beside their filters.  Examples are those of every one of `tasks`.  `draws` (R) are the
    draws themselves, where there is more to them: vectors, or those that runs only look at.
    `weight_gram` is made where it is first read.
    """

    z: Array
    gram: Array
    y: Array
    clean: Array
    d: Array
    weight_gram: Later = Later()  # noqa: RUF009 - a descriptor, which is no default
    centres: Mapping[str, Centre] = field(default_factory=dict)
    noise: Mapping[str, Spiked] = field(default_factory=dict)
    scalars: Mapping[str, Array] = field(default_factory=dict)
    axes: int = 0
    tasks: int = 1
    draws: tuple[Draw, ...] = ()

    @property
    def reduced(self) -> grams.Reduced:
        """The inner products of filters and directions alone, as `Draw.reduced` has them."""
        return without_axes(grams.Reduced(self.z, self.gram, self.weight_gram), self.axes)

    def one(self, run: int) -> Draw:
        """One run's draw."""
        if self.draws:
            return self.draws[run]
        return Draw(
            self.z[run], self.gram[run], self.y[run], float(self.d[run]), "gram", None, None, self.weight_gram[run],
            {name: Centre(each.z[run], each.across[run], None) for name, each in self.centres.items()},
            {name: _noise_by(each, lambda array: array[run]) for name, each in self.noise.items()},
            clean=self.clean[run], scalars={name: each[run] for name, each in self.scalars.items()}, axes=self.axes,
        )

    def repeated(self, times: int) -> Drawn:
        """Every draw so many times over."""
        return self._changed(lambda array: np.repeat(array, times, axis=0))

    def rows(self, which: NDArray[np.intp]) -> Drawn:
        """The draws `which`, in that order."""
        return self._changed(lambda array: array[which])

    def _changed(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Drawn:
        """With every array changed along the runs."""
        centres = {name: Centre(change(each.z), change(each.across), None) for name, each in self.centres.items()}
        noise = {name: _noise_by(each, change) for name, each in self.noise.items()}
        arrays = {name: change(getattr(self, name)) for name in _ARRAYS}
        own = partial(_changed, change, self)
        scalars = {name: change(each) for name, each in self.scalars.items()}
        draws = tuple([self.draws[at] for at in change(np.arange(len(self.draws))).tolist()]) if self.draws else ()
        return Drawn(**arrays, weight_gram=own, centres=centres, noise=noise, scalars=scalars, axes=self.axes,
                     tasks=self.tasks, draws=draws)


_ARRAYS = ("z", "gram", "y", "clean", "d")


def _changed(change: Callable[[NDArray[Any]], NDArray[Any]], drawn: Drawn) -> Array:
    return change(drawn.weight_gram)


def _noise_by(noise: Spiked, change: Callable[[Array], Array]) -> Spiked:
    """Class noises with their arrays changed."""
    spread, scale, z, gram = (change(np.asarray(each)) for each in (noise.spread, noise.scale, noise.z, noise.gram))
    return Spiked(spread, scale, noise.off, z, gram, None)


def by_products(draw: Draw) -> Draw:
    """A draw without its vectors, which many runs' would fill the memory with: what training sees of them."""
    noise = {name: replace(each, spikes=None) if isinstance(each, Spiked) else each
             for name, each in draw.noise.items()}
    centres = {name: replace(each, vector=None) for name, each in draw.centres.items()}
    return replace(draw, vectors=None, weights=None, filter_gram=draw.weight_gram, noise=noise, centres=centres)


def stacked(draws: Sequence[Draw]) -> Drawn:
    """Draws of one shape, however they were made; of class noise what is `Spiked`."""
    centres = {
        name: Centre(
            np.stack([draw.centres[name].z for draw in draws]), np.stack([draw.centres[name].across for draw in draws]),
            None,
        )
        for name in draws[0].centres
    }
    noise: dict[str, Spiked] = {}
    for name in draws[0].noise:
        of_draws = [each for each in (draw.noise[name] for draw in draws) if isinstance(each, Spiked)]
        if not of_draws:
            continue
        parts = zip(*((each.spread, each.scale, each.z, each.gram) for each in of_draws), strict=True)
        spread, scale, z, gram = (np.stack(rows) for rows in parts)
        noise[name] = Spiked(spread, scale, of_draws[0].off, z, gram, None)
    arrays = {name: np.stack([getattr(draw, name) for draw in draws]) for name in _ARRAYS}
    scalars = {name: np.stack([draw.scalars[name] for draw in draws]) for name in draws[0].scalars}
    first = draws[0]
    more = tuple(draws) if first.vectors is not None or first.watched is not None else ()
    return Drawn(**arrays, weight_gram=partial(_weight_grams, draws), centres=centres, noise=noise, scalars=scalars,
                 axes=first.axes, tasks=first.tasks, draws=more)


def _weight_grams(draws: Sequence[Draw]) -> Array:
    return np.stack([draw.weight_gram for draw in draws])


def labels(model: Model, values: Mapping[str, Value], n: int, seed: int) -> tuple[Array, Array]:
    """Labels (n,) as observed and as given."""
    clean = labels_of(model, values, n, seed)
    return clean * flips(model, values, n, seed), clean


def labels_many(model: Model, values: Columns, n: int, seeds: Sequence[int]) -> tuple[Array, Array]:
    """Labels (R, n) of R runs; those of one seed share them where they are flipped alike."""
    first, which = values.distinct([model.label_flips])
    pairs = list(zip(seeds, which.tolist(), strict=True))
    places = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    known = np.stack([labels(model, values.at(int(first[at])), n, seed) for seed, at in places])
    if len(places) == 1:
        return np.repeat(known[0, :1], len(pairs), axis=0), np.repeat(known[0, 1:], len(pairs), axis=0)
    observed, clean = np.moveaxis(known[[places[pair] for pair in pairs]], 1, 0)
    return observed, clean


def draw_many(model: Model, plans: Plans, values: Columns, seeds: Sequence[int]) -> Drawn:
    """The draws of R runs whose `Plans.columns` are the same, with their labels."""
    first = plans.first
    fixed, noise, filters = first.fixed, first.noise, first.heads * first.m
    pairs = list(zip(seeds, plans.d.tolist(), strict=True))
    places = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    means, runs, on_axes = len(first.centres), len(pairs), len(fixed) + first.spikes
    drawn = [standard(seed, on_axes, len(noise) + means, filters, d) for seed, d in places]
    which = np.array([places[pair] for pair in pairs])
    roots = _roots(np.concatenate([plans.length[:, fixed], np.ones((runs, first.spikes))], axis=1))
    observed, clean = labels_many(model, values, first.n, seeds)
    along: Array | NDArray[np.bool_] = plans.along
    std = plans.std[:, noise]
    if first.spikes:
        along = np.concatenate([along, first.stretch(clean, plans.class_noise)], axis=2)
    if means:
        along = np.concatenate([along, np.ones((runs, means, on_axes), dtype=along.dtype)], axis=1)
        std = np.concatenate([std, plans.means], axis=1)
    reduction = grams.reduced_all(drawn, which, roots, along, std, plans.sigma_0)
    order = np.argsort(np.concatenate([fixed, noise]))  # from fixed first, then noise, to the families' order
    whole, on_spikes, across_spikes = split(reduction, len(fixed), first.spikes)
    z, gram, centres = _in_order(first, whole.z, whole.gram, order, clean)
    shape = (runs, first.heads, first.m)
    of_name = {name: Centre(each.z.reshape(shape), each.across, None) for name, each in centres.items()}
    noises = first.realised(on_spikes, across_spikes[:, order], None, plans.class_noise)
    return Drawn(z.reshape(*shape, -1), gram, observed, clean, plans.d, whole.weight_gram, of_name, noises)


def _in_order(
    plan: Plan, z: Array, gram: Array, order: NDArray[np.intp], clean: Array
) -> tuple[Array, Array, Mapping[str, Centre]]:
    """z (R, S, B) and gram (R, B, B) of directions in the families' order, with mixtures' means in them."""
    if plan.centres:
        whole = np.concatenate([order, len(order) + np.arange(len(plan.centres))])
        rows = [rows for rows, _ in plan.centres.values()]
        inner = np.ascontiguousarray(gram[:, whole[:, None], whole])
        z, gram, centres = with_means(z[..., whole], inner, clean, rows)
        return np.ascontiguousarray(z), gram, dict(zip(plan.centres, centres, strict=True))
    if (np.diff(order) < 0).any():
        z, gram = np.ascontiguousarray(z[..., order]), np.ascontiguousarray(gram[:, order[:, None], order])
    return z, gram, {}


def distinct(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct rows of (R, k), and for each row which of them it is."""
    if (rows == rows[0]).all():
        return rows[:1], np.zeros(len(rows), dtype=np.intp)
    rows, which = np.unique(rows, axis=0, return_inverse=True)
    return rows, which.reshape(-1)


def _roots(length: Array) -> Array:
    """The roots (R, f, f) that draws of their own take, from fixed directions of these lengths (R, f)."""
    root = np.where(np.eye(length.shape[1], dtype=bool), length[:, :, None], 0.0)
    return grams.fixed_root(root**2, root)


__all__ = ["Drawn", "Plans", "by_products", "distinct", "draw_many", "labels", "plans_of", "stacked"]
