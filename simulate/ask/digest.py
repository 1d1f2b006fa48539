"""A short name for a declaration's content, by which a dataset tells the model that made it from another."""

from __future__ import annotations

import hashlib
import json

from derivations.model import Model, to_plain


def of_model(model: Model) -> str:
    """The first 16 digits of the SHA-256 of the declaration as plain data."""
    return hashlib.sha256(json.dumps(to_plain(model)).encode()).hexdigest()[:16]
