"""Arrays with named indices, each entry with the magnitude of the terms that it was made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations.declare.formula import FormulaError

from ..work.memory import amount, at_hand

AnyArray = NDArray[Any]
_ARRAYS = 6  # of a product at once: both sides, their magnitudes, the value and its own
_SMALL = 2.0**28  # bytes that are not asked about
_ROOM: ContextVar[float] = ContextVar("room", default=math.inf)
KEPT = 20_000_000  # bytes of values of formulas' parts in one view of a run
CANCELLED = 8 * np.finfo(float).eps  # a value below this share of its terms holds no digit of them


def entry_text(index: Mapping[str, int], *before: str) -> str:
    """Which entry an index names, after what stands before it: "t = 5, j = 1, i = 3"."""
    return ", ".join([*before, *(f"{dim} = {at}" for dim, at in index.items())])


def against(left: float, right: float, digits: int = 6) -> str:
    """Two sides of a comparison, as text: no zero has a sign."""
    return f"{left + 0.0:.{digits}g} against {right + 0.0:.{digits}g}"


@dataclass(frozen=True)
class Indexed:
    """An array with the names of its indices; `size` is the sum of magnitudes behind each entry (None: exact)."""

    dims: tuple[str, ...]
    values: AnyArray
    size: AnyArray | None = None

    @property
    def magnitude(self) -> AnyArray:
        """The sum of the magnitudes of the terms behind each entry; the value's own where nothing else is known."""
        return np.abs(self.values.astype(float)) if self.size is None else self.size

    def over(self, dims: tuple[str, ...]) -> Indexed:
        """The same on more indices, in that order, of length 1 where it does not depend on one."""
        order = [self.dims.index(dim) for dim in dims if dim in self.dims]
        shape = [self.values.shape[self.dims.index(dim)] if dim in self.dims else 1 for dim in dims]
        size = None if self.size is None else self.size.transpose(order).reshape(shape)
        return Indexed(dims, self.values.transpose(order).reshape(shape), size)


@dataclass
class Parts:
    """Values by the text of the formula, forgotten together where they take more than KEPT bytes."""

    found: dict[str, Indexed] = field(default_factory=dict)
    taken: int = 0

    def get(self, text: str) -> Indexed | None:
        """The value of that formula, where it is kept."""
        return self.found.get(text)

    def keep(self, text: str, value: Indexed) -> None:
        """Keeps a value."""
        self.taken += value.values.nbytes + (0 if value.size is None else value.size.nbytes)
        if self.taken > KEPT:
            self.found, self.taken = {}, 0
        self.found[text] = value


@contextmanager
def at_most(memory: float) -> Iterator[None]:
    """In the block, formulas take so many bytes at most, or what is at hand where that is less."""
    token = _ROOM.set(memory)
    try:
        yield
    finally:
        _ROOM.reset(token)


def aligned(parts: Iterable[Indexed], whole: bool = True) -> tuple[tuple[str, ...], list[Indexed]]:
    """All on the indices of any of them, t first.

    Raises FormulaError where lengths do not fit, or an array on all indices (unless `whole` is false: they are summed
    over) takes more memory than there is.
    """
    listed = list(parts)
    dims = tuple(dict.fromkeys(dim for part in listed for dim in part.dims))
    dims = tuple(sorted(dims, key=lambda dim: dim != "t"))
    same = [part if part.dims == dims else part.over(dims) for part in listed]
    try:
        shape = np.broadcast_shapes(*(part.values.shape for part in same))
    except ValueError:
        runs = {dim: sorted({part.values.shape[part.dims.index(dim)] for part in listed if dim in part.dims})
                for dim in dims}
        apart = "; ".join(
            f"{dim} over {' and over '.join(map(str, each))}" for dim, each in runs.items() if len(each) > 1)
        raise FormulaError(
            f"an index runs over different lengths here: {apart}; rename one, as in gamma[j,q]") from None
    takes = 8.0 * _ARRAYS * math.prod(shape)
    if whole and takes > _SMALL and takes > (room := min(_ROOM.get(), at_hand())):
        lengths = ", ".join(f"{dim} of {length}" for dim, length in zip(dims, shape, strict=True))
        raise FormulaError(
            f"a part of it with the indices {lengths} takes about {amount(takes)}, and {amount(room)} may be taken; "
            "take fewer examples or filters"
        )
    return dims, same


def truth(part: Indexed, text: str) -> Indexed:
    """The part, whose entries are true or false.  Raises FormulaError where they are numbers."""
    values = part.values
    if values.dtype != np.bool_ and not np.isin(values, (0.0, 1.0)).all():
        raise FormulaError(f"{text!r} is a number, and what is said or assumed is a comparison, such as '{text} > 0'")
    return part


def resolved(part: Indexed) -> AnyArray:
    """The values, NaN where terms cancelled to less than their rounding."""
    values = part.values * 1.0
    if part.size is None:
        return values
    return np.where((np.abs(values) <= CANCELLED * part.size) & (part.size > 0), np.nan, values)


HOLDS: dict[str, Callable[[AnyArray, AnyArray], AnyArray]] = {
    "<=": np.less_equal,
    "<": np.less,
    ">=": np.greater_equal,
    ">": np.greater,
    "==": np.equal,
}
