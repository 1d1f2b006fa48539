"""The two loops of a bilevel algorithm as kernel text: adaptation on each task's own Gram block, then the outer step.

The inner loop is gradient descent on a task, by the same gradient functions as a single-level kernel's; the outer step
couples the tasks by the Gram matrix, or by vectors V with V V^T equal to it where these are cheaper (BLAS variant).
"""

from __future__ import annotations

from ..declare import Directions
from . import schedules
from .by_class import told_of_class
from .layout import A1, A2, A3, HELPER, Groups
from .nests import WORK, Emitter, observed
from .schedule import arrays, schedule

_NEST = ("for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")


_LOCAL = {"near": "a task's adapted state", "moved": "its coefficients", "slope": "its gradient"}


class TwoLevels(Emitter):
    """Prints the inner and outer loops of one bilevel recursion."""

    what = "a bilevel algorithm"

    def helpers(self) -> None:
        """The fixed functions, and the way between the directions of all tasks and of one."""
        super().helpers()
        self._task_state()

    def _task_state(self) -> None:
        """Between the direction axis of all tasks and that of one."""
        self.out.put(0, "", HELPER, "def gather(z, k, tasks, n, near):")
        self.out.put(1, '"""near = the state z on the directions of task k."""')
        self._axes(1)
        self.out.put(1, *_NEST)
        for family in self.model.directions:
            self._copy(3, family, "near[h, r, {near}] = z[h, r, {far}]")
        self.out.put(0, "")
        self.out.put(0, "", HELPER, "def scatter(near, k, tasks, n, weight, z):")
        self.out.put(1, '"""z += weight near, on the directions of task k."""')
        self._axes(1)
        self.out.put(1, *_NEST)
        for family in self.model.directions:
            self._copy(3, family, "z[h, r, {far}] += weight * near[h, r, {near}]")
        self.out.put(0, "")

    def _axes(self, depth: int) -> None:
        """Where each family starts on the axis of all tasks (far) and of one (at)."""
        far, at = "0", "0"
        for family in self.model.directions:
            self.out.put(depth, f"far_{family.name} = {far}", f"at_{family.name} = {at}")
            classes, index_set = str(self.model.network.classes), family.index_set
            all_tasks = index_set.row("1", classes, "tasks", "tasks * n")
            one_task = index_set.of_a_task("1", classes, "n")
            far, at = f"far_{family.name} + {all_tasks}", f"at_{family.name} + {one_task}"

    def _copy(self, depth: int, family: Directions, line: str) -> None:
        """One family's entries, from one axis to the other."""
        name, index_set = family.name, family.index_set
        if index_set.single:
            far = f"far_{name}" + " + k" * index_set.per_task
            self.out.put(depth, line.format(near=f"at_{name}", far=far))
            return
        self.out.put(depth, f"for i in range({index_set.of_a_task('1', str(self.model.network.classes), 'n')}):")
        far = f"far_{name} + " + ("k * n + i" if index_set.per_example else "i")
        self.out.put(depth + 1, line.format(near=f"at_{name} + i", far=far))

    def loop(self) -> None:
        """A task's gradients, its adaptation, the outer direction, the time loop and the observables."""
        recursion = self.recursion
        plain = schedule(recursion, recursion.plain, prefix="v")
        measured = schedule(recursion, recursion.plain, prefix="v", wanted=("loss", *observed(self.model)))
        self.gradient_function("plain_gradient", plain, "g = dL/dz of a task over its examples first .. last - 1.")
        said = "g = dL/dz of a task, and what is observed of first .. last - 1."
        self.gradient_function("measured_gradient", measured, said)
        self.plain = [*[d.name for d in arrays(plain)], *self.by_class.arrays(plain)]
        self.measured = [*[d.name for d in arrays(measured)], *self.by_class.arrays(measured)]
        self.classes = {*self.by_class.arrays(plain), *self.by_class.arrays(measured)}
        self.meanings = {d.name: d.meaning for d in (*arrays(plain), *arrays(measured))}
        self.two_axes = {d.name for d in arrays(measured) if len(d.indices) == 2}
        self._adapt()
        self._meta_gradient()
        self._run()
        self._observe()
        self._adapt_all()

    @property
    def _number_types(self) -> dict[str, str]:
        """The inner loop's numbers with their types."""
        return {**dict.fromkeys(self.scalars, "float64"), "inner_steps": "int64", "inner_step": "float64"}

    def _gradient_call(self, depth: int, state: str, gram: str, labels: str, part: str, into: str, kind: str) -> None:
        groups = ([state], [gram, labels, part], self.scalars, [into, "row"], getattr(self, kind))
        self.out.call(depth, f"{kind}_gradient(", groups)

    def _adapt_groups(self, *given: list[str]) -> Groups:
        """Arguments of `adapt`: the state and the data as given, the parameters, and what is filled."""
        *state_and_data, filled = given
        return (*state_and_data, [*self.scalars, "inner_steps", "inner_step"], filled, self.plain)

    def _adapt(self) -> None:
        groups = self._adapt_groups(["z", "b"], ["gram", "y", "first", "last"], ["g", "row"])
        self.out.function("adapt", groups, "Gradient descent on the examples first .. last - 1 of one task, z and b in "
                          "place.")
        self.out.put(1, "for _ in range(inner_steps):")
        self._gradient_call(2, "z", "gram", "y", "first, last", "g", "plain")
        self.out.put(2, "descend(z, b, g, gram, inner_step)")
        self.out.put(0, "")

    def _adapt_call(self, depth: int, state: str, gram: str, labels: str, part: str) -> None:
        self.out.call(depth, "adapt(", self._adapt_groups([state, "moved"], [gram, labels, part], ["slope", "row"]))

    def _work(self, depth: int, names: list[str]) -> None:
        """Arrays of one task, once; `names` are the definitions that need one, and arrays (K,)."""
        shapes = dict.fromkeys(names, "n")
        shapes |= {name: f"({self.model.n_heads}, n)" for name in names if name in self.two_axes}
        shapes |= {name: str(self.model.network.classes) for name in names if name in self.classes}
        self.out.put(depth, f"row = np.zeros(n)  # {WORK['row']}")
        for name, shape in shapes.items():
            self.out.assign(depth, f"{name} =", f"np.zeros({shape})", self.meanings.get(name, told_of_class(name)))

    def _local_states(self, depth: int) -> None:
        shape = f"({self.model.n_heads}, z.shape[1], blocks.shape[1])"
        for name, said in _LOCAL.items():
            self.out.assign(depth, f"{name} =", f"np.zeros({shape})", said)

    def _meta_groups(self) -> Groups:
        """Arguments of `meta_gradient`: the state, the data, the parameters, and what is filled."""
        return (["z"], ["blocks", "y", *self._share, "inner", "outer"], [*self.scalars, "inner_steps", "inner_step"],
                ["g", "near", "moved", "slope", "row"], self.plain)

    @property
    def _share(self) -> list[str]:
        """What each task is weighed by in an outer step, where they differ."""
        return ["share"] if self.model.bilevel.weighed else []

    def _meta_gradient(self) -> None:
        said = "g = the direction of the outer step, a mean over tasks; whether every task stayed finite."
        self.out.function("meta_gradient", self._meta_groups(), said)
        self.out.put(1, "tasks = blocks.shape[0]", "n = y.size // tasks", "g[:] = 0.0", "for k in range(tasks):")
        if self._share:
            self.out.put(2, "if share[k] == 0.0:", "    continue")
        self._outer_direction(2)
        self.out.put(2, "if not settled(near):", "    return False")
        self.out.put(1, "return True")
        self.out.put(0, "")

    def _outer_direction(self, depth: int) -> None:
        """Task k adapted, and what it adds to g."""
        own, weight = "y[k * n:(k + 1) * n]", "share[k]" if self._share else "1.0 / tasks"
        self.out.put(depth, "gather(z, k, tasks, n, near)", "moved[:] = 0.0")
        self._adapt_call(depth, "near", "blocks[k]", own, "0, inner")
        if self.model.bilevel.to_adapted:
            self.out.put(depth, f"scatter(moved, k, tasks, n, -{weight}, g)")
            return
        self._gradient_call(depth, "near", "blocks[k]", own, "outer, n", "slope", "plain")
        self.out.put(depth, f"scatter(slope, k, tasks, n, {weight}, g)")

    def _run(self) -> None:
        many = "float64[:, :, :, ::1]"
        groups = (
            {"z": A3, "b": A3},
            {"gram": A2, "head": A2, "active": "int64[::1]", "left": A2, "right": A2, "blocks": A3, "y": self.label,
             **({"shares": A2} if self._share else {}), "inner": "int64", "outer": "int64"},
            {**self._number_types, "eta": "float64"},
            {"start": "int64", "steps": "int64", "recorded": "int64[::1]", "z_out": many, "b_out": many},
        )
        self.out.function(
            "run", [list(group) for group in groups],
            "Advance z and b in place by outer steps; returns the first step that leaves the finite numbers, or -1.",
            "blocks (tasks, B, B) are the tasks' own Gram matrices; the inner loop takes a task's examples",
            "0 .. inner - 1, the outer step outer .. n - 1.",
            *(["Row t - start of `shares` (steps, tasks) weighs the tasks in step t."] if self._share else []),
            "States at the steps `recorded` go to z_out and b_out.",
            types=f"int64({', '.join(of for group in groups for of in group.values())})",
        )
        self.out.put(1, "n = y.size // blocks.shape[0]", "g = np.zeros(z.shape)")
        self._local_states(1)
        self._work(1, self.plain)
        if self.blas:
            self.out.put(1, "neurons = z.shape[0] * z.shape[1]", "packed = np.zeros((neurons, head.shape[0]))",
                         "picked = np.zeros((neurons, active.size))", "middle = np.zeros((neurons, right.shape[0]))",
                         "first = np.zeros((neurons, head.shape[0]))",
                         "rest = np.zeros((neurons, z.shape[2] - head.shape[0]))")
        schedules.keep_given(self.model, self.out)
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:", "    keep_state(z, z_out[at])",
                     "    keep_state(b, b_out[at])", "    at += 1", "if t == start + steps:", "    break")
        schedules.take(self.model, self.out)
        self.out.put(2, *["share = shares[t - start]"] * len(self._share))
        self.out.call(2, "if not meta_gradient(", self._meta_groups(), "):")
        self.out.put(3, "return t")
        if self.blas:
            self.out.put(2, "couple_all(g, head, active, left, right, packed, picked, middle, first, rest)",
                         "advance(z, b, g, first, rest, eta)")
        else:
            self.out.put(2, "descend(z, b, g, gram, eta)")
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _observe(self) -> None:
        kept = observed(self.model)
        ranks = {name: A2 if name in self.two_axes else A1 for name in kept}
        groups = (
            {"z": A3},
            {"blocks": A3, "y": self.label, **dict.fromkeys(self._share, A1), "inner": "int64", "outer": "int64"},
            self._number_types,
            {"g": A3, "risk": A1, "adapted": "float64[:, :, :, ::1]", **{f"{k}_out": of for k, of in ranks.items()}},
        )
        self.out.function(
            "observe", [list(group) for group in groups],
            "What is observed of one state.",
            "g is the direction of the outer step; by task, risk is the loss over outer .. n - 1 and adapted the",
            "state, both after the inner loop, and each example's definitions are taken there.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        self.out.put(1, "tasks = blocks.shape[0]", "n = y.size // tasks", "g[:] = 0.0")
        self._local_states(1)
        self._work(1, self.measured)
        own = "y[k * n:(k + 1) * n]"
        self.out.put(1, "for k in range(tasks):")
        self._outer_direction(2)
        self.out.put(2, "keep_state(near, adapted[k])")
        self._gradient_call(2, "near", "blocks[k]", own, "0, n", "slope", "measured")
        self.out.put(2, "total = 0.0", "for i in range(outer, n):", "    total += loss[i]",
                     "risk[k] = total / (n - outer)")
        for name in kept:
            index, entry = ("h, i", f"{name}_out[h, k * n + i]") if name in self.two_axes else (
                "i", f"{name}_out[k * n + i]")
            loops = ["for i in range(n):"]
            loops = [f"for h in range({self.model.n_heads}):", "    for i in range(n):"] if "h" in index else loops
            self.out.put(2, *loops, f"{'    ' * len(loops)}{entry} = {name}[{index}]")
        self.out.put(0, "")

    def _adapt_all(self) -> None:
        labels = A2 if self.signed else "int64[:, ::1]"
        groups = (
            {"states": "float64[:, :, :, ::1]"}, {"blocks": A3, "y": labels, "first": "int64", "last": "int64"},
            self._number_types,
        )
        said = "Adapt tasks given by their own states (tasks, H, m, B), blocks and y (tasks, n), in place."
        types = f"void({', '.join(of for group in groups for of in group.values())})"
        self.out.function("adapt_all", [list(group) for group in groups], said, types=types)
        self.out.put(1, "n = y.shape[1]", "moved = np.zeros(states.shape[1:])", "slope = np.zeros(states.shape[1:])")
        self._work(1, self.plain)
        self.out.put(1, "for k in range(states.shape[0]):", "    moved[:] = 0.0")
        self._adapt_call(2, "states[k]", "blocks[k]", "y[k]", "first, last")
        self.out.put(0, "")
