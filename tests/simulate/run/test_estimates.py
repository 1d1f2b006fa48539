"""What would not fit or never end is refused before it is allocated, by its parameter and with a cure that works."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gammarho as gr
from derivations.papers.paper import PAPERS
from gammarho.cli import main
from simulate.ask import parameters, settings
from simulate.errors import InputError
from simulate.observe.fresh import DRAWS
from simulate.phase import fill
from simulate.phase.grid import GridAsked, checked
from simulate.run import estimate
from simulate.run.pieces import pieces
from simulate.run.request import Request
from simulate.run.run import run
from simulate.run.seconds import ALONE, PAIR, seconds
from simulate.work import memory
from simulate.work.sweep import sweep

GIGABYTE = 1e9

# The command, the parameter that the sentence starts with, and the cure it ends with.
REFUSED = (
    ("phase pegr --x lam=0:1:1000000000 --y sigma_p=0.1:1:2 --steps 5", "x: 'lam=0:1:1000000000'", "at most 100000"),
    ("phase pegr --x lam=0:1:2 --y sigma_p=0.1:1:2 --steps 5 --seeds 100000000", "seeds:", "run fewer seeds"),
    ("phase pegr --x n=10:100000:2 --y sigma_p=0.1:1:2 --steps 5 --seeds 1", "n (100000)", "lower n"),
    ("phase pegr --x lam=0:1:2 --y sigma_p=0.1:1:2 --steps 1000000000000000", "steps:", "take fewer steps"),
    ("run pegr --steps 5 --seeds 1000000000000", "seeds (1e+12)", "run fewer seeds"),
    ("run pegr n=100000 m=3 d=1e6 --steps 5", "n (100000)", "lower n"),
    ("run pegr m=10000000 d=2 n=2 --steps 5", "m (1e+07)", "lower m"),
    ("run pegr m=1000000000 d=2 n=2 --steps 5", "m (1e+09)", "lower m"),
    ("run pegr --steps 1000000000000 --record all", "record:", "record fewer steps"),
    ("run pegr --steps 1000000000000000", "steps:", "take fewer steps"),
    ("run heterogeneous n=1000000 --steps 5", "n (1e+06)", "lower n"),
    ("run nearly_orthogonal n=1000000 --steps 5", "n (1e+06)", "lower n"),
    ("run fomaml n_tasks=1000000 --steps 5", "n_tasks (1e+06)", "lower n_tasks"),
    ("run pegr n=1000 d=100000 --steps 100000 --engine weights --record all", "record", "record fewer steps"),
    ("check pegr n=1000000 --steps 5", "n (1e+06)", "lower n"),
    ("check pegr n=10 m=3 d=100 --steps 5 --seeds 1000000000000", "seeds:", "run fewer seeds"),
    ("validate pegr n=100000 --steps 5", "n (100000)", "lower n"),
    ("validate pegr n=10 --steps 1000000000000", "steps:", "take fewer steps"),
)


@pytest.mark.parametrize(("command", "culprit", "cure"), REFUSED)
def test_what_does_not_fit_is_refused_at_once(
    command: str, culprit: str, cure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 8 * GIGABYTE)
    began = time.monotonic()
    assert main(command.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert shown.err.startswith(f"gammarho: {culprit}") and cure in shown.err.partition(";")[2]
    assert time.monotonic() - began < 20  # with the verb's imports


FIGURES = (
    ("pegr training_loss", "pegr, trajectories: "), ("pegr test_accuracy", "pegr, test accuracy: "),
    ("fomaml table_1", "fomaml, table_1: n_tasks (343)"), ("nearly_orthogonal figure_2", "nearly_orthogonal"),
)


class Begun(Exception):
    """A sweep began."""


def begin(*_: object) -> Iterator[tuple[int, object]]:
    """Stands for a sweep."""
    raise Begun
    yield


@pytest.mark.parametrize(("figure", "culprit"), FIGURES)
def test_figures_that_do_not_fit_are_refused_before_the_first_run(
    figure: str, culprit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 1e6)
    monkeypatch.setattr(estimate, "SMALL", 0.0)
    monkeypatch.setattr("figures.sweep.sweep", begin)
    assert main(["figures", *figure.split(), "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and list(tmp_path.iterdir()) == []
    assert shown.err.startswith(f"gammarho: {culprit}") and shown.err.endswith(", or free memory\n")


def test_figures_say_how_long_their_runs_take_and_do_not_count_those_at_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from figures import fomaml, nearly_orthogonal, pegr
    from figures.sweep import run_all

    monkeypatch.setattr("figures.sweep.sweep", begin)
    monkeypatch.setattr(estimate, "WORTH_SAYING", 0.1)
    for paper, name, label in ((pegr, "test_accuracy", "pegr, test accuracy"), (fomaml, "table_1", "fomaml, table_1"),
                               (nearly_orthogonal, "figure_2", "nearly_orthogonal, figure_2")):
        with pytest.raises(Begun):
            paper.FIGURES[name](tmp_path)
        said = capsys.readouterr().err
        assert said.startswith(f"{label}: this may take about ") and said.count("\n") == 1
    monkeypatch.setattr("figures.sweep.sweep", sweep)
    long = request("pegr", {"n": 20, "m": 10, "d": 50.0}, steps=10**8)
    assert run_all(lambda at: -at, [1, 2], lambda _: long, "test", {1: -1, 2: -2}) == {1: -1, 2: -2}
    assert capsys.readouterr().err == ""
    assert run_all(lambda at: -at, [1, 2, 1], lambda _: long, "test", {1: -1}) == {1: -1, 2: -2}
    assert capsys.readouterr().err.startswith("test: this may take about ")


def request(setting: str, params: dict[str, Any], **changes: Any) -> Request:
    found = settings.resolve(setting)
    resolved = parameters.resolve(found.factory, params)
    given = {"sampling": "vectors", "engine": "reduced", "steps": 100, "recorded": 50.0, "wanted": ("loss",), **changes}
    return Request(resolved.model, resolved.values, **given)


def test_the_cure_is_not_refused_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network too wide for vectors is not sent to Gram draws that refuse it too, nor the other way round."""
    monkeypatch.setattr(memory, "at_hand", lambda: math.inf)
    wide = {"n": 2, "m": 20000, "d": 20000.0}
    with pytest.raises(InputError, match=r"^m: 40000 filters make .*; lower m$"):
        run("pegr", wide, steps=2, observables=["loss"])
    with pytest.raises(InputError, match=r"fewer|; lower m$"):
        run("pegr", wide, steps=2, observables=["loss"], sampling="gram")
    with pytest.raises(InputError, match=r"give sampling='gram'"):
        run("pegr", {"n": 2, "m": 2, "d": 1e9}, steps=2, observables=["loss"])
    run("pegr", {"n": 2, "m": 2, "d": 1e9}, steps=2, observables=["loss"], sampling="gram")


