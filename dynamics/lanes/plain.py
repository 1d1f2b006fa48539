"""Eight doubles as a NumPy array, with the names of `dynamics.lanes.compiled`: a kernel's text as plain Python.

NumPy's sums, products, quotients and roots of doubles are the correctly rounded ones, so a kernel run this way has the
bits of the compiled one; `fused` goes through the C library's fma.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, Flags
from . import memory

Longs = NDArray[np.int64]
WIDTH = 8
aligned = memory.aligned

_LIBRARY = ctypes.PyDLL(ctypes.util.find_library("m") or None)  # CDLL would let other threads in at each call
_LIBRARY.fma.restype = ctypes.c_double
_LIBRARY.fma.argtypes = [ctypes.c_double] * 3
_fma = np.frompyfunc(_LIBRARY.fma, 3, 1)


def load(array: Array, at: int, width: int = WIDTH) -> Array:
    """array[at : at + 8]; there must be as many."""
    found = np.array(array[at : at + width])
    if found.size != width:
        raise IndexError(f"lanes {at} to {at + width} of an array of {array.size}")
    return found


def load_half(array: Array, at: int) -> Array:
    """array[at : at + 4]; there must be as many."""
    return load(array, at, WIDTH // 2)


def store(array: Array, at: int, value: Array) -> None:
    """array[at : at + 8] = value, or as many as there are values."""
    if at < 0 or at + value.size > array.size:
        raise IndexError(f"lanes {at} to {at + value.size} of an array of {array.size}")
    array[at : at + value.size] = value


store_half = store


def spread(array: Array, at: int) -> Array:
    """array[at] in every lane; `at` has to be an entry's place, from 0."""
    if not 0 <= at < array.size:
        raise IndexError(f"entry {at} of an array of {array.size}")
    return _everywhere(array[at])


def entry(array: Array, at: int) -> float:
    """array[at]; `at` has to be an entry's place, from 0."""
    if not 0 <= at < array.size:
        raise IndexError(f"entry {at} of an array of {array.size}")
    return float(array[at])


def lanes(value: Any) -> Array:
    """A number in every lane."""
    return value if isinstance(value, np.ndarray) and value.ndim else _everywhere(value)


def _everywhere(value: Any) -> Array:
    """A number in every lane; `np.full` takes three times as long."""
    made = np.empty(WIDTH)
    made.fill(value)
    return made


def whole(value: int) -> Longs:
    """An integer in every lane."""
    return np.full(WIDTH, value, dtype=np.int64)


def fused(a: Array, b: Array, c: Array) -> Array:
    """a b + c, rounded once."""
    return np.asarray(_fma(a, b, c), dtype=np.float64)


fused_half = fused


def fused_one(a: float, b: float, c: float) -> float:
    """a b + c of numbers, rounded once."""
    return float(_LIBRARY.fma(float(a), float(b), float(c)))


def low(a: Array) -> Array:
    """The first four lanes."""
    return a[: WIDTH // 2]


def sqrt_each(a: Array) -> Array:
    """The square root."""
    return np.asarray(np.sqrt(a))


def nearest(a: Array) -> Array:
    """The nearest whole number, ties to even."""
    return np.asarray(np.rint(a))


def where(mask: Flags, a: Any, b: Any) -> Array:
    """a where the mask is true, else b."""
    return np.asarray(np.where(mask, a, b))


def both(a: Flags, b: Flags) -> Flags:
    """a and b."""
    return np.asarray(a & b)


def either(a: Flags, b: Flags) -> Flags:
    """a or b."""
    return np.asarray(a | b)


def every(mask: Flags) -> bool:
    """Whether all lanes are true."""
    return bool(mask.all())


def to_whole(a: Array) -> Longs:
    """Whole numbers as integers."""
    return np.asarray(a.astype(np.int64))


def to_lanes(a: Longs) -> Array:
    """Integers as doubles."""
    return np.asarray(a.astype(np.float64))


def bits_of(a: Array) -> Longs:
    """The bits of doubles, as integers."""
    return np.asarray(a.view(np.int64))


def of_bits(a: Longs) -> Array:
    """The doubles that have these bits."""
    return np.asarray(a.view(np.float64))


def shifted_left(a: Longs, b: Longs) -> Longs:
    """The bits moved up."""
    return np.asarray(a << b)


def shifted_right(a: Longs, b: Longs) -> Longs:
    """The bits moved down, zeros coming in."""
    return np.asarray((a.view(np.uint64) >> b.view(np.uint64)).view(np.int64))


def bits_and(a: Longs, b: Longs) -> Longs:
    """The bits that both have."""
    return np.asarray(a & b)


def bits_or(a: Longs, b: Longs) -> Longs:
    """The bits that either has."""
    return np.asarray(a | b)


def nonzero(a: Longs) -> int:
    """Bit k is 1 where lane k, the bits of a double, is not 0 or -0."""
    return sum(1 << at for at, value in enumerate(a.tolist()) if value & (2**63 - 1))


def ones(bits: int) -> int:
    """How many bits are 1."""
    return bits.bit_count()


def lowest(bits: int) -> int:
    """The place of the lowest bit that is 1; there has to be one."""
    return (bits & -bits).bit_length() - 1


def lane(a: Array, at: int) -> float:
    """What stands in a lane, from 0; NumPy's number, whose powers are inf where Python's raise."""
    number: float = a[at]
    return number


def in_lane(a: Array, at: int, value: float) -> Array:
    """The same lanes but for one."""
    changed = np.array(a)
    changed[at] = value
    return changed


def total(a: Array) -> float:
    """((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))."""
    at: list[float] = a.tolist()  # fifty times as fast as NumPy's sums of a few
    return ((at[0] + at[4]) + (at[2] + at[6])) + ((at[1] + at[5]) + (at[3] + at[7]))


def least(a: Array) -> float:
    """The smallest lane."""
    at: list[float] = a.tolist()
    for gap in (4, 2, 1):
        at = [other if other < one else one for one, other in zip(at[:gap], at[gap:], strict=True)]
    return at[0]
