"""Compiled inner products: a library's to rounding, the same bits alone, among others and as plain Python."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from dynamics.chance import gram
from dynamics.chance.gram import Ensemble, Reduced, Standard
from dynamics.chance.streams import stream
from dynamics.geometry import distances
from dynamics.kernel.loading import plain_module
from dynamics.lanes import products

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
# (fixed directions, noise vectors, filters, d): below and above a line of eight, and a d that spans less than all.
SHAPES = [(1, 20, 20, 1e6), (1, 3, 2, 40.0), (0, 9, 4, 12.0), (2, 7, 10, 5.0), (2, 17, 3, 1e30), (1, 0, 3, 9.0)]
LARGE = [(3, 140, 131, 1e3), (2, 20, 140, 19.0)]  # by a library; of the second the vectors span less than they are
PLAIN = plain_module(inspect.getsource(products), "products")


@dataclass(frozen=True)
class Drawn:
    """Standard draws and the numbers of R runs of them."""

    standard: list[Standard]
    which: NDArray[np.intp]
    root: Array
    along: Array
    std: Array
    deviation: Array

    def of(self, rows: list[int]) -> Drawn:
        each = (self.root[rows], self.along[rows], self.std[rows], self.deviation[rows])
        return Drawn(self.standard, self.which[rows], *each)

    def reduced(self) -> Reduced:
        return gram.reduced_all(self.standard, self.which, self.root, self.along, self.std, self.deviation)


def drawn_of(f: int, n: int, filters: int, d: float, runs: int = 5, draws: int = 2) -> Drawn:
    rng = stream(f + n, "test")
    each = [gram.standard(gram.rows_of(stream(k, "data")), gram.rows_of(stream(k, "init")), f, n, filters, d)
            for k in range(draws)]
    root = np.tril(rng.standard_normal((runs, f, f))) + 2.0 * np.eye(f)
    along = rng.integers(0, 2, (runs, n, f)) * rng.uniform(0.5, 2.0, (runs, n, f))
    which = rng.integers(0, draws, runs)
    return Drawn(each, which, root, along, rng.uniform(0.1, 3.0, (runs, n)), rng.uniform(1e-3, 1.0, runs))


def bits(found: Reduced) -> list[bytes]:
    return [np.ascontiguousarray(each).tobytes() for each in (found.z, found.gram, found.weight_gram)]


@pytest.mark.parametrize("shape", [*SHAPES, *LARGE])
def test_draws_are_the_inner_products_of_their_vectors(shape: tuple[int, int, int, float]) -> None:
    """To the rounding of two sums of C products and their factors; a term too few or too many is far outside."""
    drawn = drawn_of(*shape)
    found = drawn.reduced()
    for r, which in enumerate(drawn.which.tolist()):
        vectors = gram.placed(drawn.standard[which].noise, drawn.root[r], drawn.along[r], drawn.std[r])
        filters = drawn.standard[which].filters * drawn.deviation[r]
        cut = filters[:, : vectors.shape[1]]
        bound = (vectors.shape[1] + 4) * EPS
        assert (np.abs(found.z[r] - cut @ vectors.T) <= 2 * bound * (np.abs(cut) @ np.abs(vectors).T)).all()
        assert (np.abs(found.gram[r] - vectors @ vectors.T) <= 2 * bound * (np.abs(vectors) @ np.abs(vectors).T)).all()
        whole = np.abs(filters) @ np.abs(filters).T
        assert (np.abs(found.weight_gram[r] - filters @ filters.T) <= 2 * (filters.shape[1] + 4) * EPS * whole).all()
    assert np.array_equal(found.gram, np.swapaxes(found.gram, 1, 2))


@pytest.mark.parametrize("shape", [*SHAPES, *LARGE])
def test_a_draw_has_the_same_bits_alone_and_among_others(shape: tuple[int, int, int, float]) -> None:
    drawn = drawn_of(*shape)
    whole = drawn.reduced()
    order = [3, 0, 4]
    assert bits(drawn.of(order).reduced()) == bits(Reduced(*(each[order] for each in
                                                            (whole.z, whole.gram, whole.weight_gram))))
    for r in range(len(drawn.which)):
        alone = drawn.of([r]).reduced()
        assert bits(alone) == bits(Reduced(whole.z[[r]], whole.gram[[r]], whole.weight_gram[[r]]))


def test_a_draw_of_its_own_is_one_of_many() -> None:
    """`sample` and a grid's draw of the same seed and numbers have one Gram matrix, to the last bit."""
    std, along = np.array([0.5, 0.5, 1.5]), np.array([[False], [False], [True]])
    one = gram.sample(stream(0, "data"), stream(0, "init"), Ensemble(np.eye(1) * 4.0, std, along, 4, 0.3, 50.0))
    standard = gram.standard(gram.rows_of(stream(0, "data")), gram.rows_of(stream(0, "init")), 1, 3, 4, 50.0)
    many = gram.reduced_all(
        [standard], np.zeros(3, dtype=np.intp), np.full((3, 1, 1), 2.0),
        np.repeat(along[None], 3, axis=0), np.array([std, 2 * std, std]), np.array([0.3, 0.3, 0.2]))
    assert bits(one) == bits(Reduced(many.z[0], many.gram[0], many.weight_gram[0]))
    assert np.array_equal(many.gram[2], one.gram) and not np.array_equal(many.gram[1], one.gram)


