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


class Shared:
    """The draws of one seed so far, each with the values that it was made of."""

    def __init__(self) -> None:
        self._known: list[tuple[dict[str, Value], Draw]] = []

    def find(self, values: Mapping[str, Value]) -> Draw | None:
        """The draw of a cell with these values; None where none is alike in all that it reads."""
        for read, drawn in self._known:
            if all(values.get(name) == value for name, value in read.items()):
                return drawn
        return None

    def keep(self, read: Read, values: Mapping[str, Value], drawn: Draw) -> None:
        """Keep a draw that was made of `read`."""
        self._known.append(({name: values.get(name) for name in read.names}, drawn))


__all__ = ["Read", "Shared"]
