"""Merging and checking parameter values, and finding settings."""

from __future__ import annotations

import dataclasses
import inspect
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import gammarho as gr
from derivations.declare import Model, Parameter, Preset
from derivations.papers.paper import PAPERS
from derivations.papers.pegr.model import PRESETS, model
from simulate.ask import noted, parameters, reading, settings
from simulate.errors import InputError, nearest, quoted
from simulate.values import EXACT


def declared(kind: str, **changes: object) -> Parameter:
    return Parameter(name="p", latex="p", meaning="", kind=kind, **changes)  # type: ignore[arg-type]


def test_defaults_are_the_published_ones_and_each_is_noted() -> None:
    resolved = parameters.resolve(model)
    by_name = {parameter.name: parameter for parameter in model().parameters}
    assert resolved.values == {name: parameter.default for name, parameter in by_name.items()}
    said = noted.lines(resolved.notes)
    assert "n = 20 (published default, Section 4.1)" in said
    assert "penalty_half = true (published default, Section 2)" in said
    assert "delta = 0.1 (not stated in the paper; our choice)" in said
    assert len(resolved.notes) == sum(parameter.default is not None for parameter in by_name.values())


def test_given_goes_over_preset_over_defaults() -> None:
    resolved = parameters.resolve(model, {"n": "30", "lam": 0}, PRESETS[0])
    assert (resolved.values["n"], resolved.values["lam"], resolved.values["lam_until"]) == (30, 0.0, 800)
    assert str(resolved.notes[0]) == "preset paper (Section 4.1, with sigma_p = 0.5), but n = 30, lam = 0"
    assert str(parameters.resolve(model, {"lam": 0.01}, PRESETS[0]).notes[0]).endswith("with sigma_p = 0.5)")
    of = {note.parameter: str(note) for note in resolved.notes}
    assert not {"n", "lam", "lam_until"} & of.keys() and of["q"].startswith("q = 2")


def test_a_value_that_is_given_is_never_noted_even_where_it_equals_the_default() -> None:
    assert "n" not in {note.parameter for note in parameters.resolve(model, {"n": 20}).notes}


def test_structural_values_select_the_model() -> None:
    resolved = parameters.resolve(model, {"regularizer": "fgr", "q": "3"})
    assert resolved.model == model(regularizer="fgr", q=3)
    assert resolved.values["penalty_half"] is False  # FGR is published without the 1/2
    assert (resolved.values["regularizer"], resolved.values["q"]) == ("fgr", 3)


def test_types_follow_the_kind() -> None:
    values = parameters.resolve(model, {"n": 20.0, "d": 100, "eta": "1e-2", "project_noise": "no"}).values
    types = {"n": int, "d": float, "eta": float, "project_noise": bool, "neurons": str}
    assert {name: type(values[name]) for name in types} == types
    assert values["project_noise"] is False


def test_absent_means_none_only_where_there_is_no_default() -> None:
    assert parameters.resolve(model, {"lam_until": None}, PRESETS[0]).values["lam_until"] is None
    assert parameters.resolve(model, {"lam_until": "none"}, PRESETS[0]).values["lam_until"] is None
    assert parameters.resolve(model, {"lam_until": 0}).values["lam_until"] == 0
    with pytest.raises(InputError, match=r"^lam_until: .*; expected a whole number of at least 0, or leave it out$"):
        parameters.resolve(model, {"lam_until": np.array([1, 2])})
    for missing in (None, "none"):
        with pytest.raises(InputError, match=r"^n: "):
            parameters.resolve(model, {"n": missing})


