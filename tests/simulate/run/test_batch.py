"""Runs together: the bits that each has alone, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from benchmarks.own_model import model as OWN
from derivations.declare import (
    Angle,
    Coefficient,
    Constant,
    FixedLaw,
    FreshLaw,
    GaussianLaw,
    GradientDescent,
    Model,
    Parameter,
    Patch,
    SumPatch,
    Term,
)
from derivations.papers.heterogeneous.model import model as heterogeneous
from derivations.papers.pegr.model import model as pegr
from dynamics.kernel.kernel import Kernel
from simulate.ask.bounds import AT_LEAST, Bound
from simulate.ask.chosen import choose
from simulate.errors import Diverged, InputError
from simulate.phase import cell as outcomes
from simulate.run import batch, reduced, room, shapes
from simulate.run.asked import Asked, Found
from simulate.run.gathered import Together, plainly
from simulate.run.lots import Lots
from simulate.run.problem import Problem, Start, problem_of
from simulate.start import many
from simulate.start.plan import plan_of
from tests.helpers.ends import at_most
from tests.helpers.outside import same

BASE: dict[str, Any] = {"n": 17, "m": 4, "d": 300, "sigma_p": 0.4, "mu_norm": 2.0, "sigma_0": 0.05, "eta": 0.1}
FRESH = ("test_error", "test_error_se", "test_loss", "test_loss_se")
CELLS: dict[str, list[dict[str, Any]]] = {
    "lengths and deviations": [{"sigma_p": 0.1, "mu_norm": 0.5}, {"sigma_p": 3.0}, {"mu_norm": 9.0, "sigma_0": 0.3}],
    "dimensions, among them too few for all": [{"d": 20}, {"d": 1e9, "sigma_p": 1e-4}, {"d": 25}, {"d": 300}],
    "noise that is not orthogonal": [{"project_noise": False}, {"project_noise": True}],
    "a signal of length 0": [{"mu_norm": 0.0}, {"mu_norm": 1.0}],
    "penalties": [{"regularizer": name, "lam": lam} for name in ("none", "pegr", "fgr") for lam in (0.0, 0.02)],
    "penalty switched off": [{"lam": 0.1, "lam_until": until} for until in (0, 3, 100)],
    "sizes": [{"n": 16, "m": 3}, {"n": 40, "m": 2}, {"n": 5}],
}


def problems(cells: Sequence[dict[str, Any]], setting: str = "pegr") -> list[Problem]:
    return [problem_of(choose(setting, {**BASE, **cell})) for cell in cells]


def alone(cell: Problem, seed: int, steps: int, names: tuple[str, ...], sampling: str = "gram") -> dict[str, Any]:
    asked = Asked(steps, np.array([steps]), names, {}, named=True)
    return reduced.run(cell.start(seed, sampling), asked).variables


def compare(
    cells: list[Problem], seeds: Sequence[int], steps: int, names: tuple[str, ...], sampling: str = "gram"
) -> int:
    """How many runs went together; each has the variables that it has alone, to the bit, or diverges as alone."""
    made = batch.together(cells, seeds, steps, names, sampling)
    rows = made.found or []
    for (row, at), error in made.diverged.items():
        assert made.done[row, at]
        diverges_alike(cells[row], seeds[at], steps, names, error)
    for row, at in zip(*np.nonzero(made.done), strict=True):
        if (row, at) in made.diverged:
            continue
        expected = alone(cells[row], seeds[at], steps, names, sampling)
        for name, numbers in made.numbers.items():
            assert np.array_equal(numbers[row, at], expected[name].values[0]), (name, cells[row].values, seeds[at])
        for name in names if rows else ():
            run = rows[row][at]
            assert run is not None
            assert np.array_equal(run.variables[name].values, expected[name].values), (name, cells[row].values)
            assert run.variables[name].dims == expected[name].dims
    assert all(np.isnan(numbers[~made.done]).all() for numbers in made.numbers.values())
    if rows:
        compare_numbers(made, batch.together(cells, seeds, steps, names, sampling, reduce=plainly(names)))
    return int(made.done.sum())


def compare_numbers(made: Together, told: Together) -> None:
    """What runs give in numbers alone: those of the variables that they give whole, where each is one."""
    assert told.found is None and [*told.diverged] == [*made.diverged]
    runs = {(row, at): run for row, of_cell in enumerate(made.found or []) for at, run in enumerate(of_cell) if run}
    plain = all(each.values.size == 1 for run in runs.values() for each in run.variables.values())
    assert told.numbers or not plain or not runs
    assert (told.done == made.done).all() if plain else {*zip(*np.nonzero(told.done), strict=True)} == {*told.diverged}
    for place, run in runs.items() if plain else ():
        for name, numbers in told.numbers.items():
            assert numbers[place] == run.variables[name].values.flat[0], name


def diverges_alike(cell: Problem, seed: int, steps: int, names: tuple[str, ...], error: Diverged) -> None:
    """Whether the run diverges alone at the same step, and says the same."""
    with np.errstate(all="ignore"), pytest.raises(Diverged) as of_one:
        alone(cell, seed, steps, names)
    assert (str(of_one.value), of_one.value.step) == (str(error), error.step)


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_runs_have_the_bits_that_they_have_alone(cells: list[dict[str, Any]]) -> None:
    found = problems(cells)
    assert compare(found, [0, 3, 4], 6, FRESH) == 3 * len(found)


def test_deviations_whose_power_is_not_their_square_have_the_bits_that_they_have_alone() -> None:
    """The C library's x^2 is off by a last bit where x x is rounded, and NumPy's is not."""
    deviations = [each for each in (0.0397, 0.0588, 0.1176, 0.2551, 0.5102, 1.0204) if each**2 != each * each]
    found = problems([{"sigma_p": each} for each in [*deviations, 0.3]])
    assert compare(found, [0, 3], 6, FRESH) == 2 * len(found)


MIXTURES: dict[str, list[dict[str, Any]]] = {
    "slopes and deviations": [{"slope": 0.2}, {"slope": 0.0, "sigma_0": 0.1}, {"sigma_p": 3.0}],
    "means, among them none": [{"mu_norm": 0.0}, {"mu_norm": 5.0}],
    "dimensions, among them too few for all": [{"d": 12}, {"d": 1e9}, {"d": 300}, {"d": 15}, {"d": 16}],
    "sizes": [{"n": 2, "m": 1}, {"n": 30}],
}


@pytest.mark.parametrize("cells", MIXTURES.values(), ids=MIXTURES)
def test_mixtures_go_together(cells: list[dict[str, Any]]) -> None:
    """x = y mu + noise: the mean is in training examples and in fresh ones."""
    base = {"n": 9, "m": 3, "d": 200, "sigma_0": 0.05, "eta": 0.1}
    found = [problem_of(choose("nearly_orthogonal", {**base, **cell})) for cell in cells]
    names = (*FRESH, "loss", "rho") if "sizes" in str(cells) else FRESH
    assert compare(found, [0, 5], 6, names) == 2 * len(found)


CLASSES: dict[str, list[dict[str, Any]]] = {
    "lengths and deviations": [{"u_norm": 0.0}, {"u_norm": 3.0, "sigma_p": 2.0}, {"sigma_0": 0.3, "eta": 0.1}],
    "noise that differs by class": [
        {"Gamma": 3.0}, {"Gamma": 50.0, "sigma_p": 0.1}, {"Gamma": 3.0, "d": 1e9, "sigma_p": 1e-4},
    ],
    "some of it that does not": [{"Gamma": 1.0}, {"Gamma": 9.0}],
    "dimensions, among them too few for all": [{"d": 30}, {"d": 1e9, "sigma_p": 1e-4}, {"d": 34}],
    "sizes": [{"n": 4, "m": 2}, {"n": 21, "m": 3}, {"class_sizes": (2, 4, 3)}, {"neurons": "sum"}],
}


@pytest.mark.parametrize("cells", CLASSES.values(), ids=CLASSES)
def test_class_heads_go_together(cells: list[dict[str, Any]]) -> None:
    base = {"K": 3, "n": 9, "m": 4, "d": 200, "init": "gaussian", "sigma_p": 0.4, "eta": 0.5}
    found = [problem_of(choose("heterogeneous", {**base, **cell})) for cell in cells]
    names = (*FRESH, "class_error", "class_error_se", "loss", "rho") if "u_norm" in str(cells) else FRESH
    assert compare(found, [0, 5], 6, names) == 2 * len(found)


def test_draws_by_vectors_go_together() -> None:
    """The published filters' entries are uniform, of which there is no draw by Gram."""
    base = {"K": 2, "n": 7, "m": 3, "d": 40, "sigma_p": 0.4}
    cells = [problem_of(choose("heterogeneous", {**base, "Gamma": ratio})) for ratio in (1.0, 4.0)]
    assert compare(cells, [0, 3], 5, FRESH, "vectors") == 4
    assert compare(problems([{"mu_norm": 1.0}, {}]), [1], 5, FRESH, "vectors") == 2
    assert not batch.together(cells, [0], 5, FRESH).done.any()
    assert compare(cells, [0, 3], 5, ("loss", "test_error", "class_error", "rho", "memory"), "vectors") == 4
    uneven = [problem_of(choose("heterogeneous", {**base, "noise": noise})) for noise in ("uniform", "rademacher")]
    assert compare(uneven, [1, 2], 5, ("loss", "rho", "margins"), "vectors") == 4  # none of it is of fresh examples


