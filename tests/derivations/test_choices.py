"""Every closed list of a declaration is checked where the object is made; so are names, powers and kinds."""

from __future__ import annotations

import dataclasses
import importlib
import json
import types
import typing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

import gammarho as gr
from derivations.declare import (
    LARGEST_POWER,
    Activation,
    Bilevel,
    Coefficient,
    Directions,
    Event,
    Extreme,
    Flips,
    GradientDescent,
    Network,
    Objective,
    Parameter,
    Patch,
    from_plain,
    to_plain,
)
from derivations.declare.choices import Declared, WordOrFormula, fields_of, kinds_of
from derivations.papers.pegr.model import model as pegr
from gammarho import cli
from simulate.errors import InputError

for home in ("derivations.declare.conditions", "derivations.declare.statements", "derivations.ledger.errata"):
    importlib.import_module(home)


def declared() -> list[type]:
    """Every dataclass of a declaration."""
    return kinds_of(Declared)


def parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation's origin and arguments, names taken as plain text."""
    inside = typing.get_args(hint)
    return parts(inside[0]) if typing.get_origin(hint) is Annotated else (typing.get_origin(hint), inside)


def legal(hint: Any) -> Any:
    """Some value of an annotation."""
    origin, inside = parts(hint)
    if origin is Literal:
        return inside[0]
    if origin in (typing.Union, types.UnionType):
        return legal(inside[0])
    if origin is tuple:
        return () if inside[-1] is Ellipsis else tuple(map(legal, inside))
    for mark in typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ():
        if isinstance(mark, WordOrFormula):
            return mark.words[-1]
    kind = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    if kind is Activation:
        return Activation(name="relu")  # the first of its names needs a power
    simple = {str: "x", bool: False, int: 1, float: 1.0, type(None): None}
    return simple[kind] if kind in simple else kind(**{name: legal(each) for name, each in needed(kind).items()})


def needed(kind: type) -> dict[str, Any]:
    """The annotations of the fields that have no default."""
    absent = {f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING}
    return {name: hint for name, hint in fields_of(kind).items() if name in absent}


def misspelt(hint: Any) -> Any:
    """A value with one wrong choice in it; None where an annotation has no closed list."""
    for mark in typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ():
        if isinstance(mark, WordOrFormula):
            return f"{mark.words[-1]}x"
    origin, inside = parts(hint)
    if origin is Literal:
        return f"{inside[0]}x" if isinstance(inside[0], str) else 7
    if origin in (typing.Union, types.UnionType):
        return next((misspelt(each) for each in inside if typing.get_origin(each) is Literal), None)
    if origin is tuple:
        wrong = [misspelt(each) for each in inside if each is not Ellipsis]
        if any(each is not None for each in wrong):
            return tuple(legal(h) if each is None else each for each, h in zip(wrong, inside, strict=False))
    return None


CHOICES = [(kind, name, misspelt(hint)) for kind in declared() for name, hint in fields_of(kind).items()]
CHOICES = [each for each in CHOICES if each[2] is not None]


def test_the_enumeration_finds_the_closed_lists() -> None:
    found = {f"{kind.__name__}.{name}" for kind, name, _ in CHOICES}
    assert found >= {
        "Activation.name", "Activation.at_kink", "Objective.loss", "Objective.penalty", "Network.heads",
        "Extreme.reduce", "Extreme.heads", "Extreme.per", "Event.relation", "Directions.over", "Patch.scale",
        "Parameter.kind", "Flips.heads", "Bilevel.method", "CoordinateWise.name", "Spectral.what", "MaxMargin.what",
        "Clause.relation", "Clause.kind", "Clause.power", "Clause.mends", "Statement.kind", "Erratum.kind",
    }


@pytest.mark.parametrize("kind", declared(), ids=lambda kind: kind.__name__)
def test_every_part_of_a_declaration_checks_its_fields(kind: type) -> None:
    assert issubclass(kind, Declared)
    for name in fields_of(kind):
        before = {field: legal(hint) for field, hint in needed(kind).items()}
        with pytest.raises(ValueError, match=rf"^{kind.__name__}\.{name}: <object object at .*; expected "):
            kind(**{**before, name: object()})


