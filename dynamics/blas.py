"""BLAS on one thread: the same bits whatever OMP_NUM_THREADS, and no library threads that fight a sweep's workers.

A matrix product's last bits depend on how many threads share it.  Whoever multiplies what a run's numbers are made of
(draws, Gram matrices, test laws, singular values, rebuilt weights, influence scores) does so inside `one_blas_thread`.
SciPy brings a BLAS of its own, which Numba's products use too, and takes a quarter of a second to load: who needs it
takes `scipy_linalg`; `dynamics.triangular` has products and factors of triangular matrices, in half the operations.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ContextDecorator
from typing import Any

SCIPY = "scipy.linalg.blas"


class one_blas_thread(ContextDecorator):
    """One BLAS thread inside; nothing where `on` is False.  A context, or a decorator of the function that needs it.

    The library's setting is the whole process's, so it is counted who is inside: the first one in sets it, the last one
    out restores it, in whatever order threads come and go.  SciPy's BLAS, where it is loaded while somebody is inside,
    is set by `scipy_linalg` or the next one in.  No other is looked for then: NumPy's is there from the start, and
    PyTorch is told by whoever trains.
    """

    _lock = threading.RLock()
    _inside = 0
    _limits: list[Any] = []  # noqa: RUF012 - the process's
    _reached = False  # whether SciPy's BLAS is among those that are set

    def __init__(self, on: bool = True) -> None:
        self.on = on

    def __enter__(self) -> None:
        if not self.on:
            return
        with one_blas_thread._lock:
            one_blas_thread._inside += 1
            _set()

    def __exit__(self, *_: object) -> None:
        if not self.on:
            return
        with one_blas_thread._lock:
            one_blas_thread._inside -= 1
            if one_blas_thread._inside == 0:
                _take_over()
                while one_blas_thread._limits:  # a later one has found the earlier one's setting
                    one_blas_thread._limits.pop().restore_original_limits()
                _take_over()


def scipy_linalg() -> Any:
    """The module `scipy.linalg`, its BLAS on one thread where anybody is inside."""
    import scipy.linalg.blas

    with one_blas_thread._lock:
        _set()
    return scipy.linalg


def _set() -> None:
    """Sets what is loaded, once more where SciPy's has come since, where anybody is inside."""
    process, loaded = one_blas_thread, SCIPY in sys.modules
    if process._inside and (not process._limits or loaded != process._reached):
        process._limits.append(_limited())
        process._reached = loaded


_known: tuple[tuple[int, str], Any] = ((0, ""), None)  # how many modules there were, and the last one, at the look-up


def _limited() -> Any:
    """Sets the limit on every BLAS that is loaded."""
    global _known  # noqa: PLW0603 - looking the libraries up takes longer than drawing a small Gram matrix
    from threadpoolctl import ThreadpoolController

    loaded = len(sys.modules), next(reversed(sys.modules))
    if loaded != _known[0]:  # a library comes with the module that needs it
        _known = loaded, ThreadpoolController()
    _take_over()
    limits = _known[1].limit(limits=1, user_api="blas")
    _take_over()
    return limits


def _take_over() -> None:
    """Lets any thread set the limit: newer threadpoolctl heeds only the first that did, without a word to others."""
    import threadpoolctl

    clear = getattr(getattr(threadpoolctl, "OpenBLASController", None), "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)
