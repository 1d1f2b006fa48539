"""The command line's little grammar: name=value.  What the values may be is checked by `simulate.ask`, as in Python."""

from __future__ import annotations

from collections.abc import Iterable

from simulate.errors import InputError, quoted


def assignments(words: Iterable[str], option: str = "params", example: str = "n=20") -> dict[str, str]:
    """{"n": "20"} of ("n=20",).

    Raises:
        InputError: for a word without a name and a value, and for a name given twice.
    """
    by_name: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{option}: {quoted(word)} is not name=value; expected something like {example}")
        name = name.strip()
        if name in by_name:
            said = name if option == "params" else f"{option}: {name}"
            raise InputError(f"{said}: given twice, as {quoted(by_name[name])} and {quoted(value)}; give it once")
        by_name[name] = value
    return by_name
