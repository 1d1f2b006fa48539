"""The JAX baseline as a child process, so that it may live in another Python than the one that measures."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .timing import ONE_THREAD, Sample

ROOT = Path(__file__).parent.parent


class Jax:
    """`benchmarks.jax_gram` run by `python`.  Raises RuntimeError, with the reason, where that Python has no jax."""

    def __init__(self, python: str) -> None:
        self._child = subprocess.Popen(
            [python, "-m", "benchmarks.jax_gram"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **ONE_THREAD},
        )
        self.version: str = self._answer()["jax"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._child.communicate()

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request, one answer; see `benchmarks.jax_gram`."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(request) + "\n")
        self._child.stdin.flush()
        return self._answer()

    def contender(self, what: str, chunk: int, units: int = 1) -> Callable[[], Sample]:
        """A contender for `timing.interleave`: seconds a unit, `units` to a run, on the child's own clocks."""

        def call() -> Sample:
            answer = self.ask(do=what, chunk=chunk)
            return Sample(wall=answer["wall"] / units, cpu=answer["cpu"] / units)

        return call

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            reason = (self._child.communicate()[1] or "no output").strip().splitlines()[-1]
            raise RuntimeError(f"jax: the Python given cannot run it ({reason}); pass --jax a Python that has jax")
        answer: dict[str, Any] = json.loads(line)
        return answer
