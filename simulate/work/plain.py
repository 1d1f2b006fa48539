"""Results as JSON-ready data: what every record and every answer to a program is written with."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Dictionaries, lists, numbers and text of dataclasses, mappings, sequences and arrays.

    What is not a finite number becomes None, and what is of no other kind its text.  A declaration that is to be read
    again is written with its classes instead (`derivations.declare.to_plain`).
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
