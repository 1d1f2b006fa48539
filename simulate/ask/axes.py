"""A grid's axis: a parameter and its values, of a pair (name, values) or a text name=a:b:n[:log] or name=v1,v2,..."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivations.declare import Parameter, Value
from derivations.declare.formula import FormulaError, names

from ..errors import InputError, nearest, quoted
from . import kinds, reading, values

LONGEST = 100_000  # values along an axis


@dataclass(frozen=True)
class Axis:
    """What was given as `option` ("x", "y" or "z"): a parameter, or a name that a hold uses, and its values.

    `logarithmic`: whether they were asked for as evenly spaced in the logarithm; `said` is a line where there are fewer
    than were asked for.
    """

    option: str
    parameter: Parameter
    values: tuple[Value, ...]
    logarithmic: bool = False
    said: str = ""

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.parameter.name


def axis(option: str, given: object, declared: Sequence[Parameter], params: Mapping[str, object], of: str) -> Axis:
    """An axis' parameter, one of `declared`, and its values, checked; between a and b, a count's are rounded.

    Raises:
        InputError: for another form, an unknown parameter (`of` says of what), one that `params` has too, values
            outside its range, none or repeated ones.
    """
    text = values.text(given)
    if text is not None:
        name, equals, span = text.partition("=")
        if not equals or not span:
            raise InputError(_form(option, text))
        parameter = _parameter(option, name.strip(" "), declared, params, of)
        _check_numbers(option, parameter, re.split("[,:]", span))
        if ":" not in span:
            return Axis(option, parameter, _separated(option, text, parameter, span))
        asked, logarithmic = _spanned(option, text, parameter, span), span.count(":") == 3  # only :log comes fourth
        points = list(dict.fromkeys(asked))
        fewer = (f"{parameter.name} has {len(points)} values and not {len(asked)}, as some of {text} round to the same "
                 "whole number; give fewer, or ends further apart")
        return Axis(option, parameter, tuple(reading.parse(parameter, value) for value in points), logarithmic,
                    "" if points == asked else fewer)
    pair = values.listed(given) or []
    name_given = values.text(pair[0]) if len(pair) == 2 else None
    if name_given is None:
        raise InputError(
            f"{option}: {quoted(given)}; expected a parameter and its values, such as ('lam', [0.01, 0.1])"
        )
    parameter = _parameter(option, name_given, declared, params, of)
    _check_numbers(option, parameter, values.listed(pair[1]) or ())
    return Axis(option, parameter, _listed(option, parameter, pair[1]))


def _check_numbers(option: str, parameter: Parameter, given: Sequence[object]) -> None:
    """Refuses a formula of parameters among an axis' values, which has none before a cell has."""
    for text in filter(None, map(values.text, given) if parameter.numeric else ()):
        try:
            of = names(text)
        except FormulaError:  # told where the value is read
            continue
        if of and text.strip() not in of:
            raise InputError(
                f"{option}: {parameter.name} has the value {quoted(text)}, a formula of {', '.join(of)}, and an axis' "
                f"values are numbers; write them out, or hold {quoted(f'{parameter.name}: {parameter.name}=...')} and "
                "give the axis of another name in that equation"
            )


def _listed(option: str, parameter: Parameter, given: object) -> tuple[Value, ...]:
    """The values of a list, all different."""
    name, raw = parameter.name, values.listed(given)
    if raw is not None and len(raw) > LONGEST:
        raise InputError(f"{option}: {name} has {len(raw)} values; expected at most {LONGEST}, so give fewer")
    entries = tuple(reading.parse(parameter, value) for value in raw or ())
    if not entries or None in entries or len(set(entries)) < len(entries):
        raise InputError(f"{option}: {name} has the values {quoted(given)}; expected at least one, all different")
    return entries


def _separated(option: str, text: str, parameter: Parameter, span: str) -> tuple[Value, ...]:
    """The values of v1,v2,..."""
    if kinds.kind_of(parameter).lists:
        raise InputError(
            f"{option}: {quoted(text)}; a value of {parameter.name} has commas of its own, so give such an axis in "
            f"Python, as ({parameter.name!r}, ['40,4', '40,40'])"
        )
    if "," in span:
        return _listed(option, parameter, span.split(","))
    try:
        return (reading.parse(parameter, span),)
    except InputError as error:
        raise InputError(_form(option, text)) from error


def _parameter(
    option: str, name: str, declared: Sequence[Parameter], params: Mapping[str, object], of: str
) -> Parameter:
    by_name = {parameter.name: parameter for parameter in declared}
    if name not in by_name:
        raise InputError(f"{option}: {quoted(name)} is not a parameter of {of}; {nearest(name, by_name)}")
    if name in params:
        raise InputError(f"{name}: {quoted(params[name])}, and also the axis {option}; leave it out of the parameters")
    return by_name[name]


def _form(option: str, text: str) -> str:
    spaced = "name=a:b:n or name=a:b:n:log, such as lam=0.001:0.1:10:log"
    return f"{option}: {quoted(text)}; expected {spaced}, or name=v1,v2, such as q=2,3"


def _spanned(option: str, text: str, parameter: Parameter, span: str) -> list[float]:
    """The values of a:b:n (evenly spaced) or a:b:n:log, ends included; of a whole parameter rounded, perhaps alike."""
    parts = span.split(":")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise InputError(_form(option, text))
    if not parameter.numeric:
        raise InputError(
            f"{option}: {parameter.name} is a {parameter.kind}, which has no a:b:n; expected a numeric parameter, or "
            f"its values, as in {_choices(parameter)}"
        )
    ends = [reading.parse(parameter, end) for end in parts[:2]]
    n = _how_many(option, text, parts[2])
    if not all(isinstance(end, int | float) for end in ends):  # "none", of a parameter that may be absent
        raise InputError(_form(option, text))
    start, stop = (float(str(end)) for end in ends)
    if len(parts) == 4 and min(start, stop) <= 0:
        raise InputError(f"{option}: {quoted(text)}; a log axis needs ends above 0")
    if start == stop:
        raise InputError(f"{option}: {quoted(text)}, whose ends are equal; expected two different ones")
    points = _spaced(start, stop, n, logarithmic=len(parts) == 4)
    if parameter.whole:
        return [float(round(value)) for value in points]
    if len(set(points)) < len(points):
        raise InputError(f"{option}: {quoted(text)}, of whose values some coincide in float64; give fewer of them")
    return points


def _choices(parameter: Parameter) -> str:
    return f"{parameter.name}={','.join(kinds.kind_of(parameter).examples(parameter))}"


def _how_many(option: str, text: str, given: str) -> int:
    """The n of a:b:n."""
    try:
        return reading.count("n", given, low=2, high=LONGEST)
    except InputError as error:
        shorter = ":".join([*text.split(":")[:2], "10", *text.split(":")[3:]])
        raise InputError(
            f"{option}: {quoted(text)} has n = {quoted(given)}; expected a whole number, at least 2 and "
            f"at most {LONGEST}, such as {quoted(shorter)}"
        ) from error


def _spaced(start: float, stop: float, n: int, logarithmic: bool) -> list[float]:
    """Ends exact, as typed; the points between them evenly spaced, or so in the logarithm."""
    inner = [k / (n - 1) for k in range(1, n - 1)]
    if logarithmic and stop / start in (0.0, math.inf):
        return [start, *(math.exp((1 - part) * math.log(start) + part * math.log(stop)) for part in inner), stop]
    if logarithmic:
        return [start, *(start * (stop / start) ** part for part in inner), stop]
    return [start, *(start + (stop - start) * part for part in inner), stop]
