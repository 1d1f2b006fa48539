"""Scalars of one example as lanes of eight."""

from __future__ import annotations

import sympy as sp

from ...calculus.activations import EXPRESSED
from ...calculus.roles import Covector, GramEntry, OfPatch, Preactivation, role_of
from ...calculus.sums import Definition
from ...calculus.symbols import s
from ...declare import Model, OfMargin
from ...errors import ModelError
from ..by_class import CLASS, factor
from ..pieces import HELPERS
from ..printer import KernelPrinter, argument
from .by_lane import NATIVE, each_of
from .places import OfExamples, Places

PRIMITIVES = (
    "aligned", "bits_of", "bits_or", "entry", "every", "fused", "fused_half", "fused_one", "in_lane", "lane", "lanes",
    "least", "load", "load_half", "low", "lowest", "nonzero", "ones", "spread", "sqrt_each", "store", "store_half",
    "total", "where",
)
FUNCTIONS = (
    *dict.fromkeys(helper for piece, helper in HELPERS.items() if piece not in EXPRESSED),
    *(f"{loss}_{order}" for loss in ("logistic", "exponential") for order in range(3)),
    "logarithm",
    *map(each_of, NATIVE),
)
"""What a kernel takes from `dynamics.lanes`, `compiled` and `functions`: names, since nothing here may import them."""


class NoLanes(ModelError):
    """An expression that has no form on lanes; the model runs by loops."""


def rate(model: Model, order: int, margin: str) -> str:
    """A derivative of the loss at margins, lanes, as a kernel's text.  Raises NoLanes where it has no form on them."""
    loss = model.objective.loss_kind
    if isinstance(loss, OfMargin):
        constants = map(argument, loss.expression.constants)
        return f"{each_of(f'loss_{order}')}({', '.join((f'lanes({margin})', *constants))})"
    name = f"{model.objective.loss}_{order}"
    if name not in FUNCTIONS:
        raise NoLanes(f"the loss {model.objective.loss} has no form on lanes")
    return f"{name}({margin})"


def own_entry(array: str, family: str) -> str:
    """What eight examples' entries, each along the vector of its class, are called."""
    return f"{array}_{family}_own"


class LanePrinter(KernelPrinter):
    """Prints a scalar of one example as lanes of eight; `local` are the example arrays that the loop holds already."""

    def __init__(self, printer: KernelPrinter, places: Places | None = None) -> None:
        super().__init__(printer.names)
        self.places = places or OfExamples()
        self.per_example = {f.name for f in self.names.model.directions if f.index_set.per_example}
        self.per_class = {f.name for f in self.names.model.directions if f.index_set.per_class}
        self.local: set[str] = set()

    def _print_Function(self, expr: sp.Function) -> str:
        if type(expr).__name__ == "rate":
            return rate(self.names.model, int(expr.args[0]), self._print(expr.args[1]))
        return str(super()._print_Function(expr))

    def called(self, piece: sp.Function) -> str:
        """The call of a formula's function of eight numbers, which has a name of its own (`by_lane`)."""
        first, *constants = map(self.doprint, piece.args)
        return f"{each_of(HELPERS[type(piece)])}({', '.join((f'lanes({first})', *constants))})"

    def scaled(self, definition: Definition) -> str:
        """What a sum is multiplied by, as it is stored; nothing where that is 1."""
        times = factor(definition.expr)
        return "" if times == 1 else f" * ({self.doprint(times)})"

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        raise NoLanes(f"{expr} has no form on lanes; signed heads compare no indices")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        match role_of(expr):
            case OfPatch() as patch:
                return patch.name
            case GramEntry() as entry:
                return self.places.read(entry.name, "i") if expr.indices else self.gram_entry(entry, ())
            case Preactivation(family) | Covector(family) as role:
                return self._entry("z" if isinstance(role, Preactivation) else "u", family, expr)
        if expr.base == s:
            return "j"
        name = str(expr.base)
        return f"{name}_i" if name in self.local else self._loaded(name, expr)

    def _loaded(self, name: str, expr: sp.Indexed) -> str:
        """An array's entry: eight examples', of a head where it has a row for each, or a class's."""
        if expr.indices == (CLASS,):
            return f"{name}[{CLASS}]"
        of_head = self.names.head in expr.indices and not self.names.signed
        return self.places.read(name, f"{'at_head + ' * of_head}i")

    def _entry(self, array: str, family: str, expr: sp.Indexed) -> str:
        """A neuron's entry along a family: eight examples', the one that all have, or a class's."""
        place = f"at + at_{family}"
        if family in self.per_class:
            of_class = f"entry({array}, {place} + {CLASS})"
            return of_class if expr.indices[2:] == (CLASS,) else own_entry(array, family)
        if family in self.per_example:
            return self.places.read(array, f"{place} + i")
        return self.places.one(array, place)

    def _index(self, expr: sp.Expr) -> str:
        """An index is a number, an example's label too."""
        return f"{expr.base}[{expr.indices[0]}]" if isinstance(expr, sp.Indexed) else str(expr)

    def gram_entry(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        """A Gram entry where it stands in the packed matrix."""
        first, second = (self._place(*side) for side in self.names.gram_sides(entry, at))
        return self.places.one("gram", f"({first}) * width + {second}")
