"""Bad input, whatever the door: one sentence that names the culprit, exit 2 or InputError, and nothing on stdout."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.declare import Parameter
from derivations.papers.paper import PAPERS
from gammarho import cli
from simulate.ask import models, reading, settings
from simulate.errors import InputError
from tests.helpers import bad_calls, bad_datasets, bad_inputs
from tests.helpers.spoken import sentences

SIZES = {"n": 4, "m": 2, "d": 12}
ROWS = [
    *((f"typed: {bad_inputs.label(words)}", words, None, said) for words, said in bad_inputs.TYPED),
    *((f"grammar: {bad_inputs.label(words)}", words, None, said) for words, said in bad_inputs.GRAMMAR),
    *((f"passed: {name}", None, call, said) for name, (call, said) in bad_calls.PASSED.items()),
]


def one_sentence(said: str, parts: tuple[str, ...]) -> None:
    """`said` is one sentence of bounded length that holds the parts."""
    for part in parts:
        assert part in said, f"{part!r} is not in {said!r}"
    assert said.isprintable() and "Traceback" not in said and len(said) < 400
    assert ". " not in said.replace("... ", " "), f"more than one sentence: {said!r}"
    assert not said.endswith((".", ";", ",", ";)", "; )"))


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence of a command line; it exits 2 and prints nothing else."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1].startswith("--") and "=" not in joined[-1] and joined[-1][2:] not in _SWITCHES:
            joined[-1] += f"={word}"  # as one word, so that a value may begin with a minus or be empty
        else:
            joined.append(word)
    status = cli.main(joined)
    shown = capsys.readouterr()
    assert (status, shown.out) == (2, "")
    assert shown.err.startswith("gammarho: ") and shown.err.count("\n") == 1
    return shown.err.removeprefix("gammarho: ").removesuffix("\n")


_SWITCHES = ("latex", "kernel", "steps ", "json")


def passed(call: Callable[[], object]) -> str:
    """The sentence of a call, which raises InputError and warns of nothing."""
    with warnings.catch_warnings(), pytest.raises(InputError) as caught:
        warnings.simplefilter("error")
        call()
    return str(caught.value)


@pytest.mark.parametrize(("words", "call", "said"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_bad_input_is_one_sentence(
    words: list[str] | None,
    call: Callable[[], object] | None,
    said: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if words is not None:
        sentence = typed(words, capsys)
        one_sentence(sentence, said)
        if (words, said) in bad_inputs.TYPED:  # the other door says the same
            assert passed(bad_inputs.to_call(words)) == " ".join(sentence.split())
    else:
        assert call is not None
        one_sentence(passed(call), said)


def test_there_are_at_least_400_rows_and_none_stands_twice() -> None:
    doors = [tuple(words) for words, _ in (*bad_inputs.TYPED, *bad_inputs.GRAMMAR)]
    assert len(set(doors)) == len(doors)
    assert len(ROWS) >= 400


def test_weights_of_what_is_not_the_run_or_not_its_start() -> None:
    for name, (call, said) in bad_datasets.calls().items():
        one_sentence(passed(call), said)
        assert name


@pytest.mark.parametrize("line", ["run pegr lam=1e-400 --steps 2", "phase pegr --x lam --y n=2:4:3", "check pegr E99"])
def test_in_a_process_of_its_own(line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gammarho", *line.split()], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    said = sentences(done.stderr)
    assert said.startswith("gammarho: ") and said.count("\n") == 1


def _parameters() -> list[tuple[str, Parameter]]:
    built = [(name, models.build(settings.resolve(name).factory, {})) for name in PAPERS]
    return [(name, parameter) for name, model in built for parameter in model.parameters]


@pytest.mark.parametrize(("setting", "parameter"), _parameters(), ids=lambda part: getattr(part, "name", part))
@pytest.mark.parametrize("bad", ["no such", "-1", "1e400", "", None, object()])
def test_advice_is_taken(setting: str, parameter: Parameter, bad: object) -> None:
    try:
        reading.parse(parameter, bad)
    except InputError as error:
        said = str(error)
        advised = re.search(rf"such as {parameter.name}=(\S+)$", said)
        assert advised or "leave it out" in said or "did you mean" in said or "such as 40,4" in said
        if advised:
            reading.parse(parameter, advised[1])


@pytest.mark.parametrize("low", [0, 1, 2, 5])
def test_advice_for_a_count_is_in_its_range(low: int) -> None:
    with pytest.raises(InputError) as caught:
        reading.count("steps", -1, low=low)
    assert str(caught.value).endswith(f"such as steps={low}")


@pytest.mark.parametrize(
    "three",
    ["3", " 3 ", "3.0", "3e0", "+3", 3, 3.0, np.int8(3), np.float32(3), np.array(3), Decimal(3), Fraction(6, 2)],
)
def test_a_number_is_read_whatever_its_type(three: Any) -> None:
    plain = gr.run("pegr", {**SIZES, "m": 3, "lam": 3.0}, steps=3, seed=3, record=[0, 3])
    found = gr.run("pegr", {**SIZES, "m": three, "lam": three}, steps=three, seed=three, record=[0, three])
    assert found.equals(plain) and found.attrs == plain.attrs


def test_numbers_at_the_ends_of_float64_are_kept() -> None:
    lam = Parameter(name="lam", latex="", meaning="", kind="real", default=1.0, low=0)
    for text in ("5e-324", "1.7976931348623157e308"):
        assert reading.parse(lam, text) == float(text)
    assert reading.parse(lam, "0e-400") == 0 and reading.parse(lam, "exp(-745)") == 5e-324
    assert reading.parse(lam, "0*1e-300") == 0 and reading.parse(lam, "1-1") == 0
    assert reading.count("n", "9007199254740992") == reading.count("n", 2**53) == 2**53
    assert reading.count("n", "9.007199254740991e15") == 2**53 - 1


def test_lists_are_taken_once_whatever_holds_them() -> None:
    wanted = ["loss", "gamma"]
    plain = gr.run("pegr", SIZES, steps=4, observables=wanted, record=[0, 2, 4])
    for observables in (iter(wanted), (name for name in wanted), tuple(wanted), np.array(wanted), "loss,gamma"):
        found = gr.run("pegr", SIZES, steps=4, observables=observables, record=(step for step in (0, 2, 4)))
        assert found.equals(plain) and list(found) == wanted
    assert list(gr.run("pegr", SIZES, steps=1, observables={"loss", "gamma"})) == ["loss", "gamma"]
    grid = gr.phase("pegr", SIZES, x="eta=0.1:0.3:3", y=("lam", range(2)), steps=1, seeds=1, progress=False)
    assert grid["eta"].values.tolist() == [0.1, 0.2, 0.3] and grid["lam"].values.tolist() == [0, 1]


def test_arrays_of_any_real_type_are_taken() -> None:
    start = {"W": np.ones((2, 2, 6)), "mu": np.eye(6)[0], "xi": 2 * np.eye(6)[1:5], "y": np.array([1.0, -1, 1, -1])}
    plain = gr.run("pegr", steps=2, initial=start)
    for other in (
        {name: array.astype(np.int8) for name, array in start.items()},
        {name: array.tolist() for name, array in start.items()},
        {name: np.ma.array(array, mask=False) for name, array in start.items()},
        {name: np.asfortranarray(array.astype(np.longdouble)) for name, array in start.items()},
    ):
        found = gr.run("pegr", steps=2, initial=other)
        assert found.equals(plain) and found.attrs == plain.attrs


def test_weights_are_those_of_the_runs_own_start_only() -> None:
    start = {
        "W": np.random.default_rng(1).normal(size=(2, 2, 6)), "mu": np.eye(6)[0], "xi": 2 * np.eye(6)[1:5],
        "y": np.array([1.0, -1, 1, -1]),
    }
    data, trained = (gr.run("pegr", steps=5, initial=start, engine=engine) for engine in ("reduced", "weights"))
    rebuilt = gr.weights(data, initial=start)
    np.testing.assert_allclose(rebuilt, gr.weights(trained, initial=start), rtol=1e-11, atol=1e-13)
    assert np.array_equal(gr.weights(data.transpose(), initial=start), rebuilt)  # axes go by name
    for name, array in start.items():
        other = {**start, name: -array if name == "y" else array + 1e-12}
        with pytest.raises(InputError, match=f"initial: '{name}' is not the array that the run started from"):
            gr.weights(data, initial=other)


def test_weights_of_one_of_several_seeds_are_that_seeds() -> None:
    several, second = gr.run("pegr", SIZES, steps=3, seeds=3), gr.run("pegr", SIZES, steps=3, seed=1)
    assert np.array_equal(gr.weights(several.isel(seed=1)), gr.weights(second))


def test_weights_know_the_declaration_that_ran() -> None:
    import dataclasses

    from derivations.papers.pegr.model import model

    own = dataclasses.replace(model(), title="another model of the same name")
    data = gr.run(own, SIZES, steps=2)
    with pytest.raises(InputError, match="another declaration named 'pegr'"):
        gr.weights(data)
    assert gr.weights(data, setting=own).shape == (2, 2, 12)
