"""Declarations with any names, and wrong ones: each is refused in a sentence, or runs, and right.

`python -m tests.helpers.wild 5000` draws so many and says what became of them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from derivations.declare import Model, from_plain, to_plain
from derivations.derive import derive
from derivations.errors import ModelError
from dynamics.kernel.kernel import Kernel
from simulate.ask import parameters
from simulate.errors import Diverged, InputError
from simulate.observe import fresh
from simulate.run import problem
from simulate.run.run import run
from simulate.start.neurons import on_axes
from simulate.start.scalars import any_scalars
from simulate.testing import Instance, clear, one_step, plain_kernel, residual

TOLERANCE = 1e-12
KINKS = np.array([0.0, 0.5])
FREE = (
    "mu", "xi", "xi1", "xi_1", "xi_", "a", "a_b", "b", "b_b", "a_b_b", "x", "x1", "x_1", "_", "__", "_x", "slope_x",
    "G", "G_a", "u", "v", "u_a", "v_a", "p", "e", "F", "f", "margin", "w0", "q0", "v0", "s0", "ws0", "h", "m_",
    "given_a", "at_a", "relu_a", "step_a", "gram", "row", "nu", "label", "total", "rho", "rho_over", "A", "O",
    "sigma", "dsigma", "S", "I", "E", "N", "Q", "pi", "beta", "gamma", "near", "D", "step", "run", "at", "g", "b0",
    "l7", "l0", "float", "range", "np",
)
"""Names that anybody may take: prefixes of each other, with underscores, SymPy's symbols and the kernel's own."""
TAKEN = (
    "l1", "l2", "loss", "r", "i", "j", "k", "t", "kappa", "c", "lambda", "class", "None", "W", "y", "clean", "T",
    "seed", "zeta", "norm", "own", "max", "log", "relu", "exp", "two words", "1st", "", "lam_t", "train", "status",
    "n", "eta", "z_xi", "G_a_b", "inner_a", "test_error", "A_heads",
)
"""Names that some or all things of a model may not have."""
WRONG: tuple[Any, ...] = (
    0.1, -1, True, None, "", "nope", "mu", "lambda", ["mu"], [], {"is": "Nothing"}, "1 +", "relu", "max", "sample",
    10**400, float("nan"), "log(n)", "xi1", "on_class", ["example", "example"], {"is": "FixedLaw", "norm": "n"},
)
"""What may stand in place of anything."""
ENTRIES = ("uniform", "rademacher", "student", "sparse")
SCALARS = (
    "Constant", "OfLabel", "RandomSign", "Bernoulli", "GaussianScalar", "UniformScalar", "GivenScalar", "MixedLabel",
    "Row",
)
SIZES: Mapping[str, Any] = {"n": 3, "m": 2, "d": 7}


@st.composite
def wild(draw: Any) -> dict[str, Any]:
    """A declaration as plain data, its names drawn; some of them with something in it replaced by something else."""
    often = st.sampled_from([False, False, False, True])
    drawn = draw(st.permutations(FREE))[:30]
    if draw(often):
        drawn[draw(st.integers(0, 12))] = draw(st.sampled_from(TAKEN))
    names = iter(drawn)
    signed = draw(st.booleans())
    overs = draw(st.lists(st.sampled_from(["one", "sample"] if signed else ["one", "class", "sample"]), min_size=1,
                          max_size=3))
    own, known = [next(names) for _ in overs], [next(names) for _ in range(6)]
    std, length, slope, *options = known

    def law(over: str, at: int) -> dict[str, Any] | None:
        if over != "sample":
            return {"is": "FixedLaw", "norm": length}
        fixed = [name for name, each in zip(own, overs, strict=True) if each != "sample"]
        off = {"off": fixed if draw(often) else [], "off_when": ""}
        entries = draw(st.sampled_from([None, None, None, *ENTRIES]))
        if entries is None:
            return {"is": "GaussianLaw", "std": std, **off}
        takes = {"student": {"freedom": 3.5}, "sparse": {"share": std}}.get(entries, {})
        return {"is": "EntryLaw", "std": std, "entries": entries, **takes, **off}

    def coefficient(over: str) -> dict[str, Any]:
        examples = over == "sample"
        return {"is": "Coefficient", "name": next(names), "latex": "c", "scaled": draw(st.booleans()),
                "signed": signed and draw(st.booleans()), "labelled": signed and examples and draw(often),
                "split": examples and draw(often)}

    families = [
        {"is": "Directions", "name": name, "over": over, "latex": "v", "coefficient": coefficient(over),
         "law": law(over, at)}
        for at, (name, over) in enumerate(zip(own, overs, strict=True))
    ]
    labels = ["label", "clean"] if signed else []
    scales = st.sampled_from(["one", *labels])
    held = draw(st.lists(st.sampled_from(own), min_size=1, max_size=3))
    patches: list[Any] = [{"is": "Patch", "direction": name, "scale": draw(scales)} for name in held]
    if draw(often):
        scalars = [_scalar(draw(st.sampled_from(SCALARS)), next(names), slope) for _ in range(2)]
        factors = st.lists(st.sampled_from([*scalars, *labels]), max_size=2)
        terms = [{"is": "Term", "direction": draw(st.sampled_from(own)), "scale": draw(factors)} for _ in range(2)]
        patches[0] = {"is": "SumPatch", "terms": [*terms, *patches[:1]]}
    activation = draw(st.sampled_from([
        {"name": "relu"}, {"name": "relu_power", "power": 2}, {"name": "leaky_relu", "slope": slope},
        {"name": "huberized_relu", "width": slope}, {"name": f"z*sigmoid({slope}*z)"}, {"name": f"tanh({slope}*z)"},
    ]))
    used = draw(st.lists(st.sampled_from(["momentum", "weight_decay", "radius"]), max_size=2, unique=True))
    plain: dict[str, Any] = {
        "is": "Model", "name": "wild", "title": "", "directions": families,
        "patches": patches,
        "network": {"is": "Network", "heads": "signed" if signed else "class", "classes": 2 if signed else 3,
                    "activation": {"is": "Activation", **activation},
                    "second_layer": _of_neurons("SecondLayer", next(names), std) if draw(often) else None,
                    "biases": _of_neurons("Biases", next(names), std) if draw(often) else None},
        "objective": {"is": "Objective", "penalty": draw(st.sampled_from([*["none"] * 3, "per_example", "full"])),
                      "loss": draw(st.sampled_from(["logistic", "exponential"])) if signed else "cross_entropy"},
        "algorithm": {"is": "GradientDescent", **dict(zip(used, options, strict=False))},
        "angles": [{"is": "Angle", "first": draw(st.sampled_from(own)), "second": draw(st.sampled_from(own)),
                    "cosine": draw(st.sampled_from([0.5, -0.3, 0, slope]))}] if draw(often) else [],
        "test": {"is": "FreshLaw", "fresh": [name for name, over in zip(own, overs, strict=True) if over == "sample"]},
        "observables": draw(st.lists(_observable(own, names, signed), max_size=2)) if draw(often) else [],
        "parameters": [*_numbers(), *(_number(name, 0.5) for name in known)],
    }
    watched = ["loss", "test_error", "margins", *(each["name"] for each in plain["observables"])]
    plain["events"] = [
        {"is": "Event", "name": next(names), "latex": "", "observable": draw(st.sampled_from(watched)),
         "relation": "<=", "threshold": draw(st.sampled_from(["0.1", f"{std}/2", "log(n)", "nope"]))}
    ] if draw(often) else []
    if draw(often):
        numbers = st.sampled_from(["eta", "lam", *options[: len(used)], std, "nope"])
        formula = st.sampled_from(
            ["{0}/(1 + t)", f"{{0}}*exp(-t/{slope})", "where(t < 1, 0, {0})", "{0}", "{0} + nope*t"])
        plain["algorithm"]["schedules"] = [
            {"is": "Schedule", "of": of, "formula": draw(formula).format(of)}
            for of in draw(st.lists(numbers, min_size=1, max_size=2))]
    if signed and plain["objective"]["penalty"] == "none" and draw(often):
        blend = {**_scalar("MixedLabel", next(names), slope), "observed": True}
        plain["objective"]["mixed_labels"] = {**blend, "by": {"is": "Mixup", "name": "pairs_", "share": slope}}
    if draw(often):
        places = list(_places(plain))
        change = places[draw(st.integers(0, len(places) - 1))]
        change(draw(st.sampled_from(WRONG)))
    return plain


def _observable(own: list[str], names: Iterator[str], signed: bool) -> st.SearchStrategy[dict[str, Any]]:
    """An observable of some family, with heads and axes that it may not have."""
    of = st.sampled_from(own)
    return st.one_of(
        st.fixed_dictionaries({
            "is": st.just("Extreme"), "name": st.builds(lambda: next(names)), "latex": st.just(""), "of": of,
            "reduce": st.sampled_from(["max", "max_abs", "min"]),
            "heads": st.sampled_from(["all", "all", "on_class", "off_class", "plus"]),
            "per": st.lists(st.sampled_from(["example", "head"]), max_size=2), "signed": st.booleans(),
            "floor": st.sampled_from(["", "", "-1/n"]),
        }),
        st.fixed_dictionaries({
            "is": st.sampled_from(["NearOrthogonality", "ActiveShare"]), "name": st.builds(lambda: next(names)),
            "latex": st.just(""), "of": of}),
        st.fixed_dictionaries({
            "is": st.sampled_from(["NeuronNorm", "NormalisedMargin", "Flips", "Complement", "MaxMargin"]),
            "name": st.builds(lambda: next(names)), "latex": st.just("")}),
        st.fixed_dictionaries({
            "is": st.just("Distance"), "name": st.builds(lambda: next(names)), "latex": st.just(""), "of": of,
            "scale": st.sampled_from(["1", "m*n"])}),
    )


def _of_neurons(kind: str, name: str, parameter: str) -> dict[str, Any]:
    """A second layer or biases."""
    return {"is": kind, "name": name, "latex": "a", "initial": parameter, "std": parameter}


def _mixing(parameter: str) -> dict[str, Any]:
    """A mixing matrix; one in two is a graph's."""
    if len(parameter) % 2:
        return {"is": "Mixup", "name": "mixing_", "share": parameter}
    return {"is": "GraphConvolution", "name": "mixing_", "same": parameter, "other": 0.25}


