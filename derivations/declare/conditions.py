"""The declaration of a theorem's conditions: clauses, derived quantities and prescribed values, as plain frozen data.

A clause compares two formulas (`PARAMETERS` of `derivations.declare.formula`) up to a constant C.  It is normalised so
that a larger C asks for more: "left >= C right" or "C left <= right".  Where the paper's C enters the other way round
(F_ij >= F_ik / C), `power` is -1 and a larger C asks for less; one C then has to serve both kinds of clauses.  A clause
without a C has `power` 0: it holds for every C or for none.  An equation, such as K = log(d)^0.5, is read up to a
factor: right / C <= left <= C right.

Formulas use the model's parameters, the quantities declared before them, and three names supplied to every formula:
kappa (1/m or 1, from `neurons`), c (1/2 or 1, from `penalty_half`) and T (the steps of the run, where they are given).
A quantity that was measured on data takes the place of its formula.  A name that is none of these is refused where
the conditions are asked for.
This module imports no SymPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ModelError
from .choices import Declared
from .parameter import Parameter, Value


@dataclass(frozen=True, kw_only=True)
class Only(Declared):
    """A restriction to values of one parameter, such as the regularised runs; `why` says it in words.

    The values are those listed and, where `above` and `below` are given, the numbers strictly between them.
    """

    parameter: str
    values: tuple[Value, ...] = ()
    above: float | None = None
    below: float | None = None
    why: str

    def admits(self, value: Value) -> bool:
        """Whether a value of the parameter is among them."""
        inside = self.above is not None and self.below is not None and isinstance(value, (int, float))
        return value in self.values or (inside and self.above < value < self.below)  # type: ignore[operator]


@dataclass(frozen=True, kw_only=True)
class Quantity(Declared):
    """A derived quantity: name, formula, and what it is (with its unit); without a meaning it is not printed.

    A name may have several formulas, each `only` for some values of a parameter.  One that is `signed` may be below 0.
    """

    name: str
    formula: str
    meaning: str
    only: Only | None = None
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class Clause(Declared):
    """One clause: left >= C^power right, or C^power left <= right; without C where `power` is 0.

    An equation, "=", asks right / C <= left <= C right; its `power` is -1 and its `mends` say in which direction a
    parameter makes left/right larger.  `note` is what a reader has to know, such as a slip in print.  Raises ModelError
    for an equation with another power.
    `text` is the paper's wording in short ASCII.  `kind` says whether the paper states the constant ("stated") or
    hides it ("unstated": O, Omega, <<, polylog).  `mends` are the parameters that alone can satisfy the clause, and
    the direction in which the clause gets slacker.
    """

    id: str
    source: str
    text: str
    left: str
    relation: Literal[">=", "<=", "="]
    right: str
    kind: Literal["unstated", "stated"] = "unstated"
    power: Literal[1, 0, -1] = 1
    mends: tuple[tuple[str, Literal["raise", "lower"]], ...] = ()
    only: Only | None = None
    note: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.relation == "=" and self.power != -1:
            raise ModelError(f"power: {self.power} in the equation {self.id!r}, which a larger C makes easier; give -1")


@dataclass(frozen=True, kw_only=True)
class Prescription(Declared):
    """A value that a theorem sets, and what the run uses in its place (both formulas).

    `used` may have no value in a run (a "lam_until" that is not set).  Where the theorem's value must be positive to
    mean anything, `cure` says how to make it so.  `duration` marks a number of steps, to hold against the run's.
    """

    name: str
    used: str
    formula: str
    source: str
    cure: str = ""
    duration: bool = False
    only: Only | None = None


@dataclass(frozen=True, kw_only=True)
class ClauseList(Declared):
    """Clauses that are read together, with one constant C for all."""

    title: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class Conditions(Declared):
    """What a paper assumes: first the clauses it prints, then, apart from them, those its proofs use.

    `parameters` are the condition's own (the model need not have them); `assumes` says for which parameter values the
    theorems are stated at all; `notes` say how unstated constants and logarithms are read.
    """

    paper: str
    title: str
    lists: tuple[ClauseList, ...]
    quantities: tuple[Quantity, ...] = ()
    prescriptions: tuple[Prescription, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    assumes: tuple[Only, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        ids = [clause.id for group in self.lists for clause in group.clauses]
        for name in ids:
            if ids.count(name) > 1:
                raise ModelError(f"clauses: the id {name!r} is used twice; give each clause its own id")
