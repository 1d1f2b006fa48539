"""Scalar expressions as kernel text: exact products for powers, array entries for indexed symbols."""

from __future__ import annotations

import keyword
import re

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from .activations import PIECES, number
from .errors import ModelError
from .kernel_text import HELPERS
from .model import Bilevel
from .network import LARGEST_POWER
from .symbols import Names

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_WORDS = frozenset(
    "D F PATCHES abs accelerate active adapt adapt_all adapted advance along at batch batches best blocks box change "
    "clean contract couple cross_entropy cut descend directions dz eta example_gram exp finite first float gather "
    "gradient gradient_norm gram head held huberized inf inner inner_step inner_steps isfinite kappa keep label labels "
    "lam lam_until last leaky leaky_slope leaky_slope_closed left length log1p loss margin max measured_gradient "
    "meta_gradient middle momentum moved near neurons njit np observe others out outer outputs packed perturb picked "
    "plain_gradient radius ramp range recorded relu rest right risk row run scatter settled softmax sqrt start states "
    "step step_closed steps tasks top total velocity weight weight_decay zeta".split()
)
_NUMBERED = re.compile(r"(l|loss_|q|[vw][sz]*)[0-9]+")
_BEGINNINGS = ("at_", "far_", "a_", "G_", *(f"{piece}_" for piece in dict.fromkeys(HELPERS.values())))
_ENDINGS = ("_out", "_by_class")
_MOST_FACTORS = 2 * LARGEST_POWER  # of one power: the penalty squares sigma'


def argument(name: str, bilevel: bool = False) -> str:
    """A parameter's name as a kernel's argument: one that the kernel's own text uses is changed."""
    if name in _LETTERS:
        return f"{name}_"
    taken = name in _WORDS or keyword.iskeyword(name) or _NUMBERED.fullmatch(name) or (bilevel and name == "slope")
    return f"given_{name}" if taken or name.startswith(_BEGINNINGS) or name.endswith(_ENDINGS) else name


class KernelPrinter(PythonCodePrinter):
    """Prints a scalar as Python over the kernel's arrays; refuses what it has no exact text for."""

    def __init__(self, names: Names, array: str = "z") -> None:
        super().__init__({"fully_qualified_modules": False, "strict": False})
        self.names, self.array = names, array
        act = names.model.network.activation
        self.parameters = {number(value) for value in (act.slope, act.width) if isinstance(value, str)}
        self.bilevel = isinstance(names.model.algorithm, Bilevel)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        name = str(expr)
        if expr in self.parameters:  # the symbol, not its name: a parameter may be called n or lam
            return argument(name, self.bilevel)
        return self._gram(name, ()) if name.startswith("G_") else name

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
            return f"loss_{int(expr.args[0])}({self._print(expr.args[1])})"
        if name == "cross_entropy":
            return f"cross_entropy(F, {self._index(expr.args[0].indices[0])}, i)"
        raise ModelError(f"{name} has no kernel form; use a declared activation or loss")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        base, at = str(expr.base), expr.indices
        if base == "s":
            return "j"
        if base.startswith("a_"):
            return base
        if base.startswith("G_"):
            return self._gram(base, at)
        if base[:2] in ("z_", "u_"):
            array = self.array if base[0] == "z" else "u"
            return f"{array}[h, r, {self._place(base[2:], at[2:])}]"
        head = str(self.names.head)
        return f"{base}[{', '.join('h' if self._index(x) == head else self._index(x) for x in at)}]"

    def _place(self, family: str, at: tuple[sp.Expr, ...]) -> str:
        return f"at_{family}" + (f" + {self._index(at[0])}" if at else "")

    def _gram(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        return f"{base}[i]" if at else self.gram_entry(base, at)

    def gram_entry(self, base: str, at: tuple[sp.Expr, ...]) -> str:
        """A Gram entry where it stands in the matrix."""
        families = [family.name for family in self.names.model.directions]
        first, second = next((f, g) for f in families for g in families if base == f"G_{f}_{g}")
        split = 0 if self.names.model.family(first).single else 1
        return f"gram[{self._place(first, at[:split])}, {self._place(second, at[split:])}]"


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
    """The local name of an activation piece at a patch: relu_mu, step_xi, ..."""
    inner = expr.args[0]
    return f"{HELPERS[type(expr)]}_{str(inner.base)[2:]}"
