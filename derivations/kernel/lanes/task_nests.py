"""A gradient of eight tasks side by side, by the loop nests of one: a lane holds one task's numbers.

Arrays are flat: a state (rows, L, 8) of L directions a task, labels and examples' numbers (n, 8).
"""

from __future__ import annotations

import sympy as sp

from ...calculus.activations import EXPRESSED
from ...calculus.recursion import Recursion
from ...calculus.roles import Covector, GramEntry, role_of
from ..bilevel import TwoLevels
from ..by_class import summand
from ..layout import Groups
from ..schedule import Stage, arrays, read_later, schedule
from .blocks import LANES
from .printer import LanePrinter, NoLanes
from .task_moves import starts


class TaskPrinter(LanePrinter):
    """Prints a scalar of one example of eight tasks."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        if isinstance(role_of(expr), GramEntry | Covector):
            raise NoLanes(f"{expr} has no form on lanes of tasks")
        return super()._print_Indexed(expr)

    def _loaded(self, name: str, expr: sp.Indexed) -> str:
        return f"load({name}, {LANES} * i)"

    def _entry(self, array: str, family: str, expr: sp.Indexed) -> str:
        own = f"(at_{family} + i)" if family in self.per_example else f"at_{family}"
        return f"load({array}, at + {LANES} * {own})"


class TaskNests(TwoLevels):
    """Prints the gradient of eight tasks; their loops are a subclass's.

    Raises NoLanes where the recursion has no form on lanes.
    """

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        super().__init__(recursion, blas)
        self.side = TaskPrinter(self.printer)
        self.stages = schedule(recursion, recursion.plain, prefix="v")
        if any(stage.kind not in ("reduce", "pass", "gradient") or stage.spread for stage in self.stages):
            raise NoLanes("a stage has no form on lanes of tasks")
        kept = read_later(self.stages)
        self.filled = [d.name for d in arrays(self.stages) if d.name in kept]
        self.moves = self.model.bilevel.to_adapted

    def called(self, piece: sp.Function) -> str:
        """The call of an activation piece; a formula's functions on lanes have names of their own (`by_lane`)."""
        if self.printer is not self.side or not isinstance(piece, EXPRESSED):
            return super().called(piece)
        return self.side.called(piece)

    def _each_groups(self, state: str, labels: str, part: str, into: str) -> Groups:
        """Arguments of `gradient_each`."""
        return ([state], [labels, part, "examples", "filters", "length"], self.scalars, [into, *self.filled])

    def _each_function(self) -> None:
        """g of eight tasks, by the stages of one."""
        self.out.function("gradient_each", self._each_groups("z", "y", "first, last", "g"),
                          f"g = dL/dz of {LANES} tasks over their examples first .. last - 1, on what these move.")
        self.out.put(1, "n = float(last - first)")
        starts(self.out, self.model, 1)
        plain, self.printer = self.printer, self.side
        self.said.clear()
        for stage in self.stages:
            {"reduce": self._sums, "pass": self._numbers, "gradient": self._slopes}[stage.kind](stage)
        self.printer = plain
        self.out.put(0, "")

    def _outputs_function(self) -> list[str]:
        """Outputs of eight tasks by the sums over neurons alone; what the function fills, the outputs f among it."""
        sums = [stage for stage in self.stages if stage.kind == "reduce"]
        made = [definition.name for stage in sums for definition in stage.definitions]
        groups = (["z"], ["y", "first, last", "examples", "filters", "length"], self.scalars, made)
        self.out.function("outputs_each", groups, f"Outputs of {LANES} tasks on their examples first .. last - 1.")
        starts(self.out, self.model, 1)
        plain, self.printer = self.printer, self.side
        self.said.clear()
        for stage in sums:
            self._sums(stage)
        self.printer = plain
        self.out.put(0, "")
        return made

    def _neurons(self, depth: int, *first: str) -> None:
        self.out.put(depth, "for h in range(2):", "    j = 1.0 - 2.0 * h", "    for r in range(filters):")
        self.out.put(depth + 2, f"at = (h * filters + r) * length * {LANES}", *first)

    def _sums(self, stage: Stage) -> None:
        """Sums over neurons, of one example after another."""
        self.out.put(1, "for i in range(first, last):", *[f"    {d.name}_i = lanes(0.0)" for d in stage.definitions])
        self._neurons(2)
        bodies = {d.name: summand(d.expr) for d in stage.definitions}
        self.locals_of(4, list(bodies.values()))
        for name, body in bodies.items():
            self.out.assign(4, f"{name}_i =", f"{name}_i + ({self.printer.doprint(body)})")
        for d in stage.definitions:
            self.out.put(2, f"store({d.name}, {LANES} * i, {d.name}_i{self.side.scaled(d)})")

    def _numbers(self, stage: Stage) -> None:
        """What follows from an example's sums."""
        rows = self.constants_first(1, stage)
        self.out.put(1, "for i in range(first, last):")
        self.side.local.clear()
        for d, expr in rows:
            self.out.assign(2, f"{d.name}_i =", self.printer.doprint(expr), d.meaning)
            self.side.local.add(d.name)
            if d.name in self.filled:
                self.out.put(2, f"store({d.name}, {LANES} * i, {d.name}_i)")
        self.side.local.clear()

    def _slopes(self, stage: Stage) -> None:
        """The gradient's entries: an example's own are stored, what examples share is summed over them."""
        sets = {family.name: family.index_set for family in self.model.directions}
        shared = [name for name in sets if not sets[name].per_example]
        self._neurons(1, *[f"sum_{name} = lanes(0.0)" for name in shared])
        used = {name: stage.contributions.get(name, sp.S.Zero) for name in sets}
        self.out.put(3, "for i in range(first, last):")
        self.locals_of(4, [expr for expr in used.values() if expr != 0])
        for name, expr in used.items():
            value = "lanes(0.0)" if expr == 0 else self.printer.doprint(expr)
            if name in shared:
                self.out.assign(4, f"sum_{name} =", f"sum_{name} + ({value})")
            else:
                self.out.assign(4, f"{name}_i =", value)
                self.out.put(4, f"store(g, at + {LANES} * (at_{name} + i), {name}_i)")
        self.out.put(3, *[f"store(g, at + {LANES} * at_{name}, sum_{name})" for name in shared])
