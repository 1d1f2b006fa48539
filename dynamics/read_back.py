"""Compiled code is read back from where it is kept without loading what compiling needs: a seventh of a start.

Before Numba looks for kept code it loads and registers all that it can compile.  Kept code needs none of that in its
process but the functions that count references, and whatever is not kept has Numba load the rest as it is compiled.
"""

# mypy: disable-error-code="no-untyped-call, attr-defined"
# Numba has no types.

from __future__ import annotations

import functools
import importlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher
from numba.core.runtime import rtsys

from .linked import KNOWN

REDUCTIONS = "numba.np.arraymath"


def compiled(function: Dispatcher, signature: tuple[str, ...]) -> None:
    """Numba's function with its code of this signature: what is kept is read back, else it is compiled."""
    cache = function._cache
    if KNOWN and not isinstance(cache, NullCache):
        vars(cache)["load_overload"] = functools.partial(_read, cache)
        vars(cache._cache_file)["_load_data"] = functools.partial(_data, cache._cache_file)
    else:
        load_reductions()
    function.compile(*signature)
    function.disable_compile()


def _read(cache: Any, signature: Any, target: Any) -> Any:
    """In place of a cache's `load_overload`: the kept code, or None, with nothing registered that compiles."""
    rtsys.initialize(target)
    with cache._guard_against_spurious_io_errors():
        found = cache._load_overload(signature, target)
    if found is None:
        load_reductions()
    return found


def _data(file: Any, name: str) -> Any:
    """In place of a cache file's `_load_data`: what Numba wrote, which may name its reductions."""
    data = Path(file._data_path(name)).read_bytes()
    if REDUCTIONS.encode() in data:
        load_reductions()
    return pickle.loads(data)


@functools.cache
def load_reductions() -> None:
    """Loads Numba's reductions, which ask whether SciPy has a BLAS by loading it: a quarter of a second.

    It has, as gammarho needs SciPy; it is loaded with the kernels that multiply by it (`blas.scipy_linalg`).
    """
    from numba.np import linalg

    name = "ensure_blas"
    asking = getattr(linalg, name)
    setattr(linalg, name, lambda: None)
    try:
        importlib.import_module(REDUCTIONS)
    finally:
        setattr(linalg, name, asking)


__all__ = ["REDUCTIONS", "compiled", "load_reductions"]
