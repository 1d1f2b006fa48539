"""Laws of directions as plain frozen data: of signals, noise, mixtures and tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .choices import ChoiceName, CountName, Declared, FamilyName, Name, NumberName, OptionalFlag
from .parameter import Value
from .shapes import ShapeName


class Law(Declared, ABC):
    """A law of a family's vectors, one class a kind; what all kinds are asked, none can leave out."""

    follows_clean: ClassVar[bool] = False
    """Whether the vectors tell the clean label of their example."""

    @property
    @abstractmethod
    def scales(self) -> tuple[str, ...]:
        """The parameters that the vectors' sizes go by."""

    @property
    @abstractmethod
    def deviations(self) -> tuple[str, ...]:
        """Those of them that are standard deviations of entries, which fresh vectors and thresholds go by."""

    @abstractmethod
    def shape_of(self, values: Mapping[str, Value]) -> str:
        """The shape of independent coordinates: "gaussian", "uniform", "rademacher", or "" where nothing is random."""

    def entry_numbers(self, values: Mapping[str, Value]) -> tuple[float, ...]:
        """What the shape takes beside its name."""
        return ()

    @abstractmethod
    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """The families whose span the vectors are projected off, at these values."""

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of vectors, no family's own, that runs can look at."""
        return ()

    @property
    def brought(self) -> tuple[str, ...]:
        """Names of arrays, no family's own, that a caller may bring beside the vectors."""
        return self.watched

    def refusal(self, family: Any, model: Any) -> str:
        """Why this family of the model cannot have it, in one sentence; "" where it can."""
        return ""


def off_refusal(off: tuple[str, ...], flag: str, model: Any) -> str:
    """Why noise is not projected off these families; "" where it is."""
    if flag and not off:
        return f"off_when names {flag!r}, and nothing is projected off; give off=, or leave off_when out"
    for name in off:
        law = {family.name: family.law for family in model.directions}.get(name)
        if law is not None and not isinstance(law, (FixedLaw, TaskLaw)):
            return f"off names {name!r}, which is drawn at random; noise is projected off fixed families only"
    return ""


