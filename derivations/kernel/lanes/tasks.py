"""The two loops of a bilevel algorithm with eight tasks side by side: a lane holds one task's numbers.

Tasks adapt alike, each on its own Gram block, so eight go through the inner loop as one; the outer step couples them as
it does one run's directions on lanes (`blocks`), or by BLAS.  Lanes past the last task hold zeros, and weigh nothing.
"""

from __future__ import annotations

from .. import schedules
from ..layout import A1, A2, A3, Groups, copied
from ..skeleton import functions, keeping, packing, tasks
from . import by_lane, marked
from .blocks import LANES, WIDEST, coupling, finite, move
from .fits import marks
from .looks import SAID, WATCHED
from .task_judging import parts
from .task_moves import moves
from .task_observing import TaskObserving


class TaskLanes(TaskObserving):
    """Prints the loops of one bilevel recursion of signed heads, eight tasks at a time.

    A module of its own: a run whose tasks are coupled on lanes, or by BLAS, many runs in a call, and fresh tasks.
    """

    what = "a bilevel algorithm, eight tasks side by side"

    @property
    def marks(self) -> bool:
        """Whether the coupling of tasks goes over what moves."""
        return marks(self.model)

    def shape(self) -> None:
        """Nothing: the loader asks the kernel of loops."""

    def helpers(self) -> None:
        """The layout, the coupling, and the way between the directions of all tasks and of eight."""
        changing, formulas = schedules.written(self.model), by_lane.written(self.model)
        held = copied(packing, keeping, tasks, *[functions] * (bool(changing) and not formulas))
        coupled = marked.coupling(WIDEST) if self.marks else coupling(self.model.n_heads, filled=True)
        moved = marked.move(False, WIDEST) if self.marks else move(False)
        for text in (*held, *formulas, coupled, moved, finite(True), *changing):
            self.out.put(0, *text.split("\n"))
        self.out.put(0, *moves(self.model).split("\n"))

    def loop(self) -> None:
        """A gradient of eight tasks, their adaptation, the outer direction, and the time loops."""
        self._each_function()
        self._adapt_each()
        if self.watchers is not None:
            self.watchers.functions()
        self._meta_gradient()
        self._run()
        self._run_by_blas()
        self._run_all()
        self._adapt_all()
        self._adapted_outputs()
        self._observe()

    def outputs_function(self) -> None:
        """The network on patches of fresh tasks that are not adapted."""
        parts(self)

    def _data(self) -> dict[str, str]:
        """The tasks' own data, with types."""
        return {"blocks": A3, "y": A1, "places": "int64[:, ::1]", **({"shares": A2} if self._share else {}),
                "inner": "int64", "outer": "int64"}

    def _time_loop_groups(self, gram: dict[str, str]) -> list[dict[str, str]]:
        """Arguments of a time loop with their types; `gram` is what couples the tasks."""
        many = "float64[:, :, :, ::1]"
        looked = [{**WATCHED, **self.watchers.arguments}] if self.watchers is not None else []
        return [
            {"z": A3, "b": A3}, {**gram, **self._data()}, {**self._number_types, "eta": "float64"},
            {"start": "int64", "steps": "int64", "recorded": "int64[::1]", "z_out": many, "b_out": many}, *looked,
        ]

    def _opened(self, name: str, groups: list[dict[str, str]], *said: str) -> None:
        """The head of a time loop, its sizes and the arrays of eight tasks."""
        types = f"int64({', '.join(of for group in groups for of in group.values())})"
        rows = "steps" if self.watchers is None else "steps + 1"  # of a last state too there is a loss
        weighed = [f"Row t - start of `shares` ({rows}, tasks) weighs the tasks in step t."] if self._share else []
        self.out.function(
            name, [list(group) for group in groups],
            "Advance z and b in place by outer steps; returns the first step that leaves the finite numbers, or -1.",
            "blocks (tasks, L, L) are the tasks' own Gram matrices; the inner loop takes a task's examples",
            "0 .. inner - 1, the outer step outer .. n - 1.", *weighed,
            "places (G 8, L) says where on the axis of all tasks a task's directions are, -1 past the last task.",
            *said, "States at the steps `recorded` go to z_out and b_out.", *self._said_of_vectors(),
            *(SAID if self.watchers else []), types=types,
        )
        self.out.put(1, "tasks, length = blocks.shape[0], blocks.shape[1]", "examples = y.size // tasks")
        self.out.put(1, "filters = z.shape[1]", "padded = places.shape[0]  # tasks, a multiple of 8")
        self._tasks_data("1.0 / tasks")
        schedules.keep_given(self.model, self.out)
        if self.watchers is not None:
            self.watchers.room()
        self.out.put(1, *["risk = aligned(padded)  # the tasks' losses"] * self.seeks, "at = 0")

    def _said_of_vectors(self) -> list[str]:
        """On the vectors that no patch holds and that a loop looks at."""
        if self.watchers is None or not self.watchers.vectors:
            return []
        names = ", ".join(self.watchers.vectors)
        return [f"Vectors that no patch holds, {names} one after another from spans on: onto (H m V,) are W(0)'s",
                "products with them, across (V, B) the directions'."]

    def _taken(self) -> None:
        """What changes with the step."""
        schedules.take(self.model, self.out)
        if self._share:
            self.out.put(2, "for k in range(tasks):", "    weights[k] = shares[t - start, k]")

    def _run(self) -> None:
        groups = self._time_loop_groups({"gram": A2, "order": "int64[::1]", "moving": "int64"})
        said = "Direction q goes to place order[q], those that have a gradient to the first `moving`."
        self._opened("run", groups, said)
        self.out.put(1, "directions = z.shape[2]")
        block = LANES * WIDEST
        self.out.put(1, f"width = (directions + {block - 1}) // {block} * {block}  # of a row")
        for name in ("z", "b"):
            self.out.put(1, f"packed_{name} = aligned(2 * filters * width)",
                         f"pack({name}, order, width, packed_{name})")
        self.out.put(1, "packed_gram = aligned(directions * width)", "pack_gram(gram, order, width, packed_gram)")
        if self.watchers is not None and self.watchers.vectors:
            self.out.put(1, "packed_across = aligned(across.shape[0] * width)",
                         "pack(across.reshape(1, across.shape[0], directions), order, width, packed_across)")
        self.out.put(1, "g = aligned(packed_z.size)  # the direction of an outer step")
        marks = f"2 * filters * ({marked.words('width', WIDEST)})"
        self.out.put(1, *[f"marks = np.zeros({marks}, dtype=np.int64)"] * self.marks)
        back = [f"unpack(packed_{name}, order, width, {name})" for name in ("z", "b")]
        self._steps([f"unpack(packed_{name}, order, width, {name}_out[at])" for name in ("z", "b")],
                    self._outer_groups("packed_z", "g"), back)
        if self.marks:
            self.out.put(2, "change_and_mark(packed_b, g, eta, 2 * filters, width, moving, marks)",
                         "couple(packed_z, g, packed_gram, marks, 2 * filters, width, moving)")
        else:
            self.out.put(2, "change(packed_b, g, eta)", "couple(packed_z, g, packed_gram, 2 * filters, width, moving)")
        self.out.put(1, *back, "return -1")
        self.out.put(0, "")

    def _steps(self, keep: list[str], given: Groups, back: list[str]) -> None:
        """The time loop up to a step's move: what is recorded, the direction, and the look at a state."""
        self.out.put(1, "for t in range(start, start + steps + 1):", "    if at < recorded.size and recorded[at] == t:")
        self.out.put(3, *keep, "at += 1")
        waits = " and not watching" * (self.watchers is not None)
        self.out.put(2, f"if t == start + steps{waits}:", "    break")
        self._taken()
        if self.watchers is None:
            self.out.call(2, "if not meta_gradient(", given, "):")
            self.out.put(3, *back, "return t")
            return
        self.out.put(2, "whole = True")
        self.out.put(2, f"if t < start + steps{' or sought[0]' * self.seeks}:")
        self.out.call(3, "whole = meta_gradient(", given)
        self.watchers.search(2)
        self.out.put(2, "if not whole:")
        self.out.put(3, *back, "return t")

    def _run_by_blas(self) -> None:
        coupled = {"head": A2, "active": "int64[::1]", "left": A2, "right": A2}
        self._opened("run_by_blas", self._time_loop_groups(coupled),
                     "Tasks are coupled by BLAS through head, active, left and right, as in the kernel of that name.")
        self.out.put(1, "width = z.shape[2]", "neurons = 2 * filters", "g = np.zeros(z.shape)")
        self.out.put(1, "packed = np.zeros((neurons, head.shape[0]))", "picked = np.zeros((neurons, active.size))",
                     "middle = np.zeros((neurons, right.shape[0]))", "first = np.zeros((neurons, head.shape[0]))",
                     "rest = np.zeros((neurons, width - head.shape[0]))")
        self._flat()
        self._steps(["keep_state(z, z_out[at])", "keep_state(b, b_out[at])"],
                    self._outer_groups("z.reshape(-1)", "g.reshape(-1)"), [])
        self.out.put(2, "couple_all(g, head, active, left, right, packed, picked, middle, first, rest)",
                     "advance(z, b, g, first, rest, eta)")
        self.out.put(1, "return -1")
        self.out.put(0, "")

    def _flat(self) -> None:
        """What is looked at, by the names that it has in packed form."""
        if self.watchers is None:
            return
        names = ["z", "b", *["across"] * bool(self.watchers.vectors)]
        self.out.put(1, *[f"packed_{name} = {name}.reshape(-1)" for name in names])

    def _run_all(self) -> None:
        """The loop over runs of `run`, for algorithms that draw nothing."""
        if self._share:
            return
        many = {A1: A2, A2: A3, A3: "float64[:, :, :, ::1]", "int64[::1]": "int64[:, ::1]"}
        (state, data, numbers, recording, *looked) = self._time_loop_groups(
            {"gram": A2, "order": "int64[::1]", "moving": "int64"})
        outs = {name: "float64[:, :, :, :, ::1]" for name in ("z_out", "b_out")}
        own = ("gram", "blocks", "y", "bounds", "hits", "onto", "across")
        events = {name: of for each in looked for name, of in each.items()}
        groups = (
            {name: many[of] for name, of in state.items()},
            {name: many[of] if name in own else of for name, of in data.items()},
            {"numbers": A2, "inner_steps": "int64"}, {**recording, **outs, "failed": "int64[::1]"},
            *[{name: many[of] if name in own else of for name, of in events.items()}] * bool(events),
        )
        self.out.function(
            "run_all", [list(group) for group in groups],
            "R runs, one after another: `run` on every entry of the leading axis; failed (R,) is what it returns.",
            "numbers (R, ...) are each run's scalars, the inner loop's step and the outer one.",
            types=f"void({', '.join(of for group in groups for of in group.values())})",
        )
        columns = [name for name in numbers if name != "inner_steps"]
        each = {name: f"numbers[k, {at}]" for at, name in enumerate(columns)} | {"inner_steps": "inner_steps"}
        arguments = (
            [f"{name}[k]" for name in state], [f"{name}[k]" if name in own else name for name in data],
            [each[name] for name in numbers], [f"{name}[k]" if name in outs else name for name in recording],
            *[[f"{name}[k]" if name in own else name for name in events]] * bool(events),
        )
        self.out.put(1, "for k in range(z.shape[0]):")
        self.out.call(2, "failed[k] = run(", arguments)
        self.out.put(0, "")