@pytest.mark.parametrize(("kind", "name", "value"), CHOICES, ids=lambda each: getattr(each, "__name__", str(each)))
def test_a_misspelt_choice_is_refused_where_it_is_made(kind: type, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{kind.__name__}\.{name}: ") as caught:
        kind(**{**{field: legal(hint) for field, hint in needed(kind).items()}, name: value})
    said = str(caught.value)
    assert "; expected one of " in said and "\n" not in said
    if "'" in repr(value):
        assert "did you mean" in said


NOISE = {"name": "noise", "latex": "x", "of": "xi", "reduce": "max"}
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (Activation, {"name": "gleu"}, "'gleu'; expected one of relu_power, relu, leaky_relu, huberized_relu, identity"),
    (Activation, {"name": "Sigmoid"}, ", smoothed_leaky_relu, or a formula in z; did you mean 'sigmoid'?"),
    (Activation, {"name": "Relu"}, "did you mean 'relu'?"),
    (Activation, {"name": "relu", "at_kink": 0.5}, "Activation.at_kink: 0.5; expected one of 0, 1"),
    (Activation, {"name": "relu", "at_kink": True}, "Activation.at_kink: True; expected one of 0, 1"),
    (Activation, {"name": "relu_power", "power": 2.5}, "Activation.power: 2.5; expected a whole number"),
    (Activation, {"name": "relu_power", "power": 1}, "q: 1 is below 2"),
    (Activation, {"name": "relu_power", "power": LARGEST_POWER + 1}, "q: 17 is above 16"),
    (Activation, {"name": "huberized_relu", "width": 0}, "Activation.width: 0; expected a finite number above 0"),
    (Activation, {"name": "huberized_relu", "width": float("nan")}, "Activation.width: nan; expected a finite"),
    (Activation, {"name": "leaky_relu", "slope": "x); import os"}, "Activation.slope: 'x); import os'; expected "),
    (Activation, {"name": "leaky_relu", "slope": "kappa"}, "Activation.slope: 'kappa' reads as 1/m or 1"),
    (Objective, {"loss": "Hinge"}, "Objective.loss: 'Hinge'; expected one of logistic, exponential, cross_entropy"),
    (Objective, {"loss": "logistic", "penalty": "pegr"}, "'pegr'; expected one of none, per_example, full"),
    (Objective, {"loss": "logistic", "penalty": "per-example"}, "did you mean 'per_example'?"),
    (Network, {"heads": "binary", "activation": Activation(name="relu")}, "'binary'; expected one of signed, class"),
    (Network, {"heads": "signed", "activation": "relu"}, "Network.activation: 'relu'; expected Activation"),
    (Extreme, {**NOISE, "reduce": "mean"}, "'mean'; expected one of max, max_abs, min (in 'noise')"),
    (Extreme, {**NOISE, "reduce": "maxabs"}, "did you mean 'max_abs'? (in 'noise')"),
    (Extreme, {**NOISE, "heads": "own"}, "Extreme.heads: 'own'; expected one of all, on_class, off_class, plus, minus"),
    (Extreme, {**NOISE, "per": "example"}, "Extreme.per: 'example'; expected a tuple, each entry one of example, head"),
    (Event, {"name": "T", "latex": "T", "observable": "noise", "relation": ">", "threshold": "1"}, "'>'; expected one"),
    (Directions, {"name": "xi", "over": "samples", "latex": "x", "coefficient": Coefficient(name="r", latex="r")},
     "'samples'; expected one of one, class, task, sample; did you mean 'sample'?"),
    (Patch, {"direction": "xi", "scale": "y"}, "Patch.scale: 'y'; expected one of one, label, clean"),
    (Flips, {"name": "flips", "latex": "x", "heads": "own_class"}, "did you mean 'on_class'?"),
    (Bilevel, {"method": "maml"}, "Bilevel.method: 'maml'; expected one of train-train, train-validation, reptile"),
]


@pytest.mark.parametrize(("kind", "given", "said"), REFUSED, ids=[f"{k.__name__}-{s[:40]}" for k, _, s in REFUSED])
def test_what_used_to_run_as_something_else_is_refused(kind: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=": ") as caught:
        kind(**given)
    assert said in str(caught.value)


