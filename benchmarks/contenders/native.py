"""The ensemble in C++ with explicit lanes: `ensemble.cpp`, compiled for a shape and called through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .program import Given, Make, spread
from .shapes import TEST, Array, Cells, Kou, Pegr, Shape

FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-mprefer-vector-width=512", "-w", "-shared", "-fPIC",
)
_SOURCE = Path(__file__).with_name("ensemble.cpp")
_PENALTY = {Kou: 0, Pegr: 1}
_DOUBLES = np.ctypeslib.ndpointer(dtype=np.float64, flags="C_CONTIGUOUS")
_COUNT, _REAL = ctypes.c_long, ctypes.c_double


def build(shape: Shape, folder: Path) -> ctypes.CDLL:
    """Compile for a shape's sizes.  Raises RuntimeError, with the reason, where that cannot be done."""
    compiler = shutil.which("g++")
    if compiler is None:
        raise RuntimeError("there is no g++")
    sizes = (f"-DEXAMPLES={shape.n}", f"-DFILTERS={shape.m}", f"-DPENALTY={_PENALTY[type(shape)]}")
    library = folder / "ensemble.so"
    command = [compiler, *FLAGS, *sizes, str(_SOURCE), "-o", str(library)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        wrong = [line for line in made.stderr.splitlines() if "error" in line] or ["no reason given"]
        raise RuntimeError(f"g++ failed: {wrong[0]}")
    return ctypes.CDLL(str(library))


class Lanes:
    """`ensemble.cpp` for a shape."""

    def __init__(self, shape: Shape, threads: int) -> None:
        self.shape, self.runs, self.threads = shape, shape.runs, threads
        with tempfile.TemporaryDirectory() as folder:  # loaded, the library needs its file no longer
            built = build(shape, Path(folder))
        self._ensemble, self._trained = built.ensemble, built.trained
        self._ensemble.restype = self._trained.restype = None
        self._ensemble.argtypes = [
            _COUNT, _COUNT, ctypes.c_uint64, *[_DOUBLES] * 3, *[_REAL] * 3, _COUNT, _REAL, _COUNT, _DOUBLES,
        ]
        self._trained.argtypes = [_COUNT, *[_DOUBLES] * 4, _REAL, _REAL, _COUNT]

    def errors(self, seed: int, cells: Cells) -> Array:
        """See `Program.errors`."""
        return spread(self._errors, seed, cells, self.threads)

    def usual(self, seed: int) -> Array:
        """See `Program.usual`."""
        return self.errors(seed, self.shape.usual(self.runs))

    def _errors(self, seed: int, cells: Cells) -> Array:
        shape, errors = self.shape, np.empty(len(cells.mu))
        self._ensemble(
            len(errors), shape.steps, seed, cells.mu, cells.sigma_p, cells.lam, shape.sigma_0, shape.d, shape.eta,
            shape.lam_until, shape.flips, TEST, errors,
        )
        return errors

    def trained(self, given: Given, cell: Cells) -> Array:
        """See `Program.trained`."""
        z, shape = given.z.copy(), self.shape
        self._trained(
            shape.steps, z, given.gram, given.y, given.clean, shape.eta, float(cell.lam[0]), shape.lam_until
        )
        return z


def programs(shape: Shape) -> Mapping[str, Mapping[str, Make]]:
    """The programs of a shape."""
    return {"C++, lanes": {"": Lanes}} if type(shape) in _PENALTY else {}
