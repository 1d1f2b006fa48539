"""derive(model): a model's recursion, ready to be printed as text, LaTeX, derivation or kernel."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields

from .calculus.recursion import KEPT, Recursion, of_model
from .declare import Model
from .kernel import emit
from .show import shown
from .show.early import early, unwritten


@dataclass(frozen=True)
class Derived(Recursion):
    """A recursion that prints itself."""

    @classmethod
    def of(cls, recursion: Recursion) -> Derived:
        """The same recursion."""
        return cls(**{each.name: getattr(recursion, each.name) for each in fields(recursion)})

    def __str__(self) -> str:
        return shown.text(self)

    def _repr_html_(self) -> str:
        """The equations as MathML under their titles, which a notebook shows with no script and no network."""
        return shown.html(self)

    def latex(self) -> str:
        """The recursion as one LaTeX `align` environment a part, ready to compile with amsmath."""
        return shown.latex(self)

    def unicode(self) -> str:
        """The recursion as text in the letters of Unicode, as in γ, ρ̄ and ‖μ‖²."""
        return shown.unicode_text(self)

    def _repr_latex_(self) -> str:
        return self.latex()

    def derivation(self) -> str:
        """The derivation, step by step, with equation numbers."""
        return shown.steps(self)

    def rates(self) -> str:
        """The early stage: growth rates, and where they vanish or meet, as formulas of the parameters."""
        return "\n".join([*map(str, early(self)), *filter(None, [unwritten(self.model)])])

    def kernel_source(self) -> str:
        """The generated kernel, a self-contained Python module."""
        return self._loops

    def lanes_source(self) -> str | None:
        """The variant that takes eight examples at a time and many runs in a call; None for a model that has none."""
        return self._lanes

    @functools.cached_property
    def _shown(self) -> list[str]:
        return shown.text_lines(self)

    @functools.cached_property
    def _loops(self) -> str:
        return emit.module(self, self._shown)

    @functools.cached_property
    def _lanes(self) -> str | None:
        return emit.on_lanes(self, self._shown)


def derive(model: Model) -> Derived:
    """Derive a model's recursion; of the last ones it is kept, with its texts.  Source: README, "The idea".

    Raises ModelError in one sentence where the model does not close on pre-activations.
    """
    return _derived(model, repr(model))


@functools.lru_cache(maxsize=KEPT)
def _derived(model: Model, _written: str) -> Derived:
    return Derived.of(of_model(model))
