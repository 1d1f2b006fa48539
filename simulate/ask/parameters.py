"""Parameter values: what the caller gave over a preset over the published defaults, every one of them checked."""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from derivations.declare import Model, Parameter, Preset, Value
from derivations.declare.formula import FormulaError, Vanishes

from ..errors import InputError, nearest, quoted
from . import userfile
from . import values as values_of
from .formulas import Computed, of_default, text_of

Factory = Callable[..., Model]

EXACT = values_of.EXACT
WHOLE = ("d",)  # a dimension: real, because it may be e^100, but whole wherever float64 can tell

OPTIONS = ("steps", "seed", "seeds", "preset", "sampling", "record", "engine", "observables", "out")
"""What is asked beside the parameters and easily typed among them."""


@dataclass(frozen=True)
class Resolved:
    """A model with the value of each of its parameters.

    `values` has every parameter of `model` by name: int for a count, float for a real, bool for a flag, str for a
    choice, None for one that has no default and was not given.  `notes` has one line for each default used, with
    its source, after a line for the preset where there is one.
    """

    model: Model
    values: dict[str, Value]
    notes: tuple[str, ...]


def resolve(
    factory: Factory | Model, given: Mapping[str, object] | None = None, preset: Preset | None = None
) -> Resolved:
    """Merge `given` over `preset` over the published defaults; structural parameters select the model.

    Args:
        factory: a function of the structural parameters that returns the model, or a model that has none to choose.
        given: values by parameter name; numbers, or text as it stands on a command line.
        preset: named published values, below `given`.

    Raises:
        InputError: for a name the model does not have (with the nearest one it has), a value outside the
            parameter's kind or range, and a structural value the model cannot be built with.
    """
    chosen = over(preset, given)
    model = built(factory, chosen)
    declared = [parameter.name for parameter in model.parameters]
    for name, value in chosen.items():
        if name not in declared:
            cure = _option(name, value) if name in OPTIONS else nearest(name, (*declared, *OPTIONS))
            raise InputError(f"params: {quoted(name)} is not a parameter of {model.name}; {cure}")
    found = computed(model, chosen)
    values = {parameter.name: found[parameter.name] for parameter in model.parameters}
    notes = [f"preset {preset.name} ({preset.source})"] if preset else []
    for parameter in sorted(model.parameters, key=of_default):
        text = formula_of(model, parameter, chosen)
        if parameter.name not in chosen and parameter.default is not None:
            notes.append(note(parameter, values[parameter.name]))
        elif parameter.name in chosen and text is not None:
            notes.append(f"{parameter.name} = {show(values[parameter.name])} = {text}")
    return Resolved(model, values, tuple(notes))


def over(preset: Preset | None, given: Mapping[str, object] | None) -> dict[str, object]:
    """What was given, over the preset."""
    return {**(dict(preset.values) if preset else {}), **by_name(given)}


def built(factory: Factory | Model, chosen: Mapping[str, object]) -> Model:
    """The model of the structural parameters among what was chosen.  Raises InputError where there is none."""
    base = build(factory, {})
    structural = [parameter.name for parameter in base.parameters if parameter.structural and parameter.name in chosen]
    values = computed(base, chosen)
    return build(factory, {name: values[name] for name in structural})


def formula_of(model: Model, parameter: Parameter, chosen: Mapping[str, object]) -> str | None:
    """The formula of other parameters that a parameter's value comes from, given or by default; None of another."""
    if parameter.name in chosen:
        return text_of(model, parameter, chosen[parameter.name])
    return str(parameter.default) if of_default(parameter) else None


def computed(model: Model, chosen: Mapping[str, object]) -> Computed:
    """Every parameter's value, of what was chosen over the defaults."""
    stated = {each.name: chosen.get(each.name, each.default) for each in model.parameters}
    formulas = {each.name: text for each in model.parameters if (text := formula_of(model, each, chosen)) is not None}
    return _of(model, stated, formulas, chosen)


def _of(
    model: Model, stated: Mapping[str, object], formulas: Mapping[str, str], chosen: Mapping[str, object]
) -> Computed:
    def advice(name: str, value: object) -> str:
        return _advice(model.parameter(name), value) if name in chosen else f"give {name}=..."

    def said(name: str) -> str:
        return "" if name in chosen else "its default "

    return Computed(stated, formulas, lambda name, value: parse(model.parameter(name), value), advice, said)


def _option(name: str, value: object) -> str:
    """Where what was typed as a parameter belongs."""
    plain = value if isinstance(value, str) and value.isalnum() and len(value) < 20 else quoted(value)
    return f"it is an option, so give --{name} {plain} on the command line, or {name}= beside the parameters in Python"


