"""Files and folders as a caller names them, checked before any work."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError, quoted


def path(option: str, value: object, example: str) -> Path:
    """A path, with ~ expanded.

    Raises:
        InputError: for what is no text or path, is empty, or cannot be a name on this machine.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str) or not os.fspath(value):
        raise InputError(f"{option}: {quoted(value)}; expected a path, such as {example}")
    try:
        found = Path(value).expanduser()
        found.exists()
        if not os.fspath(found).isprintable():
            raise ValueError("it has characters that cannot be printed")
        os.fsencode(found)
    except (OSError, ValueError, RuntimeError) as error:  # too long, holding a NUL, or ~ of an unknown user
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{option}: {quoted(value)}: {reason}; expected a path, such as {example}") from error
    return found


def dataset(option: str, value: object) -> Path | None:
    """Where a dataset goes: a new, an empty or an earlier .zarr folder, or a .nc file; None for None.

    Raises:
        InputError: for another ending, a folder that does not exist, and one that is neither empty nor a zarr store.
    """
    if value is None:
        return None
    found = path(option, value, "run.zarr")
    if found.suffix not in (".zarr", ".nc"):
        raise InputError(f"{option}: {quoted(value)}; expected a name that ends in .zarr or .nc, such as run.zarr")
    _parent(option, value, found)
    if found.suffix == ".nc" and found.is_dir():
        raise InputError(f"{option}: {quoted(value)}, which is a folder; expected the name of a file, such as run.nc")
    empty = found.is_dir() and not any(found.iterdir())
    if found.suffix == ".zarr" and found.exists() and not empty and not (found / "zarr.json").exists():
        raise InputError(f"{option}: {quoted(value)}, which exists and is not a zarr store; choose another name")
    return found


def store(option: str, value: object) -> Path | None:
    """Where a grid is kept: a new, an empty or an earlier .zarr folder; None for None.

    Raises:
        InputError: for another ending (a .nc file cannot be filled piece by piece) of what is not a folder already,
            and a folder that does not exist.
    """
    if value is None:
        return None
    found = path(option, value, "grid.zarr")
    if found.suffix != ".zarr" and (not found.is_dir() or found.name in ("", "..")):
        raise InputError(
            f"{option}: {quoted(value)}; a grid is kept in a .zarr folder, so give a name that ends in .zarr"
        )
    _parent(option, value, found)
    return found


def text_file(option: str, value: object) -> Path | None:
    """Where text goes; None for None.

    Raises:
        InputError: as `file`.
    """
    return None if value is None else file(option, value, "recursion.txt")


def picture(option: str, value: object) -> Path:
    """Where a picture goes, a .pdf, .png or .svg file.

    Raises:
        InputError: for another ending, and as `file`.
    """
    found = path(option, value, "phase.pdf")
    if found.suffix not in (".pdf", ".png", ".svg"):
        raise InputError(
            f"{option}: {quoted(value)}; expected a name that ends in .pdf, .png or .svg, such as phase.pdf"
        )
    return file(option, value, "phase.pdf")


def file(option: str, value: object, example: str) -> Path:
    """A file to write, there or not.

    Raises:
        InputError: for a folder, and for a file in a folder that does not exist.
    """
    found = path(option, value, example)
    _parent(option, value, found)
    if found.is_dir():
        raise InputError(f"{option}: {quoted(value)}, which is a folder; expected the name of a file")
    return found


def folder(option: str, value: object) -> Path:
    """A folder to write to, there or not.

    Raises:
        InputError: for a file, and for a folder below one.
    """
    found = path(option, value, "out")
    standing = next(each for each in (found, *found.parents) if each.exists())
    if not standing.is_dir():
        below = "" if standing == found else f", below {str(standing)!r}"
        raise InputError(f"{option}: {quoted(value)}{below}, which is a file; expected a folder to write figures to")
    return found


def _parent(option: str, value: object, found: Path) -> None:
    if not found.parent.is_dir():
        raise InputError(f"{option}: {quoted(value)}; there is no folder {str(found.parent)!r}, so make it first")
