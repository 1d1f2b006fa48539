"""A statement's mutants: one change each, every kind of change, nothing that says the same twice."""

from __future__ import annotations

import pytest

from derivations.declare import Statement
from derivations.declare.formula import QUANTITIES, parse
from derivations.declare.mutants import CHANGES, CONSTANT, HYPOTHESIS, Change, mutants_of
from derivations.papers.paper import PAPERS


def made(claim: str, **fields: str) -> dict[str, str]:
    """The mutants' claims by what was changed."""
    statement = Statement(id="own", kind="inequality", claim=claim, **fields)  # type: ignore[arg-type]
    return {each.text: each.statement.claim for each in mutants_of(statement, {"both": "loss <= 1 and t > 0"})}


def test_each_part_of_a_claim_is_changed_in_each_way() -> None:
    found = made("max[i](h) >= -8*sqrt(L)*sigma_0 - b[k]*x**2")
    assert found["8 -> 4"] == "max[i](h) >= -4 * sqrt(L) * sigma_0 - b[k] * x ** 2"
    assert found["max[i](h) -> min[i](h)"].startswith("min[i](h) >= -8")
    assert found["-8 -> 8"].startswith("max[i](h) >= 8")
    assert found["sqrt(L) -> L"] and found["x ** 2 -> x"] and found["x ** 2 -> x ** 3"]
    assert found["sigma_0 -> 1"] and found["sigma_0 -> sigma_0 ** 2"]
    assert found["b[k] * x ** 2 -> 2 * (b[k] * x ** 2)"]  # a constant that is 1 and not written
    assert "max[i](h) <= -8 * sqrt(L) * sigma_0 - b[k] * x ** 2" in found.values()  # the direction


def test_a_constant_is_changed_once_wherever_it_stands() -> None:
    assert len([text for text in made("h <= 1/(21*n)") if text.startswith("1 ->")]) == 0
    assert {text for text in made("h <= 1/(21*n)") if text.startswith("21")} == {"21 -> 10.5", "21 -> 42"}
    assert [text for text in made("h <= 3/4") if text.startswith("3")] == ["3 / 4 -> 0.375", "3 / 4 -> 1.5"]


def test_indices_are_exchanged_and_replaced_by_the_formulas_own() -> None:
    found = made("sum[k](b[k]*G[i,k]) <= 1")
    assert found["b[k] -> b[i]"] and found["G[i, k] -> G[k, i]"] and found["G[i, k] -> G[k, k]"]


def test_every_condition_of_a_hypothesis_is_dropped_in_turn_also_those_inside_a_quantity() -> None:
    statement = Statement(id="own", kind="inequality", claim="h <= 1", given="both and n > 2", until="T_1")
    found = [each for each in mutants_of(statement, {"both": "loss <= 1 and t > 0"}) if each.change is HYPOTHESIS]
    assert [each.dropped for each in found] == ["loss <= 1", "t > 0", "n > 2", ""]
    assert found[0].statement.given == "(t > 0) and (n > 2)" and found[-1].statement.until == ""


def test_a_constant_can_be_moved_by_any_factor() -> None:
    statement = Statement(id="own", kind="inequality", claim="h <= 3*n")
    (half, _) = [each for each in mutants_of(statement, {}) if each.change is CONSTANT]
    assert half.times is not None and (half.written, half.factor) == (3, 0.5)
    assert half.times(0.1).claim == "h <= 0.30000000000000004 * n"


@pytest.mark.parametrize("name", PAPERS)
def test_every_mutant_of_a_paper_is_a_formula_and_no_two_say_the_same(name: str) -> None:
    """Fails where a change leaves the grammar (a power of -1 written -1.0**x) or is made twice."""
    shipped = PAPERS[name].statements
    assert shipped is not None
    quantities, kinds = {each.name: each.formula for each in shipped.quantities}, set[Change]()
    for statement in shipped.statements:
        made = mutants_of(statement, quantities)
        found, kinds = [each.statement for each in made], kinds | {each.change for each in made}
        said = [(each.claim, each.given, each.since, each.until) for each in found]
        assert found and len(set(said)) == len(said), statement.id
        for claim, given, _, _ in said:
            parse(claim, QUANTITIES)
            parse(given or "0", QUANTITIES)
    assert kinds == set(CHANGES)
