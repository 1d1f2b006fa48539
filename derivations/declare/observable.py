"""What a kind of observable says of itself, so that whoever runs, measures or compares one need not know its kind."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from .choices import Declared


class KnownFrom(Enum):
    """What has to be at hand for an observable to be known."""

    STATE = "one state of a run"
    RECORDED = "the recorded states, in their order"
    RUN = "every step of a run, whatever is recorded"
    DATA = "the data, whatever the state"
    FRESH = "fresh examples at a state"


class Observable(Declared):
    """A kind of observable: plain data in frozen dataclasses, one class a kind.

    What holds of the kind is a class attribute, and what depends on the fields is a property; the defaults are those of
    a number a state that is made of what an engine observes.  How a kind is computed is its evaluator's
    (`simulate.observe.evaluators`), and how from W, for `validate`, its twin's (`simulate.validate.observables`).
    """

    name: str
    latex: str
    source: str

    known_from: ClassVar[KnownFrom] = KnownFrom.STATE
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

    @property
    def also(self) -> tuple[str, ...]:
        """The variables that it adds to a run beside the one of its name."""
        return ()

    @property
    def one_number(self) -> bool:
        """Whether it is one number a state."""
        return False

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

    def words(self, model: Any) -> dict[str, str]:
        """What each variable that it adds to a run is, in words, by name; by default its class's first line."""
        return dict.fromkeys((self.name, *self.also), (type(self).__doc__ or type(self).__name__).splitlines()[0])

    def refusal(self, model: Any) -> str:
        """Why this model cannot have it, in one sentence; "" where it can."""
        return ""
