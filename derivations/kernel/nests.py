"""Loop nests of a schedule's stages, and the functions that a kernel's time loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType

import sympy as sp

from ..calculus.activations import PIECES
from ..calculus.recursion import Recursion
from ..calculus.roles import GramEntry, PatchPreactivation, role_of
from ..calculus.sums import Definition
from ..calculus.symbols import Names
from ..declare import CrossEntropy, Exponential, IndexSet, Logistic, Model, OfMargin, of_class
from . import formulas
from .by_class import AT_CLASS, CLASS, ByClass, summand, sums_of, told_of_class
from .layout import A1, A2, Groups, Writer, copied
from .pieces import HELPERS
from .printer import KernelPrinter, argument, piece_name, take_constants
from .schedule import Stage, arrays
from .skeleton import blas, classes, exponential, functions, logistic, loops, options, pieces, signed, tasks


def extra_scalars(model: Model) -> tuple[str, ...]:
    """Constants of the activation and the loss that are given by a parameter's name."""
    return model.constants


def penalty_scalars(model: Model) -> tuple[str, ...]:
    """The penalty's constant and weight, where there is one."""
    return ("c", "lam") if model.objective.penalised else ()


def scalars(model: Model) -> tuple[str, ...]:
    """The kernel's scalar arguments, in order, by parameter."""
    return ("kappa", *extra_scalars(model), *penalty_scalars(model))


RATES = {
    Logistic: [logistic], Exponential: [exponential], CrossEntropy: list[ModuleType](), OfMargin: list[ModuleType](),
}
"""The modules that hold a loss and its derivatives; those of class heads go through the softmax, formulas' are written.
"""

_EACH = {("batch",): "for i in batch:", ("first", "last"): "for i in range(first, last):"}
_COUNT = {(): "n = float(y.size)", ("batch",): "n = float(batch.size)", ("first", "last"): "n = float(last - first)"}


WORK = {
    "g": "the gradient in z", "row": "one neuron's terms of a sum over examples", "u": "the frozen co-vector g gram",
    "dz": "g gram", "near": "SAM's point", "along": "g gram",
}


def observed(model: Model) -> tuple[str, ...]:
    """The example-level definitions that `observe` returns; zeta is of an example alone, so of no use over tasks."""
    zeta = () if model.algorithm.over_tasks else ("zeta",)
    return (*(("margin", "l1") if model.network.head_axis.signed else ("F",)), *zeta)


def own_entries(every: Iterable[Stage]) -> list[tuple[GramEntry, tuple[sp.Expr, ...]]]:
    """The Gram entries of an example's own patches that stages use, with their indices, in order."""
    exprs = [e for stage in every for e in (*(d.expr for d in stage.definitions), *stage.contributions.values())]
    used = {entry: role_of(entry) for expr in exprs for entry in expr.atoms(sp.Indexed)}
    return [(role, entry.indices) for entry, role in sorted(used.items(), key=lambda pair: str(pair[0]))
            if isinstance(role, GramEntry)]


