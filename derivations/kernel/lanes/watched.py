"""What a kernel on lanes looks at in every step: the observables of events, as the least and the largest of each.

An event is reached where all entries of its observable are, so that the two decide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...declare import Directions, Extreme, Model, OfMargin, of_neurons, to_plain
from ..by_class import CLASS
from ..printer import argument
from .fits import fits_lanes
from .nests import LaneNests
from .printer import rate

LOSS = "loss"
SIGN, INSIDE = "(1.0 - 2.0 * h)", "load(present, i) > 0.0"
HEADS = {"plus": "1", "minus": "1, 2"}


def watches(model: Model) -> bool:
    """Whether a kernel on lanes looks for events: where steps draw nothing."""
    return not model.algorithm.drawn


def watched(model: Model) -> tuple[Extreme, ...]:
    """The extremes that the model's events are of and that a state's packed arrays tell."""
    if not watches(model):  # such runs are looked at from outside
        return ()
    declared = {each.name: each for each in model.observables}
    named = dict.fromkeys(event.observable for event in model.events)
    observables = [declared[name] for name in named if name in declared]
    return tuple(each for each in observables if isinstance(each, Extreme) and _told(model, each))


def described(model: Model) -> dict[str, Any]:
    """By name what is watched, as plain data, in the kernel's order; the loss, which is not declared, as None."""
    if not fits_lanes(model) or not watches(model):
        return {}
    return {LOSS: None, **{each.name: to_plain(each) for each in watched(model)}}


def _told(model: Model, extreme: Extreme) -> bool:
    of = {*(family.name for family in model.directions), *(family.coefficient.name for family in model.directions)}
    plain = not extreme.adapted and not extreme.floor
    return extreme.of in of and plain and not ("head" in extreme.per and extreme.heads in ("plus", "minus"))


@dataclass(frozen=True)
class Nest:
    """The loops of an extreme: over what it keeps, outside, and over what it reduces, inside.

    `own`: its entries are the examples', eight at a time; `classes`: they are a class's; `signed` are the heads.
    """

    extreme: Extreme
    own: bool
    classes: bool
    signed: bool

    @property
    def outer(self) -> list[str]:
        """The loops over what is kept."""
        kept = ["head"] if "head" in self.extreme.per else []
        return [*kept, *(["example"] if self._by_example else [])]

    @property
    def inner(self) -> list[str]:
        """The loops over what is reduced."""
        every = ["head", "filter", *["example"] * self.own, *["entry of a class"] * self.classes]
        return [name for name in every if name not in self.outer]

    @property
    def _by_example(self) -> bool:
        return self.own and "example" in self.extreme.per

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
        return f"lanes({self.worst})" if self.own else self.worst

    @property
    def tests(self) -> list[str]:
        """Which of eight entries count."""
        if self.signed:
            sides = {"on_class": f"load(y, i) * {SIGN} > 0.0", "off_class": f"load(y, i) * {SIGN} < 0.0"}
        else:
            sides = {"on_class": "load(y, i) == float(h)", "off_class": "abs(load(y, i) - float(h)) > 0.0"}
        own = [sides[self.extreme.heads]] if self.own and self.extreme.heads in sides else []
        return [*own, *([INSIDE] if self.own and not self._by_example else [])]

    @property
    def closing(self) -> list[str]:
        """The least and the largest entry, with what has been reduced."""
        if self._by_example:
            low, high = f"least(where({INSIDE}, best, np.inf))", f"-least(where({INSIDE}, -best, np.inf))"
        elif self.own:
            low = high = "least(best)" if self.extreme.reduce == "min" else "-least(-best)"
        else:
            low = high = "best"
        lines = [f"lowest = {low}", f"highest = {high}"]
        return [*lines, "low = where(lowest < low, lowest, low)", "high = where(highest > high, highest, high)"]


