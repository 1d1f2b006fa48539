"""Standard output that cannot be written, for want of room or because it is closed, as one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, TextIO

from simulate.errors import Carried, InputError, Unwritten
from simulate.work import progress
from simulate.work.whole import reason

_CURE = "send the output to a place with room and run the same command again"


class Unprinted(Carried, Unwritten):
    """What was to be printed and could not be, for the reason `why`."""

    def __init__(self, why: str, then: str = _CURE) -> None:
        super().__init__(f"{why}; {then}")
        self.why = why


class ClosedPipe(Exception):
    """Nobody reads what is printed any more."""


def needs_unicode() -> None:
    """Refuse what standard output has no letters for.

    Raises:
        InputError: where its encoding lacks them, before anything is derived.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "\u03b3\u0304\u27e8\u2016\u2032\u2113".encode(encoding)
    except UnicodeEncodeError:
        raise InputError(
            f"unicode: standard output is in {encoding}, which has no Greek letters; set "
            "PYTHONIOENCODING=utf-8, or give --out FILE"
        ) from None


class _Watched:
    """A stream whose failures tell themselves from those of other files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As the stream's own; a line of progress makes way."""
        progress.clear()
        with _telling():
            return self._stream.write(text)

    def flush(self) -> None:
        """As the stream's own."""
        with _telling():
            self._stream.flush()


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise Unprinted(f"standard output cannot be written ({reason(error)})") from error


@contextmanager
def watched() -> Iterator[None]:
    """In the block, what cannot be printed raises Unprinted, or ClosedPipe where its reader has gone.

    Raises:
        Unprinted: also where standard output is closed from the start, before anything is done.
    """
    if sys.stderr is None:  # closed: what print would send there must not come among the results
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if sys.stdout is None:
        raise Unprinted("standard output is closed, so nothing has been run", "leave it open, or send it to /dev/null")
    with redirect_stdout(_Watched(sys.stdout)):
        try:
            yield
            sys.stdout.flush()
        except (Unprinted, ClosedPipe):
            _discard()
            raise


@contextmanager
def safe(where: object) -> Iterator[None]:
    """In the block, a failure to print also says that the data are safe in that place (None: nothing to be said)."""
    try:
        yield
        sys.stdout.flush()
    except Unprinted as error:
        if where is None:
            raise
        raise Unprinted(error.why, f"the data are in {where}, whole; only what was to be printed is missing") from error
    except ClosedPipe:
        if where is not None:
            print(f"gammarho: nobody reads the output any more; the data are in {where}, whole", file=sys.stderr)
        raise


def _discard() -> None:
    """Send what the buffer still holds nowhere, or the exit's own flush would fail once more."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
