"""Draws declarations as plain data, with any names and all words; some of them with something wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from derivations.declare import FORMULAS as FORMULA_WORDS
from derivations.declare.activations import fields_read
from simulate.testing import FORMULAS, LOSS_FORMULAS
from tests.helpers.wild_observables import observable
from tests.helpers.wild_tasks import TwoLoops

Plain = dict[str, Any]
FREE = (
    "mu", "xi", "xi1", "xi_1", "xi_", "a", "a_b", "b", "b_b", "a_b_b", "x", "x1", "x_1", "_", "__", "_x", "slope_x",
    "G", "G_a", "u", "v", "u_a", "v_a", "p", "e", "F", "f", "margin", "w0", "q0", "v0", "s0", "ws0", "h", "m_",
    "given_a", "at_a", "relu_a", "step_a", "gram", "row", "nu", "label", "total", "rho", "rho_over", "A", "O",
    "sigma", "dsigma", "S", "I", "E", "N", "Q", "pi", "beta", "gamma", "near", "D", "step", "run", "g", "b0",
    "l7", "l0", "float", "range", "np",
)
"""Names that anybody may take: prefixes of each other, with underscores, SymPy's symbols and the kernel's own."""
TAKEN = (
    "l1", "l2", "loss", "r", "i", "j", "k", "t", "kappa", "c", "lambda", "class", "None", "W", "y", "clean", "T",
    "seed", "zeta", "norm", "own", "max", "log", "relu", "exp", "two words", "1st", "", "lam_t", "train", "status",
    "n", "eta", "z_xi", "G_a_b", "inner_a", "test_error", "A_heads", "bias", "test_y", "z", "d", "at",
)
"""Names that some or all things of a model may not have."""
WRONG: tuple[Any, ...] = (
    0.1, -1, True, None, "", "nope", "mu", "lambda", ["mu"], [], {"is": "Nothing"}, "1 +", "relu", "max", "sample",
    10**400, float("nan"), "log(n)", "xi1", "on_class", ["example", "example"], {"is": "FixedLaw", "norm": "n"},
)
"""What may stand in place of anything."""
KINDS = ("one loop", "one loop", "one loop", "one pass", "two loops")
ENTRIES = ("uniform", "rademacher", "student", "sparse")
SCALARS = (
    "Constant", "OfLabel", "RandomSign", "Bernoulli", "GaussianScalar", "UniformScalar", "GivenScalar", "MixedLabel",
    "Row", "Row",
)
SIZES: Mapping[str, Any] = {"n": 3, "m": 2, "d": 7}
OPTIONS = ("batch", "momentum", "weight_decay", "radius", "label_noise", "clip", "normalised")
OF_ONE_PASS = ("radius", "clip", "normalised")
FLAG, COUNT, SHARE = "flag_", "two_", "share_"
"""Parameters that are no plain real: a flag, the whole number 2, and a probability."""
LOSSES = ("logistic", "logistic", "exponential", *LOSS_FORMULAS)


class Drawn:
    """One declaration while it is drawn: its names, its heads, and what may be chosen."""

    def __init__(self, draw: Any, kinds: Sequence[str]) -> None:
        self.draw = draw
        drawn = draw(st.permutations(FREE))[:50]
        if self.rarely():
            drawn[draw(st.integers(0, 12))] = draw(st.sampled_from(TAKEN))
        self.names = iter(drawn)
        self.signed: bool = draw(st.booleans())
        kind = draw(st.sampled_from(kinds))
        self.one_pass, self.loops = kind == "one pass", TwoLoops(self) if kind == "two loops" else None
        overs = ["one", "sample", *([] if self.signed else ["class"]), *(["task"] if self.loops else [])]
        self.overs = draw(st.lists(st.sampled_from(overs), min_size=1, max_size=3))
        self.own = [next(self.names) for _ in self.overs]
        self.std, self.length, self.slope, *self.options = (next(self.names) for _ in range(6))
        self.examples = [name for name, over in zip(self.own, self.overs, strict=True) if over == "sample"]
        self.fixed = [name for name in self.own if name not in self.examples]
        self.odd = self.loops is None or (self.rarely() and self.rarely())  # two loops take little of what one takes
        self.labels = (["label", "clean"] if self.odd else ["label"]) if self.signed else []
        self.flipped = self.signed and self.odd and self.rarely()

    def rarely(self) -> bool:
        """One in four."""
        return bool(self.one_of(False, False, False, True))

    def one_of(self, *choices: Any) -> Any:
        """Any of them."""
        return self.draw(st.sampled_from(choices))

    def some(self, choices: Any, least: int = 0, most: int = 2) -> list[Any]:
        """A few of them, each once."""
        return list(self.draw(st.lists(st.sampled_from(choices), min_size=least, max_size=most, unique=True)))

    # what a declaration is made of

    def families(self) -> list[Plain]:
        """Families with their laws and coefficients."""
        return [{"is": "Directions", "name": name, "over": over, "latex": "v", "coefficient": self.coefficient(over),
                 "law": self.law(over)} for name, over in zip(self.own, self.overs, strict=True)]

    def law(self, over: str) -> Plain | None:
        """A law of vectors that may be had over this index, most of the time."""
        if over == "task" and self.loops:
            return self.loops.law()
        if over != "sample":
            fixed = {"is": "FixedLaw", "norm": self.length}
            return dict(self.one_of(*[fixed] * 8, {"is": "GaussianLaw", "std": self.std}))
        off: Plain = {"off": self.fixed if self.rarely() else [], "off_when": ""}
        gaussian = {"is": "GaussianLaw", "std": self.std, **off}
        own = ("mixture", "chosen") if self.signed else ("class",)
        kind = "" if self.one_pass or not self.odd else self.one_of("", "", "", "", *ENTRIES, *own, "none")
        if kind in ENTRIES:
            takes = {"student": {"freedom": 3.5}, "sparse": {"share": self.std}}.get(kind, {})
            return {"is": "EntryLaw", "std": self.std, "entries": kind, **takes, **off}
        mixture = {"is": "MixtureLaw", "mean_norm": self.length, "std": self.std}
        of_classes = {"is": "ClassNoiseLaw", "entries": "shape_", "spread": self.std, "ratio": "ratio_", **off}
        chosen = {"is": "ChosenLaw", "by": "shape_", "laws": [["gaussian", gaussian], ["uniform", mixture]]}
        laws: dict[str, Plain | None] = {"mixture": mixture, "none": None, "class": of_classes, "chosen": chosen}
        return laws.get(kind, gaussian)

    def coefficient(self, over: str) -> Plain:
        """A coefficient with its signs."""
        examples = over == "sample"
        return {"is": "Coefficient", "name": next(self.names), "latex": "c", "scaled": self.draw(st.booleans()),
                "signed": self.signed and self.draw(st.booleans()),
                "labelled": self.signed and examples and self.rarely(), "split": examples and self.rarely()}

    def patches(self) -> list[Plain]:
        """Patches, some of them sums of terms with scalars and rows."""
        scale = st.sampled_from(["one", *self.labels])
        held = self.draw(st.lists(st.sampled_from(self.own), min_size=1, max_size=3))
        patches: list[Plain] = [{"is": "Patch", "direction": name, "scale": self.draw(scale)} for name in held]
        if self.flipped:
            patches[0]["scale"] = "clean"
        if self.odd and self.rarely():
            kinds = ("Constant", "OfLabel") if self.one_pass else SCALARS
            scalars = [self.scalar(self.one_of(*kinds)) for _ in range(2)]
            terms = [self.term([*scalars, *self.labels]) for _ in range(2)]
            terms = [each for each in terms[:1 if terms[0] == terms[1] else 2] if each["scale"]]
            patches[0] = {"is": "SumPatch", "terms": [*terms, *patches[:1]]}
        return patches

    def term(self, factors: list[Any]) -> Plain:
        """A term, mixed ones of a family over examples most of the time."""
        scale = self.draw(st.lists(st.sampled_from(factors), max_size=2, unique_by=repr))
        mixed = any(isinstance(each, dict) and each["is"] == "Row" for each in scale)
        of = self.examples if mixed and self.examples and not self.rarely() else self.own
        return {"is": "Term", "direction": self.one_of(*of), "scale": scale}

    def mixing(self) -> Plain:
        """A mixing matrix."""
        rows = [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.25, 0.25, 0.5]]
        return {**self.one_of({"is": "Mixup", "share": SHARE}, {"is": "GivenMixing", "rows": rows},
                              {"is": "GraphConvolution", "same": SHARE, "other": 0.25}), "name": "mixing_"}

    def scalar(self, kind: str) -> Plain:
        """A scalar of an example, with a parameter where it has a number."""
        number = self.slope
        own: dict[str, Plain] = {
            "Constant": {"value": number},
            "OfLabel": {"plus": number, "minus": 0.25, "clean": self.draw(st.booleans())},
            "Bernoulli": {"probability": SHARE}, "GaussianScalar": {"std": number, "mean": 0.5},
            "UniformScalar": {"low": -1, "high": number}, "MixedLabel": {"observed": self.draw(st.booleans())}}
        if kind == "Row":
            return {"is": "Row", "by": self.mixing()}
        by = {"by": self.mixing()} if kind == "MixedLabel" else {}
        return {"is": kind, "name": next(self.names), "latex": "", **own.get(kind, {}), **by}

    def activation(self) -> Plain:
        """A word or a formula."""
        worded = self.one_of(
            {"name": "relu"}, {"name": "relu", "at_kink": 1}, {"name": "relu_power", "power": 2},
            {"name": "leaky_relu", "slope": self.slope}, {"name": "huberized_relu", "width": self.slope},
            {"name": f"z*sigmoid({self.slope}*z)"}, {"name": f"tanh({self.slope}*z)"}, None, None)
        if worded is not None:
            return {"is": "Activation", **worded}
        name = self.one_of(*FORMULA_WORDS, *FORMULAS).replace("beta", self.slope)
        fields: Plain = {"slope": 0.1} if "slope" in fields_read(name) else {}
        return {"is": "Activation", "name": name, **fields}

    def of_neurons(self, kind: str) -> Plain | None:
        """A second layer or biases, rarely."""
        if self.one_pass or not self.odd or not self.rarely():
            return None
        return {"is": kind, "name": next(self.names), "latex": "a", "initial": self.one_of("", self.std),
                "std": self.one_of("", self.std)}

    def objective(self, algorithm: Plain) -> Plain:
        """A loss with a penalty, weights of labels, or mixed labels."""
        plain: Plain = {"is": "Objective", "loss": "cross_entropy", "penalty": self.one_of(
            *["none"] * 4, *(["per_example", "full"] if self.odd else []))}
        if not self.signed:
            return plain
        plain["loss"] = self.one_of(*LOSSES).replace("temp", self.slope)
        if not self.odd:
            return plain
        if self.rarely():
            plain["label_weights"] = self.one_of([0.5, self.slope], [2.0, 0.0], [1.0])
        elif plain["penalty"] == "none" and "label_noise" not in algorithm and self.rarely():
            plain["mixed_labels"] = {"is": "MixedLabel", "name": next(self.names), "observed": True,
                                     "by": self.mixing()}
        return plain

    def algorithm(self) -> Plain:
        """Gradient descent, one pass, or two loops, with options and schedules."""
        if self.loops:
            plain = self.loops.algorithm()
            return self.scheduled(plain, [self.loops.names["inner_step"]])
        named = self.some(OF_ONE_PASS if self.one_pass and not self.rarely() else OPTIONS)
        if "clip" in named and not self.rarely():  # which does not go with it
            named = [each for each in named if each != "normalised"]
        of_kind = {"batch": COUNT, "label_noise": SHARE}
        free = iter(self.options)
        given: Plain = {each: of_kind[each] if each in of_kind else next(free) for each in named}
        plain = {"is": "OnePass" if self.one_pass else "GradientDescent", **given}
        if self.one_pass:
            plain["redrawn"] = FLAG
        return self.scheduled(plain, list(given.values()))

    def scheduled(self, plain: Plain, given: list[str]) -> Plain:
        """The algorithm, some of its numbers by formulas of the step."""
        if self.rarely():
            others = self.one_of(["eta"], ["eta"], ["lam", self.std, "nope"])
            numbers = st.sampled_from(["eta", *given, *others])
            formula = st.sampled_from([
                *["{0}/(1 + t)", f"{{0}}*exp(-t/{self.slope})", "where(t < 1, 0, {0})"] * 5, "{0}", "{0} + nope*t"])
            plain["schedules"] = [
                {"is": "Schedule", "of": of, "formula": self.draw(formula).format(of)}
                for of in self.draw(st.lists(numbers, min_size=1, max_size=2, unique=True))]
        return plain

    def test(self) -> Plain:
        """Any test law."""
        if self.loops and not (self.odd and self.rarely()):
            return self.loops.test()
        flips = {"flips": False} if self.flipped and self.rarely() else {}
        kinds: list[Plain] = [{"is": "FreshLaw", "fresh": self.examples, **flips}] * 3 + [{"is": "HeldOutLaw"}]
        if self.examples:
            kinds += [{"is": "NearLaw", "near": self.examples, "std": self.std, **flips,
                       "labels": self.one_of("own", "own", "fresh")},
                      {"is": "CovarianceLaw", "fresh": self.examples, **flips}]
        return dict(self.one_of(*kinds))

    def model(self) -> Plain:
        """The declaration, right but for what cannot be had together."""
        algorithm, families = self.algorithm(), self.families()
        pair = self.fixed[:2] if len(self.fixed) > 1 and not self.rarely() else [self.own[0], self.one_of(*self.own)]
        angle = {"is": "Angle", "first": pair[0], "second": pair[1], "cosine": self.one_of(0.5, -0.3, 0, SHARE)}
        angled = self.odd and self.rarely() and (len(self.fixed) > 1 or self.rarely())
        plain: Plain = {
            "is": "Model", "name": "wild", "title": "", "directions": families, "patches": self.patches(),
            "network": {"is": "Network", "heads": "signed" if self.signed else "class",
                        "classes": 2 if self.signed else 3, "activation": self.activation(),
                        "second_layer": self.of_neurons("SecondLayer"), "biases": self.of_neurons("Biases")},
            "objective": self.objective(algorithm), "algorithm": algorithm,
            "angles": [angle] if angled else [],
            "test": self.test(),
            "label_flips": SHARE if self.flipped else "",
            "observables": [observable(self) for _ in range(self.one_of(1, 2))]
            if self.rarely() or (self.loops and self.rarely()) else [],
            "initialisation": {"is": "EntryInitialisation", "std": "sigma_0", "shape": "shape_"} if self.rarely()
            else {"is": "GaussianInitialisation", "std": "sigma_0"},
            "parameters": [*_numbers(), *(_number(name, 0.5) for name in (self.std, self.length, self.slope,
                                                                          *self.options)),
                           *(self.loops.parameters() if self.loops else [])],
            "balanced": FLAG if self.rarely() and (self.loops or (self.rarely() and self.rarely())) else "",
        }
        watched = ["loss", "test_error", "margins", *(each["name"] for each in plain["observables"])]
        threshold = self.one_of("0.1", f"{self.std}/2", "log(n)", "0.5", "1/n", "nope")
        plain["events"] = [{"is": "Event", "name": next(self.names), "latex": "", "observable": self.one_of(*watched),
                            "relation": "<=", "threshold": threshold}] if self.rarely() else []
        return plain


@st.composite
def wild(draw: Any, kinds: Sequence[str] = KINDS) -> Plain:
    """A declaration as plain data, its names drawn; some of them with something in it replaced by something else."""
    drawn = Drawn(draw, kinds)
    plain = drawn.model()
    if drawn.rarely():
        places = list(_places(plain))
        change = places[draw(st.integers(0, len(places) - 1))]
        change(draw(st.sampled_from(WRONG)))
    return plain


def _number(name: str, default: float, kind: str = "real") -> Plain:
    """A number from 0, without 0 where it is no count."""
    return {"is": "Parameter", "name": name, "latex": "", "meaning": name, "kind": kind, "default": default, "low": 0,
            "open_low": kind == "real"}


def _numbers() -> list[Plain]:
    sizes = [_number(name, value, "count") for name, value in SIZES.items()]
    flag = {"is": "Parameter", "name": FLAG, "latex": "", "meaning": "", "kind": "flag", "default": True}
    shape = {"is": "Parameter", "name": "shape_", "latex": "", "meaning": "", "kind": "choice", "default": "gaussian",
             "choices": ["gaussian", "uniform"]}
    return [*sizes, _number("sigma_0", 0.7), _number("eta", 0.3), _number("lam", 0.2), flag, shape,
            _number(COUNT, 2, "count"), _number(SHARE, 0.4), _number("ratio_", 2.0)]


def _places(plain: Any) -> Iterator[Callable[[Any], None]]:
    """What puts something else into each place of a declaration."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in list(items):
        if key != "is":
            yield lambda new, key=key: plain.__setitem__(key, new)  # type: ignore[misc]
        yield from _places(value)


__all__ = ["SIZES", "wild"]
