"""An interrupt ends every verb soon, with one line and status 130; long work tells of its progress on stderr alone."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time

import pytest

from dynamics.kernel.chunks import Stopped, heard, in_chunks, stoppable
from simulate.work import progress as shown
from simulate.work.sweep import sweep
from tests.helpers.slowly import where
from tests.helpers.spoken import hears

LONG = {
    "run": "pegr n=20 m=10 d=50 --steps 1000000000 --observables loss --record 0,1000000000",
    "watched": "pegr n=20 m=10 d=50 --steps 1000000000 --observables T_2 --record 0,1000000000",
    "phase": "pegr n=20 m=10 d=50 --x lam=0.01:0.1:2 --y sigma_p=0.1:0.5:2 --steps 100000000 --workers 2 --seeds 1",
    "check": "pegr n=20 m=10 d=50 --steps 100000000 --seeds 1",
    "validate": "pegr n=20 m=10 d=50 --steps 1000000",
}
SAID = "may take about"  # said when everything is loaded and the work begins
HANGS = 60.0  # seconds; on an idle machine it is a fraction of one, and the work itself takes hours


def hears_interrupts() -> None:
    """Undoes what a shell hands to what it starts in the background: that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


EARLY = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Comes(MetaPathFinder):  # an interrupt, while the command line is loaded
    def find_spec(self, name, path, target=None):
        if name == "gammarho.cli":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Comes())
from gammarho.command import entry
entry()
"""


def test_an_interrupt_while_the_program_loads_is_one_line_too() -> None:
    command = [sys.executable, "-c", EARLY, "list"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANGS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "gammarho: interrupted\n")


IN_C = """
import builtins, os, signal, sys, time
import numpy
from gammarho import api, cli

import_ = builtins.__import__

def comes(module, *args, **options):  # an interrupt, while compiled code asks for NumPy: it prints what it is told
    if module.endswith("_multiarray_umath") and "numpy" not in sys._getframe(1).f_code.co_filename:
        builtins.__import__ = import_
        os.kill(os.getpid(), signal.SIGINT)
    return import_(module, *args, **options)

def verb(*args, **options):
    builtins.__import__ = comes
    import scipy.optimize
    assert builtins.__import__ is import_, "nothing asked for NumPy"
    time.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)
api.conditions = verb
cli.entry()
"""
BEFORE = """
import signal, sys
from simulate.work import progress
from gammarho import cli, interrupts

def interrupted(*_):  # before a verb is looked for, and once more while that is told
    signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
cli.main, progress.clear = interrupted, interrupted
cli.entry()
"""


@pytest.mark.parametrize("code", [IN_C, BEFORE], ids=["in compiled code", "outside a verb, and twice"])
def test_an_interrupt_is_one_line_wherever_it_comes(code: str) -> None:
    command = [sys.executable, "-c", code, "conditions", "pegr"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANGS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "gammarho: interrupted\n")


def test_the_command_hears_interrupts_before_it_loads_much() -> None:
    """Until then Python itself ends, with a traceback: typing takes longer than all else, then enum."""
    code = "import sys; before = {*sys.modules}; import gammarho.command; print(*sorted({*sys.modules} - before))"
    loaded = subprocess.run([sys.executable, "-S", "-c", code], check=True, capture_output=True, text=True).stdout
    assert "gammarho.interrupted" in loaded.split() and not {"typing", "enum", "signal"} & {*loaded.split()}


@pytest.mark.parametrize("case", where(lambda case: case in ("run", "phase"), LONG))
def test_an_interrupt_ends_the_work(case: str) -> None:
    verb = "run" if case == "watched" else case
    began = [sys.executable, "-m", "gammarho", verb, *LONG[case].split()]
    process = subprocess.Popen(
        began, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hears_interrupts  # noqa: PLW1509
    )
    try:
        assert process.stderr is not None
        assert hears(process.stderr, SAID)
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == "" and err.splitlines()[-1] == "gammarho: interrupted" and "Traceback" not in err


def test_pieces_cover_the_steps_once_and_end_where_one_fails() -> None:
    import numpy as np

    seen: list[tuple[int, int]] = []
    rows: list[int] = []
    recorded = np.array([3, 4, 9, 30])

    def piece(first: int, count: int, part: slice) -> int:
        seen.append((first, count))
        rows.extend(recorded[part].tolist())
        return -1 if first + count < 25 else 24

    assert in_chunks(piece, 3, 27, recorded) == 24
    assert seen[0][0] == 3 and all(one + many == other for (one, many), (other, _) in itertools.pairwise(seen))
    assert rows in ([3, 4, 9], [3, 4, 9, 30])


def test_a_sweep_ends_the_others_where_one_fails() -> None:
    """A piece of work that would last for ever hears of it."""
    ended = threading.Event()

    def work(item: str) -> str:
        if item == "fails":
            raise ValueError(item)
        try:
            while True:
                heard()
                time.sleep(0.001)
        except Stopped:
            ended.set()
            raise

    with pytest.raises(ValueError, match="fails"):
        list(sweep(work, ["lasts", "fails"], 2, "test", "pieces", show=False))
    assert ended.is_set()
    with stoppable(threading.Event()):
        heard()
    heard()  # outside, nothing is to be heard


@pytest.mark.parametrize(
    ("seconds", "said"), [(5.0, "5 s"), (300.0, "5 min"), (9000.0, "2.5 h"), (1e6, "12 days"), (1e13, "3.2e+05 years")]
)
def test_durations_read_well(seconds: float, said: str) -> None:
    assert shown.duration(seconds) == said
