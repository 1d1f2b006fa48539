"""The cases of a fresh example, counted once more from the declaration: labels, flips and scalars, how likely each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from derivations.declare import Bernoulli, Constant, Model, NearLaw, OfDensity, OfLabel, RandomSign, Scalar, forgotten

from ..start.drawn import Draw
from ..values import Values, constant, real


@dataclass(frozen=True)
class Case:
    """A fresh example's clean label, observed one, scalars by name, and the probability of all that.

    `example` is the training one whose vectors it has, where it has any of them.
    """

    clean: float
    y: float
    scalars: Mapping[str, float]
    chance: float
    example: int = 0


def cases(model: Model, draw: Draw, values: Values) -> list[Case]:
    """The cases of fresh examples that have a probability."""
    if not isinstance(model.test, NearLaw):
        return _drawn(model, values)
    examples = range(len(draw.y))
    if model.test.labels == "fresh":
        return [replace(case, chance=case.chance / len(draw.y), example=i)
                for case in _drawn(model, values) for i in examples]
    labels = draw.y if model.test.flips else draw.clean
    near_cases = [_of_example(model, draw, values, i, float(labels[i])) for i in examples]
    return sorted(near_cases, key=lambda case: case.y)


def _of_example(model: Model, draw: Draw, values: Values, i: int, y: float) -> Case:
    """Training example i again."""
    known = Case(float(draw.clean[i]), y, {}, 1.0 / len(draw.y), i)
    own = {each.name: float(draw.scalars[each.name][i]) if each.drawn else _values(each, known, values)[0][0]
           for each in model.scalars}
    return replace(known, scalars=own)


def _drawn(model: Model, values: Values) -> list[Case]:
    """Those whose label and scalars are drawn."""
    labels = model.network.head_axis.labels
    p = real(values, model.label_flips) if model.label_flips and model.test.by_observed else 0.0
    drawn_cases = [Case(y, y, {}, 1.0 / len(labels)) for y in labels] if p == 0.0 else [
        Case(c, s * c, {}, 0.5 * (1.0 - p if s > 0 else p)) for c in labels for s in (1.0, -1.0)]
    for scalar in [each for each in model.scalars if not isinstance(each, OfDensity)]:
        drawn_cases = [
            Case(case.clean, case.y, {**case.scalars, scalar.name: value}, case.chance * chance)
            for case in drawn_cases for value, chance in _values(scalar, case, values)
        ]
    return [case for case in drawn_cases if case.chance > 0] if model.scalars else drawn_cases


def _values(scalar: Scalar, known: Case, values: Values) -> list[tuple[float, float]]:
    """What a scalar may be in a case, and with which probability."""
    of = partial(constant, values)
    match scalar:
        case Constant():
            return [(of(scalar.value), 1.0)]
        case OfLabel():
            return [(of(scalar.plus if (known.clean if scalar.clean else known.y) > 0 else scalar.minus), 1.0)]
        case RandomSign():
            return [(1.0, 0.5), (-1.0, 0.5)]
        case Bernoulli():
            return [(1.0, of(scalar.probability)), (0.0, 1.0 - of(scalar.probability))]
    raise forgotten(scalar, "the cases of fresh examples")
