"""What is seen of tasks eight side by side: a state's loss, direction and adapted tasks, and tasks of their own states.

Tasks are adapted by the functions that advance a run.
"""

from __future__ import annotations

from ..layout import A1, A2, A3
from ..schedule import arrays
from .blocks import LANES
from .printer import rate
from .task_steps import TaskSteps


class TaskObserving(TaskSteps):
    """Prints what looks at states of tasks, and what adapts tasks that are given by their own.

    `made` is what the outputs' function fills.
    """

    made: list[str]

    def _tasks_data(self, weight: str) -> None:
        """The arrays of all tasks and of eight, with what each weighs in an outer step."""
        self.out.put(1, "sides = aligned(padded * length * length)", "labels = aligned(padded * examples)")
        self.out.put(1, "side_by_side(blocks, y, sides, labels)")
        self.out.put(1, "weights = aligned(padded)  # of the tasks in an outer step", "for k in range(tasks):",
                     f"    weights[k] = {weight}")
        self._work_of_eight(1, "2 * filters * length")

    def _work_of_eight(self, depth: int, size: str) -> None:
        """Arrays of eight tasks: a state's, and the examples'."""
        states = {"near": "adapted states of eight tasks", **({"moved": "their coefficients"} if self.moves else {}),
                  "slope": "their gradient"}
        for name, said in states.items():
            self.out.assign(depth, f"{name} =", f"aligned({size} * {LANES})", said)
        known = {d.name: d.meaning for d in arrays(self.stages)}
        for name in self.filled:
            self.out.assign(depth, f"{name} =", f"aligned(examples * {LANES})", known[name])

    def _observe(self) -> None:
        """As in the kernel of loops, with what is observed there of each example."""
        groups = (
            {"z": A3},
            {"blocks": A3, "y": A1, "places": "int64[:, ::1]", **dict.fromkeys(self._share, A1), "inner": "int64",
             "outer": "int64"},
            self._number_types,
            {"g": A3, "risk": A1, "adapted": "float64[:, :, :, ::1]", "margin_out": A1, "l1_out": A1},
        )
        self.out.function(
            "observe", [list(group) for group in groups],
            "What is observed of one state.",
            "g is the direction of the outer step; by task, risk is the loss over outer .. n - 1 and adapted the",
            "state, both after the inner loop, and each example's margin and l' are taken there.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        self.out.put(1, "tasks, length = blocks.shape[0], blocks.shape[1]", "examples = y.size // tasks",
                     "filters, rows, width = z.shape[1], 2 * z.shape[1], z.shape[2]", "padded = places.shape[0]")
        self._tasks_data("share[k]" if self._share else "1.0 / tasks")
        self.out.put(1, "state, direction = z.reshape(-1), g.reshape(-1)",
                     "given = adapted.reshape(tasks, rows, length)", f"margins = aligned(examples * {LANES})",
                     f"rates = aligned(examples * {LANES})", f"losses = aligned({LANES})", "g[:] = 0.0",
                     f"for k in range(0, padded, {LANES}):")
        self._adapted_eight("state", "direction", "own_y")
        sizes = ["own_y", "0, examples", "examples", "filters", "length"]
        self.out.call(2, "outputs_each(", (["near"], sizes, self.scalars, self.made))
        self._looked_at()
        self.out.put(0, "")

    def _looked_at(self) -> None:
        """What of eight tasks is handed over."""
        put, cost, slope = self.out.put, rate(self.model, 0, "margin"), rate(self.model, 1, "margin")
        put(2, f"count, summed = min({LANES}, tasks - k), lanes(0.0)", "for i in range(examples):")
        put(3, f"margin = load(f, {LANES} * i) * load(own_y, {LANES} * i)", f"store(margins, {LANES} * i, margin)")
        put(3, f"store(rates, {LANES} * i, {slope})", "if i >= outer:", f"    summed = summed + {cost}")
        put(2, "store(losses, 0, summed / float(examples - outer))", "for own in range(count):")
        put(3, "risk[k + own] = losses[own]", "for i in range(examples):")
        put(4, "at = (k + own) * examples + i", f"margin_out[at], l1_out[at] = margins[{LANES} * i + own], "
            f"rates[{LANES} * i + own]")
        put(3, "for s in range(rows):", "    for q in range(length):")
        put(5, f"given[k + own, s, q] = near[(s * length + q) * {LANES} + own]")

    def _adapt_all(self) -> None:
        groups = ({"states": "float64[:, :, :, ::1]"}, {"blocks": A3, "y": A2, "first": "int64", "last": "int64"},
                  self._number_types)
        said = "Adapt tasks given by their own states (tasks, H, m, L), blocks and y (tasks, n), in place."
        types = f"void({', '.join(of for group in groups for of in group.values())})"
        self.out.function("adapt_all", [list(group) for group in groups], said, types=types)
        self.out.put(1, "tasks, filters, length = states.shape[0], states.shape[2], states.shape[3]",
                     "examples, rows = y.shape[1], 2 * filters", "given = states.reshape(tasks, rows, length)")
        self._over_given()
        self.out.put(2, *["moved[:] = 0.0"] * self.moves, "for s in range(rows):", "    for q in range(length):")
        at = f"near[(s * length + q) * {LANES} + own]"
        self.out.put(4, f"for own in range({LANES}):", f"    {at} = given[k + own, s, q] if own < count else 0.0")
        self.out.call(2, "adapt_each(", self._adapt_each_groups("sides", "0", "labels", "first, last"))
        self.out.put(2, "for own in range(count):", "    for s in range(rows):", "        for q in range(length):")
        self.out.put(5, f"given[k + own, s, q] = {at}")
        self.out.put(0, "")

    def _over_given(self) -> None:
        """The arrays of eight tasks, and the head of a loop over tasks that are given by their own states."""
        self.out.put(1, f"sides = aligned(length * length * {LANES})", f"labels = aligned(examples * {LANES})")
        self._work_of_eight(1, "rows * length")
        self.out.put(1, f"for k in range(0, tasks, {LANES}):", f"    count = min({LANES}, tasks - k)")
        self.out.put(2, "side_by_side(blocks[k:k + count], y[k:k + count].reshape(-1), sides, labels)")

    def _adapted_outputs(self) -> None:
        """What judges fresh tasks after adaptation: the arrays of a task are read and written once."""
        made = self.made = self._outputs_function()
        groups = ({"states": A3}, {"blocks": A3, "y": A2, "support": "int64"}, self._number_types, {"out": A2})
        self.out.function(
            "adapted_outputs", [list(group) for group in groups],
            "out (tasks, n - support): outputs of tasks adapted on the examples before `support`, on the others.",
            "They are given by their own states (tasks, L, 2 m), blocks and y (tasks, n); NaN where a state that is",
            "adapted is not finite.", types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        self.out.put(1, "tasks, length, rows = states.shape", "examples, filters = y.shape[1], rows // 2")
        self._over_given()
        self.out.put(2, *["moved[:] = 0.0"] * self.moves, f"for own in range({LANES}):", "    for q in range(length):")
        entry = "states[k + own, q, s] if own < count else 0.0"
        self.out.put(4, "for s in range(rows):", f"    near[(s * length + q) * {LANES} + own] = {entry}")
        self.out.put(2, "if support > 0:")
        self.out.call(3, "adapt_each(", self._adapt_each_groups("sides", "0", "labels", "0, support"))
        sizes = ["labels", "support, examples", "examples", "filters", "length"]
        self.out.call(2, "outputs_each(", (["near"], sizes, self.scalars, made))
        self.out.put(2, "for own in range(count):", "    whole = True", f"    for q in range(own, near.size, {LANES}):")
        self.out.put(4, "whole &= abs(near[q]) < np.inf")
        self.out.put(3, "for i in range(support, examples):")
        self.out.put(4, f"out[k + own, i - support] = f[{LANES} * i + own] if whole else np.nan")
        self.out.put(0, "")
