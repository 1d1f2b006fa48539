"""The hand-written loop in C: `hand_loop.c` compiled into a folder and called through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dynamics.arrays import Array

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")  # no -ffast-math: sums keep their order
Advance = Callable[..., None]

_DOUBLES = np.ctypeslib.ndpointer(dtype=np.float64, flags="C_CONTIGUOUS")


def compiler() -> str | None:
    """The C compiler's path, or None where there is none."""
    return shutil.which("gcc")


def build(folder: Path) -> Advance:
    """Compile into `folder`; a function with the arguments of `hand_loop.advance`.  RuntimeError without a compiler."""
    gcc = compiler()
    if gcc is None:
        raise RuntimeError("gcc: not found on the path; install it to measure the C loop")
    library = folder / "hand_loop.so"
    source = Path(__file__).with_name("hand_loop.c")
    subprocess.run([gcc, *FLAGS, str(source), "-o", str(library), "-lm"], check=True, capture_output=True)
    function = ctypes.CDLL(str(library)).advance
    count, real = ctypes.c_long, ctypes.c_double
    function.restype = None
    function.argtypes = [count, count, *[_DOUBLES] * 5, real, _DOUBLES, real, real, count, count, _DOUBLES]

    def advance(
        signal: Array, noise: Array, b_signal: Array, b_noise: Array, gram: Array, mu2: float, y: Array,
        eta: float, lam: float, lam_until: int, steps: int,
    ) -> None:
        m, n = signal.shape[1], y.shape[0]
        scratch = np.empty(5 * n)
        function(m, n, signal, noise, b_signal, b_noise, gram, mu2, y, eta, lam, lam_until, steps, scratch)

    return advance
