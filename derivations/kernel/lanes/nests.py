"""Loop nests of a schedule's stages on lanes, and the functions that compute a gradient.

A neuron's directions are one row of a flat array, families over examples first, so that a family's eight examples are
one load; what eight examples add is kept in registers.  Lanes past the last example hold what stands there and are
taken out where examples are summed.

What a head's neurons share, its sign and what is an example's alone, multiplies their sum, or is multiplied before it
meets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from ...calculus.activations import EXPRESSED
from ...calculus.recursion import Recursion
from ...calculus.sums import Definition
from ...declare import Directions
from ..by_class import summand
from ..layout import Groups
from ..nest_writer import family_starts
from ..schedule import Stage, arrays, read_later
from ..timeloop import RESCALING, Descent
from .by_head import Shared, by_neuron, each_once, factors
from .by_label import SIDES, ByLabel
from .fits import marks
from .places import OfExamples, Places
from .printer import LanePrinter, NoLanes


class LaneNests(Descent):
    """Prints the stages of one gradient-descent recursion on lanes; its time loops are a subclass's."""

    own_sizes = (["examples", "width"], "examples")

    def __init__(self, recursion: Recursion, blas: bool, places: Places | None = None) -> None:
        super().__init__(recursion, blas)
        self.places = places or OfExamples()
        self.lanes = LanePrinter(self.printer, self.places)
        self.printer = self.lanes
        self.each = self.places.each
        self.by_label = ByLabel.of(self.names)
        self.orthogonal: tuple[Stage, ...] = ()
        self.moved = False
        self.numbers = False

    @property
    def crossing(self) -> list[str]:
        """The arrays of inner products between two of an example's own directions."""
        return [entry.name for entry, _ in self.entries if entry.first != entry.second]

    @property
    def moves(self) -> bool:
        """Whether g is filled with the step's move, -eta times the gradient: where nothing else is made of it before.

        To go through g once more for it takes a tenth of a step.
        """
        return not {"momentum", "radius", *RESCALING} & self.options.keys()

    def families(self) -> list[str]:
        """Families in a row's order: those over examples first."""
        sets = {family.name: family.index_set for family in self.model.directions}
        return sorted(sets, key=lambda name: not sets[name].per_example)

    def size_of(self, family: Directions) -> str:
        """How many directions a family has, as a kernel's text."""
        return family.index_set.of_a_task("1", str(self.model.network.classes), "examples")

    def offsets(self, depth: int) -> None:
        """Where each family starts in a row."""
        family_starts(self.out, self.model, self.families(), depth, "examples")

    def ordered(self) -> None:
        """Where a direction stands in a row."""
        self.out.put(1, "order = np.zeros(directions, dtype=np.int64)", "at = 0")
        for family in self.model.directions:
            size = self.size_of(family)
            self.out.put(1, f"for i in range({size}):", f"    order[at + i] = at_{family.name} + i", f"at += {size}")

    def locals_of(
        self, depth: int, exprs: list[sp.Expr], at: Mapping[sp.Expr, sp.Expr] | None = None
    ) -> None:
        """As by loops; at a label or a class they are numbers, not lanes."""
        self.numbers = at is not None
        super().locals_of(depth, exprs, at)
        self.numbers = False

    def called(self, piece: sp.Function) -> str:
        """The call of an activation piece; a formula's functions on lanes have names of their own (`by_lane`)."""
        if self.numbers or not isinstance(piece, EXPRESSED):
            return super().called(piece)
        return self.lanes.called(piece)

    def heads(self, depth: int) -> int:
        """A loop over heads with their signs; how deep its body is."""
        self.out.put(depth, f"for h in range({self.model.n_heads}):", "    j = 1.0 - 2.0 * h")
        return depth + 1

    def filters(self, depth: int, *first: str) -> None:
        """A loop over the filters of the head h; a neuron begins with its place and the lines `first`."""
        self.out.put(depth, "at = (h * filters - 1) * width", "for r in range(filters):", "    at += width")
        self.out.put(depth + 1, *first)

    def _reduce(self, depth: int, stage: Stage) -> None:
        bodies = {d.name: self.by_label.split(summand(d.expr)) for d in stage.definitions}
        fixed = {name: by_neuron(body) for name, (body, _) in bodies.items() if body != 0}
        rest = {name: body for name, (_, body) in bodies.items() if body != 0}
        if fixed:
            self._sums_by_label(depth, fixed)
        self.sums_of_examples(depth, stage, rest)
        for d in stage.definitions:
            total = f"{d.name}_i"
            if d.name in fixed:
                sides = ", ".join(f"{d.name}_{side}" for side in SIDES)
                total = f"({total} + where({self.by_label.test(self.places)}, {sides}))"
            self.out.put(depth + 1, self.places.kept(d.name, "i", f"{total}{self.lanes.scaled(d)}"))

    def _sums_by_label(self, depth: int, fixed: Mapping[str, Shared]) -> None:
        """Sums over neurons of what a label fixes, numbers of either label."""
        own = each_once(fixed.values())
        none = self.places.none
        self.out.put(depth, *[f"{name}_{side} = {none}" for name in fixed for side in SIDES])
        inside = self.heads(depth)
        self.out.put(inside, *[f"head{k}_{side} = {none}" for k in range(len(own)) for side in SIDES])
        self.filters(inside)
        for side, label in SIDES.items():
            self.locals_of(inside + 1, own, self.by_label.at(label))
            for k, each in enumerate(own):
                self._one_more(inside + 1, f"head{k}_{side}", each, self.places.fused)
        for side in SIDES:
            for name, split in fixed.items():
                total = f"{name}_{side}"
                self.out.assign(inside, f"{total} =", f"{total} + {self._of_heads(own, split, side)}")

    def _one_more(self, depth: int, total: str, each: sp.Expr, fused: str) -> None:
        """What a neuron adds to a head's total, rounded once where it is a product."""
        first, second = factors(each)
        one, other = map(self.printer.doprint, (first, second))
        self.out.assign(depth, f"{total} =", f"{total} + {one}" if second == 1 else f"{fused}({one}, {other}, {total})")

    def _of_heads(self, own: list[sp.Expr], split: Shared, ending: str) -> str:
        """A sum over a head's neurons, of the totals `head0`, ... of what is their own."""
        totals = [sp.Symbol(f"head{own.index(each)}_{ending}") * shared for each, shared in split.items()]
        return self._one_operand(sp.Add(*totals))

    def _one_operand(self, expr: sp.Expr) -> str:
        """An expression to be added to or multiplied with: a sum in brackets."""
        text = self.printer.doprint(expr)
        return f"({text})" if expr.is_Add else str(text)

    def sums_of_examples(self, depth: int, stage: Stage, bodies: Mapping[str, sp.Expr]) -> None:
        """A loop over examples, with the sums over neurons of `bodies` in it, by name; others of the stage are 0."""
        splits = {name: by_neuron(body) for name, body in bodies.items()}
        own = each_once(splits.values())
        self.out.put(depth, self.each)
        self.out.put(depth + 1, *[f"{d.name}_i = lanes(0.0)" for d in stage.definitions])
        if not own:
            return
        inside = self.heads(depth + 1)
        self.out.put(inside, *[f"head{k}_i = lanes(0.0)" for k in range(len(own))])
        self.filters(inside)
        self.locals_of(inside + 1, own)
        for k, each in enumerate(own):
            self._one_more(inside + 1, f"head{k}_i", each, "fused")
        for name, split in splits.items():
            self.out.assign(inside, f"{name}_i =", f"{name}_i + {self._of_heads(own, split, 'i')}")

    def head_begins(self, depth: int) -> None:
        """A loop over heads, each of which has a row in an example array."""
        self.out.put(depth, f"for h in range({self.model.n_heads}):", "    at_head = h * length")

    def _pass(self, depth: int, stage: Stage) -> None:
        rows, over_heads = self.constants_first(depth, stage), len(stage.definitions[0].indices) == 2
        if over_heads:
            self.head_begins(depth)
        depth += over_heads
        self.out.put(depth, self.each)
        self.lanes.local.clear()
        for d, expr in rows:
            value = self.printer.doprint(expr)
            if d.name in self.weights:
                value = self.places.weighed(value)
            self.out.assign(depth + 1, f"{d.name}_i =", value, d.meaning)
            self.lanes.local.add(d.name)
            if d.name in self.kept:
                self.out.put(depth + 1, self.places.kept(d.name, f"{'at_head + ' * over_heads}i", f"{d.name}_i"))
        self.lanes.local.clear()

    def _gradient(self, depth: int, stage: Stage) -> None:
        used = {name: stage.contributions[name] for name in self.families() if stage.contributions.get(name, 0) != 0}
        own = [name for name in used if name in self.lanes.per_example]
        fixed: dict[str, dict[sp.Indexed, sp.Expr]] = {}
        for name in [name for name in used if name not in own]:
            fixed[name], used[name] = self.by_label.weighted(used[name])
        sums = [name for name in used if name not in own and used[name] != 0]
        self._weights_by_label(depth, list(dict.fromkeys(weight for each in fixed.values() for weight in each)))
        if len(used) < len(self.families()):  # else every entry that is read is written below
            self.out.put(depth, "g[:] = 0.0")
        inside = self.heads(depth)
        self.own_filled(inside, {name: used[name] for name in own})
        if not (fixed or sums):
            return
        splits = {name: self._shared_by_label(inside, name, terms) for name, terms in fixed.items()}
        self.summed(inside, {name: used[name] for name in sums})
        for name, split in splits.items():
            start = self._entry(self.places.total(f"sum_{name}")) if name in sums else self.places.none
            self.out.put(inside + 1, f"fixed_{name} = {start}")
            for side, label in SIDES.items():
                self.locals_of(inside + 1, list(split), self.by_label.at(label))
                for k, each in enumerate(split):
                    shared = sp.Symbol(f"share{k}_{name}_{side}")
                    self._one_more(inside + 1, f"fixed_{name}", each * shared, self.places.fused)
            self.out.put(inside + 1, self.places.put("g", f"at + at_{name}", f"fixed_{name}"))

    def _shared_by_label(self, depth: int, name: str, terms: Mapping[sp.Indexed, sp.Expr]) -> Shared:
        """What a head's neurons share of the gradient along a fixed vector, a number of either label."""
        split: Shared = {}
        for side in SIDES:
            split = by_neuron(sp.Add(*[sp.Symbol(f"{w.base}_{side}") * factor for w, factor in terms.items()]))
            for k, shared in enumerate(split.values()):
                self.out.assign(depth, f"share{k}_{name}_{side} =", self._entry(self._one_operand(shared)))
        return split

    def own_filled(self, depth: int, used: Mapping[str, sp.Expr]) -> None:
        """Families over examples are filled, in a row's order, as the last lanes of one spill over into the next."""
        for name, expr in used.items():
            split = by_neuron(expr)
            self.out.put(depth, self.each)
            for k, shared in enumerate(split.values()):
                self.out.assign(depth + 1, f"share{k}_{name} =", self._entry(self._one_operand(shared)))
            self.filters(depth + 1)
            self.locals_of(depth + 2, list(split))
            value = ""
            for k, each in enumerate(split):
                term, shared = self.printer.doprint(each), f"share{k}_{name}"
                if not value:
                    value = shared if each == 1 else f"{term}*{shared}"
                else:
                    value = f"{value} + {shared}" if each == 1 else f"fused({term}, {shared}, {value})"
            self.out.assign(depth + 2, f"{name}_i =", value)
            self.out.put(depth + 2, self.places.kept("g", f"at + at_{name} + i", f"{name}_i"))

    def summed(self, depth: int, used: Mapping[str, sp.Expr]) -> None:
        """A loop over a head's neurons that sums over examples what these add along families that they share."""
        self.filters(depth, *[self.places.begun(each) for name in used for each in self.sums_of_family(name)])
        if not used:
            return
        self.out.put(depth + 1, self.each)
        self.locals_of(depth + 2, list(used.values()))
        for name, expr in used.items():
            self.added(depth + 2, name, self.printer.doprint(expr))

    def _entry(self, value: str) -> str:
        """What is put into g for an entry of the gradient."""
        return f"-(eta * {value})" if self.moved else value

    def _weights_by_label(self, depth: int, weights: list[sp.Indexed]) -> None:
        """Sums of example arrays over the examples of either label."""
        if not weights:
            return
        names, places = [str(weight.base) for weight in weights], self.places
        self.out.put(depth, *[places.begun(f"{name}_{side}_i") for name in names for side in SIDES], self.each)
        for name in names:
            weight = places.read(name, "i")
            for side, chosen in zip(SIDES, (f"{weight}, 0.0", f"0.0, {weight}"), strict=True):
                value = f"where({self.by_label.test(places)}, {chosen})"
                self.out.assign(depth + 1, *places.more(f"{name}_{side}_i", value))
        sums = [f"{name}_{side}" for name in names for side in SIDES]
        self.out.put(depth, *[f"{total} = {places.total(f'{total}_i')}" for total in sums])

    def sums_of_family(self, name: str) -> list[str]:
        """What a neuron's sum over examples along a family is kept in."""
        return [f"sum_{name}"]

    def added(self, depth: int, name: str, value: str) -> None:
        """What eight examples add to it."""
        self.out.assign(depth, *self.places.more(f"sum_{name}", f"({value})"))

    def _contract(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, "u[:] = 0.0", *self.beside("u", "gram", "directions"))

    @property
    def marks(self) -> bool:
        """Whether the coupling goes over what moves."""
        return marks(self.model)

    def coupled(self, state: str, gram: str, joint: str) -> str:
        """The call that adds g gram to a state; what moves is marked."""
        groups = ["g", gram, *["marks"] * self.marks, f"{self.model.n_heads} * filters", "width", joint, "directions"]
        return f"couple({', '.join([state, *groups])})"

    def beside(self, state: str, gram: str, joint: str) -> list[str]:
        """The calls that mark and add, for a state beside the one that a step moves."""
        mark = f"mark(g, {self.model.n_heads} * filters, width, {joint}, marks)"
        return [*[mark] * self.marks, self.coupled(state, gram, joint)]

    def gradient_function(self, name: str, stages: tuple[Stage, ...], doc: str) -> list[Definition]:
        """A function that fills g, with the step's move where the loop `moves`, and the arrays of later loops."""
        arguments = self.gradient_arguments("z", [], arrays(stages), stages)
        self.out.function(name, arguments, doc)
        self.said.clear()
        self.out.put(1, *self.places.sizes)
        self.offsets(1)
        for stage in stages:
            self.moved = self.moves and stage is stages[-1]  # an earlier gradient is what the last one is made of
            self.stage(1, stage)
        state, data, _, _, filled, kept = arguments
        # Of an array that a loop before the last reads last, Numba counts the references, by locked instructions.
        sizes = " + ".join(f"{array}.size" for array in (*state, *data, *filled, *kept))
        self.out.assign(1, "return", sizes, "every array is read last here")
        self.out.put(0, "")
        return list(arrays(stages))

    def branches(self, stages: tuple[Stage, ...], plain: tuple[Stage, ...]) -> list[tuple[str, str, tuple[Stage, ...]]]:
        """When a step goes by which gradient: penalised or not, with or without what an example's own share."""
        branches = [("t <= lam_until", "gradient", stages)] if self.model.objective.penalised else []
        if branches and self.crossing:
            branches.insert(0, ("t <= lam_until and not crossed", "gradient_orthogonal", self.orthogonal))
        return [*branches, ("", "plain_gradient", plain)]

    def gradient_at(self, branches: list[tuple[str, str, tuple[Stage, ...]]], state: str, ending: str = "") -> None:
        """g at a state, by functions whose names end so."""
        for place, (test, function, each) in enumerate(branches):
            word = "elif" if place and test else "if" if test else "else" if place else ""
            self.out.put(2, *([f"{word} {test}:".replace(" :", ":")] if word else []))
            self.out.call(2 + bool(word), f"{function}{ending}(",
                          self.gradient_arguments(state, [], arrays(each), each))

    def filled(self, every: Iterable[tuple[Stage, ...]]) -> list[Definition]:
        """The example arrays that gradients of these stages fill, each once."""
        wanted: dict[str, Definition] = {}
        for stages in every:
            filled = {d.name: d for d in arrays(stages)}
            taken = self.gradient_arguments("z", [], arrays(stages), stages)[-1]
            wanted |= {name: filled[name] for name in taken if name in filled}
        return [*wanted.values()]

    def look(self, stages: tuple[Stage, ...]) -> None:
        """Notes which example arrays other loops read than those that fill them, and which are a gradient's weights."""
        self.weights: set[str] = set()
        self.kept = read_later(stages)
        for stage in stages:
            if stage.kind == "gradient":
                for expr in stage.contributions.values():
                    for term in sp.Add.make_args(sp.expand(expr)) if expr != 0 else ():
                        weighing = {str(b) for b in term.atoms(sp.IndexedBase)} & {d.name for d in arrays(stages)}
                        if not weighing:
                            raise NoLanes(f"the term {term} of a gradient has no weight; it has no form on lanes")
                        self.weights |= weighing

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """A gradient function's arguments: the state, the data, the parameters, and what is filled."""
        self.look(stages)
        frozen = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        label = ["label"] if "label_noise" in self.options else []
        called = state != "z"
        data = ["gram", "y", *self.told]
        return (
            [state], [*[f"packed_{name}" if called else name for name in data], *label, "live", *self.grams],
            ["n", "examples", "filters", "width", "directions"], [*self.scalars, *["eta"] * self.moves],
            ["g", *frozen, *["marks"] * (self.marks and bool(frozen))],
            [*[d.name for d in dict.fromkeys(filled) if d.name in self.kept], *self.by_class.arrays(stages)],
        )
