"""Laws of initial filters as plain frozen data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from .choices import Declared, NumberName
from .parameter import Value
from .shapes import ShapeName


class Initialisation(Declared, ABC):
    """A law of initial filters with independent entries of mean 0, one class a kind."""

    std: str

    @abstractmethod
    def shape_of(self, values: Mapping[str, Value]) -> str:
        """The shape of the entries, as a law's."""


@dataclass(frozen=True, kw_only=True)
class GaussianInitialisation(Initialisation):
    """Filter entries i.i.d. N(0, std^2)."""

    std: NumberName = "sigma_0"

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """Gaussian."""
        return "gaussian"


@dataclass(frozen=True, kw_only=True)
class EntryInitialisation(Initialisation):
    """Filter entries i.i.d. of mean 0 and standard deviation `std`, of the shape that the choice `shape` names.

    "gaussian", or "uniform" on +-sqrt(3) std: PyTorch's default for a linear layer, U(+-1/sqrt d), at std 1/sqrt(3 d).
    """

    std: NumberName = "sigma_0"
    shape: ShapeName = "init"

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """As chosen."""
        return str(values.get(self.shape))
