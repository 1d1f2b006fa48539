"""What cannot be printed is one sentence; a defect shows its traceback and exits 70."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

from gammarho import cli
from tests.helpers.durable import LINE, ROOT, program
from tests.helpers.slowly import rarely
from tests.helpers.spoken import sentences

# ---- output that cannot be printed, and the exit status of a defect ------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_a_sentence_that_says_what_is_safe(tmp_path: Path) -> None:
    out = tmp_path / "x.zarr"
    with open("/dev/full", "w") as full:
        bare = program("conditions", "pegr", stdout=full)
        kept = program(*LINE, "--steps", "2", "--out", str(out), stdout=full)
    for done in (bare, kept):
        assert done.returncode == 2 and sentences(done.stderr).count("\n") == 1
        assert "standard output cannot be written (No space left on device)" in done.stderr
    assert f"the data are in {out}, whole" in kept.stderr and int(xr.open_zarr(out)["t"][-1]) == 2


def test_a_closed_standard_output_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    out = tmp_path / "x.zarr"
    done = program(*LINE, "--steps", "2", "--out", str(out), preexec_fn=lambda: os.close(1))
    assert done.returncode == 2 and "standard output is closed, so nothing has been run" in done.stderr
    assert sentences(done.stderr).count("\n") == 1 and not out.exists()


def test_a_reader_that_leaves_is_told_where_the_data_are(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = program(*LINE, "--steps", "2", "--out", str(tmp_path / "x.zarr"), stdout=write)
    os.close(write)
    assert done.returncode == 141 and sentences(done.stderr).count("\n") == 1 and "x.zarr, whole" in done.stderr


CRASH = """
import math, sys
from gammarho import api, cli
def conditions(*_, **__):
    {line}
conditions.__globals__["__name__"] = "gammarho.api"
api.conditions = conditions
sys.argv = ["gammarho", "conditions", "pegr"]
cli.entry()
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("math.log(-1)", "ValueError: math domain error"),  # raised by C code inside a function of ours
        rarely("raise ValueError('a defect')", "ValueError: a defect"),
        rarely("float('x')", "could not convert"),
        ("raise KeyError('a')", "KeyError: 'a'"),
    ],
)
def test_a_defect_shows_its_traceback_and_exits_70(line: str, said: str) -> None:
    command = [sys.executable, "-c", CRASH.format(line=line)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 70 and "Traceback" in done.stderr and said in done.stderr
    assert done.stderr.splitlines()[-1].startswith("gammarho: this is a defect of the program")


def test_a_refusal_of_a_declaration_is_the_user_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "import dataclasses\nfrom derivations.papers.pegr.model import model as base\n"
        "def model():\n    return dataclasses.replace(base(), patches=())\n"
    )
    assert cli.main(["run", f"{path}:model", "--steps", "2"]) == 2
    assert "a model needs at least one patch" in capsys.readouterr().err
