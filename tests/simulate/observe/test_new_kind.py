"""A kind of observable that only this file knows: one class, and every verb takes it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import gammarho as gr
from derivations import declare
from derivations.declare import Model, Observable, OfDensity, OfFresh, OfRun, OfStates, Patch, Statement, observed
from derivations.declare.observable import of_filters
from derivations.declare.views import Array, Counter, FreshView, RunView, Sizes, StateView, Steps, WeightView
from derivations.errors import ModelError
from derivations.papers.pegr.model import model as pegr
from simulate.ask.chosen import choose
from simulate.run.pieces import pieces
from simulate.run.problem import problem_of
from simulate.run.request import Request
from simulate.testing import plain_kernel
from tests.helpers.wild import plainly

SMALL = {"n": 4, "m": 2, "d": 12, "eta": 0.05}
STEPS = 5


@dataclass(frozen=True, kw_only=True)
class Energy(OfStates):
    """sum of z^2 over filters and directions: one number a state, of z alone."""

    name: str
    latex: str = ""
    source: str = ""

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {self.name: ("t",)}

    @property
    def needs_observed(self) -> bool:
        return False

    def value(self, states: StateView) -> Array | None:
        return np.asarray(np.sum(states.z**2, axis=(1, 2, 3)))

    def arrays(self, sizes: Sizes) -> dict[str, float]:
        return {"squares of pre-activations": 8 * sizes.recorded * sizes.filters * sizes.directions}


@dataclass(frozen=True, kw_only=True)
class Visits(OfRun):
    """How many steps a run has taken: counted along it."""

    name: str
    latex: str = ""
    source: str = ""

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {self.name: ("t",)}

    @classmethod
    def counter(cls, declared: Sequence[Visits], run: RunView) -> Counter:
        return _Visited(declared)


class _Visited:
    def __init__(self, declared: Sequence[Visits]) -> None:
        self.declared, self.seen = declared, list[int]()

    def add(self, t: Steps, z: Array) -> None:
        self.seen += t.tolist()

    def variables(self, t: Steps) -> dict[str, Array]:
        counts = np.array([self.seen.index(step) for step in t.tolist()], dtype=np.float64)
        return {each.name: counts for each in self.declared}


@dataclass(frozen=True, kw_only=True)
class Certain(OfFresh):
    """P(|f| > 1) of a fresh example, f the mean of the network's outputs over labels: of fresh examples."""

    name: str
    latex: str = ""
    source: str = ""

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {self.name: ("t",)}

    def words(self, model: Model) -> dict[str, str]:
        return {self.name: "P(|f| > 1)"}

    def statistics(self, fresh: FreshView) -> dict[str, Array]:
        found = np.full(fresh.recorded, np.nan)
        for state in fresh.states():
            found[state.t] = np.mean(np.abs(state.outputs.mean(1)) > 1)
        return {self.name: found}


def with_one(*more: Observable) -> Model:
    return replace(pegr("none"), observables=(*pegr("none").observables, *more))


def test_a_run_has_it_and_watches_it() -> None:
    event = declare.Event(name="T_calm", latex="T", observable="energy", relation=">=", threshold="0")
    model = replace(with_one(Energy(name="energy"), Visits(name="visits")), events=(event,))
    data = gr.run(model, SMALL, steps=STEPS, record="all")
    np.testing.assert_allclose(data["energy"].values, _squares(model, data), rtol=1e-10)
    assert data["visits"].values.tolist() == [*range(STEPS + 1)] and int(data["T_calm"]) == 0
    alone = gr.run(model, SMALL, steps=STEPS, observables=["energy"], until={"energy": 1e9})
    assert set(alone.data_vars) == {"energy", "stopped"} and len(alone["t"]) == 1 and int(alone["stopped"]) == 0


def test_training_has_it_and_says_what_only_a_kernel_counts() -> None:
    model = with_one(Energy(name="energy"), Visits(name="visits"))
    one, two = (gr.run(model, SMALL, steps=STEPS, engine=engine) for engine in ("reduced", "weights"))
    np.testing.assert_allclose(one["energy"], two["energy"], rtol=1e-9)
    assert "visits" not in two and "visits is left out: only engine='reduced' counts it" in two.attrs["notes"]


