"""Mixing matrices over the examples: a row says of which others an example's vector, and its label, is combined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ModelError
from .choices import Declared, Name
from .data import laws_of
from .densities import OfDensity
from .laws import GaussianLaw
from .parameter import Value
from .scalars import Number, value_of


class Mixing(Declared, ABC):
    """A random matrix (n, n) that training examples are mixed with, by its name; equal names are equal matrices."""

    chances: ClassVar[tuple[str, ...]] = ()
    """Its fields that are numbers from 0 to 1."""
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

    @abstractmethod
    def fresh(self, rng: Any, size: int, n: int, values: Mapping[str, Value]) -> tuple[Any, Any]:
        """Of `size` fresh examples, by a NumPy generator: what each one's label is taken times, and its row's length.

        sum_k M_k yhat_k is the first times its own clean label, and ||M|| the second; n is how many are mixed.
        """

    def fresh_refusal(self, model: Any) -> str:
        """Why a fresh example's row has no law in this model, in one sentence; "" where it has."""
        return ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in self.chances:
            if not isinstance(getattr(self, field), str):
                self.chance(field, {})

    def chance(self, field: str, values: Mapping[str, Value]) -> float:
        """A declared number from 0 to 1.  Raises ModelError for any other."""
        given = getattr(self, field)
        value = value_of(given, values)
        if not 0 <= value <= 1:
            what = given if isinstance(given, str) else f"{type(self).__name__}.{field}"
            raise ModelError(f"{what}: {value:g}; expected a number from 0 to 1 (in {self.name!r})")
        return value


@dataclass(frozen=True, kw_only=True)
class GraphConvolution(Mixing):
    """D^{-1} (A + I): each two examples are neighbours with probability `same` where they have one label, else `other`.

    A is symmetric and D has its row sums with the loops, so that a row is the mean over an example and its neighbours.
    A fresh example is a node of a graph of its own, with n - 1 others.
    """

    chances = ("same", "other")
    name: Name
    same: Number
    other: Number

    @property
    def entries(self) -> str:
        """A mean."""
        return "mean over an example and its neighbours in a graph"

    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """Edges of the upper triangle, mirrored."""
        same, other = self.chance("same", values), self.chance("other", values)
        likely = np.where(labels[:, None] == labels[None, :], same, other)
        edges = np.triu(rng.random(likely.shape) < likely, 1)
        whole = (edges | edges.T) + np.eye(len(labels))
        return whole / whole.sum(axis=1, keepdims=True)

    def fresh(self, rng: Any, size: int, n: int, values: Mapping[str, Value]) -> tuple[Any, Any]:
        """By the numbers of its neighbours of its own label and of the other, since labels are uniform."""
        same, other = self.chance("same", values) / 2, self.chance("other", values) / 2
        alike, unlike, _ = rng.multinomial(n - 1, (same, other, 1.0 - same - other), size).T
        degree = 1.0 + alike + unlike
        return (1.0 + alike - unlike) / degree, 1.0 / np.sqrt(degree)

    def fresh_refusal(self, model: Any) -> str:
        """A mean of Gaussian vectors is one, of a length that the number of neighbours tells."""
        held: dict[str, set[object]] = {}
        for term in (term for patch in model.patches for term in patch.terms):
            held.setdefault(term.direction, set()).add(frozenset(term.factors))
            labels = [each for each in term.scalars if isinstance(each, MixedLabel) and each.by == self]
            if model.label_flips and any(each.observed for each in labels):
                return f"{self.name}: a fresh node's neighbours have flipped labels, which the test law does not draw"
            row = row_of(term)
            if row is None or row.by != self:
                continue
            if any(each.varies for each in term.scalars if each != row):
                return f"{self.name}: the scalars of a fresh node's neighbours are not drawn by the test law"
            if not all(isinstance(law, GaussianLaw) for law in laws_of(model.family(term.direction))):
                return f"{self.name}: a mean of vectors of {term.direction} has no law of one, which Gaussian ones have"
        several = [name for name in mixed_families(model) if len(held[name]) > 1]
        if several:
            return f"{self.name}: a fresh node holds {several[0]} mixed in two ways, which the test law draws as one"
        return f"{self.name}: labels by class sizes are not uniform" if model.class_sizes else ""


@dataclass(frozen=True, kw_only=True)
class Mixup(Mixing):
    """share I + (1 - share) times a permutation, uniform over all: each example is mixed with one other.

    Fresh examples are not mixed.
    """

    chances = ("share",)
    name: Name
    share: Number

    @property
    def entries(self) -> str:
        """A pair."""
        return "combination of an example and another"

    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """A share of the example itself."""
        share, unit = self.chance("share", values), np.eye(len(labels))
        return share * unit + (1.0 - share) * unit[rng.permutation(len(labels))]

    def fresh(self, rng: Any, size: int, n: int, values: Mapping[str, Value]) -> tuple[Any, Any]:
        """They are not mixed."""
        return np.ones(size), np.ones(size)


