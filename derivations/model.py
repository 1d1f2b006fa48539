"""The declaration of a model: data, network, objective, algorithm and laws, as plain frozen data.

Every patch of every example is a scale times a direction, w_s are the filters, and training sees the
data through z_{s,b} = <w_s, v_b> alone (DESIGN, "The one idea").  A model says which directions there
are, how patches are made of them, and what is minimised; `derivations.derive` does the rest.

This module imports no SymPy, so that a run of a shipped setting can read a declaration without it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, fields
from typing import Any, Literal

Value = float | int | bool | str | None
Heads = Literal["signed", "class"]
Over = Literal["one", "class", "sample"]
Scale = Literal["one", "label"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: ASCII name, LaTeX, meaning with unit, range, published default and its source.

    `low` and `high` bound a number (`open_low` excludes the lower end); `choices` lists a choice's values.
    A `structural` parameter selects the derivation; every other one is an argument at run time.
    """

    name: str
    latex: str
    meaning: str
    kind: Literal["count", "real", "flag", "choice"]
    default: Value = None
    source: str = ""
    low: float | None = None
    open_low: bool = False
    high: float | None = None
    choices: tuple[str, ...] = ()
    structural: bool = False


@dataclass(frozen=True, kw_only=True)
class FixedLaw:
    """Directions that are the same for every example: mutually orthogonal vectors of length `norm` (a parameter)."""

    norm: str


@dataclass(frozen=True, kw_only=True)
class GaussianLaw:
    """One fresh vector per example, N(0, std^2 P); P projects off the families `off` where the flag `off_when` is set."""

    std: str
    off: tuple[str, ...] = ()
    off_when: str = ""


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """How a paper reads its coefficient off b: times ||v||^2 where `scaled`, times the head's sign j where `signed`.

    `split` adds the two sign classes: NAME_over where the head is the example's own class, NAME_under elsewhere.
    """

    name: str
    latex: str
    scaled: bool = True
    signed: bool = False
    split: bool = False


@dataclass(frozen=True, kw_only=True)
class Directions:
    """A family of directions: one vector, one a class, or one an example."""

    name: str
    over: Over
    latex: str
    coefficient: Coefficient
    law: FixedLaw | GaussianLaw | None = None


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch of example i: the family's vector for i, times y_i where `scale` is "label"."""

    direction: str
    scale: Scale = "one"