def test_phase_takes_it_as_one_number() -> None:
    model = with_one(Energy(name="energy"))
    others = {name: value for name, value in SMALL.items() if name != "eta"}
    grid = gr.phase(model, others, x=("eta", [0.01, 0.05]), y=("sigma_p", [0.5]), steps=STEPS, seeds=1,
                    observable="energy", sampling="vectors")
    alone = gr.run(model, {**SMALL, "sigma_p": 0.5}, steps=STEPS)
    assert float(grid["energy"].sel(eta=0.05).squeeze()) == float(alone["energy"][-1])


def test_statements_may_name_it() -> None:
    model = with_one(Energy(name="energy"))
    statement = Statement(id="s", kind="inequality", claim="energy >= 0", mutant="energy < 0", text="it is a square")
    assert gr.check(model, SMALL, statements=[statement], steps=STEPS, seeds=2).results[0].verdict == "holds"


def test_an_estimate_counts_its_arrays() -> None:
    model = with_one(Energy(name="energy"))
    request = Request(model, {**SMALL, "mu_norm": 1.0}, "vectors", "reduced", STEPS, 6.0, ("energy",))
    assert "squares of pre-activations" in [piece.what for piece in pieces(request)]
    assert "squares of pre-activations" not in [piece.what for piece in pieces(replace(request, wanted=("loss",)))]


def test_one_of_fresh_examples_is_judged_with_the_others() -> None:
    model = with_one(Certain(name="certain"))
    data = gr.run(model, {**SMALL, "sigma_0": 3.0}, steps=STEPS, observables=["certain", "test_error"])
    assert data["certain"].attrs["meaning"] == "P(|f| > 1)" and 0 < float(data["certain"][0]) <= 1


def test_validate_says_that_it_has_no_account_of_it() -> None:
    several = (Energy(name="energy"), Visits(name="visits"), Certain(name="certain"))
    said = str(gr.validate(with_one(*several), SMALL, steps=STEPS))
    assert "not compared: certain of fresh examples, as weight space has no account of Certain" in said
    assert "not compared: reported: energy, as weight space has no account of Energy" in said
    assert "not compared: reported: visits, as weight space has no account of Visits" in said


@dataclass(frozen=True, kw_only=True)
class Told(Energy):
    """The same with its account from weights."""

    def by_weights(self, course: WeightView) -> Array:
        vectors = np.concatenate(list(course.families.values()))
        return np.asarray(((course.W @ vectors.T) ** 2).sum((1, 2, 3)))


@dataclass(frozen=True, kw_only=True)
class Wrong(Told):
    """The same with a value that is off by a thousandth."""

    def value(self, states: StateView) -> Array | None:
        return np.asarray(1.001 * np.sum(states.z**2, axis=(1, 2, 3)))


def test_validate_compares_it_once_it_has_an_account_from_weights() -> None:
    found = gr.validate(with_one(Told(name="energy")), SMALL, steps=STEPS)
    assert "reported: energy" in [row.what for row in found.rows] and all(row.holds for row in found.rows)
    wrong = gr.validate(with_one(Wrong(name="energy")), SMALL, steps=STEPS)
    assert [row.what for row in wrong.rows if not row.holds] == ["reported: energy"]


@dataclass(frozen=True, kw_only=True)
class Misplaced(Energy):
    """The same, declared as if there were one for each filter."""

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {self.name: ("t", *of_filters(model))}


@dataclass(frozen=True, kw_only=True)
class Misnamed(Energy):
    """The same, with the dimensions of another variable."""

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {"energies": ("t",)}


def test_a_value_has_an_axis_for_each_dimension_that_is_declared() -> None:
    """Fails where a value brings dimensions of its own, which nobody can know before a run."""
    described = gr.describe(with_one(Energy(name="energy"), Misplaced(name="apart")))
    indices = {each.name: each.dims for each in described.variables}
    assert indices["energy"] == ("t",) and indices["apart"] == ("t", "j", "r")
    with pytest.raises(gr.InputError, match=r"apart: its value has the shape \(6,\).*\[t, j, r\].*an axis for each"):
        gr.run(with_one(Misplaced(name="apart")), SMALL, steps=STEPS)
    with pytest.raises(ModelError, match="energy: Misnamed has the dimensions of energies; expected those of energy"):
        with_one(Misnamed(name="energy"))


