"""A kind of observable that only this file knows: its class and its evaluator, and every verb takes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations import declare
from derivations.declare import KnownFrom, Model, Observable, Statement
from derivations.papers.pegr.model import model as pegr
from dynamics.arrays import Array, Steps
from dynamics.fresh import testlaw
from simulate.observe import evaluators, observables
from simulate.observe.evaluators import Counter, FreshDraws, OfFresh, OfRun, OfStates, Sizes, evaluates
from simulate.observe.states import States, Variable
from simulate.run.estimate import Request, pieces
from simulate.validate import fresh_observables, twins
from simulate.validate import observables as of_states

SMALL = {"n": 4, "m": 2, "d": 12, "eta": 0.05}
STEPS = 5


@dataclass(frozen=True, kw_only=True)
class Energy(Observable):
    """sum of z^2 over filters and directions: one number a state, of z alone."""

    name: str
    latex: str = ""
    source: str = ""

    @property
    def one_number(self) -> bool:
        return True

    @property
    def needs_observed(self) -> bool:
        return False


@evaluates(Energy)
class Energies(OfStates[Energy]):
    def variable(self, states: States, declared: Energy) -> Variable | None:
        return Variable(("t",), np.sum(states.z**2, axis=(1, 2, 3)), "sum of z^2")

    def arrays(self, declared: Energy, sizes: Sizes) -> dict[str, float]:
        return {"squares of pre-activations": 8 * sizes.recorded * sizes.filters * sizes.directions}


@dataclass(frozen=True, kw_only=True)
class Visits(Observable):
    """How many steps a run has taken: counted along it."""

    name: str
    latex: str = ""
    source: str = ""
    known_from = KnownFrom.RUN


class _Visited:
    def __init__(self, declared: Sequence[Visits]) -> None:
        self.declared, self.seen = declared, list[int]()

    def add(self, t: Steps, z: Array) -> None:
        self.seen += t.tolist()

    def variables(self, t: Steps) -> dict[str, Variable]:
        counts = np.array([self.seen.index(step) for step in t.tolist()], dtype=np.float64)
        return {each.name: Variable(("t",), counts) for each in self.declared}


@evaluates(Visits)
class VisitsOfRuns(OfRun[Visits]):
    def counter(self, declared: Sequence[Visits], model: Model, y: Array, clean: Array, recorded: Steps) -> Counter:
        return _Visited(declared)


@dataclass(frozen=True, kw_only=True)
class Certain(Observable):
    """P(|f| > 1) of a fresh example, f the mean of the network's outputs over labels: of fresh examples."""

    name: str
    latex: str = ""
    source: str = ""
    known_from = KnownFrom.FRESH

    def words(self, model: Model) -> dict[str, str]:
        return {self.name: "P(|f| > 1)"}


@evaluates(Certain)
class Certainties(OfFresh[Certain]):
    def statistics(self, declared: Certain, fresh: FreshDraws) -> dict[str, Array]:
        found = np.full(len(fresh.z), np.nan)
        for t, scores, _ in testlaw.states(fresh.outputs, fresh.law, fresh.normals):
            found[t] = np.mean(np.abs(scores.mean(1)) > 1)
        return {declared.name: found}


@dataclass(frozen=True, kw_only=True)
class Forgotten(Observable):
    """A kind that nobody has written an evaluator for."""

    name: str
    latex: str = ""
    source: str = ""


def with_one(*more: Observable) -> Model:
    return replace(pegr("none"), observables=(*pegr("none").observables, *more))


def test_a_run_has_it_and_watches_it() -> None:
    event = declare.Event(name="T_calm", latex="T", observable="energy", relation=">=", threshold="0")
    model = replace(with_one(Energy(name="energy"), Visits(name="visits")), events=(event,))
    data = gr.run(model, SMALL, steps=STEPS, record="all")
    np.testing.assert_allclose(data["energy"].values, _squares(model, data), rtol=1e-10)
    assert data["visits"].values.tolist() == [*range(STEPS + 1)] and int(data["T_calm"]) == 0
    alone = gr.run(model, SMALL, steps=STEPS, observables=["energy"], until={"energy": 1e9})
    assert set(alone.data_vars) == {"energy"} and len(alone["t"]) == 1


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


@pytest.fixture
def second_account() -> Iterator[None]:
    twins.twin(Energy)(lambda course, o: ((course.W @ course.vectors.T) ** 2).sum((1, 2, 3)))
    yield
    del twins.TWINS[Energy]


def test_validate_compares_it_once_it_has_a_twin(second_account: None) -> None:
    found = gr.validate(with_one(Energy(name="energy")), SMALL, steps=STEPS)
    assert "reported: energy" in [row.what for row in found.rows] and all(row.holds for row in found.rows)


def test_a_kind_without_an_evaluator_is_a_defect_that_names_it() -> None:
    for wanted in (None, ["odd"]):
        with pytest.raises(TypeError, match="Forgotten has no evaluator"):
            gr.run(with_one(Forgotten(name="odd")), SMALL, steps=STEPS, observables=wanted)


def test_an_evaluator_goes_with_what_its_kind_is_known_from() -> None:
    with pytest.raises(TypeError, match=r"Visits is known from every step of a run.*derives from OfRun"):
        evaluates(Visits)(Energies)
    with pytest.raises(TypeError, match="Energy has the evaluator Energies"):
        evaluates(Energy)(Energies)


def shipped(of: type[Observable] = Observable) -> Iterator[type[Observable]]:
    for kind in of.__subclasses__():
        yield from shipped(kind)
        if kind.__module__.startswith("derivations."):
            yield kind


def test_every_declared_kind_is_a_word_and_has_its_evaluator() -> None:
    kinds = list(shipped())
    assert len(kinds) >= 16 and observables.EVALUATED
    assert [kind for kind in kinds if kind not in evaluators.KINDS] == []
    assert [kind for kind in kinds if getattr(declare, kind.__name__, None) is not kind] == []
    assert {of_states.__name__, fresh_observables.__name__} <= set(sys.modules)  # which makes their accounts known
    assert [kind for kind in kinds if kind not in twins.TWINS] == []  # else validate says so


def _squares(model: Model, data: Any) -> Array:
    """The energy of W rebuilt at every recorded step."""
    from simulate.ask.parameters import resolve
    from simulate.start.draw import draw

    vectors = draw(model, resolve(lambda **_: model, SMALL).values, 0, "vectors").vectors
    assert vectors is not None
    at = [gr.weights(data.isel(t=slice(0, k + 1)), setting=model) for k in range(len(data["t"]))]
    return np.array([((W @ vectors.T) ** 2).sum() for W in at])