@dataclass(frozen=True, kw_only=True)
class GivenMixing(Mixing):
    """A matrix of the user's own, `rows` (n, n): an array, or rows of numbers; n is then as many."""

    name: Name
    rows: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        try:
            matrix = np.asarray(self.rows, dtype=np.float64)
        except (TypeError, ValueError):  # no numbers, or rows of several lengths
            matrix = np.empty(())
        if matrix.ndim == 2:
            object.__setattr__(self, "rows", tuple(tuple(float(entry) for entry in row) for row in matrix))
        super().__post_init__()
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
            shape = f" of shape {matrix.shape}" if matrix.ndim else " that are no matrix of numbers"
            raise ModelError(f"{self.name}: rows{shape}; expected finite numbers (n, n), so give a square matrix")

    @property
    def entries(self) -> str:
        """What it is."""
        return "combination of examples as given"

    def matrix(self, rng: Any, labels: Any, values: Mapping[str, Value]) -> Any:
        """As given."""
        if len(self.rows) != len(labels):
            raise ModelError(f"n: {len(labels)}, but the mixing matrix {self.name!r} is given for {len(self.rows)}; "
                             f"expected as many examples, so give n = {len(self.rows)}")
        return np.array(self.rows)

    def fresh(self, rng: Any, size: int, n: int, values: Mapping[str, Value]) -> tuple[Any, Any]:
        """Nobody says how."""
        raise TypeError(f"{self.name}: no law of a fresh row")

    def fresh_refusal(self, model: Any) -> str:
        """It is of these examples."""
        return f"{self.name}: a matrix as given says of these examples what they are mixed of, and of no fresh one"


MixingMatrix = GraphConvolution | Mixup | GivenMixing
"""Every kind of them."""


@dataclass(frozen=True, kw_only=True)
class Row(OfDensity):
    """Row i of the matrix `by` over the examples: its term is sum_k M_ik times the other scalars and the vector of k.

    So Term(direction="xi", scale=Row(by=M)) is sum_k M_ik xi_k, and coefficients are those of the xi_k themselves.  Of
    a family over examples; what a single vector is taken times is a `MixedLabel`.
    """

    of_one_set = True
    by: MixingMatrix

    @property
    def name(self) -> str:  # type: ignore[override]
        """The matrix's."""
        return self.by.name

    @property
    def latex(self) -> str:  # type: ignore[override]
        """As its name."""
        return ""

    def words(self) -> str:
        """What a row is."""
        return f"over k, a {self.by.entries}"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """It is a matrix's, and drawn with it."""
        raise TypeError(f"{self.name}: a row is drawn with its matrix")


@dataclass(frozen=True, kw_only=True)
class MixedLabel(OfDensity):
    """sum_k M_ik y_k, with M the matrix `by` and y_k the labels before flips, or with `observed` those after them."""

    of_one_set = True
    name: Name
    by: MixingMatrix
    observed: bool = False
    latex: str = ""

    @property
    def tells_clean(self) -> bool:
        """As declared."""
        return not self.observed

    def words(self) -> str:
        """The combination."""
        return f"sum_k {self.by.name}_ik {'y' if self.observed else 'yhat'}_k, a {self.by.entries}"

    def drawn_by(self, rng: Any, size: int, values: Mapping[str, Value]) -> Any:
        """It comes from the matrix and the labels."""
        raise TypeError(f"{self.name}: labels are mixed with their matrix")


def mixings_of(model: Any) -> tuple[Mixing, ...]:
    """The matrices of a model, each once, in order."""
    return tuple(dict.fromkeys(each.by for each in model.scalars if isinstance(each, Row | MixedLabel)))


def rows_of(model: Any) -> tuple[Row, ...]:
    """The rows that terms of a model are mixed by, each once."""
    return tuple(each for each in model.scalars if isinstance(each, Row))


def row_of(term: Any) -> Row | None:
    """The row that a term is mixed by; None where it is of its own example alone."""
    return next((each for each in term.scalars if isinstance(each, Row)), None)


def mixed_families(model: Any) -> frozenset[str]:
    """The families of which an example holds a combination."""
    return frozenset(term.direction for patch in model.patches for term in patch.terms if row_of(term) is not None)


def refusals(model: Any) -> Iterator[str]:
    """What does not go with mixing."""
    families = {family.name: family for family in model.directions}
    for patch in model.patches:
        for term in patch.terms:
            rows = [each for each in term.scalars if isinstance(each, Row)]
            if len(rows) > 1:
                yield f"patches: {term.direction!r} is mixed by two rows; multiply the matrices and give one"
            if rows and term.direction in families and not families[term.direction].index_set.per_example:
                what = f"{term.direction!r} is no family over examples"
                yield (f"patches: {what}, so a row of {rows[0].name} has nothing to run over; "
                       "take it times a MixedLabel, or declare it over 'sample'")
            if rows and any(isinstance(each, MixedLabel) for each in term.scalars):
                yield f"patches: {term.direction!r} is taken times a row and a mixed label; give the label itself"
    if rows_of(model) and model.objective.penalised:
        yield (f"penalty: {model.objective.penalty!r} takes gradient norms of examples that share their vectors, which "
               "is not derived for a Row; leave the penalty out")
    if model.objective.mixed_labels is not None:
        if not model.network.head_axis.signed:
            yield "Objective.mixed_labels: labels +-1 are mixed, so signed heads; leave it out with class heads"
        if not model.objective.mixed_labels.observed:
            yield "Objective.mixed_labels: a loss sees the observed labels; give MixedLabel(..., observed=True)"
        if isinstance(model.objective.mixed_labels.by, GraphConvolution):
            yield "Objective.mixed_labels: a graph mixes examples and no labels of the loss; give a Mixup"
        if model.objective.label_weights or model.objective.penalised or "label_noise" in model.algorithm.options:
            yield ("Objective.mixed_labels: with label weights, a penalty or label noise it is not derived; leave "
                   "these out")