class Watchers:
    """Prints a function for each watched observable, and a step's look at them."""

    def __init__(self, emitter: LaneNests) -> None:
        self.emitter, self.model, self.out, self.signed = emitter, emitter.model, emitter.out, emitter.signed
        self.extremes = watched(self.model)

    @property
    def data(self) -> list[str]:
        """What watchers may take of a state."""
        return ["z", "b", "gram", "y", "present", *self.lengths.values(), "examples", "filters", "width"]

    def functions(self) -> None:
        """`watch_NAME` for each."""
        self._loss()
        for extreme in self.extremes:
            self._extreme(extreme)

    @property
    def lengths(self) -> Mapping[str, str]:
        """The arrays of squared lengths that coefficients of families over examples are scaled by, by family."""
        families = [family for family in self.model.directions if family.coefficient.scaled]
        used = {each.of for each in self.extremes}
        return {
            family.name: f"length_{family.name}" for family in families
            if family.coefficient.name in used and family.index_set.per_example
        }

    def _loss(self) -> None:
        put = self.out.put
        self.out.function("watch_loss", (self._taken_of_loss(),), "Training loss of the outputs.")
        put(1, "losses = lanes(0.0)", self.emitter.each)
        if self.signed:
            cost = self._weight() + rate(self.model, 0, "load(f, i) * load(y, i)")
        else:
            cost = self._cross_entropy()
        put(2, f"losses = losses + where({INSIDE}, {cost}, 0.0)")
        put(1, "return total(losses) / examples")
        put(0, "")

    def _weight(self) -> str:
        """What eight losses are taken times, by their labels, after the line that it needs; nothing where that is 1."""
        weight = self.emitter.recursion.definitions.get("omega")
        if weight is None:
            return ""
        self.out.assign(2, "weight =", self.emitter.printer.doprint(weight.expr))
        return "weight * "

    def _cross_entropy(self) -> str:
        """-log p of eight labels without overflow or cancellation, after the lines that it needs."""
        put, output = self.out.put, "load(F, h * y.size + i)"
        each, own = f"for h in range({self.model.n_heads}):", "load(y, i) == float(h)"
        gap = f"gap = where({own}, -np.inf, {output} - label)"
        put(2, "label = lanes(0.0)", each, f"    label = where({own}, {output}, label)")
        put(2, "top, others = lanes(-np.inf), lanes(0.0)", each, f"    {gap}", "    top = where(gap > top, gap, top)")
        put(2, each, f"    {gap}", "    others = others + exponential_0(top - gap)")
        return "logistic_0(-(top + logarithm(others)))"

    def _taken_of_loss(self) -> list[str]:
        """The arguments of the look at the loss; the parameters of a formula and of weights among them."""
        loss = self.model.objective
        formula = loss.loss_kind.expression.constants if isinstance(loss.loss_kind, OfMargin) else ()
        weights = [each for each in loss.label_weights if isinstance(each, str)]
        constants = map(argument, dict.fromkeys([*formula, *weights]))
        return ["f" if self.signed else "F", "y", "present", "examples", *constants]

    def _extreme(self, extreme: Extreme) -> None:
        """The least and the largest entry of an extreme, whose own reduction is over what it does not keep."""
        sets = self._family(extreme).index_set
        nest = Nest(extreme, sets.per_example, sets.per_class, self.signed)
        put, depth = self.out.put, 1
        said = f"The least and the largest entry of {extreme.name}."
        self.out.function(f"watch_{extreme.name}", (self._taken(extreme),), said)
        self.emitter.offsets(1)
        put(1, "low = np.inf", "high = -np.inf")
        if self._fixed_length(extreme):
            place = self._place(self._family(extreme))
            put(1, f"length = entry(gram, {place} * width + {place})")
        for loop in nest.outer:
            put(depth, *self._loop(loop, extreme))
            depth += 1
        put(depth, f"best = {nest.start}")
        inner = depth
        for loop in nest.inner:
            put(inner, *self._loop(loop, extreme))
            inner += 1
        put(inner, "at = (h * filters + r) * width", *self._length_of_class(extreme), f"x = {self._entry(extreme)}")
        for test in nest.tests:
            put(inner, f"x = where({test}, x, {nest.worst})")
        put(inner, f"best = where(x {nest.better} best, x, best)")
        put(depth, *nest.closing)
        put(1, "return low, high")
        put(0, "")

    def _loop(self, name: str, extreme: Extreme) -> list[str]:
        """The head of a loop; a head begins with its sign."""
        if name == "example":
            return [self.emitter.each]
        if name == "filter":
            return ["for r in range(filters):"]
        if name == "entry of a class":
            return [f"for {CLASS} in range({self.model.network.classes}):"]
        return [f"for h in range({HEADS.get(extreme.heads, str(self.model.n_heads))}):"]

    def _family(self, extreme: Extreme) -> Directions:
        return next(f for f in self.model.directions if extreme.of in (f.name, f.coefficient.name))

    def _of_state(self, extreme: Extreme) -> bool:
        """Whether it is of pre-activations, not of coefficients; what neurons have is told as it is."""
        family = self._family(extreme)
        return extreme.of == family.name or of_neurons(family)

    def _fixed_length(self, extreme: Extreme) -> bool:
        """Whether it is of coefficients that one vector's squared length scales."""
        return self._family(extreme).index_set.single and self._scaled(extreme)

    def _length_of_class(self, extreme: Extreme) -> list[str]:
        """The line that takes the squared length of a class's vector, which scales its coefficient."""
        family = self._family(extreme)
        place = f"({self._place(family)} + {CLASS})"
        taken = [f"length = entry(gram, {place} * width + {place})"]
        return taken if family.index_set.per_class and self._scaled(extreme) else []

    def _scaled(self, extreme: Extreme) -> bool:
        """Whether it is of coefficients that squared lengths scale."""
        return self._family(extreme).coefficient.scaled and not self._of_state(extreme)

    @staticmethod
    def _place(family: Directions) -> str:
        """Where a family starts in a row."""
        return f"at_{family.name}"

    def _taken(self, extreme: Extreme) -> list[str]:
        """What a watcher reads: to hand a compiled function an array that it does not need takes as long as to look."""
        family = self._family(extreme)
        own, state = family.index_set.per_example, self._of_state(extreme)
        told = {
            "z": state, "b": not state, "gram": self._scaled(extreme) and not own, "y": own, "present": own,
            **{array: own and not state and name == family.name for name, array in self.lengths.items()},
        }
        return [name for name in self.data if told.get(name, name in ("examples", "filters", "width"))]

    def _entry(self, extreme: Extreme) -> str:
        family = self._family(extreme)
        own, coefficient = family.index_set.per_example, family.coefficient
        array = "z" if self._of_state(extreme) else "b"
        place = f"at + {self._place(family)}" + f" + {CLASS}" * family.index_set.per_class
        entry = f"load({array}, {place} + i)" if own else f"entry({array}, {place})"
        if array == "b":
            length = f"load({self.lengths.get(family.name)}, i)" if own else "length"
            entry += f" * {length}" if coefficient.scaled else ""
            entry += f" * {SIGN}" if coefficient.signed else ""
            entry += " * load(y, i)" if coefficient.labelled else ""
        entry += f" * {SIGN}" if extreme.signed else ""
        return f"abs({entry})" if extreme.reduce == "max_abs" else entry

    def look(self, depth: int) -> None:
        """What a step looks at, of what is still sought.

        It stands in the loop itself: of a function's arguments that are handed on, Numba counts the references at every
        call, which takes as long as the looking.
        """
        packed = {"z", "b", "gram", "y"}
        for place, name in enumerate([LOSS, *(each.name for each in self.extremes)]):
            self.out.put(depth, f"if sought[{place}]:")
            taken = self._taken_of_loss() if name == LOSS else self._taken(self.extremes[place - 1])
            given = [f"packed_{each}" if each in packed else each for each in taken]
            if name == LOSS:
                self.out.call(depth + 1, f"low[{place}] = watch_{name}(", (given,))
                self.out.put(depth + 1, f"high[{place}] = low[{place}]")
            else:
                self.out.call(depth + 1, f"low[{place}], high[{place}] = watch_{name}(", (given,))
