"""A recursion's displays as data: sections of lines, each with the reading that its expressions have there."""

from __future__ import annotations

from dataclasses import dataclass

from ..notation.latex import Latex
from ..notation.lines import Line, Said
from ..notation.readings import OneLoop
from ..notation.text import Text


@dataclass(frozen=True)
class Section:
    """Lines under a title; LaTeX sets them as one environment, without it."""

    title: str
    lines: tuple[Line | Said, ...]
    reading: OneLoop

    @property
    def text(self) -> list[str]:
        """The section as text, a blank line before it; nothing where it has no line."""
        shown = Text(self.reading).display(self.lines)
        return ["", self.title, *(f"  {line}" for line in shown)] if shown else []

    @property
    def latex(self) -> str:
        """The section as one `align*` environment."""
        return Latex(self.reading).display(self.lines)


@dataclass(frozen=True)
class Display:
    """What is shown of a recursion: a sentence that names it, sections, and remarks; LaTeX has the sections alone."""

    head: str
    sections: tuple[Section, ...]
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it, in ASCII."""
        lines = [self.head, *(line for section in self.sections for line in section.text)]
        return "\n".join([*lines, *([""] if self.remarks else []), *self.remarks]) + "\n"

    @property
    def latex(self) -> str:
        """An `align*` environment a section, ready to compile with amsmath and amssymb in a plain article."""
        return "".join(section.latex for section in self.sections)
