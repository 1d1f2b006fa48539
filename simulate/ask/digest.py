"""A short name for content: of a declaration, a kernel's text, an array, a path."""

from __future__ import annotations

import hashlib
import json

from derivations.declare import Model, to_plain

from ..work.once import once


def short(content: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


@once
def of_model(model: Model) -> str:
    """That of the declaration as plain data, by which a dataset tells the model that made it from another."""
    return short(json.dumps(to_plain(model)).encode())
