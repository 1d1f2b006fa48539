"""Single values, lists and mappings as a caller gives them: text as typed or Python values, read exactly or refused."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Mapping, Set, Sized
from decimal import Decimal, InvalidOperation
from itertools import islice

import numpy as np

from derivations.declare.formula import LITERAL, FormulaError, Vanishes

from ..errors import InputError, quoted
from ..values import EXACT
from . import formula

_OPERATION = re.compile(r"[-+*/^(]")  # what tells a formula from a word
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_MOST = 10**6  # entries taken of what does not say how many it has, such as a generator


def scalar(value: object) -> object:
    """The Python value behind a NumPy scalar or an array without axes, and text without spaces around it.

    What holds no plain value (a masked entry, a date) stays as it is.
    """
    if isinstance(value, str):
        return str(value).strip(" ")
    kind = getattr(getattr(value, "dtype", None), "kind", "O")
    masked = isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
    if getattr(value, "ndim", None) != 0 or not hasattr(value, "item") or masked or kind in "mMVS":
        return value
    return value.item()


def real(value: object) -> float | None:
    """A finite float of a number or its text; None for anything else.

    Raises:
        FormulaError: for a number beyond float64, in either direction.
    """
    if isinstance(value, float):  # most are: an axis has hundreds
        return float(value) if math.isfinite(value) else None
    value = scalar(value)
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, numbers.Real | Decimal):
        return None
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except ValueError:  # a signalling NaN
        return None
    if math.isnan(number) or (math.isinf(number) and value == number):
        return None
    return _held(number, value, value != 0)


def _of_text(text: str) -> float | None:
    """The float of a number as typed; None of any other text."""
    if not LITERAL.fullmatch(re.sub("^[+-]", "", text)):
        return None
    number, mantissa = float(text), re.split("[eE]", text)[0]
    return _held(number, text, bool(re.search("[1-9]", mantissa)))


def _held(number: float, value: object, nonzero: bool) -> float:
    """The float64 of a finite number, where it has one."""
    if math.isinf(number):
        raise FormulaError(f"{quoted(value)} is beyond the largest number, 1.8e308")
    if number == 0 and nonzero:
        raise Vanishes(f"{quoted(value)} is below the smallest number above 0, 5e-324")
    return number


def whole(value: object) -> int | None:
    """An int of a whole number or its text; None for what is not whole.

    Raises:
        FormulaError: for a number beyond 2^53, where a float64 may stand for several whole numbers.
    """
    value = scalar(value)
    number = real(value)
    if number is None:
        return None
    try:
        # NOTE: of text by Decimal: its float may be whole where the text is not, and next to the whole number meant.
        exact = Decimal(value) if isinstance(value, str) else value
        integer = int(exact) if abs(number) <= EXACT else EXACT + 1  # type: ignore[call-overload]
    except InvalidOperation:  # an exponent beyond Decimal's
        return None
    if abs(integer) > EXACT:
        raise FormulaError(f"{quoted(value)} is beyond 2^53, up to which whole numbers are exact")
    return integer if integer == exact else None


def typed(value: object) -> float | None:
    """A finite float, of a number, its text or a formula of numbers, such as "exp(100)"; None for anything else.

    Raises:
        FormulaError: for a formula that cannot be read, or a value that float64 does not hold.
    """
    number = real(value)
    if number is not None:
        return number
    value = scalar(value)
    if not isinstance(value, str) or not _OPERATION.search(value) or _as_python(value):
        return None
    if not value.isascii():
        raise FormulaError(f"{quoted(value)} holds characters that are not ASCII")
    return formula.evaluate(value, {}, vanishing=False)


def _as_python(text: str) -> bool:
    """Whether a text is a number as Python reads it, be it finite or not: then it is no formula."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def flag(value: object) -> bool | None:
    """True or false, of a bool, 0 or 1, or one of their words; None for anything else."""
    value = scalar(value)
    text = str(value).lower() if isinstance(value, bool | int | str) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def text(value: object) -> str | None:
    """A text; None for anything else."""
    value = scalar(value)
    return value if isinstance(value, str) else None


def listed(value: object) -> list[object] | None:
    """The entries of a sequence, a one-dimensional array or a generator, taken once; None for anything else.

    Text, bytes and mappings are no lists here, nor are sets, which have no order, nor is a generator that does not end
    within a million entries.
    """
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping | Set) or not isinstance(value, Iterable):
        return None
    if getattr(value, "ndim", 1) != 1 or (
        isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
    ):
        return None
    if isinstance(value, Sized):
        return list(value)
    entries = list(islice(value, _MOST + 1))
    return entries if len(entries) <= _MOST else None


def mapping(name: str, value: object, what: str, example: str) -> dict[str, object]:
    """A copy of a mapping from names, empty for None; `what` it holds and an `example`, for the sentence.

    Raises:
        InputError: where it is no mapping, or a key is no text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{name}: {quoted(value)}; expected {what}, as in {example}")
    for key in value:
        if not isinstance(key, str):
            raise InputError(f"{name} has the key {quoted(key)}; expected {what}, as in {example}")
    return dict(value)
