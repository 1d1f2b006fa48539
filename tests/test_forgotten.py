"""No kind of activation, loss, penalty, law or method is forgotten by what goes by kinds, nor taken for another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from inspect import isabstract
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import sympy as sp
import torch

from derivations import declare
from derivations.calculus import activations as calculus
from derivations.declare import Activation, Bilevel, Objective, of_class
from derivations.declare.choices import fields_of
from derivations.errors import ModelError
from derivations.kernel import nests
from derivations.kernel.pieces import HELPERS
from derivations.notation import signs
from derivations.papers.fomaml.model import model as fomaml
from derivations.papers.nearly_orthogonal.model import model as leaky
from derivations.papers.pegr.model import model as pegr
from simulate.ask.parameters import resolve
from simulate.check.verdict import VERDICTS
from simulate.observe.sides import slopes
from simulate.run.pieces import COVARIANCES, pieces
from simulate.run.request import Request
from simulate.start import plan, task_layout
from simulate.train import bilevel, formulas, weights

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("derivations", "dynamics", "simulate", "figures", "gammarho")


def below(kind: type[Any]) -> Iterator[type[Any]]:
    """All classes of the package that derive from one and lack nothing."""
    for each in kind.__subclasses__():
        yield from below(each)
        if each.__module__.startswith("derivations.") and not isabstract(each):
            yield each


def words(part: type[Any], field: str) -> set[Any]:
    """The words of a closed list, or of one beside which there are formulas."""
    first, *marks = get_args(fields_of(part)[field])
    return {word for mark in marks for word in mark.words} if first is str else {first, *marks}


TABLES: list[tuple[str, type[Any], Mapping[type[Any], Any]]] = [
    ("sigma as SymPy", declare.ActivationKind, calculus.SIGMA),
    ("sigma in weight space", declare.ActivationKind, formulas.ACTIVE),
    ("sup|sigma''|", declare.ActivationKind, bilevel.CURVATURE),
    ("the loss in weight space", declare.LossKind, formulas.COST),
    ("the loss's rates in kernels", declare.LossKind, nests.RATES),
    ("covariances of fresh vectors", declare.Law, COVARIANCES),
]


@pytest.mark.parametrize(("what", "base", "table"), TABLES, ids=[what for what, *_ in TABLES])
def test_every_table_has_every_kind_and_no_other(what: str, base: type[Any], table: Mapping[type[Any], Any]) -> None:
    assert set(below(base)) == set(table)


def test_every_word_has_its_kind() -> None:
    for part, field, kinds, base in (
        (Activation, "name", {**declare.ACTIVATIONS, **dict.fromkeys(declare.FORMULAS, declare.Expressed)},
         declare.ActivationKind),
        (Objective, "loss", declare.LOSSES, declare.LossKind),
        (Objective, "penalty", declare.PENALTIES, declare.PenaltyKind),
    ):
        found = {each if isinstance(each, type) else type(each) for each in kinds.values()}
        assert words(part, field) == set(kinds) and found == set(below(base))
    methods = {method: (Bilevel(method=method).splits, Bilevel(method=method).to_adapted)
               for method in words(Bilevel, "method")}
    assert len(set(methods.values())) == len(methods)


def test_every_kind_of_statement_has_its_verdict() -> None:
    assert set(get_args(declare.Kind)) == {*VERDICTS, "order"}  # an order is fitted along a path


def test_a_part_of_no_kind_is_told_which_there_are() -> None:
    for part, field, base in ((pegr("none").directions[0], "law", declare.Law), (pegr("none"), "initialisation",
                              declare.Initialisation), (pegr("none"), "observables", declare.Observable)):
        with pytest.raises(ModelError) as told:
            replace(part, **{field: (3,) if field == "observables" else 3})  # type: ignore[arg-type]
        assert all(kind.__name__ in str(told.value) for kind in below(base) if is_dataclass(kind))


def test_every_piece_of_an_activation_is_printed_and_written() -> None:
    assert set(calculus.PIECES) == set(HELPERS)
    assert {piece.__name__ for piece in calculus.PIECES} <= set(signs.FUNCTIONS)


@dataclass(frozen=True)
class Softplus(declare.ActivationKind):
    """A kind that nothing else knows."""

    words = "softplus"
    at_zero = 0.5


class _Unknown(declare.LossKind):
    lipschitz = True


class _Square(declare.PenaltyKind):
    pass


def test_an_unknown_activation_is_nowhere_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(declare.ACTIVATIONS, "relu", Softplus)
    declared = Activation(name="relu")
    assert type(declared.kind) is Softplus
    asked: dict[str, Any] = {
        "SymPy": lambda: calculus.sigma(declared, sp.Symbol("x")),
        "weight space": lambda: formulas.activation(declared, torch.zeros(2)),
        "curvature": lambda: bilevel._curvature(declared.kind, None),  # type: ignore[arg-type]
        "slopes": lambda: slopes(declared, np.ones(1), {}),
    }
    for ask in asked.values():
        with pytest.raises(TypeError, match="Softplus"):
            ask()


def test_an_unknown_loss_or_penalty_is_nowhere_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from derivations.derive import derive

    model = replace(leaky(), parameters=(), objective=Objective(loss="logistic", penalty="full"))
    monkeypatch.setitem(declare.PENALTIES, "full", _Square())
    task = weights.problem(replace(model), np.eye(3), np.array([1.0, -1.0, 1.0]), {"lam": 1.0})
    with pytest.raises(TypeError, match="_Square"):
        weights.objective(task, torch.ones(2, 1, 3, requires_grad=True))
    with pytest.raises(TypeError, match="_Square"):
        derive(model)
    monkeypatch.setitem(declare.LOSSES, "logistic", _Unknown())
    with pytest.raises(TypeError, match="_Unknown"):
        formulas.losses_of(model, torch.zeros(1, 2), torch.ones(1), {})


@dataclass(frozen=True, kw_only=True)
class Cauchy(declare.Law):
    """A law that nothing else knows."""

    width: str = "sigma_p"
    scales = ("sigma_p",)
    deviations = ()

    def shape_of(self, values: Mapping[str, declare.Value]) -> str:
        return "cauchy"

    def projected_off(self, values: Mapping[str, declare.Value]) -> tuple[str, ...]:
        return ()


def under(law: declare.Law, model: declare.Model, families: tuple[str, ...]) -> declare.Model:
    """The model with another law of these families."""
    other = tuple(replace(f, law=law) if f.name in families else f for f in model.directions)
    return replace(model, directions=other)


def test_an_unknown_law_is_nowhere_taken_for_another() -> None:
    from simulate.observe import fresh_refusals, fresh_tasks
    from simulate.start.draw import draw

    examples, tasks = under(Cauchy(), pegr("none"), ("xi",)), under(Cauchy(width="sigma_xi"), fomaml(), ("xi",))
    values, of_tasks = resolve(lambda **_: examples).values, resolve(lambda **_: tasks).values
    drawn = draw(pegr("none"), {**values, "n": 2, "m": 1, "d": 6}, 0)
    request = Request(examples, values, "gram", "reduced", 1, 2.0, ("test_error",))
    for ask in (
        lambda: plan.plan_of(examples, values), lambda: task_layout.layout_of(tasks, of_tasks, 0),
        lambda: fresh_refusals.refusal(examples, drawn, values), lambda: fresh_tasks.refusal(tasks, drawn, of_tasks),
        lambda: pieces(request),
    ):
        with pytest.raises(TypeError, match="Cauchy"):
            ask()


def test_no_law_can_leave_out_what_all_are_asked() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Vague(declare.Law):
        width: str = "sigma_p"

    with pytest.raises(TypeError, match=r"abstract method.*deviations.*projected_off.*scales.*shape_of"):
        Vague()  # type: ignore[abstract]


def test_the_flag_of_a_projection_is_read_once() -> None:
    for law in (declare.GaussianLaw(std="s", off=("mu",), off_when="flag"),
                declare.EntryLaw(std="s", entries="uniform", off=("mu",), off_when="flag"),
                declare.ClassNoiseLaw(entries="e", spread="s", ratio="r", off=("mu",), off_when="flag")):
        assert law.projected_off({"flag": True}) == ("mu",) and law.projected_off({"flag": False}) == ()
        assert law.projected_off({}) == () and replace(law, off_when="").projected_off({}) == ("mu",)
    paths = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py") if "off_when" in path.read_text("utf-8")]
    assert {path.relative_to(ROOT).as_posix() for path in paths} == {
        "derivations/declare/laws.py", "derivations/declare/entry_law.py", "derivations/papers/pegr/model.py",
        "derivations/papers/fomaml/model.py", "derivations/show/early.py",  # the last writes its name into a formula
    }


def test_a_class_that_a_table_forgets_is_named() -> None:
    assert of_class({int: "whole"}, 3, "numbers") == "whole"
    with pytest.raises(TypeError, match="numbers: bool is not among int; add it"):
        of_class({int: "whole"}, True, "numbers")


# ---- words are compared where they are declared ----------------------------------------------------------------

WORDS = {
    "name": words(Activation, "name"), "loss": words(Objective, "loss"), "penalty": words(Objective, "penalty"),
    "method": words(Bilevel, "method"),
}
ELSEWHERE = {  # what holds words and no declaration
    "dynamics/fresh/tasklaw.py", "dynamics/fresh/taskdraws.py", "dynamics/fresh/testlaw.py",
}


def compared(source: str) -> Iterator[int]:
    """The lines where a field of that name, or a variable, is compared with a word of a declaration's."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
            known = WORDS.get(node.left.attr, set())
            constants = [each for side in node.comparators for each in ast.walk(side) if isinstance(each, ast.Constant)]
            if any(each.value in known for each in constants if isinstance(each.value, str)):
                yield node.lineno


def test_no_module_compares_the_words_of_activations_losses_penalties_and_methods() -> None:
    paths = {path.relative_to(ROOT).as_posix(): path for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    lines = {path: list(compared(text.read_text(encoding="utf-8"))) for path, text in paths.items()}
    homes = ("derivations/declare/", "simulate/train/raw/", *ELSEWHERE)
    assert {path: found for path, found in lines.items() if found and not path.startswith(homes)} == {}


@pytest.mark.parametrize("source", [
    'act.name == "relu_power"', 'model.objective.penalty != "none"', 'loops.method in ("reptile",)',
    'if model.objective.loss == "exponential":\n    pass',
])
def test_the_rule_sees_what_it_must(source: str) -> None:
    assert list(compared(source))
    assert not list(compared(source.replace(".name", ".id").replace(".penalty", ".x").replace(".method", ".x").replace(
        ".loss", ".x")))