def test_the_estimate_bounds_what_a_run_takes() -> None:
    """The peak of a run that records much is at most what was estimated, and at least a tenth of it."""
    import tracemalloc

    params = {"n": 60, "m": 10, "d": 200.0}
    asked = request("pegr", params, recorded=401.0, wanted=("loss", "gamma", "rho"))
    run("pegr", params, steps=5, observables=["loss"])  # compiled, and everything imported
    tracemalloc.start()
    run("pegr", params, steps=400, record="all", observables=["loss", "gamma", "rho"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    expected = sum(piece.bytes for piece in pieces(asked))
    assert expected / 10 < peak < 1.3 * expected


def test_published_defaults_fit_a_small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "at_hand", lambda: 4 * GIGABYTE)
    for name in PAPERS:
        found = settings.resolve(name)
        for preset in found.presets:
            resolved = parameters.resolve(found.factory, {}, preset)
            wanted = [family.coefficient.name for family in resolved.model.directions] + ["loss", "test_error"]
            estimate.check_run(Request(
                resolved.model, resolved.values, "vectors", "reduced", preset.steps, 202.0, wanted
            ))


def test_long_work_is_told_and_short_work_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    estimate.check_run(request("pegr", {"n": 20, "m": 10, "d": 50.0}, steps=10**8))
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("run: this may take about ") and shown.err.count("\n") == 1
    estimate.check_run(request("pegr", {"n": 20, "m": 10, "d": 50.0}))
    assert capsys.readouterr().err == ""


def test_a_control_group_and_a_limit_of_the_process_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = tmp_path / "job"
    group.mkdir()
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.current").write_text("700000\n")
    (group / "memory.stat").write_text("anon 5\ninactive_file 200000\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    lines = memory._lines
    own = Path("/proc/self/cgroup")
    monkeypatch.setattr(memory, "_lines", lambda path: ["0::/job"] if path == own else lines(path))
    assert memory._group() == 500000
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (10**15, 10**15))
    assert 0 < memory._process() < 1e15
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert memory._process() == math.inf


PLAIN: dict[str, Any] = {"sampling": "gram", "steps": 1000, "recorded": 1.0, "wanted": ("loss",)}


def test_a_forecast_knows_what_is_looked_at_from_outside() -> None:
    """At every step: of a state's gradient more than the step, of fresh examples much more."""
    sizes = {"n": 20, "m": 10, "d": 600.0}
    plain = seconds(request("pegr", sizes, **PLAIN))
    looked = seconds(request("pegr", sizes, **PLAIN, looked={"gradient_norm"}))
    judged = seconds(request("pegr", sizes, **PLAIN, looked={"test_error"}))
    assert looked > 5 * plain and judged > 5 * looked
    assert plain < seconds(request("pegr", sizes, **PLAIN, ends=True)) < looked
    rare = {**PLAIN, "wanted": ("test_error",)}
    assert seconds(request("pegr", sizes, **rare, fresh=15.0 * DRAWS)) > 20 * seconds(request("pegr", sizes, **rare))
    tasks = {"n_tasks": 20, "n": 4, "n_train": 2, "m": 16, "d": 2000.0}
    error, adapted, one_more, loss, more = (
        seconds(request("fomaml", {**tasks, "M": M}, **{**PLAIN, "steps": 10, "wanted": (name,)}))
        for name, M in (("test_error", 500), ("test_error_adapted", 500), ("test_loss_adapted", 500),
                        ("test_loss", 500), ("test_loss", 1000)))
    assert error < adapted == one_more < loss and more - loss == pytest.approx(500 * DRAWS * PAIR)
    own = {**PLAIN, "steps": 20}
    assert seconds(request("nearly_orthogonal", {}, **{**own, "wanted": ("stable_rank",)})) > seconds(
        request("nearly_orthogonal", {}, **own)) + ALONE


def test_a_forecast_of_decompositions_counts_the_coordinates_that_filters_have() -> None:
    """Of vectors no more than d, however many filters: 20000 in 40 dimensions took 1880 s by it, and take 2 s."""
    wide = {"n": 20, "m": 10_000, "d": 40.0, "data": "orthogonal"}
    asks = {"sampling": "vectors", "steps": 1000, "recorded": 25.0, "wanted": ("stable_rank",)}
    many, few = (seconds(request("nearly_orthogonal", {**wide, "m": m}, **asks)) for m in (10_000, 1000))
    plain = seconds(request("nearly_orthogonal", wide, **{**asks, "wanted": ("loss",)}))
    assert plain < many < 8 * plain and many == pytest.approx(10 * few, rel=0.1)  # in proportion to the filters
    drawn, high = ({**asks, "sampling": sampling} for sampling in ("gram", "vectors"))
    of_gram, of_vectors = (
        seconds(request("nearly_orthogonal", {"m": 500, "d": 1e5}, **each)) for each in (drawn, high))
    assert of_gram == pytest.approx(of_vectors, rel=0.5)  # as many coordinates as vectors


@pytest.mark.parametrize(("until", "observable", "looked"), [
    ({"loss": 0.1}, "T_1,test_error", set()), ({"max_gamma": ">=1"}, "loss", set()),
    ({"gradient_norm": 0.1}, "loss", {"gradient_norm"}), ({"loss": 0.1, "margins": ">=1"}, "T_1", set()),
    ({"loss": 0.1, "gradient_norm": 0.1}, "T_1", {"loss", "gradient_norm", "max_gamma"}),
])
def test_a_grid_s_chunks_are_cut_by_what_its_kernel_does_not_look_for(
    until: dict[str, Any], observable: str, looked: set[str]
) -> None:
    axes = {"x": ("lam", [0.1, 0.2]), "y": None, "z": None}
    asked = checked(GridAsked("pegr", {"n": 20, "d": 600}, axes, None, None, 5, observable, 1, 0, None, until=until), 1)
    told = fill.request(asked.measure, asked.cells[0])
    assert set(told.looked) == looked and told.ends
    assert fill.costs(asked.measure, asked.cells).tolist() == [seconds(told)] * 2


def foretold(monkeypatch: pytest.MonkeyPatch, *statements: str, **kwargs: Any) -> float:
    """The seconds that a check is said to take, without making it."""
    def said(expected: float, *_: object) -> None:
        raise Begun(expected)

    with monkeypatch.context() as patch:
        patch.setattr("simulate.run.estimate.check_time", said)
        with pytest.raises(Begun) as begun:
            gr.check(kwargs.pop("setting"), kwargs.pop("params", None), list(statements), **kwargs)
    return float(begun.value.args[0])


def test_a_check_is_foretold_by_what_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Theorem 1 (2b) takes 12 s, and was foretold at 89 minutes: 200 draws of 200 steps, though it is about runs."""
    late = {"setting": "heterogeneous", "preset": "theorem-1.2b"}
    one = foretold(monkeypatch, "T1.2b", **late)
    assert 4 < one < 60
    assert foretold(monkeypatch, "T1.2b", draws=10**6, **late) == one  # it is about runs
    drawn = foretold(monkeypatch, "L22", setting="heterogeneous", preset="lemmas-20-23")
    assert foretold(monkeypatch, "L22", setting="heterogeneous", preset="lemmas-20-23", seeds=500) == drawn
    twice = foretold(monkeypatch, "L22", setting="heterogeneous", preset="lemmas-20-23", draws=400)
    assert twice == pytest.approx(2 * drawn)
    assert foretold(monkeypatch, "T1.2b", "sizes", **late) > one  # with values of its own


def test_validate_says_how_long_the_steps_take_that_it_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, two minutes at heterogeneous noise's published values began without a word."""
    def said(expected: float, *_: object) -> None:
        raise Begun(expected)

    monkeypatch.setattr("simulate.run.estimate.check_time", said)
    monkeypatch.setattr("simulate.validate.compare.compare", lambda *_, **__: pytest.fail("it began without a word"))
    with pytest.raises(Begun) as begun:
        gr.validate("heterogeneous", preset="paper")
    assert 10 < begun.value.args[0] < 600
