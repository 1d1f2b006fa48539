"""The arguments of the public functions that are no parameters: names, thresholds, recorded steps, workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from derivations.declare.formula import FormulaError
from derivations.declare.variables import FRESH, FRESH_BY_CLASS, FRESH_TASKS

from ..errors import InputError, nearest, quoted
from . import reading, values
from .bounds import AT_LEAST, AT_MOST, RULES, Bound

Names = str | Iterable[str]
Thresholds = Mapping[str, float | str]
Recorded = str | int | Sequence[int] | Iterable[int]

MOST_WORKERS = 1024
_ENDS = "{'loss': 1e-3} or {'margins': '>=1'}"
_FROM_0 = frozenset({"loss", "gradient_norm", "train_error", *FRESH, *FRESH_BY_CLASS, *FRESH_TASKS})


def names(option: str, value: object, known: tuple[str, ...], of: str) -> tuple[str, ...] | None:
    """Names among `known`, each once, of a text such as "loss,gamma" or of several texts; None for None.

    A set's names come in alphabetical order.  `of` says in a sentence what they are, such as "an observable of pegr".

    Raises:
        InputError: for what is no list of names, an empty one, and an unknown name, with the nearest.
    """
    if value is None:
        return None
    given = values.text(value)
    words: list[object] | None
    if given is not None:
        words = [word.strip() for word in given.split(",")]
    else:
        words = sorted(value, key=str) if isinstance(value, Set) else values.listed(value)
    if not words or any(isinstance(word, str) and not word for word in words):
        said = "names none" if words == [] else quoted(value)
        example = ",".join(known[:1] + known[-1:])
        raise InputError(f"{option}: {said}; expected names separated by commas, such as {example}, or leave it out")
    chosen: list[str] = []
    for word in words:
        name = values.text(word)
        if name is None or name not in known:
            cure = f"expected names, such as {known[0]!r}" if name is None else nearest(name, known)
            raise InputError(f"{option}: {quoted(word)} is not {of}; {cure}")
        chosen.append(name)
    return tuple(dict.fromkeys(chosen))


def recorded(option: str, value: object) -> str | list[int] | None:
    """Which steps to record: "all", steps as "0,10,100" or as whole numbers, or None for the default.

    Raises:
        InputError: for anything else.
    """
    value = values.scalar(value)
    if value is None or (isinstance(value, str) and value == "all"):
        return value
    listed = value.split(",") if isinstance(value, str) else values.listed(value)
    if listed is None:
        listed = [value]
    expected = "expected 'all' or whole steps, such as 0,10,100"
    steps = []
    for step in listed:
        try:
            whole = values.whole(step)
        except FormulaError as error:
            raise InputError(f"{option}: {error}; {expected}") from error
        if whole is None:
            raise InputError(f"{option}: {quoted(step)}; {expected}")
        steps.append(whole)
    if not steps:
        raise InputError(f"{option}: {quoted(value)} has no step; {expected}, or leave it out")
    return steps


def thresholds(option: str, value: object, known: Sequence[str]) -> dict[str, Bound]:
    """The bounds in a mapping from names among `known`, such as {"loss": 1e-3, "margins": ">=1"}; empty for None.

    A number, or its text, is one to be at or below; a text may begin with the relation that is wanted.  A name may have
    a rule for its entries, as "gamma:max".

    Raises:
        InputError: for what is no such mapping, an unknown name, with the nearest, and another threshold.
    """
    bounds: dict[str, Bound] = {}
    for name, given in values.mapping(option, value, "thresholds by observable", _ENDS).items():
        of, colon, rule = name.partition(":")
        whole = of.partition("[")[0]
        if whole != of:
            raise InputError(
                f"{option}: {whole}[...] picks an entry, and a run ends by all entries of an observable or by a rule; "
                f"give {whole}, or {whole}:max"
            )
        if of not in known:
            raise InputError(f"{option}: {quoted(of)} is not an observable known at every step; {nearest(of, known)}")
        if colon and rule not in RULES:
            raise InputError(f"{option}: {quoted(name)} has the rule {quoted(rule)}; {nearest(rule, tuple(RULES))}")
        signed = of not in _FROM_0
        expected = f"expected a finite number{'' if signed else ' from 0'}, such as {name}=1e-3, or {name}>=1e-3"
        text = values.text(given) or ""
        relation = AT_LEAST if text.startswith(AT_LEAST) else AT_MOST
        bound = text.removeprefix(relation).strip() if text.startswith(relation) else given
        try:
            number = values.typed(bound)
        except FormulaError as error:
            raise InputError(f"{option}: {name}: {error}; {expected}") from error
        if number is None or (not signed and number < 0):
            raise InputError(f"{option}: {name} is {quoted(given)}; {expected}")
        bounds[name] = Bound(number, relation, rule, of) if colon else Bound(number, relation)
    return bounds


def workers(value: object, default: int) -> int:
    """The number of threads.

    Raises:
        InputError: for what is no whole number from 1 to 1024.
    """
    return reading.count("workers", default if value is None else value, low=1, example=2, high=MOST_WORKERS)


def one_text(option: str, value: object, example: str) -> str:
    """A text that is not empty.

    Raises:
        InputError: for anything else.
    """
    text = values.text(value)
    if not text:
        raise InputError(f"{option}: {quoted(value)}; expected a text, such as {example!r}")
    return text
