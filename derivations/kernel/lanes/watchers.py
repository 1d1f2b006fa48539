"""How a kernel on lanes looks at what is watched, of one set of examples: eight of them at a time."""

from __future__ import annotations

from collections.abc import Mapping

from ...calculus.symbols import i, y
from ...declare import Directions, Extreme
from ..by_class import CLASS
from .blocks import LANES
from .looks import INSIDE, Looks, Nest
from .nests import LaneNests
from .printer import rate

_EACH = f"for i in range(0, y.size, {LANES}):"


class Watchers(Looks):
    """Prints the looks at a state's packed arrays."""

    packed = frozenset({"z", "b", "gram", "y"})

    def __init__(self, emitter: LaneNests) -> None:
        super().__init__(emitter)
        self.emitter = emitter

    @property
    def data(self) -> list[str]:
        """What watchers may take of a state."""
        return ["z", "b", "gram", "y", "present", *self.lengths.values(), "examples", "filters", "width"]

    @property
    def lengths(self) -> Mapping[str, str]:
        """The arrays of squared lengths that coefficients of families over examples are scaled by, by family."""
        families = [family for family in self.model.directions if family.coefficient.scaled]
        used = {each.of for each in self.extremes}
        return {
            family.name: f"length_{family.name}" for family in families
            if family.coefficient.name in used and family.index_set.per_example
        }

    def loss(self) -> None:
        """Of the outputs that the step's gradient is made of, and of the labels without a step's noise."""
        put = self.out.put
        self.out.function("watch_loss", (self.taken_of_loss(),), "Training loss of the outputs.")
        put(1, "losses = lanes(0.0)", _EACH)
        if self.signed:
            cost = rate(self.model, 0, "load(f, i) * load(y, i)")
        else:
            cost = self._cross_entropy()
        weight = self.emitter.recursion.definitions.get("omega") if self.signed else None
        if weight is not None:
            of_label = weight.expr.xreplace({self.emitter.names.label(i): y[i]})
            self.out.assign(2, "weight =", self.emitter.printer.doprint(of_label))
            cost = f"weight * {cost}"
        put(2, f"losses = losses + where({INSIDE}, {cost}, 0.0)")
        put(1, "return total(losses) / examples")
        put(0, "")

    def _cross_entropy(self) -> str:
        """-log p of eight labels without overflow or cancellation, after the lines that it needs."""
        put, output = self.out.put, "load(F, h * y.size + i)"
        each, own = f"for h in range({self.model.n_heads}):", "load(y, i) == float(h)"
        gap = f"gap = where({own}, -np.inf, {output} - label)"
        put(2, "label = lanes(0.0)", each, f"    label = where({own}, {output}, label)")
        put(2, "top, others = lanes(-np.inf), lanes(0.0)", each, f"    {gap}", "    top = where(gap > top, gap, top)")
        put(2, each, f"    {gap}", "    others = others + exponential_0(top - gap)")
        return "logistic_0(-(top + logarithm(others)))"

    def taken_of_loss(self) -> list[str]:
        """Outputs, labels, and the parameters of a formula and of weights."""
        return ["f" if self.signed else "F", "y", "present", "examples", *self.constants]

    def margins(self) -> None:
        """Of the same outputs: y f, or of class heads an own output less the largest other one."""
        put = self.out.put
        self.out.function("watch_margins", (self.taken_of_margins(),), "The least and the largest margin.")
        put(1, "lowest, highest = lanes(np.inf), lanes(-np.inf)", _EACH)
        if self.signed:
            put(2, "margin = load(f, i) * load(y, i)")
        else:
            output = "load(F, h * y.size + i)"
            put(2, "own, other = lanes(0.0), lanes(-np.inf)", f"for h in range({self.model.n_heads}):")
            put(3, "mine = load(y, i) == float(h)", f"own = where(mine, {output}, own)")
            put(3, f"other = where(mine, other, where({output} > other, {output}, other))")
            put(2, "margin = own - other")
        put(2, f"low, high = where({INSIDE}, margin, np.inf), where({INSIDE}, margin, -np.inf)")
        put(2, "lowest, highest = where(low < lowest, low, lowest), where(high > highest, high, highest)")
        put(1, "return least(lowest), -least(-highest)")
        put(0, "")

    def taken_of_margins(self) -> list[str]:
        """Outputs and labels."""
        return ["f" if self.signed else "F", "y", "present"]

    def nest(self, extreme: Extreme) -> Nest:
        """Over heads, filters, and what the family has one of."""
        sets = self._family(extreme).index_set
        every = ("head", "filter", *["example"] * sets.per_example, *["entry of a class"] * sets.per_class)
        return Nest(extreme, every, sets.per_example, self.signed, "load(y, i)", extreme in self.whole)

    def begin(self, extreme: Extreme) -> None:
        """Where families start, and the squared length of a vector that all examples have."""
        self.emitter.offsets(1)
        self.out.put(1, "low = np.inf", "high = -np.inf")
        family = self._family(extreme)
        if family.index_set.single and self.scaled(family, extreme):
            place = self._place(family)
            self.out.put(1, f"length = entry(gram, {place} * width + {place})")

    def loop(self, name: str, extreme: Extreme) -> str:
        """Over examples eight at a time."""
        if name == "example":
            return _EACH
        if name == "filter":
            return "for r in range(filters):"
        if name == "entry of a class":
            return f"for {CLASS} in range({self.model.network.classes}):"
        return self.heads(extreme)

    def _family(self, extreme: Extreme) -> Directions:
        family = self.family(extreme)
        assert family is not None  # vectors that no patch holds are those of tasks
        return family

    @staticmethod
    def _place(family: Directions) -> str:
        """Where a family starts in a row."""
        return f"at_{family.name}"

    def taken(self, extreme: Extreme) -> list[str]:
        """The arrays, and sizes."""
        family = self._family(extreme)
        own, state = family.index_set.per_example, self.of_state(family, extreme)
        told = {
            "z": state, "b": not state, "gram": self.scaled(family, extreme) and not own, "y": own, "present": own,
            **{array: own and not state and name == family.name for name, array in self.lengths.items()},
        }
        return [name for name in self.data if told.get(name, name in ("examples", "filters", "width"))]

    def before_entry(self, extreme: Extreme) -> list[str]:
        """A neuron's place, and the squared length of a class's vector, which scales its coefficient."""
        family = self._family(extreme)
        place = f"({self._place(family)} + {CLASS})"
        taken = [f"length = entry(gram, {place} * width + {place})"]
        return ["at = (h * filters + r) * width",
                *(taken if family.index_set.per_class and self.scaled(family, extreme) else [])]

    def entry(self, extreme: Extreme) -> str:
        """Eight examples' entries, or one that they share."""
        family = self._family(extreme)
        own, state = family.index_set.per_example, self.of_state(family, extreme)
        array = "z" if state else "b"
        place = f"at + {self._place(family)}" + f" + {CLASS}" * family.index_set.per_class
        entry = f"load({array}, {place} + i)" if own else f"entry({array}, {place})"
        length = f"load({self.lengths.get(family.name)}, i)" if own else "length"
        return entry if state else self.by_signs(family, entry, length, "load(y, i)")
