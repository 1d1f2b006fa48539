"""Whether fresh examples are drawn in groups that share all but what leads the heads' outputs, and a seed's normals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from derivations.declare import FreshLaw, Model, terms_of
from dynamics.arrays import Array
from dynamics.fresh.classnoise import Matrices, Spiked
from dynamics.fresh.normals import STRATA, leading

from ..start.declared import law_of
from ..values import Values

Leading = Callable[[int], Array]
"""How many fresh vectors -> what stands along the heads, (M, Q, F, H), of `dynamics.fresh.normals.Normals`."""


def leading_of(
    model: Model, noise: Mapping[str, Spiked | Matrices], values: Values, seed: int, size: int
) -> Leading | None:
    """What leads the heads in `size` fresh examples of a seed; None where they are not `in_groups`."""
    if not in_groups(model, noise, values, size):
        return None
    heads = model.n_heads
    return lambda vectors: leading(seed, size // STRATA, vectors, heads)


def in_groups(model: Model, noise: Mapping[str, Spiked | Matrices], values: Values, size: int) -> bool:
    """Whether so many fresh examples are drawn in groups, not each for itself.

    These are examples whose outputs are sums over the heads' filters and whose every fresh vector is Gaussian, so that
    it has components along the heads; `noise` is the draw's, by family.
    """
    if size % STRATA or size < 2 * STRATA:
        return False
    if not isinstance(model.test, FreshLaw) or not model.test.by_own_laws or model.network.second_layer is not None:
        return False
    terms = terms_of(model.patches)
    if any(term.densities for term in terms) or not {term.direction for term in terms} & {*model.test.drawn}:
        return False
    for name in model.test.drawn:
        law = law_of(model.family(name), values)
        if law is not None and law.shape_of(values) not in ("gaussian", ""):
            return False
        if name in noise and (law is None or not isinstance(noise[name], Spiked)):
            return False
    return True


def independent(model: Model, noise: Mapping[str, Spiked | Matrices], values: Values, size: int) -> int:
    """How many of so many fresh examples are independent: one a group where they are `in_groups`."""
    return size // STRATA if in_groups(model, noise, values, size) else size


__all__ = ["Leading", "in_groups", "independent", "leading_of"]
