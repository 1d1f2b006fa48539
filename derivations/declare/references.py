"""That what a declaration refers to by name is there: the families, parameters and variables of its model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from ..errors import ModelError
from .choices import Declared, Refers, fields_of, nearest
from .variables import of_run

SIZES = {"m", "d"}  # parameters of every model that is meant to be drawn and run


def check_references(model: Any) -> None:
    """Refuses a name that nothing of the model has.

    A model without the parameters m and d, which is derived but not drawn, refers to others freely.  Raises ModelError.
    """
    known = {
        "family": [family.name for family in model.directions],
        "parameter": [parameter.name for parameter in model.parameters],
        "variable": [*of_run(model)],
    }
    if not set(known["parameter"]) >= SIZES:
        known["parameter"] = []
    for owner, field, to, name in _references(model):
        if name and known[to] and name not in known[to]:
            what = f"{type(owner).__name__}.{field}: {name!r} is no {to} of this model"
            raise ModelError(f"{what}; {nearest(name, known[to])}, or declare it")


def _references(part: object) -> Iterator[tuple[object, str, str, str]]:
    """(the object, its field, what it refers to, the name) throughout a declaration."""
    if isinstance(part, tuple):
        for each in part:
            yield from _references(each)
    if not isinstance(part, Declared):
        return
    for field, hint in fields_of(type(part)).items():
        value = getattr(part, field)
        mark = _mark(hint)
        names = value if isinstance(value, tuple) else (value,)
        if mark is not None:
            yield from ((part, field, mark.to, name) for name in names)
        yield from _references(value)


def _mark(hint: Any) -> Refers | None:
    """The mark of an annotation, or of a tuple's entries."""
    if get_origin(hint) is tuple:
        return _mark(get_args(hint)[0])
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, Refers)), None)
