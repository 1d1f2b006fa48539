"""The command line: what each verb prints, its exit status, and its small languages."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from derivations.papers.pegr.model import model
from gammarho import __version__, api, arguments, cli, grid_remarks, grids, report
from simulate.ask import arguments as ask
from simulate.ask import paths
from simulate.ask.axes import axis
from simulate.ask.bounds import Bound
from simulate.errors import InputError
from tests.helpers.spoken import sentences

SMALL = ["n=2", "m=2", "d=8"]


@pytest.fixture
def dataset() -> xr.Dataset:
    t = np.array([0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
    gamma = np.stack([np.full((2, 3), -x) for x in t.astype(float)])
    return xr.Dataset(
        {"loss": ("t", np.exp(-t / 100.0)), "gamma": (("t", "j", "r"), gamma), "y": ("i", [1.0, -1.0]),
         "T_1": ((), 50.0, {"event": "loss <= 0.7"}), "T_2": ((), math.nan, {"event": "loss <= 0"})},
        coords={"t": t, "j": [1, -1]},
        attrs={"notes": ["n = 20 (published default, Section 4.1)"], "engine": "reduced"},
    )


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    for verb in ("derive", "run", "validate", "conditions", "phase", "figures"):
        assert verb in shown
        assert cli.main([verb, "--help"]) == 0
    assert "published values by name" in capsys.readouterr().out


def test_derive_prints_text_latex_kernel_and_steps(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shown = {}
    for option in ([], ["--latex"], ["--kernel"], ["--steps"]):
        assert cli.main(["derive", "pegr", "regularizer=none", *option]) == 0
        shown[" ".join(option)] = capsys.readouterr().out
    assert len(set(shown.values())) == 4
    assert "gamma" in shown[""] and r"\gamma" in shown["--latex"] and "def " in shown["--kernel"]
    out = tmp_path / "pegr.tex"
    assert cli.main(["derive", "pegr", "regularizer=none", "--latex", "--out", str(out)]) == 0
    assert out.read_text() == shown["--latex"]


def test_run_prints_its_defaults_with_their_source_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "pegr", *SMALL, "--steps", "3"]) == 0
    shown = capsys.readouterr().out
    assert "eta = 0.02 (published default, Section 4.1)" in shown and "n = 2 (" not in shown
    assert [line for line in shown.splitlines() if line.split() == ["t", "0", "1", "2", "3"]]
    assert [line for line in shown.splitlines() if line.startswith("loss ")]


def test_run_says_the_same_as_python(capsys: pytest.CaptureFixture[str]) -> None:
    import gammarho as gr

    assert cli.main(["run", "pegr", *SMALL, "--steps", "3", "--seed", "5", "--record", "0,3", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    data = gr.run("pegr", {"n": 2, "m": 2, "d": 8}, steps=3, seed=5, record=[0, 3])
    assert shown["coords"]["t"] == {"dims": ["t"], "values": [0, 3]}
    assert shown["variables"]["loss"]["values"] == data["loss"].values.tolist()
    assert shown["variables"]["gamma"]["dims"] == list(data["gamma"].dims)


def test_run_writes_a_store_that_opens_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run.zarr"
    for steps in ("3", "4"):  # an earlier store is replaced
        assert cli.main(["run", "pegr", *SMALL, "--steps", steps, "--out", str(out)]) == 0
        assert f"wrote {out}" in capsys.readouterr().out
    with xr.open_zarr(out) as data:
        assert int(data["t"].values[-1]) == 4
        assert np.isfinite(data["loss"].values).all()


def test_validate_exits_0_exactly_on_pass(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["validate", "pegr", *SMALL, "--steps", "3"]) == 0
    assert "eta = 0.02 (published default, Section 4.1)" in capsys.readouterr().out

    class Result:
        verdict = "pass"

    for verdict, status in (("pass", 0), ("fail", 1), ("undecided", 1)):
        monkeypatch.setattr(Result, "verdict", verdict)
        monkeypatch.setattr(api, "validate", lambda *_, **__: Result())
        assert cli.main(["validate", "pegr", "--steps", "3"]) == status


def test_validate_takes_its_sizes_from_the_callers_arrays() -> None:
    rng = np.random.default_rng(0)
    arrays = {"W": rng.normal(size=(2, 2, 8)), "mu": np.eye(8)[0], "xi": rng.normal(size=(3, 8)), "y": [1.0, -1.0, 1.0]}
    assert api.validate("pegr", steps=3, initial=arrays).verdict == "pass"
    with pytest.raises(InputError, match="initial's arrays have n = 3; leave n out"):
        api.validate("pegr", {"n": 4}, steps=3, initial=arrays)


def test_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["conditions", "pegr", "--preset", "paper"]) == 0
    shown = capsys.readouterr().out
    assert "preset paper (Section 4.1" in shown and "3.1.1" in shown
    assert "not covered" in shown.splitlines()[1]  # the verdict first, what was taken for defaults last
    assert cli.main(["conditions", "pegr", "--preset", "paper", "alpha=0.0002", "--constant", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert api.conditions("pegr", {"alpha": 0.0002}, preset="paper").constant == 1.0


def test_phase_prints_a_grid_and_keeps_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "grid.zarr"
    line = ["phase", "pegr", "m=2", "d=8", "--x", "lam=0.01:1:3:log", "--y", "n=2:3:2", "--steps", "2", "--seeds", "2"]
    assert cli.main([*line, "--observable", "loss", "--out", str(out)]) == 0
    first = capsys.readouterr().out
    table = first[first.index("loss (mean over seeds)") :].splitlines()
    assert table[1].split() == ["n", "\\", "lam", "0.01", "0.1", "1"]
    assert [row.split()[0] for row in table[2:4]] == ["3", "2"] and len(table[2].split()) == 4
    assert cli.main([*line, "--observable", "loss", "--out", str(out)]) == 0
    assert capsys.readouterr().out == first
    with xr.open_zarr(out, consolidated=False) as data:
        assert data["loss"].shape == (2, 3, 2)
    assert cli.main([*line, "--observable", "loss", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["coords"]["lam"]["values"] == [0.01, 0.1, 1.0]


def test_a_users_file_is_a_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.py"
    path.write_text("from derivations.papers.pegr.model import model\n")
    assert cli.main(["conditions", f"{path}:model"]) == 0
    assert "3.1.1" in capsys.readouterr().out


def test_the_table_picks_about_eight_steps(dataset: xr.Dataset) -> None:
    lines = report.as_text(dataset).splitlines()
    assert lines[:2] == ["n = 20 (published default, Section 4.1)", ""]
    assert lines[2].split() == ["t", "0", "1", "2", "10", "20", "100", "200", "1000"]
    assert lines[4].startswith("max |gamma|") and lines[4].split()[-1] == "1000"
    assert lines[-2:] == ["T_1 = 50  (loss <= 0.7)", "T_2 = not reached  (loss <= 0)"]


def test_json_has_null_for_what_is_not_finite(dataset: xr.Dataset) -> None:
    shown = json.loads(report.as_json(dataset))
    assert shown["notes"] == ["n = 20 (published default, Section 4.1)"]
    assert shown["attrs"] == {"engine": "reduced"}
    assert shown["variables"]["T_2"] == {"dims": [], "values": None}
    assert shown["variables"]["loss"]["values"] == dataset["loss"].values.tolist()


def test_seeds_are_averaged_between_their_least_and_greatest(dataset: xr.Dataset) -> None:
    several = xr.concat([dataset[["loss"]], 3 * dataset[["loss"]]], dim="seed")
    mean, least, greatest = report.as_text(several).splitlines()[-3:]
    assert mean.split()[:3] == ["loss", "(mean)", "2"]
    assert least.split()[-8] == "1" and least.strip().startswith("least of the seeds")
    assert greatest.split()[-8] == "3" and greatest.strip().startswith("greatest")
    one = report.as_text(xr.concat([dataset[["loss"]]], dim="seed")).splitlines()[-1]
    assert one.split()[:3] == ["loss", "(mean)", "1"]


def test_the_table_shows_what_an_event_compares() -> None:
    t = np.arange(4)
    height = np.stack([0.5 * t, 2.0 * t], axis=1)  # the event waits for the lower head
    data = xr.Dataset(
        {"height": (("t", "j"), height), "depth": (("t", "j"), -height),
         "T_1": ((), 2, {"event": "first t with height >= 1; Lemma 1", "observable": "height", "relation": ">="}),
         "T_2": ((), 2, {"event": "first t with depth <= -1; Lemma 2", "observable": "depth", "relation": "<="})},
        coords={"t": t, "j": [1, -1]},
    )
    rows = {line.rsplit(None, 4)[0]: line.split()[-4:] for line in report.as_text(data).splitlines()[2:4]}
    assert rows["min_j height"] == ["0", "0.5", "1", "1.5"]
    assert rows["max_j depth"] == ["0", "-0.5", "-1", "-1.5"]  # a head of sign -1 has 0 as -0


def test_the_event_row_reaches_the_threshold_at_the_hitting_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a real run: the words of an event are what the table reads, so they must not part."""
    steps = [0, 1, 2, 3, 5, 6, 7, 8]
    record = ",".join(map(str, steps))
    assert cli.main(["run", "pegr", "--preset", "paper", "--steps", "8", "--record", record]) == 0
    shown = capsys.readouterr().out.splitlines()
    (row,) = [each for each in shown if each.startswith("min_i max_rho_over ")]
    (event,) = [each for each in shown if each.startswith("T_1_noise = ")]
    bound, hit = float(event.split(">=")[1].split(";")[0]), int(event.split("=")[1].split()[0])
    found = [float(cell) for cell in row.split()[-8:]]
    assert next(t for t, value in zip(steps, found, strict=True) if value >= bound) == hit > 1
    assert any(each.startswith("min_j max_gamma ") for each in shown)