@dataclass(frozen=True, kw_only=True)
class Written(OfStates):
    """What a test has it return, of one or more dimensions."""

    made: ClassVar[Any] = None
    name: str
    latex: str = ""
    source: str = ""
    of: tuple[str, ...] = ("t",)

    def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
        return {self.name: self.of}

    def value(self, states: StateView) -> Any:
        return self.made(states)


@pytest.mark.parametrize(("made", "of", "said"), [
    (lambda states: states.nothing, ("t",), "the function 'value' in .*kind.py' raised AttributeError at line"),
    (lambda states: sys.exit(1), ("t",), "raised SystemExit"),
    (lambda states: states.z[:1, 0, 0, 0], ("t",), r"has the shape \(1,\), .*; expected 6 along t"),
    (lambda states: states.z[..., 0][..., None], ("t", "j", "r"), "expected an axis for each"),
    (lambda states: states.z[..., :3, 0], ("t", "j", "i"), "expected 4 along i"),
    (lambda states: ["a"] * len(states.z), ("t",), "is of the type <U1; expected real numbers"),
])
def test_what_a_kind_of_ones_own_does_wrong_is_said_in_one_sentence(
    made: Any, of: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, it was a defect of the program, with its traceback."""
    monkeypatch.setattr(Written, "made", staticmethod(made))
    with pytest.raises(gr.InputError, match=said) as refused:
        gr.run(with_one(Written(name="mine", of=of)), SMALL, steps=STEPS, record="all")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("made", "value"), [(lambda states: [1] * len(states.z), 1.0), (lambda states: 2, 2.0)])
def test_lists_and_numbers_are_values_too(made: Any, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Written, "made", staticmethod(made))
    data = gr.run(with_one(Written(name="mine", of=() if value == 2 else ("t",))), SMALL, steps=STEPS, record="all")
    assert (data["mine"].values == value).all()


@pytest.mark.parametrize(("kind", "method"), [(Visits, "counter"), (Certain, "statistics")])
def test_counters_and_statistics_that_raise_are_bad_input(
    kind: type[Observable], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*arguments: object) -> None:
        raise ValueError("not so")

    monkeypatch.setattr(kind, method, classmethod(raising) if method == "counter" else raising)
    with pytest.raises(gr.InputError, match=r"the function 'raising' in .* raised ValueError at line .*: not so"):
        gr.run(with_one(kind(name="mine")), SMALL, steps=STEPS)  # type: ignore[call-arg]


LACKING = [(OfStates, "value"), (OfRun, "counter"), (OfFresh, "statistics")]
LACKING += [(base, "dims") for base, _ in LACKING]


@pytest.mark.parametrize(("base", "lacks"), LACKING)
def test_a_kind_that_says_nothing_of_its_value_cannot_be_declared(base: type[Observable], lacks: str) -> None:
    kind: Any = dataclass(frozen=True, kw_only=True)(type("Forgotten", (base,), {"__annotations__": {"name": str}}))
    with pytest.raises(TypeError, match=rf"Forgotten .*{lacks}"):
        kind(name="odd")


def test_a_kind_is_of_states_of_a_run_or_of_fresh_examples() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Nowhere(Observable):
        name: str

        def dims(self, model: Model) -> dict[str, tuple[str, ...]]:
            return {self.name: ("t",)}

    with pytest.raises(ModelError, match="odd: Nowhere derives from Observable itself"):
        with_one(Nowhere(name="odd"))


def shipped(of: type[Observable] = Observable) -> Iterator[type[Observable]]:
    for kind in of.__subclasses__():
        yield from shipped(kind)
        if kind.__module__.startswith(f"{observed.__name__}."):
            yield kind


def test_every_shipped_kind_is_a_word_whole_in_one_file_and_has_both_accounts() -> None:
    kinds = list(shipped())
    assert len(kinds) >= 16
    assert [kind for kind in kinds if getattr(declare, kind.__name__, None) is not kind] == []
    assert [kind for kind in kinds if "by_weights" not in vars(kind)] == []  # else validate says so


# What gives an observable's value on reduced states, and what its account from weights.
VALUE, WEIGHTS = ("value", "undefined", "counter", "statistics"), ("by_weights",)


def reached(tree: ast.Module, kind: str, roots: tuple[str, ...]) -> set[str]:
    """The functions and classes of a file that these methods of a class come to call, whatever stands between."""
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own = defined[kind]
    methods = {node.name: node for node in own.body if isinstance(node, ast.FunctionDef)}
    waiting: list[ast.AST] = [methods[name] for name in roots if name in methods]
    seen: set[str] = set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            named = node.id if isinstance(node, ast.Name) else ""
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                decorated = methods[node.attr].decorator_list if node.attr in methods else [ast.Pass()]
                named = "" if decorated else node.attr  # properties are the declaration
            if named and named not in seen and named != kind and named in {**defined, **methods}:
                seen.add(named)
                waiting.append({**defined, **methods}[named])
    return seen


def shared(source: str, kind: str) -> set[str]:
    tree = ast.parse(source)
    return reached(tree, kind, VALUE) & reached(tree, kind, WEIGHTS)


def test_the_two_accounts_of_an_observable_share_no_function() -> None:
    for kind in shipped():
        source = Path(inspect.getfile(kind)).read_text(encoding="utf-8")
        assert shared(source, kind.__name__) == set(), kind
        imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
        assert imported <= {"__future__", "collections.abc", "dataclasses", "typing", "choices", "data", "layers",
                            "observable", "over", "views"}, kind


def test_a_shared_function_is_seen() -> None:
    source = """
class Sum(OfStates):
    def value(self, states): return self._read(states.z)
    def by_weights(self, course): return also(course.W)
    def _read(self, z): return total(z)
def also(W): return total(W)
def total(z): return z.sum()
"""
    assert shared(source, "Sum") == {"total"}
    assert shared(source.replace("return total(W)", "return W.sum()"), "Sum") == set()


def _squares(model: Model, data: Any) -> Array:
    """The energy of W rebuilt at every recorded step."""
    from simulate.ask.parameters import resolve
    from simulate.start.draw import draw

    vectors = draw(model, resolve(lambda **_: model, SMALL).values, 0, "vectors").vectors
    assert vectors is not None
    at = [gr.weights(data.isel(t=slice(0, k + 1)), setting=model) for k in range(len(data["t"]))]
    return np.array([((W @ vectors.T) ** 2).sum() for W in at])


@dataclass(frozen=True, kw_only=True)
class Waiting(OfDensity):
    """Exp(1), by any of a generator's methods."""

    wrong: ClassVar[bool] = False
    name: str
    latex: str = ""

    def words(self) -> str:
        return "exponential"

    def drawn_by(self, rng: Any, size: int, values: Any) -> Any:
        return rng.exponentially(size=size) if self.wrong else rng.exponential(size=size)


def test_a_scalar_of_ones_own_density_is_drawn_and_what_is_not_known_of_it_is_said(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, fresh examples' stream had no such method, and a defect was reported; so it was of a law of one's own."""
    signal = Patch(direction="mu", scale=("label", Waiting(name="strength")))
    model = replace(pegr("none"), name="waits", patches=(signal, Patch(direction="xi")))
    with plainly(plain_kernel(model)):
        drawn = problem_of(choose(model, {**SMALL, "n": 40})).start(0).draw.scalars["strength"]
        assert 0.5 < drawn.mean() < 1.6 and drawn.min() > 0 and "test_error" in gr.run(model, SMALL, steps=1)
        with pytest.raises(ModelError, match="Waiting is a kind of a model's own, and is not known there"):
            gr.validate(model, SMALL, steps=1)
        monkeypatch.setattr(Waiting, "wrong", True)
        with pytest.raises(gr.InputError, match=r"'drawn_by' in .* raised AttributeError at line .*exponentially"):
            gr.run(model, SMALL, steps=1)

    class Laplace(declare.EntryLaw):
        pass

    mu, xi = pegr("none").directions
    own = replace(pegr("none"), directions=(mu, replace(xi, law=Laplace(std="sigma_p", entries="uniform"))))
    with pytest.raises(ModelError, match="Laplace is a kind of a model's own, and is not known there; expected one of"):
        gr.run(own, SMALL, steps=1)
