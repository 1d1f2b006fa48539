"""What stands beside a shipped model is found by the model's declaration, never by what the model is called."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

import gammarho as gr
from derivations.declare import Activation, Model
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.paper import PAPERS, paper_of
from derivations.papers.pegr.model import model as pegr
from gammarho import api
from simulate.ask import settings
from simulate.conditions.conditions import recorded
from simulate.errors import InputError
from simulate.train import raw

ROOT = Path(__file__).resolve().parents[2]


def namesake() -> Model:
    """A model of the user's own that is called pegr: leaky ReLU in place of ReLU^2."""
    own = pegr("none")
    return replace(own, network=replace(own.network, activation=Activation(name="leaky_relu", slope="slope")),
                   parameters=(*own.parameters, replace(own.parameter("lam"), name="slope", default=0.1)))


def anyone() -> Model:
    """The same with PEGR's own network, but for the loss."""
    return replace(pegr("none"), objective=replace(pegr("none").objective, loss="exponential"))


@pytest.mark.parametrize("name", PAPERS)
def test_every_shipped_declaration_is_its_papers(name: str) -> None:
    paper = PAPERS[name]
    for chosen in product(*paper.structural.values()):
        assert paper_of(paper.factory(**dict(zip(paper.structural, chosen, strict=True)))) is paper
    assert paper.conditions and paper.statements and paper.errata and paper.presets


def test_other_structural_values_and_other_defaults_stay_the_papers() -> None:
    assert paper_of(pegr("fgr", 5)) is PAPERS["pegr"]
    moved = tuple(replace(each, default=7) if each.name == "n" else each for each in pegr().parameters)
    assert paper_of(replace(pegr(), parameters=moved)) is PAPERS["pegr"]
    assert paper_of(gr.derive("fomaml", {"n_tasks": 3, "method": "reptile"}).model) is PAPERS["fomaml"]


@pytest.mark.parametrize(
    "model",
    [namesake(), anyone(), replace(fomaml(), name="pegr"),
     replace(pegr(), parameters=(*pegr().parameters, replace(pegr().parameters[-1], name="more"))),
     replace(pegr(), observables=pegr().observables[:-1], events=pegr().events[1:2])],
)
def test_a_model_of_ones_own_named_pegr_gets_nothing_of_pegrs(model: Model) -> None:
    assert model.name == "pegr"
    assert paper_of(model) is None
    assert raw.find(model) is None and raw.find_step(model) is None
    assert not settings.statements_of(settings.resolve(model), model).statements
    with pytest.raises(InputError, match="no conditions are recorded for 'pegr'"):
        recorded(model)
    assert not settings.resolve(model).presets


@pytest.mark.slow
def test_check_and_validate_of_a_namesake_say_that_nothing_is_recorded() -> None:
    small = {"n": 4, "m": 2, "d": 20}
    with pytest.raises(InputError, match="statements: none are recorded for 'pegr'"):
        gr.check(anyone(), small, steps=2)
    notes = "\n".join(gr.validate(anyone(), small, steps=3).notes)
    assert "by hand" not in notes


def test_a_file_that_imports_the_shipped_model_has_all_of_its_paper(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text("from derivations.papers.pegr.model import model\n"
                   "def other(q: int = 3):\n    return model('fgr', q)\n"
                   "model_as_it_is = model('none')\n")
    for name in ("model", "other", "model_as_it_is"):
        setting = f"{own}:{name}"
        found, resolved = settings.resolve(setting), api.resolve(setting)
        assert raw.find(resolved.model) is not None
        assert recorded(resolved.model, setting) is PAPERS["pegr"].conditions
        assert settings.statements_of(found, resolved.model) is PAPERS["pegr"].statements
        assert found.presets == PAPERS["pegr"].presets


def test_looking_a_paper_up_loads_neither_sympy_nor_torch() -> None:
    code = (
        "import sys; from derivations.papers.paper import PAPERS, paper_of; model = PAPERS['fomaml'].factory(); "
        "assert paper_of(model) is PAPERS['fomaml']; PAPERS['fomaml'].conditions, PAPERS['fomaml'].statements, "
        "PAPERS['fomaml'].errata; "
        "raise SystemExit(bool({'sympy', 'torch', 'numba', 'scipy', 'xarray'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