def by_name(given: Mapping[str, object] | None) -> dict[str, object]:
    """A copy of the caller's values; InputError where they are not a mapping from names."""
    return values_of.mapping("params", given, "values by parameter name", "{'n': 20}")


def further(
    resolved: Resolved, declared: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, Value]:
    """The values of parameters that are not the model's own, of those `declared` that are given; formulas read both.

    Raises:
        InputError: as `resolve`.
    """
    mine = {name: value for name, value in given.items() if name in declared}
    formulas = {
        name: text for name, value in mine.items()
        if (text := text_of(resolved.model, declared[name], value)) is not None
    }

    def parsed(name: str, value: object) -> Value:
        return parse(declared[name], value) if name in declared else resolved.values[name]

    found = Computed(
        {**resolved.values, **mine}, formulas, parsed, lambda name, value: _advice(declared[name], value), lambda _: "")
    return {name: found[name] for name in mine}


def with_sizes(
    resolved: Resolved, given: Mapping[str, object] | None, sizes: Mapping[str, float], what: str = "initial's arrays"
) -> Resolved:
    """The sizes of the caller's own arrays (n, m, d) in place of defaults and presets, whose notes go with them.

    Defaults that are formulas follow the sizes; `what` are the arrays, for an error's sentence.

    Raises:
        InputError: where `given` says another size than the arrays have.
    """
    values, asked = dict(resolved.values), by_name(given)
    for name, size in sizes.items():
        if name in asked and values.get(name) != size:
            raise InputError(
                f"{name}: {quoted(asked[name])}, but {what} have {name} = {show(size)}; leave {name} out"
            )
        if name in values:
            values[name] = parse(resolved.model.parameter(name), size)
    kept = [line for line in resolved.notes if line.split(" ")[0] not in sizes]
    formulas = {
        each.name: text for each in resolved.model.parameters
        if each.name not in sizes and (text := formula_of(resolved.model, each, asked)) is not None
        and (each.name in asked or note(each, resolved.values[each.name]) in kept)  # else the value is a preset's
    }
    found = _of(resolved.model, values, formulas, asked)
    for name, text in formulas.items():
        parameter, before = resolved.model.parameter(name), resolved.values[name]
        values[name] = found[name]
        for old, new in (
            (note(parameter, before), note(parameter, values[name])),
            (f"{name} = {show(before)} = {text}", f"{name} = {show(values[name])} = {text}"),
        ):
            kept = [new if line == old else line for line in kept]
    return Resolved(resolved.model, values, tuple(kept))


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


def parse(parameter: Parameter, value: object) -> Value:
    """The value in its kind's type, checked against the parameter's kind and range.

    None (or the text "none") stands for an absent value where the parameter has no default.  A real may be a formula
    of numbers, such as "exp(100)" or "2/400**0.5".

    Raises:
        InputError: with the name, the value, what was expected and an example.
    """
    if parameter.default is None and (value is None or (isinstance(value, str) and value == "none")):
        return None
    try:
        parsed: Value = _KINDS[parameter.kind](value)
    except FormulaError as error:
        vanishes = isinstance(error, Vanishes) and _in_range(parameter, 0.0)
        zero = f"; write {parameter.name}=0 if you mean 0" if vanishes else ""
        raise InputError(f"{parameter.name}: {error}; {_advice(parameter, value)}{zero}") from error
    if parsed is None or not _in_range(parameter, parsed):
        raise InputError(f"{parameter.name}: {quoted(value)}; {_advice(parameter, value)}")
    return parsed


def _advice(parameter: Parameter, value: object) -> str:
    return f"expected {expected(parameter)}{_cure(parameter, value)}"


def count(name: str, value: object, low: int = 0, example: int | None = None, high: int | None = None) -> int:
    """A whole number of at least `low` and at most `high`, such as a seed or a number of steps.

    Raises:
        InputError: for anything else.
    """
    shown = low if example is None else example
    parsed = parse(Parameter(name=name, latex="", meaning="", kind="count", default=shown, low=low, high=high), value)
    assert isinstance(parsed, int)
    return parsed


def positive(name: str, value: object) -> float:
    """A finite number above 0.

    Raises:
        InputError: for anything else.
    """
    declared = Parameter(name=name, latex="", meaning="", kind="real", default=1, low=0, open_low=True)
    parsed = parse(declared, value)
    assert isinstance(parsed, float)
    return parsed


def choice(name: str, value: object, options: tuple[str, ...]) -> str:
    """One of `options`, such as an engine's name.

    Raises:
        InputError: for anything else, with the nearest option.
    """
    declared = Parameter(name=name, latex="", meaning="", kind="choice", default=options[0], choices=options)
    parsed = parse(declared, value)
    assert isinstance(parsed, str)
    return parsed


