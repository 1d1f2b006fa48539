"""Why fresh examples of a draw have no known law, by the test law's class."""

from __future__ import annotations

from collections.abc import Mapping

from derivations.declare import (
    ChosenLaw,
    ClassNoiseLaw,
    CovarianceLaw,
    Directions,
    EntryLaw,
    FixedLaw,
    GaussianLaw,
    HeldOutLaw,
    Law,
    MixtureLaw,
    Model,
    NearLaw,
    TaskLaw,
    Value,
    forgotten,
    terms_of,
)

from ..start.declared import law_of
from ..start.drawn import Draw
from . import held_out, near
from .fresh_products import lawless


def refusal(model: Model, draw: Draw, values: Mapping[str, Value]) -> str:
    """Why fresh examples of this draw have no known law, in one sentence; empty where they have."""
    if isinstance(model.test, HeldOutLaw):
        return held_out.refusal(model, draw)
    if isinstance(model.test, NearLaw):
        return near.refusal(model, draw, values)
    if said := lawless(model):
        return said
    families = [model.family(term.direction) for term in terms_of(model.patches)]
    for family in families if model.test.by_own_laws else ():
        if isinstance(family.law, ChosenLaw) and values.get(family.law.by) is None:
            whose = f"{family.name}: examples of the caller's own have no law that fresh ones could be drawn from"
            return f"{whose}; leave the test observables out"
    reasons = (_refusal(model, family, draw, values) for family in families)
    return next((reason for reason in reasons if reason), "")


def _refusal(model: Model, family: Directions, draw: Draw, values: Mapping[str, Value]) -> str:
    if family.name not in model.test.drawn:
        if not family.index_set.per_example:
            return ""
        return (
            f"{family.name}: a fresh example needs its own vector of this family, but the test law does not draw "
            f"it again; declare FreshLaw(fresh=({family.name!r},)) or leave the test observables out"
        )
    if isinstance(model.test, CovarianceLaw):
        return _without_covariance(model.test, family.name, draw)
    return _of_own_law(family, law_of(family, values), draw)


def _without_covariance(law: CovarianceLaw, family: str, draw: Draw) -> str:
    if family in draw.covariances:
        return ""
    return (f"{family}: fresh vectors are of a covariance of the caller's own, and none is given; bring "
            f"{law.covariance(family)} (d, d) in initial=, or leave the test observables out")


def _of_own_law(family: Directions, law: Law | None, draw: Draw) -> str:
    if isinstance(law, MixtureLaw) and family.name not in draw.centres:
        return (
            f"{family.name}: fresh vectors lie about the mixture's mean, which the caller's arrays do not tell; "
            "leave the test observables out"
        )
    if isinstance(law, ClassNoiseLaw | EntryLaw) and family.name not in draw.noise:
        return (
            f"{family.name}: fresh noise of {law.entries} entries is not known of the caller's arrays; leave the test "
            "observables out"
        ) if isinstance(law, EntryLaw) else (
            f"{family.name}: fresh noise needs the class matrices, which the arrays do not tell; give them "
            f"in initial= as {law.matrices!r} (K, d, d), or leave the test observables out"
        )
    if isinstance(law, GaussianLaw | MixtureLaw | ClassNoiseLaw | EntryLaw):
        return ""
    if law is not None and not isinstance(law, FixedLaw | TaskLaw):
        raise forgotten(law, "the test law")
    return (
        f"{family.name}: a fresh vector of this family has no Gaussian law in the model, and the test law "
        "is known for Gaussian ones only; declare a GaussianLaw or leave the test observables out"
    )
