"""One BLAS thread: the same bits whatever OMP_NUM_THREADS, and no library threads that fight a sweep's workers.

A matrix product's last bits depend on how many threads share it.  Whoever multiplies what a run's numbers are made of
(draws, Gram matrices, test laws, singular values, rebuilt weights, influence scores) does so inside `one_blas_thread`.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ContextDecorator
from typing import Any


class one_blas_thread(ContextDecorator):
    """One BLAS thread inside; nothing where `on` is False.  A context, or a decorator of the function that needs it.

    The library's setting is the whole process's, so it is counted who is inside: the first one in sets it, the last one
    out restores it, in whatever order threads come and go.
    """

    _lock = threading.Lock()
    _inside = 0
    _limits: Any = None

    def __init__(self, on: bool = True) -> None:
        self.on = on

    def __enter__(self) -> None:
        if not self.on:
            return
        with one_blas_thread._lock:
            if one_blas_thread._inside == 0:
                one_blas_thread._limits = _limited()
            one_blas_thread._inside += 1

    def __exit__(self, *_: object) -> None:
        if not self.on:
            return
        with one_blas_thread._lock:
            one_blas_thread._inside -= 1
            if one_blas_thread._inside == 0:
                _take_over()
                one_blas_thread._limits.restore_original_limits()
                _take_over()
                one_blas_thread._limits = None


_known: tuple[frozenset[str], Any] = (frozenset(), None)  # the modules that were loaded when libraries were looked up


def _limited() -> Any:
    """Sets the limit, on SciPy's BLAS too, which Numba's products use and which may not have been loaded yet."""
    global _known  # noqa: PLW0603 - looking the libraries up takes longer than drawing a small Gram matrix
    import scipy.linalg.blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    if not sys.modules.keys() <= _known[0]:  # a library comes with the module that needs it
        _known = (frozenset(sys.modules), ThreadpoolController())
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
