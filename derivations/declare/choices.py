"""Every declared object checks its fields where it is made: closed lists, names and kinds, read off the annotations.

A dataclass of the declaration derives from `Declared`; a new `Literal` field is then checked without further code.
This module imports no SymPy.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import keyword
import types
import typing
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from ..errors import ModelError

_LONGEST = 60  # characters of a value that an error repeats, and of a name


class Word:
    """Marks a text that has to be a name: `absent` allows the empty text, for an option that is left out."""

    def __init__(self, absent: bool = False) -> None:
        self.absent = absent

    def misfit(self, value: str) -> str | None:
        """What is wrong with a text as a name; None for nothing."""
        if self.absent and not value:
            return None
        if keyword.iskeyword(value):
            return f"{quoted(value)} is a word of Python, which no formula can hold; take another name"
        if value.isidentifier() and value.isascii() and len(value) <= _LONGEST:
            return None
        return f"{quoted(value)} is not an identifier; use up to {_LONGEST} ASCII letters, digits and _, no digit first"


class Refers:
    """Marks a text, or each of a tuple, that names something else of the model, such as a "parameter".

    That it is there, and of one of the `kinds` where any are given, is checked by the model, which knows them
    (`derivations.declare.references`); "" refers to nothing.  Of a parameter that is a choice, `within` are the values
    that it may have.
    """

    def __init__(
        self, to: Literal["parameter", "family", "variable"], *kinds: str, within: tuple[str, ...] = ()
    ) -> None:
        self.to, self.kinds, self.within = to, kinds, within

    @property
    def expected(self) -> str:
        """What stands in such a field, in words."""
        return f"the name of a {self.to}"

    def cure(self, value: object) -> str:
        """How to mend a value that is no text."""
        number = self.to == "parameter" and isinstance(value, (int, float))
        return "; declare a Parameter of that default, and write its name" if number else ""

    def misfit(self, value: str) -> str | None:
        """Nothing is wrong with a text by itself."""
        return None


class FormulaText:
    """Marks a text that is arithmetic of parameters, read by the model (`derivations.declare.references`)."""

    expected = "a formula of parameters as text"

    def cure(self, value: object) -> str:
        """How to mend a value that is no text."""
        return f"; write {str(value)!r}" if isinstance(value, (int, float)) else ""

    def misfit(self, value: str) -> str | None:
        """Nothing is wrong with a text by itself."""
        return None


class WordOrFormula:
    """Marks a text that is one of a list of words, or a formula in a variable."""

    def __init__(self, words: tuple[str, ...], variable: str, formula: Callable[[str], str | None]) -> None:
        self.words, self.variable, self.formula = words, variable, formula

    def misfit(self, value: str) -> str | None:
        """What is wrong with a text; None for nothing."""
        if value in self.words:
            return None
        if value != self.variable and (not value or Word().misfit(value) is None):
            return one_of(value, self.words, f", or a formula in {self.variable}")
        return self.formula(value)


NUMBERS = ("real", "count")
"""The kinds of parameter that are numbers."""
Name = Annotated[str, Word()]
"""A name that enters generated source, file names and the variables of a run."""
OptionalName = Annotated[str, Word(absent=True)]
"""The same, or "" where it is left out."""
FamilyName = Annotated[str, Refers("family")]
"""The name of a family of directions."""
ExampleFamily = Annotated[str, Refers("family", "sample")]
"""The name of a family over examples."""
ClassFamily = Annotated[str, Refers("family", "class")]
"""The name of a family over classes."""
VariableName = Annotated[str, Word(), Refers("variable")]
"""The name of a variable that a run returns."""
NumberName = Annotated[str, Word(), Refers("parameter", *NUMBERS)]
"""The name of a parameter that is a number."""
CountName = Annotated[str, Word(), Refers("parameter", "count")]
"""The name of a parameter that is a whole number."""
ChoiceName = Annotated[str, Word(), Refers("parameter", "choice")]
"""The name of a parameter that is a choice."""
OptionalReal = Annotated[str, Word(absent=True), Refers("parameter", "real")]
"""The name of a real number, or "" where it is left out."""
OptionalCount = Annotated[str, Word(absent=True), Refers("parameter", "count")]
"""The name of a whole number, or "" where it is left out."""
OptionalCounts = Annotated[str, Word(absent=True), Refers("parameter", "counts")]
"""The name of a list of whole numbers, or "" where it is left out."""
OptionalFlag = Annotated[str, Word(absent=True), Refers("parameter", "flag")]
"""The name of a flag, or "" where it is left out."""
Formula = Annotated[str, FormulaText()]
"""A formula of parameters; "" where a field can do without one."""


class Declared:
    """A part of a declaration, whose fields are checked against their annotations as it is made.

    Raises ModelError, in one sentence, for a value outside a closed list (with the nearest one in it), a name that is
    not an identifier, and a value of another kind than is declared.
    """

    def __post_init__(self) -> None:
        kind: type = type(self)
        for name, judge in _judges(kind):
            said = judge(getattr(self, name))
            if said is not None:
                raise ModelError(f"{kind.__name__}.{name}: {said}{_whose(self, name)}")


Judge = Callable[[Any], str | None]
"""What is wrong with a value, as "value; expected ..."; None for nothing."""


def fields_of(kind: type) -> dict[str, Any]:
    """The annotations of a dataclass's fields, by name."""
    return _read(kind)