@dataclass(frozen=True, kw_only=True)
class Activation:
    """sigma: "relu_power" (ReLU^power), "relu", "leaky_relu" (`slope`) or "huberized_relu" (`width` h).

    `at_kink` is the derivative's value at 0, 0 or 1, of relu and of leaky_relu's steep branch.
    """

    name: Literal["relu_power", "relu", "leaky_relu", "huberized_relu"]
    power: int = 1
    slope: float = 0.0
    width: float = 0.5
    at_kink: Literal[0, 1] = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """F_h(x) = kappa sum_{r<=m} sum_patches sigma(<w_{h,r}, x^(p)>), kappa = 1/m (mean) or 1 (sum).

    "signed" heads: j in {+1,-1} (index 0 is +1), f = F_{+1} - F_{-1}, labels +-1.
    "class" heads: k in 0..K-1, one output each, labels 0..K-1.
    """

    heads: Heads
    activation: Activation
    classes: int = 2


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The mean loss over examples, plus (c lam) times a squared gradient norm: none, per example (mean) or full.

    Signed heads: "logistic" l(y f) = log(1 + e^{-yf}) or "exponential" e^{-yf}; class heads: "cross_entropy".
    c is 1/2 where the flag `penalty_half` is set, else 1; `lam` is on for t <= `lam_until` (absent: always).
    """

    loss: Literal["logistic", "exponential", "cross_entropy"]
    penalty: Literal["none", "per_example", "full"] = "none"


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    """Full-batch gradient descent with constant step eta; two phases where the penalty is closed at lam_until."""

    step: str = "eta"


@dataclass(frozen=True, kw_only=True)
class GaussianInitialisation:
    """Filter entries i.i.d. N(0, std^2)."""

    std: str = "sigma_0"


@dataclass(frozen=True, kw_only=True)
class FreshLaw:
    """A fresh example: a fresh label, the fixed directions as in training, the families `fresh` drawn again."""

    fresh: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Extreme:
    """max, max_abs or min over neurons of z on the family `of`, over all, own-class or other-class heads.

    `per` = "example" keeps the example axis, "head" keeps the head axis.  `of` may also name a coefficient.
    """

    name: str
    latex: str
    of: str
    reduce: Literal["max", "max_abs", "min"]
    heads: Literal["all", "on_class", "off_class"] = "all"
    per: tuple[Literal["example", "head"], ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """A per-example definition of the recursion (such as l1) plus a constant."""

    name: str
    latex: str
    of: str
    plus: float
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """||W - W*||_F for W* = W(0) + `scale` sum_{i : head is y_i's} v_i / ||v_i||^2 over the family `of`."""

    name: str
    latex: str
    of: str
    scale: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """The first step t at which the smallest entry of `observable` stands in `relation` to `threshold` (a formula)."""

    name: str
    latex: str
    observable: str
    relation: Literal[">=", "<="]
    threshold: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model, whole.  See `derivations.papers` for the four papers' declarations.

    Shapes: W (H, m, d) with H heads; z and b (H, m, B) with B directions, families one after another.
    Raises ValueError, in one sentence, where the parts do not fit together.
    """

    name: str
    title: str
    directions: tuple[Directions, ...]
    patches: tuple[Patch, ...]
    network: Network
    objective: Objective
    algorithm: GradientDescent = GradientDescent()
    initialisation: GaussianInitialisation = GaussianInitialisation()
    test: FreshLaw = FreshLaw()
    parameters: tuple[Parameter, ...] = ()
    observables: tuple[Extreme | Shifted | Distance, ...] = ()
    events: tuple[Event, ...] = ()
    label_flips: str = ""

    def __post_init__(self) -> None:
        names = [family.name for family in self.directions]
        for name in names:
            if not name.isidentifier():
                raise ValueError(f"directions: the family name {name!r} is not an identifier; use letters, digits and _")
            if names.count(name) > 1:
                raise ValueError(f"directions: the family {name!r} is declared twice; give each family its own name")
        variables = [family.coefficient.name for family in self.directions] + [o.name for o in self.observables]
        for name in variables:
            if variables.count(name) > 1:
                raise ValueError(f"observables: the name {name!r} is declared twice; give each variable its own name")
        for patch in self.patches:
            if patch.direction not in names:
                raise ValueError(f"patches: {patch.direction!r} is not a declared family; expected one of {names}")
        if not self.patches:
            raise ValueError("patches: a model needs at least one patch")
        signed, loss, act = self.network.heads == "signed", self.objective.loss, self.network.activation
        if signed != (loss != "cross_entropy"):
            raise ValueError(
                f"loss: {loss!r} does not go with {self.network.heads} heads; signed heads take 'logistic' "
                "or 'exponential', class heads take 'cross_entropy'"
            )
        if not signed and any(patch.scale == "label" for patch in self.patches):
            raise ValueError("patches: scale 'label' needs labels +-1, so signed heads; use a family over classes")
        if signed and any(family.over == "class" for family in self.directions):
            raise ValueError("directions: a family over classes needs class heads; use scale 'label' with signed heads")
        if act.name == "relu_power" and act.power < 2:
            raise ValueError(f"q: {act.power} is below 2, and ReLU^q is smooth at 0 only from q = 2; use 'relu' for q = 1")
        if self.network.classes < 2:
            raise ValueError(f"K: {self.network.classes} classes; expected at least 2")

    @property
    def n_heads(self) -> int:
        """Heads: 2 signed ones, or one a class."""
        return 2 if self.network.heads == "signed" else self.network.classes

    def family(self, name: str) -> Directions:
        """The family of that name (KeyError otherwise)."""
        return {family.name: family for family in self.directions}[name]

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name (KeyError otherwise)."""
        return {parameter.name: parameter for parameter in self.parameters}[name]

    def sizes(self, n: int) -> dict[str, int]:
        """Vectors in each family, for n examples, in declared order."""
        count = {"one": 1, "class": self.network.classes, "sample": n}
        return {family.name: count[family.over] for family in self.directions}

    def offsets(self, n: int) -> dict[str, int]:
        """Where each family starts on the direction axis, for n examples; "" is the axis's length."""
        start, at = {}, 0
        for name, size in self.sizes(n).items():
            start[name], at = at, at + size
        return {**start, "": at}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Named parameter values with where they come from."""

    name: str
    values: tuple[tuple[str, Value], ...]
    steps: int
    source: str


def to_plain(value: Any) -> Any:
    """A declaration as JSON-ready dictionaries, lists and scalars; the class is kept under "is"."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__, **{f.name: to_plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(plain: Any) -> Any:
    """The inverse of `to_plain`.  Raises KeyError for a class this module does not declare."""
    if isinstance(plain, dict):
        kind = _DECLARED[plain["is"]]
        return kind(**{key: from_plain(item) for key, item in plain.items() if key != "is"})
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    return plain


_DECLARED: dict[str, Any] = {
    name: kind for name, kind in list(globals().items()) if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}
