"""How an interrupt ends the program, whatever of it is loaded by then: the exit status and the sentence."""

from __future__ import annotations

import os

STATUS = 130  # of a shell: 128 and the signal's number
SAID = "gammarho: interrupted"


def leave(number: int, frame: object) -> None:
    """A handler of SIGINT that ends the process there and then: nothing is to be saved, or nothing any more."""
    os.write(2, f"{SAID}\n".encode())
    os._exit(STATUS)
