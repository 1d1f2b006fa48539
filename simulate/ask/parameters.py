"""Parameter values: what the caller gave over a preset over the published defaults, every one of them checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from derivations.declare import Model, Parameter, Preset, Value

from ..errors import InputError, did_you_mean, nearest, quoted
from . import values as values_of
from .formulas import Computed, text_of
from .models import Factory, build
from .noted import Note, of_default_used, of_formula, show
from .reading import advice, parse

_COUNTS = ("steps", "seed", "seeds", "preset")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "run": (*_COUNTS, "sampling", "record", "engine", "observables", "out"), "phase": (*_COUNTS, "sampling", "out"),
    "sensitivity": (*_COUNTS, "sampling", "out"), "check": _COUNTS, "validate": ("steps", "seed", "preset"),
    "gap": ("steps", "seed", "preset"), "conditions": ("steps", "preset"), "derive": ("preset", "out"),
}
"""What a verb is asked beside the parameters and easily typed among them."""


@dataclass(frozen=True)
class Resolved:
    """A model with the value of each of its parameters.

    `values` has every parameter of `model` by name: int for a count, float for a real, bool for a flag, str for a
    choice, None for one that has no default and was not given.  `notes` has one for each default used, with its
    source, and each formula, after one for the preset where there is one.
    """

    model: Model
    values: dict[str, Value]
    notes: tuple[Note, ...]

    def without(self, names: Collection[str]) -> tuple[Note, ...]:
        """The notes on other parameters than these."""
        return tuple(each for each in self.notes if each.parameter not in names)


def resolve(
    factory: Factory | Model, given: Mapping[str, object] | None = None, preset: Preset | None = None,
    verb: str = "run",
) -> Resolved:
    """Merge `given` over `preset` over the published defaults; structural parameters select the model.

    Args:
        factory: a function of the structural parameters that returns the model, or a model that has none to choose.
        given: values by parameter name (`by_name`); numbers, or text as it stands on a command line.
        preset: named published values, below `given`.
        verb: who asks, whose options may have been meant.

    Raises:
        InputError: for a name the model does not have (with the nearest one it has), a value outside the
            parameter's kind or range, and a structural value the model cannot be built with.
    """
    given = given or {}
    chosen = over(preset, given)
    return valued(built(factory, chosen), chosen, given, preset, verb)


_HELD = "in Python an equation is solved by gr.held, whose values are given here"


def valued(
    model: Model, chosen: Mapping[str, object], given: Mapping[str, object], preset: Preset | None, verb: str
) -> Resolved:
    """The values of a model's parameters, of what was `chosen`: `given` over `preset`, asked by `verb`."""
    declared, options = [parameter.name for parameter in model.parameters], OPTIONS[verb]
    for name, value in chosen.items():
        if name not in declared:
            near = did_you_mean(name, (*declared, *options)) or nearest(name, declared)
            cure = _option(name, value) if name in options else _HELD if name == "hold" else near
            raise InputError(f"params: {quoted(name)} is not a parameter of {model.name}; {cure}")
    lookup = computed(model, chosen)
    values = {parameter.name: lookup[parameter.name] for parameter in model.parameters}
    notes = [of_preset(preset, given, values)] if preset else []
    for parameter in sorted(model.parameters, key=lambda each: each.follows):
        text = lookup.formulas.get(parameter.name)
        if parameter.name not in chosen and parameter.default is not None:
            notes.append(of_default_used(parameter, values[parameter.name]))
        elif parameter.name in chosen and text is not None:
            notes.append(of_formula(parameter, values[parameter.name], text))
    return Resolved(model, values, tuple(notes))


def of_preset(
    preset: Preset, given: Iterable[str], values: Mapping[str, Value], by_cell: Collection[str] = ()
) -> Note:
    """That a preset was used, and what is given in the place of its values, where it differs or does so `by_cell`."""
    of_preset = dict(preset.values)
    changed = [f"{name} = {show(values[name])}" for name in given if name not in by_cell
               and name in of_preset and name in values and of_preset[name] != values[name]]
    apart = [name for name in given if name in by_cell and name in of_preset]
    said = ", ".join([*changed, *([f"{', '.join(apart)} by cell"] if apart else [])])
    return Note(f"preset {preset.name} ({preset.source}){f', but {said}' if said else ''}")


def over(preset: Preset | None, given: Mapping[str, object]) -> dict[str, object]:
    """What was given, over the preset."""
    return {**(dict(preset.values) if preset else {}), **given}


def built(factory: Factory | Model, chosen: Mapping[str, object]) -> Model:
    """The model of the structural parameters among what was chosen.  Raises InputError where there is none."""
    base = build(factory, {})
    structural = [parameter.name for parameter in base.parameters if parameter.structural and parameter.name in chosen]
    if not structural:
        return base
    values = computed(base, chosen)
    return build(factory, {name: values[name] for name in structural})


def formula_of(model: Model, parameter: Parameter, chosen: Mapping[str, object]) -> str | None:
    """The formula of other parameters that a parameter's value comes from, given or by default; None of another."""
    if parameter.name in chosen:
        return text_of(model, parameter, chosen[parameter.name])
    return str(parameter.default) if parameter.follows else None


def computed(model: Model, chosen: Mapping[str, object]) -> Computed:
    """Every parameter's value, of what was chosen over the defaults."""
    stated = {each.name: chosen.get(each.name, each.default) for each in model.parameters}
    formulas = {each.name: text for each in model.parameters if (text := formula_of(model, each, chosen)) is not None}
    return _of(model, stated, formulas, chosen)


def _of(
    model: Model, stated: Mapping[str, object], formulas: Mapping[str, str], chosen: Mapping[str, object]
) -> Computed:
    def advised(name: str, value: object) -> str:
        return advice(model.parameter(name), value) if name in chosen else f"give {name}=..."

    def said(name: str) -> str:
        return "" if name in chosen else "its default "

    return Computed({each.name: each for each in model.parameters}, stated, formulas, advised, said)


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

    lookup = Computed(
        declared, {**resolved.values, **mine}, formulas, lambda name, value: advice(declared[name], value),
        lambda _: "")
    return {name: lookup[name] for name in mine}


def with_sizes(
    resolved: Resolved, given: Mapping[str, object], sizes: Mapping[str, float], what: str = "initial's arrays"
) -> Resolved:
    """The sizes of the caller's own arrays (n, m, d) in place of defaults and presets, whose notes go with them.

    Defaults that are formulas follow the sizes; `what` are the arrays, for an error's sentence.

    Raises:
        InputError: where `given` says another size than the arrays have.
    """
    values, asked = dict(resolved.values), given
    for name, size in sizes.items():
        if name in asked and values.get(name) != size:
            raise InputError(
                f"{name}: {quoted(asked[name])}, but {what} have {name} = {show(size)}; leave {name} out"
            )
        if name in values:
            values[name] = parse(resolved.model.parameter(name), size)
    kept, anew = resolved.without(sizes), dict[str, Note]()
    noted = {each.parameter for each in kept}
    formulas = {
        each.name: text for each in resolved.model.parameters
        if each.name in noted and (text := formula_of(resolved.model, each, asked)) is not None
    }  # what has no note is a preset's, or a number that was given
    lookup = _of(resolved.model, values, formulas, asked)
    for name, text in formulas.items():
        values[name], parameter = lookup[name], resolved.model.parameter(name)
        anew[name] = (
            of_formula(parameter, values[name], text) if name in asked else of_default_used(parameter, values[name])
        )
    return Resolved(resolved.model, values, tuple(anew.get(each.parameter, each) for each in kept))
