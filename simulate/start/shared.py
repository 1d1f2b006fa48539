"""Draws that cells of a grid share: those of one seed whose parameters are alike, as far as a draw reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derivations.declare import Value

from .drawn import Draw


class Read(Mapping[str, Value]):
    """Values by name, and in `names` which of them somebody has looked at."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Value:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.names |= set(self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def held(drawn: Draw) -> int:
    """How many numbers a draw holds, about: those too that are made of its frame where somebody looks."""
    watched, frame = drawn.watched, drawn.frame
    arrays = [drawn.z, drawn.gram, drawn.vectors, drawn.weights, drawn.filter_gram]
    arrays += [] if watched is None else [watched.vectors]
    if frame is None:
        arrays += [] if watched is None else [watched.z, watched.across, watched.gram]
        return sum(each.size for each in arrays if each is not None)
    arrays += [frame.features] + ([frame.directions, frame.filters] if drawn.vectors is None else [])
    made = 2 * len(frame.features) * (len(frame.filters) + len(frame.directions))
    return made + sum(each.size for each in arrays if each is not None)


class Shared:
    """The last draws of one seed, of up to so many numbers together, each with the values that it was made of."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._known: list[tuple[dict[str, Value], Draw, int]] = []

    def find(self, values: Mapping[str, Value]) -> Draw | None:
        """The draw of a cell with these values; None where none is alike in all that it reads."""
        for read, drawn, _ in self._known:
            if all(values.get(name) == value for name, value in read.items()):
                return drawn
        return None

    def keep(self, read: Read, values: Mapping[str, Value], drawn: Draw) -> None:
        """Keep a draw that was made of `read`."""
        self._known.append(({name: values.get(name) for name in read.names}, drawn, held(drawn)))
        while sum(numbers for *_, numbers in self._known) > self._most:
            del self._known[0]


__all__ = ["Read", "Shared", "held"]
