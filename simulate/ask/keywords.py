"""Parameters that Python callers write as keywords, gr.run("pegr", sigma_p=0.5), joined with those in a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError, quoted
from . import parameters


def joined(params: Mapping[str, object] | None, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """What was given as a mapping and as keywords.

    Raises:
        InputError: for a parameter that is given both ways.
    """
    if not values:
        return params
    given = parameters.by_name(params)
    for name in values:
        if name in given:
            raise InputError(f"{name}: given twice, as {quoted(given[name])} in params and as a keyword; leave one out")
    return {**given, **values}
