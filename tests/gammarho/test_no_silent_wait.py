"""Every verb that takes long says what it does within a moment, and ends in one sentence where it is interrupted."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
    "conditions": "gammarho conditions pegr n=50 m=20 --steps 1000 --solve n,m,d,sigma_p,sigma_0,eta,lam",
    "sensitivity": "gammarho sensitivity pegr d=1e9 sigma_p=0.000632 --steps 15000 --claim test_error<0.01",
    "figures pegr": "gammarho figures pegr --out out",
    "figures heterogeneous": "gammarho figures heterogeneous figure_3a --out out",
    "figures nearly_orthogonal": "gammarho figures nearly_orthogonal figure_1 --out out",
    "figures fomaml": "gammarho figures fomaml --out out",
    "figures phase": "gammarho figures phase --out out",
}
QUIET = 20.0  # seconds without a word that a loaded machine is allowed; an idle one says it after two
ENDS = 15.0


def hears_interrupts() -> None:
    """Undoes what a shell hands to what it starts in the background: that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize("case", LONG)
def test_it_speaks_and_ends_when_it_is_asked_to(case: str, tmp_path: Path) -> None:
    """Nothing compiled is at hand.  Fails where a verb waits in silence, and where LLVM swallows the interrupt."""
    (tmp_path / "mine.py").write_text(_own_model())
    env = {**os.environ, "GAMMARHO_CACHE": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
           "PYTHONPATH": str(README.parent)}
    process = subprocess.Popen([sys.executable, "-m", *LONG[case].split()], cwd=tmp_path, env=env, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               preexec_fn=hears_interrupts)  # noqa: PLW1509
    try:
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], QUIET)[0], "a silent wait"
        assert re.match(r".* so far|.* left|.*may take", process.stderr.readline())
        time.sleep(3.0)
        assert process.poll() is None, "it is over already: take longer work"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=ENDS)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in said and "Exception ignored" not in said
    assert said.splitlines()[-1] == "gammarho: interrupted"


def _own_model() -> str:
    """README's."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return next(block for block in blocks if block.startswith("# mine.py"))
