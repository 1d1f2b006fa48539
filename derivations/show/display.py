"""A recursion's displays as data: sections of lines, each with the reading that its expressions have there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

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

    def text(self, alphabet: type[Text] = Text) -> list[str]:
        """The section as text, a blank line before it; nothing where it has no line."""
        letters = alphabet(self.reading)
        shown = letters.display(self.lines)
        return ["", letters.said(self.title), *(f"  {line}" for line in shown)] if shown else []

    @property
    def latex(self) -> str:
        """The section as one `align*` environment."""
        return Latex(self.reading).display(self.lines)

    @property
    def html(self) -> str:
        """The title and the environment as MathML; nothing where LaTeX shows no line."""
        from ..notation.mathml import block

        return f"<p>{escape(self.title)}</p>\n{block(self.latex)}\n" if self.latex else ""


@dataclass(frozen=True)
class Display:
    """What is shown of a recursion: a sentence that names it, and sections; LaTeX has the sections alone."""

    head: str
    sections: tuple[Section, ...]

    def text(self, alphabet: type[Text] = Text) -> str:
        """All of it, in ASCII or in another plain alphabet."""
        return "\n".join([self.head, *(line for section in self.sections for line in section.text(alphabet))]) + "\n"

    @property
    def latex(self) -> str:
        """An `align*` environment a section, ready to compile with amsmath and amssymb in a plain article."""
        return "".join(section.latex for section in self.sections)

    @property
    def html(self) -> str:
        """The sentence and the sections, with MathML and nothing from elsewhere."""
        return f"<p><b>{escape(self.head)}</b></p>\n" + "".join(section.html for section in self.sections)