def test_the_penaltys_last_step_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["run", "pegr", *SMALL, "lam=0.1", "lam_until=613", "--steps", "1500", "--observables", "loss"]
    assert cli.main([*line, "--record", "0,1,2,3,10,30,100,300,612,1000,1500"]) == 0
    shown = capsys.readouterr().out
    (head,) = [each for each in shown.splitlines() if each.startswith("t ")]
    assert "612" in head.split()
    assert "lam_until = 613  (the last step with the penalty; the column t = 612 is the nearest recorded one)" in shown
    for other in ("lam=0", "lam_until=2000", "regularizer=none"):
        words = [word for word in line if word.partition("=")[0] != other.partition("=")[0]]
        assert cli.main([*words, other, "--record", "0,1500"]) == 0
        assert "the last step with the penalty" not in capsys.readouterr().out


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=9), max_size=5))
def test_assignments_read_what_was_written(values: dict[str, str]) -> None:
    assert arguments.assignments([f"{name}={value}" for name, value in values.items()]) == values


def along(text: str) -> tuple[str, Any]:
    found = axis("x", text, model().parameters, {}, "pegr")
    return found.name, found.values


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 40))
def test_axes_have_exact_ends_and_even_steps(a: float, b: float, n: int) -> None:
    assume(abs(a - b) > 1e-9 * max(a, b))
    name, even = along(f"lam={a!r}:{b!r}:{n}")
    _, logs = along(f"lam={a!r}:{b!r}:{n}:log")
    assert (name, len(even), len(logs)) == ("lam", n, n)
    assert (even[0], even[-1], logs[0], logs[-1]) == (a, b, a, b)
    np.testing.assert_allclose(np.array(even), np.linspace(a, b, n), rtol=1e-12, atol=1e-12 * max(a, b))
    np.testing.assert_allclose(np.array(logs), np.geomspace(a, b, n), rtol=1e-12)


