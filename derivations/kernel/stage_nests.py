"""Loop nests of a schedule's stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from ..calculus.roles import GramEntry, role_of
from ..calculus.sums import Definition
from ..calculus.symbols import i_
from ..declare import IndexSet
from .by_class import CLASS, factor, summand, sums_of
from .nest_writer import NestWriter
from .printer import take_constants
from .schedule import Spread, Stage


def own_entries(every: Iterable[Stage]) -> list[tuple[GramEntry, tuple[sp.Expr, ...]]]:
    """The Gram entries of an example's own patches that stages use, with their indices, in order."""
    exprs = [e for stage in every for e in (*(d.expr for d in stage.definitions), *stage.contributions.values())]
    used = {entry: role_of(entry) for expr in exprs for entry in expr.atoms(sp.Indexed)}
    return [(role, entry.indices) for entry, role in sorted(used.items(), key=lambda pair: str(pair[0]))
            if isinstance(role, GramEntry)]


class StageNests(NestWriter):
    """Prints a stage as loops over heads, filters, examples and classes."""

    own_sizes: tuple[list[str], str] = (["y"], "y.size")
    """What `example_gram` takes beside the Gram matrix, and how many examples there are."""

    def stage(self, depth: int, stage: Stage) -> None:
        """One stage as loops."""
        getattr(self, f"_{stage.kind}")(depth, stage)

    def _reduce(self, depth: int, stage: Stage) -> None:
        bodies = [(d, *self.by_class.reduced(summand(d.expr))) for d in stage.definitions]
        classes = {d.name: sums_of(d.name) for d, fixed, _ in bodies if fixed != 0}
        self.out.put(depth, *[f"{d.name}[:] = 0.0" for d in stage.definitions])
        self.head_loops(depth, *[f"{name}[:] = 0.0" for name in classes.values()])
        for d, fixed, body in bodies:  # a loop each: one array written a loop is what compilers vectorise
            if fixed != 0:
                self.class_loop(depth + 2, f"{classes[d.name]}[{CLASS}] +=", fixed)
            if body != 0:
                self.out.put(depth + 2, self.each)
                self.locals_of(depth + 3, [body])
                self.out.assign(depth + 3, f"{d.name}[{self.index(d)}] +=", self.printer.doprint(body))
        for d in [d for d in stage.definitions if d.name in classes]:
            self.out.put(depth + 1, self.each, f"    {d.name}[{self.index(d)}] += {classes[d.name]}[y[i]]")
        for d in stage.definitions:
            if factor(d.expr) != 1:
                self.out.put(depth, f"{d.name} *= {self.printer.doprint(factor(d.expr))}")

    def _heads(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, *[f"{d.name}[:] = 0.0" for d in stage.definitions])
        self.out.put(depth, f"for h in range({self.model.n_heads}):", f"    {self.each}")
        for d in stage.definitions:
            body = d.expr.function if isinstance(d.expr, sp.Sum) else d.expr
            self.out.assign(depth + 2, f"{d.name}[i] +=", self.printer.doprint(body))

    def _softmax(self, depth: int, stage: Stage) -> None:
        label = "label" if "label" in self.given else "y"
        filled = "softmax" if any(d.expr.has(sp.Function("softmax")) for d in stage.definitions) else "even"
        self.out.put(depth, self.each, f"    {filled}(F, {label}[i], i, p, e)")

    def _pass(self, depth: int, stage: Stage) -> None:
        over_heads = len(stage.definitions[0].indices) == 2
        rows = self.constants_first(depth, stage)
        outside, depth = depth, depth + over_heads
        if over_heads:
            self.out.put(outside, f"for h in range({self.model.n_heads}):")
        self.out.put(depth, self.each)
        for d, expr in rows:
            self.out.assign(depth + 1, f"{d.name}[{self.index(d)}] =", self.printer.doprint(expr), d.meaning)

    def constants_first(self, depth: int, stage: Stage) -> list[tuple[Definition, sp.Expr]]:
        """The factors that examples share, as named locals; and each definition with them in it."""
        constants: dict[sp.Expr, sp.Symbol] = {}
        rows = [(d, take_constants(d.expr, constants)) for d in stage.definitions]
        for expr, name in constants.items():
            self.out.assign(depth, f"{name} =", self.printer.doprint(expr), "a factor that examples share")
        return rows

    def _gradient(self, depth: int, stage: Stage) -> None:
        sets = {family.name: family.index_set for family in self.model.directions}
        used = {name: expr for name, expr in stage.contributions.items() if expr != 0}
        self.out.put(depth, "g[:] = 0.0")
        weights = self.by_class.weights(stage)
        sums = [sums_of(str(weight.base)) for weight in weights]
        entries = [self.printer.doprint(weight) for weight in weights]
        adding = [f"    {total}[y[i]] += {entry}" for total, entry in zip(sums, entries, strict=True)]
        self.head_loops(depth, *[f"{total}[:] = 0.0" for total in sums], *([self.each, *adding] if adding else []))
        for name in [name for name in used if sets[name].per_class]:
            used[name] = self._class_gradient(depth + 2, name, used[name])
        used = {name: expr for name, expr in used.items() if expr != 0}
        own = [name for name in used if sets[name].per_example]
        for names in (own, *[[name] for name in used if name not in own]):
            self._gradient_loop(depth + 2, {name: used[name] for name in names}, sets)
        for name, every in stage.spread.items():
            for each in every:
                self._spread(depth + 2, name, each)

    def _class_gradient(self, depth: int, name: str, contribution: sp.Expr) -> sp.Expr:
        """The terms of a gradient that are fixed within a class, by a loop over classes; returns the other terms."""
        terms, others = self.by_class.weighted(contribution)
        if terms:
            weighted = [sp.IndexedBase(sums_of(str(weight.base)))[CLASS] * factor for weight, factor in terms.items()]
            self.class_loop(depth, f"g[h, r, at_{name} + {CLASS}] =", sp.Add(*weighted))
        return others

    def _gradient_loop(self, depth: int, used: dict[str, sp.Expr], sets: Mapping[str, IndexSet]) -> None:
        """One loop over examples; sums get a loop of their own, so that terms vectorise without being reordered."""
        if not used:
            return
        self.out.put(depth, self.each)
        self.locals_of(depth + 1, list(used.values()))
        for name, expr in used.items():
            value = self.printer.doprint(expr)
            entry = f"g[h, r, at_{name} +"
            target = sets[name].of_a_task("row[i] =", f"{entry} y[i]] +=", f"{entry} i] =")
            self.out.assign(depth + 1, target, value)
        for name in [name for name in used if sets[name].single]:
            self.out.put(depth, "total = 0.0", self.each, "    total += row[i]", f"g[h, r, at_{name}] = total")

    def _spread(self, depth: int, name: str, spread: Spread) -> None:
        """What every example adds to the vectors that it is mixed of, by its row."""
        other, at_other = self.names.mixed, {i_: self.names.mixed}
        entry, scale = (self.printer.doprint(each.xreplace(at_other)) for each in (spread.entry, spread.scale))
        self.out.put(depth, self.each)
        self.locals_of(depth + 1, [spread.expr])
        self.out.assign(depth + 1, "row[i] =", self.printer.doprint(spread.expr))
        self.out.put(depth, f"for {other} in range(y.size):", "    total = 0.0", f"    {self.each}")
        self.out.put(depth + 2, f"total += {entry} * row[i]")
        value = "total" if spread.scale == 1 else f"{scale} * total"
        self.out.put(depth + 1, f"g[h, r, at_{name} + {other}] += {value}")

    def _contract(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, "contract(g, gram, u)")

    def example_gram(self, every: list[Stage]) -> list[str]:
        """The function that copies the Gram entries of each example's own patches, once a run; returns the arrays."""
        self.entries = own_entries(every)
        if not self.entries:
            return []
        names, (sizes, count) = [role.name for role, _ in self.entries], self.own_sizes
        said = "Inner products of each example's own directions, taken out of the Gram matrix once."
        self.out.function("example_gram", (["gram", *sizes], names), said)
        self.offsets(1)
        self.out.put(1, f"for i in range({count}):")
        for role, indices in self.entries:
            self.out.put(2, f"{role.name}[i] = {self.printer.gram_entry(role, indices)}")
        self.out.put(0, "")
        return names

    def own_gram(self, depth: int) -> None:
        """Allocate and fill the example Gram arrays."""
        for name in self.grams:
            self.out.assign(depth, f"{name} =", "np.zeros(y.size)", "an inner product of each example's own directions")
        if self.grams:
            self.out.put(depth, f"example_gram(gram, y, {', '.join(self.grams)})")
