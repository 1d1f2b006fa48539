"""`python -m gammarho` is the command `gammarho`."""

from __future__ import annotations

from gammarho.command import entry

entry()
