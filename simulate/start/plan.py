"""The checked numbers of a draw of examples: lengths, deviations, what noise is off, means and spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from derivations.declare import (
    ClassNoiseLaw,
    Directions,
    EntryLaw,
    FixedLaw,
    GaussianLaw,
    MixtureLaw,
    Model,
    TaskLaw,
    Value,
    forgotten,
)
from dynamics.arrays import Array
from dynamics.chance.covariances import spike
from dynamics.fresh.classnoise import Spiked

from ..errors import InputError
from ..values import number, whole
from .angles import apart, cosines, refused, roots
from .declared import entries_of, law_of, off_indices


@dataclass(frozen=True)
class ClassNoise:
    """A class-noise family: its rows, `spread`, own spike's `size`, directions it is off, and its spikes' columns.

    Of R runs, `spread` and `size` are (R,) each.
    """

    rows: slice
    spread: float | Array
    size: float | Array
    off: NDArray[np.intp]
    columns: slice

    def scale(self, classes: int) -> Array:
        """(..., K, C): A_k on each spike; C = 0 where there is none."""
        size, spread = (np.asarray(each)[..., None, None] for each in (self.size, self.spread))
        scale: Array = np.where(np.eye(classes, self.columns.stop - self.columns.start, dtype=bool), size, spread)
        return scale


@dataclass(frozen=True)
class Plan:
    """Checked numbers of a draw: per direction its fixed length or, where `random`, its std; and `along`.

    `along` (number of random directions, f) tells which fixed directions a random one has a component along;
    `centres` has, for every mixture, its rows and its mean's standard deviation a coordinate.  `shapes` has the
    number of vectors and the shape of the coordinates, with its numbers, of every random family, `shape` that of the
    filters' entries.
    `root` (f, f) are the fixed directions on the first axes, where they have angles.
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
    shapes: tuple[tuple[int, str, tuple[float, ...]], ...]
    class_noise: Mapping[str, ClassNoise]
    random: NDArray[np.bool_]
    root: Array | None = None

    @property
    def spikes(self) -> int:
        """Spikes of all class-noise families."""
        return max((noise.columns.stop for noise in self.class_noise.values()), default=0)

    def stretch(self, y: Array, noises: Mapping[str, ClassNoise] | None = None) -> Array:
        """(..., random directions, spikes): each vector's deviation along each spike over its own elsewhere.

        y (..., n); of many runs `noises` are theirs in this plan's place.
        """
        stretch = np.ones((*y.shape[:-1], len(self.std), self.spikes))
        for noise in (self.class_noise if noises is None else noises).values():
            own = np.take_along_axis(noise.scale(self.heads), y.astype(np.intp)[..., None], axis=-2)
            spread = np.asarray(noise.spread)[..., None, None]
            along = own / np.where(spread != 0, spread, 1.0)
            stretch[..., noise.rows, noise.columns] = np.where(spread != 0, along, 1.0)
        return np.take(stretch, self.noise, axis=-2)

    def realised(
        self, z: Array, across: Array, spikes: Array | None, noises: Mapping[str, ClassNoise] | None = None
    ) -> dict[str, Spiked]:
        """The class noises of a draw, from inner products (..., S, C) and (..., B, C) with all spikes, (C, d) or None.

        `noises` as in `stretch`.
        """
        return {
            name: Spiked(
                noise.spread, noise.scale(self.heads), noise.off, z[..., noise.columns], across[..., noise.columns],
                None if spikes is None else spikes[noise.columns],
            )
            for name, noise in (self.class_noise if noises is None else noises).items()
        }

    @cached_property
    def fixed(self) -> NDArray[np.intp]:
        """The rows of the fixed directions."""
        return np.flatnonzero(~self.random)

    @cached_property
    def noise(self) -> NDArray[np.intp]:
        """The rows of the random directions."""
        return np.flatnonzero(self.random)


