"""Terms of a fresh example that a scalar with a density multiplies: one more vector each, drawn with the others.

Its pre-activations are the scalar's draws times those of a vector that stays, or of a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from derivations.declare import Directions, FreshLaw, MixedLabel, Mixing, Model, OfDensity, Row, Term, Value, mixings_of
from dynamics.arrays import Array
from dynamics.fresh import testlaw
from dynamics.fresh.normals import Normals

from ..start.scalars import density
from ..work.once import once
from .fresh_cases import Cases

Further = Callable[[int], Callable[[slice], list[Array]]]
Key = tuple[str, int]


@dataclass(frozen=True)
class Product:
    """Scalars by name times the vector `held`, (family, place), which is fresh or stays."""

    scalars: tuple[str, ...]
    held: Key
    fresh: bool


def products_of(
    model: Model, cases: Cases, key: Callable[[Directions, int], Key]
) -> tuple[list[Product], Array]:
    """The distinct products, and the scale of each in every case's patches (L, P, Q)."""
    rows: list[tuple[int, int, Product, float]] = []
    for case, label in enumerate(cases.labels):
        for p, term in ((p, term) for p, patch in enumerate(model.patches) for term in patch.terms):
            if term.densities:
                held = key(model.family(term.direction), int(label))
                names = tuple(sorted(each.name for each in term.densities))
                scale = term.factor(1.0, label, cases.clean[case], cases.scalars_at(case), densities=False)
                for mixed in (each for each in term.densities if isinstance(each, MixedLabel)):
                    scale = scale * (label if mixed.observed else cases.clean[case])
                rows.append((case, p, Product(names, held, term.direction in model.test.drawn), float(scale)))
    products = list(dict.fromkeys(product for _, _, product, _ in rows))
    mix = np.zeros((len(cases.labels), len(model.patches), len(products)))
    for case, p, product, scale in rows:
        mix[case, p, products.index(product)] += scale
    return products, mix


def with_products(
    law: testlaw.Fresh, model: Model, cases: Cases, z: Array, n: int, values: Mapping[str, Value],
    vectors: Sequence[Key], key: Callable[[Directions, int], Key], normals: Normals, rng: np.random.Generator,
) -> testlaw.Fresh:
    """The law with the products as further vectors; their scalars are drawn from `rng`, as many as the normals."""
    products, mix = products_of(model, cases, key)
    if not products:
        return law
    wanted = {name for product in products for name in product.scalars}
    declared = {each.name: each for term in _terms(model) for each in term.densities}
    rows = {each: each.fresh(rng, normals.count, n, values) for each in mixings_of(model)}
    drawn = {name: _amounts(each, rows, rng, normals.count, values)
             for name, each in declared.items() if name in wanted}
    amounts = [np.prod([drawn[name] for name in product.scalars], axis=0) for product in products]
    before, offsets = law.further, model.offsets(n)
    count = law.covariance.shape[1]

    def at(t: int) -> Callable[[slice], list[Array]]:
        own = [normals.draws(f, each) for f, each in enumerate(law.covariance[t])]
        others = before(t) if before is not None else None

        def vector(product: Product, rows: slice, noisy: list[Array]) -> Array:
            if not product.fresh:
                return np.asarray(z[t][..., offsets[product.held[0]] + product.held[1]].reshape(1, -1))
            place = vectors.index(product.held)
            return np.asarray(own[place](rows) if place < count else noisy[place - count])

        def draws(rows: slice) -> list[Array]:
            noisy = others(rows) if others is not None else []
            pairs = zip(products, amounts, strict=True)
            return [*noisy, *(amount[rows, None] * vector(product, rows, noisy) for product, amount in pairs)]

        return draws

    return replace(law, mix=np.concatenate([law.mix, mix], axis=2), further=at)


def _amounts(
    scalar: OfDensity, rows: Mapping[Mixing, tuple[Array, Array]], rng: np.random.Generator, size: int,
    values: Mapping[str, Value],
) -> Array:
    """A scalar's draws (size,): of a mixed label what the label is taken times, of a row its length."""
    if isinstance(scalar, MixedLabel | Row):
        return rows[scalar.by][1 if isinstance(scalar, Row) else 0]
    return density(scalar, rng, size, values)


@once
def lawless(model: Model) -> str:
    """Why some scalar or row of a fresh example cannot be drawn, in one sentence; "" where each can."""
    for mixing in mixings_of(model):
        if not isinstance(model.test, FreshLaw):
            whose = f"{mixing.name}: what examples of a {type(model.test).__name__} are mixed of is not declared"
            return f"{whose}; declare a FreshLaw, or leave the test observables out"
        if said := mixing.fresh_refusal(model):
            return f"{said}; leave the test observables out"
    return next((each.lawless for term in _terms(model) for each in term.densities if each.lawless), "")


def _terms(model: Model) -> list[Term]:
    return [term for patch in model.patches for term in patch.terms]
