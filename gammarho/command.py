"""The command `gammarho`: an interrupt that comes while the program still loads is one line too."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal's own, built in: signal loads enum, and hears nothing so long
import gc

from gammarho import interrupted

_LOOKED_THROUGH = (50_000, 20, 100)
"""When Python looks for circles to free: what compiling and drawing make stays, and looking through it took a tenth."""


def entry() -> None:
    """The console script: `gammarho.cli.entry`, with an interrupt heard from the first import on."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, interrupted.leave)  # until `interrupts.watch` takes over
    gc.set_threshold(*_LOOKED_THROUGH)
    from gammarho import cli

    cli.entry()
