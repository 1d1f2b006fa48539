"""Hypothesis strategies of cases: one step from an arbitrary state of a declared model, for lemmas about every state.

    @given(cases("pegr", {"q": 2}))
    def test_my_lemma(case):
        assert judge(my_lemma, case).failed == 0

What the states are is said in `anystate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from derivations.declare import Model, Value

from .anystate import arbitrary
from .case import Case


class _Shrinking:
    """Choices by Hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def one_of(self, options: Sequence[Any]) -> Any:
        """One of these."""
        return self.draw(st.sampled_from(options))

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.draw(st.integers(low, high)))

    def real(self, low: float, high: float) -> float:
        """A real number."""
        return float(self.draw(st.floats(low, high)))


@st.composite
def cases(draw: Any, setting: str | Model, fixed: Mapping[str, Value] | None = None) -> Case:
    """Cases of a setting: n to 5 examples, m to 4 filters, d to 12; structural parameters vary unless `fixed`."""
    return arbitrary(_Shrinking(draw), setting, fixed)


__all__ = ["cases"]
