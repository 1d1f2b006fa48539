"""Mixing matrices over the examples: a row says of which others an example's vector, and its label, is combined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from .choices import Declared, Name
from .densities import OfDensity
from .entry_law import EntryLaw
from .laws import GaussianLaw, Law
from .parameter import Value
from .scalars import Number, value_of


class Mixing(Declared, ABC):
    """A random matrix (n, n) that training examples are mixed with, by its name; equal names are equal matrices."""

    name: str

    @property
    @abstractmethod
    def entries(self) -> str:
        """What a row does, in words."""

    @abstractmethod
    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """The matrix (n, n) for examples of these labels (n,), by a NumPy generator.

        Raises ModelError, in one sentence, where a parameter is out of range.
        """

    def chance(self, given: Number, values: Mapping[str, Value]) -> float:
        """A declared number from 0 to 1.  Raises ModelError for any other."""
        value = value_of(given, values)
        if not 0 <= value <= 1:
            raise ModelError(f"{given}: {value:g}; expected a number from 0 to 1 (in {self.name!r})")
        return value


@dataclass(frozen=True, kw_only=True)
class GraphConvolution(Mixing):
    """D^{-1} (A + I): each two examples are neighbours with probability `same` where they have one label, else `other`.

    A is symmetric and D has its row sums with the loops, so that a row is the mean over an example and its neighbours.
    """

    name: Name
    same: Number
    other: Number

    @property
    def entries(self) -> str:
        """A mean."""
        return "mean over an example and its neighbours in a graph"

    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """Edges of the upper triangle, mirrored."""
        same, other = self.chance(self.same, values), self.chance(self.other, values)
        likely = np.where(labels[:, None] == labels[None, :], same, other)
        edges = np.triu(rng.random(likely.shape) < likely, 1)
        whole = (edges | edges.T) + np.eye(len(labels))
        return whole / whole.sum(axis=1, keepdims=True)


@dataclass(frozen=True, kw_only=True)
class Mixup(Mixing):
    """share I + (1 - share) times a permutation, uniform over all: each example is mixed with one other."""

    name: Name
    share: Number

    @property
    def entries(self) -> str:
        """A pair."""
        return "combination of an example and another"

    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """A share of the example itself."""
        share, unit = self.chance(self.share, values), np.eye(len(labels))
        return share * unit + (1.0 - share) * unit[rng.permutation(len(labels))]


@dataclass(frozen=True, kw_only=True)
class MixedLaw(Law):
    """One vector an example, sum_k M_ik v_k, with v_k independent by the law `noise` and M the matrix `by`.

    The coefficients are those of the mixed vectors; what they are on v_k is M^T of them.  A caller's own arrays are the
    vectors as they are mixed.
    """

    noise: GaussianLaw | EntryLaw
    by: GraphConvolution | Mixup

    def refusal(self, family: Any, model: Any) -> str:
        """As the noise's, of examples."""
        if not family.index_set.per_example or model.algorithm.over_tasks:
            return "mixed vectors are of examples, of one loop; declare another law"
        return self.noise.refusal(family, model)

    @property
    def scales(self) -> tuple[str, ...]:
        """The noise's."""
        return self.noise.scales

    @property
    def deviations(self) -> tuple[str, ...]:
        """None: how many are mixed changes them."""
        return ()

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """The noise's."""
        return self.noise.shape_of(values)

    def entry_numbers(self, values: Mapping[str, Value]) -> tuple[float, ...]:
        """The noise's."""
        return self.noise.entry_numbers(values)

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """The noise's."""
        return self.noise.projected_off(values)


@dataclass(frozen=True, kw_only=True)
class MixedLabel(OfDensity):
    """sum_k M_ik y_k, with M the matrix `by` and y_k the labels before flips, or with `observed` those after them."""

    name: Name
    by: GraphConvolution | Mixup
    observed: bool = False
    latex: str = ""

    @property
    def tells_clean(self) -> bool:
        """As declared."""
        return not self.observed

    def words(self) -> str:
        """The combination."""
        return f"sum_k {self.by.name}_ik {'y' if self.observed else 'yhat'}_k, a {self.by.entries}"

    @property
    def lawless(self) -> str:
        """Nobody says what a fresh example is mixed with."""
        whose = f"{self.name}: a fresh example's row of {self.by.name} is not declared, so its scale has no law"
        return f"{whose}; leave the test observables out"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """It comes from the matrix and the labels."""
        raise ModelError(self.lawless)


def mixings_of(model: Any) -> tuple[Mixing, ...]:
    """The matrices of a model, each once, in order."""
    laws = [family.law.by for family in model.directions if isinstance(family.law, MixedLaw)]
    scalars = [scalar.by for scalar in model.scalars if isinstance(scalar, MixedLabel)]
    return tuple(dict.fromkeys((*laws, *scalars)))
