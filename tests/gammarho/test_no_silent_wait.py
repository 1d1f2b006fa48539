"""Every verb that takes long says what it does while it does it, and ends in one sentence where it is interrupted.

Nothing here is judged by a clock: what is long lasts many times as long as the two seconds after which it is told of
(`tests/simulate/work/test_progress.py` steps that clock), and a process is killed only so that a defect ends the test.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gammarho import cli
from simulate.work.progress import TELLER

README = Path(__file__).parents[2] / "README.md"
LONG = {
    "run": "gammarho run pegr n=20 m=10 d=50 --steps 1000000000 --observables loss --record 0,1000000000",
    "weights": "gammarho run pegr --preset paper --engine weights --steps 100000",
    "phase": "gammarho phase pegr --x lam=0.001:1:24:log --y sigma_p=0.1:2:24 --steps 100000",
    "check": "gammarho check pegr --preset mechanism",
    "all": "gammarho check pegr --all",
    "search": "gammarho check pegr D1 --preset theorem-3.2 --search 2000",
    "mutants": "gammarho check pegr D1 --mutants",
    "inductive": "gammarho check pegr D1 D4a D4b --inductive --search 100000",
    "validate": "gammarho validate pegr n=20 m=10 d=50 --steps 1000000",
    "own model": "gammarho run mine.py:model --steps 100000000 --observables loss",
    "gap": "gammarho gap pegr --preset theorem-3.2 --steps 1000000",
    "conditions": "gammarho conditions fomaml --preset paper n_tasks=4000 d=20000 --solve n,m,d,sigma_xi,sigma_0,eta",
    "sensitivity": "gammarho sensitivity pegr d=1e9 sigma_p=0.000632 --steps 15000 --claim test_error<0.01",
    "figures pegr": "gammarho figures pegr --out out",
    "figures heterogeneous": "gammarho figures heterogeneous figure_3a --out out",
    "figures nearly_orthogonal": "gammarho figures nearly_orthogonal figure_1 --out out",
    "figures fomaml": "gammarho figures fomaml --out out",
    "figures phase": "gammarho figures phase --out out",
}
HANGS = 900.0  # seconds
LOST = """
import ctypes, os, signal, time
from gammarho import interrupts

@ctypes.CFUNCTYPE(None)
def called_by_a_library():
    def deeper():
        os.kill(os.getpid(), signal.SIGINT)
        return [each for each in range(1000)]
    deeper()

interrupts.watch()
status = 0
try:
    called_by_a_library()
    time.sleep(60)
except KeyboardInterrupt:
    status = interrupts.told()
interrupts.leave(status)
"""


def hears_interrupts() -> None:
    """Undoes what a shell hands to what it starts in the background: that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def began(words: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that nothing compiled is at hand for."""
    env = {**os.environ, "GAMMARHO_CACHE": str(folder / "cache"), "NUMBA_CACHE_DIR": str(folder / "numba"),
           "PYTHONPATH": str(README.parent)}
    process = subprocess.Popen([sys.executable, *words], cwd=folder, env=env, text=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=hears_interrupts)  # noqa: PLW1509
    guard = threading.Timer(HANGS, process.kill)
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("case", LONG)
def test_it_speaks_and_ends_when_it_is_asked_to(case: str, tmp_path: Path) -> None:
    """Fails where a verb waits in silence, and where LLVM swallows the interrupt."""
    (tmp_path / "mine.py").write_text(_own_model())
    with began(["-m", *LONG[case].split()], tmp_path) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # "" where it ended in silence
        assert re.match(r".* so far|.* left|.*may take", first)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130 and "Traceback" not in said and "Exception ignored" not in said
    assert said.splitlines()[-1] == "gammarho: interrupted"


def test_an_interrupt_in_a_callback_is_not_lost(tmp_path: Path) -> None:
    """Python prints and drops what a callback raises; fails where it is not raised again."""
    with began(["-c", LOST], tmp_path) as process:
        _, said = process.communicate(timeout=50)  # it sleeps for sixty seconds where it does not hear it
    assert (process.returncode, said) == (130, "gammarho: interrupted\n")


def test_all_that_a_verb_does_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where a part of it is begun before, or ends after, what is under way."""
    told: list[list[str]] = []

    def app(*_: object, **__: object) -> int:
        told.append([work.label for work in TELLER.under_way])
        return 0

    monkeypatch.setattr(cli, "app", app)
    assert cli.main(["describe", "pegr"]) == 0
    assert told == [["gammarho describe pegr"]] and TELLER.under_way == []


def _own_model() -> str:
    """README's."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return next(block for block in blocks if block.startswith("# mine.py"))
