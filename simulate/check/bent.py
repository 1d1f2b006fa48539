"""Draws bent out of what random ones are like: filters, lengths, angles, signs and labels changed on a log scale.

A statement about every draw with a property is tested where draws have it and where they do not; chance gives too few
of the latter.  What is bent stays inside the support of the declared laws: only Gaussian vectors, Gaussian filters and
labels drawn at random are changed, by linear maps of the vectors and filters, so that the Gram matrix stays one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from derivations.declare import GaussianLaw, Model, Value, chosen_law
from dynamics.arrays import Array

from ..errors import InputError
from ..run.problem import Start
from ..start.drawn import Draw


@dataclass(frozen=True)
class Bend(ABC):
    """One way to bend a draw, by an amount on a log scale; 0 leaves it as it is.

    `grain` is the least amount that tells on which side a condition is left.
    """

    grain: ClassVar[float] = 0.1

    @abstractmethod
    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """The draw, bent."""


Bends = tuple[tuple[Bend, float], ...]


@dataclass(frozen=True)
class Filters(Bend):
    """W(0) times e^by; where `one`, the first filter alone."""

    one: bool = False

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """Products with filters times e^by."""
        filters = draw.z.shape[0] * draw.z.shape[1]
        scale = np.full(filters, math.exp(by))
        if self.one:
            scale[1:] = 1.0
        plus = np.zeros((filters, draw.z.shape[2]))
        for family in model.directions[len(model.of_data.directions) :]:  # what is trained beside them stays
            rows = _rows(draw, model, family.name)
            plus[:, rows] = (1 - scale)[:, None] * draw.z.reshape(filters, -1)[:, rows] / np.diag(draw.gram)[rows]
        return _filters(draw, scale, plus)


@dataclass(frozen=True)
class Along(Bend):
    """The products of every filter with a family times e^by, by adding vectors of that family to the filters."""

    family: str

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """Those products scaled; those with vectors orthogonal to the family stay."""
        return _products(draw, _rows(draw, model, self.family), lambda z: math.exp(by) * z)


@dataclass(frozen=True)
class Turned(Bend):
    """The products of a share 1 - e^-|by| of a head's filters with a family are given the sign of `by`."""

    grain = 2.0
    family: str

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """The first of each head's filters turned."""
        share = round((1 - math.exp(-abs(by))) * draw.z.shape[1])

        def turned(z: Array) -> Array:
            flat = z.reshape(*draw.z.shape[:2], -1).copy()
            flat[:, :share] = math.copysign(1.0, by) * np.abs(flat[:, :share])
            return flat.reshape(z.shape)

        return _products(draw, _rows(draw, model, self.family), turned) if share else draw


@dataclass(frozen=True)
class Lengths(Bend):
    """The vectors of a family times e^by; where `one`, the first alone."""

    family: str
    one: bool = False

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """Longer or shorter vectors."""
        rows = _rows(draw, model, self.family)
        scale = np.ones(draw.z.shape[2])
        scale[rows.start : rows.start + 1 if self.one else rows.stop] = math.exp(by)
        return _vectors(draw, np.diag(scale))


@dataclass(frozen=True)
class Lean(Bend):
    """To every vector of a family sinh(by) times the first one of the family `onto` is added, not to that one."""

    grain = 0.003
    family: str
    onto: str

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """Vectors that are more alike, or less."""
        rows, first = _rows(draw, model, self.family), _rows(draw, model, self.onto).start
        mixed = np.eye(draw.z.shape[2])
        mixed[rows, first] += math.sinh(by)
        mixed[first, first] = 1.0
        return _vectors(draw, mixed)


@dataclass(frozen=True)
class Labels(Bend):
    """A share 1 - e^-|by| of the examples are given the last label (by > 0), or the first."""

    grain = 1.0

    def bent(self, draw: Draw, model: Model, by: float) -> Draw:
        """Classes of other sizes."""
        y, labels = draw.y.copy(), model.network.head_axis.labels
        y[: round((1 - math.exp(-abs(by))) * len(y))] = labels[-1 if by > 0 else 0]
        return replace(draw, y=y, clean=y)


