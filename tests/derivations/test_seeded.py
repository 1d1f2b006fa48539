"""Errors seeded into printed formulas: each is one change of one line, and the comparison sees it."""

from __future__ import annotations

import pytest

from derivations.ledger.claims import compare
from derivations.ledger.seeded import seeded
from derivations.papers import shelf

KINDS = {"constant", "sign", "factor", "exponent", "index", "term"}


@pytest.mark.parametrize("name", ["pegr-5.3-gamma", "heterogeneous-96-step", "nearly_orthogonal-5.4-step"])
def test_every_seeded_error_is_found_and_the_mended_formula_is_no_alarm(name: str) -> None:
    claim = shelf.claims()[name]
    assert compare(claim, claim.errata).holds
    assert [each.text for each in seeded(claim) if compare(each.claim).holds] == []


def test_errors_are_of_every_kind_and_no_two_of_a_claim_are_the_same() -> None:
    kinds = set()
    for name in ("pegr-5.3-gamma", "pegr-A.1-flow", "pegr-5.2-over"):
        claim = shelf.claims()[name]
        found = seeded(claim)
        kinds |= {each.kind for each in found}
        lines = [each.claim.lines() for each in found]
        assert all(one != claim.lines(claim.errata) for one in lines) and len(set(lines)) >= 0.9 * len(lines)
    assert kinds == KINDS
