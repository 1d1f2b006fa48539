"""Numba's decorator for kernels: what has a signature is compiled when it is called first, not when it is loaded.

A kernel's file has the loops, what an engine observes and outputs, of which most runs need some alone; compiling all
of them is most of a first run.  Functions without a signature are Numba's own affair: who calls them compiles them.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return, attr-defined, call-overload"
# Numba's decorators and configuration have no types.

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

_FOLDER = "CACHE_DIR"  # of numba.config, whose attributes are made at run time
_LOCK = threading.RLock()
Mend = Callable[[Path, str, Callable[[], Callable[..., Any]], str, Exception], Callable[..., Any]]
ALONE = {"no_cfunc_wrapper": True}
"""No kernel is called from C: the wrapper for it is a tenth of the compiling."""
INNER = {**ALONE, "no_cpython_wrapper": True}
"""What has no signature is called by kernels alone, and not from Python: that wrapper is a fifth."""
mend: Mend | None = None
"""What is done where cached code fails: set by whoever loads kernels, and knows where their code is kept."""


def njit(*signature: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit`, but what has a signature is compiled, or read from the cache, when it is called first.

    What has none is for kernels to call: from Python it is refused.
    """
    def decorated(function: Callable[..., Any]) -> Any:
        return Lazily(function, signature, options) if signature else _inner(function, options)

    return decorated


def _inner(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Numba's function for kernels to call; a call from Python, which has no wrapper to go through, is refused."""
    made = numba.njit(**INNER, **options)(function)
    if not isinstance(made, Dispatcher):  # as where compiling is switched off
        return made

    def refused(*_: Any, **__: Any) -> Any:
        name = function.__name__
        raise TypeError(f"{name} is compiled for kernels to call; from Python call {name}.py_func, its own text")

    def kept(compiled: Any) -> None:
        made.overloads[tuple(compiled.signature.args)] = compiled  # not where a call from Python would find it

    vars(made).update(_compile_for_args=refused, add_overload=kept)
    return made


class Lazily:
    """A function of one signature, with where its compiled code is kept, which is decided as it is declared."""

    def __init__(self, function: Callable[..., Any], signature: tuple[str, ...], options: dict[str, Any]) -> None:
        self.function, self.signature, self.options = function, signature, options
        self.folder = getattr(numba.config, _FOLDER, "")
        self.ready: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        """The function's value, once it is compiled."""
        return (self.ready or self.compiled())(*args)

    def compiled(self) -> Callable[..., Any]:
        """Numba's own function; what it calls that waits as well is compiled before it."""
        with _LOCK:
            if self.ready is None:
                names = self.function.__globals__
                for name in self.function.__code__.co_names:
                    if isinstance(names.get(name), Lazily):
                        names[name] = names[name].compiled()
                self.ready = self._made()
        return self.ready

    def _made(self) -> Callable[..., Any]:
        """Compiled, or from the cache; what cannot be read there is mended by whoever knows where it is kept."""
        try:
            return self._numbas()
        except Exception as error:  # whatever Numba makes of compiled code that is not what it wrote
            if not self.options.get("cache") or mend is None:
                raise
            path = Path(self.function.__code__.co_filename)
            mended: Callable[..., Any] = mend(path, self.folder, self._numbas, self.function.__name__, error)
            return mended

    def _numbas(self) -> Callable[..., Any]:
        before = getattr(numba.config, _FOLDER, "")
        setattr(numba.config, _FOLDER, self.folder)
        try:
            return numba.njit(*self.signature, **ALONE, **self.options)(self.function)
        finally:
            setattr(numba.config, _FOLDER, before)
