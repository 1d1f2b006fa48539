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
        place = Path(value).expanduser()
        place.exists()
        if not os.fspath(place).isprintable():
            raise ValueError("it has characters that cannot be printed")
        os.fsencode(place)
    except (OSError, ValueError, RuntimeError) as error:  # too long, holding a NUL, or ~ of an unknown user
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{option}: {quoted(value)}: {reason}; expected a path, such as {example}") from error
    return place


def dataset(option: str, value: object) -> Path | None:
    """Where a dataset goes: a new, an empty or an earlier .zarr folder, or a .nc file; None for None.

    Raises:
        InputError: for another ending, a folder that does not exist, and one that is neither empty nor a zarr store.
    """
    if value is None:
        return None
    place = path(option, value, "run.zarr")
    if place.suffix not in (".zarr", ".nc"):
        raise InputError(f"{option}: {quoted(value)}; expected a name that ends in .zarr or .nc, such as run.zarr")
    _parent(option, value, place)
    if place.suffix == ".nc" and place.is_dir():
        raise InputError(f"{option}: {quoted(value)}, which is a folder; expected the name of a file, such as run.nc")
    empty = place.is_dir() and not any(place.iterdir())
    if place.suffix == ".zarr" and place.exists() and not empty and not (place / "zarr.json").exists():
        raise InputError(f"{option}: {quoted(value)}, which exists and is not a zarr store; choose another name")
    return place


def store(option: str, value: object) -> Path | None:
    """Where a grid is kept: a new, an empty or an earlier .zarr folder; None for None.

    Raises:
        InputError: for another ending (a .nc file cannot be filled piece by piece) of what is not a folder already,
            and a folder that does not exist.
    """
    if value is None:
        return None
    place = path(option, value, "grid.zarr")
    if place.suffix != ".zarr" and (not place.is_dir() or place.name in ("", "..")):
        raise InputError(
            f"{option}: {quoted(value)}; a grid is kept in a .zarr folder, so give a name that ends in .zarr"
        )
    _parent(option, value, place)
    return place


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
    place = path(option, value, "phase.pdf")
    if place.suffix not in (".pdf", ".png", ".svg"):
        raise InputError(
            f"{option}: {quoted(value)}; expected a name that ends in .pdf, .png or .svg, such as phase.pdf"
        )
    return file(option, value, "phase.pdf")


def file(option: str, value: object, example: str) -> Path:
    """A file to write, there or not.

    Raises:
        InputError: for a folder, and for a file in a folder that does not exist.
    """
    place = path(option, value, example)
    _parent(option, value, place)
    if place.is_dir():
        raise InputError(f"{option}: {quoted(value)}, which is a folder; expected the name of a file")
    return place


def folder(option: str, value: object) -> Path:
    """A folder to write to, there or not.

    Raises:
        InputError: for a file, and for a folder below one.
    """
    place = path(option, value, "out")
    standing = next(each for each in (place, *place.parents) if each.exists())
    if not standing.is_dir():
        below = "" if standing == place else f", below {str(standing)!r}"
        raise InputError(f"{option}: {quoted(value)}{below}, which is a file; expected a folder to write figures to")
    return place


def _parent(option: str, value: object, place: Path) -> None:
    if not place.parent.is_dir():
        raise InputError(f"{option}: {quoted(value)}; there is no folder {str(place.parent)!r}, so make it first")