class Emitter:
    """Prints the loop nests of one recursion; `blas` picks the contraction's variant.

    What an algorithm does with them is printed by a subclass: its helpers and its `loop`.
    """

    what = ""
    own_sizes: tuple[list[str], str] = (["y"], "y.size")
    """What `example_gram` takes beside the Gram matrix, and how many examples there are."""

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        self.recursion, self.blas = recursion, blas
        self.model, self.names = recursion.model, Names(recursion.model)
        self.printer = KernelPrinter(self.names)
        self.out = Writer()
        self.signed = self.names.signed
        self.label = A1 if self.signed else "int64[::1]"
        self.options = self.model.algorithm.options
        self.each = _EACH[self.chosen] if self.chosen else "for i in range(y.size):"
        self.clean = ["clean"] * self.model.follows_clean
        self.given = [*self.chosen, *["label"] * ("label_noise" in self.options)]
        self.grams: list[str] = []
        self.entries: list[tuple[GramEntry, tuple[sp.Expr, ...]]] = []
        self.said: set[str] = set()  # the pre-activations that the function has told of
        self.by_class = ByClass.of(self.names)
        own = [argument(name) for name in extra_scalars(self.model)]
        self.scalars = ["kappa", *own, *penalty_scalars(self.model)]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The arguments that say which examples a gradient is over: a batch, or a part of a task's; none for all."""
        if self.model.algorithm.over_tasks:
            return ("first", "last")
        return ("batch",) if self.model.algorithm.batched else ()

    def loop(self) -> None:
        """The gradient functions, the time loop and the observables."""
        raise NotImplementedError

    def shape(self) -> None:
        """What the loader asks of a kernel: patches, and directions of n examples (of one task, where there are)."""
        classes = str(self.model.network.classes)
        sizes = " + ".join(family.index_set.of_a_task("1", classes, "n") for family in self.model.directions)
        whose = "a task" if self.model.algorithm.over_tasks else "a model"
        self.out.put(0, f"PATCHES = {len(self.model.patches)}", "", "", "def directions(n):")
        self.out.put(1, f'"""Directions of {whose} with n examples."""', f"return {sizes}")
        self.out.put(0, "")

    # ---- pieces shared by the loop nests ------------------------------------------------------------------

    def offsets(self, depth: int) -> None:
        """Where each family starts on the direction axis."""
        previous, classes = "", str(self.model.network.classes)
        for family in self.model.directions:
            self.out.put(depth, f"at_{family.name} = {previous or '0'}")
            previous = f"at_{family.name} + {family.index_set.of_a_task('1', classes, 'y.size')}"

    def locals_of(self, depth: int, exprs: list[sp.Expr], at: Mapping[sp.Expr, sp.Expr] | None = None) -> None:
        """Pre-activations and activation pieces that the expressions use, as named locals, at changed indices."""
        used = {entry for expr in exprs for entry in expr.atoms(sp.Indexed)}
        atoms = sorted((entry for entry in used if isinstance(role_of(entry), PatchPreactivation)), key=str)
        for atom in atoms:
            definition = self.recursion.definitions[str(atom.base)]
            value = self.printer.doprint(definition.expr.xreplace(dict(at or {})))
            self.out.assign(depth, f"{atom.base} =", value, "" if definition.name in self.said else definition.meaning)
            self.said.add(definition.name)
        self.pieces_of(depth, exprs)

    def pieces_of(self, depth: int, exprs: Iterable[sp.Expr]) -> None:
        """The activation pieces of the expressions as named locals, of pre-activations that are there."""
        for piece in sorted({e for expr in exprs for e in expr.atoms(*PIECES)}, key=piece_name):
            args = ", ".join(self.printer.doprint(arg) for arg in piece.args)
            self.out.put(depth, f"{piece_name(piece)} = {HELPERS[type(piece)]}({args})")

    def head_loops(self, depth: int, *first: str) -> None:
        """Loops over heads and filters, with the head's sign; a head begins with the lines `first`."""
        self.out.put(depth, f"for h in range({self.model.n_heads}):")
        if self.signed:
            self.out.put(depth + 1, "j = 1.0 - 2.0 * h")
        self.out.put(depth + 1, *first, "for r in range(z.shape[1]):")

    def class_loop(self, depth: int, target: str, value: sp.Expr) -> None:
        """A loop over classes; the locals are a class's own."""
        self.out.put(depth, f"for {CLASS} in range({self.model.network.classes}):")
        self.locals_of(depth + 1, [value], AT_CLASS)
        self.out.assign(depth + 1, target, self.printer.doprint(value))

    def index(self, definition: Definition) -> str:
        """Where a definition's entry stands in its array."""
        return "h, i" if len(definition.indices) == 2 else "i"

    # ---- stages -------------------------------------------------------------------------------------------

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
            factor = d.expr / next(iter(d.expr.atoms(sp.Sum)))
            if factor != 1:
                self.out.put(depth, f"{d.name} *= {self.printer.doprint(factor)}")

    def _heads(self, depth: int, stage: Stage) -> None:
        self.out.put(depth, *[f"{d.name}[:] = 0.0" for d in stage.definitions])
        self.out.put(depth, f"for h in range({self.model.n_heads}):", f"    {self.each}")
        for d in stage.definitions:
            body = d.expr.function if isinstance(d.expr, sp.Sum) else d.expr
            self.out.assign(depth + 2, f"{d.name}[i] +=", self.printer.doprint(body))

    def _softmax(self, depth: int, stage: Stage) -> None:
        label = "label" if "label" in self.given else "y"
        self.out.put(depth, self.each, f"    softmax(F, {label}[i], i, p, e)")

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
        for role, at in self.entries:
            self.out.put(2, f"{role.name}[i] = {self.printer.gram_entry(role, at)}")
        self.out.put(0, "")
        return names

    def own_gram(self, depth: int) -> None:
        """Allocate and fill the example Gram arrays."""
        for name in self.grams:
            self.out.assign(depth, f"{name} =", "np.zeros(y.size)", "an inner product of each example's own directions")
        if self.grams:
            self.out.put(depth, f"example_gram(gram, y, {', '.join(self.grams)})")

    # ---- functions ----------------------------------------------------------------------------------------

    def helpers(self) -> None:
        """Activation pieces, loss rates, outputs and their softmax, the contraction the moves: those used stay."""
        rates = of_class(RATES, self.model.objective.loss_kind, "the loss's rates")
        outputs = signed if self.signed else classes
        written = formulas.written(self.model)
        held = [functions] if written else []
        moved = [outputs, loops, *([blas] if self.blas else []), options, tasks]
        for text in [*copied(pieces, *held, *rates), *written, *copied(*moved)]:
            self.out.put(0, *text.split("\n"))

    def gradient_function(self, name: str, stages: tuple[Stage, ...], doc: str) -> list[Definition]:
        """A function that fills g and the example arrays; returns the arrays it takes."""
        filled = list(arrays(stages))
        covector = ["u"] if any(stage.kind == "contract" for stage in stages) else []
        self.out.function(name, self.gradient_arguments("z", covector, filled, stages), doc)
        self.out.put(1, _COUNT[self.chosen])
        self.said.clear()
        self.offsets(1)
        for stage in stages:
            self.stage(1, stage)
        self.out.put(0, "")
        return filled

    def gradient_arguments(
        self, state: str, covector: list[str], filled: Iterable[Definition], stages: tuple[Stage, ...]
    ) -> Groups:
        """A gradient function's arguments: the state, the data, the parameters, and what is filled."""
        return (
            [state], ["gram", "y", *self.clean, *self.given, *self.grams], self.scalars,
            ["g", "row", *covector], [*dict.fromkeys(d.name for d in filled), *self.by_class.arrays(stages)],
        )

    def allocate(self, depth: int, definitions: list[Definition], *by_class: str) -> None:
        """Arrays of the definitions, once, and arrays (K,)."""
        shape = {1: "y.size", 2: f"({self.model.n_heads}, y.size)"}
        for d in definitions:
            self.out.assign(depth, f"{d.name} =", f"np.zeros({shape[len(d.indices)]})", d.meaning)
        for name in by_class:
            self.out.assign(depth, f"{name} =", f"np.zeros({self.model.network.classes})", told_of_class(name))

    def work(self, depth: int, *wanted: str) -> None:
        """Arrays beside the definitions': those of a state's shape, and the terms of one neuron's sum over examples."""
        for name in wanted:
            self.out.assign(depth, f"{name} =", f"np.zeros({'y.size' if name == 'row' else 'z.shape'})", WORK[name])

    def outputs_function(self) -> None:
        """Network outputs from patch pre-activations, for fresh examples."""
        extra = "".join(", float64" for _ in self.scalars)
        names = self.names
        target = "out[i]" if self.signed else "out[i, h]"
        shape = A1 if self.signed else A2
        said = "The network on examples given by a[i, p, h, r] = <w_{h,r}, x_i^(p)>."
        types = f"void(float64[:, :, :, ::1]{extra}, {shape})"
        self.out.function("outputs", (["a"], self.scalars, ["out"]), said, types=types)
        self.out.put(1, "out[:] = 0.0", "for i in range(a.shape[0]):", f"    for h in range({self.model.n_heads}):")
        if self.signed:
            self.out.put(3, "j = 1.0 - 2.0 * h")
        self.out.put(3, "for r in range(a.shape[3]):")
        definition = self.recursion.definitions["f" if self.signed else "F"]
        total = next(iter(definition.expr.atoms(sp.Sum)))
        for p in range(len(self.model.patches)):
            self.out.put(4, f"{names.patch(p).name} = a[i, {p}, h, r]")
        self.pieces_of(4, [total.function])
        self.out.assign(4, f"{target} +=", self.printer.doprint(total.function))
        self.out.put(1, f"out *= {self.printer.doprint(definition.expr / total)}")
