"""The examples: short declarations whose kernels are right, whose figures are drawn, and whose statements hold."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gammarho as gr
from derivations.declare.formula import QUANTITIES, parse
from examples import gallery
from figures.style import LINES
from simulate.ask import parameters
from simulate.start.scalars import any_scalars
from simulate.testing import Instance, plain_kernel, residual
from tests.helpers.wild import plainly

LONGEST = 60
SMALL = {"n": 4, "m": 3, "d": 12, "batch": 2, "n_tasks": 2, "n_train": 2, "J": 2, "test_tasks": 2,
         "test_support": 2, "test_query": 2}


def path_of(name: str) -> Path:
    return gallery.HERE / f"{name}.py"


def declarative(text: str) -> int:
    """Lines that are neither empty nor of the docstring."""
    told = ast.parse(text).body[0].end_lineno or 0
    return sum(bool(line.strip()) for line in text.splitlines()[told:])


def test_there_are_some() -> None:
    assert set(gallery.NAMES) >= {"federated", "hinge", "label_noise", "oscillation", "sharpness_aware"}


@pytest.mark.parametrize("name", gallery.NAMES)
def test_it_is_short_and_says_what_is_claimed(name: str) -> None:
    text = path_of(name).read_text(encoding="utf-8")
    assert declarative(text) <= LONGEST and "Claim: " in text
    module = gallery.example(name)
    assert len(module.PRESETS) >= 2 and len(module.STATEMENTS) >= 2
    for statement in module.STATEMENTS:
        assert parse(statement.claim, QUANTITIES) and parse(statement.mutant, QUANTITIES) and statement.instance


@pytest.mark.parametrize("name", gallery.NAMES)
def test_its_kernel_takes_the_steps_of_weight_space_and_its_figure_is_drawn(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the text that would be compiled, run as Python."""
    module = gallery.example(name)
    kernel, rng = plain_kernel(module.model), np.random.default_rng(3)
    values = {key: SMALL.get(key, value) for key, value in parameters.resolve(module.model).values.items()}
    tasks = int(str(values["n_tasks"])) if module.model.algorithm.over_tasks else 1
    n, m, d = SMALL["n"] * tasks, SMALL["m"], SMALL["d"]
    vectors = rng.normal(size=(module.model.offsets(n, tasks)[""], d)) / np.sqrt(d)
    labels = np.array(module.model.network.head_axis.labels)
    y, weights = rng.choice(labels, size=n), rng.normal(size=(module.model.n_heads, m, d))
    clean = rng.choice(labels, size=n) if module.model.follows_clean else y
    scalars = any_scalars(module.model, values, y, clean, rng)
    of = Instance(module.model, {"lam_until": None, **values}, vectors, weights, y, clean=clean, scalars=scalars)
    assert residual(of, kernel) <= 1e-12
    small = tuple((key, value) for key, value in SMALL.items() if key in values)
    presets = [replace(each, values=tuple({**dict(each.values), **dict(small)}.items())) for each in module.PRESETS]
    monkeypatch.setattr(module, "PRESETS", presets)
    monkeypatch.delattr(module, "initial", raising=False)  # another model's run, with a kernel of its own
    with plainly(kernel):
        panels = gallery.figure(module, steps=2).axes
    assert [panel.get_title() for panel in panels] == list(module.FIGURE)
    assert all(len(panel.lines) == len(presets) for panel in panels)
    for panel in panels:  # of colours safe for the colour-blind, and told apart in grey: in three all looked alike
        assert [line.get_color() for line in panel.lines] == [each.color for each in LINES[: len(presets)]]
        assert [line.is_dashed() for line in panel.lines] == [False, *[True] * (len(presets) - 1)]


def test_a_run_with_drawn_scalars_restarts_and_its_arrays_are_checked() -> None:
    """Fails where `restart` leaves out the scalars, and where `check` draws anew instead of taking the arrays."""
    model = gallery.example("xor").model
    kernel = plain_kernel(model)
    given = {"n": 6, "m": 3, "d": 12}
    with plainly(kernel):
        whole, half = gr.run(model, given, steps=4), gr.run(model, given, steps=2)
        arrays = gr.restart(half, setting=model)
        after = gr.run(model, given, steps=2, initial=arrays)
        claim = f"abs(loss - {float(after['loss'][-1])!r}) <= 1e-12"
        found = gr.check(model, given, [claim], steps=2, seed=7, seeds=1, initial=arrays)
    assert sorted(arrays) == ["W", "clean", "s", "u", "v", "xi", "y"]
    assert float(after["loss"][-1]) == pytest.approx(float(whole["loss"][-1]), rel=1e-12)
    assert found[claim].verdict == "holds", str(found)


def test_the_page_is_what_the_examples_say() -> None:
    """Fails where an example was changed and `python -m examples.gallery` was not run."""
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.text()
    for name in gallery.NAMES:
        assert (gallery.PAGE.parent / "examples" / f"{name}.png").is_file()


@pytest.mark.parametrize("name", gallery.NAMES)
def test_what_the_page_says_was_seen_is_of_the_declared_runs(name: str) -> None:
    """Fails where presets, variables or statements were changed and nothing was measured anew."""
    module, numbers = gallery.example(name), gallery.kept(name)
    assert [(each["name"], each["values"], each["steps"]) for each in numbers["presets"]] == [
        (each.name, dict(each.values), each.steps) for each in module.PRESETS]
    assert all(tuple(each["ends"]) == tuple(each["moved"]) == module.FIGURE for each in numbers["presets"])
    assert numbers["holds"] == {each.id: len(gallery.SEEDS) for each in module.STATEMENTS}


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.NAMES)
def test_what_the_page_says_was_seen_is_seen_again(name: str) -> None:
    """Ends of all draws, to what rounding changes over a run: twice what another last bit of eta was seen to move."""
    again = gallery.measured(gallery.example(name))
    for now, then in zip(again["presets"], gallery.kept(name)["presets"], strict=True):
        for variable, ends in then["ends"].items():
            rel = max(gallery.DIGITS, 2 * then["moved"][variable])
            assert now["ends"][variable] == pytest.approx(ends, rel=rel, abs=2e-3), (now["name"], variable)


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.NAMES)
def test_its_statements_hold_and_their_false_neighbours_do_not(name: str) -> None:
    module, of = gallery.example(name), f"{path_of(name)}:model"
    if not hasattr(module, "initial"):
        found = gr.check(of, steps=1, seeds=3)
        assert all(each.verdict == "holds" for each in found.results), str(found)
        return
    for statement, seed in itertools.product(module.STATEMENTS, range(3)):
        initial = gallery.start(module, dict(statement.instance.values), seed)
        found = gr.check(module.model, statements=[statement], steps=1, seeds=1, seed=seed, initial=initial)
        assert found[statement.id].verdict == "holds", str(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.NAMES)
def test_it_is_validated(name: str) -> None:
    initial = gallery.start(gallery.example(name), {}, 0)
    assert gr.validate(f"{path_of(name)}:model", steps=60, initial=initial).verdict == "pass"
