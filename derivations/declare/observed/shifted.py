"""A definition per example on another scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..choices import Name, one_of
from ..observable import OfStates, of_examples
from ..views import Array, EntryView, StateView, WeightView


@dataclass(frozen=True, kw_only=True)
class Shifted(OfStates):
    """A per-example definition of the recursion (such as l1) times a constant plus a constant."""

    name: Name
    latex: str
    of: str
    plus: float
    times: float = 1.0
    source: str = ""

    @property
    def definition(self) -> str:
        """What is shifted."""
        return self.of

    def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
        """An example's."""
        return {self.name: ("t", *of_examples(model))}

    def words(self, model: Any) -> dict[str, str]:
        """The definition, what it is taken times, and what is added."""
        what = {"l1": "l', the loss's derivative at the margin"}.get(self.of, f"the recursion's {self.of}")
        times = {1.0: "", -1.0: "minus "}.get(self.times, f"{self.times:g} times ")
        return {self.name: f"{times}{what}{f', plus {self.plus:g}' if self.plus else ''}, for each example"}

    def refusal(self, model: Any) -> str:
        """It is of what an engine observes of each example."""
        l1 = ["l1"] if model.network.head_axis.signed else []
        known = ("margins", *l1, *([] if model.algorithm.over_tasks else ["zeta"]))
        return "" if self.of in known else f"{self.name}: of {one_of(self.of, known)}, which are known of each example"

    def value(self, states: StateView) -> Array | None:
        """(T, n); None where the engine does not observe the definition."""
        return self.of_runs(states)

    def of_runs(self, states: EntryView) -> Array | None:
        """As `value`."""
        of = states.seen.get(self.of)
        return None if of is None else states.by_task(self.times * of + self.plus)

    def by_weights(self, course: WeightView) -> Array | None:
        """Of what autograd gives under that name."""
        return course.by_task(self.plus + self.times * course.seen[self.of]) if self.of in course.seen else None
