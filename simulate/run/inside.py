"""What a kernel looks for itself, of hitting times and of what ends a run early."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derivations.declare import Model, to_plain
from dynamics.kernel.kernel import Kernel

from ..ask.bounds import EXTREME, Bound, observables
from ..work.once import once

_plain = once(to_plain)


def knows(kernel: Kernel, model: Model, observables: Iterable[str]) -> bool:
    """Whether the kernel looks at these as the model declares them: a shipped one may serve a model that differs."""
    declared = {each.name: each for each in model.observables}
    return all(
        name in kernel.watched and kernel.watched[name] == (_plain(declared[name]) if name in declared else None)
        for name in observables
    )


def seeks(kernel: Kernel, model: Model, until: Mapping[str, Bound]) -> bool:
    """Whether the kernel looks for these ends: it knows the least and the largest of all entries."""
    bounds = list(zip(observables(until), until.values(), strict=True))
    ruled = all(bound.rule in EXTREME for _, bound in bounds)
    return ruled and knows(kernel, model, observables(until)) and apart(kernel, model, bounds)


def apart(kernel: Kernel, model: Model, bounds: Iterable[tuple[str, Bound]]) -> bool:
    """Whether no bound of what the kernel sums in another order is 0, next to which rounding has no scale."""
    exact = {family.coefficient.name for family in model.directions}
    return all(bound.value or name in exact or kernel.watched[name] is not None for name, bound in bounds)


def from_outside(
    kernel: Kernel, model: Model, directions: float, filters: float, wanted: Iterable[str], until: Mapping[str, Bound]
) -> set[str]:
    """What every state is looked at for, where the kernel does not look for a hitting time or an early end itself.

    Of so many directions and filters a head.
    """
    names = set(wanted)
    timed = {each.observable for each in model.events if each.name in names}
    watches = kernel.watches(int(directions), int(filters))
    inside = watches and knows(kernel, model, timed) and seeks(kernel, model, until)
    return set() if inside else timed | set(observables(until))


__all__ = ["apart", "from_outside", "knows", "seeks"]