OF_VECTORS = ("neuron_norm", "stable_rank", "spectral", "normalised_margin", "near_orthogonality", "flips", "last_flip")
"""Some of inner products, some of frames that vectors make otherwise than their inner products."""


@pytest.mark.parametrize("until", [
    {}, at_most({"loss": 0.4}), {"frobenius:max": Bound(0.5, AT_LEAST, "max", "frobenius")}])
def test_who_looks_at_vectors_has_those_of_the_run_alone(
    until: dict[str, Bound], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = {"n": 7, "m": 3, "d": 40, "sigma_0": 0.02, "init": "uniform"}
    cells = [problem_of(choose("nearly_orthogonal", {**base, "eta": eta})) for eta in (0.02, 0.1)]
    names, ended = ("loss", "test_error", *OF_VECTORS), set[int]()
    for size in (2, 100):
        monkeypatch.setattr(room, "runs", lambda *_, size=size: size)
        made = batch.together(cells, [0, 3], 20, names, "vectors", until)
        assert made.done.all() and made.found is not None
        for cell, row in zip(cells, made.found, strict=True):
            for seed, run in zip((0, 3), row, strict=True):
                one = reduced.run(cell.start(seed, "vectors"), Asked(20, np.array([20]), names, until, named=True))
                assert run is not None and same(run, one)
                ended.add(int(one.t[-1]))
    assert not until or len(ended) > 1


def test_a_chunk_has_room_for_the_vectors_of_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {name: Asked(5, np.array([5]), (name,), {}, named=True) for name in ("loss", "test_error")}
    cells = [problem_of(choose("nearly_orthogonal", {"n": 7, "m": 3, "d": 40, "eta": eta})) for eta in (0.5, 1.0)]
    seen: list[float] = []

    def room_of(entries: float, _: float) -> int:
        seen.append(entries)
        return 4

    monkeypatch.setattr(room, "runs", room_of)
    for sampling in ("vectors", "gram"):
        (lot,) = Lots.of(cells).lots
        for each in asked.values():
            (runs,) = shapes.of_one_shape(lot, [0], each, sampling)
            list(shapes.chunks(runs, each))
    assert seen[0] - seen[1] == (7 + 6) * 40 and seen[2] == seen[3] == seen[1]


def test_wide_class_heads_and_noise_that_is_no_gaussian_go_alone() -> None:
    base = {"K": 2, "n": 7, "d": 400, "sigma_p": 0.4, "init": "gaussian"}
    cells = [problem_of(choose("heterogeneous", {**base, **more})) for more in (
        {"m": 64}, {"m": 65}, {"m": 3, "noise": "uniform"})]
    assert batch.together(cells, [0], 3, FRESH, "vectors").done.ravel().tolist() == [True, False, False]


@pytest.mark.slow  # compiles a model of its own
def test_signals_at_an_angle_go_together() -> None:
    """Each is drawn by itself, and advanced and judged with the others; one that cannot be drawn is left over."""
    nu = replace(OWN.directions[1], name="nu", over="one", latex=r"\nu", law=FixedLaw(norm="mu_norm"),
                 coefficient=Coefficient(name="delta_nu", latex=r"\delta", signed=True))
    xi = replace(OWN.directions[1], law=GaussianLaw(std="sigma_p"))
    angle = Parameter(name="cosine", latex="c", meaning="of the signals", kind="real", default=0.5, low=-1, high=1)
    model = replace(
        OWN, directions=(OWN.directions[0], nu, xi), parameters=(*OWN.parameters, angle), test=FreshLaw(fresh=("xi",)),
        patches=(OWN.patches[0], Patch(direction="nu", scale="label"), Patch(direction="xi")),
        angles=(Angle(first="mu", second="nu", cosine="cosine"),),
    )
    values = {"n": 7, "m": 3, "d": 100.0, "sigma_p": 0.3}
    cells = [problem_of(choose(model, {**values, **more})) for more in (
        {"cosine": 0.1}, {"mu_norm": 1e200}, {"cosine": -0.7, "mu_norm": 3.0}, {"d": 50.0})]
    assert compare(cells, [1, 2], 6, FRESH) == 6 and compare(cells, [1], 6, ("loss", "test_error")) == 3
    none = problem_of(choose(model, {**values, "d": 1.0}))  # no plan of it, and so none of the three
    assert batch.together([*cells, none], [1], 6, FRESH).done.ravel().tolist() == [True, False, True, True, False]


@pytest.mark.slow  # compiles a model of its own
def test_steps_that_draw_go_together() -> None:
    """Batches, labels and what an option takes are each run's own; one that is out of its range is left over."""
    options = {"batch": "batch", "label_noise": "noise", "momentum": "beta_1", "clip": "cut"}
    defaults = {"batch": 3, "noise": 0.2, "beta_1": 0.5, "cut": 0.1}
    more = [
        Parameter(name=name, latex="", meaning=name, kind="count" if name == "batch" else "real", default=each, low=0)
        for name, each in defaults.items()
    ]
    model = replace(OWN, algorithm=GradientDescent.by_option(options), parameters=(*OWN.parameters, *more))
    values = {"n": 7, "m": 3, "d": 100.0, "sigma_p": 0.3}
    cells = [problem_of(choose(model, {**values, **each})) for each in (
        {"noise": 0.0}, {"noise": 0.5, "cut": 0.02}, {"noise": 0.5, "beta_1": 0.9}, {"eta": 1e200}, {"beta_1": 1.5})]
    assert compare(cells[:4], [1, 2], 9, FRESH) == 6 and compare(cells[:4], [1], 9, ("loss", "test_error")) == 3
    assert batch.together(cells, [0], 9, FRESH).done.ravel().tolist() == [True, True, True, False, False]


def test_what_is_of_the_data_goes_together_too() -> None:
    """Its draws differ by seed and by cell; class noise that follows the class has its ratio in a matrix."""
    cells = [problem_of(choose("nearly_orthogonal", {"n": 6, "m": 3, "d": d, "mu_norm": 0.3})) for d in (40, 60)]
    assert compare(cells, [0, 1], 3, ("near_orthogonality", "loss")) == 4
    values = {"K": 3, "n": 9, "m": 2, "d": 40, "init": "gaussian"}
    classes = [problem_of(choose("heterogeneous", {**values, "Gamma": ratio})) for ratio in (1.0, 5.0)]
    assert compare(classes, [0, 1], 3, ("Gamma_kj", "test_error", "one_minus_p")) == 4


WILD: dict[str, Any] = {"sigma_p": 0.5, "mu_norm": 1.0, "sigma_0": 0.01, "lam": 0.5, "lam_until": 100}
DIVERGE: list[dict[str, Any]] = [
    {**WILD, "regularizer": "pegr", "eta": 1e300},  # at once
    *[{**WILD, "regularizer": "pegr", "eta": eta} for eta in (0.1, 100.0, 600.0)],
    {**WILD, "regularizer": "pegr", "eta": 600.0, "lam_until": 40},
    *[{**WILD, "regularizer": "fgr", "eta": eta} for eta in (0.1, 600.0)],
    *[{**WILD, "regularizer": "none", "eta": eta, "sigma_0": 1.0, "sigma_p": 2.0} for eta in (0.01, 100.0, 1e3)],
]


@pytest.mark.parametrize("names", [FRESH, ("loss", "test_error", "rho")], ids=["numbers", "variables"])
def test_runs_that_diverge_say_so_with_the_others(names: tuple[str, ...]) -> None:
    """With a penalty, without, and after its end; but for those that diverge at once, which their start may do."""
    cells, seeds, steps = problems(DIVERGE), [0, 1], 60
    compare(cells, seeds, steps, names)
    made = batch.together(cells, seeds, steps, names)
    said = {str(error) for error in made.diverged.values()}
    assert len(said) > 8 and any("the penalty is off" in each for each in said)
    assert made.done.all(axis=1).tolist() == [False, *[True] * 9] and not made.done[0].any()
    assert {row for row, _ in made.diverged} == {2, 3, 4, 6, 8, 9}


def test_what_an_event_lacks_comes_before_how_a_run_diverges(monkeypatch: pytest.MonkeyPatch) -> None:
    """T_1 has no threshold at n = 1, where runs are made to diverge: alone that is said before a step is made."""
    cells, run_all = problems([{"n": 1}]), Kernel.run_all

    def failing(self: Kernel, *given: Any) -> Any:
        z, b, failed = run_all(self, *given)
        failed[:] = 5
        return z, b, failed

    monkeypatch.setattr(Kernel, "run_all", failing)
    assert not batch.together(cells, [0], 9, ("loss", "T_1")).done.any()
    assert [*batch.together(cells, [0], 9, ("loss",)).diverged] == [(0, 0)]
    with pytest.raises(InputError, match="T_1: no threshold"):
        alone(cells[0], 0, 9, ("loss", "T_1"))


def test_a_grid_tells_where_runs_diverge_without_making_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[float] = []
    outcome = outcomes.outcome

    def counted(measure: outcomes.Measure, of: Problem, seed: int) -> outcomes.Outcome:
        again.append(seed)
        return outcome(measure, of, seed)

    def grid() -> Any:
        return gr.phase("pegr", {"n": 17, "m": 4, "d": 300, **WILD}, x=("eta", [0.1, 300.0, 600.0]), steps=60, seeds=2,
                        observable="test_error,loss", progress=False)

    def nobody(_: object, cells: Sequence[object], seeds: Sequence[object], *__: object) -> Any:
        return np.zeros((len(cells), len(seeds)), dtype=bool)

    monkeypatch.setattr(outcomes, "outcome", counted)
    whole = grid()
    assert not again and whole.status.values.tolist() == [["ok"] * 2, *[["diverged"] * 2] * 2]
    monkeypatch.setattr(outcomes, "_together", nobody)
    assert whole.identical(grid()) and len(again) == 6


@pytest.mark.slow  # compiles a model of its own
def test_fresh_examples_with_nothing_random_are_judged_alone() -> None:
    """Labels that flip, and a scale of the noise that is 0 in one of the cells."""
    share = Parameter(name="share", latex="s", meaning="of the noise", kind="real", default=1.0, low=0)
    flips = Parameter(name="p", latex="p", meaning="of labels", kind="real", default=0.1, low=0, high=1)
    noise = SumPatch(terms=(Term(direction="xi", scale=(Constant(name="s", value="share"),)),))
    model = replace(OWN, patches=(Patch(direction="mu", scale="clean"), noise), label_flips="p",
                    parameters=(*OWN.parameters, share, flips))
    params: dict[str, Any] = {"n": 9, "m": 3, "d": 60.0}
    grid = gr.phase(model, params, x=("share", [0.0, 1.0]), steps=5, seeds=2, progress=False)
    assert (grid.status.values == "ok").all() and np.isfinite(grid.test_error.values).all()
    for at in (0, 1):
        runs = gr.run(model, {**params, "share": float(at)}, steps=5, record=[5], seeds=2, sampling="gram")
        assert np.array_equal(runs.test_error.values[:, 0], grid.test_error.values[at])
    assert set(grid.test_error.values[0].tolist()) <= {0.1, 0.5, 0.9}  # all right, all even, all wrong


def test_observables_of_a_state_go_with_them() -> None:
    cells = problems([{"sigma_p": 0.1}, {"sigma_p": 1.0}])
    assert compare(cells, [1, 2], 5, ("loss", "test_error", "rho", "max_gamma", "train_error", "gradient_norm")) == 4


def test_hitting_times_go_with_them() -> None:
    cells = problems([{"sigma_p": 0.1 * (1 + at), "eps": 0.69, "mu_norm": 1.0 + at} for at in range(4)])
    names = ("T_1", "T_2", "T_1_noise", "test_error")
    assert compare(cells, [1, 2], 40, names) == 8
    rows = batch.together(cells, [1, 2], 40, names).found or []
    hits = [int(run.variables["T_2"].values) for row in rows for run in row if run]
    assert max(hits) > 0 and len(set(hits)) > 3


@pytest.mark.parametrize(("params", "asked", "together"), [
    ({}, {}, 4), ({}, {"sampling": "gram", "record": [0, 2, 30]}, 4),
    ({}, {"observables": ["T_1", "loss"], "record": [7]}, 4),
    ({"regularizer": "fgr", "lam": 0.05, "project_noise": False}, {"seeds": 3}, 3),
    ({"eta": 2.76e153}, {"seeds": 6, "observables": ["loss", "rho"]}, 4),
    ({}, {"record": "all", "steps": 300}, 0), ({"n": 5}, {}, 4),
])
def test_seeds_go_together_and_each_has_the_bits_that_it_has_alone(
    params: dict[str, Any], asked: dict[str, Any], together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of them diverge; and those that record much, or are small, go alone."""
    params, asked = {**BASE, **params}, {"steps": 40, "seeds": 4, **asked}
    many, made = batch.alike, list[Found | Diverged | None]()

    def counted(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
        made.extend(found := many(starts, asked))
        return found

    monkeypatch.setattr(room, "ENTRIES", 2e5)
    monkeypatch.setattr(batch, "alike", counted)
    whole = gr.run("pegr", params, seed=2, **asked)
    assert sum(isinstance(run, Found) for run in made) == together
    del asked["seeds"]
    for seed in whole["seed"].values:
        found = whole.sel(seed=seed)
        if found["status"] == "diverged":
            with pytest.raises(Diverged, match=re.escape(str(found["message"].values))):
                gr.run("pegr", params, seed=int(seed), **asked)
            continue
        expected = gr.run("pegr", params, seed=int(seed), **asked)
        assert {*expected.data_vars} == {*found.data_vars} - {"status", "message"}
        for name, variable in expected.data_vars.items():
            assert found[name].values.astype(variable.dtype).tobytes() == variable.values.tobytes(), name
            assert found[name].dims == variable.dims and found[name].attrs == variable.attrs


@pytest.mark.parametrize("sampling", ["gram", "vectors"])
def test_seeds_of_class_heads_go_together(sampling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class-dependent noise too, at several recorded steps; a draw by vectors keeps them for who asks."""
    params = {"K": 3, "n": 9, "m": 3, "d": 60, "init": "gaussian", "Gamma": 5.0, "sigma_p": 0.3, "eta": 0.4}
    asked: dict[str, Any] = {"steps": 12, "record": [0, 5, 12], "sampling": sampling,
                             "observables": ["class_error", "test_loss", "loss", "memory"]}
    many, made = batch.alike, list[Found | Diverged | None]()

    def counted(starts: Sequence[Start], asked: Asked) -> list[Found | Diverged | None]:
        made.extend(found := many(starts, asked))
        return found

    monkeypatch.setattr(batch, "alike", counted)
    whole = gr.run("heterogeneous", params, seed=2, seeds=4, **asked)
    assert len(made) == 4 and None not in made
    for seed in whole["seed"].values:
        expected = gr.run("heterogeneous", params, seed=int(seed), **asked)
        for name, variable in expected.data_vars.items():
            assert np.array_equal(whole.sel(seed=seed)[name].values, variable.values), name


def test_draws_together_are_the_draws_alone() -> None:
    cells = problems([{"d": 20}, {"d": 20, "mu_norm": 0.0}, {"d": 20, "sigma_p": 7.0, "project_noise": False}])
    drawn = []
    for lot in Lots.of(cells).lots:
        plans = many.plans_of(lot.model, lot.values)
        assert plans is not None
        many_drawn = many.draw_many(lot.model, plans, lot.values, [8] * len(lot.places))
        drawn += [many_drawn.one(at) for at in range(len(lot.places))]
    of_classes = [problem_of(choose("heterogeneous", {"K": 3, "n": 9, "m": 2, "d": 30, "init": "gaussian", **more}))
                  for more in ({"Gamma": 2.0}, {"Gamma": 7.0, "sigma_p": 0.0})]
    (lot,) = Lots.of(of_classes).lots
    plans = many.plans_of(lot.model, lot.values)
    assert plans is not None
    many_drawn = many.draw_many(lot.model, plans, lot.values, [8, 8])
    for cell, found in zip([*cells, *of_classes], [*drawn, many_drawn.one(0), many_drawn.one(1)], strict=True):
        expected = cell.start(8, "gram").draw
        assert found.noise.keys() == expected.noise.keys()
        for name in expected.noise:
            for part in ("spread", "scale", "off", "z", "gram"):
                assert np.array_equal(getattr(found.noise[name], part), getattr(expected.noise[name], part)), part
        for name in ("z", "gram", "weight_gram", "y", "clean", "d"):
            assert np.array_equal(getattr(found, name), getattr(expected, name)), name


def test_what_diverges_or_is_looked_at_on_its_way_is_left_over() -> None:
    cells = problems([{"eta": 1e200}, {}, {"sigma_p": 1e200}])
    assert batch.together(cells, [0, 1], 5, FRESH).done.tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_a_bad_cell_is_left_to_its_own_sentence() -> None:
    cells = problems([{"d": 1.0}, {}])  # no dimension for noise that is projected off mu
    assert batch.together(cells, [0], 5, FRESH).done.tolist() == [[False], [True]]


def test_class_heads_at_the_ends_of_double_precision_are_left_to_their_own_sentences() -> None:
    """Squares that overflow, and of lengths that are no normal number, in a spike's size and in what noise is off."""
    base = {"K": 3, "n": 9, "m": 4, "d": 200, "init": "gaussian", "Gamma": 3.0}
    cells = [problem_of(choose("heterogeneous", {**base, **more})) for more in (
        {"u_norm": 1e160}, {"sigma_p": 1e160}, {}, {"u_norm": 1e-160})]
    assert batch.together(cells, [0], 3, FRESH).done.ravel()[:3].tolist() == [False, False, True]
    assert compare(cells[2:], [0], 3, FRESH) >= 1
    with pytest.raises(InputError, match="inner products of the start beyond the largest double, 1"):
        alone(cells[1], 0, 3, FRESH)
    short = alone(cells[3], 0, 3, FRESH)
    assert all(np.isfinite(short[name].values).all() for name in FRESH)


def test_runs_of_a_near_singular_covariance_are_judged_alone() -> None:
    """Filters that start at almost nothing, after a step along few directions: no Cholesky factor to trust."""
    cells = problems([{"sigma_0": 1e-13, "m": 12, "eta": 1.0}, {}])
    runs = batch.together(cells, [0], 40, FRESH)
    assert runs.done[1, 0]
    known = alone(cells[0], 0, 40, FRESH)
    assert np.isfinite(known["test_error"].values).all()
    assert not runs.done[0, 0] or runs.numbers["test_error"][0, 0] == known["test_error"].values[0]


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = problems([{"sigma_p": 0.1 * (1 + at)} for at in range(5)])
    whole = batch.together(cells, [0, 1, 2], 6, FRESH)
    monkeypatch.setattr(room, "ENTRIES", 12_000)
    parts = batch.together(list(reversed(cells)), [2, 0, 1], 6, FRESH)
    assert whole.done.all() and parts.done.all()
    for name in FRESH:
        assert np.array_equal(whole.numbers[name], parts.numbers[name][::-1][:, [1, 2, 0]])


def test_lots_are_the_cells() -> None:
    """Whatever their order, in parts and in parts of parts: what is no real number keeps cells apart."""
    cells = problems([{"n": 16, "lam": 0.1}, {"sigma_p": 0.2}, {"n": 16, "lam": 0.3}, {"project_noise": False}, {}])
    lots = Lots.of(cells)
    assert len(lots.lots) == 3 and [each.values for each in lots] == [cell.values for cell in cells]
    part = lots.part([4, 0, 2]).part([2, 0])
    assert [each.values for each in part] == [cells[2].values, cells[4].values]
    assert lots.values("m") == 4 and lots.values("lam_until") is None
    for name in ("n", "lam", "project_noise"):
        assert np.asarray(lots.values(name)).tolist() == [cell.values[name] for cell in cells]


def test_the_model_is_one_with_lanes() -> None:
    problem = problems([{}])[0]
    assert problem.kernel.runs_together(len(plan_of(pegr(), problem.values).length), 4)


def test_a_law_of_fresh_examples_parts_no_runs_that_ask_for_none() -> None:
    """Of models of whose examples nothing is fresh, class noise among them: losses, coefficients and an extreme."""
    cells: dict[Model, list[dict[str, Any]]] = {
        pegr("none"): [{}, {"sigma_p": 1.0}],
        heterogeneous(3): [{"Gamma": 1.0}, {"Gamma": 3.0}, {"Gamma": 1.0, "u_norm": 2.0}, {"Gamma": 5.0}],
    }
    for whole, each in cells.items():
        kept = tuple(o for o in whole.observables if o.name in ("memory", "noise", "max_gamma"))
        model, signed = replace(whole, test=FreshLaw(), observables=kept, events=()), whole.name == "pegr"
        base = {**BASE, "eps": 0.5} if signed else {"n": 9, "m": 4, "d": 200, "init": "gaussian", "eta": 0.5}
        found = [problem_of(choose(model, {**base, **more})) for more in each]
        names = ("loss", "rho", "max_gamma" if signed else "memory")
        assert compare(found, [0, 2], 20, names) == 2 * len(found)
