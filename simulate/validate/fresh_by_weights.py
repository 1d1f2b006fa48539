"""Fresh vectors by weight space: mean and covariance of what filters W see of them, by the law in d dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from derivations.declare import (
    ClassNoiseLaw,
    CovarianceLaw,
    EntryLaw,
    GaussianLaw,
    Law,
    MixtureLaw,
    Model,
    NearLaw,
    Scalar,
    chosen_law,
    forgotten,
)
from dynamics.arrays import Array
from dynamics.fresh.classnoise import Matrices, Spiked

from ..start.drawn import Draw
from ..values import Values, real
from .fresh_cases import Case


def by_weights(
    model: Model, draw: Draw, W: Array, values: Values, case: Case, mixed: Array
) -> tuple[Array, list[Array]]:
    """From W (S, d): the mean (C,) of the combinations `mixed` (P, S, C), and the maps (C, d) of its fresh vectors."""
    assert draw.vectors is not None
    n, mean, y = len(draw.y), np.zeros(mixed.shape[2]), case.y
    near = isinstance(model.test, NearLaw)
    linear: dict[str, Array] = {}
    terms = [(p, term) for p, patch in enumerate(model.patches) for term in patch.terms]
    for p, term in terms:
        scale = float(np.prod([_value(factor, case) for factor in term.factors]))
        family, onto = model.family(term.direction), mixed[p].T @ W
        place = family.index_set.row(0, int(y), 0, case.example if near else 0)
        if near or term.direction not in model.test.drawn:
            mean += scale * onto @ draw.vectors[model.offsets(n)[term.direction] + place]
        if term.direction not in model.test.drawn:
            continue
        law = chosen_law(family, values)
        if isinstance(law, MixtureLaw) and model.test.by_own_laws:
            centre = draw.centres[term.direction].vector
            assert centre is not None
            mean += scale * case.clean * onto @ centre
        own = scale * coloured(model, draw, onto, term.direction, law, values, int(y))
        key = term.direction if near else f"{term.direction} {place}"
        linear[key] = linear[key] + own if key in linear else own
    return mean, list(linear.values())


def _value(factor: str | Scalar, case: Case) -> float:
    """One factor of a term's scale."""
    return {"label": case.y, "clean": case.clean}[factor] if isinstance(factor, str) else case.scalars[factor.name]


def coloured(
    model: Model, draw: Draw, onto: Array, name: str, law: object, values: Values, label: int
) -> Array:
    """`onto` (C, d) times the root of the declared covariance of a fresh vector: sigma P, A_y or Sigma's."""
    if isinstance(model.test, CovarianceLaw):
        sizes, axes = np.linalg.eigh(draw.covariances[name].matrix)
        return np.asarray(onto @ (axes * np.sqrt(np.maximum(sizes, 0.0))))
    if isinstance(model.test, NearLaw):
        away = (*(law.projected_off(values) if isinstance(law, Law) else ()), *model.network.axis_names)
        return np.asarray(real(values, model.test.std) * without(onto, span(_vectors(model, draw, away))))
    if isinstance(law, ClassNoiseLaw):
        return np.asarray(onto @ class_matrix(model, draw, name, law, values, label))
    if not isinstance(law, GaussianLaw | MixtureLaw | EntryLaw):
        raise forgotten(law, "the covariance of fresh vectors")
    off = (*law.projected_off(values), *model.network.axis_names)
    return np.asarray(real(values, law.std) * without(onto, span(_vectors(model, draw, off))))


def _vectors(model: Model, draw: Draw, names: tuple[str, ...]) -> Array:
    """The directions of these families (k, d)."""
    assert draw.vectors is not None
    offsets, sizes = model.offsets(len(draw.y)), model.sizes(len(draw.y))
    parts = [draw.vectors[offsets[name] : offsets[name] + sizes[name]] for name in names]
    return np.concatenate([np.zeros((0, draw.vectors.shape[1])), *parts])


def span(vectors: Array) -> Array:
    """Orthonormal rows (r, d) spanning the vectors (k, d), whatever their lengths; zero or dependent ones are legal."""
    lengths = np.linalg.norm(vectors, axis=1)
    unit = vectors[lengths > 0] / lengths[lengths > 0][:, None]
    _, values, basis = np.linalg.svd(unit, full_matrices=False)
    kept: Array = basis[values > 1e-10]
    return kept


def without(onto: Array, basis: Array) -> Array:
    """`onto` (C, d) without what lies along the orthonormal rows of `basis` (r, d)."""
    once = onto - (onto @ basis.T) @ basis
    return np.asarray(once - (once @ basis.T) @ basis)


def class_matrix(model: Model, draw: Draw, name: str, law: ClassNoiseLaw, values: Values, label: int) -> Array:
    """A_k (d, d) of class-dependent noise: the caller's, or as declared, by the draw's own spikes.

    The spike's lambda solves (D - 1) s^4 + lambda^4 = Gamma ((D - 2) s^4 + 2 s^2 lambda^2), D the rank, s
    the spread.
    """
    noise = draw.noise[name]
    if isinstance(noise, Matrices):
        return np.asarray(noise.A[label])
    assert isinstance(noise, Spiked) and draw.vectors is not None
    d = draw.vectors.shape[1]
    spread, ratio = real(values, law.spread), real(values, law.ratio)
    off = (*law.projected_off(values), *model.network.axis_names)
    bulk = without(np.eye(d), span(_vectors(model, draw, off)))
    if noise.spikes is None or not len(noise.spikes):
        return np.asarray(spread * bulk)
    rank, square = round(float(np.trace(bulk))), spread**2
    lam = np.sqrt(max(np.roots([1.0, -2.0 * ratio * square, square**2 * ((rank - 1) - ratio * (rank - 2))]).real))
    spike = noise.spikes
    sizes = np.full(len(spike), spread)
    sizes[label] = lam
    return np.asarray(spread * (bulk - spike.T @ spike) + (spike.T * sizes) @ spike)


@dataclass(frozen=True)
class Samples:
    """Fresh examples at one state, as an observable's account by weights reads them: `FreshWeights` of the views.

    `vectors`(family, label) are <w_{h,r}, v> (N, H, m); `root`(family, label) is the A (d, d) of v = A zeta.
    """

    W: Array
    wrong: Array
    vectors: Callable[[str, int], Array]
    root: Callable[[str, int], Array]

    def preactivations(self, family: str, label: int) -> Array:
        """<w_{h,r}, v> (N, H, m) on the family's vector of the label's examples."""
        return self.vectors(family, label)

    def matrix(self, family: str, label: int) -> Array:
        """The A (d, d) of v = A zeta."""
        return self.root(family, label)
