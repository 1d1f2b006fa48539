"""A grid's axis: a parameter and its values, of a pair (name, values) or of a text name=a:b:n[:log]."""

from __future__ import annotations

import math
from collections.abc import Mapping

from derivations.declare import Model, Parameter, Value

from ..errors import InputError, nearest, quoted
from . import parameters, values

Axis = tuple[str, tuple[Value, ...]]

LONGEST = 100_000  # values along an axis


def axis(option: str, given: object, model: Model, params: Mapping[str, object]) -> Axis:
    """An axis' parameter and its values, checked; between a and b, a count's are rounded and kept once.

    Raises:
        InputError: for another form, an unknown parameter, one that `params` has too, values outside its range, none
            or repeated ones.
    """
    text = values.text(given)
    if text is not None:
        parameter, spaced = _spanned(option, text, model, params)
        whole = parameter.kind == "count" or parameter.name in parameters.WHOLE
        points = list(dict.fromkeys(float(round(value)) for value in spaced)) if whole else spaced
        if len(set(points)) < len(points):
            raise InputError(f"{option}: {quoted(text)}, of whose values some coincide in float64; give fewer of them")
        return parameter.name, tuple(parameters.parse(parameter, value) for value in points)
    pair = values.listed(given) or []
    name = values.text(pair[0]) if len(pair) == 2 else None
    if name is None:
        raise InputError(
            f"{option}: {quoted(given)}; expected a parameter and its values, such as ('lam', [0.01, 0.1])"
        )
    parameter, raw = _parameter(option, name, model, params), values.listed(pair[1])
    if raw is not None and len(raw) > LONGEST:
        raise InputError(f"{option}: {name} has {len(raw)} values; expected at most {LONGEST}, so give fewer")
    found = tuple(parameters.parse(parameter, value) for value in raw or ())
    if not found or None in found or len(set(found)) < len(found):
        raise InputError(f"{option}: {name} has the values {quoted(pair[1])}; expected at least one, all different")
    return name, found


def _parameter(option: str, name: str, model: Model, params: Mapping[str, object]) -> Parameter:
    by_name = {parameter.name: parameter for parameter in model.parameters}
    if name not in by_name:
        raise InputError(f"{option}: {quoted(name)} is not a parameter of {model.name}; {nearest(name, by_name)}")
    if name in params:
        raise InputError(f"{name}: {quoted(params[name])}, and also the axis {option}; leave it out of the parameters")
    return by_name[name]


def _spanned(
    option: str, text: str, model: Model, params: Mapping[str, object]
) -> tuple[Parameter, list[float]]:
    """The parameter and the values of name=a:b:n (evenly spaced) or name=a:b:n:log, ends included."""
    name, equals, span = text.partition("=")
    form = f"{option}: {quoted(text)}; expected name=a:b:n or name=a:b:n:log, such as lam=0.001:0.1:10:log"
    parts = span.split(":")
    if not equals or len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise InputError(form)
    parameter = _parameter(option, name.strip(" "), model, params)
    if parameter.kind not in ("count", "real"):
        raise InputError(
            f"{option}: {parameter.name} is a {parameter.kind}, which has no a:b:n; expected a numeric parameter"
        )
    ends = [parameters.parse(parameter, end) for end in parts[:2]]
    n = _how_many(option, text, parts[2])
    if not all(isinstance(end, int | float) for end in ends):  # "none", of a parameter that may be absent
        raise InputError(form)
    start, stop = (float(str(end)) for end in ends)
    if len(parts) == 4 and min(start, stop) <= 0:
        raise InputError(f"{option}: {quoted(text)}; a log axis needs ends above 0")
    if start == stop:
        raise InputError(f"{option}: {quoted(text)}, whose ends are equal; expected two different ones")
    return parameter, _spaced(start, stop, n, logarithmic=len(parts) == 4)


def _how_many(option: str, text: str, given: str) -> int:
    """The n of a:b:n."""
    try:
        return parameters.count("n", given, low=2, high=LONGEST)
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
