"""Parameters of a model and named values of them, as plain frozen data."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Literal

from ..errors import ModelError
from .choices import Declared, one_of, quoted

Value = float | int | bool | str | None
_COUNTS = re.compile(r"[0-9]+(,[0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Parameter(Declared):
    """One parameter: ASCII name, LaTeX, meaning with unit, range, published default and its source.

    `low` and `high` bound a number (`open_low` excludes the lower end); `choices` lists a choice's values.
    A `structural` parameter selects the derivation; every other one is an argument at run time.  A "counts" is a list
    of whole numbers, held as text ("40,4").  A number's default may be a formula of other parameters, as text.
    Raises ModelError, in one sentence, where default, choices and range do not go with the kind.
    """

    name: str
    latex: str
    meaning: str
    kind: Literal["count", "real", "flag", "choice", "counts"]
    default: Value = None
    source: str = ""
    low: float | None = None
    open_low: bool = False
    high: float | None = None
    choices: tuple[str, ...] = ()
    structural: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = self._range_misfit() or self._choices_misfit() or self._default_misfit()
        if wrong:
            raise ModelError(f"Parameter.{wrong} (in {self.name!r})")

    @property
    def numeric(self) -> bool:
        """Whether it is a number."""
        return self.kind in ("count", "real")

    @property
    def follows(self) -> bool:
        """Whether its default is a formula of other parameters."""
        return self.numeric and isinstance(self.default, str)

    @property
    def counted(self) -> bool:
        """Whether its values are ints."""
        return self.kind == "count"

    @property
    def listed(self) -> bool:
        """Whether its values are few words: a choice's, or a flag's."""
        return self.kind in ("choice", "flag")

    @property
    def dimension(self) -> bool:
        """Whether it is the dimension d: real, because it may be e^100, but whole wherever float64 can tell."""
        return self.name == "d"

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.counted or self.dimension

    def _range_misfit(self) -> str:
        """What is wrong with the range; empty for nothing."""
        for name, end in (("low", self.low), ("high", self.high)):
            if end is not None and not self.numeric:
                return f"{name}: {end}, but a {self.kind} has no range; leave it out"
            if end is not None and (math.isnan(end) if isinstance(end, float) else abs(end) > sys.float_info.max):
                return f"{name}: {quoted(end)}; expected a number"
        if self.open_low and self.low is None:
            return "open_low: True without low; give the end that it excludes"
        if self.low is not None and self.high is not None and self.low > self.high:
            return f"low: {self.low:g} is above high, {self.high:g}; give low of at most high"
        return ""

    def _choices_misfit(self) -> str:
        """What is wrong with the choices; empty for nothing."""
        again = next((each for each in self.choices if self.choices.count(each) > 1), None)
        if self.kind == "choice" and again is not None:
            return f"choices: {again!r} is given twice; give it once"
        if self.kind == "choice":
            return "" if self.choices else "choices: none; expected the values of a choice, such as ('mean', 'sum')"
        return f"choices: {quoted(self.choices)}, but a {self.kind} has none; leave them out" if self.choices else ""

    def _default_misfit(self) -> str:
        """What is wrong with the default; empty for nothing, and where there is none."""
        default = self.default
        if default is None:
            return ""
        if self.kind == "choice":
            return "" if default in self.choices else f"default: {one_of(default, self.choices)}"
        fits, expected = {
            "flag": (isinstance(default, bool), "True or False"),
            "counts": (isinstance(default, str) and bool(_COUNTS.fullmatch(default)), "whole numbers as in '40,4'"),
        }.get(self.kind, (_is_number(default, whole=self.counted), self._expected))
        if not fits:
            return f"default: {quoted(default)}; expected {expected}"
        within = isinstance(default, str) or self.spans(default)
        return "" if within else f"default: {default}; expected {self._range}"

    def spans(self, value: float) -> bool:
        """Whether a number is in the range."""
        below = self.low is not None and (value < self.low or (self.open_low and value == self.low))
        return not below and (self.high is None or value <= self.high)

    @property
    def _range(self) -> str:
        """The range in words."""
        ends = [] if self.low is None else [f"{'above' if self.open_low else 'at least'} {self.low:g}"]
        return " and ".join(ends + ([] if self.high is None else [f"at most {self.high:g}"]))

    @property
    def _expected(self) -> str:
        return f"a {'whole' if self.counted else 'finite'} number, or a formula of other parameters as text"


def _is_number(value: float | str, whole: bool) -> bool:
    """Whether a default is a number of the kind, or text that may be a formula."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, bool) or abs(value) > sys.float_info.max:  # a whole number may be beyond every float
        return False
    return math.isfinite(value) and (not whole or float(value).is_integer())


@dataclass(frozen=True, kw_only=True)
class Preset(Declared):
    """Named parameter values with where they come from."""

    name: str
    values: tuple[tuple[str, Value], ...]
    steps: int
    source: str
