"""The loop nests of class heads on lanes: a row of outputs for every head, and vectors that a class's examples share.

What a class fixes, pre-activations along its vectors, is computed once a class; an example takes it by its label.
Where a penalty multiplies it with what is the example's own, eight examples take their classes' entries side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from ...calculus.recursion import Recursion
from ...calculus.roles import Covector, OfPatch, Preactivation, role_of
from ...calculus.sums import Definition
from ...calculus.symbols import Names
from ..by_class import AT_CLASS, CLASS, ByClass, summand, sums_of
from ..layout import Groups
from ..schedule import Stage
from .judging_classes import judge, judge_all
from .loops import LaneDescent
from .printer import own_entry


class OfClass(ByClass):
    """Splits sums of terms as by loops; a class fixes what is of the frozen co-vector along its vectors, too."""

    @classmethod
    def of(cls, names: Names) -> OfClass:
        """A model's families over classes."""
        plain = ByClass.of(names)
        return cls(plain.families, plain.fixed | {Covector(family).name for family in plain.families})

    def _is_fixed(self, term: sp.Expr) -> bool:
        return super()._is_fixed(term.xreplace(AT_CLASS))


class ClassLanes(LaneDescent):
    """Prints the time loops of class heads on lanes."""

    own_sizes = (["y", "examples", "width"], "examples")

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        super().__init__(recursion, blas)
        self.by_class = OfClass.of(self.names)

    def outputs_function(self) -> None:
        """As of signed heads."""
        if self.model.network.second_layer is None:
            judge(self)
            judge_all(self)

    def locals_of(
        self, depth: int, exprs: list[sp.Expr], at: Mapping[sp.Expr, sp.Expr] | None = None
    ) -> None:
        """As of signed heads; before them, of eight examples of any class, the entries along their classes' vectors."""
        if at is None:
            patches = {str(each.base) for expr in exprs for each in expr.atoms(sp.Indexed) if _of(each, OfPatch)}
            read = [*exprs, *[self.recursion.definitions[name].expr for name in sorted(patches)]]
            for entry in sorted({each for expr in read for each in expr.atoms(sp.Indexed)}, key=str):
                self._own(depth, entry)
        super().locals_of(depth, exprs, at)

    def _own(self, depth: int, entry: sp.Indexed) -> None:
        role = role_of(entry)
        if isinstance(role, Preactivation | Covector) and role.family in self.by_class.families:
            name = own_entry("z" if isinstance(role, Preactivation) else "u", role.family)
            self.out.put(depth, f"{name} = lanes(0.0)")
            self._by_label(depth, name, self.printer.doprint(entry.xreplace(AT_CLASS)))

    def class_loop(self, depth: int, target: str, value: sp.Expr) -> None:
        """A loop over classes; entries along their vectors are a class's."""
        super().class_loop(depth, target, value.xreplace(AT_CLASS))

    def heads(self, depth: int) -> int:
        """None: a loop over heads is open already."""
        return depth

    def _reduce(self, depth: int, stage: Stage) -> None:
        self.head_begins(depth)
        depth += 1
        bodies = {d.name: self.by_class.reduced(sp.expand(summand(d.expr))) for d in stage.definitions}
        fixed = {name: body for name, (body, _) in bodies.items() if body != 0}
        rest = {name: body for name, (_, body) in bodies.items() if body != 0}
        self.out.put(depth, *[f"{sums_of(name)}[:] = 0.0" for name in fixed])
        if fixed:
            self.filters(depth)
            for name, body in fixed.items():
                self.class_loop(depth + 1, f"{sums_of(name)}[{CLASS}] +=", body)
        self.sums_of_examples(depth, stage, rest)
        for name in fixed:
            self._by_label(depth + 1, f"{name}_i", f"{name}_i + {sums_of(name)}[{CLASS}]")
        for d in stage.definitions:
            self.out.put(depth + 1, f"store({d.name}, at_head + i, {d.name}_i{self.lanes.scaled(d)})")

    def _by_label(self, depth: int, target: str, value: str) -> None:
        """`target`, lanes, becomes `value` in the examples of each class."""
        self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):")
        self.out.put(depth + 1, f"{target} = where(load(y, i) == float({CLASS}), {value}, {target})")

    def _heads(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, self.each)
        self.out.put(depth + 1, *[f"{d.name}_i = lanes(0.0)" for d in stage.definitions])
        self.head_begins(depth + 1)
        for d in stage.definitions:
            body = self.printer.doprint(d.expr.function)
            self.out.assign(depth + 2, f"{d.name}_i =", f"{d.name}_i + ({body})")
        self.out.put(depth + 1, *[f"store({d.name}, i, {d.name}_i)" for d in stage.definitions])

    def _softmax(self, depth: int, stage: Stage) -> None:
        """p and p - 1{k = y_i} of every head, without overflow or cancellation."""
        label = "label" if "label" in self.given else "y"
        if not any(d.expr.has(sp.Function("softmax")) for d in stage.definitions):
            self._even(depth, label)
            return
        put, each, place = self.out.put, f"for h in range({self.model.n_heads}):", "h * length + i"
        own = f"load({label}, i) == float(h)"
        put(depth, self.each)
        depth += 1
        put(depth, "top, whole, others = load(F, i), lanes(0.0), lanes(0.0)")
        put(depth, f"for h in range(1, {self.model.n_heads}):")
        put(depth + 1, f"score = load(F, {place})", "top = where(score > top, score, top)")
        put(depth, each, f"    share = exponential_0(top - load(F, {place}))", "    whole = whole + share")
        put(depth + 1, f"store(e, {place}, share)")
        put(depth, each, f"    share = load(e, {place}) / whole")
        put(depth + 1, f"others = others + where({own}, 0.0, share)", f"store(e, {place}, share)")
        put(depth, each, f"    share = load(e, {place})", *[f"    store(p, {place}, share)"] * ("p" in self.kept))
        put(depth + 1, f"store(e, {place}, where({own}, -others, share))")

    def _even(self, depth: int, label: str) -> None:
        """The same where every output is 0."""
        heads = self.model.n_heads
        self.head_begins(depth)
        self.out.put(depth + 1, self.each)
        own, other = f"-({heads - 1}.0 / {heads}.0)", f"1.0 / {heads}.0"
        self.out.put(depth + 2, f"store(e, at_head + i, where(load({label}, i) == float(h), {own}, {other}))")
        self.out.put(depth + 2, *[f"store(p, at_head + i, lanes({other}))"] * ("p" in self.kept))

    def _gradient(self, depth: int, stage: Stage) -> None:
        used = {name: stage.contributions[name] for name in self.families() if stage.contributions.get(name, 0) != 0}
        fixed: dict[str, dict[sp.Indexed, sp.Expr]] = {}
        for name in [name for name in used if name in self.by_class.families]:
            terms, used[name] = self.by_class.weighted(sp.expand(used[name]))
            fixed |= {name: terms} if terms else {}
        used = {name: expr for name, expr in used.items() if expr != 0}
        if len({*used, *fixed}) < len(self.families()):  # else every entry that is read is written below
            self.out.put(depth, "g[:] = 0.0")
        own = [name for name in used if name in self.lanes.per_example]
        sums = [name for name in used if name not in own]
        self.head_begins(depth)
        depth += 1
        self._weights_by_class(depth, list(dict.fromkeys(str(w.base) for each in fixed.values() for w in each)))
        self.own_filled(depth, {name: used[name] for name in own})
        if not (fixed or sums):
            return
        self.summed(depth, {name: used[name] for name in sums})
        for name, terms in fixed.items():
            value = sp.Add(*[sp.IndexedBase(sums_of(str(w.base)))[CLASS] * factor for w, factor in terms.items()])
            if name in sums:
                self._sums_by_class(depth + 1, name, "total(summed)")
            self.class_loop(depth + 1, f"along_{name} =", value)
            entry = f"g[at + at_{name} + {CLASS}]"
            added = f"({entry} + along_{name})" if name in sums else f"along_{name}"
            self.out.put(depth + 2, f"{entry} = {self._entry(added)}")
        for name in [name for name in sums if name not in fixed]:
            if name in self.by_class.families:
                self._sums_by_class(depth + 1, name, self._entry("total(summed)"))
            for each in self.sums_of_family(name):
                self.out.put(depth + 1, f"g[at + at_{name}] = {self._entry(f'total({each})')}")

    def sums_of_family(self, name: str) -> list[str]:
        """As of signed heads; of a family over classes none, whose terms are kept until they are summed."""
        return [] if name in self.by_class.families else super().sums_of_family(name)

    def added(self, depth: int, name: str, value: str) -> None:
        """What eight examples add to it, or to their classes."""
        if name in self.by_class.families:
            self.out.assign(depth, f"{name}_i =", value)
            self.out.put(depth, f"store({_terms(name)}, i, {name}_i)")
        else:
            super().added(depth, name, value)

    def _sums_by_class(self, depth: int, name: str, entry: str) -> None:
        """What a neuron's terms along a family over classes come to, of each class's examples, into g."""
        self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):", "    summed = lanes(0.0)")
        self.out.put(depth + 1, self.each)
        own = f"load(y, i) == float({CLASS})"
        self.out.put(depth + 2, f"summed = summed + where({own}, load({_terms(name)}, i), 0.0)")
        self.out.put(depth + 1, f"g[at + at_{name} + {CLASS}] = {entry}")

    def terms(self, stages: tuple[Stage, ...]) -> list[str]:
        """The arrays of terms along families over classes that are an example's own, in order."""
        along = {name: expr for stage in stages for name, expr in stage.contributions.items() if expr != 0}
        own = [name for name in along if name in self.by_class.families]
        return [_terms(name) for name in own if self.by_class.weighted(sp.expand(along[name]))[1] != 0]

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """As of signed heads, with the terms of sums over a class."""
        *others, kept = super().gradient_arguments(state, covector, filled, stages)
        return (*others, [*kept, *self.terms(stages)])

    def _lay_out(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> None:
        super()._lay_out(stages, plain)
        for name in dict.fromkeys([*self.terms(stages), *self.terms(plain)]):
            self.out.put(1, f"{name} = aligned(length)  # of one neuron, of each example's class")

    def _weights_by_class(self, depth: int, names: list[str]) -> None:
        """Sums of the head's example arrays over the examples of each class."""
        for name in names:
            self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):", "    summed = lanes(0.0)")
            self.out.put(depth + 1, self.each, f"    own = load(y, i) == float({CLASS})")
            self.out.put(depth + 2, f"summed = summed + where(own, load({name}, at_head + i), 0.0)")
            self.out.put(depth + 1, f"{sums_of(name)}[{CLASS}] = total(summed)")


def _terms(family: str) -> str:
    """The array of a neuron's terms along the vector of each example's class."""
    return f"{family}_terms"


def _of(entry: sp.Indexed, kind: type) -> bool:
    return isinstance(role_of(entry), kind)
