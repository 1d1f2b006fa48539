"""Fresh examples drawn in d dimensions from the declared laws, one class a test law, independent of any derivation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from derivations.declare import (
    Bernoulli,
    ClassNoiseLaw,
    CovarianceLaw,
    EntryLaw,
    FreshLaw,
    GaussianLaw,
    GaussianScalar,
    GraphConvolution,
    MixedLabel,
    MixtureLaw,
    Mixup,
    Model,
    NearLaw,
    RandomSign,
    Row,
    UniformScalar,
    chosen_law,
    forgotten,
    terms_of,
)
from dynamics.arrays import Array

from ..errors import InputError
from ..values import Values, constant, real
from .weights import Labelled

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Ground:
    """What fresh examples are drawn from: the training directions by family (k, d), and what the caller brings."""

    model: Model
    values: Values
    known: Mapping[str, Tensor]
    rng: np.random.Generator
    centres: Mapping[str, Array]
    matrices: Mapping[str, Array]
    covariances: Mapping[str, Array]
    training: Labelled | None

    def tensor(self, numbers: object) -> Tensor:
        """Numbers where the directions are."""
        return next(iter(self.known.values())).new_tensor(numbers)

    def staying(self, names: list[str], y: Tensor, beside: Tensor) -> dict[str, Tensor]:
        """The training directions (count, d) of these families that an example of label y has, or has beside i."""
        first = torch.zeros_like(y).long()
        sets = {name: self.model.family(name).index_set for name in names}
        return {name: self.known[name][each.row(first, y.long(), first, beside)] for name, each in sets.items()}


@dataclass(frozen=True)
class Examples:
    """Fresh examples: vectors (count, d) by family, labels and clean labels (count,), and the drawn scalars."""

    rows: Mapping[str, Tensor]
    y: Tensor
    clean: Tensor
    scalars: Mapping[str, Tensor]


class Drawn(ABC):
    """How a test law's examples are drawn: labels, then vectors, then scalars; what all kinds are asked."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.model = ground, ground.model

    def draw(self, count: int) -> Examples:
        """`count` of them."""
        y, clean = self.labels(count)
        shared = [family.name for family in self.model.directions if family.index_set.shared]
        rows = self.ground.staying(shared, y, torch.zeros_like(y).long())
        rows |= {name: self.vectors(name, clean) for name in self.model.test.drawn}
        return Examples(rows, y, clean, self.scalars(y, clean))

    def labels(self, count: int) -> tuple[Tensor, Tensor]:
        """Labels as they judge, flipped where the law has them so, and clean ones."""
        ground, law = self.ground, self.model.test
        clean = ground.tensor(ground.rng.choice(np.sort(self.model.network.head_axis.labels), size=count))
        flips = real(ground.values, self.model.label_flips) if self.model.label_flips and law.by_observed else 0.0
        if not flips:
            return clean, clean
        return torch.where(ground.tensor(ground.rng.random(count)) < flips, -clean, clean), clean

    @abstractmethod
    def vectors(self, name: str, clean: Tensor) -> Tensor:
        """Fresh vectors (count, d) of a family that is drawn again."""

    def scalars(self, y: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """Fresh scalars (count,)."""
        ground = self.ground
        return {**_scalars(self.model, ground.values, y, ground.rng),
                **_mixed(self.model, ground.values, y, clean, ground.rng)}


class ByOwnLaws(Drawn):
    """Vectors by the laws of their families."""

    def vectors(self, name: str, clean: Tensor) -> Tensor:
        """Of class-dependent noise by the label's matrix; of a mixture about the label's mean."""
        ground = self.ground
        if name in ground.matrices:
            return _of_class(self.model, name, ground.tensor(ground.matrices[name]), clean, ground.values, ground.rng)
        drawn = _fresh(self.model, name, ground.known, ground.values, len(clean), ground.rng)
        return drawn + clean[:, None] * ground.tensor(ground.centres[name]) if name in ground.centres else drawn


class OfCovariances(Drawn):
    """Vectors of the caller's covariances."""

    def vectors(self, name: str, clean: Tensor) -> Tensor:
        """N(0, Sigma)."""
        sigma = self.ground.covariances[name]
        return self.ground.tensor(
            self.ground.rng.multivariate_normal(np.zeros(len(sigma)), sigma, size=len(clean), method="eigh"))


class BesideTraining(Drawn):
    """Examples beside those of training."""

    def draw(self, count: int) -> Examples:
        """Each beside one, with its label and scalars or with fresh ones."""
        ground, law, training = self.ground, self.model.test, self.ground.training
        assert training is not None and isinstance(law, NearLaw)
        y, clean = self.labels(count)
        beside = torch.as_tensor(ground.rng.integers(len(training.y), size=count))
        if law.labels == "own":
            clean = ground.tensor(training.clean)[beside]
            y = ground.tensor(training.y)[beside] if law.flips else clean
        rows = ground.staying([family.name for family in self.model.directions], y, beside)
        rows |= {name: rows[name] + self.vectors(name, clean) for name in law.drawn}
        own = {name: ground.tensor(each)[beside] for name, each in training.scalars.items()}
        return Examples(rows, y, clean, own if law.labels == "own" else self.scalars(y, clean))

    def vectors(self, name: str, clean: Tensor) -> Tensor:
        """What is added to a vector of training."""
        ground, law = self.ground, self.model.test
        assert isinstance(law, NearLaw)
        return _gaussian(self.model, name, law.std, ground.known, ground.values, len(clean), ground.rng)


_KINDS: Mapping[type, type[Drawn]] = {FreshLaw: ByOwnLaws, CovarianceLaw: OfCovariances, NearLaw: BesideTraining}


def drawn_by(ground: Ground) -> Drawn:
    """How the model's test law draws.  Raises InputError where it leaves out a family over examples."""
    law = ground.model.test
    kind = _KINDS.get(type(law))
    if kind is None:
        raise forgotten(law, "fresh examples in weight space")
    for term in terms_of(ground.model.patches) if kind is not BesideTraining else ():
        if ground.model.family(term.direction).index_set.per_example and term.direction not in law.drawn:
            raise InputError(
                f"{term.direction}: a fresh example needs its own vector of this family, and the test law does not "
                f"draw it again; declare FreshLaw(fresh=({term.direction!r},))"
            )
    return kind(ground)


def _fresh(
    model: Model, name: str, fixed: Mapping[str, Tensor], values: Values, count: int, rng: np.random.Generator
) -> Tensor:
    """`count` fresh vectors (count, d) of a family, from its declared law; of a mixture the noise, without the mean."""
    law = chosen_law(model.family(name), values)
    if not isinstance(law, GaussianLaw | MixtureLaw | EntryLaw):
        raise InputError(
            f"{name}: a fresh vector of this family has no Gaussian law in the model; declare a GaussianLaw for it"
        )
    if not isinstance(law, EntryLaw):
        return _gaussian(model, name, law.std, fixed, values, count, rng)
    d = fixed[name].shape[1]
    given = {"student": law.freedom, "sparse": law.share}.get(law.entries)
    zeta = _entries(law.entries, (count, d), rng, 0.0 if given is None else constant(values, given))
    return _projected(model, name, real(values, law.std) * fixed[name].new_tensor(zeta), fixed, values)


def _gaussian(
    model: Model, name: str, std: str, fixed: Mapping[str, Tensor], values: Values, count: int,
    rng: np.random.Generator,
) -> Tensor:
    """`count` vectors (count, d) of N(0, std^2 P), P off what the family's own law is projected off."""
    zeta = rng.standard_normal((count, fixed[name].shape[1]))
    return _projected(model, name, real(values, std) * fixed[name].new_tensor(zeta), fixed, values)


def _projected(model: Model, name: str, drawn: Tensor, fixed: Mapping[str, Tensor], values: Values) -> Tensor:
    """Vectors (count, d) without what the family's own law is projected off."""
    law = chosen_law(model.family(name), values)
    away = (*(() if law is None else law.projected_off(values)), *model.network.axis_names)
    if not away:
        return drawn
    off = torch.cat([fixed[each] for each in away])
    live = off[off.norm(dim=1) > 0]  # a vector that is 0 has no direction to be off
    _, sizes, rows = torch.linalg.svd(live / live.norm(dim=1, keepdim=True), full_matrices=False)
    basis: Tensor = rows[sizes > 1e-10].T
    return drawn - drawn @ basis @ basis.T


def _scalars(model: Model, values: Values, y: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
    """The drawn scalars of fresh examples (n,), by name."""
    scalars: dict[str, Tensor] = {}
    for scalar in model.scalars:
        if isinstance(scalar, RandomSign):
            scalars[scalar.name] = y.new_tensor(rng.choice([-1.0, 1.0], size=len(y)))
        elif isinstance(scalar, Bernoulli):
            p = scalar.probability
            chance = constant(values, p)
            scalars[scalar.name] = y.new_tensor((rng.random(len(y)) < chance).astype(np.float64))
        elif isinstance(scalar, GaussianScalar):
            mean, std = (constant(values, each) for each in (scalar.mean, scalar.std))
            scalars[scalar.name] = y.new_tensor(rng.normal(mean, std, size=len(y)))
        elif isinstance(scalar, UniformScalar):
            low, high = (constant(values, each) for each in (scalar.low, scalar.high))
            scalars[scalar.name] = y.new_tensor(low + (high - low) * rng.random(len(y)))
        elif scalar.drawn and not isinstance(scalar, MixedLabel | Row):
            raise forgotten(scalar, "fresh scalars in weight space")
    return scalars


def _mixed(model: Model, values: Values, y: Tensor, clean: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
    """What fresh examples are mixed by (n,): their mixed labels, and the lengths of their rows; one graph a node."""
    scalars: dict[str, Tensor] = {}
    for by in {each.by for each in model.scalars if isinstance(each, MixedLabel | Row)}:
        length, share = torch.ones_like(y), torch.ones_like(y)
        if isinstance(by, GraphConvolution):
            size = (len(y), int(real(values, "n")) - 1)
            others = y.new_tensor(rng.choice([-1.0, 1.0], size=size))
            same, other = (constant(values, each) for each in (by.same, by.other))
            likely = torch.where(others == clean[:, None], y.new_tensor(same), y.new_tensor(other))
            linked = (y.new_tensor(rng.random(size)) < likely).double()
            degree = 1 + linked.sum(1)
            share, length = (1 + (linked * others * clean[:, None]).sum(1)) / degree, degree**-0.5
        elif not isinstance(by, Mixup):
            raise forgotten(by, "fresh rows in weight space")
        for scalar in [each for each in model.scalars if isinstance(each, MixedLabel | Row) and each.by == by]:
            own = length if isinstance(scalar, Row) else share * (y if scalar.observed else clean)
            scalars[scalar.name] = own
    return scalars


def _of_class(
    model: Model, name: str, matrices: Tensor, clean: Tensor, values: Values, rng: np.random.Generator
) -> Tensor:
    """Fresh A_y zeta (count, d), zeta of the declared shape with mean 0 and variance 1."""
    law = chosen_law(model.family(name), values)
    assert isinstance(law, ClassNoiseLaw)
    size = (len(clean), matrices.shape[2])
    drawn = _entries(law.shape_of(values), size, rng)
    zeta, out = matrices.new_tensor(drawn), matrices.new_zeros((len(clean), matrices.shape[1]))
    for k, A in enumerate(matrices):
        own = clean.long() == k
        out[own] = zeta[own] @ A.T
    return out


def _entries(shape: str, size: tuple[int, int], rng: np.random.Generator, number: float = 0.0) -> Array:
    """Independent entries of mean 0 and variance 1."""
    if shape == "gaussian":
        return rng.standard_normal(size)
    if shape == "rademacher":
        return rng.choice([-1.0, 1.0], size=size)
    if shape == "uniform":
        return rng.uniform(-(3**0.5), 3**0.5, size=size)
    if shape == "student":  # a normal over the root of a chi square over its degrees of freedom, of variance 1
        chi = rng.chisquare(number, size=size) / number
        return np.asarray(rng.standard_normal(size) / np.sqrt(chi) * ((number - 2) / number) ** 0.5)
    if shape == "sparse":
        return np.asarray(rng.binomial(1, number, size=size) * rng.standard_normal(size) / number**0.5)
    raise InputError(f"entries: {shape!r}; expected gaussian, uniform or rademacher")
