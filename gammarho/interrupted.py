"""How an interrupt ends the program, whatever of it is loaded by then: the exit status and the sentence."""

from __future__ import annotations

STATUS = 130  # of a shell: 128 and the signal's number
SAID = "gammarho: interrupted"