def knobs_of(model: Model, values: Mapping[str, Value]) -> tuple[Bend, ...]:
    """The ways in which draws of a model can be bent inside the support of its laws."""
    laws = {family.name: chosen_law(family, values) for family in model.of_data.directions}
    if any(law is not None and law.follows_clean for law in laws.values()):
        return ()
    knobs: list[Bend] = []
    if model.initialisation.shape_of(values) == "gaussian":
        knobs += [Filters(), Filters(one=True)]
        knobs += [knob for name in laws for knob in (Along(name), Turned(name))]
    for name, law in laws.items():
        if isinstance(law, GaussianLaw):
            knobs += [Lengths(name), Lengths(name, one=True)]
            knobs += [Lean(name, other) for other in laws if other not in law.projected_off(values)]
    if not (model.class_sizes or model.label_flips or model.scalars or model.follows_clean
            or model.algorithm.over_tasks):
        knobs.append(Labels())
    return tuple(knobs)


def bent(start: Start, bends: Bends) -> Start:
    """A start with its draw bent."""
    drawn = start.draw
    if not bends or drawn.centres or not drawn.gram.size:
        return start
    for knob, by in bends:
        drawn = knob.bent(drawn, start.model, by)
    kernel = start.problem.kernel.bind(drawn.clean, drawn.scalars).through(drawn.vectors)
    return replace(start, draw=drawn, kernel=kernel)


def _rows(draw: Draw, model: Model, family: str) -> slice:
    first = model.offsets(len(draw.y), draw.tasks)[family]
    return slice(first, first + model.sizes(len(draw.y), draw.tasks)[family])


def _vectors(draw: Draw, by: Array) -> Draw:
    """The draw with the vectors `by` V in place of its vectors V."""
    watched = draw.watched
    return replace(
        draw, z=draw.z @ by.T, gram=_even(by @ draw.gram @ by.T),
        vectors=None if draw.vectors is None else by @ draw.vectors,
        watched=None if watched is None else replace(watched, across=by @ watched.across),
    )


def _filters(draw: Draw, scale: Array, plus: Array) -> Draw:
    """The draw with filters diag(scale) W + plus V in place of its filters W; `plus` is (S, B)."""
    flat, watched = draw.z.reshape(len(scale), -1), draw.watched
    cross = scale[:, None] * (flat @ plus.T)
    gram = scale[:, None] * draw.weight_gram * scale + cross + cross.T + plus @ draw.gram @ plus.T
    weights = None
    if draw.weights is not None and draw.vectors is not None:
        rows = draw.weights.reshape(len(scale), -1)
        weights = (scale[:, None] * rows + plus @ draw.vectors).reshape(draw.weights.shape)
    if watched is not None:
        seen = scale[:, None] * watched.z.reshape(len(scale), -1) + plus @ watched.across
        watched = replace(watched, z=seen.reshape(watched.z.shape))
    return replace(
        draw, z=(scale[:, None] * flat + plus @ draw.gram).reshape(draw.z.shape), weights=weights,
        filter_gram=None if draw.filter_gram is None else _even(gram), watched=watched,
    )


def _products(draw: Draw, rows: slice, new: Callable[[Array], Array]) -> Draw:
    """The draw whose products with the vectors at these rows are new(z), by adding these vectors to the filters.

    Raises InputError where they are linearly dependent, so that their products cannot be chosen.
    """
    flat = draw.z.reshape(-1, draw.z.shape[2])
    plus = np.zeros_like(flat)
    try:
        plus[:, rows] = np.linalg.solve(draw.gram[rows, rows], (new(flat[:, rows]) - flat[:, rows]).T).T
    except np.linalg.LinAlgError:
        said = "their products with the filters cannot be bent; take a draw whose vectors are independent"
        raise InputError(f"draw: the vectors of a family are linearly dependent, and {said}") from None
    return _filters(draw, np.ones(len(flat)), plus)


def _even(gram: Array) -> Array:
    """The same, exactly symmetric."""
    symmetric: Array = (gram + gram.T) / 2
    return symmetric