def switch(name: str, value: object) -> bool:
    """True or false.

    Raises:
        InputError: for anything else.
    """
    parsed = parse(Parameter(name=name, latex="", meaning="", kind="flag", default=True), value)
    assert isinstance(parsed, bool)
    return parsed


def told(model: Model, values: Mapping[str, Value], notes: Sequence[str]) -> tuple[str, ...]:
    """The notes for a reader: where several defaults have no source but the model, one line for all of them."""
    bare = [each for each in model.parameters if each.name in values and not each.source]
    own = {note(each, values[each.name]): _set(each, values[each.name]) for each in bare}
    together = [own[line] for line in notes if line in own]
    if len(together) < 2:
        return tuple(notes)
    first = next(at for at, line in enumerate(notes) if line in own)
    said = f"{', '.join(together)} (the model's defaults)"
    return (*notes[:first], said, *(line for line in notes[first:] if line not in own))


def _set(parameter: Parameter, value: Value) -> str:
    """A parameter and its value, which a formula gave where that is its default."""
    return f"{parameter.name} = {show(value)}" + (f" = {parameter.default}" if of_default(parameter) else "")


def note(parameter: Parameter, value: Value) -> str:
    """The line that says a default was used, and whose it is."""
    if not parameter.source:
        origin = "the model's default"
    elif parameter.source.startswith("not "):
        origin = parameter.source  # "not stated in the paper; our choice": no publication to name
    else:
        origin = f"published default, {parameter.source}"
    return f"{_set(parameter, value)} ({origin})"


def show(value: Value) -> str:
    """A value as a user would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return str(value).lower() if value is None else str(value)


def _counts(value: object) -> str | None:
    """Whole numbers of at least 0 as "40,4"; from such a text, one number, or a sequence of them."""
    value = values_of.scalar(value)
    one = isinstance(value, numbers.Real) and not isinstance(value, bool)
    parts = value.split(",") if isinstance(value, str) else [value] if one else values_of.listed(value)
    found = [values_of.whole(part) for part in parts or ()]
    return ",".join(map(str, found)) if found and all(c is not None and c >= 0 for c in found) else None


def counts_of(value: Value) -> tuple[int, ...] | None:
    """The numbers of a "counts" value; None of an absent one."""
    return None if value is None else tuple(int(part) for part in str(value).split(","))


_KINDS: dict[str, Callable[[object], Value]] = {
    "count": values_of.whole, "real": values_of.typed, "flag": values_of.flag, "choice": values_of.text,
    "counts": _counts,
}


def _in_range(parameter: Parameter, value: Value) -> bool:
    if parameter.kind == "choice":
        return value in parameter.choices
    if parameter.kind in ("flag", "counts"):
        return True
    assert isinstance(value, int | float)
    low, high = parameter.low, parameter.high
    if low is not None and (value < low or (parameter.open_low and value == low)):
        return False
    if high is not None and value > high:
        return False
    return parameter.name not in WHOLE or value >= EXACT or (value >= 1 and float(value).is_integer())


def nearest_whole(parameter: Parameter, value: float) -> float:
    """The nearest value that the parameter may have, of one that is to be whole; any other as it is."""
    if (parameter.kind == "count" or parameter.name in WHOLE) and value < EXACT:
        return float(max(round(value), math.ceil(parameter.low or 0)))
    return value


def expected(parameter: Parameter) -> str:
    """What a value of the parameter may be, in words."""
    if parameter.kind == "flag":
        return "true or false"
    if parameter.kind == "choice":
        return f"one of {', '.join(parameter.choices)}"
    if parameter.kind == "counts":
        return "whole numbers of at least 0, such as 40,4"
    whole = parameter.kind == "count" or parameter.name in WHOLE
    text = "a whole number" if whole else "a finite number"
    if parameter.low is not None:
        text += f" {'above' if parameter.open_low else 'of at least'} {show(parameter.low)}"
    if parameter.high is not None:
        text += f"{' and' if parameter.low is not None else ''} of at most {show(parameter.high)}"
    return text


def _cure(parameter: Parameter, value: object) -> str:
    """How to mend it: the nearest choice, or an example that is legal."""
    if parameter.kind == "choice" and isinstance(value, str) and value:
        hint = nearest(value, parameter.choices)
        if hint.startswith("did"):
            return f"; {hint}"
    if parameter.default is None:
        return ", or leave it out"
    if of_default(parameter):
        return f", or leave it out for {parameter.default}"
    return f", such as {parameter.name}={show(parameter.default)}"
