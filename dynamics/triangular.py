"""Products and factors of triangular matrices by SciPy's BLAS and LAPACK, called without the interpreter's lock.

SciPy's own wrappers of `trmm` and `potrf` keep the lock, so that no other thread gets on for milliseconds; the same
routines, of the same library and so with the same bits, are reached through `scipy.linalg.cython_blas` and
`cython_lapack`, and ctypes lets the lock go.  In Fortran's order a matrix of ours is its own transpose.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from .arrays import Array
from .blas import scipy_linalg

WIDE = 128  # rows from which a triangular matrix is worth a call of its own


def times_lower(vectors: Array, lower: Array, scale: float = 1.0) -> Array:
    """scale * vectors lower^T, (N, B), of vectors (N, B) and lower triangular (B, B), whose other half is not read."""
    product = np.array(vectors, dtype=np.float64, order="C")
    root = np.ascontiguousarray(lower, dtype=np.float64)
    if product.size:  # Fortran's are lower vectors^T with an upper triangular matrix, transposed
        rows, width = product.shape
        _call("blas", "dtrmm", b"L", b"U", b"T", b"N", width, rows, float(scale), root, width, product, width)
    return product


def cholesky(matrix: Array) -> Array | None:
    """The lower triangular factor of a symmetric matrix (S, S); None where it has none."""
    factor = np.array(matrix, dtype=np.float64, order="C")
    size, failed = len(factor), ctypes.c_int(0)
    if size:
        _call("lapack", "dpotrf", b"U", size, factor, size, failed)
    return None if failed.value else np.tril(factor)


def lower_inverse(lower: Array) -> Array:
    """The inverse of a lower triangular matrix (S, S) whose diagonal is not 0."""
    inverse = np.tril(lower)
    size, failed = len(inverse), ctypes.c_int(0)
    if size:
        _call("lapack", "dtrtri", b"U", b"N", size, inverse, size, failed)
    return inverse


def _call(library: str, name: str, *given: bytes | int | float | Array | ctypes.c_int) -> None:
    """Calls a routine of Fortran's, whose arguments are all addresses."""
    _routine(library, name, len(given))(*map(_address, given))


@functools.cache
def _routine(library: str, name: str, count: int) -> Any:
    """The routine as ctypes calls it: the lock is let go inside."""
    from numba.extending import get_cython_function_address

    scipy_linalg()
    address = get_cython_function_address(f"scipy.linalg.cython_{library}", name)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * count)(address)


def _address(given: bytes | int | float | Array | ctypes.c_int) -> Any:
    """Where an argument lies; what is given back holds a number or a letter, and an array is its caller's."""
    if isinstance(given, np.ndarray):
        return given.ctypes.data
    if isinstance(given, bytes):
        return ctypes.byref(ctypes.c_char(given))
    if isinstance(given, ctypes.c_int):
        return ctypes.byref(given)
    return ctypes.byref(ctypes.c_int(given) if isinstance(given, int) else ctypes.c_double(given))


__all__ = ["WIDE", "cholesky", "lower_inverse", "times_lower"]
