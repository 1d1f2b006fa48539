"""Parameters that are formulas of others, such as sigma_p=20/sqrt(d): each is computed when another needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from derivations.declare import Model, Parameter, Value
from derivations.declare.formula import FormulaError, names

from ..errors import InputError
from . import formula
from . import values as values_of
from .reading import parse

_WORD = re.compile(r"[A-Za-z_]\w*")


def text_of(model: Model, parameter: Parameter, given: object) -> str | None:
    """What was given for a number, where it is a formula of parameters; None for anything else.

    A single word is one where the model has a parameter of that name: any other word is told as the slip that it is.
    """
    text = values_of.text(given)
    if text is None or not parameter.numeric:
        return None
    try:
        named = names(text)
    except FormulaError:  # told where the value is read
        return None
    known = any(each.name in named for each in model.parameters)
    return text if known or (named and not _WORD.fullmatch(text)) else None


class Computed(Mapping[str, Value]):
    """Values by parameter name, of what stands as it is and of formulas of each other, in any order.

    Args:
        declared: the parameters whose values are read as they declare; any other stands as it is.
        stated: what was given or is the default, by name.
        formulas: texts by name, in place of what is stated.
        advice: of a name, and what was given: what is expected of it, for the sentence.
        said: of a name, what its formula is called in a sentence, such as "its default ".
    """

    def __init__(
        self, declared: Mapping[str, Parameter], stated: Mapping[str, object], formulas: Mapping[str, str],
        advice: Callable[[str, object], str], said: Callable[[str], str],
    ) -> None:
        self.formulas, self._declared, self._stated, self._advice, self._said = formulas, declared, stated, advice, said
        self._found: dict[str, Value] = {}
        self._open: list[str] = []  # the names whose formulas are being computed, outermost first

    def __getitem__(self, name: str) -> Value:
        """Raises InputError for a value out of range, a formula without one, and a circle; KeyError for no name."""
        if name not in self._found:
            if name in self._open:
                raise InputError(self._circle(name))
            self._found[name] = self._evaluated(name) if name in self.formulas else self._read(name, self._stated[name])
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self.formulas or name in self._stated

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._stated, *self.formulas]))

    def __len__(self) -> int:
        return len({*self._stated, *self.formulas})

    def _read(self, name: str, value: Any) -> Value:
        return parse(self._declared[name], value) if name in self._declared else value

    def _evaluated(self, name: str) -> Value:
        text = self.formulas[name]
        self._open.append(name)
        try:
            value = formula.evaluate(text, self, vanishing=False)
        except FormulaError as error:
            raise InputError(f"{name}: {self._said(name)}{error}; {self._advice(name, text)}") from error
        finally:
            self._open.pop()
        try:
            return self._read(name, value)
        except InputError as error:
            said = f"{self._said(name)}{text} is {value:.6g}{formula.where(text, self)}"
            raise InputError(f"{name}: {said}; {self._advice(name, text)}") from error

    def _circle(self, name: str) -> str:
        around = self._open[self._open.index(name) :]
        if len(around) == 1:
            return f"{name}: {self.formulas[name]} needs {name} itself; {self._advice(name, self.formulas[name])}"
        said = " and ".join(f"{each} = {self.formulas[each]}" for each in around)
        return f"{', '.join(around)}: {said} need each other; give one of them as a number"
