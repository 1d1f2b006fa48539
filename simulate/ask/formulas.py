"""Parameters that are formulas of others, such as sigma_p=20/sqrt(d): each is computed when another needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from derivations.declare import Model, Parameter, Value
from derivations.declare.formula import FormulaError, names

from ..errors import InputError
from . import formula
from . import values as values_of

_WORD = re.compile(r"[A-Za-z_]\w*")


def of_default(parameter: Parameter) -> bool:
    """Whether the default is a formula of other parameters."""
    return parameter.numeric and isinstance(parameter.default, str)


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
        stated: what was given or is the default, by name, read by `parse`.
        formulas: texts by name, in place of what is stated.
        parse: the value of what was given for a name, checked.
        advice: of a name, and what was given: what is expected of it, for the sentence.
        said: of a name, what its formula is called in a sentence, such as "its default ".
    """

    def __init__(
        self, stated: Mapping[str, object], formulas: Mapping[str, str], parse: Callable[[str, object], Value],
        advice: Callable[[str, object], str], said: Callable[[str], str],
    ) -> None:
        self._stated, self._formulas, self._parse, self._advice, self._said = stated, formulas, parse, advice, said
        self._found: dict[str, Value] = {}
        self._open: list[str] = []  # the names whose formulas are being computed, outermost first

    def __getitem__(self, name: str) -> Value:
        """Raises InputError for a value out of range, a formula without one, and a circle; KeyError for no name."""
        if name not in self._found:
            if name in self._open:
                raise InputError(self._circle(name))
            self._open.append(name)
            try:
                self._found[name] = self._computed(name)
            finally:
                self._open.pop()
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._formulas or name in self._stated

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._stated, *self._formulas]))

    def __len__(self) -> int:
        return len({*self._stated, *self._formulas})

    def _computed(self, name: str) -> Value:
        text = self._formulas.get(name)
        if text is None:
            return self._parse(name, self._stated[name])
        try:
            value = formula.evaluate(text, self, vanishing=False)
        except FormulaError as error:
            raise InputError(f"{name}: {self._said(name)}{error}; {self._advice(name, text)}") from error
        try:
            return self._parse(name, value)
        except InputError as error:
            said = f"{self._said(name)}{text} is {value:.6g} here"
            raise InputError(f"{name}: {said}; {self._advice(name, text)}") from error

    def _circle(self, name: str) -> str:
        around = self._open[self._open.index(name) :]
        if len(around) == 1:
            return f"{name}: {self._formulas[name]} needs {name} itself; {self._advice(name, self._formulas[name])}"
        said = " and ".join(f"{each} = {self._formulas[each]}" for each in around)
        return f"{', '.join(around)}: {said} need each other; give one of them as a number"
