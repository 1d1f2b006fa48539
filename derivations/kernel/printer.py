"""Scalar expressions as kernel text: exact products for powers, array entries for indexed symbols."""

from __future__ import annotations

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from ..calculus.activations import PIECES, number
from ..calculus.roles import ConstantScalar, Covector, GramEntry, OfPatch, Preactivation, role_of
from ..calculus.symbols import Names, s
from ..declare import LARGEST_POWER
from ..errors import ModelError
from .pieces import HELPERS

_MOST_FACTORS = 2 * LARGEST_POWER  # of one power: the penalty squares sigma'


GIVEN = "given_"
"""What a declared parameter's name begins with in a kernel, and none of the kernel's own names."""


def argument(name: str) -> str:
    """A declared parameter's name as a kernel's argument, which meets no name of the kernel's own text."""
    return f"{GIVEN}{name}"


class KernelPrinter(PythonCodePrinter):
    """Prints a scalar as Python over the kernel's arrays; refuses what it has no exact text for."""

    def __init__(self, names: Names, array: str = "z") -> None:
        super().__init__({"fully_qualified_modules": False, "strict": False})
        self.names, self.array = names, array
        self.parameters = {number(name) for name in names.model.constants}

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        name, role = str(expr), role_of(expr)
        if expr in self.parameters:  # the symbol, not its name: a parameter may be called n or lam
            return argument(name)
        if isinstance(role, ConstantScalar):
            return argument(role.value) if isinstance(role.value, str) else repr(float(role.value))
        return self.gram_entry(role, ()) if isinstance(role, GramEntry) else name

    def _print_Pow(self, expr: sp.Pow, **_: object) -> str:
        base, power = expr.as_base_exp()
        if power.is_Integer and 2 <= power <= _MOST_FACTORS:
            return "(" + "*".join([self.parenthesize(base, 60)] * int(power)) + ")"
        if power == -1:
            return f"1.0/{self.parenthesize(base, 60)}"
        raise ModelError(f"power {expr} has no exact product form in a kernel; use a declared activation")

    def _print_Rational(self, expr: sp.Rational) -> str:
        p, q = int(expr.p), int(expr.q)
        if q == 1 or max(abs(p), q) <= 2**53:
            return f"({p}.0/{q}.0)" if q != 1 else f"{p}.0"
        return f"({p / q!r})"  # a declared constant whose terms are no floats: the nearest float to it

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{int(expr)}.0"

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        return f"(1.0 if {self._index(expr.args[0])} == {self._index(expr.args[1])} else 0.0)"

    def _index(self, expr: sp.Expr) -> str:
        return self._print_Indexed(expr) if isinstance(expr, sp.Indexed) else str(expr)

    def _print_Function(self, expr: sp.Function) -> str:
        if isinstance(expr, PIECES):
            return piece_name(expr)
        name = type(expr).__name__
        if name == "rate":
            return f"loss_{int(expr.args[0])}({', '.join(map(self._print, expr.args[1:]))})"
        if name == "cross_entropy":
            return f"cross_entropy(F, {self._index(expr.args[0].indices[0])}, i)"
        raise ModelError(f"{name} has no kernel form; use a declared activation or loss")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = expr.indices
        match role_of(expr):
            case OfPatch() as patch:
                return patch.name
            case GramEntry() as entry:
                return f"{entry.name}[i]" if indices else self.gram_entry(entry, indices)
            case Preactivation(family):
                return f"{self.array}[h, r, {self._place(family, indices[2:])}]"
            case Covector(family):
                return f"u[h, r, {self._place(family, indices[2:])}]"
        if expr.base == s:
            return "j"
        head = str(self.names.head)
        return f"{expr.base}[{', '.join('h' if self._index(x) == head else self._index(x) for x in indices)}]"

    def _place(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        return f"at_{family}" + (f" + {self._index(at[0])}" if at else "")

    def gram_entry(self, entry: GramEntry, at: tuple[sp.Expr, ...]) -> str:
        """A Gram entry where it stands in the matrix."""
        return f"gram[{', '.join(self._place(*side) for side in self.names.gram_sides(entry, at))}]"


def take_constants(expr: sp.Expr, known: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """The expression with its products of scalars named q0, q1, ..., to be computed outside the loop."""
    if isinstance(expr, sp.Mul):
        fixed = [arg for arg in expr.args if not arg.has(sp.Indexed)]
        rest = [take_constants(arg, known) for arg in expr.args if arg.has(sp.Indexed)]
        constant = sp.Mul(*fixed)
        if len(fixed) > 1:
            constant = known.setdefault(constant, sp.Symbol(f"q{len(known)}"))
        return sp.Mul(*([] if constant == 1 else [constant]), *rest, evaluate=False)
    if isinstance(expr, sp.Add):
        return sp.Add(*[take_constants(arg, known) for arg in expr.args], evaluate=False)
    return expr


def piece_name(expr: sp.Function) -> str:
    """The local name of an activation piece at a patch: relu_mu, step_xi, ...; no two pieces have one name."""
    patch, helper = role_of(expr.args[0]), HELPERS[type(expr)]
    assert isinstance(patch, OfPatch)
    readings = [other for other in HELPERS.values() if other.startswith(f"{helper}_")]
    return patch.local(helper, tuple(f"{other.removeprefix(helper)[1:]}_" for other in readings))
