"""Observables and events as plain frozen data: what a run can be asked for beside its coefficients.

Those of class heads stand in `observed_classes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .choices import Declared, Name, OptionalName, VariableName, nearest
from .data import laws_of
from .observable import KnownFrom, Observable


@dataclass(frozen=True, kw_only=True)
class Extreme(Observable):
    """max, max_abs or min over neurons of z on the family `of`, over all, own-class, other-class or one sign's heads.

    `per` = "example" keeps the example axis, "head" the head axis, "task" the task axis.  `of` may also name a
    coefficient, or vectors that a TaskLaw lets runs look at.  Entries are multiplied by the head's sign where `signed`,
    taken at the weights adapted to the task where `adapted` (bilevel algorithms), and no result is below the formula
    `floor`.
    """

    name: Name
    latex: str
    of: str
    reduce: Literal["max", "max_abs", "min"]
    heads: Literal["all", "on_class", "off_class", "plus", "minus"] = "all"
    per: tuple[Literal["example", "head", "task"], ...] = ()
    signed: bool = False
    adapted: bool = False
    floor: str = ""
    source: str = ""

    @property
    def one_number(self) -> bool:
        """Where no axis is kept."""
        return not self.per

    @property
    def needs_observed(self) -> bool:
        """At adapted weights, which the engine has."""
        return self.adapted

    @property
    def entries_of(self) -> str:
        """What the extreme is over."""
        return self.of

    @property
    def lower_bound(self) -> str:
        """The floor."""
        return self.floor

    def words(self, model: Any) -> dict[str, str]:
        """The reduction, what is reduced, and over which filters."""
        entry = self.of if self.of in _coefficients(model) else f"<w, {self.of}>"
        entry = f"j {entry}" if self.signed else entry
        largest = {"max": entry, "max_abs": f"|{entry}|", "min": entry}[self.reduce]
        most = "smallest" if self.reduce == "min" else "largest"
        where = " at the weights adapted to the task" if self.adapted else ""
        least = f", and at least {self.floor}" if self.floor else ""
        return {self.name: f"{most} {largest}{where}, {self._over(model)}{least}"}

    def _over(self, model: Any) -> str:
        """Over what the extreme is taken, and for what it is taken apart."""
        of = {"all": "all filters", "on_class": "the filters of the example's own head",
              "off_class": "the filters of the other heads", "plus": "the filters of head +1",
              "minus": "the filters of head -1"}[self.heads]
        family = next((each for each in model.directions if self.of in (each.name, each.coefficient.name)), None)
        held = None if family is None else family.index_set
        vectors = {"example": held is not None and held.per_example, "task": held is not None and held.per_task}
        also = [f"{name}s" for name, there in vectors.items() if there and name not in self.per]
        also += ["classes"] if held is not None and held.per_class else []
        apart = f", for each {' and '.join(self.per)}" if self.per else ""
        return " and ".join([f"over {of}", *also]) + apart

    def refusal(self, model: Any) -> str:
        """It is of a family, a coefficient, or vectors that a law lets runs look at."""
        laws = [law for family in model.directions for law in laws_of(family) if law is not None]
        watched = {name for law in laws for name in law.watched}
        return _undeclared(self, {family.name for family in model.directions} | _coefficients(model) | watched)


@dataclass(frozen=True, kw_only=True)
class Shifted(Observable):
    """A per-example definition of the recursion (such as l1) times a constant plus a constant."""

    name: Name
    latex: str
    of: str
    plus: float
    times: float = 1.0
    source: str = ""

    @property
    def definition(self) -> str:
        """What is shifted."""
        return self.of


    def words(self, model: Any) -> dict[str, str]:
        """The definition, what it is taken times, and what is added."""
        what = {"l1": "l', the loss's derivative at the margin"}.get(self.of, f"the recursion's {self.of}")
        times = {1.0: "", -1.0: "minus "}.get(self.times, f"{self.times:g} times ")
        return {self.name: f"{times}{what}{f', plus {self.plus:g}' if self.plus else ''}, for each example"}

@dataclass(frozen=True, kw_only=True)
class Total(Observable):
    """The sum of the coefficient `of` over its family, for every filter."""

    name: Name
    latex: str
    of: str
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False

    @property
    def entries_of(self) -> str:
        """The coefficient."""
        return self.of

    def words(self, model: Any) -> dict[str, str]:
        """The sum."""
        return {self.name: f"sum of {self.of} over its family, for each filter"}

    def refusal(self, model: Any) -> str:
        """It is of a coefficient."""
        return _undeclared(self, _coefficients(model))


@dataclass(frozen=True, kw_only=True)
class Distance(Observable):
    """||W - W*||_F for W* = W(0) + `scale` sum_{i : head is y_i's} v_i / ||v_i||^2 over the family `of`."""

    from_start = True
    by_inner_products = True

    name: Name
    latex: str
    of: str
    scale: str
    source: str = ""

    @property
    def one_number(self) -> bool:
        """A norm."""
        return True


    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False


    def words(self, model: Any) -> dict[str, str]:
        """The norm, and what W* is."""
        star = f"W(0) + {self.scale} sum_i {self.of}_i / ||{self.of}_i||^2, i over a head's own examples"
        return {self.name: f"||W - W*||_F to W* = {star}"}

@dataclass(frozen=True, kw_only=True)
class NeuronNorm(Observable):
    """||w_{h,r}|| of every filter."""

    by_inner_products = True

    name: Name
    latex: str
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False


    def words(self, model: Any) -> dict[str, str]:
        """A norm a filter."""
        return {self.name: "length ||w|| of each filter"}

@dataclass(frozen=True, kw_only=True)
class Spectral(Observable):
    """A number of each head's matrix W_h and of all of them stacked, from its singular values s_1 >= s_2 >= ...

    "frobenius" ||W||_F, "spectral" s_1, "stable_rank" ||W||_F^2 / s_1^2, "stable_rank_excess" sum_{k>1} s_k^2 / s_1^2.
    """

    decomposes = True
    by_inner_products = True

    name: Name
    latex: str
    what: Literal["frobenius", "spectral", "stable_rank", "stable_rank_excess"]
    source: str = ""

    @property
    def needs_observed(self) -> bool:
        """W tells."""
        return False


    def words(self, model: Any) -> dict[str, str]:
        """Which number of a matrix."""
        what = {
            "frobenius": "Frobenius norm ||W||_F", "spectral": "largest singular value ||W||_2",
            "stable_rank": "stable rank ||W||_F^2 / ||W||_2^2",
            "stable_rank_excess": "stable rank minus 1, without cancellation",
        }[self.what]
        return {self.name: f"{what}, of each head's matrix and of all stacked"}

@dataclass(frozen=True, kw_only=True)
class NormalisedMargin(Observable):
    """Each example's margin over ||W||_F; with `spread`, the largest minus the smallest."""

    name: Name
    latex: str
    spread: bool = False
    source: str = ""

    @property
    def one_number(self) -> bool:
        """The spread."""
        return self.spread


    def words(self, model: Any) -> dict[str, str]:
        """A margin over a norm, or how far these lie apart."""
        if self.spread:
            return {self.name: "largest minus smallest margin over examples, divided by ||W||_F"}
        return {self.name: "margin of each example divided by ||W||_F"}

@dataclass(frozen=True, kw_only=True)
class MaxMargin(Observable):
    """How far W is from satisfying the KKT conditions of min ||W||_F^2 / 2 over margins of at least 1 (signed heads).

    "residual": min over lambda >= 0 of ||W - sum_i lambda_i grad z_i||_F / ||W||_F, z_i the margins; "slackness":
    max_i lambda_i (z_i / min z - 1) at the feasible W / min z, NaN where min z is not above 0 and no multiple of W is
    feasible.  For activations homogeneous of degree one.
    """

    decomposes = True
    of_separated = True

    name: Name
    latex: str
    what: Literal["residual", "slackness"] = "residual"
    source: str = ""

    @property
    def one_number(self) -> bool:
        """A norm, or a maximum."""
        return True

    def words(self, model: Any) -> dict[str, str]:
        """Which of the conditions, and where it has no value."""
        where = "; NaN until every margin is positive" if self.what == "slackness" else ""
        what = {
            "residual": "distance of W to the nonnegative combinations of the margins' gradients, over ||W||_F",
            "slackness": "largest lambda_i (margin_i / least margin - 1), lambda the nearest combination's weights",
        }[self.what]
        return {self.name: what + where}

    def refusal(self, model: Any) -> str:
        """Its gradients are of margins y f, of a network that is homogeneous of degree one."""
        if model.network.head_axis.signed and model.network.activation.kind.homogeneous:
            return ""
        return "observables: max-margin conditions need signed heads and relu or leaky_relu"


@dataclass(frozen=True, kw_only=True)
class NearOrthogonality(Observable):
    """R_min^2 / (R^2 n p) of the family `of` over examples: R_min and R_max the lengths, R their ratio.

    p = max_{i != k} |<v_i, v_k>|; infinite where p is 0.
    """

    known_from = KnownFrom.DATA

    name: Name
    latex: str
    of: str
    source: str = ""


    def words(self, model: Any) -> dict[str, str]:
        """The ratio."""
        return {self.name: f"R_min^2 / (R^2 n p), how nearly orthogonal {self.of}_i are; p the largest |<v_i, v_k>|"}

@dataclass(frozen=True, kw_only=True)
class Flips(Observable):
    """How many (head, filter, example, patch) have changed their side of the activation's kink in steps 1..t.

    Every step is looked at, whatever is recorded.  `last` names one more variable: the last change's step t, that is
    the first from which the pattern stays; 0 where nothing changed.
    """

    known_from = KnownFrom.RUN

    name: Name
    latex: str
    heads: Literal["all", "on_class", "off_class"] = "all"
    last: OptionalName = ""
    source: str = ""

    @property
    def also(self) -> tuple[str, ...]:
        """The last change's step, where it is named."""
        return (self.last,) if self.last else ()


    def words(self, model: Any) -> dict[str, str]:
        """The count, and the last change's step."""
        which = {"all": "", "on_class": " of own heads", "off_class": " of other heads"}[self.heads]
        last = f"step of the last flip{which}, the first from which the pattern stays to the run's end; 0: none"
        return {self.name: f"activation flips{which} in steps 1..t", **dict.fromkeys(self.also, last)}

@dataclass(frozen=True, kw_only=True)
class Event(Declared):
    """The first step t at which every entry of `observable` stands in `relation` to `threshold` (a formula).

    So it is the smallest entry that decides for ">=", and the largest for "<=".  The observable is any variable of a
    run; one that a state alone does not determine (of fresh examples, or a count of flips) is watched at no step, and
    the run says so.
    """

    name: Name
    latex: str
    observable: VariableName
    relation: Literal[">=", "<="]
    threshold: str
    source: str = ""


def _coefficients(model: Any) -> set[str]:
    return {family.coefficient.name for family in model.directions}


def _undeclared(each: Observable, known: set[str]) -> str:
    """The refusal of an observable of something that the model does not have."""
    if each.entries_of in known:
        return ""
    return f"{each.name}: of {each.entries_of!r}, which is not declared; {nearest(each.entries_of, sorted(known))}"
