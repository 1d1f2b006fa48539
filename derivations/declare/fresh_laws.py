"""What a network is judged on, fresh examples or tasks or held-out arrays, as plain frozen data, one class a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .choices import CountName, Declared, ExampleFamily, FamilyName, NumberName
from .data import laws_of
from .mixing import rows_of
from .observable import KnownFrom
from .patches import terms_of


class TestLaw(Declared, ABC):
    """What a network is judged on; what all kinds are asked, none can leave out."""

    __test__: ClassVar[bool] = False  # pytest takes a class of this name for tests
    of_tasks: ClassVar[bool] = False
    """Whether what is fresh is a task with all its examples."""
    by_own_laws: ClassVar[bool] = True
    """Whether fresh vectors follow the laws of their families, so that observables of fresh examples are known."""
    by_source: ClassVar[bool] = True
    """Whether examples from outside the model's laws, such as images, are judged on those that come held out."""
    example: ClassVar[str] = "a fresh example"
    """What is judged, in words."""

    @property
    @abstractmethod
    def drawn(self) -> tuple[str, ...]:
        """The families that are drawn again."""

    @property
    def by_observed(self) -> bool:
        """Whether an example is judged by its label after flips, where the model flips labels."""
        return True

    def declared(self, model: Any) -> tuple[str, ...]:
        """What of an example is drawn from declared laws, which a caller's own arrays need not follow."""
        held = {term.direction for term in terms_of(model.patches)}
        vectors = [name for name in self.drawn if name in held and self.by_own_laws]
        return ("the label", *vectors, *(scalar.name for scalar in model.scalars if scalar.drawn))

    def judged(self, flips: str) -> str:
        """By which label, in words; `flips` is the probability with which the model flips labels, "" for none."""
        if not flips:
            return ""
        return f", its label flipped with probability {flips}" if self.by_observed else ", by its clean label"

    def arrays(self, model: Any) -> tuple[str, ...]:
        """Names of arrays that a caller brings in `initial=` for it."""
        return ()

    def refusals(self, model: Any) -> Iterator[str]:
        """Why the model cannot have it, in sentences."""
        yield from ()


class WithLabels(TestLaw):
    """A law of fresh examples whose labels are flipped as in training, or not: each kind has a field `flips`."""

    flips: bool

    @property
    def by_observed(self) -> bool:
        """As declared."""
        return self.flips

    def refusals(self, model: Any) -> Iterator[str]:
        """Clean labels differ from observed ones only where some are flipped."""
        if not self.flips and not model.label_flips:
            name = type(self).__name__
            yield f"{name}.flips: False, but the model flips no labels; leave it out, or give label_flips="


@dataclass(frozen=True, kw_only=True)
class FreshLaw(WithLabels):
    """A fresh example: a fresh label, the fixed directions as in training, the families `fresh` drawn again.

    Where the model flips labels, a fresh one is flipped with the same probability, and the example is judged by the
    label so observed; without `flips` it is judged by its clean label.
    """

    fresh: tuple[FamilyName, ...] = ()
    flips: bool = True

    @property
    def drawn(self) -> tuple[str, ...]:
        """As declared."""
        return self.fresh


@dataclass(frozen=True, kw_only=True)
class NearLaw(WithLabels):
    """A fresh example beside a training one i, each as likely: its vectors, those of `near` plus N(0, std^2 P).

    P projects off what the family's own law is projected off; at std = 0 training's own vectors come again.  With
    labels "own", the label (after flips; before them without `flips`) and every scalar are those of example i, and so
    the fixed directions; with "fresh", they are drawn anew, independently of i, and the example's vectors alone are
    from training.
    """

    by_own_laws = False
    by_source = False
    example = "a fresh example beside one of training"
    near: tuple[ExampleFamily, ...]
    std: NumberName
    labels: Literal["own", "fresh"] = "own"
    flips: bool = True

    @property
    def drawn(self) -> tuple[str, ...]:
        """Those that are moved."""
        return self.near

    def declared(self, model: Any) -> tuple[str, ...]:
        """With labels of its own, nothing is."""
        return super().declared(model) if self.labels == "fresh" else ()

    def judged(self, flips: str) -> str:
        """An own label is as flipped as it is."""
        if self.labels == "own" and self.by_observed:
            return ", by its label after flips" if flips else ""
        return super().judged(flips)

    def refusals(self, model: Any) -> Iterator[str]:
        """Labels drawn anew are of vectors that do not tell a label, and of scalars with few values."""
        yield from super().refusals(model)
        yield from _own_observables(self, model)
        if self.labels == "own":
            for row in rows_of(model)[:1]:
                yield (f"NearLaw: {row.name} mixes the vectors of several training examples, and a fresh one has those "
                       "of one; give labels='fresh', or declare another test law")
            return
        cure = "give labels='own'"
        for family in model.directions:
            if any(law is not None and law.follows_clean for law in laws_of(family)):
                yield f"NearLaw.labels: 'fresh', but vectors of {family.name!r}, a mixture, tell their label; {cure}"
        dense = [scalar.name for term in terms_of(model.patches) for scalar in term.densities]
        if dense:
            yield f"NearLaw.labels: 'fresh', and {dense[0]!r} would be drawn anew, which has a density; {cure}"


