"""A short name for content: of a declaration, a kernel's text, an array, a path."""

from __future__ import annotations

import hashlib
import json
import weakref

from derivations.declare import Model, to_plain


def short(content: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def of_model(model: Model) -> str:
    """That of the declaration as plain data, by which a dataset tells the model that made it from another.

    Once an object: models that are equal may be written apart, as 1 and 1.0 are.
    """
    known = _KNOWN.get(id(model))
    if known is None or known[0]() is not model:
        made = weakref.ref(model, lambda _, at=id(model): _KNOWN.pop(at, None))
        known = _KNOWN[id(model)] = made, short(json.dumps(to_plain(model)).encode())
    return known[1]


_KNOWN: dict[int, tuple[weakref.ref[Model], str]] = {}