@functools.cache
def _read(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__dataclass_fields__}  # type: ignore[attr-defined]


@functools.cache
def _judges(kind: type) -> tuple[tuple[str, Judge], ...]:
    """A dataclass's fields, each with the judge of its annotation."""
    return tuple((name, _judge(hint)) for name, hint in _read(kind).items())


def _whose(part: object, field: str) -> str:
    """The declared object's own name, where it has one beside the field at fault."""
    name = next((getattr(part, key, None) for key in ("name", "id") if key != field), None)
    return f" (in {name!r})" if isinstance(name, str) and Word().misfit(name) is None else ""


def _judge(hint: Any) -> Judge:
    """The judge of an annotation, which is read once a class: objects of a declaration are made by the thousand."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return functools.partial(_marked_misfit, hint, _judge(inside[0]), inside[1:])
    if origin is Literal:
        return functools.partial(_listed_misfit, inside)
    if origin in (typing.Union, types.UnionType):
        return functools.partial(_union_misfit, hint, tuple(map(_judge, inside)))
    if origin is tuple and len(inside) == 2 and inside[1] is Ellipsis:
        return functools.partial(_entries_misfit, inside[0], _judge(inside[0]))
    if origin is tuple:
        return functools.partial(_tuple_misfit, inside, tuple(map(_judge, inside)))
    return functools.partial(_plain_misfit, hint)


def _plain_misfit(kind: Any, value: object) -> str | None:
    return None if _is(value, kind) else f"{quoted(value)}; expected {_said(kind)}"


def _marked_misfit(hint: Any, judge: Judge, marks: tuple[Any, ...], value: Any) -> str | None:
    """What is wrong with a text for the marks of its annotation."""
    if judge(value):
        return f"{quoted(value)}; expected {_said(hint)}{_cure(value, marks)}"
    for mark in marks:
        misfit: str | None = mark.misfit(value)
        if misfit:
            return misfit
    return None


def _listed_misfit(options: tuple[Any, ...], value: object) -> str | None:
    """What is wrong with a value of a closed list; True is not 1 there."""
    return None if any(value == each and _is(value, type(each)) for each in options) else one_of(value, options)


def _union_misfit(hint: Any, judges: tuple[Judge, ...], value: object) -> str | None:
    """What is wrong with a value that has to be one of several; a text is compared with the words among them."""
    if any(judge(value) is None for judge in judges):
        return None
    inside = typing.get_args(hint)
    words = next((known for each in inside if (known := _words_of_literal(each))), ())
    if not (words and isinstance(value, str)):
        return f"{quoted(value)}; expected {_said(hint)}"
    others = dict.fromkeys(word for each in inside if not _words_of_literal(each) for word in _words(each))
    return one_of(value, words, f", or {', '.join(others)}")


def _entries_misfit(entry: Any, judge: Judge, value: object) -> str | None:
    """What is wrong with a tuple of any length, each entry of one kind."""
    if not isinstance(value, tuple):
        return f"{quoted(value)}; expected a tuple, each entry {_said(entry)}{_as_tuple(value, judge)}"
    for each in value:
        said = judge(each)
        if said:
            return said
    return None


def _tuple_misfit(inside: tuple[Any, ...], judges: tuple[Judge, ...], value: object) -> str | None:
    """What is wrong with a tuple of a fixed length."""
    if not isinstance(value, tuple):
        return f"{quoted(value)}; expected a tuple, of {' and '.join(map(_said, inside))}"
    if len(value) != len(inside):
        return f"{quoted(value)}; expected {len(inside)} entries"
    return next((said for judge, each in zip(judges, value, strict=True) if (said := judge(each))), None)


def _words_of_literal(hint: Any) -> tuple[Any, ...]:
    """The values of a closed list; none of another annotation."""
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _as_tuple(value: object, judge: Judge) -> str:
    """How to write what was written otherwise as a tuple of entries that a judge takes."""
    if judge(value) is None:
        return f"; write {_short((value,), '(it,), with a comma')}"
    if isinstance(value, list) and all(judge(each) is None for each in value):
        return f"; write {_short(tuple(value), 'parentheses for brackets, a comma after each entry')}"
    return ""


def _short(value: object, otherwise: str) -> str:
    """A value as it is written, where it is short."""
    text = repr(value)
    return text if len(text) <= _LONGEST else otherwise


def _cure(value: object, marks: tuple[Any, ...]) -> str:
    """How to mend a value that is no text, by the marks that know."""
    return next((cure for mark in marks if hasattr(mark, "cure") and (cure := mark.cure(value))), "")


def _is(value: object, kind: Any) -> bool:
    """Whether a value is of a plain type; a whole number passes as a float."""
    if not isinstance(kind, type):
        return True  # an annotation that says nothing about kinds, such as Any
    if kind in (int, float) and isinstance(value, bool):
        return False  # a flag is no number, though Python counts it as one
    return isinstance(value, (int, float) if kind is float else kind)


def _said(hint: Any) -> str:
    """An annotation in words."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return next((mark.expected for mark in inside[1:] if hasattr(mark, "expected")), _said(inside[0]))
    if origin in (typing.Union, types.UnionType) or _is_base(hint):
        words = list(dict.fromkeys(_words(hint)))
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    if origin is Literal:
        return f"one of {', '.join(map(str, inside))}"
    if origin is tuple:
        return "a tuple"
    numbers = {bool: "True or False", int: "a whole number (an int)", float: "a number (a float)"}
    plain = {**numbers, str: "text", type(None): "None"}
    return plain.get(hint) or str(getattr(hint, "__name__", hint))


