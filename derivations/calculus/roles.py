"""What an indexed symbol of a derivation stands for: which families its inner product or vector is of.

A symbol made here carries its role, and code asks for that (`role_of`) and never takes a name apart.  Within a model
no two roles have one name.  Of two models they may, as scalars of one name with other laws do: these are different
symbols, which SymPy's caches would otherwise give one for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class Preactivation:
    """z: <w, v> for the vectors v of a family."""

    family: str

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"z_{self.family}"


@dataclass(frozen=True)
class Covector:
    """u: <dL/dw, v>, the frozen co-vector (dL/dz) G of the full gradient penalty, for the vectors of a family."""

    family: str

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"u_{self.family}"


class OfPatch:
    """a: <w, x^(p)> for a patch of an example, whatever it is made of.

    `start` is for t = 0, and `elsewhere` for the example of another split, moved along (a display of the fourth paper).
    """

    start: bool = False
    elsewhere: bool = False

    @property
    def label(self) -> str:
        """The patch's name."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The symbol's name."""
        raise NotImplementedError

    def local(self, helper: str, longer: tuple[str, ...]) -> str:
        """The name of a function's value there, so that no two functions at two patches have one.

        `longer` are the endings that make other functions' names of this one's.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class PatchPreactivation(OfPatch):
    """The pre-activation of a patch that is made of one family.

    `twin` numbers the patches of a family that makes several, from 1; 0 where it makes one.
    """

    family: str
    twin: int = 0
    start: bool = False
    elsewhere: bool = False

    @property
    def label(self) -> str:
        """The patch's name: its family's, numbered where there are twins."""
        return f"{self.family}{self.twin or ''}"

    @property
    def name(self) -> str:
        """The symbol's name."""
        kind = "other" if self.elsewhere else "a0" if self.start else "a"
        return f"{kind}{self.twin or ''}_{self.family}"

    def local(self, helper: str, longer: tuple[str, ...]) -> str:
        """leaky at a family slope_xi is leaky__slope_xi, since leaky_slope at a family xi is leaky_slope_xi."""
        twice = self.family.startswith(("_", *longer))
        return f"{helper}{self.twin or ''}{'__' if twice else '_'}{self.family}"


@dataclass(frozen=True)
class SumPreactivation(OfPatch):
    """The pre-activation of a patch that is a sum of terms; `number` counts the model's patches from 1."""

    number: int

    @property
    def label(self) -> str:
        """The patch's number."""
        return str(self.number)

    @property
    def name(self) -> str:
        """The symbol's name; no family's begins with a digit."""
        return f"a_{self.number}"

    def local(self, helper: str, longer: tuple[str, ...]) -> str:
        """By its number."""
        return f"{helper}_{self.number}"


@dataclass(frozen=True)
class ScalarOfExample:
    """A scalar of each example, drawn or told by its label; `sign`: its square is 1, `own_square`: it is its own."""

    scalar: str
    sign: bool = False
    own_square: bool = False

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"scalar_{self.scalar}"

    def reduced(self, exponent: int) -> int:
        """The exponent from 0 on of the same power."""
        return exponent % 2 if self.sign else min(exponent, 1) if self.own_square else exponent


@dataclass(frozen=True)
class MixingEntry:
    """M: an entry of a mixing matrix over the examples."""

    matrix: str

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"mixing_{self.matrix}"


@dataclass(frozen=True)
class ConstantScalar:
    """A scalar that all examples have in common: a number, or a parameter's name."""

    scalar: str
    value: float | str

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"constant_{self.scalar}"


@dataclass(frozen=True)
class GramEntry:
    """G: <v, v'> for the vectors of two families, in declared order."""

    first: str
    second: str

    @property
    def name(self) -> str:
        """The symbol's name: G_a_b, the first family's length before it where the name could be read otherwise."""
        alike = self.first == self.second
        halves = f"{self.first}_{self.second}"
        middle = len(halves) // 2
        read_as_alike = len(halves) % 2 == 1 and halves[:middle] == halves[middle + 1 :] and halves[middle] == "_"
        plain = alike or ("_" not in self.first and not read_as_alike)
        return f"G_{halves}" if plain else f"G{len(self.first)}_{halves}"

    @property
    def own(self) -> bool:
        """Whether both vectors are of one family, so that the entry is symmetric in them."""
        return self.first == self.second


@dataclass(frozen=True)
class FormalVector:
    """v: the vectors of a family themselves, as formal symbols."""

    family: str

    @property
    def name(self) -> str:
        """The symbol's name."""
        return f"v_{self.family}"


Role = (
    Preactivation | Covector | PatchPreactivation | SumPreactivation | GramEntry | FormalVector | ScalarOfExample
    | ConstantScalar | MixingEntry
)


class Symbol(sp.Symbol):
    """A symbol with its `role`.  It sorts as any other, which SymPy decides by the name of the class."""

    role: Role

    def __new__(cls, role: Role, **assumptions: bool) -> Symbol:
        """The symbol of a role; equal roles have equal symbols."""
        cls._sanitize(assumptions, cls)
        made: Symbol = sp.Symbol.__xnew__(cls, role.name, **assumptions)
        made.role = role
        return made

    def _hashable_content(self) -> tuple[object, ...]:
        """What two equal symbols have in common: the role beside what SymPy compares."""
        return (*super()._hashable_content(), repr(getattr(self, "role", None)))

    def __getnewargs_ex__(self) -> tuple[tuple[Role], dict[str, bool]]:
        return (self.role,), self._assumptions_orig


def indexed(role: Role) -> sp.IndexedBase:
    """The indexed symbol of a role."""
    return sp.IndexedBase(Symbol(role))


def scalar(role: Role) -> sp.Symbol:
    """The symbol of a role that has no index: of single vectors."""
    return Symbol(role, real=True)


def role_of(expr: Any) -> Role | None:
    """The role of a symbol, an indexed symbol or its base; None of every other expression."""
    base = expr.base if isinstance(expr, sp.Indexed) else expr
    label = base.label if isinstance(base, sp.IndexedBase) else base
    return label.role if isinstance(label, Symbol) else None
