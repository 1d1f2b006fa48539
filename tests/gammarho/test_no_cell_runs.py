"""A grid of which no cell can be run ends as bad input, with the cells' sentence; one of which some can does not."""

from __future__ import annotations

from typing import Any

import pytest

import gammarho as gr
from gammarho.cli import main

FOMAML = ["phase", "fomaml", "n_tasks=3", "n=4", "n_train=2", "m=2", "--steps", "1"]


def ends(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(words)
    told = capsys.readouterr()
    return status, told.out, told.err


def test_what_is_wrong_for_every_cell_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ends([*FOMAML, "--x", "d=100,200", "--seeds", "1"], capsys)
    (said,) = (line for line in err.splitlines() if line.startswith("gammarho: no cell"))
    assert status == 2 and "failed" in out
    assert said.startswith("gammarho: no cell can be run: d: 100 has no room for ") and "; give d of at least " in said
    assert said.endswith("(1 other reason in other cells: --json has them)")


def test_json_is_printed_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ends([*FOMAML, "--x", "d=100", "--seeds", "2", "--json"], capsys)
    assert status == 2 and out.startswith('{"notes"') and "other reason" not in err


def test_one_cell_that_can_be_run_is_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ends(["phase", "pegr", "n=4", "m=2", "--steps", "1", "--seeds", "1", "--x", "d=1,30"], capsys)
    assert status == 0 and "failed" in out and "no cell" not in err


def test_python_has_the_grid_with_its_sentences() -> None:
    given: dict[str, Any] = {"n_tasks": 3, "n": 4, "n_train": 2, "m": 2}
    found = gr.phase("fomaml", given, x=("d", [100.0]), steps=1, seeds=1, progress=False)
    assert (found["status"] == "failed").all() and "has no room for" in str(found["message"].values[0, 0])


@pytest.mark.parametrize("axis", ["lam=1/m,2/m", "lam=1/m:1:3", "lam=1/m", ("lam", ["1/m", 2.0])])
def test_an_axis_has_numbers(axis: Any) -> None:
    with pytest.raises(gr.InputError) as caught:
        gr.phase("pegr", {"n": 4}, x=axis, steps=1)
    assert str(caught.value).startswith("x: lam has the value '1/m', a formula of m, and an axis' values are numbers;")


def test_a_formula_of_numbers_is_one() -> None:
    found = gr.phase("pegr", {"n": 4, "m": 2, "d": 30}, x="lam=1/8,1/4", steps=1, seeds=1, progress=False)
    assert found["lam"].values.tolist() == [0.125, 0.25]


def test_a_claim_that_is_none_of_a_model_without_statements() -> None:
    from derivations.declare import Statements
    from derivations.papers.pegr.model import model
    from simulate.check.posed import statements_asked

    with pytest.raises(gr.InputError, match=r"of pegr's; expected a claim such as 'loss <= 0.1'"):
        statements_asked("test_error + ", Statements(paper="own", quantities=(), statements=()), model())


def test_a_grid_in_which_one_observable_of_two_is_not_known_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["phase", "pegr", "n=1", "m=2", "d=30", "--steps", "1", "--seeds", "1", "--x", "lam=0.1,0.2"]
    status, out, err = ends([*words, "--observable", "loss,T_1_noise"], capsys)  # a threshold that divides by log(n)
    assert status == 0 and "failed" in out and "no cell" not in err
