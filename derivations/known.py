"""Kernels that were derived before, found without SymPy: by their declaration and the text of all that derives.

A kernel's file is named by the digest of its texts, so what is found is what was derived or it is not taken.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cache import cache_folder, kept, unfit
from .declare import Model, to_plain

HERE = Path(__file__).resolve().parent
VARIANTS = ("", "_blas", "_lanes")  # a kernel's files in the order of their digest, its description after them


def digest(texts: Sequence[str]) -> str:
    """What a kernel's files are named by."""
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:12]


def known(model: Model) -> Path | None:
    """The kernel that was derived of this declaration by this program; None where it has to be derived."""
    folder = cache_folder()
    if not _ours(model) or unfit(folder) is not None:
        return None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        path = folder / (_entry(model, folder).read_text(encoding="utf-8") + ".py")
        files = [path.with_name(f"{path.stem}{variant}.py") for variant in VARIANTS]
        texts = [each.read_text(encoding="utf-8") for each in (*files, path.with_suffix(".json")) if each.exists()]
        if path.parent == folder and path.stem == f"{model.name}_{digest(texts)}":
            return path
    return None


def remember(model: Model, path: Path) -> None:
    """Notes the kernel that was derived of a declaration, where it stands in the cache folder."""
    if path.parent == cache_folder() and _ours(model):
        with contextlib.suppress(OSError):  # it is derived again, then
            kept(_entry(model, path.parent), path.stem.encode())


def _entry(model: Model, folder: Path) -> Path:
    """Where it is noted which kernel a declaration has."""
    told = json.dumps(to_plain(model), sort_keys=True) + _program()
    return folder / f"{model.name}_{hashlib.sha256(told.encode()).hexdigest()[:16]}.known"


@functools.cache
def _program() -> str:
    """A digest of the text of all that derives, SymPy's version included."""
    told = hashlib.sha256()
    for file in sorted(HERE.rglob("*.py")):
        told.update(str(file.relative_to(HERE)).encode() + file.read_bytes())
    sympy = importlib.util.find_spec("sympy")
    if sympy is not None and sympy.origin is not None:
        told.update(Path(sympy.origin).with_name("release.py").read_bytes())
    return told.hexdigest()


def _ours(value: Any) -> bool:
    """Whether a declaration is of gammarho's own classes alone: the text of others is not in the digest."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        mine = type(value).__module__.startswith(f"{__package__}.")
        return mine and all(_ours(getattr(value, field.name)) for field in dataclasses.fields(value))
    return all(map(_ours, value)) if isinstance(value, tuple) else True


__all__ = ["digest", "known", "remember"]
