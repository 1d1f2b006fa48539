"""What runs of one problem share: the problem itself, by how it is written, and the labels of a dimension."""

from __future__ import annotations

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Model
from derivations.papers.pegr.model import model as pegr
from simulate.ask import settings
from simulate.ask.chosen import choose
from simulate.errors import InputError
from simulate.run import together
from simulate.run.problem import problem_of

GIVEN = {"n": 4, "m": 2, "d": 10}


def test_a_papers_problem_is_worked_out_once_for_the_same_words() -> None:
    setting = settings.resolve("pegr")
    assert problem_of(choose(setting, GIVEN)) is problem_of(choose(setting, dict(GIVEN)))
    assert problem_of(choose(setting, GIVEN)) is not problem_of(choose(setting, {**GIVEN, "n": "4"}))
    assert problem_of(choose(setting, {**GIVEN, "lam_until": 1})).values["lam_until"] == 1
    with pytest.raises(InputError):  # 1 and True are equal, and only one of them is a count
        problem_of(choose(setting, {**GIVEN, "lam_until": True}))


def test_what_a_users_function_declares_is_asked_for_every_time() -> None:
    asked = list[int]()

    def changing() -> Model:
        asked.append(1)
        return pegr("none")

    setting = settings.resolve(changing)
    before = len(asked)
    assert problem_of(choose(setting, GIVEN)) is not problem_of(choose(setting, GIVEN))
    assert len(asked) > before


def test_what_is_done_to_one_run_is_not_seen_in_another() -> None:
    first, second = (gr.run("pegr", GIVEN, steps=2, record=[0, 2], observables=["gamma"]) for _ in range(2))
    first["t"].attrs["units"] = "mine"
    assert second["t"].attrs["units"] == "steps"
    assert gr.run("pegr", GIVEN, steps=2, record=[0, 2], observables=["gamma"])["t"].attrs["units"] == "steps"
    assert np.array_equal(second["t"], [0, 2])
    assert second.indexes["t"].dtype == np.int64
    first["sigma_p"].attrs["units"], first["sigma_p"].values[...] = "mine", 9.0
    assert second["sigma_p"].attrs["units"] == "1" and float(second["sigma_p"]) == 0.5


def test_which_runs_go_together_by_their_declaration() -> None:
    model = pegr("pegr")
    assert together.go_together(model, ["test_error", "loss", model.events[0].name])
    assert not together.go_together(model, ["influence"])