def _scalar(kind: str, name: str, parameter: str) -> dict[str, Any]:
    """A scalar of an example, with a parameter where it has a number."""
    own: dict[str, dict[str, Any]] = {"Constant": {"value": parameter}, "OfLabel": {"plus": parameter, "minus": 0.25},
           "Bernoulli": {"probability": parameter}, "GaussianScalar": {"std": parameter, "mean": 0.5},
           "UniformScalar": {"low": -1, "high": parameter}, "MixedLabel": {"by": _mixing(parameter), "observed": False}}
    if kind == "Row":
        return {"is": "Row", "by": _mixing(parameter)}
    return {"is": kind, "name": name, "latex": "", **own.get(kind, {})}


def _number(name: str, default: float, kind: str = "real") -> dict[str, Any]:
    return {"is": "Parameter", "name": name, "latex": "", "meaning": name, "kind": kind, "default": default, "low": 0}


def _numbers() -> list[dict[str, Any]]:
    sizes = [_number(name, value, "count") for name, value in SIZES.items()]
    return [*sizes, _number("sigma_0", 0.7), _number("eta", 0.3), _number("lam", 0.2)]


def _places(plain: Any) -> Iterator[Callable[[Any], None]]:
    """What puts something else into each place of a declaration."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in list(items):
        if key != "is":
            yield lambda new, key=key: plain.__setitem__(key, new)  # type: ignore[misc]
        yield from _places(value)


def outcome(plain: Mapping[str, Any]) -> str:
    """What becomes of a declaration: "refused", "right", or "left" where a comparison would prove nothing.

    Raises AssertionError for what is refused otherwise than in a sentence, and for what runs wrong; anything else that
    is raised is a defect.
    """
    try:
        model = from_plain(json.loads(json.dumps(plain)))
        if not isinstance(model, Model):
            raise ModelError("declaration: no model; give one")
    except ModelError as refusal:
        _sentence(str(refusal))
        return "refused"
    assert from_plain(to_plain(model)) == model
    kernel = plain_kernel(model)
    assert str(derive(model)) and derive(model).latex()
    resolved = parameters.resolve(model)
    rng = np.random.default_rng(len(repr(plain)))
    n, m, d = (int(float(str(resolved.values[name]))) for name in "nmd")
    if not (1 <= n <= 5 and 1 <= m <= 3 and 1 <= d <= 9):
        return "left"
    _runs(model, kernel)
    instance = _instance(model, dict(resolved.values), rng, n, m, d)
    return _right(instance, kernel)


def _sentence(text: str) -> None:
    assert ":" in text and "\n" not in text and 20 < len(text) < 1000, text


def _instance(model: Model, values: dict[str, Any], rng: np.random.Generator, n: int, m: int, d: int) -> Instance:
    d += len(model.network.axes)
    vectors = on_axes(rng.normal(size=(model.offsets(n)[""], d)) / np.sqrt(d), len(model.network.axes))
    labels = np.array(model.network.head_axis.labels)
    y = rng.choice(labels, size=n)
    clean = rng.choice(labels, size=n) if model.follows_clean else y
    weights = rng.normal(size=(model.n_heads, m, d))
    own = {"lam_until": None, **values}
    scalars = any_scalars(model, own, y, clean, rng)
    return Instance(model, own, vectors, weights, y, clean=clean, scalars=scalars)


def _right(instance: Instance, kernel: Kernel) -> str:
    """Whether a step is the one that training takes, where rounding decides nothing of it."""
    if not np.isfinite(one_step(instance, kernel)[0]).all() or not clear(instance, KINKS):
        return "left"
    found = residual(instance, kernel)
    assert found <= TOLERANCE, f"one step is off by {found:g}"
    return "right"


def _runs(model: Model, kernel: Kernel) -> None:
    """A run of two steps with every variable ends, or is refused in a sentence."""
    with plainly(kernel):
        try:
            run(model, steps=2, seed=1, record=[2])
        except (InputError, Diverged) as refusal:
            _sentence(str(refusal))


@contextmanager
def plainly(kernel: Kernel) -> Iterator[None]:
    """Every problem has this kernel, which needs no compilation, and few fresh examples."""
    few = partial(fresh.fresh_statistics, size=8)
    kernels, judged = (
        patch.object(problem, "kernel_for", lambda model: kernel), patch.object(fresh, "fresh_statistics", few))
    with kernels, judged, np.errstate(all="ignore"):
        yield


def many(count: int, seed: int | None = None) -> Counter[str]:
    """What became of so many."""
    found: Counter[str] = Counter()

    @given(wild())
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate], derandomize=seed is None)
    def each(plain: dict[str, Any]) -> None:
        """One of them."""
        try:
            found[outcome(plain)] += 1
        except Exception:
            print(json.dumps(plain), flush=True)
            raise

    each()
    return found


if __name__ == "__main__":
    print(dict(many(int(sys.argv[1]), seed=1)))

__all__ = ["many", "outcome", "wild"]
