"""Equations with names that are an axis', a quantity's of the conditions, and T."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gammarho as gr
from simulate.errors import InputError
from simulate.phase.grid import Grid, GridAsked, checked

ROOT_D = 20.0  # of pegr's default d = 400, at which sigma_p = 0.5 and m = 10


def grid(x: str, hold: Any, y: str | None = None, steps: int = 20, **given: Any) -> Grid:
    """A grid that is described and not run."""
    return checked(GridAsked("pegr", given, {"x": x, "y": y, "z": None}, hold, None, steps, "loss", 1, 0, None), 1)


def solved(name: str, *asked: Any, **given: Any) -> list[float]:
    return [float(str(cell.values[name])) for cell in grid(*asked, **given).cells]


@pytest.mark.parametrize("equation", ["eta*T=10", "10=eta*T", "T=10/eta", "T*eta/10=1"])
def test_an_axis_is_its_value_on_both_sides(equation: str) -> None:
    assert solved("eta", "T=10,20", f"eta: {equation}") == [1.0, 0.5]


@pytest.mark.parametrize(
    ("x", "equation", "expected"),
    [
        ("S=10,20,40", "lam*S**2/m=1", [10 / s**2 for s in (10, 20, 40)]),  # a quantity
        ("S=10,20,40", "m=lam*S**2", [10 / s**2 for s in (10, 20, 40)]),
        ("kappa=0.5,2", "lam*kappa=1", [2.0, 0.5]),
        ("c=0.5,2", "1=lam*c", [2.0, 0.5]),
        ("alpha=1,2", "lam*alpha=1", [1.0, 0.5]),  # a parameter of the conditions alone
        ("alpha=1,2", "1=lam*alpha", [1.0, 0.5]),
        ("eta_mean=1,2", "lam/eta_mean=S", [10.0, 20.0]),  # beside a quantity that is none of an axis
    ],
)
def test_names_that_conditions_have_too(x: str, equation: str, expected: list[float]) -> None:
    np.testing.assert_allclose(solved("lam", x, f"lam: {equation}"), expected, rtol=1e-15)


@pytest.mark.parametrize("equation", ["S", "S=sigma_p*sqrt(d)", "sigma_p*sqrt(d) = S", "S=S"])
def test_an_equation_that_gives_a_quantity_its_axis(equation: str) -> None:
    assert solved("sigma_p", "S=10,20", f"sigma_p: {equation}") == [10 / ROOT_D, 20 / ROOT_D]
    assert solved("sigma_p", "SNR=0.1,0.2", "SNR = mu_norm/(sigma_p*sqrt(d))", None, 20, d=400, mu_norm=1) == [
        0.5, 0.25]


def test_a_quantity_that_is_held_goes_into_other_equations() -> None:
    both = ["sigma_p: S", "lam: lam*S**2/m=1"]
    assert solved("sigma_p", "S=10,20", both) == [0.5, 1.0] and solved("lam", "S=10,20", both) == [0.1, 0.025]


def test_what_a_quantity_is_made_of_stays_what_it_means() -> None:
    """heterogeneous: trace = (d - K - 1) sigma_p^2 + spike, whose spike is Gamma's, not the axis."""
    given = {"K": 3, "n": 9, "m": 3, "d": 30, "sigma_p": 1.0, "u_norm": 1.0}
    asked: Any = GridAsked("heterogeneous", given, {"x": "spike=2,4", "y": None, "z": None}, "eta: eta*trace=spike",
                           None, 5, "loss", 1, 0, None)
    found = [cell.values for cell in checked(asked, 1).cells]
    for values, spike in zip(found, (2.0, 4.0), strict=True):
        gamma = float(str(values["Gamma"]))
        trace = 26 + gamma + np.sqrt((gamma - 1) * (gamma + 26))
        np.testing.assert_allclose(float(str(values["eta"])) * trace, spike, rtol=1e-14)


def test_what_an_axis_shares_a_name_with_is_told() -> None:
    assert grid("S=10,20", "lam: lam*S**2/m=1").notes[-1] == (
        "S is the axis' value in lam*S**2/m = 1; the conditions' S is sigma_p*sqrt(d)")
    assert grid("T=10,20", "eta: eta*T=10").notes[-1] == "T is the axis' value in eta*T = 10; 20 steps are run"
    assert grid("S=10,20", "sigma_p: S").notes[-1] == "sigma_p solves S = S"


