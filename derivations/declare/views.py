"""What an observable is shown: states of a run and of training, and fresh examples at them, each by a narrow view.

A view is a protocol: the reduced engine's are met in `simulate.observe` and the weight-space ones in
`simulate.validate`, which share nothing, so that an observable's two accounts are independent of each other.
Shapes: T recorded states, H heads of m filters (S = H m), B directions, n examples of all tasks, d dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .data import Directions
from .network import Network
from .over import IndexSet

Array: TypeAlias = NDArray[np.float64]  # as in `dynamics.arrays`, which declarations do not know
Flags: TypeAlias = NDArray[np.bool_]
Steps: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]
Account: TypeAlias = Mapping[str, Array] | Array | None
"""The variable of an observable's name along the states, or several by name; None where W does not determine it."""


@dataclass(frozen=True)
class Variable:
    """An array with the names of its dimensions; what it is stands in the declaration (`declare.meanings`).

    `said` is what a run says of it instead, such as on how many examples it was measured, and `note` what it adds.
    """

    dims: tuple[str, ...]
    values: Array
    said: str = ""
    note: str = ""


@dataclass(frozen=True)
class Sizes:
    """What the memory of a run goes by: S filters on B directions in d dimensions, T recorded states of n examples."""

    filters: float
    directions: float
    d: float
    recorded: float
    examples: float

    @property
    def frame(self) -> Mapping[str, float]:
        """The array behind `StateView.norms`, `singular` and `length`: in words, and its bytes."""
        S, B = self.filters, self.directions
        return {f"the inner products of {S:.3g} filters": 3 * 8 * (S + B) * min(S + B, self.d)}


class Loops(Protocol):
    """What observables read of an algorithm."""

    @property
    def over_tasks(self) -> bool:
        """Whether it has an inner loop over tasks."""


class Declaration(Protocol):
    """What observables read of a model, which is made of them and so is not known here."""

    @property
    def directions(self) -> Sequence[Directions]:
        """The families of directions."""

    @property
    def network(self) -> Network:
        """The network."""

    @property
    def algorithm(self) -> Loops:
        """How it is trained."""

    @property
    def index_sets(self) -> Mapping[str, IndexSet]:
        """What families, and the coefficients along them, run over, by name."""

    @property
    def n_heads(self) -> int:
        """How many heads."""

    @property
    def activated(self) -> int:
        """How many of an example's patches the activation sees."""

    def family(self, name: str) -> Directions:
        """The family of that name."""


class Singular(Protocol):
    """||W||_F, s_1, and sum_{k>1} s_k^2 / s_1^2 of matrices, of each head and of all heads stacked: (T, H + 1) each."""

    @property
    def frobenius(self) -> Array:
        """||W||_F."""

    @property
    def spectral(self) -> Array:
        """s_1."""

    @property
    def excess(self) -> Array:
        """The stable rank above 1."""


class EntryView(Protocol):
    """States of one draw, T of them, or of many draws of one shape, each state with what belongs to its own."""

    @property
    def model(self) -> Declaration:
        """The declaration."""

    @property
    def z(self) -> Array:
        """Pre-activations on the directions (T, H, m, B)."""

    @property
    def b(self) -> Array | None:
        """Coefficients (T, H, m, B); None where they are not known."""

    @property
    def seen(self) -> Mapping[str, Array]:
        """What the engine observes: "loss", "margins" (T, n), "outputs" (T, n, K), definitions of the recursion, ..."""

    @property
    def own(self) -> Flags:
        """(H, n), or of many draws (T, H, n): whether a head is an example's own."""

    def rows(self, family: str) -> slice:
        """Where a family stands on the direction axis."""

    def coefficient(self, name: str) -> Array | None:
        """A family's coefficients (T, H, m, size), by the coefficient's name, as the paper scales and signs them."""

    def adapted(self, family: str) -> Array | None:
        """Pre-activations (T, H, m, size) at the weights adapted to each vector's task; None where not observed."""

    def looked(self, name: str) -> Array | None:
        """Pre-activations (T, H, m, V) on vectors that runs only look at; None where the draw does not have them."""

    def by_task(self, per_example: Array) -> Array:
        """A last axis over all examples as two, tasks and examples, where there are tasks."""

    def number(self, formula: str, whose: str) -> float | Array:
        """A formula's value at the run's parameters, or of many draws each state's (T,).

        An InputError that begins with `whose` where it has none.
        """

    @property
    def norms(self) -> Array:
        """||w_{h,r}|| (T, H, m)."""

    @property
    def norm(self) -> Array:
        """||W||_F (T,), where squares overflow too."""

    @property
    def singular(self) -> Singular:
        """Sizes of each head's matrix and of all of them stacked."""