def test_axes_of_counts_are_whole() -> None:
    assert along("n=1:4:7") == ("n", (1, 2, 3, 4))
    assert along("d=10:1000:3:log") == ("d", (10.0, 100.0, 1000.0))


def test_formulas_wherever_a_real_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    name, values = along("d=exp(50):exp(100):3:log")
    assert (name, values[0], values[-1]) == ("d", float(round(math.exp(50))), float(round(math.exp(100))))
    assert along("lam=1/100:10**-1:2") == ("lam", (0.01, 0.1))
    assert ask.thresholds("until", {"loss": "exp(-7)"}, ("loss",)) == {"loss": Bound(math.exp(-7))}
    line = ["run", "pegr", "n=2", "m=2", "d=exp(100)", "sigma_p=20*exp(-50)", "--sampling", "gram", "--steps", "2"]
    assert cli.main([*line, "--json"]) == 0
    assert json.loads(json.loads(capsys.readouterr().out)["attrs"]["parameters"])["d"] == math.exp(100)


def test_lists_and_thresholds() -> None:
    assert ask.recorded("record", "all") == "all" and ask.recorded("record", None) is None
    assert ask.recorded("record", "0, 10,100") == [0, 10, 100]
    known = ("loss", "gamma")
    assert ask.names("observables", "loss, gamma", known, "known") == known
    assert ask.names("observables", iter(known), known, "known") == known  # a generator is taken once
    assert ask.thresholds("until", {"loss": "1e-3", "gamma": ">= 1/2"}, known) == {
        "loss": Bound(1e-3), "gamma": Bound(0.5, ">=")}
    assert ask.thresholds("until", {"gamma:max": ">=1"}, known) == {"gamma:max": Bound(1.0, ">=", "max", "gamma")}
    assert ask.thresholds("until", None, known) == {}


