"""Where runs end early, as runs take it: observables at or below values, and at or above them."""

from __future__ import annotations

from collections.abc import Mapping

from simulate.ask.bounds import AT_LEAST, Bound


def at_most(values: Mapping[str, float]) -> dict[str, Bound]:
    """Each at or below its value."""
    return {name: Bound(float(value)) for name, value in values.items()}


def at_least(values: Mapping[str, float]) -> dict[str, Bound]:
    """Each at or above its value."""
    return {name: Bound(float(value), AT_LEAST) for name, value in values.items()}
