"""Kernel modules from their files: imported once, whole, whoever asks first; compiled code kept where it may be.

Numba finds a cached function's module by name in `sys.modules` while that module is still being executed.  So the
name is there early, but nobody else looks it up there: a module is handed out, under a lock, when it is complete.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .. import lazily
from . import compiling, libm

GENERATED = Path(__file__).resolve().parents[1] / "generated"
BESIDE = ""
"""Compiled code is kept in `__pycache__`, beside the kernel."""

Place = str | None
"""Where compiled code is kept: a folder, `BESIDE` the kernel, or None: nowhere, it is compiled in each process."""

_PLAIN = {"compiled": "plain", "functions": "functions_plain"}
"""What a kernel takes from `dynamics.lanes`, and what stands for it in plain Python."""

_LOCK = threading.RLock()
_TEXTS: dict[Path, str] = {}
_PLACES: dict[Path, Place] = {}
_LOADED: dict[Path, ModuleType] = {}


def remember(path: Path, place: Place) -> str:
    """Read a kernel's text, once: what runs later is this text, whatever becomes of the file.  Returns it."""
    with _LOCK:
        if path not in _TEXTS:
            _TEXTS[path], _PLACES[path] = path.read_text(encoding="utf-8"), place
        return _TEXTS[path]


def module_of(path: Path) -> ModuleType:
    """The compiled module of a kernel's file, the same one to every thread.

    Where its compiled code cannot be read or kept it is compiled for this process alone.
    """
    with _LOCK:
        if path not in _LOADED:
            remember(path, BESIDE)
            _LOADED[path] = _load(path, _PLACES[path])
        return _LOADED[path]


def _load(path: Path, place: Place) -> ModuleType:
    compiling.watch()
    if place is None:
        return _execute(path, cached=False)
    drop_damaged(path, place)
    try:
        return _cached(path, place)
    except Exception:  # noqa: BLE001 - whatever Numba makes of compiled code that is not what it wrote
        _forget_compiled(path, place)
    try:
        return _cached(path, place)
    except Exception as error:  # noqa: BLE001 - a fault of the kernel itself comes up again below
        return _uncached(path, error)


def _forget_compiled(path: Path, place: str) -> None:
    with contextlib.suppress(OSError):
        for each in compiled_files(path, place):
            each.unlink()


def _uncached(path: Path, error: Exception) -> ModuleType:
    """The kernel compiled for this process alone; a note says so."""
    module = _execute(path, cached=False)
    why = " ".join(str(error).split())
    print(f"gammarho: note: compiled code of {path.stem} cannot be kept ({why}); it is compiled anew each time",
          file=sys.stderr)
    return module


def _mended(
    path: Path, place: str, again: Callable[[], Callable[..., Any]], name: str, error: Exception
) -> Callable[..., Any]:
    """A kernel's function whose cached code failed as it was called first: compiled again, kept where that can be."""
    _forget_compiled(path, place)
    try:
        return again()
    except Exception:  # noqa: BLE001 - a fault of the kernel itself comes up again below
        remember(path, place)
        function: Callable[..., Any] = getattr(_uncached(path, error), name)
        return function


lazily.mend = _mended


def _cached(path: Path, place: str) -> ModuleType:
    with lazily.kept_in(place):
        if path.parent == GENERATED:
            return importlib.import_module(f"dynamics.generated.{path.stem}")
        return _execute(path, cached=True)


def _execute(path: Path, cached: bool) -> ModuleType:
    """Run the remembered text as a module; never Python's own compiled copy of the file, which may be of another."""
    name = f"dynamics.generated.{path.stem}" if path.parent == GENERATED else f"gammarho_kernel_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError(f"kernel {path.name} cannot be loaded; regenerate it")
    module = importlib.util.module_from_spec(spec)
    text = _TEXTS[path] if cached else _TEXTS[path].replace("cache=True", "cache=False")
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)  # the text is our own generator's
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    return module


def compiled_files(path: Path, place: str) -> list[Path]:
    """Numba's index and code files of a kernel at a place."""
    folders = [path.parent / "__pycache__"]
    if place != BESIDE:
        folders = [each for each in Path(place).glob("*") if each.name.startswith(f"{path.parent.name}_")]
    files = [each for folder in folders if folder.is_dir() for each in folder.iterdir()]
    return [each for each in files if each.suffix in (".nbi", ".nbc") and each.name.startswith(f"{path.stem}.")]


def drop_damaged(path: Path, place: str) -> None:
    """Remove index and code files that were cut short: a pickle ends in a full stop."""
    for file in compiled_files(path, place):
        with contextlib.suppress(OSError):
            if not file.read_bytes().endswith(b"."):
                file.unlink()


def _plainly(*signature: str, **_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """In place of `njit`: the function itself.

    Compiled code says nothing of an overflow, a division by 0 or inf - inf, whose inf and nan its callers look for.  So
    do functions with a signature here, which are those that Python calls: NumPy's scalars would warn.
    """
    silent = np.errstate(over="ignore", divide="ignore", invalid="ignore")

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        return silent(function) if signature else function

    return decorated


def plain_module(source: str, name: str) -> ModuleType:
    """A kernel's text run as plain Python, without Numba."""
    module = ModuleType(name)
    vars(module)["njit"] = _plainly
    text = source.replace("from dynamics.lazily import njit\n", "")
    text = text.replace("from math import", f"from {libm.__name__} import")
    for compiled, plain in _PLAIN.items():
        text = text.replace(f"from dynamics.lanes.{compiled} import", f"from dynamics.lanes.{plain} import")
    exec(compile(text, f"<{name}, plain>", "exec"), module.__dict__)  # the text is our own generator's
    return module
