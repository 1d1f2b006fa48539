"""That what a declaration refers to by name is there, and of the right kind; its formulas too."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from ..errors import ModelError
from .choices import Declared, FormulaText, Refers, fields_of, nearest_or_new
from .formula import FormulaError, names
from .layers import declared_families
from .patches import Term
from .variables import of_run

Mark = Refers | FormulaText
SIZES = ("n", "m")
"""Sizes that every formula knows, whatever the parameters."""


def check_references(model: Any) -> None:
    """Refuses a name that nothing of the model has, one of another kind, one that is given twice, and such formulas.

    A model without parameters, which is derived but not drawn, refers to others freely.  Raises ModelError.
    """
    known = {
        "family": [family.name for family in declared_families(model.directions)],
        "parameter": [parameter.name for parameter in model.parameters],
        "variable": [*of_run(model)],
    }
    axes = set(model.network.axis_names)
    for owner, field, mark, texts in _marked(model):
        if isinstance(owner, Term) and axes & set(texts):  # the model's own terms
            continue
        what = f"{type(owner).__name__}.{field}"
        if isinstance(mark, FormulaText):
            for text in texts:
                check_formula(model, what, text)
            continue
        for name in texts:
            _check_name(model, f"{what}: {name!r}", mark, name, known[mark.to])
            if mark.to == "family" and texts.count(name) > 1:
                raise ModelError(f"{what}: {name!r} is given twice; give it once")


def _check_name(model: Any, what: str, mark: Refers, name: str, known: list[str]) -> None:
    if not known:
        return
    if name not in known:
        raise ModelError(f"{what} is no {mark.to} of this model; {nearest_or_new(name, known)}")
    if mark.to == "family" and mark.kinds and model.family(name).over not in mark.kinds:
        over = f"is over {model.family(name).over!r}; expected a family over {' or '.join(map(repr, mark.kinds))}"
        raise ModelError(f"{what} {over}, so name another one")
    if mark.to != "parameter" or not mark.kinds:
        return
    parameter = model.parameter(name)
    if parameter.kind not in mark.kinds:
        raise ModelError(f"{what} is a {parameter.kind}; expected a {' or a '.join(mark.kinds)}, so name another one")
    for choice in parameter.choices if mark.within else ():
        if choice not in mark.within:
            raise ModelError(f"{what} may be {choice!r}; expected choices among {', '.join(mark.within)}")


def check_formula(model: Any, what: str, text: str) -> None:
    """Refuses a text that is no formula, or that holds a name which is no number of the model.  Raises ModelError."""
    try:
        used = names(text) if text.strip() else ()
    except FormulaError as error:
        raise ModelError(f"{what}: {error}") from error
    kinds = {parameter.name: parameter.kind for parameter in model.parameters}
    for name in used if kinds else ():
        if name not in kinds and name not in SIZES:
            cure = nearest_or_new(name, kinds)
            raise ModelError(f"{what}: {text!r} holds {name!r}, which is no parameter of this model; {cure}")
        if kinds.get(name) in ("choice", "counts"):
            raise ModelError(f"{what}: {text!r} holds {name!r}, which is no number but a {kinds[name]}; leave it out")


def parameters_read(model: Any) -> set[str]:
    """The parameters that something of the declaration names, itself or in a formula."""
    read = read_by(model)
    for parameter in model.parameters:
        if parameter.follows:
            read.update(names(str(parameter.default)))
    return read


def read_by(part: object) -> set[str]:
    """The parameters that a part of a declaration names, itself or in formulas, and what else its formulas name."""
    read: set[str] = set()
    for _, _, mark, texts in _marked(part):
        if isinstance(mark, FormulaText):
            read.update(name for text in texts if text.strip() for name in names(text))
        elif mark.to == "parameter":
            read.update(texts)
    return read


def _marked(part: object) -> Iterator[tuple[object, str, Mark, tuple[str, ...]]]:
    """(the object, its field, what its text is, the texts) throughout a declaration, where there is any text."""
    if isinstance(part, tuple):
        for each in part:
            yield from _marked(each)
    if not isinstance(part, Declared):
        return
    kind: Any = type(part)
    for field, mark in _marks(kind).items():
        value = getattr(part, field)
        if mark is not None:
            texts = value if isinstance(value, tuple) else (value,)
            texts = tuple(text for text in texts if isinstance(text, str) and text)
            if texts:
                yield part, field, mark, texts
        if isinstance(value, tuple | Declared):
            yield from _marked(value)


@functools.cache
def _marks(kind: type) -> dict[str, Mark | None]:
    """The marks of a class's fields."""
    return {field: _mark(hint) for field, hint in fields_of(kind).items()}


def _mark(hint: Any) -> Mark | None:
    """The mark of an annotation, of a tuple's entries, or of one of several alternatives."""
    inside = get_args(hint)
    if get_origin(hint) is Annotated:
        return next((mark for mark in inside[1:] if isinstance(mark, Mark)), None)
    return next((mark for each in inside if (mark := _mark(each)) is not None), None)