class StateView(EntryView, Protocol):
    """Recorded states of one draw in reduced coordinates: W(t) = a(t) W(0) + b(t) V, z = W V^T."""

    @property
    def y(self) -> Array:
        """Labels (n,): +1 and -1, or 0..K-1, as observed."""

    @property
    def gram(self) -> Array:
        """Inner products of the directions (B, B)."""

    @property
    def squared_lengths(self) -> Array:
        """Of the directions (B,)."""

    @property
    def head(self) -> str:
        """The head dimension's name."""

    @property
    def over_tasks(self) -> bool:
        """Whether the examples are those of several tasks, so that they have two dimensions: task and i."""

    @property
    def tasks(self) -> int:
        """How many tasks; 1 with a single-level algorithm."""

    def number(self, formula: str, whose: str) -> float:
        """A formula's value at the run's parameters; an InputError that begins with `whose` where it has none."""

    def blocks(self, entries: float) -> Iterator[StateView]:
        """The states in turn, as many at a time as hold `entries` pre-activations."""

    def distance(self, target: Array) -> Array:
        """||W - W(0) - `target` V||_F (T,), for a target (H, m, B)."""

    def length(self, at: int, b: Array) -> float:
        """||a W(0) + b V||_F with the state's a, for other coefficients b (H, m, B)."""

    def margin_gradients(self, at: int) -> tuple[NDArray[np.intp], Array]:
        """The gradients of the margins at a state: patch p adds g[s, i, p] of direction c[i, p] to filter s of z_i's.

        c (n, P) and g (S, n, P), of signed heads and an activation that is homogeneous.
        """


class RunView(Protocol):
    """A run whose every step is shown."""

    @property
    def own(self) -> Flags:
        """(H, n): whether a head is an example's own."""

    @property
    def recorded(self) -> Steps:
        """The steps at which a count is asked for."""

    def steep(self, z: Array) -> Flags:
        """Whether each patch is on the steep side of the activation's kink, (T, H, m, n, P), at z (T, H, m, B)."""


class Counter(Protocol):
    """What is counted along one run."""

    def add(self, t: Steps, z: Array) -> None:
        """Takes the states z (T, H, m, B) at the consecutive steps t (T,); chunks come in the run's order."""

    def variables(self, t: Steps) -> dict[str, Array]:
        """What was counted, by name, at the recorded steps t (T,)."""


class RunsView(Protocol):
    """R runs of one shape whose every step is shown."""

    @property
    def own(self) -> Flags:
        """(R, H, n): whether a head is an example's own."""

    @property
    def recorded(self) -> Steps:
        """The steps at which a count is asked for."""

    def steep(self, z: Array, rows: Indices) -> Flags:
        """`RunView.steep` of the runs `rows` (R',): (R', T, H, m, n, P), at z (R', T, H, m, B)."""


class RunsCounter(Protocol):
    """What is counted along R runs, each as alone."""

    def add(self, t: Steps, z: Array, rows: Indices) -> None:
        """Takes the states z (R', T, H, m, B) of the runs `rows` at the consecutive steps t; a run that ends stays."""

    def variables(self, t: Steps) -> dict[str, Array]:
        """What was counted, by name, at the recorded steps t (T,): (R, ...)."""


