"""Fresh examples beside training ones (`NearLaw`): every training example a case, and Gaussian vectors added to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from derivations.declare import Model, NearLaw, Value
from dynamics.arrays import Array, Indices
from dynamics.fresh import testlaw
from dynamics.fresh.normals import Normals

from ..start.drawn import Draw
from ..start.scalars import all_scalars, said_by_labels
from ..values import number
from .fresh_cases import MOST, Cases, cases_of_fresh
from .fresh_covariance import covariance_of


@dataclass(frozen=True)
class Neighbours:
    """L cases, by label, each beside the training example `of` (L,); scalars may have densities."""

    cases: Cases
    of: Indices


def law(
    model: Model, draw: Draw, z: Array, b: Array, values: Mapping[str, Value], rng: np.random.Generator, size: int,
    left: Array,
) -> tuple[testlaw.Fresh, Normals, list[tuple[str, int]]]:
    """As `fresh.law`; exact in the training example, so that draws are of what is added alone."""
    test, nearby = _law_of(model), neighbours(model, draw, values)
    terms = [(p, term) for p, patch in enumerate(model.patches) for term in patch.terms]
    names = [name for name in test.near if name in {term.direction for _, term in terms}]
    offsets, cases = model.offsets(len(draw.y)), nearby.cases
    fixed = np.zeros((len(z), len(nearby.of), len(model.patches), *z.shape[1:3]))
    mix = np.zeros((len(nearby.of), len(model.patches), len(names)))
    moved = number(values, test.std) > 0
    for case, (label, example) in enumerate(zip(cases.labels, nearby.of.tolist(), strict=True)):
        for p, term in terms:
            scale = term.factor(1.0, label, cases.clean[case], cases.scalars_at(case))
            place = model.family(term.direction).index_set.row(0, int(label), 0, example)
            fixed[:, case, p] += scale * z[..., offsets[term.direction] + place]
            if term.direction in names and moved:
                mix[case, p, names.index(term.direction)] += scale
    filters = z.shape[1] * z.shape[2]
    covariance = np.zeros((len(z), len(names), filters, filters))
    for f, name in enumerate(names):
        covariance[:, f] = covariance_of(model, name, draw, b, left, values)
    normals = Normals(rng.standard_normal((size, len(names), filters)))
    weighs = model.network.second_layer is not None
    test_law = testlaw.Fresh(fixed, mix, covariance, cases.labels, shares=cases.shares, weighs=weighs)
    return test_law, normals, [(name, 0) for name in names]


def neighbours(model: Model, draw: Draw, values: Mapping[str, Value]) -> Neighbours:
    """The cases, those of one label together, labels in the heads' order."""
    test, n = _law_of(model), len(draw.y)
    if test.labels == "fresh":
        known = cases_of_fresh(model, values)
        count = len(known.labels)
        shares = np.full(count, 1.0 / count) if known.shares is None else known.shares
        case, of = np.repeat(np.arange(count), n), np.tile(np.arange(n), count)
        scalars = {name: values_of[case] for name, values_of in known.scalars.items()}
        return Neighbours(Cases(known.clean[case], known.labels[case], scalars, shares[case] / n), of)
    labels = draw.y if test.by_observed else draw.clean
    order = np.argsort(labels, kind="stable")
    said = {} if test.by_observed else said_by_labels(model, values, draw.clean, draw.clean)
    own = all_scalars(model, values, {**draw.scalars, **said})
    scalars = {name: np.broadcast_to(given, n)[order] for name, given in own.items()}
    return Neighbours(Cases(draw.clean[order], labels[order], scalars, np.full(n, 1.0 / n)), order)


def refusal(model: Model, draw: Draw, values: Mapping[str, Value]) -> str:
    """Why examples beside this draw's are not judged, in one sentence; "" where they are."""
    test, axis, n = _law_of(model), model.network.head_axis, len(draw.y)
    number(values, test.std)
    count = n * (1 if test.labels == "own" else len(cases_of_fresh(model, values).labels))
    if count > MOST:
        cure = f"give n of at most {MOST * n // count}, or leave the test observables out"
        return f"n: {n} examples make {count} cases of an example beside one of them, and {MOST} are told apart; {cure}"
    missing = [k for k in axis.labels if test.labels == "own" and k not in draw.y]
    if missing and not axis.signed:
        return (f"y: no training example has the label {missing[0]}, so none is beside one; give more examples, or "
                "leave the test observables out")
    return ""


def _law_of(model: Model) -> NearLaw:
    assert isinstance(model.test, NearLaw)
    return model.test
