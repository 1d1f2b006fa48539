"""The heads of a network, one class a kind: how many there are, and their labels, signs and names."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Heads = Literal["signed", "class"]


class HeadAxis(ABC):
    """The axis (H,) of a network's heads, each of which stands for one label."""

    signed: ClassVar[bool]
    """Whether the network gives one number, in which heads count with signs."""
    dim: ClassVar[str]
    """The axis's name in a run, and the index's in formulas."""

    @property
    def count(self) -> int:
        """H."""
        return len(self.labels)

    @property
    @abstractmethod
    def labels(self) -> tuple[float, ...]:
        """The label that each head is of."""

    @property
    @abstractmethod
    def signs(self) -> tuple[float, ...]:
        """What each head counts with in the network's output."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The labels as text."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What a label may be, in words."""

    @property
    @abstractmethod
    def kinds(self) -> str:
        """What examples are told apart by, in words."""

    @abstractmethod
    def output(self, F: Any) -> Any:
        """What the network gives, of an array or a tensor F (n, H) of the heads' own outputs."""


@dataclass(frozen=True)
class SignedHeads(HeadAxis):
    """Two heads j = +1, -1 and one output f = F_{+1} - F_{-1}, for labels +1 and -1."""

    signed = True
    dim = "j"

    @property
    def labels(self) -> tuple[float, ...]:
        """+1, -1."""
        return (1.0, -1.0)

    @property
    def signs(self) -> tuple[float, ...]:
        """A head's sign is its label."""
        return self.labels

    @property
    def names(self) -> tuple[str, ...]:
        """With their signs."""
        return ("+1", "-1")

    @property
    def allowed(self) -> str:
        """Either of two."""
        return "+1 or -1"

    @property
    def kinds(self) -> str:
        """The two labels."""
        return "labels +1 and -1"

    def output(self, F: Any) -> Any:
        """F (n,)."""
        return F[:, 0] - F[:, 1]


@dataclass(frozen=True)
class ClassHeads(HeadAxis):
    """A head and an output for each of K classes, for labels 0 .. K - 1."""

    classes: int

    signed = False
    dim = "k"

    @property
    def labels(self) -> tuple[float, ...]:
        """0 .. K - 1."""
        return tuple(float(k) for k in range(self.classes))

    @property
    def signs(self) -> tuple[float, ...]:
        """No output is taken from another: all 1."""
        return (1.0,) * self.classes

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' numbers."""
        return tuple(str(k) for k in range(self.classes))

    @property
    def allowed(self) -> str:
        """A class's number."""
        return f"0 to {self.classes - 1}"

    @property
    def kinds(self) -> str:
        """The classes."""
        return f"K = {self.classes} classes"

    def output(self, F: Any) -> Any:
        """The logits (n, K), which F is."""
        return F


@functools.cache
def head_axis(heads: str, classes: int) -> HeadAxis:
    """The heads of one of the words `Heads`; `classes` is K where there is one a class."""
    return {"signed": SignedHeads(), "class": ClassHeads(classes)}[heads]
