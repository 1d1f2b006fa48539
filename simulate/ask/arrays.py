"""Arrays as a caller gives them: real, finite, nothing masked; and digests that tell one start from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamics.arrays import Array

from ..errors import InputError, quoted
from ..values import EXACT
from . import digest

_KINDS = {
    "b": "true and false", "c": "complex numbers", "M": "dates", "m": "durations", "U": "text", "S": "bytes",
    "T": "text", "V": "records", "O": "Python objects",
}


def raw(name: str, value: object, flags: bool = False) -> NDArray[Any]:
    """An array of integers or floats (with `flags`, also of true and false), in the type it came in.

    Raises:
        InputError: for anything else, rows of different lengths, and masked entries.
    """
    parts = [value, *(value if isinstance(value, list | tuple) else ())]
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise InputError(
            f"{name}: an array with masked entries; expected numbers throughout, so fill them or leave those rows out"
        )
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        ragged = isinstance(error, ValueError) and "inhomogeneous" in str(error)
        what = "rows of different lengths" if ragged else f"{quoted(value)}, which is not an array of real numbers"
        raise InputError(f"{name}: {what}; give a float64 array") from None
    if array.dtype.kind not in ("iufb" if flags else "iuf"):
        what = _KINDS.get(array.dtype.kind, str(array.dtype))
        raise InputError(f"{name}: not an array of real numbers but of {what}; give a float64 array")
    return array


def real(name: str, value: object) -> Array:
    """A float64 copy of an array of finite real numbers.

    Raises:
        InputError: as `raw`, and for an entry that is not finite or that float64 does not hold.
    """
    given = raw(name, value)
    with np.errstate(all="ignore"):
        array = np.array(given, dtype=np.float64, order="C")
    _all(name, given, np.isfinite(array), "expected finite numbers; mend it")
    if given.dtype.kind == "f":
        _all(name, given, (array != 0) | (given == 0), "which is below the smallest float64; write 0 if you mean 0")
    else:
        _all(name, given, np.abs(array) < EXACT, "expected whole numbers below 2^53, which float64 holds exactly")
    return array


def _all(name: str, given: NDArray[Any], good: NDArray[np.bool_], said: str) -> None:
    if not good.all():
        where = tuple(int(i) for i in np.argwhere(~good)[0])
        raise InputError(f"{name}: {given[where]} at index {where}; {said}")


def whole(name: str, value: object) -> NDArray[np.int64]:
    """Whole numbers (N,), such as labels.

    Raises:
        InputError: as `raw`, and for another shape or an entry that is not whole.
    """
    given = raw(name, value)
    if given.ndim != 1:
        raise InputError(f"{name}: an array of shape {given.shape}; expected (N,), a whole number an image")
    number = given.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(number) & (np.floor(given) == given) & (np.abs(number) < EXACT)))
    if len(bad):
        raise InputError(
            f"{name}: {quoted(given[bad[0]].item())} at {bad[0]}; expected whole numbers, one for each class"
        )
    return given.astype(np.int64)


def digests(arrays: Mapping[str, object]) -> dict[str, str]:
    """A short SHA-256 of each array's shape and float64 entries, by name; -0 counts as 0.

    Raises:
        InputError: as `real`.
    """
    return {name: _digest(real(f"initial[{name!r}]", array)) for name, array in arrays.items()}


def _digest(array: Array) -> str:
    content = (array + 0.0).astype("<f8").tobytes()
    return digest.short(str(array.shape).encode() + content)
