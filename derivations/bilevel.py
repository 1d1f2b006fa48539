"""The two loops of a bilevel algorithm as kernel text: adaptation on each task's own Gram block, then the outer step.

The inner loop is gradient descent on a task, by the same gradient functions as a single-level kernel's; the outer step
couples the tasks by the Gram matrix, or by vectors V with V V^T equal to it where these are cheaper (BLAS variant).
"""

from __future__ import annotations

from .kernel_text import A2, A3, JIT
from .model import Bilevel, Directions
from .nests import Emitter, observed
from .schedule import arrays, schedule

_NEST = ("for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
_LOCAL = '@njit(cache=True, fastmath=False, error_model="numpy")'


class TwoLevels(Emitter):
    """Prints the inner and outer loops of one bilevel recursion."""

    what = "a bilevel algorithm"

    def algorithm_helpers(self) -> None:
        """The inner step by loops, whatever the variant: a task's block is small."""
        variant, self.blas = self.blas, False
        self.descent()
        self.blas = variant
        if self.blas:
            self._factored()
        self._task_state()

    def _factored(self) -> None:
        """The outer contraction through a factor of the Gram matrix."""
        self.out.put(0, "", _LOCAL, "def contract_factor(g, factor, middle, out):")
        self.out.put(1, '"""out[h, r, :] = g[h, r, :] factor factor^T, by BLAS."""')
        self.out.put(1, "np.dot(g.reshape(g.shape[0] * g.shape[1], g.shape[2]), factor, middle)",
                     "np.dot(middle, factor.T, out.reshape(g.shape[0] * g.shape[1], g.shape[2]))")
        self.out.put(0, "")

    def _task_state(self) -> None:
        """Between the direction axis of all tasks and that of one."""
        self.out.put(0, "", _LOCAL, "def gather(z, k, tasks, n, near):")
        self.out.put(1, '"""near = the state z on the directions of task k."""')
        self._axes(1)
        self.out.put(1, *_NEST)
        for family in self.model.directions:
            self._copy(3, family, "near[h, r, {near}] = z[h, r, {far}]")
        self.out.put(0, "")
        self.out.put(0, "", _LOCAL, "def scatter(near, k, tasks, n, weight, z):")
        self.out.put(1, '"""z += weight near, on the directions of task k."""')
        self._axes(1)
        self.out.put(1, *_NEST)
        for family in self.model.directions:
            self._copy(3, family, "z[h, r, {far}] += weight * near[h, r, {near}]")
        self.out.put(0, "")
        self.out.put(0, "", _LOCAL, "def settled(z):")
        self.out.put(1, '"""Whether every entry is a finite number."""', *_NEST)
        self.out.put(3, "for q in range(z.shape[2]):", "    if not isfinite(z[h, r, q]):", "        return False")
        self.out.put(1, "return True")
        self.out.put(0, "")

    def _axes(self, depth: int) -> None:
        """Where each family starts on the axis of all tasks (far) and of one (at)."""
        far, at = "0", "0"
        for family in self.model.directions:
            self.out.put(depth, f"far_{family.name} = {far}", f"at_{family.name} = {at}")
            classes = str(self.model.network.classes)
            size = {"one": ("1", "1"), "class": (classes, classes), "task": ("tasks", "1")}
            all_tasks, one_task = size.get(family.over, ("tasks * n", "n"))
            far, at = f"far_{family.name} + {all_tasks}", f"at_{family.name} + {one_task}"

    def _copy(self, depth: int, family: Directions, line: str) -> None:
        """One family's entries, from one axis to the other."""
        name = family.name
        if family.over in ("one", "task"):
            far = f"far_{name}" + (" + k" if family.over == "task" else "")
            self.out.put(depth, line.format(near=f"at_{name}", far=far))
            return
        own = family.over == "sample"
        self.out.put(depth, f"for i in range({'n' if own else self.model.network.classes}):")
        far = f"far_{name} + " + ("k * n + i" if own else "i")
        self.out.put(depth + 1, line.format(near=f"at_{name} + i", far=far))

    def loop(self) -> None:
        """A task's gradients, its adaptation, the outer direction, the time loop and the observables."""
        recursion = self.recursion
        plain = schedule(recursion, recursion.plain, prefix="v")
        measured = schedule(recursion, recursion.plain, prefix="v", wanted=("loss", *observed(self.model)))
        self.gradient_function("plain_gradient", plain, "g = dL/dz of a task over the examples `batch`.")
        self.gradient_function("measured_gradient", measured, "g = dL/dz of a task, and what is observed of `batch`.")
        self.plain = [d.name for d in arrays(plain)]
        self.measured = [d.name for d in arrays(measured)]
        self.two_axes = {d.name for d in arrays(measured) if len(d.indices) == 2}
        self._adapt()
        self._meta_gradient()
        self._run()
        self._observe()
        self._adapt_all()

    def _gradient_call(self, state: str, gram: str, labels: str, batch: str, into: str, kind: str) -> str:
        args = [state, gram, labels, batch, *self.scalars, into, "row", *getattr(self, kind)]
        return f"{kind}_gradient({', '.join(args)})"

    def _adapt(self) -> None:
        args = ["z", "b", "gram", "y", "batch", *self.scalars, "inner_steps", "inner_step", "g", "row", *self.plain]
        self.out.put(0, "", f"@njit({JIT})", f"def adapt({', '.join(args)}):")
        self.out.put(1, '"""Gradient descent on the examples `batch` of one task, z and b in place."""',
                     "for _ in range(inner_steps):")
        self.out.put(2, self._gradient_call("z", "gram", "y", "batch", "g", "plain"),
                     "descend(z, b, g, gram, inner_step)")
        self.out.put(0, "")

    def _adapt_call(self, state: str, gram: str, labels: str, batch: str) -> str:
        args = [state, "moved", gram, labels, batch, *self.scalars, "inner_steps", "inner_step", "slope", "row"]
        return f"adapt({', '.join([*args, *self.plain])})"

    def _work(self, depth: int, names: list[str]) -> None:
        """Arrays of one task, once; `names` are the definitions that need one."""
        heads = str(self.model.n_heads)
        self.out.put(depth, "row = np.zeros(n)")
        self.out.put(depth, *[f"{x} = np.zeros(({heads}, n))" if x in self.two_axes else f"{x} = np.zeros(n)"
                              for x in names])

    def _local_states(self, depth: int) -> None:
        shape = f"({self.model.n_heads}, z.shape[1], blocks.shape[1])"
        self.out.put(depth, *[f"{name} = np.zeros({shape})" for name in ("near", "moved", "slope")])

    def _meta_gradient(self) -> None:
        args = ["z", "blocks", "y", "inner", "outer", *self.scalars, "inner_steps", "inner_step", "g"]
        args += ["near", "moved", "slope", "row", *self.plain]
        self.out.put(0, "", f"@njit({JIT})", f"def meta_gradient({', '.join(args)}):")
        said = "g = the direction of the outer step, a mean over tasks; whether every task stayed finite."
        self.out.put(1, f'"""{said}"""',
                     "tasks = blocks.shape[0]", "n = y.size // tasks", "g[:] = 0.0", "for k in range(tasks):")
        self._outer_direction(2)
        self.out.put(2, "if not settled(near):", "    return False")
        self.out.put(1, "return True")
        self.out.put(0, "")

    def _outer_direction(self, depth: int) -> None:
        """Task k adapted, and what it adds to g."""
        own = "y[k * n:(k + 1) * n]"
        self.out.put(depth, "gather(z, k, tasks, n, near)", "moved[:] = 0.0",
                     self._adapt_call("near", "blocks[k]", own, "inner"))
        assert isinstance(self.model.algorithm, Bilevel)
        if self.model.algorithm.method == "reptile":
            self.out.put(depth, "scatter(moved, k, tasks, n, -1.0 / tasks, g)")
            return
        self.out.put(depth, self._gradient_call("near", "blocks[k]", own, "outer", "slope", "plain"),
                     "scatter(slope, k, tasks, n, 1.0 / tasks, g)")

    def _run(self) -> None:
        many = "float64[:, :, :, ::1]"
        arguments = {
            "z": A3, "b": A3, "gram": A2, "factor": A2, "blocks": A3, "y": self.label, "inner": "int64[::1]",
            "outer": "int64[::1]", **dict.fromkeys(self.scalars, "float64"), "inner_steps": "int64",
            "inner_step": "float64", "eta": "float64", "start": "int64", "steps": "int64", "recorded": "int64[::1]",
            "z_out": many, "b_out": many,
        }
        self.out.put(0, "", f'@njit("int64({", ".join(arguments.values())})", {JIT})')
        self.out.put(0, f"def run({', '.join(arguments)}):")
        self.out.put(1, '"""Advance z and b in place by outer steps; returns the first step that leaves the finite '
                     "numbers, or -1.")
        self.out.put(0, "")
        self.out.put(1, "blocks (tasks, B, B) are the tasks' own Gram matrices, inner and outer the examples of either "
                     "loop.", "States at the steps `recorded` go to z_out and b_out.", '"""')
        self.out.put(1, "n = y.size // blocks.shape[0]", "g = np.zeros(z.shape)")
        self._local_states(1)
        self._work(1, self.plain)
        if self.blas:
            self.out.put(1, "dz = np.zeros(z.shape)",
                         "middle = np.zeros((z.shape[0] * z.shape[1], max(factor.shape[1], 1)))")
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:", "    z_out[at] = z", "    b_out[at] = b",
                     "    at += 1", "if t == start + steps:", "    break")
        call = ["z", "blocks", "y", "inner", "outer", *self.scalars, "inner_steps", "inner_step", "g", "near", "moved"]
        self.out.put(2, f"if not meta_gradient({', '.join([*call, 'slope', 'row', *self.plain])}):", "    return t")
        if self.blas:
            self.out.put(2, "if factor.shape[1] > 0:", "    contract_factor(g, factor, middle, dz)", "else:",
                         "    contract(g, gram, dz)", "for h in range(z.shape[0]):",
                         "    for r in range(z.shape[1]):", "        for q in range(z.shape[2]):",
                         "            b[h, r, q] -= eta * g[h, r, q]", "            z[h, r, q] -= eta * dz[h, r, q]")
        else:
            self.out.put(2, "descend(z, b, g, gram, eta)")
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _observe(self) -> None:
        kept = observed(self.model)
        args = ["z", "blocks", "y", "inner", "outer", *self.scalars, "inner_steps", "inner_step", "g", "risk"]
        args += ["adapted", *[f"{name}_out" for name in kept]]
        self.out.put(0, "", f"@njit({JIT})", f"def observe({', '.join(args)}):")
        self.out.put(1, '"""Of one state: the direction g of the outer step; by task, the loss over `outer` (risk) and',
                     'the state, both adapted; and each example\'s definitions at the adapted state."""',
                     "tasks = blocks.shape[0]", "n = y.size // tasks", "everything = np.arange(n)", "g[:] = 0.0")
        self._local_states(1)
        self._work(1, self.measured)
        own = "y[k * n:(k + 1) * n]"
        self.out.put(1, "for k in range(tasks):")
        self._outer_direction(2)
        self.out.put(2, "adapted[k] = near")
        self.out.put(2, self._gradient_call("near", "blocks[k]", own, "everything", "slope", "measured"))
        self.out.put(2, "total = 0.0", "for i in outer:", "    total += loss[i]", "risk[k] = total / outer.size")
        for name in kept:
            index, entry = ("h, i", f"{name}_out[h, k * n + i]") if name in self.two_axes else (
                "i", f"{name}_out[k * n + i]")
            loops = ["for i in range(n):"]
            loops = [f"for h in range({self.model.n_heads}):", "    for i in range(n):"] if "h" in index else loops
            self.out.put(2, *loops, f"{'    ' * len(loops)}{entry} = {name}[{index}]")
        self.out.put(0, "")

    def _adapt_all(self) -> None:
        args = ["states", "blocks", "y", "batch", *self.scalars, "inner_steps", "inner_step"]
        self.out.put(0, "", f"@njit({JIT})", f"def adapt_all({', '.join(args)}):")
        said = "Adapt tasks given by their own states (tasks, H, m, B), blocks and y (tasks, n), in place."
        self.out.put(1, f'"""{said}"""',
                     "n = y.shape[1]", "moved = np.zeros(states.shape[1:])", "slope = np.zeros(states.shape[1:])")
        self._work(1, self.plain)
        self.out.put(1, "for k in range(states.shape[0]):", "    moved[:] = 0.0")
        self.out.put(2, self._adapt_call("states[k]", "blocks[k]", "y[k]", "batch"))
        self.out.put(0, "")
