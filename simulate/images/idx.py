"""IDX files, the format of MNIST and its kin: a header of big-endian sizes, then one unsigned byte an entry."""

from __future__ import annotations

import gzip
import math
import zlib

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

_UNSIGNED_BYTE = 0x08


def unpacked(content: bytes, name: str) -> bytes:
    """The content, decompressed where it is gzip.

    Raises:
        InputError: damaged gzip data.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        raise InputError(
            f"{name}: its gzip data ends early or is damaged; expected a whole file, so get it again"
        ) from None


def parse(content: bytes, name: str, ndim: int) -> NDArray[np.uint8]:
    """The array of an uncompressed IDX file, a read-only view of `content`.

    Args:
        content: the file.
        name: what an error calls it.
        ndim: 3 for images (N, rows, columns), 1 for labels (N,).

    Raises:
        InputError: where the header is not that of unsigned bytes in `ndim` dimensions (big-endian), or the sizes it
            gives are 0 or not the file's.
    """
    _check_magic(content[:4], name, ndim)
    header = 4 + 4 * ndim
    if len(content) < header:
        raise InputError(f"{name}: {len(content)} bytes; expected a header of {header}, so get the whole file")
    shape, rest = _sizes(content, ndim, "big"), len(content) - header
    if math.prod(shape) != rest:
        raise InputError(f"{name}: {_mismatch(content, ndim, rest)}")
    if rest == 0:
        raise InputError(f"{name}: sizes {_times(shape)}; expected at least one entry, so get the whole file")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _check_magic(magic: bytes, name: str, ndim: int) -> None:
    wanted = bytes([0, 0, _UNSIGNED_BYTE, ndim])
    if magic == wanted:
        return
    if magic == wanted[::-1]:
        fault = "in little-endian byte order"
    elif magic[:2] != b"\0\0" or len(magic) < 4:
        fault = "not an IDX file"
    elif magic[2] != _UNSIGNED_BYTE:
        fault = f"of entry type 0x{magic[2]:02x}"
    else:
        fault = f"of {magic[3]} dimension{'s' * (magic[3] != 1)}"
    kind = "images (3 dimensions)" if ndim == 3 else "labels (1 dimension)" if ndim == 1 else f"{ndim} dimensions"
    raise InputError(
        f"{name}: {fault} (it starts with {magic.hex(' ') or 'nothing'}); expected a big-endian IDX file of unsigned "
        f"bytes, {kind}, which starts with {wanted.hex(' ')}"
    )


def _mismatch(content: bytes, ndim: int, rest: int) -> str:
    shape, swapped = _sizes(content, ndim, "big"), _sizes(content, ndim, "little")
    if math.prod(swapped) == rest:
        return f"its sizes {_times(swapped)} are in little-endian byte order; expected big-endian, so convert them"
    kind = "truncated" if rest < math.prod(shape) else "too long"
    return (
        f"{kind}, with {rest} bytes of data where its header says {_times(shape)} = {math.prod(shape)}; "
        "expected a whole file, so get it again"
    )


def _sizes(content: bytes, ndim: int, order: str) -> tuple[int, ...]:
    kind = ">u4" if order == "big" else "<u4"
    return tuple(int(size) for size in np.frombuffer(content, kind, count=ndim, offset=4))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