def test_a_folder_that_is_no_store_is_never_replaced(tmp_path: Path) -> None:
    precious = tmp_path / "precious.zarr"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="exists and is not a zarr store"):
        paths.dataset("out", str(precious))
    assert (precious / "thesis.txt").exists()


def test_a_defect_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        json.loads("{")

    monkeypatch.setattr(api, "conditions", broken)
    with pytest.raises(json.JSONDecodeError):
        cli.main(["conditions", "pegr"])


def test_too_little_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def hungry(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(api, "conditions", hungry)
    assert cli.main(["conditions", "pegr"]) == 2
    assert capsys.readouterr().err.startswith("gammarho: not enough memory (Unable to allocate 7 TiB); lower n, m, d")


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(api, "validate", lacking)
    assert cli.main(["validate", "pegr", "--steps", "3"]) == 2
    assert "pip install 'gammarho[torch]'" in capsys.readouterr().err


def test_control_c_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "conditions", interrupted)
    assert cli.main(["conditions", "pegr"]) == 130
    assert capsys.readouterr().err == "gammarho: interrupted\n"


def test_a_real_control_c() -> None:
    code = (
        "import time; from gammarho import api, cli; from simulate.work import progress; progress.PATIENCE = 1e6; "
        "api.conditions = lambda *a, **k: (print('up', flush=True), time.sleep(60)); "
        "raise SystemExit(cli.main(['conditions', 'pegr']))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "gammarho: interrupted\n")


def test_a_broken_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "gammarho", "conditions", "pegr"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, sentences(done.stderr)) == (141, "")


def grid_of(values: list[float], status: list[str], message: list[str], **attrs: str) -> xr.Dataset:
    """One row of cells, a seed each."""
    dims = ("y", "x", "seed")
    shape = (1, len(values), 1)
    return xr.Dataset(
        {"T": (dims, np.reshape(values, shape), attrs), "status": (dims, np.reshape(status, shape)),
         "message": (dims, np.reshape(message, shape))},
        coords={"y": [1], "x": np.arange(len(values)), "seed": [0]},
    )


def test_a_grid_tells_what_draws_that_are_all_alike_leave_open() -> None:
    def told(errors: list[float], spread: list[float], **attrs: int) -> list[str]:
        data = grid_of([0.0] * 3, ["ok"] * 3, [""] * 3)
        for name, each in (("test_error", errors), ("test_error_se", spread)):
            data[name] = data["T"].dims, np.reshape(each, data["T"].shape)
        return grid_remarks.remarks(data.assign_attrs(attrs))

    flips = "test_error is the same in all draws in 2 of 3 runs: not above that by 0.005859 at 95 %"
    groups = "which is what 4096 draws in 512 independent groups tell"
    assert told([0.1, 0.1, 0.2], [0.0, 0.0, 0.1], test_draws=512)[0].startswith(f"{flips}, {groups}")
    none = "test_error is 0 in 1 of 3 runs: below 0.0007324 at 95 %, which is what 4096 draws tell; "
    assert told([0.0, 0.1, 0.2], [0.0, 0.1, 0.1], test_draws=4096) == [f"{none}--test-sampling importance goes further"]
    assert not told([0.0, 0.1, 0.1], [0.0, 0.1, 0.0])  # exact, or by importance


def test_a_grid_tells_each_reason_with_its_count() -> None:
    nan = math.nan
    data = grid_of([nan, nan, nan, 1, nan, 2], ["failed"] * 3 + ["ok", "diverged", "ok"],
                   ["InputError: n: is 3", "InputError: d: 1", "InputError: d: 1", "", "step 7", "drawn as vectors"])
    assert grids.as_text(data).splitlines()[-7:] == [
        "1 of 6 runs diverged:", "  1, in 1 cell: step 7", "3 of 6 runs failed:", "  2, in 2 cells: d: 1",
        "  1, in 1 cell: n: is 3",
        "1 of 6 runs ok, but:", "  1, in 1 cell: drawn as vectors",
    ]
    many = grid_of([nan] * 9, ["diverged"] * 9, [f"reason {k}" for k in "abcdefghi"])
    lines = grids.as_text(many).splitlines()
    assert lines[-1] == "  3: 3 other reasons, in the data's message"
    assert len(lines) == lines.index("9 of 9 runs diverged:") + 8
    alike = grid_of([nan] * 9, ["diverged"] * 9, [f"not finite at step {k}; lower eta ({k}e-3), w_1" for k in range(9)])
    assert grids.as_text(alike).splitlines()[-2:] == [
        "9 of 9 runs diverged:",
        "  9, in 9 cells, such as y=1, x=0, seed=0: not finite at step 0; lower eta (0e-3), w_1",
    ]