@dataclass(frozen=True)
class FreshState:
    """N fresh examples of each of L labels at the recorded state t: outputs (N, L) or (N, L, K), right (N, L).

    `made` (N, ...) is what the observable makes of their vectors.
    """

    t: int
    outputs: Array
    right: Array
    made: Array


class FreshView(Protocol):
    """Fresh examples along T recorded states; heads and labels are L where heads are of classes."""

    @property
    def recorded(self) -> int:
        """T."""

    @property
    def heads(self) -> int:
        """H."""

    @property
    def filters(self) -> int:
        """m, of each head."""

    def states(self, make: Callable[[int], Callable[[list[Array]], Array]] | None = None) -> Iterator[FreshState]:
        """Every state whose fresh examples are finite; `make`(t) takes the distinct fresh vectors' <w_s, v> (N, S)."""

    def held(self, family: str) -> Sequence[int]:
        """Which of the distinct vectors an example of each label holds (L,)."""

    def covariance(self, family: str) -> Callable[[int, int, slice], Array]:
        """(t, k, filters) -> the covariance of <w_s, v> of those filters on class noise of label k at the state t."""


class WeightView(Protocol):
    """States W (T, H, m, d) of training with the vectors, and what follows from them by definition."""

    @property
    def model(self) -> Declaration:
        """The declaration."""

    @property
    def W(self) -> Array:
        """The filters (T, H, m, d)."""

    @property
    def start(self) -> Array:
        """W(0) (H, m, d)."""

    @property
    def y(self) -> Array:
        """Labels (n,), as observed."""

    @property
    def tasks(self) -> int:
        """How many tasks."""

    @property
    def signs(self) -> Array:
        """The sign of each head (H,): +1, -1, or 1 for heads of classes."""

    @property
    def families(self) -> Mapping[str, Array]:
        """Each family's vectors (size, d)."""

    @property
    def looked(self) -> Mapping[str, Array]:
        """Vectors (V, d) by the name that an observable calls them by, beside the families."""

    @property
    def coefficients(self) -> Mapping[str, Array]:
        """Each family's coefficients (T, H, m, size) by their name; empty where W does not determine them."""

    @property
    def seen(self) -> Mapping[str, Array]:
        """Loss, margins (T, n), outputs (T, n, K), l' and training error by autograd."""

    @property
    def patches(self) -> Array:
        """The examples' patches (n, P, d)."""

    def own(self, head: int, example: int) -> bool:
        """Whether a head is the example's own."""

    def of_data(self, vectors: Array) -> Array:
        """Filters or vectors without their last entries, which are what neurons have beside their filters."""

    def adapted(self, family: str) -> Array:
        """<w~, v> (T, H, m, size) at the weights adapted to v's task; a vector of all tasks at the last one's."""

    def example_vector(self, family: str, example: int) -> Array:
        """The family's vector of an example (d,)."""

    def by_task(self, per_example: Array) -> Array:
        """A last axis over examples as two, tasks and examples, where there are tasks."""

    def number(self, formula: str) -> float:
        """A formula's value at the run's parameters."""

    def margin_gradients(self, at: int) -> tuple[Array, Array]:
        """Margins (n,) at a state and their gradients in W (n, H m d), by autograd."""


class FreshWeights(Protocol):
    """N fresh examples of each of L labels at one state W (H, m, d)."""

    @property
    def W(self) -> Array:
        """The filters (H, m, d)."""

    @property
    def wrong(self) -> Array:
        """The network's errors (N, L)."""

    def preactivations(self, family: str, label: int) -> Array:
        """<w_{h,r}, v> (N, H, m) on the family's vector of the label's examples."""

    def matrix(self, family: str, label: int) -> Array:
        """The A (d, d) of v = A zeta."""
