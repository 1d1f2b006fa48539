"""The direction of an outer step, tasks adapted eight side by side, with their losses where these are looked at."""

from __future__ import annotations

from ..layout import Groups
from .blocks import LANES
from .task_nests import TaskNests
from .task_watchers import TaskWatchers
from .watched import described


class TaskSteps(TaskNests):
    """Prints the adaptation of eight tasks, and the direction that all of them give."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.watchers = TaskWatchers(self) if described(self.model) else None
        self.seeks = self.watchers is not None and self.watchers.told  # the loss, which the outer step has at hand

    def _inner(self) -> list[str]:
        """The numbers of the inner loop."""
        return ["inner_steps", "inner_step"]

    def _adapt_each_groups(self, sides: str, at_side: str, labels: str, part: str) -> Groups:
        return (["near", *["moved"] * self.moves], [sides, at_side, labels, part, "examples", "filters", "length"],
                [*self.scalars, *self._inner()], ["slope", *self.filled])

    def _adapt_each(self) -> None:
        groups = self._adapt_each_groups("sides", "at_side", "y", "first, last")
        said = f"Gradient descent of {LANES} tasks on their examples first .. last - 1, in place."
        self.out.function("adapt_each", groups, said)
        self.out.put(1, "for _ in range(inner_steps):")
        self.out.call(2, "gradient_each(", self._each_groups("near", "y", "first, last", "slope"))
        state = ["near", *["moved"] * self.moves, "slope"]
        sizes = ["sides", "at_side", "2 * filters", "length", "examples", "first", "last"]
        self.out.call(2, "descend_each(", (state, sizes, ["inner_step"]))
        self.out.put(0, "")

    def _outer_groups(self, state: str, into: str, seeking: str = "sought[0]") -> Groups:
        """Arguments of `meta_gradient`: the state, the data, the parameters, what is filled, and whether losses are."""
        data = ["sides", "labels", "places", "weights", "examples", "inner", "outer"]
        return ([state, "width", "filters"], data, [*self.scalars, *self._inner()],
                [into, "near", *["moved"] * self.moves, "slope", *self.filled], *[[seeking, "risk"]] * self.seeks)

    def _meta_gradient(self) -> None:
        said = "g = the direction of the outer step, a mean over tasks; whether every task stayed finite."
        more = ["Where somebody is `seeking` the loss, each task's goes to risk."] * self.seeks
        self.out.function("meta_gradient", self._outer_groups("packed_z", "g", "seeking"), said, *more)
        self.out.put(1, "length, rows = places.shape[1], 2 * filters", "g[:] = 0.0")
        self.out.put(1, f"for k in range(0, places.shape[0], {LANES}):")
        self.out.put(2, f"if not some(weights[k:k + {LANES}]):", "    continue")
        self._adapted_eight("packed_z", "g", "y")
        self._seek()
        self.out.put(2, "if not settled_each(near, weights, k):", "    return False")
        self.out.put(1, "return True")
        self.out.put(0, "")

    def _adapted_eight(self, state: str, into: str, y: str) -> None:
        """Eight tasks from a state to where they are adapted, and their part of the direction, weighed."""
        self.out.put(2, "at_side = k * length * length", f"{y} = labels[k * examples:(k + {LANES}) * examples]")
        self.out.put(2, *["moved[:] = 0.0"] * self.moves, f"gather_each({state}, rows, width, places, k, near)")
        self.out.call(2, "adapt_each(", self._adapt_each_groups("sides", "at_side", y, "0, inner"))
        part = "rows, width, places, weights, k, examples"
        if self.moves:
            self.out.put(2, f"scatter_each(moved, {part}, 0, inner, -1.0, {into})")
        else:
            self.out.call(2, "gradient_each(", self._each_groups("near", y, "outer, examples", "slope"))
            self.out.put(2, f"scatter_each(slope, {part}, outer, examples, 1.0, {into})")

    def _seek(self) -> None:
        """Eight tasks' losses, of outputs that the outer step's gradient has; Reptile goes down none."""
        if self.watchers is None or not self.seeks:
            return
        self.out.put(2, "if seeking:")
        if self.moves:
            self.out.call(3, "gradient_each(", self._each_groups("near", "y", "outer, examples", "slope"))
        constants = "".join(f", {name}" for name in self.watchers.constants)
        self.out.put(3, f"store(risk, k, loss_each(f, y, outer, examples{constants}))")