@pytest.mark.parametrize(
    ("x", "hold", "said"),
    [
        ("S=10,20", "lam: lam*m+S-S=2", "x: S = 10 to 20 changes no cell, as lam does not depend on it"),
        ("ratio=1,2,3", "lam: lam=0.1*ratio**0", "x: ratio = 1 to 3 changes no cell, as lam does not depend on it"),
        ("ratio=1,2", "lam: ratio", "hold: 'lam: ratio' holds nothing, as ratio is no quantity of the conditions"),
        ("S=1,2", "lam: S", "is to be solved for lam, on which it does not depend; name one of sigma_p, d"),
        ("T=1,2", "lam: T", "is to be solved for lam, on which it does not depend; hold something of the parameters"),
        ("S=1,2", "sigma_p: S=2*S", "is to be solved for sigma_p, on which it does not depend; hold something"),
    ],
)
def test_an_axis_that_moves_nothing_is_refused(x: str, hold: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        grid(x, hold)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_an_axis_may_move_one_of_several_rows_alone() -> None:
    found = grid("ratio=1,2", "lam: lam=0.1*max(ratio, sigma_p)", "sigma_p=1.5,5")
    assert [cell.values["lam"] for cell in found.cells] == pytest.approx([0.15, 0.2, 0.5, 0.5])


def test_t_is_the_steps_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    from gammarho.cli import main

    assert gr.held("pegr", {}, "eta: eta*T=10", steps=20)["eta"] == 0.5
    assert gr.held("pegr", {}, "eta: eta*T=10")["eta"] == 10 / 1500  # the steps that `run` takes
    assert main(["run", "pegr", "n=2", "m=1", "d=4", "--hold", "eta: eta*T=10", "--steps", "20", "--record", "0"]) == 0
    assert "eta = 0.5 (held)" in capsys.readouterr().out
    assert main(["conditions", "pegr", "--hold", "eta: eta*T=10", "--steps", "20"]) == 0
    assert "eta = 0.5 (held)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("seed", "x: the axis 'seed' is an axis of runs or a word of formulas; give it another name"),
        ("status", "x: the axis 'status' is an axis of runs"),
        ("message", "x: the axis 'message' is an axis of runs"),
        ("stopped", "x: the axis 'stopped' is an axis of runs"),
        ("test_error", "x: the axis 'test_error' is a variable that every run has; give it another name"),
        ("test_error_se", "x: the axis 'test_error_se' is a variable that every run has"),
        ("signal", "x: the axis 'signal' is declared as observable"),
        ("T_1", "x: the axis 'T_1' is declared as event"),
        ("digest", "x: the axis 'digest' is what a stored grid keeps of its cells; give it another name"),
    ],
)
def test_an_axis_has_no_name_of_what_a_grid_holds_beside_it(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        grid(f"{name}=0.1,0.5", f"sigma_0: sigma_0*n**{name}=0.1")
    assert said in str(caught.value)


@pytest.mark.parametrize(("setting", "equation", "name", "wanted"), [
    ("heterogeneous", "d: rank=64", "d", 69), ("heterogeneous", "d: F_own**2=4", "d", 69),
    ("pegr", "n: n**2+n=42", "n", 6), ("pegr", "m: m+log(m)=5+log(5)", "m", 5), ("pegr", "d: d+sqrt(d)=110", "d", 100),
    ("pegr", "d: d+log(d)=1e30", "d", 1e30), ("pegr", "n: n+1/n=1e6+1e-6", "n", 10**6), ("pegr", "n: n**3+n=2", "n", 1),
])
def test_a_whole_number_is_found_wherever_it_is(setting: str, equation: str, name: str, wanted: float) -> None:
    """Before, what was tried between powers of ten was no whole number, and "holds at no d in its range" was said."""
    assert gr.held(setting, {}, equation)[name] == wanted


@pytest.mark.parametrize(("equation", "said"), [
    ("n: n**2+n=43", "holds at n = 6.07143, which is no whole number"),
    ("m: m**2-7*m+10=0", "more than one m, near 2, 3"),
    ("n: n**2+n=-1", "holds at no n in its range, as far as a change of sign was searched"),
    ("eta: (eta-1.2)*(eta-1.3)=0", "as far as a change of sign"), ("n: n**2+log(2-n)=5", "holds at no n in its range"),
])
def test_a_whole_number_that_is_none_is_refused(equation: str, said: str) -> None:
    with pytest.raises(gr.InputError, match=said):
        gr.held("pegr", {}, equation)
