"""Normals put into strata in one pass, compiled: a library takes a pass for every stratum, and one to sort."""

# mypy: disable-error-code="no-untyped-call, no-untyped-def"
# Compiled functions take what their signatures say.

from __future__ import annotations

from ..lazily import njit


@njit("int64(float64[::1], float64[::1], int64[::1], float64[:, ::1])", cache=True, fastmath=False,
      error_model="numpy", nogil=True)
def sort(drawn, bounds, held, rows):
    """Fills the columns of `rows` (groups, strata) from the top, each with the first of `drawn` (N,) that lie in it.

    A number's stratum is how many of the bounds (strata - 1,) it is above.  held (strata,) is how many rows of a column
    are filled, before and after; returns how many columns are full.
    """
    full = 0
    for k in range(held.size):
        full += held[k] == rows.shape[0]
    for i in range(drawn.size):
        x, of = drawn[i], 0
        for k in range(bounds.size):
            of += x > bounds[k]
        if held[of] < rows.shape[0]:
            rows[held[of], of] = x
            held[of] += 1
            full += held[of] == rows.shape[0]
    return full


__all__ = ["sort"]