def test_a_phase_that_fails_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["phase", "fomaml", "--preset", "mechanism", "--steps", "2", "--x", "n_train=2:4:2", "--y", "J=1:2:2"]
    assert cli.main([*line, "--seeds", "2", "--observable", "loss"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "4 of 8 runs failed:",
        "  4, in 2 cells: n_train: 4 of 4 examples a task leaves nothing to validate on; expected 1 to 3; give such a "
        "n_train, or method=train-train",
    ]


def test_a_mean_hitting_time_is_of_the_seeds_that_reach_it() -> None:
    data = grid_of([4, -1, math.nan], ["ok", "ok", "failed"], ["", "", "no"], event="Lemma 1")
    other = data.copy(deep=True)
    other["T"][0, 0] = -1
    both = xr.concat([data, other.assign_coords(seed=[1])], dim="seed").transpose("y", "x", "seed")
    shown = grids.as_text(both).splitlines()
    assert shown[1] == "T (mean over seeds that reach it, -1 where none does)"
    assert shown[3].split() == ["1", "4*", "-1", "-"]  # of one of two seeds


def test_rows_that_repeat_an_earlier_one_are_named_and_not_shown() -> None:
    half, other = [0.5, 0.25], [0.5, 0.75]
    rows = {"test_error": half, "test_error_se": [0.0, 0.0], "test_error_unadapted": half,
            "test_error_unadapted_se": [0.0, 0.0], "test_error_adapted": other, "test_accuracy_adapted": [0.5, 0.25],
            "test_accuracy_unadapted": [0.5, 0.74], "loss": [0.0, 0.0], "loss_like": [0.0, 1e-9]}
    data = xr.Dataset({name: ("t", values) for name, values in rows.items()}, coords={"t": [0, 1]})
    lines = report.as_text(data).splitlines()
    shown = [line.split()[0] for line in lines[1:] if len(line.split()) == 3]
    left = {"test_error_unadapted", "test_error_unadapted_se", "test_accuracy_adapted"}
    assert shown == ["t", *(name for name in rows if name not in left)]
    assert lines[-1] == "not shown: test_error_unadapted = test_error, test_accuracy_adapted = 1 - test_error_adapted"


def test_a_row_at_its_floor_says_so_and_events_name_their_method(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "fomaml", "--preset", "mechanism", "--steps", "2"]) == 0
    shown = capsys.readouterr().out
    marked = {line.split()[1] for line in shown.splitlines() if line.endswith("(floor)")}
    assert marked == {"|Xi_hat|", "|Gamma_hat|", "|Xi_tilde|", "|Gamma_tilde|"}
    assert "; Appendix E, of train-train)" in shown and shown.count("; Appendix F, of train-validation)") == 2
    assert cli.main(["run", "fomaml", "--preset", "mechanism", "--steps", "2", "sigma_0=1"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("max |Xi_tilde|")]
    assert not row.endswith("(floor)")  # ||w|| is 45, far above d^(-1/3); Xi's row is its least entry


def test_wide_numbers_stay_apart() -> None:
    wide = np.array([-0.02859, -8.816e297, -8.816e297])
    data = xr.Dataset({"g": ("t", wide), "loss": ("t", [1.0, 2.0, 3.0])}, coords={"t": [0, 1, 2]})
    head, g, loss = report.as_text(data).splitlines()[1:]
    assert g.split() == ["g", "-0.02859", "-8.816e+297", "-8.816e+297"] and len(head) == len(g) == len(loss)
    grid = grids.as_text(grid_of([*wide], ["ok"] * 3, [""] * 3)).splitlines()
    assert grid[3].split() == ["1", "-0.02859", "-8.816e+297", "-8.816e+297"]


@pytest.mark.parametrize("verb", ["run", "conditions"])
def test_an_equation_is_solved_before_the_verb(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--steps", "2"] if verb == "run" else []
    assert cli.main([verb, "pegr", "n=4", "m=2", "d=100", "--hold", "sigma_p*sqrt(d)=5", *short]) == 0
    held = capsys.readouterr().out
    assert held.count("sigma_p = 0.5 (held)\n") == 1
    assert cli.main([verb, "pegr", "n=4", "m=2", "d=100", "sigma_p=5/sqrt(d)", *short]) == 0
    same = capsys.readouterr().out.replace("sigma_p = 0.5 = 5/sqrt(d)\n", "")
    assert held.replace("sigma_p = 0.5 (held)\n", "") == same
    assert cli.main([verb, "pegr", "--hold", "sigma_p*sqrt(d)=5", *short]) == 2
    assert "leaves sigma_p, d open" in capsys.readouterr().err
