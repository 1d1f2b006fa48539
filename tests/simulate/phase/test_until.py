"""Grids whose runs may end early: what is said of their numbers, in the dataset, the table and the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib import pyplot as plt
from matplotlib.text import Text

import gammarho as gr
from figures import style
from figures.said import across
from gammarho import cli
from simulate.ask.noted import show
from simulate.phase.cell import DIVERGED, Measure, _judged
from simulate.phase.reduced_axes import Wanted
from tests.helpers.ends import at_most

PEGR: dict[str, Any] = {"n": 9, "m": 3, "d": 60, "sigma_p": 0.5, "sigma_0": 0.05, "eta": 0.5}
STEPS, LEVEL = 12, 0.4


def grid(**asked: Any) -> xarray.Dataset:
    given: dict[str, Any] = {"x": ("lam", [0.0, 0.1, 0.4]), "seeds": 3, "steps": STEPS, "until": {"loss": LEVEL},
                             "progress": False, **asked}
    return gr.phase("pegr", PEGR, **given)


def test_a_grid_of_stopped_alone_goes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulate.phase.cell.outcome", lambda *given: pytest.fail("a run went alone"))
    assert (grid(observable="stopped").status.values == "ok").all()


def test_stopped_may_be_asked_for_alone_and_comes_first_where_it_is_named_first() -> None:
    every, alone = grid(observable="loss,T_1_noise"), grid(observable="stopped")
    assert (every.stopped.values >= 0).any() and (every.stopped.values < 0).any()
    assert np.array_equal(alone.stopped.values, every.stopped.values)
    assert [name for name in alone.data_vars if name not in ("status", "message")] == ["stopped"]
    assert list(grid(observable="stopped,loss").data_vars)[:2] == ["stopped", "loss"]
    with pytest.raises(gr.InputError, match="observable: 'stopped' is the step where until ends a run; give until"):
        grid(observable="stopped", until=None)


def test_the_variables_say_of_which_step_they_are() -> None:
    found = grid(observable="loss,T_1_noise")
    assert found.loss.attrs["meaning"] == f"loss at the first step with loss <= {LEVEL}, or step {STEPS}"
    assert found.T_1_noise.attrs["meaning"] == (
        f"first step that reaches it, -1 where none of {STEPS} does, or none up to the first with loss <= {LEVEL}, "
        "where the run ends")
    assert found.stopped.attrs["meaning"] == (
        f"first step with loss <= {LEVEL}, where the run ends; -1 where none of {STEPS} has it")
    assert "or none" not in grid(observable="T_1_noise", until=None).T_1_noise.attrs["meaning"]


def test_how_many_runs_do_not_end_stands_below_the_table_and_the_picture(capsys: pytest.CaptureFixture[str]) -> None:
    found = grid(observable="loss")
    late = int((found.stopped < 0).sum())
    given = [f"{name}={value}" for name, value in PEGR.items()]
    line = ["phase", "pegr", *given, "--x", "lam=0,0.1,0.4", "--steps", str(STEPS), "--observable", "loss"]
    assert cli.main([*line, "--until", f"loss={LEVEL}"]) == 0
    said = (f"{late} of 9 runs have no step with loss <= {LEVEL}: stopped is -1 there, and other numbers are of step "
            f"{STEPS}")
    assert said in capsys.readouterr().out.splitlines()
    assert cli.main([*line, "--until", "loss=1"]) == 0
    assert "have no step" not in capsys.readouterr().out
    words = f"{late} of 9 draws have no step with loss <= {LEVEL}: their values are of step {STEPS}."
    for observable, there in (("loss", True), ("stopped", False)):  # of stopped a hatch says it
        figure = gr.plot(found, observable=observable)
        texts = [each.get_text() for each in figure.findobj() if isinstance(each, Text)]
        shown = " ".join(" ".join(texts).split())
        assert (words in shown) == there
        assert f"pegr; until loss <= {LEVEL}, {STEPS} steps at most; mean of 3 seeds" in shown
        plt.close(figure)


def test_a_grid_ends_where_what_grows_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each run at the first step where both heads' largest gamma are, which its record of every step tells."""
    runs = [gr.run("pegr", {**PEGR, "lam": lam}, steps=STEPS, seed=seed, record="all", sampling="gram",
                   observables=["max_gamma"]).max_gamma.values.min(axis=1) for lam in (0.0, 0.1) for seed in range(3)]
    level = float(np.sort([run.max() for run in runs])[2])
    given: dict[str, Any] = {"x": ("lam", [0.0, 0.1]), "observable": "max_gamma:min", "store": tmp_path / "grown.zarr"}
    found = grid(until={"max_gamma": f">={level!r}"}, **given)
    ends = [int(np.argmax(run >= level)) if (run >= level).any() else -1 for run in runs]
    assert found.stopped.values.ravel().tolist() == ends and len({*ends}) > 2 and -1 in ends
    assert (found["max_gamma:min"].values >= level).tolist() == (found.stopped.values >= 0).tolist()
    assert found.attrs["until"] == f"max_gamma >= {show(level)}"
    again = grid(until={"max_gamma": f">={level!r}"}, **given)  # the store knows the relation
    assert np.array_equal(again.stopped.values, found.stopped.values)
    with pytest.raises(gr.InputError, match="until"):
        grid(until={"max_gamma": level}, **given)
    line = ["phase", "pegr", *[f"{name}={value}" for name, value in PEGR.items()], "--x", "lam=0,0.1", "--steps", "12"]
    assert cli.main([*line, "--until", "max_gamma<=5", "--observable", "stopped"]) == 0
    said = "every run ends at step 0, where max_gamma <= 5 holds already; max_gamma>=VALUE waits for what grows"
    assert said in capsys.readouterr().out.splitlines()
    assert cli.main([*line, "--until", f"max_gamma>={level!r}", "--observable", "stopped"]) == 0
    assert f"have no step with max_gamma >= {show(level)}" in capsys.readouterr().out


def test_a_long_end_takes_more_lines_of_the_title() -> None:
    until = {"loss": 0.4, "train_error": 0.5, "gradient_norm": 1e3, "distance": 1e6, "test_loss": 2.0}
    figure = gr.plot(grid(until=until, steps=2, observable="loss"))
    (title,) = [each.get_text() for each in figure.findobj() if isinstance(each, Text) and "until" in each.get_text()]
    lines = title.split("\n")
    assert "test_loss <= 2" in title.replace("\n", " ") and len(lines) == 3
    assert max(across(line, style.FONT + 1) for line in lines) < style.PAGE
    plt.close(figure)


def test_an_end_that_is_not_known_of_any_run_is_refused_before_one_is_made() -> None:
    with pytest.raises(gr.InputError, match="fresh: True draws examples afresh"):
        gr.phase("fomaml", {"fresh": True, "n_tasks": 4, "n": 4, "n_train": 2, "m": 2, "d": 40, "M": 2}, steps=2,
                 seeds=1, x=("eta", [0.1, 0.2]), observable="loss", until={"loss": 0.1}, progress=False)


def test_a_number_that_is_none_is_said_to_be_so_at_the_step_where_its_run_ended() -> None:
    measure = Measure((Wanted("loss", "loss", (), ""),), STEPS, "gram", until=at_most({"loss": LEVEL}))
    for stopped, at in ((5.0, 5), (-1.0, STEPS)):
        outcome = _judged(measure, {"loss": np.nan, "stopped": stopped}, "", {})
        assert outcome.status == DIVERGED and f"at step {at};" in outcome.message
