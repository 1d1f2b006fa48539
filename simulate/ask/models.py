"""The model of structural values, of a function that declares it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping

from derivations.declare import Model, Value

from ..errors import InputError, quoted
from . import userfile
from .noted import show

Factory = Callable[..., Model]
_KEPT = "gammarho_kept"  # the models that a remembered function has declared


def remembered(factory: Factory | Model) -> Factory | Model:
    """The same models, each declared once: to declare one takes milliseconds, and a grid asks for one in every cell.

    Only for a function that returns the same model each time, or as long as it does.
    """
    if isinstance(factory, Model):
        return factory
    kept: dict[tuple[tuple[str, object], ...], Model] = {}

    @functools.wraps(factory)
    def once(**structural: object) -> Model:
        key = tuple(sorted(structural.items()))
        if key not in kept:
            kept[key] = factory(**structural)
        return kept[key]

    setattr(once, _KEPT, kept)
    return once


def build(factory: Factory | Model, structural: Mapping[str, Value]) -> Model:
    """The model for these structural values.

    Raises:
        InputError: where the declaration refuses them, or `factory` is a model declared with other ones.
    """
    if isinstance(factory, Model):
        for name, value in structural.items():
            built = factory.parameter(name).default
            if value != built:
                raise InputError(
                    f"{name}: {show(value)}; this model was declared with {name} = {show(built)}, "
                    f"so give a function of {name} that returns the model instead"
                )
        return factory
    known = getattr(factory, _KEPT, {}).get(tuple(sorted(structural.items())))
    if isinstance(known, Model):
        return known
    try:
        signature = inspect.signature(factory)
    except ValueError as error:  # a builtin type
        raise InputError(f"setting: {quoted(factory)}; expected a Model or a function that returns one") from error
    try:
        signature.bind(**structural)
    except TypeError as error:
        asked = ", ".join(f"{name}={show(value)}" for name, value in structural.items())
        raise InputError(
            f"model({asked}): {error}; a model's function takes its structural parameters, each with a default"
        ) from error
    model = userfile.call(factory, structural)
    if not isinstance(model, Model):
        raise InputError(f"model: the function returned {quoted(model)}; expected a derivations.declare.Model")
    return model