@dataclass(frozen=True, kw_only=True)
class CovarianceLaw(WithLabels):
    """As FreshLaw, with fresh vectors N(0, Sigma) of any covariance: "Sigma_NAME" (d, d) for each family of `fresh`.

    The caller brings them in `initial=`, beside the vectors of training, whose own law may be another or none.
    """

    by_own_laws = False
    by_source = False
    example = "a fresh example of the caller's covariance"
    fresh: tuple[FamilyName, ...]
    flips: bool = True

    @property
    def drawn(self) -> tuple[str, ...]:
        """As declared."""
        return self.fresh

    def covariance(self, family: str) -> str:
        """The name of a family's array."""
        return f"Sigma_{family}"

    def arrays(self, model: Any) -> tuple[str, ...]:
        """One a family."""
        return tuple(self.covariance(name) for name in self.fresh)

    def refusals(self, model: Any) -> Iterator[str]:
        """A mean of its own is no part of it."""
        yield from super().refusals(model)
        yield from _own_observables(self, model)
        for family in model.directions:
            if family.name in self.fresh and any(law is not None and law.follows_clean for law in laws_of(family)):
                yield (f"CovarianceLaw.fresh: {family.name!r} is a mixture, whose mean goes by the label; declare the "
                       "mean as a term of its own")


@dataclass(frozen=True, kw_only=True)
class HeldOutLaw(TestLaw):
    """Examples that the caller holds out and brings in `initial=`: "test_y" (N,), and their vectors "test_NAME" (N, d).

    One array of vectors for each family over examples, and one (N,) for each scalar that is drawn; the fixed directions
    are those of training.  They are judged by "test_y"; "test_clean" (N,) may bring the labels before flips.
    """

    by_own_laws = False
    example = "a held-out example"

    @property
    def drawn(self) -> tuple[str, ...]:
        """None."""
        return ()

    def held(self, name: str) -> str:
        """The name of the held-out array that goes with one of training."""
        return f"test_{name}"

    def parts(self, model: Any) -> tuple[str, ...]:
        """What is brought, by its name in training, beside the clean labels: vectors, scalars, and labels."""
        held = {term.direction for term in terms_of(model.patches)}
        vectors = [each.name for each in model.directions if each.index_set.per_example and each.name in held]
        return (*vectors, *(each.name for each in model.scalars if each.drawn), "y")

    def arrays(self, model: Any) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.held(name) for name in (*self.parts(model), "clean"))

    def declared(self, model: Any) -> tuple[str, ...]:
        """Nothing is."""
        return ()

    def judged(self, flips: str) -> str:
        """By the label that it comes with."""
        return ""

    def refusals(self, model: Any) -> Iterator[str]:
        """Observables of fresh examples are none of it."""
        yield from _own_observables(self, model)


@dataclass(frozen=True, kw_only=True)
class FreshTasks(TestLaw):
    """Fresh tasks: each holds `shared` + a uniform entry of the dictionary, and the families `fresh` drawn again.

    Without adaptation the loss of a fresh example; with it, `support` examples (a parameter; absent: as many as the
    inner loop takes in training) adapt the weights as in training, and `query` further ones judge them, over `tasks`
    tasks.
    """

    of_tasks = True
    fresh: tuple[FamilyName, ...] = ()
    tasks: CountName = "test_tasks"
    support: CountName = "test_support"
    query: CountName = "test_query"

    @property
    def drawn(self) -> tuple[str, ...]:
        """As declared."""
        return self.fresh


def _own_observables(law: TestLaw, model: Any) -> Iterator[str]:
    """Observables of fresh examples read the laws of their families."""
    of_fresh = [each.name for each in model.observables if each.known_from is KnownFrom.FRESH]
    if of_fresh:
        yield (f"{of_fresh[0]}: of fresh examples by their families' own laws, and {type(law).__name__} takes others; "
               "leave it out, or declare FreshLaw")
