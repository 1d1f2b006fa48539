"""Products and factors of triangular matrices against NumPy's, and which half of a matrix is read."""

import numpy as np
import pytest

from dynamics.triangular import cholesky, lower_inverse, times_lower

SIZES = [0, 1, 3, 130]


def _positive(size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rows = np.random.default_rng(size).standard_normal((size, size + 5))
    return np.asarray(rows @ rows.T + size * np.eye(size))


def _other_half(size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.triu(np.full((size, size), np.nan), 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_product_with_a_lower_triangular_matrix_reads_no_other_half(size: int) -> None:
    lower, vectors = np.tril(_positive(size)), np.random.default_rng(1).standard_normal((7, size))
    product = times_lower(vectors, lower + _other_half(size), 1.5)
    # Of each sum of `size` products, in whatever order: gamma_n of Higham 2002, Section 3.1, and the scale's rounding.
    bound = (size + 2) * np.finfo(float).eps * 1.5 * (np.abs(vectors) @ np.abs(lower).T)
    assert (np.abs(product - 1.5 * vectors @ lower.T) <= 2 * bound).all()
    assert (times_lower(vectors[::-1], lower, 1.5) == product[::-1]).all()


@pytest.mark.parametrize("size", SIZES)
def test_a_factor_gives_its_matrix_back_and_its_inverse_the_identity(size: int) -> None:
    matrix = _positive(size)
    lower = cholesky(np.tril(matrix) + _other_half(size))
    assert lower is not None
    assert (np.triu(lower, 1) == 0).all()
    eps = np.finfo(float).eps
    assert (np.abs(lower @ lower.T - matrix) <= 2 * (size + 1) * eps * (np.abs(lower) @ np.abs(lower).T)).all()
    inverse = lower_inverse(lower + _other_half(size))
    # Higham 2002, Section 14.2: |X L - 1| <= c_n eps |X| |L|, here for whichever side the library takes.
    assert (np.abs(inverse @ lower - np.eye(size)) <= 4 * (size + 1) * eps * (np.abs(inverse) @ np.abs(lower))).all()
    assert (np.triu(inverse, 1) == 0).all()


def test_a_matrix_without_a_factor_has_none_and_none_of_the_arguments_is_written_to() -> None:
    matrix, vectors = _positive(4), np.ones((2, 4))
    given = matrix.copy(), vectors.copy()
    assert cholesky(-matrix) is None
    times_lower(vectors, matrix)
    lower_inverse(matrix)
    assert (matrix == given[0]).all() and (vectors == given[1]).all()
