"""The loop nests of class heads on lanes: a row of outputs for every head, and vectors that a class's examples share.

What a class fixes, pre-activations along its vectors, is computed once a class; an example takes it by its label.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ...calculus.sums import Definition
from ..by_class import CLASS, summand, sums_of
from ..layout import Groups
from ..schedule import Stage
from .judging_classes import judge, judge_all
from .loops import LaneDescent
from .printer import NoLanes


class ClassLanes(LaneDescent):
    """Prints the time loops of class heads on lanes."""

    neurons_deep = 1

    def stage(self, depth: int, stage: Stage) -> None:
        """One stage as loops.  Raises NoLanes for a kind that class heads have no form on lanes of."""
        if stage.kind not in ("reduce", "softmax", "pass", "gradient"):
            raise NoLanes(f"class heads have no form on lanes of {stage.kind}")
        super().stage(depth, stage)

    def outputs_function(self) -> None:
        """Fresh examples judged."""
        judge(self)
        judge_all(self)

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """As of signed heads; the softmax stays in registers."""
        *others, arrays = super().gradient_arguments(state, covector, filled, stages)
        return (*others, [name for name in arrays if name != "p"])

    def neurons(self, depth: int, *first: str) -> None:
        """A loop over the filters of the head h; a neuron begins with its place and the lines `first`."""
        self.out.put(depth, "for r in range(filters):", "    at = (h * filters + r) * width")
        self.out.put(depth + 1, *first)

    def _reduce(self, depth: int, stage: Stage) -> None:
        self.head_begins(depth)
        depth += 1
        bodies = {d.name: self.by_class.reduced(sp.expand(summand(d.expr))) for d in stage.definitions}
        fixed = {name: body for name, (body, _) in bodies.items() if body != 0}
        rest = {name: body for name, (_, body) in bodies.items() if body != 0}
        self.out.put(depth, *[f"{sums_of(name)}[:] = 0.0" for name in fixed])
        if fixed:
            self.neurons(depth)
            for name, body in fixed.items():
                self.class_loop(depth + 1, f"{sums_of(name)}[{CLASS}] +=", body)
        self.sums_of_examples(depth, stage, rest)
        for name in fixed:
            self._by_label(depth + 1, f"{name}_i", f"{name}_i + {sums_of(name)}[{CLASS}]")
        for d in stage.definitions:
            self.out.put(depth + 1, f"store({d.name}, at_head + i, {d.name}_i{self.scaled(d)})")

    def _by_label(self, depth: int, target: str, value: str) -> None:
        """`target`, lanes, becomes `value` in the examples of each class."""
        self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):")
        self.out.put(depth + 1, f"{target} = where(load(y, i) == float({CLASS}), {value}, {target})")

    def _softmax(self, depth: int, stage: Stage) -> None:
        """p - 1{k = y_i} of every head, without overflow or cancellation."""
        heads, label = range(self.model.n_heads), "label" if "label" in self.given else "y"
        if not any(d.expr.has(sp.Function("softmax")) for d in stage.definitions):
            raise NoLanes("a frozen softmax has no form on lanes")
        self.out.put(depth, self.each, "    top, whole = load(F, i), lanes(0.0)")
        self.out.put(depth + 1, *[f"F_{h} = load(F, {h} * y.size + i)" for h in heads])
        self.out.put(depth + 1, *[f"top = where(F_{h} > top, F_{h}, top)" for h in heads[1:]])
        self.out.put(depth + 1, *[f"p_{h} = exponential_0(top - F_{h})" for h in heads])
        self.out.put(depth + 1, *[f"whole = whole + p_{h}" for h in heads], "others = lanes(0.0)")
        for h in heads:
            self.out.put(depth + 1, f"p_{h} = p_{h} / whole")
            self.out.put(depth + 1, f"others = others + where(load({label}, i) == {h}.0, 0.0, p_{h})")
        for h in heads:
            self.out.put(depth + 1, f"store(e, {h} * y.size + i, where(load({label}, i) == {h}.0, -others, p_{h}))")

    def _gradient(self, depth: int, stage: Stage) -> None:
        used = {name: stage.contributions[name] for name in self.families() if stage.contributions.get(name, 0) != 0}
        fixed: dict[str, dict[sp.Indexed, sp.Expr]] = {}
        for name in [name for name in used if name in self.by_class.families]:
            fixed[name], others = self.by_class.weighted(sp.expand(used[name]))
            if others != 0:
                raise NoLanes(f"the gradient along {name} has a term that its class does not fix; no form on lanes")
            del used[name]
        if len(used) + len(fixed) < len(self.families()):  # else every entry that is read is written below
            self.out.put(depth, "g[:] = 0.0")
        own = [name for name in used if name in self.lanes.per_example]
        sums = [name for name in used if name not in own]
        self.head_begins(depth)
        depth += 1
        self._weights_by_class(depth, list(dict.fromkeys(str(w.base) for each in fixed.values() for w in each)))
        self.families_filled(depth, used, own, sums)
        for name, terms in fixed.items():
            value = sp.Add(*[sp.IndexedBase(sums_of(str(w.base)))[CLASS] * factor for w, factor in terms.items()])
            self.class_loop(depth + 1, f"along_{name} =", value)
            self.out.put(depth + 2, f"g[at + at_{name} + {CLASS}] = {self._entry(f'along_{name}')}")
        for name in sums:
            self.out.put(depth + 1, f"g[at + at_{name}] = {self._entry(f'total(sum_{name})')}")

    def _weights_by_class(self, depth: int, names: list[str]) -> None:
        """Sums of the head's example arrays over the examples of each class."""
        for name in names:
            self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):", "    summed = lanes(0.0)")
            self.out.put(depth + 1, self.each, f"    own = load(y, i) == float({CLASS})")
            self.out.put(depth + 2, f"summed = summed + where(own, load({name}, at_head + i), 0.0)")
            self.out.put(depth + 1, f"{sums_of(name)}[{CLASS}] = total(summed)")
