"""The induction step: a claim that any state keeps, one that runs alone keep, a false one; and its replay in torch."""

from __future__ import annotations

import json
import shlex
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Statement
from gammarho import cli
from simulate.check.induct import Induction, inductive

SMALL: dict[str, Any] = {"n": 4, "m": 3, "d": 30, "eta": 0.1, "regularizer": "none"}


def stepped(claim: str, tries: int = 60, **fields: Any) -> Induction:
    return inductive("pegr", SMALL, [Statement(id="own", kind="inequality", claim=claim, **fields)], steps=6,
                     tries=tries)


def test_what_every_step_keeps_is_inductive() -> None:
    found = stepped("rho_over >= 0")
    assert found["own"].verdict == "inductive" and found["own"].states > 20 and found.passed


def test_a_bound_that_runs_never_come_near_is_left_from_a_state_just_below_it_and_torch_takes_the_same_step() -> None:
    """Fails where only the states of runs are tried, or where the step is not the one that training makes."""
    found = stepped("gamma <= 1", tries=150)
    broken = found["own"].broken
    assert found["own"].verdict == "on trajectories only" and not found.passed and broken is not None
    gamma = broken.state.b[..., 0] * np.array([[1.0], [-1.0]])
    assert broken.point.left > 1 >= gamma.max() and broken.point.t == broken.state.t + 1
    apart = float(broken.replay.split("agrees to ")[1].split()[0])
    assert apart < 1e-12 and "own  on trajectories only" in str(found)


def test_claims_are_one_hypothesis() -> None:
    """gamma <= 1 is kept where the other claim keeps gamma far below; alone it is left, as above."""
    claims = [Statement(id="half", kind="inequality", claim="gamma <= 1"),
              Statement(id="none", kind="inequality", claim="max[j,r](abs(gamma)) <= 1e-2")]
    found = inductive("pegr", SMALL, claims, steps=2, tries=60)
    assert found["half"].verdict == "inductive"


def test_a_claim_about_few_of_a_runs_states_is_tried_from_these() -> None:
    """Of the run's 40 states one is in its range; before, moves began at any of them, and it stayed untested."""
    claims = [Statement(id="early", kind="inequality", claim="gamma <= 1", until="2"),
              Statement(id="all", kind="inequality", claim="gamma <= 1e3")]
    found = inductive("pegr", SMALL, claims, steps=3000, tries=16)
    assert found["early"].states > 2 and found["all"].states > 2


def test_a_claim_that_runs_violate_is_false_and_one_that_they_never_meet_untested() -> None:
    found = stepped("gamma <= 1e-9", tries=8)
    assert found["own"].verdict == "false" and not found.passed and "a run has gamma <= 1e-09" in str(found)
    assert stepped("gamma <= 1", tries=8, given="loss < 0")["own"].verdict == "untested"


def test_what_is_no_claim_about_states_is_refused() -> None:
    with pytest.raises(gr.InputError, match=r"I2: it is about the step itself.*give it to check"):
        gr.inductive("pegr", statements=["I2"])
    with pytest.raises(gr.InputError, match=r"T3\.2: it is not a claim about every step"):
        gr.inductive("pegr", statements=["T3.2"])


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "pegr", "P5.4b", "--preset", "theorem-3.3", "--steps", "5", "--inductive", "--search", "4",
             "--json"]
    assert cli.main(words) == 0
    told = json.loads(capsys.readouterr().out)["claims"][0]
    assert (told["id"], told["verdict"]) == ("P5.4b", "inductive") and told["states"] > 0


def test_the_state_that_breaks_a_claim_is_printed_and_the_command_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Before, it stood in JSON alone, and the exit was 0, as of an inductive claim."""
    found = stepped("gamma <= 1", tries=150)
    broken, lines = found["own"].broken, [line.strip() for line in str(found).splitlines()]
    assert broken is not None
    assert f"sigma_p={broken.state.place.params['sigma_p']}" in lines[3]
    entry, value = next(line for line in lines if "along mu is " in line).split("along mu is ")[1].split(" = ")
    head, row, column = (int(part.strip("[")) for part in entry[1:].rstrip("]").split("]"))
    assert broken.state.b[head, row, column] == float(value)
    assert column == 0 and abs(float(value)) == np.abs(broken.state.b[..., 0]).max()
    assert not any(line.startswith("gammarho") for line in lines)  # a statement of the caller's is no word of a command


@pytest.mark.slow
def test_the_command_exits_1_where_a_state_breaks_a_claim_and_says_how_to_have_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["check", "nearly_orthogonal", "C.1", "C.4", "--inductive", "--search", "200"]
    assert cli.main(words) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("    gammarho"))
    again = shlex.split(line)
    assert again[:5] == ["gammarho", "check", "nearly_orthogonal", "C.1", "C.4"] and cli.main(again[1:]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["passed"] and told["claims"][0]["verdict"] == "on trajectories only"
    assert len(told["claims"][0]["broken"]["b"]) == 2


def test_a_sign_is_climbed_to_by_its_smallest_entry() -> None:
    """Before, every state's sides were "at least 100% apart", and none was nearer than another."""
    said = gr.Statement(id="own", kind="inequality", given="t >= 1", claim="rho_under <= 0")
    found = gr.inductive("pegr", {"n": 6, "m": 4, "d": 400, "lam": 1.0}, [said], steps=20, tries=60)
    assert found["own"].tightest < 0.1 and "the nearest to 0 is" in str(found)
