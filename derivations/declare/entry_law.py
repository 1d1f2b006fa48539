"""Noise of independent entries that need not be Gaussian, in heads of either kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ModelError
from .choices import FamilyName, NumberName, OptionalFlag
from .laws import Law, off_refusal, where_set
from .parameter import Value
from .scalars import Number, value_of

_TAKES = {"student": "freedom", "sparse": "share"}


@dataclass(frozen=True, kw_only=True)
class EntryLaw(Law):
    """One fresh vector for every example: std P zeta, zeta of independent entries of mean 0 and variance 1.

    `entries`: "uniform" on +-sqrt(3), "rademacher" +-1, "student" with `freedom` degrees above 2, or "sparse": 0 but
    for a `share` of them, which are Gaussian.  P projects off the families `off` where `off_when` is set, whose vectors
    lie along axes.  Noise of a covariance of its own is a sum of terms: a `GaussianScalar` times a fixed direction adds
    a spike, and a family over "one" what all examples have in common.
    """

    std: NumberName
    entries: Literal["uniform", "rademacher", "student", "sparse"]
    freedom: Number = 0.0
    share: Number = 0.0
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalFlag = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("freedom", "share"):
            given, wanted = getattr(self, name), _TAKES.get(self.entries) == name
            if given != 0.0 and not wanted:
                raise ModelError(f"EntryLaw.{name}: {given!r}, which {self.entries} entries do not have; leave it out")
            if wanted and not isinstance(given, str):
                self._checked(name, given)

    def _checked(self, name: str, value: float) -> float:
        """The value of `freedom` or of `share`, in range."""
        low, high, said = (0.0, 1.0, "a share above 0, to 1")
        if name == "freedom":
            low, high, said = (2.0, float("inf"), "a number above 2")
        if not low < value <= high:
            given = getattr(self, name)
            what = given if isinstance(given, str) else f"EntryLaw.{name}"
            raise ModelError(f"{what}: {value:g}; expected {said}; give such a {name} of {self.entries} entries")
        return value

    def refusal(self, family: Any, model: Any) -> str:
        """It is of examples of one loop, and what it is projected off is fixed."""
        if not family.index_set.per_example or model.algorithm.over_tasks:
            return "noise of independent entries is for examples, of one loop; declare another law"
        return off_refusal(self.off, self.off_when, model)

    @property
    def scales(self) -> tuple[str, ...]:
        """The deviation."""
        return (self.std,)

    @property
    def deviations(self) -> tuple[str, ...]:
        """The same."""
        return (self.std,)

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """As declared."""
        return self.entries

    def entry_numbers(self, values: Mapping[str, Value]) -> tuple[float, ...]:
        """The degrees of freedom, or the share.  Raises ModelError where they are out of range."""
        name = _TAKES.get(self.entries)
        return () if name is None else (self._checked(name, value_of(getattr(self, name), values)),)

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """As declared."""
        return where_set(self.off, self.off_when, values)
