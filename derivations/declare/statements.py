"""The declaration of a paper's statements, as plain frozen data: hypothesis, claim, constants, where it is evaluated.

A claim is a comparison of formulas over named quantities with indices, written as on paper:

    "max[r](gamma) >= 1/(sqrt(2*log(8*m/delta))*log(n))"      for every j: an index that is left over means "for all"
    "next(rho_under) <= rho_under"                            one step: next(x) is x at t + 1
    "abs(h - start(h) - rho) <= sum[k](abs(rho[j,r,k])*abs(G[i,k])/G[k,k]) - abs(rho)"

- Numbers, names, + - * / **, comparisons (chains too), `and`, `or`, `not`; log exp sqrt abs sign relu, and max, min
  of several arguments.
- max[j,r](x), and min, sum, mean, any, all, reduce over the indices in brackets; max[j,r](x, own) only where `own`.
- x[j,r,k] renames the indices of x, in the order in which its formula meets them (without t); a repeated one, as in
  G[i,i], takes the diagonal.
- next(x), start(x) and at(x, T): x at t + 1, at 0 and at step T.  past(x): the sum of x over the steps before t, in
  runs short enough to be recorded step by step.  first(event): the first recorded step at which it
  holds for every index; `inf` where there is none.
- Names: the parameters; kappa (1/m or 1), c (1/2 or 1), T (the steps of the run), t, lam_t (the penalty's weight in
  the step from t); every observable of a run (loss, gamma, margins, ...); z_NAME, b_NAME and G_NAME_NAME, the
  pre-activations, coefficients and inner products of families; y, yhat (the labels, as observed and before flips),
  j (the head's sign), own (1{j = y_i}), same (1{i = k}), norm (||W||_F), neuron_norm, outputs (F_k(x_i) of class
  heads); NAME_heads, the heads' entries of an observable of matrices; and the quantities declared beside the
  statements.  Class heads have the index k, class families l.
- Of several tasks (two loops): examples are [task,i], features of tasks [task], the dictionary [item]; G_NAME_NAME and
  z_NAME of nu and z too; same_task; train and outer (1 where the inner loop and the outer step take i); n is a task's.
  inner_NAME are the products after tau = 0 .. J inner steps [tau], adapted_NAME those after J; observables that the
  outer step sees (margins, P) are at adapted weights.

This module imports no SymPy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import ModelError
from .choices import Declared, quoted
from .conditions import Only, Quantity
from .parameter import Value

_WORDS = re.compile(r"[A-Za-z_]\w*")
Kind = Literal["identity", "inequality", "probability", "order", "exists"]
ROUNDING = "rounding: the formula's running error, and outputs that cancel to 1e-5 of their terms in a margin"


@dataclass(frozen=True, kw_only=True)
class Instance(Declared):
    """Parameter values of a statement's own and the steps of the run: it is checked there, whatever the setting."""

    values: tuple[tuple[str, Value], ...]
    steps: int


@dataclass(frozen=True, kw_only=True)
class Path(Declared):
    """A scaling path: parameter values as formulas of s, the s it visits, and the steps of each run (also a formula).

    What is fitted is the exponent of s, or of log s where `of` is "log": 0 where the order is as stated.  An order with
    an exponent that differs by `neighbour` (0.1, and 1/2 for a logarithm) is the nearest other one.
    """

    values: tuple[tuple[str, str | bool], ...]
    scales: tuple[float, ...]
    steps: str
    of: Literal["power", "log"] = "power"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.scales)) < 2:
            raise ModelError(f"Path.scales: {quoted(self.scales)}; expected two different values of s at least")
        texts = [self.steps, *(text for _, text in self.values if isinstance(text, str))]
        if not any("s" in _WORDS.findall(text) for text in texts):
            raise ModelError("Path: neither values nor steps go with s; write one of them as a formula of s")

    @property
    def neighbour(self) -> float:
        """How far the nearest other exponent is."""
        return 0.5 if self.of == "log" else 0.1


