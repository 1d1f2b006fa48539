"""Names that mean something for every model, which nothing of one may have; and that no two things of one share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ModelError
from .data import laws_of
from .formula import QUANTITIES, REDUCTIONS, STEPS
from .mixing import Row, mixings_of
from .variables import COMMON, FRESH, FRESH_BY_CLASS, FRESH_TASKS, added, coefficients

AXES = (
    "t", "seed", "i", "j", "k", "l", "r", "task", "tau", "class", "matrix", "item", "bin", "status", "diverged_at",
    "message", "stopped", "boundary",
)
"""Dimensions and labels of the variables of a run or a grid."""
WORDS = (
    "kappa", "c", "T", "lam_t", "y", "yhat", "own", "same", "same_task", "train", "outer", "norm", "outputs", "adapted",
    "l1", "l2", "inf",
)
"""Words of a statement's formulas (`derivations.declare.statements`)."""
FUNCTIONS = (*QUANTITIES.callables, *REDUCTIONS, *STEPS)
"""Functions of formulas."""
ARRAYS = ("W", "y", "clean")
"""Arrays that a caller may bring beside a family's vectors (`initial=`)."""


def check_names(model: Any) -> None:
    """Raises ModelError, in one sentence, for a name of the model's that is taken."""
    products = _products(model)
    taken: dict[str, str] = {}
    for what, name, spoken in _named(model):
        if reason := _reason(what, name, spoken, products):
            raise ModelError(f"{what}: {reason}; give it another name")
        if name in taken:
            also = "twice" if taken[name] == what else f"as {what} and as {taken[name]}"
            raise ModelError(f"{what}: {name!r} is declared {also}; give each thing of a model its own name")
        taken[name] = what
    _check_tasks(model)


def why_no_parameter(model: Any, name: str) -> str:
    """Why nothing new beside a model's parameters may have a name, as one of its own; "" where it may."""
    declared = next((f"{name!r} is declared as {what}" for what, other, _ in _named(model) if other == name), "")
    return _reason("parameter", name, True, _products(model)) or declared


def _reason(what: str, name: str, spoken: bool, products: Mapping[str, str]) -> str:
    """Why a thing that `what` says may not have a name, "" where it may; what is `spoken` stands in formulas."""
    if name in {*COMMON, *FRESH, *FRESH_BY_CLASS, *FRESH_TASKS}:
        return f"{name!r} is a variable that every run has"
    if not spoken and name in ARRAYS:
        return f"{name!r} is an array that a caller brings in initial="
    if spoken and name in (*AXES, *(WORDS if what != "event" else ())):
        return f"{name!r} is an axis of runs or a word of formulas"
    if spoken and name in FUNCTIONS:
        return f"{name!r} is a function of formulas"
    return f"{name!r} is {products[name]} in formulas" if spoken and name in products else ""


def _named(model: Any) -> Iterator[tuple[str, str, bool]]:
    """(the kind of declaration, a name, whether formulas have it as it stands, where a family's stands with others)."""
    for family in model.directions:
        yield "family", family.name, False
        for law in laws_of(family):
            yield from (("family", name, False) for name in (law.brought if law is not None else ()))
    yield from (("held-out array", name, False) for name in model.test.arrays(model))
    yield from (("scalar", scalar.name, False) for scalar in model.scalars if not isinstance(scalar, Row))
    yield from (("mixing matrix", mixing.name, False) for mixing in mixings_of(model))
    trained = {axis.name: axis.name.replace("_", " ") for axis in model.network.axes}
    for family in model.directions:
        yield from ((trained.get(family.name, "coefficient"), name, True) for name in coefficients(family))
    yield from ((what, name, True) for what, name in added(model) if what != "coefficient")
    yield from (("parameter", parameter.name, True) for parameter in model.parameters)


def _products(model: Any) -> dict[str, str]:
    """What formulas call quantities of families and of observables of matrices, with what they are."""
    products: dict[str, str] = {}
    looked = [family.name for family in model.directions]
    laws = [law for family in model.directions for law in laws_of(family) if law is not None]
    looked += [name for law in laws for name in law.watched]
    for name in looked:
        for kind in ("z", "b", "inner", "adapted"):
            products[f"{kind}_{name}"] = f"a quantity of {name!r}"
        products |= {f"G_{name}_{other}": f"the inner product of {name!r} and {other!r}" for other in looked}
    return products | {f"{each.name}_heads": f"of {each.name!r}" for each in model.observables if each.decomposes}


def _check_tasks(model: Any) -> None:
    """Families over tasks are printed without an ending _k, which is their index: no two may then read alike."""
    printed: dict[str, str] = {}
    for family in model.directions:
        if family.index_set.per_task:
            name = family.name.removesuffix("_k")
            if name in printed:
                raise ModelError(f"family: {family.name!r} and {printed[name]!r} are both printed as {name}_k; "
                                 "give one another name")
            printed[name] = family.name