@given(st.integers(1, EXACT))
def test_counts_survive_every_spelling(n: int) -> None:
    for spelling in (n, str(n), f" {n} ", float(n), np.int64(n), np.float64(n), Fraction(n)):
        found = reading.parse(declared("count", low=1, default=1), spelling)
        assert (found, type(found)) == (n, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reals_survive_their_own_text(x: float) -> None:
    for spelling in (x, repr(x), np.float64(x)):
        found = reading.parse(declared("real", default=1.0), spelling)
        assert (found, type(found)) == (x, float)
        assert math.copysign(1.0, found) == math.copysign(1.0, x)  # type: ignore[arg-type]


@given(st.floats(), st.floats(allow_nan=False), st.booleans(), st.floats(allow_nan=False))
def test_a_real_passes_exactly_when_it_is_finite_and_in_range(x: float, low: float, is_open: bool, high: float) -> None:
    assume(low <= high)
    parameter = declared("real", default=None, low=low, open_low=is_open, high=high)
    legal = math.isfinite(x) and (x > low if is_open else x >= low) and x <= high
    if legal:
        assert reading.parse(parameter, x) == x
    else:
        with pytest.raises(InputError, match=r"^p: .*; expected a finite number"):
            reading.parse(parameter, x)


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_one_sentence(text: str) -> None:
    for kind, choices in (("count", ()), ("real", ()), ("flag", ()), ("choice", ("mean", "sum"))):
        default = {"count": 1, "real": 1.0, "flag": True, "choice": "mean"}[kind]
        try:
            reading.parse(declared(kind, default=default, choices=choices), text)
        except InputError as error:
            assert str(error).startswith("p: ") and "\n" not in str(error) and "expected" in str(error)


@pytest.mark.parametrize(
    "value",
    [20.5, "20.5", "", " ", "twenty", True, np.True_, None, [20], (20,), {"n": 20}, np.array([20]), 1j, math.nan,
     math.inf, "nan", "inf", 0, -3, "-3", 2**53 + 2, 10**400, "1e400", "9" * 5000, object()],
)
def test_what_is_not_a_count_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"^n: .*; expected a whole number of at least 1, such as n=20$"):
        parameters.resolve(model, {"n": value})


@pytest.mark.parametrize("value", [0, -1, 0.5, 400.5, "400.5", -2.7e43, math.nan, math.inf, "", True, [400]])
def test_what_is_not_a_dimension_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"^d: .*; expected a whole number of at least 1, such as d=400$"):
        parameters.resolve(model, {"d": value})


@pytest.mark.parametrize("value", [1, 400, "1e9", 1e9, 2.7e43, math.exp(100), 2**53, 10**30])
def test_a_dimension_may_be_huge(value: float) -> None:
    found = parameters.resolve(model, {"d": value}).values["d"]
    assert isinstance(found, float) and found == float(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("exp(100)", math.exp(100)), ("2**10", 1024.0), ("20 * sqrt(4e2)", 400.0), ("-(-7)", 7.0), ("1e+9", 1e9)],
)
def test_a_real_may_be_a_formula_of_numbers(text: str, value: float) -> None:
    assert parameters.resolve(model, {"d": text}).values["d"] == value
    with pytest.raises(InputError, match="expected a whole number"):  # a count is typed out
        parameters.resolve(model, {"n": f"2*{text}"})


@pytest.mark.parametrize("value", [0, -0.02, math.nan, "inf", "", "fast", True, False, None, [0.1], 10**400, 1 + 0j])
def test_what_is_not_a_positive_real_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"^eta: .*; expected a finite number above 0, such as eta=0.02$"):
        parameters.resolve(model, {"eta": value})


def test_both_ends_of_a_range_are_said_and_kept() -> None:
    assert parameters.resolve(model, {"delta": 1}).values["delta"] == 1.0
    with pytest.raises(InputError, match=r"^delta: 1.5; expected a finite number above 0 and of at most 1, such as"):
        parameters.resolve(model, {"delta": 1.5})


@pytest.mark.parametrize(("text", "flag"), [(True, True), ("TRUE", True), ("yes", True), (1, True), ("1", True),
                                            (False, False), ("no", False), (0, False), ("False", False)])
def test_flags(text: object, flag: bool) -> None:
    assert parameters.resolve(model, {"penalty_half": text}).values["penalty_half"] is flag


@pytest.mark.parametrize("value", [2, -1, 0.0, 1.0, "", "on", None, [True], "maybe"])
def test_what_is_not_a_flag_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"^penalty_half: .*; expected true or false, such as penalty_half=true$"):
        parameters.resolve(model, {"penalty_half": value})


def test_a_power_below_two_is_refused() -> None:
    with pytest.raises(InputError, match=r"^q: 1; expected a whole number of at least 2, such as q=2$"):
        parameters.resolve(model, {"q": 1})