def plan_of(model: Model, values: Mapping[str, Value]) -> Plan:
    """Reads and checks the declaration; the messages are the ones a user meets."""
    n, m, d = int(whole(values, "n")), int(whole(values, "m")), whole(values, "d")
    sizes, offsets = model.sizes(n), model.offsets(n)
    length, std, known = np.zeros(offsets[""]), np.zeros(offsets[""]), np.zeros(offsets[""], dtype=bool)
    centres: dict[str, tuple[slice, float]] = {}
    shapes: list[tuple[int, str, tuple[float, ...]]] = []
    class_noise: dict[str, ClassNoise] = {}
    for family in model.directions:
        rows = slice(offsets[family.name], offsets[family.name] + sizes[family.name])
        law = law_of(family, values)
        if isinstance(law, FixedLaw):
            length[rows], known[rows] = number(values, law.norm), True
        elif isinstance(law, GaussianLaw | MixtureLaw):
            std[rows] = number(values, law.std)
            if isinstance(law, MixtureLaw):
                centres[family.name] = (rows, number(values, law.mean_norm) / np.sqrt(d))
        elif isinstance(law, EntryLaw):
            std[rows] = number(values, law.std)
            off = off_indices(model, law, n, values)
            class_noise[family.name] = ClassNoise(rows, float(std[rows][0]), 0.0, off, slice(0, 0))
        elif isinstance(law, ClassNoiseLaw):
            first = max((noise.columns.stop for noise in class_noise.values()), default=0)
            class_noise[family.name] = _class_noise(model, family, law, values, rows, first)
            std[rows] = class_noise[family.name].spread
        elif law is None or isinstance(law, TaskLaw):
            raise InputError(f"{family.name}: the family has no law to draw from; give its vectors in initial=")
        else:
            raise forgotten(law, "a draw of examples")
        if shape := law.shape_of(values):
            shapes.append((sizes[family.name], shape, entries_of(law, values)))
    fixed = np.flatnonzero(known)
    root = roots(cosines(model, values, n, fixed, length[fixed]), length[fixed]) if model.angles else None
    axes = along(model, values, n, d, fixed, length[fixed])
    if d < len(fixed):
        raise InputError(
            f"d: {d:g} is below the number of fixed directions, each of which has an axis; give {len(fixed)} or more"
        )
    plan = Plan(
        model.n_heads, n, m, d, length, std, axes[~known], number(values, model.initialisation.std),
        model.initialisation.shape_of(values), centres, tuple(shapes), class_noise, ~known, root,
    )
    if d < len(fixed) + plan.spikes:
        raise InputError(
            f"d: {d:g} has no room for {len(fixed)} fixed directions and {plan.spikes} directions of stronger noise; "
            f"give d of at least {len(fixed) + plan.spikes}"
        )
    return plan


def along(
    model: Model, values: Mapping[str, Value], n: int, d: float, fixed: NDArray[np.intp], length: Array
) -> NDArray[np.bool_]:
    """(B, f): which axes of the fixed directions each direction has a component along, by what it is projected off.

    A fixed vector that is 0 has no direction: I - mu mu^+ is I there, and nothing is projected off it; so of one that
    is in the span of others.
    """
    sizes, offsets = model.sizes(n), model.offsets(n)
    cosine = cosines(model, values, n, fixed, length) if model.angles else np.empty((0, 0))
    null = np.diag(roots(cosine, length)) == 0 if model.angles else length == 0
    axes = np.ones((offsets[""], len(fixed)), dtype=bool)
    for family in model.directions:
        law = law_of(family, values)
        if law is not None:
            off = off_indices(model, law, n, values)
            if model.angles and not apart(cosine, np.isin(fixed, off)):
                raise InputError(refused(family.name, law.projected_off(values)))
            axes[offsets[family.name] : offsets[family.name] + sizes[family.name]] = ~np.isin(fixed, off) | null
            if len(off) and d - len(fixed) < 1:
                raise InputError(
                    f"d: {d:g} leaves no dimension for {family.name!r}, which is projected off fixed directions (there "
                    f"are {len(fixed)}); give d of at least {len(fixed) + 1}"
                )
    return axes


def _class_noise(
    model: Model, family: Directions, law: ClassNoiseLaw, values: Mapping[str, Value], rows: slice, first: int
) -> ClassNoise:
    """The family's numbers; no spikes where the ratio is 1, which is the same noise for every class."""
    spread, ratio, n = number(values, law.spread), number(values, law.ratio), rows.stop - rows.start
    off = off_indices(model, law, n, values)
    rank = max(whole(values, "d") - len(off), 1.0)  # fewer dimensions are refused with the directions' own reason
    own = spike_size(law, ratio, rank, spread)
    return ClassNoise(rows, spread, own, off, slice(first, first + (model.network.classes if ratio != 1 else 0)))


def spike_size(law: ClassNoiseLaw, ratio: float, rank: float, spread: float) -> float:
    """A_k on its own spike.  Raises InputError where there is none of this ratio in so many dimensions."""
    try:
        return spread if ratio == 1 else float(np.sqrt(spike(ratio, rank, spread)))
    except ValueError as error:
        raise InputError(f"{error}; give {law.ratio} of at least 1, or matrices {law.matrices} in initial=") from error
