"""How a kernel on lanes of tasks looks at what is watched: entry by entry where it stands on the axis of all tasks.

The loss comes out of the outer step, eight tasks at a time; a vector that no patch holds is W(0)'s product with it and
the sum of b's with the directions, so that a run's own numbers are those that it has without the look.
"""

from __future__ import annotations

from ...declare import Directions, Extreme
from ..layout import A1, A2, HELPER
from .blocks import LANES
from .looks import Looks, Nest
from .printer import rate
from .task_moves import starts
from .task_nests import TaskNests
from .watched import LOSS, beside

VECTORS = {"onto": A1, "across": A2, "spans": "int64[::1]"}


class TaskWatchers(Looks):
    """Prints the looks at a state's packed arrays, at those of `places`."""

    packed = frozenset({"z", "b", "across"})
    after_loss = ") if whole else np.nan"

    def __init__(self, emitter: TaskNests) -> None:
        super().__init__(emitter)
        self.told, self.vectors = LOSS in self.names, list(beside(self.model))

    @property
    def arguments(self) -> dict[str, str]:
        """What a loop takes for the vectors that no patch holds, with types."""
        return VECTORS if self.vectors else {}

    def functions(self) -> None:
        """`watch_NAME` for each, and what products with vectors take."""
        if self.vectors:
            put = self.out.put
            put(0, "", HELPER, "def along(b, at, across, first, width):")
            put(1, '"""A row of b, at `at`, times a vector\'s products with the directions, from `first` on."""')
            put(1, "added = lanes(0.0)", f"for q in range(0, width - {LANES - 1}, {LANES}):")
            put(2, "added = fused(load(b, at + q), load(across, first + q), added)")
            put(1, "summed = total(added)", f"for q in range(width // {LANES} * {LANES}, width):")
            put(2, "summed = summed + entry(b, at + q) * entry(across, first + q)")
            put(1, "return summed", "")
        super().functions()

    def _loss_each(self) -> None:
        """The losses of eight tasks at the adapted weights, whose outputs the outer step has filled."""
        put, groups = self.out.put, (["f", "y", "first", "last", *self.constants],)
        self.out.function("loss_each", groups, f"Mean loss of {LANES} tasks over their examples first .. last - 1.")
        put(1, "losses = lanes(0.0)", "for i in range(first, last):")
        cost = rate(self.model, 0, f"load(f, {LANES} * i) * load(y, {LANES} * i)")
        put(2, f"losses = losses + {cost}")
        put(1, "return losses / float(last - first)", "")

    def loss(self) -> None:
        """The meta-objective, of every task's loss."""
        self._loss_each()
        self.out.function("watch_loss", (self.taken_of_loss(),), "The tasks' losses, by what they weigh.")
        self.out.put(1, "losses = 0.0", "for k in range(tasks):", "    losses = losses + weights[k] * risk[k]")
        self.out.put(1, "return losses", "")

    def taken_of_loss(self) -> list[str]:
        """By task: losses, and what they weigh."""
        return ["risk", "weights", "tasks"]

    def nest(self, extreme: Extreme) -> Nest:
        """Over heads, filters, and tasks and their examples, or vectors."""
        family = self.family(extreme)
        if family is None:
            return Nest(extreme, ("head", "filter", "vector"), False, True, "")
        own, tasks = family.index_set.per_example, not family.index_set.shared
        every = ("head", "filter", *["task"] * tasks, *["example"] * own)
        return Nest(extreme, every, False, True, "y[k * examples + i]")

    def begin(self, extreme: Extreme) -> None:
        """Where families start in a task, or how many vectors there are."""
        if self.family(extreme) is None:
            self.out.put(1, "vectors = onto.size // (2 * filters)")
        else:
            starts(self.out, self.model, 1)
        self.out.put(1, "low = np.inf", "high = -np.inf")

    def loop(self, name: str, extreme: Extreme) -> str:
        """Over all of what it is named after."""
        if name == "head":
            return self.heads(extreme)
        if name == "vector":
            at = self.vectors.index(extreme.of)
            return f"for v in range(spans[{at}], spans[{at + 1}]):"
        index, count = {"filter": ("r", "filters"), "task": ("k", "tasks"), "example": ("i", "examples")}[name]
        return f"for {index} in range({count}):"

    def taken(self, extreme: Extreme) -> list[str]:
        """The arrays, and sizes."""
        family = self.family(extreme)
        if family is None:
            return ["b", "onto", "across", "spans", "filters", "width"]
        state, own = self.of_state(family, extreme), family.index_set.per_example
        lengths = ["blocks"] * self.scaled(family, extreme)
        tasks = ["tasks"] * (not family.index_set.shared)
        return ["z" if state else "b", *["y"] * own, "places", *lengths, *tasks, "examples", "filters", "width"]

    def before_entry(self, extreme: Extreme) -> list[str]:
        """A neuron's place, and its product with a vector that no patch holds."""
        product = "entry(onto, (h * filters + r) * vectors + v) + along(b, at, across, v * width, width)"
        return ["at = (h * filters + r) * width", *[f"product = {product}"] * (self.family(extreme) is None)]

    def entry(self, extreme: Extreme) -> str:
        """An entry where it stands, or a product with a vector that no patch holds."""
        family = self.family(extreme)
        if family is None:
            return "product"
        task, q = "0" if family.index_set.shared else "k", self._own(family)
        place = f"at + places[{task}, {q}]"
        if self.of_state(family, extreme):
            return f"entry(z, {place})"
        return self.by_signs(family, f"entry(b, {place})", f"blocks[{task}, {q}, {q}]", "y[k * examples + i]")

    @staticmethod
    def _own(family: Directions) -> str:
        """Where a family's vector stands on the axis of a task."""
        return f"at_{family.name}" + " + i" * family.index_set.per_example