def test_a_parameter_that_the_chosen_structure_lacks_is_unknown() -> None:
    def factory(penalised: str = "yes") -> Model:
        base = model()
        kept = [p for p in base.parameters if penalised == "yes" or p.name != "penalty_half"]
        choice = Parameter(name="penalised", latex="", meaning="", kind="choice", default=penalised,
                           choices=("yes", "no"), structural=True)
        return dataclasses.replace(base, parameters=(*(p for p in kept if not p.structural), choice))

    assert "penalty_half" in parameters.resolve(factory).values
    assert "penalty_half" not in parameters.resolve(factory, {"penalised": "no"}).values
    with pytest.raises(InputError, match="'penalty_half' is not a parameter of pegr"):
        parameters.resolve(factory, {"penalised": "no", "penalty_half": True})


def test_a_model_as_it_stands_has_no_structure_to_choose() -> None:
    assert parameters.resolve(model(q=3), {"q": 3, "n": 5}).values["n"] == 5
    with pytest.raises(InputError, match=r"^q: 2; this model was declared with q = 3, so give a function of q"):
        parameters.resolve(model(q=3), {"q": 2})


def test_the_sizes_of_arrays_replace_defaults_and_presets_but_not_what_is_given() -> None:
    sizes = {"n": 3, "m": 2, "d": 8.0}
    fitted = parameters.with_sizes(parameters.resolve(model, {"m": 2}), {"m": 2}, sizes)
    assert {name: fitted.values[name] for name in sizes} == sizes
    assert not {"n", "m", "d"} & {note.parameter for note in fitted.notes}
    assert "eta = 0.02 (published default, Section 4.1)" in noted.lines(fitted.notes)
    assert parameters.with_sizes(parameters.resolve(model, {}, PRESETS[0]), {}, sizes).values["d"] == 8.0
    with pytest.raises(InputError, match=r"^n: '4', but initial's arrays have n = 3; leave n out$"):
        parameters.with_sizes(parameters.resolve(model, {"n": "4"}), {"n": "4"}, sizes)


def test_what_a_declaration_refuses_is_bad_input() -> None:
    def factory() -> Model:
        return dataclasses.replace(model(), patches=())

    with pytest.raises(InputError, match="a model needs at least one patch"):
        parameters.resolve(factory)


def test_a_default_without_a_source_is_not_called_published() -> None:
    own = dataclasses.replace(model(), parameters=(*model().parameters, declared("count", default=3)))
    assert "p = 3 (the model's default)" in noted.lines(parameters.resolve(own).notes)


def test_presets_are_legal_and_complete() -> None:
    for preset in PRESETS:
        resolved = parameters.resolve(model, {}, preset)
        for name, value in preset.values:
            assert resolved.values[name] == value


def test_settings_by_name_by_model_and_by_function() -> None:
    assert settings.resolve("pegr").factory is settings.resolve("pegr").factory
    assert inspect.unwrap(settings.resolve("pegr").factory) is model  # type: ignore[arg-type]
    assert settings.resolve("pegr").structural == {"regularizer": ("pegr", "fgr", "none"), "q": (2, 3)}
    assert settings.resolve("pegr").preset("paper") is PRESETS[0]
    assert settings.resolve("pegr").preset(None) is None
    assert settings.resolve(model()).factory == model()
    assert settings.resolve(model).factory is model
    assert settings.resolve(settings.resolve("pegr")) is not None


def test_every_shipped_setting_resolves_at_its_defaults_and_presets() -> None:
    for name in PAPERS:
        found = settings.resolve(name)
        assert parameters.resolve(found.factory).model.name == name
        for preset in found.presets:
            parameters.resolve(found.factory, {}, preset)


