"""Laws as plain frozen data: of directions, of initial filters, and of fresh examples and tasks."""

from __future__ import annotations

from dataclasses import dataclass

from .choices import Declared, FamilyName, Name, OptionalParameter, ParameterName


@dataclass(frozen=True, kw_only=True)
class FixedLaw(Declared):
    """Mutually orthogonal vectors of length `norm` (a parameter): shared signals, or orthogonal examples."""

    norm: ParameterName


@dataclass(frozen=True, kw_only=True)
class GaussianLaw(Declared):
    """One fresh vector for every index of the family, an example or a task: N(0, std^2 P).

    P projects off the families `off` where `off_when` is set.
    """

    std: ParameterName
    off: tuple[FamilyName, ...] = ()
    off_when: OptionalParameter = ""


@dataclass(frozen=True, kw_only=True)
class MixtureLaw(Declared):
    """One vector per example: y_i mu + N(0, std^2 I), mu ~ N(0, mean_norm^2 / d I) drawn once, labels +-1.

    So `mean_norm` (a parameter) is the root mean square length of mu.  Where labels are flipped, y_i is the clean one.
    """

    mean_norm: ParameterName
    std: ParameterName


@dataclass(frozen=True, kw_only=True)
class ClassNoiseLaw(Declared):
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


@dataclass(frozen=True, kw_only=True)
class TaskLaw(Declared):
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


@dataclass(frozen=True, kw_only=True)
class ChosenLaw(Declared):
    """One of several laws: the one that the choice parameter `by` names."""

    by: ParameterName
    laws: tuple[tuple[str, FixedLaw | GaussianLaw | MixtureLaw], ...]


Law = FixedLaw | GaussianLaw | MixtureLaw | ClassNoiseLaw | TaskLaw


@dataclass(frozen=True, kw_only=True)
class GaussianInitialisation(Declared):
    """Filter entries i.i.d. N(0, std^2)."""

    std: ParameterName = "sigma_0"


@dataclass(frozen=True, kw_only=True)
class EntryInitialisation(Declared):
    """Filter entries i.i.d. of mean 0 and standard deviation `std`, of the shape that the choice `shape` names.

    "gaussian", or "uniform" on +-sqrt(3) std: PyTorch's default for a linear layer, U(+-1/sqrt d), at std 1/sqrt(3 d).
    """

    std: ParameterName = "sigma_0"
    shape: ParameterName = "init"


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
