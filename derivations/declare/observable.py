"""What a kind of observable says of itself and how it is computed, so that nobody else need know its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

from .choices import Declared
from .over import INDEX_SETS
from .patches import terms_of
from .views import Account, Array, Counter, EntryView, FreshView, RunsCounter, RunsView, RunView, Sizes, StateView


class KnownFrom(Enum):
    """What has to be at hand for an observable to be known."""

    STATE = "one state of a run"
    RECORDED = "the recorded states, in their order"
    RUN = "every step of a run, whatever is recorded"
    DATA = "the data, whatever the state"
    FRESH = "fresh examples at a state"


class Observable(Declared, ABC):
    """A kind of observable: a frozen dataclass that derives from `OfStates`, `OfRun` or `OfFresh`, one class a kind.

    What holds of the kind is a class attribute, and what depends on the fields is a property; the defaults are those of
    a number a state that is made of what an engine observes.  A kind gives two accounts of itself: what it is in
    reduced coordinates, by the method that its base asks for, and, `by_weights`, what it is by definition, which
    `validate` holds the first to.  They share no function.
    """

    name: str
    latex: str
    source: str

    known_from: ClassVar[KnownFrom]
    decomposes: ClassVar[bool] = False
    """Whether every state costs a decomposition of W, so that it is taken at as few states as will do."""
    from_start: ClassVar[bool] = False
    """Whether it is measured from W(0), which a run whose examples are drawn again does not keep."""
    by_inner_products: ClassVar[bool] = False
    """Whether it is of W itself, and so computed in another way where only inner products are known."""
    entrywise: ClassVar[bool] = False
    """Whether each entry is accurate to rounding of its own size, however small beside the others."""
    of_separated: ClassVar[bool] = False
    """Whether it has a value only where every margin is positive."""
    of_class_heads: ClassVar[bool] = False
    """Whether it is of outputs, a head each, that class heads have."""
    of_one_loop: ClassVar[bool] = False
    """Whether it is of examples of one problem, not of several tasks'."""
    on_request: ClassVar[bool] = False
    """Whether a run has it only where it is asked for by name."""

    @property
    def also(self) -> tuple[str, ...]:
        """The variables that it adds to a run beside the one of its name."""
        return ()

    @property
    def needs_observed(self) -> bool:
        """Whether it is made of what an engine observes of a state (loss, margins, ...), beyond z and b."""
        return True

    @property
    def entries_of(self) -> str:
        """The coefficient, family or watched vectors whose entries it reduces; "" where it is of nothing of these."""
        return ""

    @property
    def definition(self) -> str:
        """The definition of the recursion that it is read off; "" where it is of none."""
        return ""

    @property
    def lower_bound(self) -> str:
        """The formula below which no entry is; "" without one."""
        return ""

    @abstractmethod
    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """The names of the dimensions of each variable that it adds to a run, by its name, and in their order.

        "t" comes first, but where one value is for the whole run.  Runs, statements and descriptions go by it: its
        value is an array with an axis for each.
        """

    def one_number(self, model: Any) -> bool:
        """Whether it is one number a state."""
        return self.dims(model)[self.name] == ("t",)

    def words(self, model: Any) -> dict[str, str]:
        """What each variable that it adds to a run is, in words, by name; by default its class's first line."""
        return dict.fromkeys((self.name, *self.also), (type(self).__doc__ or type(self).__name__).splitlines()[0])

    def refusal(self, model: Any) -> str:
        """Why this model cannot have it, in one sentence; "" where it can."""
        return ""

    def arrays(self, sizes: Sizes) -> Mapping[str, float]:
        """The large arrays that it needs beyond the states: in words, the same for kinds that share one, and bytes."""
        return {}

    def by_weights(self, course: Any) -> Account:
        """What it is by its definition, from W: of a `WeightView`, or a `FreshWeights` where it is of fresh examples.

        Without it `validate` names the observable as not compared.
        """
        return None

    @property
    def has_second_account(self) -> bool:
        """Whether its kind says what it is from W."""
        return type(self).by_weights is not Observable.by_weights


class OfStates(Observable):
    """A kind that the recorded states of a draw determine, one by one or in their order, or that its data do."""

    known_from = KnownFrom.STATE

    @abstractmethod
    def value(self, states: StateView) -> Array | None:
        """The observable at the states, an axis for each of its dimensions; None where they do not determine it."""

    def of_runs(self, states: EntryView) -> Array | None:
        """The same at states of many draws, which has a value on all; None where each run is looked at by itself."""
        return None

    def undefined(self, states: StateView) -> str:
        """Why it has no value on this draw, without a cure, as it is left out then; "" where it has one."""
        return ""

    def lacking(self, states: StateView) -> str:
        """Why it is no number at some of these states, where it is none, with a cure; "" where it does not tell."""
        return ""


class OfRun(Observable):
    """A kind that has to be shown every step's state."""

    known_from = KnownFrom.RUN

    @classmethod
    @abstractmethod
    def counter(cls, declared: Sequence[Any], run: RunView) -> Counter:
        """One counter for all observables of this kind that a run wants."""

    @classmethod
    def counter_of_runs(cls, declared: Sequence[Any], runs: RunsView) -> RunsCounter:
        """The same of many runs at once, the counts of each as alone; without it a run goes by itself."""
        raise NotImplementedError

    @property
    def together(self) -> bool:
        """Whether many runs are counted at once."""
        return type(self).counter_of_runs.__func__ is not OfRun.counter_of_runs.__func__  # type: ignore[attr-defined]


class OfFresh(Observable):
    """A kind that is of fresh examples at each state."""

    known_from = KnownFrom.FRESH

    @abstractmethod
    def statistics(self, fresh: FreshView) -> dict[str, Array]:
        """Its variables by name, an axis for each of their dimensions."""


def of_examples(model: Any) -> tuple[str, ...]:
    """The dimensions of what each example has: two where there are tasks."""
    return INDEX_SETS["sample"].dims(model.algorithm.over_tasks)


def of_filters(model: Any) -> tuple[str, str]:
    """The dimensions of what each filter has: its head's and its own."""
    return model.network.head_axis.dim, "r"


def not_fresh(name: str, of: str, model: Any) -> str:
    """Why an observable has no vectors of a family to look at in fresh examples; "" where it has."""
    if of not in model.test.drawn:
        return f"{name}: of {of!r}, which fresh examples do not have again; name it in FreshLaw.fresh"
    if of not in {term.direction for term in terms_of(model.patches)}:
        return f"{name}: of {of!r}, which no patch holds; name a family that fresh examples hold, or add its patch"
    return ""
