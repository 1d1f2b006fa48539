"""Looks at watched observables, of one example or of many side by side: a function for each, and a step's look at them.

A look gives the least and the largest entry of an observable; how entries are taken is a subclass's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ...declare import Directions, Extreme, OfMargin, of_neurons
from ..layout import A1
from ..nest_writer import NestWriter
from ..printer import argument
from .watched import LOSS, MARGINS, described, watched, whole

FLAGS = "boolean[::1]"
WATCHED = {"which": "int64[::1]", "below": FLAGS, "anywhere": FLAGS, "bounds": A1, "hits": "int64[::1]",
           "stops": "int64"}
SAID = (
    "Event e is of observable which[e], which has to be at or below bounds[e] where below[e], else at or",
    "above, in all of its entries, in any where anywhere[e]; hits[e], negative before, becomes its first step.",
    "The run ends where the first `stops` of them are reached together.",
)
SIGN, INSIDE = "(1.0 - 2.0 * h)", "load(present, i) > 0.0"
HEADS = {"plus": "1", "minus": "1, 2"}
KEPT = {"head": ("head",), "example": ("task", "example"), "task": ("task",)}
"""The loops that what an extreme keeps an axis of is kept in."""


@dataclass(frozen=True)
class Nest:
    """The loops of an extreme: over what it keeps, outside, and over what it reduces, inside.

    `every` are all of them in order; `eight`: its entries are the examples', eight at a time; `signed` are the heads;
    `label` is an example's; `whole`: nothing is reduced.
    """

    extreme: Extreme
    every: tuple[str, ...]
    eight: bool
    signed: bool
    label: str
    whole: bool = False

    @property
    def outer(self) -> list[str]:
        """The loops over what is kept."""
        kept = {*self.every} if self.whole else {loop for axis in self.extreme.per for loop in KEPT[axis]}
        return [name for name in self.every if name in kept]

    @property
    def inner(self) -> list[str]:
        """The loops over what is reduced."""
        return [name for name in self.every if name not in self.outer]

    @property
    def _by_example(self) -> bool:
        return self.eight and (self.whole or "example" in self.extreme.per)

    @property
    def worst(self) -> str:
        """What no entry is worse than."""
        return "np.inf" if self.extreme.reduce == "min" else "-np.inf"

    @property
    def better(self) -> str:
        """How a better entry stands to the best so far."""
        return "<" if self.extreme.reduce == "min" else ">"

    @property
    def start(self) -> str:
        """What nothing has been reduced to."""
        return f"lanes({self.worst})" if self.eight else self.worst

    @property
    def tests(self) -> list[str]:
        """Which entries count."""
        if self.signed:
            sides = {"on_class": f"{self.label} * {SIGN} > 0.0", "off_class": f"{self.label} * {SIGN} < 0.0"}
        else:
            sides = {"on_class": f"{self.label} == float(h)", "off_class": f"abs({self.label} - float(h)) > 0.0"}
        own = [sides[self.extreme.heads]] if "example" in self.every and self.extreme.heads in sides else []
        return [*own, *([INSIDE] if self.eight and not self._by_example else [])]

    @property
    def closing(self) -> list[str]:
        """The least and the largest entry, with what has been reduced."""
        if self._by_example:
            low, high = f"least(where({INSIDE}, best, np.inf))", f"-least(where({INSIDE}, -best, np.inf))"
        elif self.eight:
            low = high = "least(best)" if self.extreme.reduce == "min" else "-least(-best)"
        else:
            low = high = "best"
        lines = [f"lowest = {low}", f"highest = {high}"]
        return [*lines, "low = where(lowest < low, lowest, low)", "high = where(highest > high, highest, high)"]


class Looks(ABC):
    """Prints a function for each watched observable, and a step's look at them."""

    packed: frozenset[str]
    """What a loop has in packed form, under a name that says so."""

    def __init__(self, emitter: NestWriter) -> None:
        self.model, self.out = emitter.model, emitter.out
        self.signed, self.names = emitter.signed, list(described(self.model))
        self.whole = whole(self.model)
        self.extremes = (*watched(self.model), *self.whole)

    def functions(self) -> None:
        """`watch_NAME` for each."""
        if LOSS in self.names:
            self.loss()
        if MARGINS in self.names:
            self.margins()
        for extreme in self.extremes:
            self._extreme(extreme)

    def search(self, depth: int) -> None:
        """In the time loop: the look, what is reached by it, and the end of a run that ends there."""
        self.out.put(depth, "if watching:")
        self._look(depth + 1)
        self.out.put(depth + 1, "if reach(t, which, below, anywhere, bounds, low, high, hits):")
        self.out.put(depth + 2, "if met(stops, hits):", "    break", "watching = seek(which, hits, sought)")
        self.out.put(depth, "if t == start + steps:", "    break")

    def _look(self, depth: int) -> None:
        """What a step looks at, of what is still sought.

        It stands in the loop itself: of a function's arguments that are handed on, Numba counts the references at every
        call, which takes as long as the looking.
        """
        taken = {LOSS: self.taken_of_loss(), MARGINS: self.taken_of_margins()}
        taken |= {each.name: self.taken(each) for each in self.extremes}
        for place, name in enumerate(self.names):
            self.out.put(depth, f"if sought[{place}]:")
            given = [f"packed_{each}" if each in self.packed else each for each in taken[name]]
            if name == LOSS:
                self.out.call(depth + 1, f"low[{place}] = watch_{name}(", (given,), self.after_loss)
                self.out.put(depth + 1, f"high[{place}] = low[{place}]")
            else:
                self.out.call(depth + 1, f"low[{place}], high[{place}] = watch_{name}(", (given,))

    after_loss = ")"

    def room(self) -> None:
        """Before the time loop: what has been looked at, and whether anything is sought."""
        count = len(self.names)
        self.out.put(1, f"low = np.zeros({count})", f"high = np.zeros({count})")
        self.out.put(1, f"sought = np.zeros({count}, dtype=np.bool_)", "watching = seek(which, hits, sought)")

    @abstractmethod
    def loss(self) -> None:
        """`watch_loss`."""

    @abstractmethod
    def taken_of_loss(self) -> list[str]:
        """The arguments of the look at the loss."""

    def margins(self) -> None:
        """The look at the margins, where there is one."""
        raise NotImplementedError

    def taken_of_margins(self) -> list[str]:
        """The arguments of the look at the margins."""
        return []

    @abstractmethod
    def taken(self, extreme: Extreme) -> list[str]:
        """What a look reads: to hand a compiled function an array that it does not need takes as long as to look."""

    @abstractmethod
    def nest(self, extreme: Extreme) -> Nest:
        """The loops of its look."""

    @abstractmethod
    def begin(self, extreme: Extreme) -> None:
        """What comes before them."""

    @abstractmethod
    def loop(self, name: str, extreme: Extreme) -> str:
        """The head of a loop."""

    @abstractmethod
    def before_entry(self, extreme: Extreme) -> list[str]:
        """The lines that an entry needs."""

    @abstractmethod
    def entry(self, extreme: Extreme) -> str:
        """An entry of a state, or a coefficient with what scales it."""

    def _extreme(self, extreme: Extreme) -> None:
        """The least and the largest entry of an extreme, whose own reduction is over what it does not keep."""
        nest, put, depth = self.nest(extreme), self.out.put, 1
        said = f"The least and the largest entry of {extreme.name}."
        self.out.function(f"watch_{extreme.name}", (self.taken(extreme),), said)
        self.begin(extreme)
        for loop in nest.outer:
            put(depth, self.loop(loop, extreme))
            depth += 1
        put(depth, f"best = {nest.start}")
        inner = depth
        for loop in nest.inner:
            put(inner, self.loop(loop, extreme))
            inner += 1
        value = self.entry(extreme) + f" * {SIGN}" * extreme.signed
        put(inner, *self.before_entry(extreme), f"x = {f'abs({value})' if extreme.reduce == 'max_abs' else value}")
        for test in nest.tests:
            put(inner, f"x = where({test}, x, {nest.worst})")
        put(inner, f"best = where(x {nest.better} best, x, best)")
        put(depth, *nest.closing)
        put(1, "return low, high")
        put(0, "")

    def heads(self, extreme: Extreme) -> str:
        """The head of the loop over heads."""
        return f"for h in range({HEADS.get(extreme.heads, str(self.model.n_heads))}):"

    def family(self, extreme: Extreme) -> Directions | None:
        """The family that it is of; None for vectors that no patch holds."""
        return next((f for f in self.model.directions if extreme.of in (f.name, f.coefficient.name)), None)

    @staticmethod
    def of_state(family: Directions, extreme: Extreme) -> bool:
        """Whether it is of pre-activations, not of coefficients; what neurons have is told as it is."""
        return extreme.of == family.name or of_neurons(family)

    def scaled(self, family: Directions, extreme: Extreme) -> bool:
        """Whether it is of coefficients that squared lengths scale."""
        return family.coefficient.scaled and not self.of_state(family, extreme)

    @staticmethod
    def by_signs(family: Directions, value: str, length: str, label: str) -> str:
        """A coefficient with its scale and signs."""
        own = family.coefficient
        scale = f" * {length}" * own.scaled + f" * {SIGN}" * own.signed
        return value + scale + f" * {label}" * own.labelled

    @property
    def constants(self) -> list[str]:
        """The arguments of a loss that is a formula or weighs labels."""
        loss = self.model.objective
        formula = loss.loss_kind.expression.constants if isinstance(loss.loss_kind, OfMargin) else ()
        weights = [each for each in loss.label_weights if isinstance(each, str)]
        return [argument(name) for name in dict.fromkeys([*formula, *weights])]
