"""The two loops of a bilevel algorithm as kernel text: adaptation on each task's own Gram block, then the outer step.

The inner loop is gradient descent on a task, by the same gradient functions as a single-level kernel's; the outer step
couples the tasks by the Gram matrix, or by vectors V with V V^T equal to it where these are cheaper (BLAS variant).
"""

from __future__ import annotations

from ..declare import Directions
from .nests import Emitter, observed
from .schedule import arrays, schedule
from .text import A2, A3, JIT

_NEST = ("for h in range(z.shape[0]):", "    for r in range(z.shape[1]):")
_LOCAL = '@njit(cache=True, fastmath=False, error_model="numpy")'


class TwoLevels(Emitter):
    """Prints the inner and outer loops of one bilevel recursion."""

    what = "a bilevel algorithm"

    def checks(self) -> None:
        """None of its own: a task's whole state is looked at."""

    def algorithm_helpers(self) -> None:
        """The inner step by loops, whatever the variant: a task's block is small."""
        variant, self.blas = self.blas, False
        self.descent()
        self.blas = variant
        if self.blas:
            self._coupling()
        self._task_state()

    def _coupling(self) -> None:
        """What an outer step changes z by: blockwise, and through a factor of the Gram matrix where there is one."""
        self.out.put(0, "", _LOCAL, "def couple(g, head, active, left, right, packed, picked, middle, first, rest):")
        self.out.put(1, '"""first, rest = g gram, of the first directions and of the others, by BLAS.', "",
                     "The first directions, orthogonal to the others, have the Gram matrix head; of the others only",
                     "`active` ones have a gradient; left (right) are their rows of the Gram matrix or of a factor.",
                     '"""', "cut = head.shape[0]", "for h in range(g.shape[0]):", "    for r in range(g.shape[1]):")
        self.out.put(3, "at = h * g.shape[1] + r", "for q in range(cut):", "    packed[at, q] = g[h, r, q]",
                     "for q in range(active.size):", "    picked[at, q] = g[h, r, cut + active[q]]")
        self.out.put(1, "if cut > 0:", "    np.dot(packed, head, first)", "if right.shape[0] > 0:",
                     "    np.dot(picked, left, middle)", "    np.dot(middle, right, rest)", "else:",
                     "    np.dot(picked, left, rest)")
        self.out.put(0, "")
        self.out.put(0, "", _LOCAL, "def advance(z, b, g, first, rest, eta):")
        self.out.put(1, '"""b <- b - eta g and z <- z - eta (first, rest), in place."""')
        self.out.put(1, "cut = first.shape[1]", *_NEST)
        self.out.put(3, "at = h * z.shape[1] + r", "for q in range(z.shape[2]):", "    b[h, r, q] -= eta * g[h, r, q]",
                     "for q in range(cut):", "    z[h, r, q] -= eta * first[at, q]",
                     "for q in range(rest.shape[1]):", "    z[h, r, cut + q] -= eta * rest[at, q]")
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
        self.out.need("isfinite")
        self.out.put(3, "for q in range(z.shape[2]):", "    if not isfinite(z[h, r, q]):", "        return False")
        self.out.put(1, "return True")
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
        self.two_axes = {d.name for d in arrays(measured) if len(d.indices) == 2}
        self._adapt()
        self._meta_gradient()
        self._run()
        self._observe()
        self._adapt_all()

    def _gradient_call(self, state: str, gram: str, labels: str, part: str, into: str, kind: str) -> str:
        args = [state, gram, labels, part, *self.scalars, into, "row", *getattr(self, kind)]
        return f"{kind}_gradient({', '.join(args)})"

    def _adapt(self) -> None:
        args = ["z", "b", "gram", "y", "first", "last", *self.scalars, "inner_steps", "inner_step", "g", "row"]
        args += self.plain
        self.out.put(0, "", f"@njit({JIT})", f"def adapt({', '.join(args)}):")
        self.out.put(1, '"""Gradient descent on the examples first .. last - 1 of one task, z and b in place."""',
                     "for _ in range(inner_steps):")
        self.out.put(2, self._gradient_call("z", "gram", "y", "first, last", "g", "plain"),
                     "descend(z, b, g, gram, inner_step)")
        self.out.put(0, "")

    def _adapt_call(self, state: str, gram: str, labels: str, part: str) -> str:
        args = [state, "moved", gram, labels, part, *self.scalars, "inner_steps", "inner_step", "slope", "row"]
        return f"adapt({', '.join([*args, *self.plain])})"

    def _work(self, depth: int, names: list[str]) -> None:
        """Arrays of one task, once; `names` are the definitions that need one, and arrays (K,)."""
        shapes = dict.fromkeys(names, "n")
        shapes |= {name: f"({self.model.n_heads}, n)" for name in names if name in self.two_axes}
        shapes |= {name: str(self.model.network.classes) for name in names if name in self.classes}
        self.out.put(depth, "row = np.zeros(n)", *[f"{name} = np.zeros({shape})" for name, shape in shapes.items()])

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
                     self._adapt_call("near", "blocks[k]", own, "0, inner"))
        if self.model.bilevel.method == "reptile":
            self.out.put(depth, "scatter(moved, k, tasks, n, -1.0 / tasks, g)")
            return
        self.out.put(depth, self._gradient_call("near", "blocks[k]", own, "outer, n", "slope", "plain"),
                     "scatter(slope, k, tasks, n, 1.0 / tasks, g)")

    def _run(self) -> None:
        many = "float64[:, :, :, ::1]"
        arguments = {
            "z": A3, "b": A3, "gram": A2, "head": A2, "active": "int64[::1]", "left": A2, "right": A2, "blocks": A3,
            "y": self.label, "inner": "int64", "outer": "int64", **dict.fromkeys(self.scalars, "float64"),
            "inner_steps": "int64", "inner_step": "float64", "eta": "float64", "start": "int64", "steps": "int64",
            "recorded": "int64[::1]", "z_out": many, "b_out": many,
        }
        self.out.put(0, "")
        self.out.compiled("int64", arguments.values(), JIT)
        self.out.put(0, f"def run({', '.join(arguments)}):")
        self.out.put(1, '"""Advance z and b in place by outer steps; returns the first step that leaves the finite '
                     "numbers, or -1.")
        self.out.put(0, "")
        self.out.put(1, "blocks (tasks, B, B) are the tasks' own Gram matrices; the inner loop takes a task's examples",
                     "0 .. inner - 1, the outer step outer .. n - 1.",
                     "States at the steps `recorded` go to z_out and b_out.", '"""')
        self.out.put(1, "n = y.size // blocks.shape[0]", "g = np.zeros(z.shape)")
        self._local_states(1)
        self._work(1, self.plain)
        if self.blas:
            self.out.put(1, "neurons = z.shape[0] * z.shape[1]", "packed = np.zeros((neurons, head.shape[0]))",
                         "picked = np.zeros((neurons, active.size))", "middle = np.zeros((neurons, right.shape[0]))",
                         "first = np.zeros((neurons, head.shape[0]))",
                         "rest = np.zeros((neurons, z.shape[2] - head.shape[0]))")
        self.out.put(1, "at = 0", "for t in range(start, start + steps + 1):")
        self.out.put(2, "if at < recorded.size and recorded[at] == t:", "    z_out[at] = z", "    b_out[at] = b",
                     "    at += 1", "if t == start + steps:", "    break")
        call = ["z", "blocks", "y", "inner", "outer", *self.scalars, "inner_steps", "inner_step", "g", "near", "moved"]
        self.out.put(2, f"if not meta_gradient({', '.join([*call, 'slope', 'row', *self.plain])}):", "    return t")
        if self.blas:
            self.out.put(2, "couple(g, head, active, left, right, packed, picked, middle, first, rest)",
                         "advance(z, b, g, first, rest, eta)")
        else:
            self.out.put(2, "descend(z, b, g, gram, eta)")
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _observe(self) -> None:
        kept = observed(self.model)
        args = ["z", "blocks", "y", "inner", "outer", *self.scalars, "inner_steps", "inner_step", "g", "risk"]
        args += ["adapted", *[f"{name}_out" for name in kept]]
        self.out.put(0, "", f"@njit({JIT})", f"def observe({', '.join(args)}):")
        self.out.put(1, '"""Of one state: the direction g of the outer step; by task, the loss over outer .. n - 1',
                     '(risk) and the state, both adapted; and each example\'s definitions at the adapted state."""',
                     "tasks = blocks.shape[0]", "n = y.size // tasks", "g[:] = 0.0")
        self._local_states(1)
        self._work(1, self.measured)
        own = "y[k * n:(k + 1) * n]"
        self.out.put(1, "for k in range(tasks):")
        self._outer_direction(2)
        self.out.put(2, "adapted[k] = near")
        self.out.put(2, self._gradient_call("near", "blocks[k]", own, "0, n", "slope", "measured"))
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
        args = ["states", "blocks", "y", "first", "last", *self.scalars, "inner_steps", "inner_step"]
        self.out.put(0, "", f"@njit({JIT})", f"def adapt_all({', '.join(args)}):")
        said = "Adapt tasks given by their own states (tasks, H, m, B), blocks and y (tasks, n), in place."
        self.out.put(1, f'"""{said}"""',
                     "n = y.shape[1]", "moved = np.zeros(states.shape[1:])", "slope = np.zeros(states.shape[1:])")
        self._work(1, self.plain)
        self.out.put(1, "for k in range(states.shape[0]):", "    moved[:] = 0.0")
        self.out.put(2, self._adapt_call("states[k]", "blocks[k]", "y[k]", "first, last"))
        self.out.put(0, "")
