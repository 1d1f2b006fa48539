"""What variables are: every one of every shipped setting has a symbol of its own, words, units and a source."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from derivations.declare import Event, Extreme, NearOrthogonality, Observable
from derivations.declare.meanings import Meaning, meanings
from derivations.papers.paper import PAPERS
from simulate.observe.observables import names


@pytest.mark.parametrize("paper", PAPERS)
def test_every_variable_of_a_run_has_a_meaning(paper: str) -> None:
    model = PAPERS[paper].factory()
    found = meanings(model)
    assert tuple(found) == names(model)
    declared = {name for each in model.observables for name in (each.name, *each.also)}
    for name, meaning in found.items():
        assert meaning.symbol and meaning.units in ("1", "steps"), name
        assert len(meaning.words.split()) > 1 and meaning.words != meaning.source, name
        assert "$" not in meaning.symbol and meaning.attributes["long_name"] == f"${meaning.symbol}$"
        assert name not in declared or meaning.source, name


@pytest.mark.parametrize("paper", PAPERS)
def test_no_two_things_have_one_symbol(paper: str) -> None:
    """The two T_1 of PEGR had, of signal and of noise, and the step to which its penalty is on; kappa of two things."""
    model = PAPERS[paper].factory()
    symbols = [*(each.symbol for each in meanings(model).values()), *(each.latex for each in model.parameters)]
    counts = Counter(each.removesuffix("(t)") for each in symbols if each)
    assert max(counts.values()) == 1, counts.most_common(2)


@pytest.mark.parametrize("paper", PAPERS)
def test_symbols_can_be_typeset_on_an_axis(paper: str) -> None:
    from matplotlib.mathtext import MathTextParser

    parser: Any = MathTextParser("path")
    for each in meanings(PAPERS[paper].factory()).values():
        parser.parse(f"${each.symbol}$")


def test_an_extreme_says_over_what_it_is_taken() -> None:
    model = PAPERS["pegr"].factory()

    def said(**fields: Any) -> str:
        return Extreme(name="e", latex="e", **fields).words(model)["e"]

    assert said(of="xi", reduce="max") == "largest <w, xi>, over all filters and examples"
    assert said(of="mu", reduce="max_abs") == "largest |<w, mu>|, over all filters"
    assert said(of="rho", reduce="min", heads="on_class", per=("example",)) == (
        "smallest rho, over the filters of the example's own head, for each example")
    assert said(of="xi", reduce="max", signed=True, floor="1/d").endswith("examples, and at least 1/d")


def test_words_of_a_kind_that_has_none_are_its_first_line() -> None:
    class Energy(Observable):
        """Sum of the squares of all pre-activations.

        No more of it.
        """

        name, latex, source = "energy", "E", ""

        def dims(self, model: Any) -> dict[str, tuple[str, ...]]:
            return {self.name: ("t",)}

    assert Energy().words(None) == {"energy": "Sum of the squares of all pre-activations."}


def test_an_event_says_what_it_waits_for() -> None:
    model = PAPERS["pegr"].factory()
    event = next(each for each in model.events if isinstance(each, Event) and each.name == "T_2")
    assert meanings(model)["T_2"] == Meaning(
        "T_2", "first step t with loss <= eps; -1: not reached", event.source, "steps")


def test_the_source_of_a_ratio_is_no_repetition_of_it() -> None:
    (found,) = [each for each in PAPERS["nearly_orthogonal"].factory().observables
                if isinstance(each, NearOrthogonality)]
    assert "R_min^2" not in found.source
