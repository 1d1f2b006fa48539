"""What is printed above a grid's table goes for all of its cells, or says for which."""

from __future__ import annotations

from typing import Any

from simulate.phase.grid import GridAsked, checked


def notes(x: str, y: str | None = None, hold: Any = None, preset: str | None = None, **given: Any) -> tuple[str, ...]:
    asked = GridAsked("pegr", given, {"x": x, "y": y, "z": None}, hold, preset, 1, "loss", 1, 0, None)
    return checked(asked, 1).notes


HALF = "penalty_half = true (published default, Section 2)"
APART = f"{HALF} where regularizer = none, pegr; false (published default, Section 4.1) where regularizer = fgr"


def test_a_default_that_differs_by_cell_says_where_it_is_what() -> None:
    for axes in [("regularizer=none,pegr,fgr", "lam=0.1,0.2"), ("lam=0.1,0.2", "regularizer=none,pegr,fgr")]:
        said = notes(*axes)
        assert APART in said and HALF not in said
    assert HALF in notes("regularizer=none,pegr", "lam=0.1,0.2")
    assert not any("penalty_half" in each for each in notes("regularizer=none,fgr", penalty_half=True))


def test_two_axes_by_which_one_differs() -> None:
    said = notes("regularizer=pegr,fgr", "lam=0.1,0.2", sigma_p="lam + penalty_half")
    assert "sigma_p = lam + penalty_half at every cell" in said


def test_a_formula_that_has_one_value_is_told_with_it() -> None:
    assert "sigma_p = 0.5 = 10/sqrt(d)" in notes("lam=0.1,0.2", sigma_p="10/sqrt(d)")
    assert "sigma_p = 10/sqrt(d) at every cell" in notes("d=100,400", sigma_p="10/sqrt(d)")


def test_a_preset_is_told_with_what_differs_from_it_in_every_cell_and_by_cell() -> None:
    hold = "sigma_p: sigma_p*sqrt(d)=20*lam"
    source = "preset paper (Section 4.1, with sigma_p = 0.5)"
    assert notes("lam=0.1,0.2", None, hold, "paper", m=5)[0] == f"{source}, but m = 5, lam, sigma_p by cell"
    assert notes("delta=0.1,0.2", None, None, "paper")[0] == source
    assert notes("d=100,200", None, None, "paper", mu_norm="d/100")[0] == f"{source}, but mu_norm, d by cell"


def test_a_count_axis_with_more_points_than_whole_numbers_says_so() -> None:
    said = "n has 2 values and not 5, as some of n=3:4:5 round to the same whole number; give fewer, or ends"
    assert any(each.startswith(said) for each in notes("n=3:4:5"))
    said = "n has 9 values and not 10, as some of n=2:20:10:log"
    assert any(each.startswith(said) for each in notes("n=2:20:10:log"))
    assert not any(each.startswith("n has") for each in notes("n=3:7:5"))