OWN = """
import dataclasses
from derivations.declare import Preset
from derivations.papers.pegr.model import model as pegr

fixed = dataclasses.replace(pegr(), name="mine")
number = 3

@dataclasses.dataclass
class Ignored:
    x: "int" = 1

PRESETS = (Preset(name="small", values=(("n", 4),), steps=10, source="here"),)

def model(q=2):
    return dataclasses.replace(pegr(q=q), name="mine")

def broken():
    return 3

def needy(width):
    return pegr()
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own model.py"
    path.write_text(OWN)
    return str(path)


def test_a_users_file(own: str) -> None:
    found = settings.resolve(f"{own}:model")
    resolved = parameters.resolve(found.factory, {"q": 3}, found.preset("small"))
    assert (resolved.model.name, resolved.values["q"], resolved.values["n"]) == ("mine", 3, 4)
    assert isinstance(settings.resolve(f"{own}:fixed").factory, Model)


@pytest.mark.parametrize(
    ("name", "said"),
    [("modle", "did you mean 'model'"), ("number", "number in .* is 3; expected a Model or a function"),
     ("broken", "the function returned 3; expected a derivations.declare.Model"),
     ("needy", "missing a required argument: 'width'"), ("", "expected a file and a name in it, such as .*py:model"),
     ("a b", "expected a file and a name in it")],
)
def test_what_is_wrong_in_a_users_file(own: str, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parameters.resolve(settings.resolve(f"{own}:{name}").factory)


@pytest.mark.parametrize(
    ("source", "said"),
    [("x = (", r"raised SyntaxError at line 1"), ("\n1 / 0", r"raised ZeroDivisionError at line 2: division by zero"),
     ("import no_such_thing", r"raised ModuleNotFoundError at line 1"),
     ("", "has no 'model'; define a function or a Model")],
)
def test_a_file_that_does_not_load(tmp_path: Path, source: str, said: str) -> None:
    path = tmp_path / "own.py"
    path.write_text(source)
    with pytest.raises(InputError, match=said) as caught:
        settings.resolve(f"{path}:model")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["", "pger", "PEGR", "no/such.py:model", "pegr.py", 3, None, ["pegr"], b"pegr"])
def test_what_is_not_a_setting_is_refused(setting: object) -> None:
    with pytest.raises(InputError, match=r"^setting: "):
        settings.resolve(setting)


def test_helpers_of_the_sentences() -> None:
    assert nearest("LAM", ["n", "lam"]) == "did you mean 'lam'?"
    assert nearest("zzz", ["n", "lam"]) == "expected one of n, lam"
    assert quoted("") == "empty"
    assert len(quoted("x" * 1000)) == 60 and "\n" not in quoted(np.eye(9))
    assert quoted(10**9000) == "an integer too long to print"


def test_count_positive_and_choice() -> None:
    assert reading.count("seed", "3") == 3
    assert reading.positive("constant", "2") == 2.0
    assert reading.choice("engine", "weights", ("reduced", "weights")) == "weights"
    with pytest.raises(InputError, match=r"^seed: -1; expected a whole number of at least 0, such as seed=0$"):
        reading.count("seed", -1)
    with pytest.raises(InputError, match=r"^constant: 0; expected a finite number above 0, such as constant=1$"):
        reading.positive("constant", 0)
    with pytest.raises(InputError, match=r"^engine: 'wieghts'; expected one of .*; did you mean 'weights'\?$"):
        reading.choice("engine", "wieghts", ("reduced", "weights"))


def test_a_preset_that_a_setting_does_not_have() -> None:
    lone = Preset(name="only", values=(), steps=1, source="")
    with pytest.raises(InputError, match=r"^preset: 'papper' is not one of pegr's; did you mean 'paper'\?$"):
        settings.resolve("pegr").preset("papper")
    with pytest.raises(InputError, match="mine has no presets"):
        settings.Setting("mine", model).preset("paper")
    assert settings.Setting("mine", model, {}, (lone,)).preset("only") is lone


def test_defaults_of_no_source_but_the_model_are_one_line() -> None:
    def own(name: str, default: float | str, source: str = "") -> Parameter:
        return Parameter(name=name, latex="", meaning="", kind="real", default=default, source=source)

    declared = (own("p", 3.0), own("v", 2.0, "Section 1"), own("s", "p/2"), own("u", 1.0))
    used = (noted.of_default_used(each, value) for each, value in zip(declared, (3.0, 2.0, 1.5, 1.0), strict=True))
    notes = (noted.Note("preset a (b)"), *used)
    assert noted.lines(notes) == (
        "preset a (b)", "p = 3, s = 1.5 = p/2, u = 1 (the model's defaults)", "v = 2 (published default, Section 1)",
    )
    assert noted.lines(notes[:3]) == tuple(map(str, notes[:3]))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"steps": "3"}, "so give --steps 3 on the command line"), ({"regu": 1}, "did you mean 'regularizer'?"),
     ({"zz": 1}, "expected one of n, m, d")],
)
def test_an_option_and_a_beginning_are_recognised(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        parameters.resolve(model, wrong)
    assert said in str(caught.value)


def test_an_equation_given_to_a_run_in_python_is_told_where_it_goes() -> None:
    """`hold` is an option of the command line's run and of gr.phase; it was called an unknown parameter."""
    with pytest.raises(InputError, match=r"'hold' is not a parameter of pegr; in Python .* gr\.held"):
        gr.run("pegr", steps=1, hold="eta: eta=2")
