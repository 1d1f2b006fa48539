"""A program in a child process that answers a JSON line with a JSON line: it may live in another Python.

One that does not answer is stopped after a time: a contender that hangs must not take the others' figures with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .timing import ONE_THREAD, Silent

ROOT = Path(__file__).parent.parent
PATIENCE = 300.0  # seconds: what takes longest, torch's compiling a program of many steps, takes a few tens


class Child:
    """A started child; `hello` is its first answer.

    Raises RuntimeError, with the reason, where it dies, and Silent where it has not answered in `patience` seconds, or
    is asked again after that.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, patience: float = PATIENCE
    ) -> None:
        self._patience, self._silent = patience, threading.Event()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, **ONE_THREAD, **(environment or {})},
        )
        self.hello = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request, one answer."""
        assert self._process.stdin is not None
        self._refuse_silent()
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        late = threading.Timer(self._patience, self._stop)
        late.start()
        line = self._process.stdout.readline()
        late.cancel()
        self._refuse_silent()
        if not line:
            raise RuntimeError((self._process.communicate()[1] or "no output").strip().splitlines()[-1])
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _stop(self) -> None:
        self._silent.set()
        self._process.kill()

    def _refuse_silent(self) -> None:
        if self._silent.is_set():
            raise Silent(f"gave no answer in {self._patience:g} s and was stopped")
