"""What a fresh example may be beside its noise: its label before and after flips, and its scalars; how likely."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare import Model, OfCases, OfLabel, Value
from dynamics.arrays import Array

from ..errors import InputError
from ..start.labels import flip_probability
from ..start.scalars import cases_of, constants

MOST = 1024  # cases of labels and scalars


@dataclass(frozen=True)
class Cases:
    """L cases: labels before and after flips (L,), scalars of few values by name (L,), probabilities; None: equal."""

    clean: Array
    labels: Array
    scalars: Mapping[str, Array]
    shares: Array | None

    def scalars_at(self, at: int) -> dict[str, float]:
        """The scalars of one case."""
        return {name: float(each[at]) for name, each in self.scalars.items()}


def cases_of_fresh(model: Model, values: Mapping[str, Value]) -> Cases:
    """The cases of a fresh example.  Raises InputError where they are too many to be told apart."""
    clean, labels, shares = _labels(model, values)
    if not model.scalars:
        return Cases(clean, labels, {}, shares)
    rows: list[tuple[float, float, float, tuple[float, ...]]] = []
    varying = [each for each in model.scalars if each.varies and isinstance(each, OfCases)]
    chances = np.full(len(labels), 1.0 / len(labels)) if shares is None else shares
    for before, after, chance in zip(clean, labels, chances, strict=True):
        own = [before if isinstance(each, OfLabel) and each.clean else after for each in varying]
        options = [cases_of(each, values, float(y)) for each, y in zip(varying, own, strict=True)]
        count = int(np.prod([len(each) for each in options]))
        if count * len(labels) > MOST:
            raise InputError(
                f"test_error: a fresh example has {count} cases of its scalars, and {MOST // len(labels)} are told "
                "apart; leave the test observables out"
            )
        for chosen in itertools.product(*options):
            likely = float(chance * np.prod([p for _, p in chosen]))
            if likely > 0:
                rows.append((float(before), float(after), likely, tuple(value for value, _ in chosen)))
    scalars = {each.name: np.array([row[3][at] for row in rows]) for at, each in enumerate(varying)}
    fixed = {name: np.full(len(rows), value) for name, value in constants(model, values).items()}
    of_rows = [np.array([row[at] for row in rows], dtype=np.float64) for at in range(3)]
    return Cases(of_rows[0], of_rows[1], {**scalars, **fixed}, of_rows[2])


def _labels(model: Model, values: Mapping[str, Value]) -> tuple[Array, Array, Array | None]:
    """The labels of a fresh example before and after flips, each (L,), and their probabilities; None: all equal."""
    labels = np.array(model.network.head_axis.labels)
    flipping = flip_probability(model, values) if model.test.by_observed else 0.0
    if flipping == 0:
        return labels, labels, None
    clean = np.repeat(labels, 2)  # neighbours differ in the observed label alone, and share their outputs
    return clean, clean * np.tile([1.0, -1.0], 2), np.tile([0.5 * (1.0 - flipping), 0.5 * flipping], 2)
