"""Laws as plain frozen data: of directions, of initial filters, and of fresh examples and tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .choices import Declared, FamilyName, Name, OptionalParameter, ParameterName
from .parameter import Value


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

    @abstractmethod
    def projected_off(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """The families whose span the vectors are projected off, at these values."""

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of vectors, no family's own, that runs can look at."""
        return ()


def _where_set(off: tuple[str, ...], flag: str, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The families, where the flag is set or there is none."""
    return off if not flag or values.get(flag) else ()


@dataclass(frozen=True, kw_only=True)
class FixedLaw(Law):
    """Mutually orthogonal vectors of length `norm` (a parameter): shared signals, or orthogonal examples."""

    norm: ParameterName

    @property
    def scales(self) -> tuple[str, ...]:
        """The length."""
        return (self.norm,)

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
class GaussianLaw(Law):
    """One fresh vector for every index of the family, an example or a task: N(0, std^2 P).

    P projects off the families `off` where `off_when` is set.
    """

    std: ParameterName
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalParameter = ""

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
        return _where_set(self.off, self.off_when, values)


@dataclass(frozen=True, kw_only=True)
class MixtureLaw(Law):
    """One vector per example: y_i mu + N(0, std^2 I), mu ~ N(0, mean_norm^2 / d I) drawn once, labels +-1.

    So `mean_norm` (a parameter) is the root mean square length of mu.  Where labels are flipped, y_i is the clean one.
    """

    follows_clean = True
    mean_norm: ParameterName
    std: ParameterName

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


@dataclass(frozen=True, kw_only=True)
class ClassNoiseLaw(Law):
    """One fresh vector per example, A_y zeta, with zeta i.i.d. of mean 0 and variance 1 and A_k a matrix a class.

    The choice parameter `entries` is zeta's shape: "gaussian", "uniform" on +-sqrt(3) or "rademacher" +-1.  In one
    orthonormal basis every A_k is diagonal: 0 on the families `off`, and `spread` (a parameter) elsewhere, but for one
    direction a class, its spike, where A_k has the lambda for which ||A_k^T A_k||_F^2 / ||A_k^T A_j||_F^2 is `ratio`
    (a parameter, at least 1) for every j != k.  A caller's own A (K, d, d) come in initial= under the name `matrices`.
    """

    entries: ParameterName
    spread: ParameterName
    ratio: ParameterName
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalParameter = ""
    matrices: Name = "A"

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
        return _where_set(self.off, self.off_when, values)


@dataclass(frozen=True, kw_only=True)
class TaskLaw(Law):
    """One vector a task: nu + z_{a(k)}, nu of length `norm` shared and a(k) uniform over a dictionary, with repeats.

    The dictionary has `items` (a parameter) vectors z_a ~ N(0, std^2 (I - nu nu^T / ||nu||^2)).  Runs can look at nu
    under the name `shared` and at the dictionary under `dictionary`; noise projected off this family is projected off
    nu and the whole dictionary.
    """

    norm: ParameterName
    std: ParameterName
    items: ParameterName
    shared: Name = "nu"
    dictionary: Name = "z"

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

    by: ParameterName
    laws: tuple[tuple[str, FixedLaw | GaussianLaw | MixtureLaw], ...]


class Initialisation(Declared, ABC):
    """A law of initial filters with independent entries of mean 0, one class a kind."""

    std: str

    @abstractmethod
    def shape_of(self, values: Mapping[str, Value]) -> str:
        """The shape of the entries, as a law's."""


@dataclass(frozen=True, kw_only=True)
class GaussianInitialisation(Initialisation):
    """Filter entries i.i.d. N(0, std^2)."""

    std: ParameterName = "sigma_0"

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """Gaussian."""
        return "gaussian"


@dataclass(frozen=True, kw_only=True)
class EntryInitialisation(Initialisation):
    """Filter entries i.i.d. of mean 0 and standard deviation `std`, of the shape that the choice `shape` names.

    "gaussian", or "uniform" on +-sqrt(3) std: PyTorch's default for a linear layer, U(+-1/sqrt d), at std 1/sqrt(3 d).
    """

    std: ParameterName = "sigma_0"
    shape: ParameterName = "init"

    def shape_of(self, values: Mapping[str, Value]) -> str:
        """As chosen."""
        return str(values.get(self.shape))


@dataclass(frozen=True, kw_only=True)
class FreshLaw(Declared):
    """A fresh example: a fresh label, the fixed directions as in training, the families `fresh` drawn again.

    Where the model flips labels, a fresh one is flipped with the same probability, and the example is judged by the
    label so observed; without `flips` it is judged by its clean label.
    """

    fresh: tuple[FamilyName, ...] = ()
    flips: bool = True

    @property
    def of_tasks(self) -> bool:
        """What is fresh is an example."""
        return False


@dataclass(frozen=True, kw_only=True)
class FreshTasks(Declared):
    """Fresh tasks: each holds `shared` + a uniform entry of the dictionary, and the families `fresh` drawn again.

    Without adaptation the loss of a fresh example; with it, `support` examples (a parameter; absent: as many as the
    inner loop takes in training) adapt the weights as in training, and `query` further ones judge them, over `tasks`
    tasks.
    """

    fresh: tuple[FamilyName, ...] = ()
    tasks: ParameterName = "test_tasks"
    support: ParameterName = "test_support"
    query: ParameterName = "test_query"

    @property
    def flips(self) -> bool:
        """No label is flipped."""
        return False

    @property
    def of_tasks(self) -> bool:
        """What is fresh is a task with all its examples."""
        return True
