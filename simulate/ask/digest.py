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
    place = id(model)
    known = _KNOWN.get(place)
    if known is None or known[0]() is not model:
        made = weakref.ref(model, lambda _: _KNOWN.pop(place, None))
        known = _KNOWN[place] = made, short(json.dumps(to_plain(model)).encode())
    return known[1]


_KNOWN: dict[int, tuple[weakref.ref[Model], str]] = {}