def where_set(off: tuple[str, ...], flag: str, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The families, where the flag is set or there is none."""
    return off if not flag or values.get(flag) else ()


class SureLaw(Law):
    """A law under which nothing of the vectors is random."""

    @property
    def deviations(self) -> tuple[str, ...]:
        """None."""
        return ()

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """Nothing is random."""
        return ""

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """None."""
        return ()


@dataclass(frozen=True, kw_only=True)
class FixedLaw(SureLaw):
    """Mutually orthogonal vectors of length `norm` (a parameter): shared signals, or orthogonal examples."""

    norm: NumberName

    @property
    def scales(self) -> tuple[str, ...]:
        """The length."""
        return (self.norm,)


@dataclass(frozen=True, kw_only=True)
class GaussianLaw(Law):
    """One fresh vector for every index of the family, an example or a task: N(0, std^2 P).

    P projects off the families `off` where `off_when` is set.
    """

    std: NumberName
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalFlag = ""

    def refusal(self, family: Any, model: Any) -> str:
        """What it is projected off is fixed."""
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
        """Gaussian."""
        return "gaussian"

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """As declared."""
        return where_set(self.off, self.off_when, values)


@dataclass(frozen=True, kw_only=True)
class MixtureLaw(Law):
    """One vector per example: y_i mu + N(0, std^2 I), mu ~ N(0, mean_norm^2 / d I) drawn once, labels +-1.

    So `mean_norm` (a parameter) is the root mean square length of mu.  Where labels are flipped, y_i is the clean one.
    """

    follows_clean = True
    mean_norm: NumberName
    std: NumberName

    @property
    def scales(self) -> tuple[str, ...]:
        """The mean's length and the deviation."""
        return (self.mean_norm, self.std)

    @property
    def deviations(self) -> tuple[str, ...]:
        """The deviation about the mean."""
        return (self.std,)

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """Gaussian."""
        return "gaussian"

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """None."""
        return ()

    def refusal(self, family: Any, model: Any) -> str:
        """It is of examples with labels +-1, of one loop."""
        if family.index_set.per_example and model.network.head_axis.signed and not model.algorithm.over_tasks:
            return ""
        return "a mixture y_i mu + noise is for examples with labels +-1, of one loop; declare another law"


@dataclass(frozen=True, kw_only=True)
class ClassNoiseLaw(Law):
    """One fresh vector per example, A_y zeta, with zeta i.i.d. of mean 0 and variance 1 and A_k a matrix a class.

    The choice parameter `entries` is zeta's shape: "gaussian", "uniform" on +-sqrt(3) or "rademacher" +-1.  In one
    orthonormal basis every A_k is diagonal: 0 on the families `off`, and `spread` (a parameter) elsewhere, but for one
    direction a class, its spike, where A_k has the lambda for which ||A_k^T A_k||_F^2 / ||A_k^T A_j||_F^2 is `ratio`
    (a parameter, at least 1) for every j != k.  A caller's own A (K, d, d) come in initial= under the name `matrices`.
    """

    entries: ShapeName
    spread: NumberName
    ratio: NumberName
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalFlag = ""
    matrices: Name = "A"

    def refusal(self, family: Any, model: Any) -> str:
        """It is of examples with class labels, of one loop, and what it is projected off is fixed."""
        if not family.index_set.per_example or model.network.head_axis.signed or model.algorithm.over_tasks:
            return "class noise A_y zeta is for examples with class labels, of one loop; declare another law"
        return off_refusal(self.off, self.off_when, model)

    @property
    def brought(self) -> tuple[str, ...]:
        """The matrices."""
        return (self.matrices,)

    @property
    def scales(self) -> tuple[str, ...]:
        """Those of the matrices."""
        return (self.spread, self.ratio)

    @property
    def deviations(self) -> tuple[str, ...]:
        """None: a matrix a class says how far they spread."""
        return ()

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """As chosen."""
        return str(values.get(self.entries))

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """As declared."""
        return where_set(self.off, self.off_when, values)


@dataclass(frozen=True, kw_only=True)
class TaskLaw(Law):
    """One vector a task: nu + z_{a(k)}, nu of length `norm` shared and a(k) uniform over a dictionary, with repeats.

    The dictionary has `items` (a parameter) vectors z_a ~ N(0, std^2 (I - nu nu^T / ||nu||^2)).  Runs can look at nu
    under the name `shared` and at the dictionary under `dictionary`; noise projected off this family is projected off
    nu and the whole dictionary.
    """

    norm: NumberName
    std: NumberName
    items: CountName
    shared: Name = "nu"
    dictionary: Name = "z"

    def refusal(self, family: Any, model: Any) -> str:
        """It is of a family over tasks, and of one."""
        if not family.index_set.per_task:
            return "a TaskLaw is one vector a task; declare the family over 'task'"
        own = [each.name for each in model.directions if isinstance(each.law, TaskLaw)]
        return "" if own[0] == family.name else f"{own[0]!r} has a TaskLaw already, and there is one; take another law"

    @property
    def scales(self) -> tuple[str, ...]:
        """Of the shared vector and of the dictionary."""
        return (self.norm, self.std)

    @property
    def deviations(self) -> tuple[str, ...]:
        """The dictionary's."""
        return (self.std,)

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """Gaussian."""
        return "gaussian"

    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def watched(self) -> tuple[str, ...]:
        """The shared vector and the dictionary."""
        return (self.shared, self.dictionary)


@dataclass(frozen=True, kw_only=True)
class ChosenLaw(Declared):
    """One of several laws: the one that the choice parameter `by` names."""

    by: ChoiceName
    laws: tuple[tuple[str, FixedLaw | GaussianLaw | MixtureLaw], ...]
