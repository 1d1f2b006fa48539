"""The command `gammarho`: an interrupt that comes while the program still loads is one line too."""

from __future__ import annotations

import gc
import signal

from gammarho import interrupted

_LOOKED_THROUGH = (50_000, 20, 100)
"""When Python looks for circles to free: what compiling and drawing make stays, and looking through it took a tenth."""


def entry() -> None:
    """The console script: `gammarho.cli.entry`, with an interrupt heard from the first import on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted.leave)  # until `interrupts.watch` takes over
    gc.set_threshold(*_LOOKED_THROUGH)
    from gammarho import cli

    cli.entry()
