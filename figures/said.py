"""What stands below a figure: sentences of a kind each, so that what is said of the data is taken from the data."""

from __future__ import annotations

import re
import string
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from . import style

SIZE = style.SMALL - 0.5  # points
_MARGIN = 0.12  # inches of a page's width on which no words stand
_SPACING = 1.2  # matplotlib's, of lines
_TOKEN = re.compile(r"(?:\\\$|\$[^$]*\$|[^\s$\\]|\\(?!\$))+")  # a word, with what formulas it holds

_OPERATOR = re.compile(r"(?:(?<=[/+,=])|(?<=[^*]\*))(?!\*)")  # after one, and not within "**"


@dataclass(frozen=True)
class Sentence(ABC):
    """A sentence of a caption; what is between dollars is a formula."""

    kind: ClassVar[str]

    @abstractmethod
    def __str__(self) -> str:
        """The words; "" where there is nothing to say."""

    @property
    def by(self) -> Mapping[str, Any]:
        """The numbers that it stands on, by name."""
        return {}


@dataclass(frozen=True)
class Made(Sentence):
    """How the data were made and drawn: sizes, seeds, choices, what a line means; nothing of what came out."""

    text: str
    kind = "made"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Quoted(Sentence):
    """What a paper says, by which the reader judges the data."""

    text: str
    kind = "quoted"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Shown(Sentence):
    """What the data show: a template, such as "{low:.2f} to {high:.2f}", and the numbers in it, computed from them."""

    template: str
    numbers: Mapping[str, Any]
    kind = "shown"

    def __post_init__(self) -> None:
        if not self.numbers:
            raise ValueError(f"{self.template!r} has the numbers [], and what needs none is Made")
        _check(self.template, self.numbers)

    def __str__(self) -> str:
        return self.template.format(**self.numbers)

    @property
    def by(self) -> Mapping[str, Any]:
        """The numbers."""
        return dict(self.numbers)


@dataclass(frozen=True)
class Where(Sentence):
    """A sentence that is said where its test on the data came out true, and else is not there."""

    holds: bool
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    kind = "shown"

    def __post_init__(self) -> None:
        if self.numbers:  # without them the text stands as it is, TeX's braces in it
            _check(self.text, self.numbers)

    def __str__(self) -> str:
        if not self.holds:
            return ""
        return self.text.format(**self.numbers) if self.numbers else self.text

    @property
    def by(self) -> Mapping[str, Any]:
        """The test, and the numbers of the sentence."""
        return {"holds": bool(self.holds), **self.numbers}


def _check(template: str, numbers: Mapping[str, Any]) -> None:
    """Raises ValueError where a template and the numbers given to it do not have the same names."""
    used = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    if used != set(numbers):
        raise ValueError(f"{template!r} has the numbers {sorted(used)}, and was given {sorted(numbers)}")


def shown(template: str, **numbers: Any) -> Shown:
    """A sentence of what the data show."""
    return Shown(template, numbers)


def recorded(said: Iterable[Sentence]) -> list[dict[str, Any]]:
    """The sentences that are there, with the numbers that they stand on."""
    return [{"says": words, "kind": each.kind, **({"by": dict(each.by)} if each.by else {})}
            for each in said if (words := str(each))]


def folded(said: Sequence[Sentence], inches: float, size: float = SIZE) -> list[str]:
    """The sentences one after the other, as lines of so many inches in type of that size."""
    font = FontProperties(size=size)
    room, space = 72 * (inches - _MARGIN), _width(" ", font)
    lines, left = [""], room
    for sentence in map(str, said):
        gap = 2 if lines[-1] else 0
        for word in _together(_TOKEN.findall(sentence), lambda pair: _width(pair, font) <= room):
            wide = _width(word, font)
            if lines[-1] and wide + gap * space > left:
                lines, left, gap = [*lines, ""], room, 0
            lines[-1] += " " * gap + word
            left, gap = left - wide - gap * space, 1
    return [line for line in lines if line]


def _together(words: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    """The words, but a name, its "=" and its value are one where that `fits`."""
    glued = list[str]()
    for word in words:
        equation = f"{glued[-2]} = {word}" if len(glued) > 1 and glued[-1] == "=" else ""
        if equation and fits(equation):
            glued[-2:] = [equation]
        else:
            glued.append(word)
    return glued


class _Wrapper(textwrap.TextWrapper):
    """Breaks formulas after an operator, where a word alone is longer than a line."""

    def _split(self, text: str) -> list[str]:
        words = super()._split(text)
        return [part for word in words for part in (_OPERATOR.split(word) if len(word) > self.width else [word])]


def wrapped(text: str, width: int, most: int | None = None) -> list[str]:
    """The text as lines of so many characters, at `most` so many, of which the last then ends in an ellipsis."""
    return _Wrapper(width, max_lines=most, placeholder=" ...").wrap(text)


def height(lines: Sequence[str]) -> float:
    """Inches that lines below one another take: one with a formula is higher, as matplotlib sets it."""
    font = FontProperties(size=SIZE)
    _, high, deep = text_to_path.get_text_width_height_descent("lp", font, False)
    points = 0.0
    for line in lines:
        math = re.search(r"(?<!\\)\$", line) is not None
        _, up, down = text_to_path.get_text_width_height_descent(line if math else "lp", font, math)
        points += _SPACING * max(high - deep, up - down) + max(deep, down)
    return points / 72


def across(line: str, size: float) -> float:
    """Inches that a line takes."""
    return _width(line, FontProperties(size=size)) / 72


def _width(word: str, font: FontProperties) -> float:
    """Points that a word takes."""
    math = re.search(r"(?<!\\)\$", word) is not None
    read = word if math else word.replace(r"\$", "$")
    return float(text_to_path.get_text_width_height_descent(read, font, math)[0])