def states_of(filters: int, vectors: int, runs: int) -> tuple[Reduced, Array, Array]:
    """Starts of vectors that are not orthogonal, coefficients, and what is left of W(0)."""
    rng = stream(vectors, "test")
    draws = [gram.reduce(rng.standard_normal((vectors, 30)), rng.standard_normal((filters, 30))) for _ in range(runs)]
    start = Reduced(*(np.stack([getattr(each, name) for each in draws]) for name in ("z", "gram", "weight_gram")))
    start = Reduced(start.z.reshape(runs, 1, filters, vectors), start.gram, start.weight_gram)
    return start, rng.standard_normal((runs, 1, filters, vectors)), rng.uniform(0.5, 1.0, runs)


@pytest.mark.parametrize("off", [[], [0], [2]])
@pytest.mark.parametrize(("filters", "vectors"), [(20, 21), (3, 4), (9, 8), (8, 17)])
def test_weights_off_a_direction_are_those_of_the_projected_vectors(
    filters: int, vectors: int, off: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `weight_gram` of `project_off` has them; and exactly symmetric, and each run's the same alone."""
    start, b, left = states_of(filters, vectors, 4)
    where, factor = np.array(off, dtype=np.intp), np.linspace(0.5, 2.0, 4)[:, None, None]
    found = distances.projected_gram(start, where, b, left, factor)
    monkeypatch.setattr(products, "LARGEST", 0)
    expected = distances.projected_gram(start, where, b, left, factor)
    monkeypatch.undo()
    size = np.abs(start.weight_gram).max() + 2 * np.abs(b).max() * vectors * np.abs(start.z).max()
    size += (np.abs(b).max() * vectors) ** 2 * np.abs(start.gram).max()
    assert np.abs(found - expected).max() <= 8 * (vectors + 4) * EPS * size * float(factor.max())
    assert np.array_equal(found, np.swapaxes(found, 1, 2))
    for r in range(4):
        one = Reduced(start.z[r], start.gram[r], start.weight_gram[r])
        alone = distances.projected_gram(one, where, b[r : r + 1], left[r : r + 1], float(factor[r, 0, 0]))
        assert alone.tobytes() == found[r : r + 1].tobytes()


def test_what_grows_along_the_direction_left_out_does_not_enter() -> None:
    start, b, left = states_of(6, 5, 3)
    grown = b.copy()
    grown[..., 1] += 1e9
    off = np.array([1])
    assert np.array_equal(distances.projected_gram(start, off, grown, left, 1.0),
                          distances.projected_gram(start, off, b, left, 1.0))


def test_a_direction_of_length_0_takes_nothing_away() -> None:
    start, b, left = states_of(6, 5, 3)
    still = Reduced(start.z.copy(), start.gram.copy(), start.weight_gram)
    still.z[..., 0], still.gram[:, 0], still.gram[:, :, 0] = 0.0, 0.0, 0.0
    assert np.array_equal(distances.projected_gram(still, np.array([0]), b, left, 1.0),
                          distances.projected_gram(still, np.array([], dtype=np.intp), b, left, 1.0))


@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_and_plain_draws_have_the_same_bits(shape: tuple[int, int, int, float]) -> None:
    drawn = drawn_of(*shape, runs=2)
    found = []
    noise, rows_of = (np.stack([getattr(one, name) for one in drawn.standard]) for name in ("noise", "filters"))
    for module in (products, PLAIN):
        rows = drawn.which.astype(np.int64)
        z, inner = module.reduced(noise, rows, rows_of, rows, drawn.root, drawn.along, drawn.std, drawn.deviation)
        found.append(z.tobytes() + inner.tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("off", [-1, 0, 3])
def test_compiled_and_plain_covariances_have_the_same_bits(off: int) -> None:
    start, b, left = states_of(9, 12, 2)
    rows, found = np.arange(2), []
    for module in (products, PLAIN):
        out = module.weight_grams(b.reshape(2, 9, 12), start.gram, start.z.reshape(2, 9, 12), rows, start.weight_gram,
                                  rows, off, left, np.array([1.5, 0.5]))
        found.append(out.tobytes())
    assert found[0] == found[1]
