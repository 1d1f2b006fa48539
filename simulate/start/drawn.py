"""What a draw is: the start of a run, by its inner products, with the vectors behind them where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array
from dynamics.chance import gram as grams
from dynamics.fresh.classnoise import Matrices, Spiked
from dynamics.later import Later

Sampling = Literal["vectors", "gram", "initial"]


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
    gram (V, V), each made where it is first looked at; `chosen` (K,) is each task's entry of the dictionary; `vectors`
    (V, d) is None for a Gram draw.
    """

    names: Mapping[str, slice]
    chosen: NDArray[np.int64]
    vectors: Array | None
    z: Later = Later()  # noqa: RUF009 - a descriptor, which is no default
    across: Later = Later()  # noqa: RUF009
    gram: Later = Later()  # noqa: RUF009


@dataclass(frozen=True)
class Frame:
    """A draw of tasks by coordinates in an orthonormal basis, whose first r axes hold the fixed vectors.

    features (V, r), lower triangular but for vectors that are 0; directions (B, C) and filters (S, C'), C <= C': beyond
    its own a direction's coordinates are 0.
    """

    features: Array
    directions: Array
    filters: Array

    def watched(self, heads: int) -> tuple[Callable[[], Array], Callable[[], Array], Callable[[], Array]]:
        """What makes z (H, m, V), across (B, V) and gram (V, V) of the fixed vectors."""
        axes = self.features.shape[1]
        filters = self.filters[:, :axes].reshape(heads, -1, axes)
        return (
            partial(grams.onto, filters, self.features), partial(grams.onto, self.directions[:, :axes], self.features),
            partial(grams.own, self.features),
        )


@dataclass(frozen=True)
class HeldOut:
    """N examples that training does not see: labels y and clean ones (N,), vectors (N, d) by family, scalars (N,)."""

    y: Array
    clean: Array
    vectors: Mapping[str, Array]
    scalars: Mapping[str, Array]


@dataclass(frozen=True)
class Covariance:
    """Sigma (d, d) of a family's fresh vectors, and the start in its inner product: W Sigma V^T, V Sigma V^T, ..."""

    matrix: Array
    start: grams.Reduced


@dataclass(frozen=True)
class Draw:
    """The start of a run; S = H m filters, B directions, in the order of the model's families.

    z (H, m, B) = <w_s(0), v_b>; gram (B, B) = <v_b, v_c>; y (n,): +-1 or 0..K-1, as observed; clean (n,), as given: the
    labels before flips, y where not given; vectors (B, d) and weights (H, m, d) are None for a Gram draw, which has
    `filter_gram` (S, S) instead; `centres` are the mixtures' means and `noise` the matrices of class-dependent noise,
    by family; `scalars` (n,) by name are those that examples differ in; `held` and `covariances` are what the caller
    brought for the test law.  `d` is a float: a Gram draw may have d = e^100.  Examples are those of every one of
    `tasks` tasks, one after another; `watched` are vectors to look at.
    The last `axes` directions are those of numbers that neurons have beside their filters, and so are as many of the
    last coordinates of vectors (B, d + axes) and weights; `filter_gram` and `d` are without them.
    A draw of tasks is given its `frame`, and a draw that is made of another has none.
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
    scalars: Mapping[str, Array] = field(default_factory=dict)
    held: HeldOut | None = None
    covariances: Mapping[str, Covariance] = field(default_factory=dict)
    tasks: int = 1
    watched: Watched | None = None
    axes: int = 0
    frame: Frame | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.clean.size:
            object.__setattr__(self, "clean", self.y)

    def framed(self, frame: Frame) -> Draw:
        """This draw, whose frame that is."""
        object.__setattr__(self, "frame", frame)
        return self

    @property
    def examples(self) -> int:
        """n: examples of one task, all of them where there is one."""
        return len(self.y) // self.tasks

    @cached_property
    def squared_lengths(self) -> Array:
        """||v_b||^2 (B,), from the vectors where the Gram matrix is left out."""
        if self.gram.size or self.vectors is None:
            return np.diag(self.gram)
        squares: Array = np.einsum("bd,bd->b", self.vectors, self.vectors)
        return squares

    @cached_property
    def weight_gram(self) -> Array:
        """W(0) W(0)^T, (S, S); from vectors it is computed when asked for: a wide network may not afford it."""
        if self.filter_gram is not None:
            return self.filter_gram
        assert self.weights is not None
        return grams.own(self.of_data(self.weights).reshape(-1, int(self.d)))

    def of_data(self, vectors: Array) -> Array:
        """Vectors (..., d + axes) without what neurons have beside their filters, (..., d)."""
        return vectors[..., : vectors.shape[-1] - self.axes]

    @property
    def reduced(self) -> grams.Reduced:
        """The inner products of filters and directions alone, in which the neurons' own axes are 0."""
        return without_axes(grams.Reduced(z=self.z, gram=self.gram, weight_gram=self.weight_gram), self.axes)


def without_axes(start: grams.Reduced, axes: int) -> grams.Reduced:
    """A start's inner products, or many runs', with those along the last `axes` directions at 0."""
    if not axes:
        return start
    z, gram = start.z.copy(), start.gram.copy()
    z[..., -axes:] = gram[..., -axes:, :] = gram[..., -axes:] = 0.0
    return grams.Reduced(z=z, gram=gram, weight_gram=start.weight_gram)


def of_vectors(
    vectors: Array, weights: Array, y: Array, sampling: Sampling, centres: Mapping[str, Centre] | None = None,
    noise: Mapping[str, Spiked | Matrices] | None = None,
) -> Draw:
    """A draw of one set of examples from its directions (B, d) and filters (H, m, d)."""
    z, d = grams.onto(weights, vectors), float(vectors.shape[1])
    return Draw(z, grams.own(vectors), y, d, sampling, vectors, weights, None, centres or {}, noise or {})