PARAMETERS = [
    ({"kind": "int"}, "Parameter.kind: 'int'; expected one of count, real, flag, choice, counts"),
    ({"kind": "count", "default": 1.5}, "Parameter.default: 1.5; expected a whole number"),
    ({"kind": "count", "default": True}, "Parameter.default: True; expected a whole number"),
    ({"kind": "real", "default": float("inf")}, "Parameter.default: inf; expected a finite number"),
    ({"kind": "real", "default": ""}, "Parameter.default: empty; expected a finite number"),
    ({"kind": "flag", "default": "yes"}, "Parameter.default: 'yes'; expected True or False"),
    ({"kind": "flag", "low": 0.0}, "Parameter.low: 0.0, but a flag has no range"),
    ({"kind": "choice", "choices": ("mean", "sum"), "default": "means"}, "expected one of mean, sum; did you mean"),
    ({"kind": "choice", "default": "mean"}, "Parameter.choices: none; expected the values of a choice"),
    ({"kind": "real", "choices": ("a",)}, "Parameter.choices: ('a',), but a real has none"),
    ({"kind": "real", "open_low": True}, "Parameter.open_low: True without low"),
    ({"kind": "real", "low": float("nan")}, "Parameter.low: nan; expected a number"),
    ({"kind": "counts", "default": "40;4"}, "Parameter.default: '40;4'; expected whole numbers as in '40,4'"),
]


@pytest.mark.parametrize(("given", "said"), PARAMETERS)
def test_a_parameters_default_choices_and_range_fit_its_kind(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=": ") as caught:
        Parameter(name="p", latex="", meaning="", **given)
    assert said in str(caught.value) and str(caught.value).endswith("(in 'p')")


NAMES = ["**", "/abs", "../up", "a" * 300, "", "two words", "os.path", "naïve", "1st", 'x"""', "x\\y"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_enters_files_and_source_is_an_identifier(name: str) -> None:
    model = pegr("pegr")
    observable: Any = model.observables[0]
    made: list[Callable[[], object]] = [
        lambda: replace(model, name=name),
        lambda: replace(model.directions[0], name=name),
        lambda: replace(model.directions[0].coefficient, name=name),
        lambda: replace(observable, name=name),
        lambda: replace(model.events[0], name=name),
        lambda: GradientDescent(step=name),
        lambda: Bilevel(tasks=name),
        lambda: replace(model, parameters=(*model.parameters, replace(model.parameters[0], name=name))),
    ]
    for make in made:
        with pytest.raises(ValueError, match=": ") as caught:
            make()
        said = str(caught.value)
        assert "is not an identifier; use up to 60 ASCII letters" in said and "\n" not in said and len(said) < 250


def test_a_declaration_read_back_is_checked_in_the_same_way() -> None:
    plain = json.loads(json.dumps(to_plain(pegr("pegr"))))
    assert from_plain(plain) == pegr("pegr")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"objective": {"is": "Objective", "loss": "hinges"}}, "Objective.loss: 'hinges'"),
        ({"objective": {"is": "Objektive", "loss": "logistic"}}, "'Objektive'; expected one of "),
        ({"objective": {"loss": "logistic"}}, "declaration: None; expected one of "),
        ({"objective": {"is": "Objective"}}, "Objective lacks 'loss'; give that field"),
        ({"objective": {"is": "Objective", "los": "logistic"}}, "Objective has no field 'los'; did you mean 'loss'?"),
        ({"name": "**"}, "Model.name: '**' is not an identifier"),
    ]
    for changed, said in cases:
        with pytest.raises(ValueError, match=": ") as caught:
            from_plain({**plain, **changed})
        assert said in str(caught.value)


def test_a_misspelt_choice_in_a_users_file_is_one_sentence_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.py"
    file.write_text("from derivations.declare import Activation\n\nsigma = Activation(name='gleu')\n", encoding="utf-8")
    for words in (["run", f"{file}:model"], ["derive", f"{file}:model"], ["validate", f"{file}:model"]):
        assert cli.main(words) == 2
        said = capsys.readouterr().err
        assert "own.py' raised ModelError at line 3: Activation.name: 'gleu'; expected" in said
        assert said.count("\n") == 1


def test_a_power_out_of_bounds_is_refused_through_both_doors(capsys: pytest.CaptureFixture[str]) -> None:
    for q in (17, 20, 10**6):
        with pytest.raises(InputError, match=f"q: {q} is above 16"):
            gr.run("pegr", {"q": q}, steps=1)
        assert cli.main(["derive", "pegr", f"q={q}"]) == 2
        assert capsys.readouterr().err.startswith(f"gammarho: q: {q} is above 16")


@pytest.mark.parametrize("regularizer", ["none", "pegr", "fgr"])
def test_every_power_within_the_bound_has_a_kernel(regularizer: str) -> None:
    assert "def run(" in gr.derive("pegr", {"q": LARGEST_POWER, "regularizer": regularizer}).kernel_source()
