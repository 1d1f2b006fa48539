"""Ctrl-C ends the program soon, also where Numba compiles: LLVM hears no signal and swallows what callbacks raise.

The signal is heard by a thread through Python's wakeup descriptor, at once; the main thread raises as soon as it runs
Python again.  Where something is still compiled a second later the process ends there: compiling has nothing to save.
What is raised in a callback that a library calls is lost, and so raised again a moment later; so is what a library's C
code prints and forgets, as that does which asks for NumPy.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import NoReturn

from simulate.work import progress

from . import interrupted
from .interrupted import SAID, STATUS

GRACE = 1.0  # seconds for the main thread to end by itself
AGAIN = 0.1  # until an interrupt that was lost is raised again
_came = threading.Event()
_CALLBACKS = "_raw_object_cache"  # llvmlite's, called by LLVM through ctypes: an exception there is printed and lost


def told() -> int:
    """The sentence, and the exit status; where this is the program's end, a further interrupt changes nothing."""
    if signal.getsignal(signal.SIGINT) is _raise and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    progress.clear()
    print(SAID, file=sys.stderr, flush=True)
    return STATUS


def watch() -> None:
    """From now on SIGINT is heard; where interrupts are ignored, as in a shell's background, they stay so."""
    if signal.getsignal(signal.SIGINT) not in (signal.default_int_handler, interrupted.leave):
        return
    heard, sent = os.pipe()
    os.set_blocking(sent, False)
    signal.set_wakeup_fd(sent, warn_on_full_buffer=False)
    sys.unraisablehook, sys.excepthook = _lost, _printed
    threading.Thread(target=_end, args=(heard,), name="interrupts", daemon=True).start()
    signal.signal(signal.SIGINT, _raise)


def leave(status: int) -> NoReturn:
    """End with this status; after an interrupt at once, as nothing is waited for any more.

    Python itself dies by the signal where it came while text was executed, though it was caught.
    """
    if status != STATUS:
        if signal.getsignal(signal.SIGINT) is _raise:
            signal.signal(signal.SIGINT, interrupted.leave)  # raised while Python ends, it would be printed
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def came() -> bool:
    """Whether there was an interrupt: whatever is raised after it is its doing."""
    return _came.is_set()


def _raise(number: int, frame: FrameType | None) -> None:
    _came.set()
    if frame is None or not frame.f_code.co_name.startswith(_CALLBACKS):
        raise KeyboardInterrupt


def _lost(raised: sys.UnraisableHookArgs) -> None:
    """Raise an interrupt that nobody can catch again, where the main thread is by then."""
    if raised.exc_type is KeyboardInterrupt:
        _raise_again()
    else:
        sys.__unraisablehook__(raised)


def _printed(kind: type[BaseException], raised: BaseException, trace: TracebackType | None) -> None:
    """What would be printed of an exception: of an interrupt nothing, as the sentence follows."""
    if kind is KeyboardInterrupt:
        _raise_again()
    else:
        sys.__excepthook__(kind, raised, trace)


def _raise_again() -> None:
    """Soon, by a signal: what Python alone simulates is heard only once a call that waits, such as a sleep, is over."""
    again = threading.Timer(AGAIN, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    again.daemon = True
    again.start()


def _end(heard: int) -> None:
    while signal.SIGINT not in os.read(heard, 64):
        pass
    time.sleep(GRACE)
    while not progress.compiles():
        time.sleep(GRACE / 10)
    os._exit(told())
