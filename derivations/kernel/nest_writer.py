"""What every loop nest of a kernel is written with: its recursion, names, arguments, and locals within loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from ..calculus.activations import PIECES
from ..calculus.recursion import Recursion
from ..calculus.roles import GramEntry, MixingEntry, OfPatch, ScalarOfExample, role_of
from ..calculus.sums import Definition
from ..calculus.symbols import Names
from ..declare import Model, rows_of, schedule_constants
from .by_class import AT_CLASS, CLASS, ByClass
from .layout import A1, Writer
from .pieces import HELPERS
from .printer import KernelPrinter, argument, piece_name

_EACH = {("batch",): "for i in batch:", ("first", "last"): "for i in range(first, last):"}


def own_scalars(model: Model) -> tuple[str, ...]:
    """The parameters of the activation, the loss and the schedules."""
    return tuple(dict.fromkeys((*model.constants, *schedule_constants(model))))


def penalty_scalars(model: Model) -> tuple[str, ...]:
    """The penalty's constant and weight, where there is one."""
    return ("c", "lam") if model.objective.penalised else ()


def scalars(model: Model) -> tuple[str, ...]:
    """The kernel's scalar arguments, in order, by parameter."""
    return ("kappa", *own_scalars(model), *penalty_scalars(model))


def family_starts(out: Writer, model: Model, names: Iterable[str], depth: int, examples: str) -> None:
    """Where each family starts on an axis that has them in this order, of so many examples (of a task)."""
    previous, classes = "0", str(model.network.classes)
    for name in names:
        out.put(depth, f"at_{name} = {previous}")
        previous = f"at_{name} + {model.family(name).index_set.of_a_task('1', classes, examples)}"


class NestWriter:
    """Prints what loop nests of one recursion share; `blas` picks the contraction's variant."""

    def __init__(self, recursion: Recursion, blas: bool) -> None:
        self.recursion, self.blas = recursion, blas
        self.model, self.names = recursion.model, Names(recursion.model)
        self.printer = KernelPrinter(self.names)
        self.out = Writer()
        self.signed = self.names.signed
        self.label = A1 if self.signed else "int64[::1]"
        self.options = self.model.algorithm.options
        self.each = _EACH[self.chosen] if self.chosen else "for i in range(y.size):"
        self.matrices = [MixingEntry(row.name).name for row in rows_of(self.model)]
        mixed = {row.name: name for row, name in zip(rows_of(self.model), self.matrices, strict=True)}
        varying = [mixed.get(name, ScalarOfExample(name).name) for name in self.model.varying]
        self.told = [*["clean"] * self.model.follows_clean, *varying]
        self.given = [*self.chosen, *["label"] * ("label_noise" in self.options)]
        self.grams: list[str] = []
        self.entries: list[tuple[GramEntry, tuple[sp.Expr, ...]]] = []
        self.said: set[str] = set()  # the pre-activations that the function has told of
        self.by_class = ByClass.of(self.names)
        own = [argument(name) for name in own_scalars(self.model)]
        self.scalars = ["kappa", *own, *penalty_scalars(self.model)]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The arguments that say which examples a gradient is over: a batch, or a part of a task's; none for all."""
        if self.model.algorithm.over_tasks:
            return ("first", "last")
        return ("batch",) if self.model.algorithm.batched else ()

    def offsets(self, depth: int) -> None:
        """Where each family starts on the direction axis."""
        names = [family.name for family in self.model.directions]
        family_starts(self.out, self.model, names, depth, "y.size")

    def locals_of(self, depth: int, exprs: list[sp.Expr], at: Mapping[sp.Expr, sp.Expr] | None = None) -> None:
        """Pre-activations and activation pieces that the expressions use, as named locals, at changed indices."""
        used = {entry for expr in exprs for entry in expr.atoms(sp.Indexed)}
        atoms = sorted((entry for entry in used if isinstance(role_of(entry), OfPatch)), key=str)
        for atom in atoms:
            definition = self.recursion.definitions[str(atom.base)]
            expr = self._mixed(depth, definition).xreplace(dict(at or {}))
            value = self.printer.doprint(expr)
            self.out.assign(depth, f"{atom.base} =", value, "" if definition.name in self.said else definition.meaning)
            self.said.add(definition.name)
        self.pieces_of(depth, exprs)

    def _mixed(self, depth: int, definition: Definition) -> sp.Expr:
        """A pre-activation, the sums over the examples that it is mixed of as named locals."""
        expr = definition.expr
        for at, total in enumerate(sorted(expr.atoms(sp.Sum), key=str)):
            name, other = f"mixed{at}{definition.name[1:]}", self.names.mixed
            self.out.put(depth, f"{name} = 0.0", f"for {other} in range(y.size):")
            self.out.assign(depth + 1, f"{name} +=", self.printer.doprint(total.function))
            expr = expr.xreplace({total: sp.Symbol(name)})
        return expr

    def pieces_of(self, depth: int, exprs: Iterable[sp.Expr]) -> None:
        """The activation pieces of the expressions as named locals, of pre-activations that are there."""
        for piece in sorted({e for expr in exprs for e in expr.atoms(*PIECES)}, key=piece_name):
            self.out.put(depth, f"{piece_name(piece)} = {self.called(piece)}")

    def called(self, piece: sp.Function) -> str:
        """The call of an activation piece."""
        return f"{HELPERS[type(piece)]}({', '.join(self.printer.doprint(arg) for arg in piece.args)})"

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
