"""A user's own file, loaded, and a user's own function, called: whatever they raise comes out as one sentence.

An interrupt stays one.  A file that ends the process without Python (os._exit, a crash) cannot be told.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

from derivations import declare
from derivations.errors import ModelError

from ..errors import InputError, nearest, quoted
from . import neighbours

_KEYWORD = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")

_COMPLETE: dict[str, ModuleType] = {}


def loaded(name: str) -> ModuleType | None:
    """The module of that name, once it has been loaded whole; None before, and after it failed."""
    return _COMPLETE.get(name)


def load(path: Path, name: str) -> ModuleType:
    """The module of a Python file, known as `name` from then on.  It may import what stands in its folder.

    Raises:
        InputError: where the file raises anything at all or asks Python to exit, with the line in it.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # a .py file that exists always has both
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    try:
        with neighbours.importable(path.parent, anew=True):
            spec.loader.exec_module(module)
    except BaseException as error:
        for known in (sys.modules, _COMPLETE):
            known.pop(name, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise InputError(f"setting: loading {str(path)!r} {_raised(error, path)}") from error
    _COMPLETE[name] = module  # not sooner: another thread may be looking for what stands in it
    return module


def call(function: Callable[..., Any], given: Mapping[str, object], *arguments: object) -> Any:
    """function(*arguments, **given), the function being a model's, or a method of a kind that a model's file declares.

    Raises:
        InputError: where the function raises anything at all, with its file and line; of our own settings only what
            a declaration refuses, since anything else is a defect.
    """
    try:
        with _beside(function):
            return function(*arguments, **given)
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException as error:
        inner = inspect.unwrap(function)
        if str(getattr(inner, "__module__", "")).startswith("derivations."):
            if isinstance(error, ModelError):
                raise InputError(str(error)) from error
            raise
        code = getattr(inner, "__code__", None)
        path = Path(code.co_filename) if code is not None else None
        where = f" in {str(path)!r}" if path is not None else ""
        named = quoted(getattr(inner, "__name__", inner))
        raise InputError(f"model: the function {named}{where} {_raised(error, path)}") from error


def answer(method: Callable[..., Any], *arguments: object) -> Any:
    """What a method of a declaration's part says: called as it is where the part's kind is ours, else by `call`."""
    part = getattr(method, "__self__", None)
    kind = part if isinstance(part, type) else type(part)
    return method(*arguments) if kind.__module__.startswith("derivations.") else call(method, {}, *arguments)


def _beside(function: Callable[..., object]) -> AbstractContextManager[None]:
    """In the block, the function of a user's file may import what stands beside that, as the file may."""
    name = str(getattr(inspect.unwrap(function), "__module__", ""))
    own = _COMPLETE.get(name)
    folder = neighbours.folder_of(name) if own is None or own.__file__ is None else Path(own.__file__).parent
    return nullcontext() if folder is None else neighbours.importable(folder)


def _raised(error: BaseException, path: Path | None) -> str:
    """What was raised, where in the file, and its own words."""
    said = " ".join(str(error).split()) + _taken(error)
    asked = " (the file ends the program itself; take that out)" if isinstance(error, SystemExit) else ""
    return f"raised {type(error).__name__}{_line(error, path)}{': ' * bool(said)}{said}{asked}"


def _taken(error: BaseException) -> str:
    """What a word of a declaration takes, where it was given something else."""
    unknown = _KEYWORD.match(str(error)) if isinstance(error, TypeError) else None
    kind = getattr(declare, unknown[1], None) if unknown else None
    if unknown is None or not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        return ""
    return f"; {nearest(unknown[2], [each.name for each in dataclasses.fields(kind)])}"


def _line(error: BaseException, path: Path | None) -> str:
    """Where in the user's file it was raised, as " at line N"."""
    if path is None:
        return ""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" at line {line}" if line else ""
