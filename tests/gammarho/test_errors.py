"""What a user sees on bad input: one sentence with the parameter, its value and the cure; exit 2; no traceback."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gammarho as gr
from derivations.papers.pegr.model import model
from gammarho import cli
from simulate.ask.parameters import OPTIONS
from simulate.errors import InputError
from simulate.work.divergence import divergence
from tests.helpers.spoken import sentences

OWN = replace(model(), name="mine")  # of no paper, so without presets

SMALL = "n=3 m=2 d=8"
ADVICE = "expected a whole number of at least"

# A command line, and either its whole sentence or, where it ends in "...", how it begins; "|" separates further parts.
COMMANDS = [
    # the words of the command line
    ("rn pegr", 'unknown command "rn"; did you mean "run"; available commands: ...'),
    ("run", "run needs a setting: pegr, or file.py:model"),
    ("derive", "derive needs a setting: pegr, or file.py:model"),
    ("run pegr --sed 3", "unknown option: --sed; did you mean --seed?"),
    ("run pegr --seed", "run needs a value for --seed"),
    ("run pegr --seed 1 --seed 2", "parameter --seed specified multiple times"),
    ("run pegr --json=maybe", 'invalid value for --json: unable to convert "maybe" into bool'),
    ("figures pegr fig2 fig3", "'fig3' is one word too many; see gammarho --help"),
    ("run pegr 20", "params: '20' is not name=value; expected something like n=20"),
    ("run pegr =20", "params: '=20' is not name=value; expected something like n=20"),
    ("run pegr n=20 n=30", "n: given twice, as '20' and '30'; give it once"),
    ("derive pegr --latex --steps",
     "derive takes one of --latex, --unicode, --kernel, --steps and --rates at a time; give one of them"),
    # settings, presets, parameters
    ("run pger --steps 3", "setting: 'pger' is neither a shipped setting nor file.py:model; did you mean 'pegr'?"),
    ("derive resnet", "setting: 'resnet' is neither a shipped setting nor file.py:model; expected one of pegr, ..."),
    ("run nowhere/own.py:model", "setting: there is no file 'nowhere/own.py'; expected a Python file, a ..."),
    ("run own.py", "setting: 'own.py'; expected a file and a name in it, such as own.py:model"),
    ("validate pegr --preset papper", "preset: 'papper' is not one of pegr's; did you mean 'paper'?"),
    ("run pegr lamb=0.1 --steps 3", "params: 'lamb' is not a parameter of pegr; did you mean 'lam'?"),
    ("conditions pegr simga_p=0.1", "params: 'simga_p' is not a parameter of pegr; did you mean 'sigma_p'?"),
    ("run pegr regularizer=perg --steps 3",
     "regularizer: 'perg'; expected one of none, pegr, fgr; did you mean 'pegr'?"),
    ("run pegr neurons=median --steps 3", "neurons: 'median'; expected one of mean, sum; did you mean 'mean'?"),
    ("run pegr neurons= --steps 3", "neurons: empty; expected one of mean, sum, such as neurons=mean"),
    # values
    ("run pegr n=0 --steps 3", f"n: '0'; {ADVICE} 1, such as n=20"),
    ("run pegr n=-3 --steps 3", f"n: '-3'; {ADVICE} 1, such as n=20"),
    ("run pegr n=20.5 --steps 3", f"n: '20.5'; {ADVICE} 1, such as n=20"),
    ("run pegr n=twenty --steps 3", f"n: 'twenty'; {ADVICE} 1, such as n=20"),
    ("run pegr n= --steps 3", f"n: empty; {ADVICE} 1, such as n=20"),
    ("run pegr n=[20] --steps 3", f"n: '[20]'; {ADVICE} 1, such as n=20"),
    ("run pegr m=nan --steps 3", f"m: 'nan'; {ADVICE} 1, such as m=10"),
    ("run pegr d=400.5 --steps 3", f"d: '400.5'; {ADVICE} 1, such as d=400"),
    ("run pegr d=inf --steps 3", f"d: 'inf'; {ADVICE} 1, such as d=400"),
    ("run pegr q=1 --steps 3", f"q: '1'; {ADVICE} 2, such as q=2"),
    ("derive pegr q=0", f"q: '0'; {ADVICE} 2, such as q=2"),
    ("run pegr eta=0 --steps 3", "eta: '0'; expected a finite number above 0, such as eta=0.02"),
    ("run pegr eta=inf --steps 3", "eta: 'inf'; expected a finite number above 0, such as eta=0.02"),
    ("run pegr sigma_0=-1 --steps 3", "sigma_0: '-1'; expected a finite number above 0, such as sigma_0=0.01"),
    ("run pegr lam=-0.1 --steps 3", "lam: '-0.1'; expected a finite number of at least 0, such as lam=0.01"),
    ("run pegr lam_until=soon --steps 3", f"lam_until: 'soon'; {ADVICE} 0, or leave it out"),
    ("run pegr delta=2 --steps 3", "delta: '2'; expected a finite number above 0 and of at most 1, such as delta=0.1"),
    ("run pegr d=exp(1000) --steps 3", f"d: exp(1000) leaves the floating-point numbers at exp(1000); {ADVICE} 1, ..."),
    ("run pegr d=exp(10) --steps 3", f"d: 'exp(10)'; {ADVICE} 1, such as d=400"),
    ("run pegr lam=2*h/400 --steps 3", "lam: 2*h/400 needs h, which has no value here; expected a finite number ..."),
    ("derive pegr nosuch=3", "params: 'nosuch' is not a parameter of pegr; expected one of n, m, d, mu_norm, sigma_p, "
     "sigma_0, eta, lam, lam_until, regularizer, penalty_half, q, neurons, project_noise, delta, eps"),
    ("derive fomaml steps=3", "params: 'steps' is not a parameter of fomaml; expected one of n_tasks, ..."),
    ("derive pegr prest=paper", "params: 'prest' is not a parameter of pegr; did you mean 'preset'?"),
    ("conditions pegr sampling=gram", "params: 'sampling' is not a parameter of pegr; expected one of n, m, ..."),
    ("conditions pegr steps=3", "params: 'steps' is not a parameter of pegr; it is an option, so give --steps 3 ..."),
    ("phase pegr --x n=2,3 --y m=2,3 engin=weights", "params: 'engin' is not a parameter of pegr; expected one of ..."),
    ("run pegr engin=weights", "params: 'engin' is not a parameter of pegr; did you mean 'engine'?"),
    ("run pegr n=8 m=n-8 --steps 3", "m: n-8 is 0 at n = 8; expected a whole number of at least 1, such as m=10"),
    ("phase pegr --x n=4:12:9 m=n-8 eta=n*0.1 --steps 2", "m: n-8 is -4 at n = 4; expected a whole number of ..."),
    ("run pegr n=1 --steps 3 --observables T_1,loss",
     "T_1: no threshold: ...|log(n) = 0 at n = 1; give other parameters, or another observable"),
    ("run pegr eta=sin(1) --steps 3", "eta: sin(1) calls sin; the functions are log, exp, ..."),
    ("run pegr sigma_0=10^-2 --steps 3", "sigma_0: 10^-2 uses ^; write ** for a power; expected a finite number ..."),
    ("run pegr eta=1-1 --steps 3", "eta: '1-1'; expected a finite number above 0, such as eta=0.02"),
    ("run pegr eta=__import__('os').getpid() --steps 3", "eta: __import__('os').getpid() holds ..."),
    ("run pegr --steps 3 --until loss=log(0)", "until: loss: log(0) takes the logarithm of a number outside ..."),
    ("conditions pegr --constant exp(800)", "constant: exp(800) leaves the floating-point numbers at exp(800); ..."),
    ("phase pegr --x d=exp(9):1e9:3 --y n=2:4:3", f"d: 'exp(9)'; {ADVICE} 1, such as d=400"),
    ("run pegr project_noise=maybe --steps 3",
     "project_noise: 'maybe'; expected true or false, such as project_noise=true"),
    # options
    ("run pegr --steps 3 --seed -1", f"seed: '-1'; {ADVICE} 0, such as seed=0"),
    ("run pegr --steps 3 --seed 1.5", f"seed: '1.5'; {ADVICE} 0, such as seed=0"),
    ("run pegr --steps -1", f"steps: '-1'; {ADVICE} 0, such as steps=1500"),
    ("run pegr --steps many", f"steps: 'many'; {ADVICE} 0, such as steps=1500"),
    ("run pegr --steps 3 --seeds 0", f"seeds: '0'; {ADVICE} 1, such as seeds=10"),
    ("validate pegr --steps 1.5", f"steps: '1.5'; {ADVICE} 1, such as steps=1500"),
    ("run pegr --steps 3 --record some", "record: 'some'; expected 'all' or whole steps, such as 0,10,100"),
    ("run pegr --steps 3 --record 0,,2", "record: empty; expected 'all' or whole steps, such as 0,10,100"),
    ("run pegr --steps 3 --until loss", 
     "until: 'loss' is not name=value; expected something like loss=1e-3, or 'margins>=1' in quotes"),
    ("run pegr --steps 3 --until max_gamma>=high",
     "until: max_gamma is '>=high'; expected a finite number, such as max_gamma=1e-3, or max_gamma>=1e-3"),
    ("run pegr --steps 3 --until loss>=-1",
     "until: loss is '>=-1'; expected a finite number from 0, such as loss=1e-3, or loss>=1e-3"),
    ("run pegr --steps 3 --until loss=low",
     "until: loss is 'low'; expected a finite number from 0, such as loss=1e-3, or loss>=1e-3"),
    ("run pegr --steps 3 --observables loss,",
     "observables: 'loss,'; expected names separated by commas, such as loss,..."),
    ("run pegr --steps 3 --out run.csv", "out: 'run.csv'; expected a name that ends in .zarr or .nc, such as run.zarr"),
    ("run pegr --steps 3 --out no/such/run.zarr", "out: 'no/such/run.zarr'; there is no folder 'no/such', so ..."),
    ("conditions pegr --constant 0", "constant: '0'; expected a finite number above 0, such as constant=1"),
    # grids
    ("phase pegr --y lam=0:1:3", "phase needs a value for --x"),
    ("phase pegr --x lam=0:1 --y n=2:4:3", "x: 'lam=0:1'; expected name=a:b:n or name=a:b:n:log, such as ..."),
    ("phase pegr --x lam=0:1:3:lin --y n=2:4:3", "x: 'lam=0:1:3:lin'; expected name=a:b:n or name=a:b:n:log, ..."),
    ("phase pegr --x lam=0:1:3:log --y n=2:4:3", "x: 'lam=0:1:3:log'; a log axis needs ends above 0"),
    ("phase pegr --x lamb=0:1:3 --y n=2:4:3", "x: 'lamb' is not a parameter of pegr; did you mean 'lam'?"),
    ("phase pegr --x lam=0:1:1 --y n=2:4:3",
     "x: 'lam=0:1:1' has n = '1'; expected a whole number, at least 2 and at most 100000, such as 'lam=0:1:10'"),
    ("phase pegr --x lam=-1:1:3 --y n=2:4:3", "lam: '-1'; expected a finite number of at least 0, such as lam=0.01"),
    ("phase pegr --x neurons=0:1:3 --y n=2:4:3", "x: neurons is a choice, which has no a:b:n; expected a numeric ..."),
    ("phase pegr --x n=2:4:3 --y n=2:4:3", "...|x|y|n|two different"),
    ("phase pegr --x lam=0:1:3 --y n=2:4:3 --seeds 0", f"seeds: '0'; {ADVICE} 1, such as seeds=3"),
    ("phase pegr --x lam=0:1:3 --y n=2:4:3 --out g.txt", "out: 'g.txt'; expected a name that ends in ..."),
    ("phase pegr m=2 d=8 --x lam=0:1:2 --y n=2:4:2 --steps 2 --observable tst_error", "...|tst_error|test_error"),
    ("phase pegr lam=1 --x lam=0:1:3 --y n=2:4:3 --steps 2", "...|lam"),
    # figures
    ("figures perg", "paper: 'perg'; did you mean 'pegr'?"),
    ("figures pegr no_such_figure", "figure: 'no_such_figure' is not one of pegr's; expected one of ..."),
    # what only the run can see
    (f"run pegr {SMALL} --steps 3 --engine wieghts", "...|engine|wieghts|weights"),
    (f"run pegr {SMALL} --steps 3 --sampling garm", "...|sampling|garm|gram"),
    (f"run pegr {SMALL} --steps 3 --observables loss,gama", "...|gama|gamma"),
    (f"run pegr {SMALL} --steps 3 --until lss=1", "...|lss|loss"),
    (f"run pegr {SMALL} --steps 3 --record 9", "...|record|9|3"),
    (f"run pegr {SMALL} --steps 3 --engine weights --sampling gram", "...|gram|weights"),
    ("run pegr n=3 m=2 d=1 --steps 3", "...|d: 1 |at least 2"),
    ("run pegr n=3 m=2 d=1e12 --steps 3", "...|d: 1e+12 |sampling"),
]


def test_every_verb_offers_its_own_options() -> None:
    """Fails where a verb gets an option of these names, or loses one, and errors still speak of the old ones."""
    for verb, options in OPTIONS.items():
        taken = inspect.signature(getattr(cli, verb)).parameters
        given = [name for name in OPTIONS["run"] if name in taken and taken[name].annotation != "Switch"]
        assert list(options) == given, verb


def one_sentence(said: str, expected: str) -> None:
    """`said` is the expected sentence, and is one."""
    whole, *parts = expected.split("|")
    if whole.endswith("..."):
        assert said.startswith(whole[:-3])
    else:
        assert said == whole
    for part in parts:
        assert part in said, f"{part!r} is not in {said!r}"
    assert said and "\n" not in said and "Traceback" not in said and len(said) < 400
    assert ". " not in said.replace(" vs. ", " "), f"more than one sentence: {said!r}"


@pytest.mark.parametrize(("line", "expected"), COMMANDS, ids=[line for line, _ in COMMANDS])
def test_command_lines(line: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(line.split())
    shown = capsys.readouterr()
    assert status == 2
    assert shown.out == ""
    assert shown.err.startswith("gammarho: ") and shown.err.endswith("\n")
    one_sentence(shown.err.removeprefix("gammarho: ").removesuffix("\n"), expected)


def start(**changes: Any) -> dict[str, Any]:
    """Arrays to start from (n = 3, m = 2, d = 8), with some replaced; None leaves one out."""
    rng = np.random.default_rng(0)
    arrays = {
        "W": rng.normal(size=(2, 2, 8)), "mu": np.eye(8)[0], "xi": rng.normal(size=(3, 8)),
        "y": np.array([1.0, -1.0, 1.0]), **changes,
    }
    return {name: array for name, array in arrays.items() if array is not None}


def run(initial: object = None, params: object = None, **options: Any) -> Callable[[], object]:
    given: Any = {"n": 3, "m": 2, "d": 8} if params is None and initial is None else params
    options = {"steps": 2, **options}
    return lambda: gr.run("pegr", given, initial=initial, **options)  # type: ignore[arg-type]


def flipped(**changes: Any) -> Mapping[str, Any]:
    return start(y=np.array(changes["y"]))


CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "label 0": (run(flipped(y=[1, 0, 1])), "...|y|label 0 at index 1|1"),
    "label 2": (run(flipped(y=[1, -1, 2])), "...|y|label 2 at index 2"),
    "labels nan": (run(flipped(y=[1, np.nan, 1])), "...|y|nan"),
    "too few labels": (run(flipped(y=[1, -1])), "...|n = |(3|2"),
    "xi of another dimension": (run(start(xi=np.ones((3, 7)))), "...|xi|7|8"),
    "mu of another dimension": (run(start(mu=np.ones(9))), "...|mu|9|8"),
    "three heads": (run(start(W=np.ones((3, 2, 8)))), "...|W|(3, 2, 8)"),
    "W without a filter axis": (run(start(W=np.ones((2, 8)))), "...|W|(2, 8)"),
    "W not finite": (run(start(W=np.full((2, 2, 8), np.inf))), "...|W|inf"),
    "W of text": (run(start(W=np.full((2, 2, 8), "a"))), "...|W|numbers"),
    "no xi": (run(start(xi=None)), "...|xi|missing"),
    "an unknown array": (run(start(nu=np.ones(8))), "...|nu|expected"),
    "no examples": (run(start(xi=np.ones((0, 8)), y=np.ones(0))), "...|(0"),
    "initial of another type": (run([1, 2]), "initial: [1, 2]; expected arrays by name, ..."),
    "arrays and a gram draw": (run(start(), sampling="gram"), "...|sampling|gram|initial"),
    "arrays against n": (run(start(), params={"n": 4}), "...|n|4|3"),
    "params of another type": (run(params=[("n", 3)]), "params: [('n', 3)]; expected values by parameter ..."),
    "params by number": (run(params={3: 3}), "params has the key 3; expected values by parameter name, ..."),
    "a boolean count": (run(params={"n": True}), f"n: True; {ADVICE} 1, such as n=20"),
    "a list": (run(params={"eta": [0.1]}), "eta: [0.1]; expected a finite number above 0, such as eta=0.02"),
    "a nan": (run(params={"eta": float("nan")}), "eta: nan; expected a finite number above 0, such as eta=0.02"),
    "no steps": (lambda: gr.run(OWN), "steps: not given; expected a whole number of gradient steps, ..."),
    "negative steps": (run(steps=-1), "...|steps|-1"),
    "fractional steps": (run(steps=2.5), "...|steps|2.5"),
    "negative seed": (run(seed=-1), "...|seed|-1"),
    "text seed": (run(seed="zero"), "...|seed|'zero'"),
    "boolean seed": (run(seed=True), "...|seed|True"),
    "no seeds": (run(seeds=0), "...|seeds|0"),
    "record out of range": (run(record=[0, 5]), "...|record|5|2"),
    "record negative": (run(record=[-1]), "...|record|-1"),
    "record fractional": (run(record=[0.5]), "...|record|0.5"),
    "record of text": (run(record="every"), "...|record|every|all"),
    "record empty": (run(record=[]), "...|record"),
    "observable unknown": (run(observables=["lss"]), "...|lss|loss"),
    "until of an unknown name": (run(until={"lss": 1.0}), "...|lss|loss"),
    "until not finite": (run(until={"loss": float("nan")}), "...|until|nan"),
    "engine unknown": (run(engine="cuda"), "...|engine|cuda|reduced"),
    "preset unknown": (run(preset="papper"), "preset: 'papper' is not one of pegr's; did you mean 'paper'?"),
    "a setting that is none": (
        lambda: gr.run(3, steps=2),  # type: ignore[arg-type]
        "setting: 3; expected one of pegr, heterogeneous, nearly_orthogonal, fomaml, file.py:model ...",
    ),
    "structure of a built model": (lambda: gr.run(model(q=3), {"q": 2}, steps=2), "q: 2; this model was declared ..."),
    "validate without steps": (lambda: gr.validate(OWN), "steps: not given; expected a whole number of ..."),
    "derive of a power below 2": (lambda: gr.derive("pegr", {"q": 1}), f"q: 1; {ADVICE} 2, such as q=2"),
    "a constant that is none": (lambda: gr.conditions("pegr", constant=-1.0), "...|constant|-1"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    call, expected = CALLS[name]
    with pytest.raises(InputError) as caught:
        call()
    one_sentence(str(caught.value), expected)


@pytest.mark.parametrize("engine", ["reduced", "weights"])
def test_a_run_that_diverges_names_the_step(engine: str) -> None:
    with pytest.raises(gr.Diverged) as caught:
        gr.run("pegr", {"n": 3, "m": 2, "d": 8, "eta": 1e300}, steps=50, engine=engine)
    assert 1 <= caught.value.step <= 50
    one_sentence(str(caught.value), f"...|step {caught.value.step}|eta")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("lam=0.01", "; the penalty is on there, so run it with lam=0: if that stays finite, lower lam, else eta"),
        ("lam=0", "lower eta (1e+300)"),
        ("lam=0.01 regularizer=none", ""),
    ],
)
def test_a_diverged_command_gives_its_defaults_and_what_to_change(
    more: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(f"run pegr {SMALL} eta=1e300 {more} --steps 50".split()) == 2
    shown = capsys.readouterr()
    *notes, sentence = shown.err.splitlines()
    assert shown.out == "" and "mu_norm = 1 (published default, Section 4.1)" in notes
    assert not any(note.startswith(("eta", "lam =")) for note in notes)
    one_sentence(sentence.removeprefix("gammarho: "), "...|the run diverges|step |eta (1e+300)")
    assert sentence.endswith(said) and ("penalty" in sentence) == ("penalty" in said)


@pytest.mark.parametrize(
    ("penalty", "values", "t", "said"),
    [
        ("pegr", {"lam_until": 7}, 9, "lower eta (400); the penalty is off from step 8 on (lam_until = 7)"),
        ("pegr", {"lam_until": 7}, 8, "lower eta (400), or lam (0.05); the penalty is on there, so run it with lam=0: "
                                      "if that stays finite, lower lam, else eta"),
        ("none", {}, 8, "lower eta (400)"),
        ("pegr", {"lam": 0.0}, 8, "lower eta (400)"),
    ],
)
def test_a_divergence_is_laid_on_the_penalty_where_it_was_on(
    penalty: str, values: dict[str, float], t: int, said: str
) -> None:
    """Before, "or lam" stood there all the same, also without a penalty, and Python heard of nothing else."""
    found = divergence(model(penalty), {"eta": 400.0, "lam": 0.05, **values}, t, "eta (400)")
    assert found.step == t and str(found).partition("at step ")[2] == f"{t}; {said}"


def test_both_engines_diverge_at_the_same_step() -> None:
    steps = []
    for engine in ("reduced", "weights"):
        with pytest.raises(gr.Diverged) as caught:
            gr.run("pegr", {"n": 3, "m": 2, "d": 8, "eta": 1e300}, steps=50, engine=engine)
        steps.append(caught.value.step)
    assert steps[0] == steps[1]


def test_out_that_is_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.zarr").write_text("a file")
    (tmp_path / "b.nc").mkdir()
    for name, said in (("a.zarr", "exists and is not a zarr store"), ("b.nc", "is a folder")):
        assert cli.main(["run", "pegr", "--steps", "3", "--out", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err
    assert cli.main(["figures", "pegr", "--out", str(tmp_path / "a.zarr")]) == 2
    assert "is a file; expected a folder" in capsys.readouterr().err
    assert cli.main(["derive", "pegr", "--out", str(tmp_path)]) == 2
    assert "is a folder; expected the name of a file" in capsys.readouterr().err
    assert (tmp_path / "a.zarr").read_text() == "a file"


@pytest.mark.parametrize("line", ["run pger", "run pegr eta=0 --steps 3", "rn"])
def test_a_real_process(line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gammarho", *line.split()], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    said = sentences(done.stderr)
    assert said.startswith("gammarho: ") and said.count("\n") == 1