@dataclass(frozen=True, kw_only=True)
class Statement(Declared):
    """One lemma, proposition or invariant; formulas as in this module's docstring.

    Attributes:
        id: its name in a list.
        kind: "identity" or "inequality", `claim` for every index and step where `given` holds; "probability", `claim`
            with probability at least 1 - `delta` over draws; "order", `claim` is one "left <= right" up to a constant,
            along `path`; "exists", `claim` at some step from `since` to `until` where `given` holds for every index;
            without `until` at some step at all, which no run refutes.
        claim: what is said.
        source: where it is printed.
        text: the same in words.
        given: the hypothesis, index by index; where it never holds the statement is vacuous.
        at: a formula of the only step; "" means every recorded one, from `since` to `until`.  With `until` too the
            step has to come by then: a draw on which it does not fails, and one whose run is shorter than that is not
            judged.
        since: a formula of the first step.
        until: of the last.
        only: the parameter values that the statement is about.
        delta: the probability with which it may fail, as a formula.
        tolerance: of <=, >= and == in the claim, relative to the sum of the magnitudes of the terms on both sides; <
            and > are exact.
        tolerance_from: where that comes from.
        erratum: the id of the erratum, where the statement is the printed form and false.
        instance: own parameters.
        path: of an order, the parameters along which it is held.
        mutant: a false neighbour of the claim, which the same runs have to refute: where they do not, a claim that
            holds there says so.
        mutant_given: its hypothesis (None: the statement's own), so that ("", claim) drops the hypothesis.
        presets: the setting's presets on which it is not vacuous, the one that takes least time first.
    """

    id: str
    kind: Kind
    claim: str = ""
    source: str = ""
    text: str = ""
    given: str = ""
    at: str = ""
    since: str = ""
    until: str = ""
    only: tuple[Only, ...] = ()
    delta: str = "delta"
    tolerance: float = 1e-10
    tolerance_from: str = ROUNDING
    erratum: str = ""
    instance: Instance | None = None
    path: Path | None = None
    mutant: str = ""
    mutant_given: str | None = None
    presets: tuple[str, ...] = ()

    @property
    def mutated(self) -> Statement:
        """Its mutant, as a statement of the same id."""
        given = self.given if self.mutant_given is None else self.mutant_given
        return replace(self, claim=self.mutant, given=given, mutant="", mutant_given=None)

    @property
    def random(self) -> bool:
        """Whether it may fail on some draws."""
        return self.kind == "probability"

    @property
    def of_the_draw(self) -> bool:
        """Whether it is about the draw alone, before the first step, and may fail on some."""
        return self.random and self.at == "0"

    @property
    def somewhere(self) -> bool:
        """Whether one step in its range is enough."""
        return self.kind == "exists"

    @property
    def everywhere(self) -> bool:
        """Whether it is about every index and step where its hypothesis holds."""
        return self.kind in ("identity", "inequality")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.claim.strip():
            raise ModelError(f"{self.id}: claim: it says nothing; write a comparison, such as claim='gamma >= 0'")
        if (self.kind == "order") != (self.path is not None):
            raise ModelError(f"{self.id}: an order statement needs a path, and only it; give path= or another kind")


@dataclass(frozen=True, kw_only=True)
class Statements(Declared):
    """A paper's statements and the quantities their formulas share, in order: each may use those before it."""

    paper: str
    quantities: tuple[Quantity, ...] = ()
    statements: tuple[Statement, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        ids = [statement.id for statement in self.statements]
        for name in ids:
            if ids.count(name) > 1:
                raise ModelError(f"statements: the id {name!r} is used twice; give each statement its own id")



def on(presets: tuple[str, ...], *statements: Statement) -> tuple[Statement, ...]:
    """These statements, not vacuous on these presets; what has presets, an instance or a path of its own keeps that."""
    return tuple(s if s.presets or s.instance or s.path else replace(s, presets=presets) for s in statements)


def is_claim(word: str) -> bool:
    """Whether a word is a claim as it is typed, such as "test_error <= 0.01", and no id."""
    return any(sign in word for sign in ("<", ">", "=="))