def _words(hint: Any) -> list[str]:
    """An annotation's alternatives, each in words."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [word for each in typing.get_args(hint) for word in _words(each)]
    return [kind.__name__ for kind in kinds_of(hint)] if _is_base(hint) else [_said(hint)]


def _is_base(hint: Any) -> bool:
    """Whether an annotation is a class of parts that has a class a kind below it."""
    return isinstance(hint, type) and issubclass(hint, Declared) and not dataclasses.is_dataclass(hint)


def kinds_of(base: type[Any]) -> list[type[Any]]:
    """The words of declarations that derive from a class, in the order in which they are written."""
    own = [base] if dataclasses.is_dataclass(base) and base.__module__.startswith("derivations.") else []
    return own + [kind for each in base.__subclasses__() for kind in kinds_of(each)]


def one_of(value: object, options: Iterable[object], more: str = "") -> str:
    """The sentence for a value outside a closed list: the value, the list, and the nearest entry where one is near.

    `more` is what else would do, after the list.
    """
    names = [str(each) for each in options]
    near = did_you_mean(value, names) if isinstance(value, str) else ""
    said = f"{quoted(value)}; expected one of {', '.join(names)}{more}"
    return said + (f"; {near}" if near else "")


def nearest(word: str, options: Iterable[str]) -> str:
    """The cure for a misspelt name: the closest of `options`, the one that goes on from it, or all of them."""
    names = list(options)
    return did_you_mean(word, names) or f"expected one of {', '.join(names)}"


def nearest_or_new(word: str, options: Iterable[str]) -> str:
    """The cure for a name that is misspelt, or that is still to be declared."""
    near = did_you_mean(word, names := list(options))
    return f"{near} (else declare it)" if near else f"expected one of {', '.join(names)}, or declare it"


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Whether the closest of `options` is meant, or the one that goes on from it; "" where none is near."""
    names = list(options)
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    longer = [name for name in lowered if len(word) > 2 and name.startswith(word.lower())]
    close = close or (longer if len(longer) == 1 else [])
    return f"did you mean {lowered[close[0]]!r}?" if close else ""


def quoted(value: object) -> str:
    """A value as an error repeats it: on one line, of bounded length, and "empty" for the empty text."""
    if isinstance(value, str) and not value:
        return "empty"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 - a foreign object's own code, or an integer beyond Python's digit limit
        what = f"a value of type {type(value).__name__} that cannot be printed"
        text = "an integer too long to print" if isinstance(value, int) else what
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
