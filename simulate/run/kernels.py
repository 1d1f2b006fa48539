"""The kernel of a model: the shipped file where one was generated from the same declaration, else derived on demand."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derivations.cache import cache_folder, note, shut, unfit
from derivations.declare import INDEX_SETS, Model, Value, to_plain
from derivations.known import known
from dynamics.kernel import compiling
from dynamics.kernel.kernel import Kernel
from dynamics.kernel.load import load
from dynamics.kernel.loading import BESIDE, GENERATED, Place
from dynamics.lazily import numba_folder

from ..work import progress

compiling.heard = progress.compiling


def kernel_for(model: Model) -> Kernel:
    """The compiled kernel of a model.  A shipped setting needs no SymPy; any other is derived into the cache, once.

    Once a process: the text that was read then is what runs (`dynamics.kernel.loading`), whatever becomes of the file.

    Raises ModelError, in one sentence, where the model does not close on pre-activations.
    """
    return _kernel(model, cache_folder())


def plain_kernel_for(model: Model) -> Kernel:
    """The same kernel as plain Python, with the same bits: for a few steps of tiny states, which compiling outlasts.

    Raises ModelError as `kernel_for` does.
    """
    return _kernel(model, cache_folder(), compiled=False)


@functools.lru_cache(maxsize=64)
def _kernel(model: Model, _folder: Path, compiled: bool = True) -> Kernel:
    """The kernel of a model, in this cache folder where it is not a shipped one."""
    path = _shipped(model) or known(model)
    if path is None:
        from derivations.generate import write_for

        with progress.once("deriving the recursion and its kernel (kept for later runs)"):
            path = write_for(model)
    return load(path, _description(path), INDEX_SETS, compiled, _place(path))


@functools.lru_cache(maxsize=64)
def idealised_kernel(model: Model, frozen: bool, flat: bool) -> Kernel:
    """The kernel of a model whose l' is frozen at its value at 0, or whose l'' is dropped (`calculus.idealised`).

    Raises ModelError, in one sentence, where the model has no such recursion.
    """
    from derivations.calculus.idealised import Dropped
    from derivations.generate import write_idealised

    with progress.once("deriving an idealised recursion and its kernel (kept for later runs)"):
        path = write_idealised(model, Dropped(frozen, flat))
    return load(path, _description(path), INDEX_SETS, place=_place(path))


def ready(model: Model, kernel: Kernel, values: Mapping[str, Value]) -> None:
    """Load the variant that runs at these values, so that threads which share the kernel need not wait for it."""
    known = [values.get(name) for name in model.algorithm.sizes]
    sizes = [size for size in known if isinstance(size, int)]
    if len(sizes) == len(known):
        directions = model.offsets(math.prod(sizes), math.prod(sizes[:-1]))[""]
        kernel.module(directions)
        kernel.stepping(directions, filters if isinstance(filters := values.get("m"), int) else 1)


def _shipped(model: Model) -> Path | None:
    """The shipped kernel derived from the same mathematics: everything but defaults, presets and wording."""
    wanted = mathematics(to_plain(model))
    for path in sorted(GENERATED.glob("*.json")):
        if path.name.startswith(model.name) and mathematics(_description(path.with_suffix(".py"))["model"]) == wanted:
            return path.with_suffix(".py")
    return None


def mathematics(plain: dict[str, Any]) -> dict[str, Any]:
    """The part of a declaration that a derivation reads."""
    return {key: plain[key] for key in ("name", "directions", "patches", "network", "objective", "algorithm")}


@functools.cache
def _description(path: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return description


@functools.cache
def _place(path: Path) -> Place:
    """Where Numba keeps what it compiles from a kernel: its index is a pickle, so only in a folder of ours alone.

    That is $NUMBA_CACHE_DIR where it is set, else beside the kernel, else gammarho's cache folder.
    """
    named = Path(numba_folder() or ".")
    if numba_folder():
        inside = [each for each in _folders(named) if each.name.startswith(f"{path.parent.name}_")]
        if not any(map(unfit, [named, *inside])):
            return str(named)
    beside, spare = path.parent / "__pycache__", cache_folder() / "numba"
    if unfit(beside) is None:
        if path.parent != GENERATED:
            shut(beside)
        return BESIDE
    why = unfit(cache_folder()) or unfit(spare)
    if why is None:
        shut(spare)
        return str(spare)
    note(
        f"compiled kernels cannot be kept, so each process compiles its own: {cache_folder()} {why}; "
        "set GAMMARHO_CACHE to a folder of your own"
    )
    return None


def _folders(parent: Path) -> list[Path]:
    try:
        return [each for each in parent.iterdir() if each.is_dir()]
    except OSError:
        return []
