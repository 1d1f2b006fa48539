"""Numba's decorator for kernels: what has a signature is compiled when it is called first, not when it is loaded.

A kernel's file has the loops, what an engine observes and outputs, of which most runs need some alone; compiling all
of them is most of a first run.  Functions without a signature are Numba's own affair: who calls them compiles them.
Kernels have many of these in common, down to the last word: a process compiles such a function once for all of them.
"""

# mypy: disable-error-code="no-untyped-call, no-any-return, attr-defined, call-overload"
# Numba's decorators and configuration have no types.

from __future__ import annotations

import builtins
import dis
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import numba
from numba.core import types
from numba.core.dispatcher import Dispatcher

from . import made_of, read_back
from .linked import KNOWN, Linked, entered

_FOLDER = "CACHE_DIR"  # of numba.config, whose attributes are made at run time
_LOAD_GLOBAL, _LOAD_NAME = dis.opmap["LOAD_GLOBAL"], dis.opmap["LOAD_NAME"]
_LOCK = threading.RLock()
"""Held by who compiles, or reads compiled code: that may import a kernel's module, whose text declares functions."""
_DECLARING = threading.RLock()
"""Held by who declares a function; never by who compiles meanwhile, or each of two threads would wait for the other."""
FOLDER = threading.RLock()
"""Held by whoever has Numba keep compiled code in a folder, as that is one variable of the process."""
Mend = Callable[[Path, str, Callable[[], Callable[..., Any]], str, Exception], Callable[..., Any]]
ALONE = {"no_cfunc_wrapper": True}
"""No kernel is called from C: the wrapper for it is a tenth of the compiling."""
INNER = {**ALONE, "no_cpython_wrapper": True, **({"pipeline_class": Linked} if KNOWN else {})}
"""What has no signature is called by kernels alone, and not from Python: that wrapper is a fifth."""
_MADE: dict[Any, tuple[Any, list[Any]]] = {}  # by meaning, with what that names, which has to stay to be told by
mend: Mend | None = None
"""What is done where cached code fails: set by whoever loads kernels, and knows where their code is kept."""


def njit(*signature: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit`, but what has a signature is compiled, or read from the cache, when it is called first.

    What has none is for kernels to call: from Python it is refused.
    """
    def decorated(function: Callable[..., Any]) -> Any:
        return Lazily(function, signature, options) if signature else _shared(function, options)

    return decorated


def _shared(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Numba's function for kernels to call, the same one for every kernel that says the same."""
    named = _named(function)
    if named is None:
        return _inner(function, options)
    key = (meaning(function, named), tuple(sorted(options.items())))
    with _DECLARING:
        if key not in _MADE:
            _MADE[key] = _inner(function, options), list(named.values())
        return _MADE[key][0]


def _named(function: Callable[..., Any]) -> dict[str, Any] | None:
    """What a function names outside itself, by name; None where not all of it is known by its text and these."""
    code, known = function.__code__, function.__globals__
    names = _looked_up(code)
    outside = [name for name in names if name not in known]
    whole = not (function.__closure__ or function.__defaults__ or function.__kwdefaults__)
    if not whole or any(isinstance(each, CodeType) for each in code.co_consts):
        return None
    if not all(hasattr(builtins, name) for name in outside):  # declared further down, by what this cannot see
        return None
    return {name: known[name] for name in names if name in known}


def _looked_up(code: CodeType) -> list[str]:
    """The names that the code looks up outside itself: read from its bytes, as `dis` takes twenty times as long."""
    names, before = list[str](), 0
    for operation, byte in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument, before = byte | before, 0
        if operation == dis.EXTENDED_ARG:
            before = argument << 8
        elif operation == _LOAD_GLOBAL:
            names.append(code.co_names[argument >> 1])  # the last bit says whether a call follows
        elif operation == _LOAD_NAME:
            names.append(code.co_names[argument])
    return names


def meaning(function: Callable[..., Any], named: dict[str, Any]) -> tuple[Any, ...]:
    """What two functions that compile to the same code have in common: instructions, constants, and what they name.

    Constants go by how they are written, as 0.0 equals -0.0 and 1; what is named by which object it is.
    """
    code = function.__code__
    numbers = (bool, int, float, complex, str)
    said = [(name, repr(each) if type(each) in numbers else id(each)) for name, each in sorted(named.items())]
    words = (code.co_names, code.co_varnames, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    text = (code.co_name, code.co_code, code.co_exceptiontable, code.co_flags, repr(code.co_consts))
    return (*text, *words, tuple(said))


def _inner(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Numba's function for kernels to call; a call from Python, which has no wrapper to go through, is refused."""
    made = numba.njit(**INNER, **options)(function)
    if not isinstance(made, Dispatcher):  # as where compiling is switched off
        return made
    made_of.say(made, made_of.digest(function.__code__.co_filename))

    def refused(*_: Any, **__: Any) -> Any:
        name = function.__name__
        raise TypeError(f"{name} is compiled for kernels to call; from Python call {name}.py_func, its own text")

    def kept(compiled: Any) -> None:
        made.overloads[tuple(compiled.signature.args)] = compiled  # not where a call from Python would find it

    def once(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        whatever = {name: types.unliteral(each) for name, each in kws.items()}
        return Dispatcher.get_call_template(made, tuple(map(types.unliteral, args)), whatever)

    # Numba would compile a function for each whole number that stands in a call of it, and for any number once more.
    vars(made).update(_compile_for_args=refused, add_overload=kept, get_call_template=once)
    return made


@contextmanager
def kept_in(folder: str) -> Iterator[None]:
    """Numba keeps the functions that are declared inside in this folder; it decides when a function is declared."""
    with FOLDER:
        before = _folder_now()
        setattr(numba.config, _FOLDER, folder)
        try:
            yield
        finally:
            setattr(numba.config, _FOLDER, before)


def _folder_now() -> str:
    return str(getattr(numba.config, _FOLDER, "") or "")


def numba_folder() -> str:
    """The folder that Numba was told to keep compiled code in, as by $NUMBA_CACHE_DIR; empty for none."""
    with FOLDER:  # not where somebody keeps something else meanwhile
        return _folder_now()


class Lazily:
    """A function of one signature, with where its compiled code is kept, which is decided as it is declared."""

    def __init__(self, function: Callable[..., Any], signature: tuple[str, ...], options: dict[str, Any]) -> None:
        self.function, self.signature, self.options = function, signature, options
        self.folder = _folder_now()
        self.made_of = made_of.digest(function.__code__.co_filename) if options.get("cache") else ""
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
        with kept_in(self.folder):
            made = numba.njit(**ALONE, **self.options)(self.function)
            if isinstance(made, Dispatcher):
                made_of.say(made, self.made_of)
                read_back.compiled(made, self.signature)
            return entered(made)
