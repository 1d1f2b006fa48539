"""A declaration as JSON-ready data, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ..errors import ModelError
from .choices import Declared, nearest, one_of, quoted


def to_plain(value: Any) -> Any:
    """A declaration as JSON-ready dictionaries, lists and scalars; the class is kept under "is"."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"is": type(value).__name__, **named}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(plain: Any) -> Any:
    """The inverse of `to_plain`.

    Raises ModelError, in one sentence, for a class that is not declared, for fields that it does not have or lacks,
    and wherever making the object does.
    """
    if isinstance(plain, dict):
        return _made({str(key): item for key, item in plain.items()})
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    return plain


def _made(plain: dict[str, Any]) -> Any:
    """The object of a dictionary."""
    declared = {kind.__name__: kind for kind in _kinds(Declared) if kind.__module__.startswith("derivations.")}
    if plain.get("is") not in declared:
        raise ModelError(f"declaration: {one_of(plain.get('is'), declared)}, as the class under 'is'")
    kind: Any = declared[plain.pop("is")]
    needed = {f.name: f.default is dataclasses.MISSING for f in dataclasses.fields(kind)}
    for name in plain:
        if name not in needed:
            raise ModelError(f"declaration: {kind.__name__} has no field {quoted(name)}; {nearest(name, needed)}")
    absent = [name for name, wanted in needed.items() if wanted and name not in plain]
    if absent:
        raise ModelError(f"declaration: {kind.__name__} lacks {absent[0]!r}; give that field")
    return kind(**{key: from_plain(item) for key, item in plain.items()})


def _kinds(of: type[Any]) -> Iterator[type[Any]]:
    """The dataclasses among all that derive from a class."""
    for kind in of.__subclasses__():
        yield from _kinds(kind)
        if dataclasses.is_dataclass(kind):
            yield kind
